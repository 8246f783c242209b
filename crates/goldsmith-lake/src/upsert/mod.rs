//! Bringing a table to hold given rows, writing only what differs.

mod compare;
mod decisions;
mod encode;
mod fate;
mod follow;
mod keys;
mod order;
mod output;
mod plan;
mod probe;
mod prune;
mod rebase;
mod report;
mod request;
mod rows;
mod steps;

pub(crate) use self::decisions::Decisions;
pub(crate) use self::encode::RowEncoder;
pub(crate) use self::fate::Fate;
pub use self::fate::{FileFates, WriteMode};
pub(crate) use self::follow::{Gone, Search};
pub(crate) use self::plan::Plan;
pub(crate) use self::prune::{NumberKind, Pruner, lies_before};
pub(crate) use self::rebase::ShownFiles;
pub use self::report::{UpsertPath, UpsertReport};
pub use self::request::{HeldStays, Preference, UpsertRequest};
pub(crate) use self::rows::{Columns, NewRows, Verdict};
use crate::commit::{CommitOutcome, CommitRequest, Tolerance};
use crate::error::Result;
use crate::merge;
use crate::table::Table;

/// Makes the table hold the rows of the request: inserts what is new, replaces what differs, leaves what is equal untouched,
/// and deletes what is missing where the request says so. All in one commit, or none when nothing differs.
///
/// With a [`UpsertRequest::sequence`] the order of arrival makes no difference: of several new rows of a key the latest counts, and a row
/// of the table that is later than it stays. So deliveries may come late, repeated and in any order, and the table ends the same, but
/// for [`UpsertRequest::ignore`]d columns, which tell of the row that came first among equal ones.
///
/// A group is touched when a new row or an extra group belongs to it; rows of other groups stay as they are. Files that lose a
/// row are rewritten or get a deletion vector, as [`UpsertRequest::write_mode`] says; all others stay. Memory is bounded by the
/// new rows and a few batches of the table.
///
/// A table with rules of its own ([`crate::Guards`]: constraints, computed columns, a change data feed, mapped columns, partitions) is
/// written by delta-rs' `MERGE`, with the same result; [`UpsertReport::path`] tells. Its files are rewritten whatever the
/// `write_mode`, rows may leave out columns that the table computes, and the changed rows go through it in parts that fit into the
/// memory of the lake ([`crate::MemoryBounds`]), each of which rewrites the files that it changes.
///
/// When another writer commits first, an upsert that commits at once looks at the files that went and came since, and nothing else
/// ([`UpsertReport::files_reprobed`]): the result is that of an upsert which began after the other one. Those that stage
/// ([`UpsertRequest::stage`]) do so at the commit, where others only rearranged rows, as [`Table::commit`] says. The new rows of a single
/// one stay in memory until then, unless they take more than half of [`crate::MemoryBounds::files`]. Without them, and when several are
/// staged, the keys of just the rows are read that these upserts took out of files which are gone.
///
/// # Errors
/// [`crate::LakeError::BrokenRule`] for rows that the table does not allow; [`crate::LakeError::DuplicateKey`] for new rows with
/// one key, unless there is a sequence; [`crate::LakeError::InvalidRequest`] (with a sequence also for a table that has several rows of
/// a touched key), [`crate::LakeError::MissingColumn`], [`crate::LakeError::UnexpectedColumn`],
/// [`crate::LakeError::ValueDoesNotFit`] for a request that does not fit the table; [`crate::LakeError::Conflict`] (retryable) when
/// another run moved the position, or somebody changed columns, protocol or, in a table with rules, rows; errors of the storage.
/// Nothing is visible after an error.
pub async fn upsert(table: &mut Table, mut request: UpsertRequest) -> Result<UpsertReport> {
    // Before anything else is held in memory.
    table.staged.forget();
    let guards = table.guards()?;
    if !guards.is_empty() {
        return Box::pin(merge::upsert(table, request, guards)).await;
    }
    let is_alone = !table.has_staged();
    let mut decisions = Box::new(Decisions::new(table, &mut request)?);
    decisions.decide(table).await?;
    let report = decisions.report();
    tracing::debug!(table = %table.location, files = %report.file_fates, "upsert decided");
    decisions.stage(table).await;
    let bound = table.options().memory.filter(|_| request.stage).map(|memory| memory.remembered());
    if is_alone && bound.is_none_or(|bound| decisions.bytes() <= bound) {
        table.staged.remember(decisions);
    }
    conclude(table, request, report).await
}

/// Commits what an upsert staged, unless the request leaves that to a later commit.
pub(crate) async fn conclude(table: &mut Table, request: UpsertRequest, report: UpsertReport) -> Result<UpsertReport> {
    if request.stage {
        return Ok(report);
    }
    let commit = CommitRequest {
        position: request.position,
        run_id: request.run_id,
        operation: request.operation,
        metrics: report.metrics(),
        ..CommitRequest::default()
    };
    let (outcome, rebased) = table.commit_over(commit, Tolerance::OfChanges).await?;
    let report = rebased.unwrap_or(report);
    Ok(match outcome {
        CommitOutcome::Committed { version } => UpsertReport { version: Some(version), ..report },
        CommitOutcome::Nothing => report,
    })
}
