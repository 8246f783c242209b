//! Bringing a table to hold given rows, writing only what differs.

mod compare;
mod encode;
mod fate;
mod keys;
mod probe;
mod prune;
mod rows;
mod steps;

use std::fmt;
use std::sync::Arc;

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use futures::{StreamExt, TryStreamExt};
use serde_json::{Map, Value};

pub(crate) use self::encode::RowEncoder;
pub use self::fate::WriteMode;
use self::fate::{Fate, Masks};
use self::probe::{Probe, Verdicts};
pub(crate) use self::prune::{NumberKind, Pruner, lies_before};
pub(crate) use self::rows::{Columns, NewRows, Verdict};
use self::steps::Steps;
use crate::commit::{CommitOutcome, CommitRequest};
use crate::conform::{check_columns, conform};
use crate::error::{LakeError, Result};
use crate::merge::{self, Guards};
use crate::scan::{LiveFile, live_files, load_vectors};
use crate::table::{Table, project};
use crate::write::{TableWriter, WrittenFiles};

/// What a table shall hold after an [`upsert`].
#[derive(Debug, Clone, Default)]
pub struct UpsertRequest {
    /// Columns that identify a row. Nulls are values like others.
    pub key: Vec<String>,
    /// Some of the key columns: rows are compared group by group. Equal to `key` for a plain upsert.
    pub group: Vec<String>,
    /// Columns that are written, but do not make a row different (when and by which run it was written, say).
    pub ignore: Vec<String>,
    /// The rows, unique by key, with all columns of the table.
    pub rows: Vec<RecordBatch>,
    /// Whether rows of a touched group that are not among `rows` are deleted.
    pub delete_missing_in_group: bool,
    /// Groups that are touched although `rows` has none of them; a batch with (at least) the group columns.
    pub extra_groups: Option<RecordBatch>,
    /// Which of two rows of a key stays, when they differ; the new one when absent.
    pub preference: Option<Preference>,
    /// How rows of existing files are deleted.
    pub write_mode: WriteMode,
    /// Leaves the changes staged in the handle instead of committing them; the fields below are then not used.
    pub stage: bool,
    /// The new position; `None` leaves it as it is.
    pub position: Option<String>,
    /// The run, kept in the log.
    pub run_id: String,
    /// Name of the operation in the table's history, such as `MERGE`.
    pub operation: String,
}

/// Compares rows of the table with the new rows of the same keys: both batches have the same length, and each has at least
/// the key, the columns that make a row different, and [`Preference::columns`]. True where the row of the table stays.
pub type HeldStays = Arc<dyn Fn(&RecordBatch, &RecordBatch) -> Result<BooleanArray, ArrowError> + Send + Sync>;

/// Decides between a row of the table and a new row of the same key that differs from it.
#[derive(Clone)]
pub struct Preference {
    /// Columns that the decision needs although they do not make a row different.
    pub columns: Vec<String>,
    /// The decision: first the rows of the table, then the new ones.
    pub held_stays: HeldStays,
}

impl fmt::Debug for Preference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Preference").field("columns", &self.columns).finish_non_exhaustive()
    }
}

/// Who wrote the changes of an [`upsert`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum UpsertPath {
    /// The core of this crate, which serves tables without rules of their own.
    #[default]
    Core,
    /// delta-rs' `MERGE`, because the table has these rules.
    Merge(Guards),
}

/// What an [`upsert`] did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UpsertReport {
    /// Rows whose key the table did not have.
    pub inserted: u64,
    /// Rows that replaced one with another content.
    pub updated: u64,
    /// Rows of the table that went without a successor.
    pub deleted: u64,
    /// Rows that the table had already.
    pub unchanged: u64,
    /// New rows that lost against the row of their key that the table has.
    pub outranked: u64,
    /// Files that were rewritten or emptied.
    pub files_removed: usize,
    /// Files that stay, with rows deleted by a deletion vector.
    pub files_masked: usize,
    /// Files that were written.
    pub files_added: usize,
    /// Live files that statistics excluded from the search.
    pub files_pruned: usize,
    /// Rows that were copied unchanged, because they shared a file with others that went.
    pub rows_copied: u64,
    /// The version that the commit made; `None` when there was nothing to commit, or the changes are staged.
    pub version: Option<u64>,
    /// Who wrote the changes, and why.
    pub path: UpsertPath,
}

/// Makes the table hold the rows of the request: inserts what is new, replaces what differs, leaves what is equal untouched,
/// and deletes what is missing where the request says so. All in one commit, or none when nothing differs.
///
/// A group is touched when a new row or an extra group belongs to it; rows of other groups stay as they are. Files that lose a
/// row are rewritten or get a deletion vector, as [`UpsertRequest::write_mode`] says; all others stay. Memory is bounded by the
/// new rows and a few batches of the table.
///
/// A table with rules of its own ([`Guards`]: constraints, computed columns, a change data feed, mapped columns, partitions) is
/// written by delta-rs' `MERGE`, with the same result; [`UpsertReport::path`] tells. Its files are rewritten whatever the
/// `write_mode`, rows may leave out columns that the table computes, and the changed rows go through it in parts that fit into the
/// memory of the lake ([`crate::MemoryBounds`]), each of which rewrites the files that it changes.
///
/// # Errors
/// [`LakeError::BrokenRule`] for rows that the table does not allow; [`LakeError::DuplicateKey`], [`LakeError::InvalidRequest`], [`LakeError::MissingColumn`],
/// [`LakeError::UnexpectedColumn`], [`LakeError::ValueDoesNotFit`] for a request that does not fit the table;
/// [`LakeError::Conflict`] (retryable) as for [`Table::commit`]; errors of the storage. Nothing is visible after an error.
pub async fn upsert(table: &mut Table, request: UpsertRequest) -> Result<UpsertReport> {
    let guards = table.guards()?;
    if !guards.is_empty() {
        return Box::pin(merge::upsert(table, request, guards)).await;
    }
    let location = table.location.to_string();
    let schema = table.data_schema()?;
    let rows = conform_rows(&request.rows, &schema, &location)?;
    let plan = Plan::new(&request, &schema, &location)?;
    let extra = match &request.extra_groups {
        Some(groups) => vec![conform(groups, &plan.group_schema, &location)?],
        None => Vec::new(),
    };
    let mut groups = extra.clone();
    groups.extend(rows.iter().cloned());
    let pruner = Pruner::new(&schema, &request.group, &groups).map_err(|error| LakeError::arrow(&location, error))?;
    let columns = Columns { key: &request.key, group: &request.group, compared: &plan.compared };
    let new_rows = NewRows::new(&location, &schema, &columns, rows, &extra, request.preference.as_ref())?;

    let mut candidates = live_files(table, None)?;
    let live = candidates.len();
    candidates.retain(|file| !new_rows.is_empty() && pruner.may_match(file.stats.as_deref()));
    let files_pruned = live - candidates.len();
    load_vectors(table, &mut candidates).await?;
    let probe = Arc::new(Probe {
        table: location.clone(),
        store: table.delta.log_store().object_store(None),
        new_rows,
        group_schema: plan.group_schema,
        judged_schema: plan.judged_schema,
        delete_missing: request.delete_missing_in_group,
        key: request.key.clone(),
        steps: Steps::default(),
    });
    let changed = examine(&probe, candidates, table.options().files_at_once()).await?;
    let deleted = changed.iter().map(|(_, verdicts)| verdicts.deleted).sum();
    let (masked, changed): (Vec<_>, Vec<_>) = changed
        .into_iter()
        .partition(|(file, verdicts)| request.write_mode.fate(file.file.size, verdicts) == Fate::Masked);

    let (inserted, updated, unchanged, outranked) = probe.new_rows.counts();
    let mut report = UpsertReport {
        inserted,
        updated,
        unchanged,
        outranked,
        deleted,
        files_removed: changed.len(),
        files_masked: masked.len(),
        files_pruned,
        ..UpsertReport::default()
    };
    let mut written = WrittenFiles::default();
    if inserted + updated > 0 || !changed.is_empty() {
        let mut writer = table.writer()?;
        match write(&mut writer, &probe, &changed, &schema).await {
            Ok(copied) => report.rows_copied = copied,
            Err(error) => {
                writer.abort().await;
                return Err(error);
            }
        }
        written = writer.finish().await?;
        report.files_added = written.files();
        balance(&location, &report, &written, &changed)?;
    }
    match Masks::store(&probe, &masked).await {
        Ok(masks) => table.stage_masked(masks.files, masks.vectors),
        Err(error) => {
            written.discard().await;
            return Err(error);
        }
    }
    let removed: Vec<String> = changed.into_iter().map(|(file, _)| file.path).collect();
    table.stage(written, &removed).await;
    conclude(table, request, report).await
}

/// Commits what an upsert staged, unless the request leaves that to a later commit.
pub(crate) async fn conclude(
    table: &mut Table,
    request: UpsertRequest,
    mut report: UpsertReport,
) -> Result<UpsertReport> {
    if request.stage {
        return Ok(report);
    }
    let outcome = table
        .commit(CommitRequest {
            position: request.position,
            run_id: request.run_id,
            operation: request.operation,
            metrics: report.metrics(),
            ..CommitRequest::default()
        })
        .await?;
    if let CommitOutcome::Committed { version } = outcome {
        report.version = Some(version);
    }
    Ok(report)
}

impl UpsertReport {
    pub(crate) fn metrics(&self) -> Map<String, Value> {
        [
            ("numTargetRowsInserted", self.inserted),
            ("numTargetRowsUpdated", self.updated),
            ("numTargetRowsDeleted", self.deleted),
            ("numTargetRowsCopied", self.rows_copied),
            ("numTargetFilesAdded", self.files_added as u64),
            ("numTargetFilesRemoved", self.files_removed as u64),
            ("numTargetDeletionVectorsAdded", self.files_masked as u64),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), Value::from(value)))
        .collect()
    }
}

/// The columns of an upsert, checked.
pub(crate) struct Plan {
    pub(crate) compared: Vec<String>,
    pub(crate) group_schema: SchemaRef,
    /// Key, compared columns, and what a preference needs.
    pub(crate) judged_schema: SchemaRef,
}

impl Plan {
    pub(crate) fn new(request: &UpsertRequest, schema: &SchemaRef, location: &str) -> Result<Self> {
        let invalid = |reason: String| LakeError::InvalidRequest { location: location.to_owned(), reason };
        if request.key.is_empty() || request.group.is_empty() {
            return Err(invalid("an upsert needs key and group columns".to_owned()));
        }
        if let Some(column) = request.group.iter().find(|name| !request.key.contains(name)) {
            return Err(invalid(format!("the group column `{column}` is not part of the key")));
        }
        if let Some(column) = request.ignore.iter().find(|name| request.key.contains(name)) {
            return Err(invalid(format!("the key column `{column}` cannot be ignored")));
        }
        let compared: Vec<String> = schema
            .fields()
            .iter()
            .map(|field| field.name())
            .filter(|name| !request.key.contains(name) && !request.ignore.contains(name))
            .cloned()
            .collect();
        let mut judged: Vec<String> = request.key.iter().chain(&compared).cloned().collect();
        for column in request.preference.iter().flat_map(|preference| &preference.columns) {
            if !judged.contains(column) {
                judged.push(column.clone());
            }
        }
        Ok(Self {
            group_schema: project(schema, &request.group, location)?,
            judged_schema: project(schema, &judged, location)?,
            compared,
        })
    }
}

fn conform_rows(rows: &[RecordBatch], schema: &SchemaRef, location: &str) -> Result<Vec<RecordBatch>> {
    let mut conformed = Vec::with_capacity(rows.len());
    for batch in rows {
        if batch.schema_ref() != schema {
            check_columns(batch.schema_ref(), schema, location)?;
        }
        if batch.num_rows() > 0 {
            conformed.push(conform(batch, schema, location)?);
        }
    }
    Ok(conformed)
}

/// Holds the rows in the files that were written, as the files themselves tell, against what the examination found: a row that
/// got lost or doubled on its way must not become visible.
fn balance(
    location: &str,
    report: &UpsertReport,
    written: &WrittenFiles,
    changed: &[(LiveFile, Verdicts)],
) -> Result<()> {
    let expected_copies: u64 = changed.iter().map(|(_, verdicts)| verdicts.kept()).sum();
    let expected = report.inserted + report.updated + expected_copies;
    let found = written.recorded_rows();
    if report.rows_copied == expected_copies && found == Some(expected) {
        return Ok(());
    }
    let reason = format!(
        "{} new and {} changed rows and {expected_copies} rows of rewritten files make {expected}, but {} were written",
        report.inserted,
        report.updated,
        found.map_or("an unknown number".to_owned(), |found| found.to_string()),
    );
    Err(LakeError::Unbalanced { location: location.to_owned(), reason })
}

/// Examines all candidates, and returns those that lose rows.
async fn examine(probe: &Arc<Probe>, candidates: Vec<LiveFile>, threads: usize) -> Result<Vec<(LiveFile, Verdicts)>> {
    let mut changed: Vec<(LiveFile, Verdicts)> = futures::stream::iter(candidates)
        .map(|candidate| {
            let probe = Arc::clone(probe);
            // A task of its own, so that files are decoded on all threads.
            tokio::spawn(async move {
                let verdicts = probe.examine(&candidate).await?;
                Ok::<_, LakeError>((candidate, verdicts))
            })
        })
        .buffer_unordered(threads.max(1))
        .map(|result| match result {
            Ok(result) => result,
            Err(error) => Err(LakeError::Task { location: probe.table.clone(), reason: error.to_string() }),
        })
        .try_filter(|(_, verdicts)| std::future::ready(!verdicts.dropped.is_empty()))
        .try_collect()
        .await?;
    changed.sort_unstable_by(|(a, _), (b, _)| a.path.cmp(&b.path));
    Ok(changed)
}

/// Writes the rows that stay of changed files, then the new rows. Returns the number of the former.
async fn write(
    writer: &mut TableWriter,
    probe: &Probe,
    changed: &[(LiveFile, Verdicts)],
    schema: &SchemaRef,
) -> Result<u64> {
    let fail = |error| LakeError::arrow(&probe.table, error);
    let mut copied = 0;
    for (candidate, verdicts) in changed {
        if verdicts.dropped.len() == verdicts.rows {
            continue;
        }
        let mut dropped = verdicts.dropped.iter().copied().peekable();
        let mut start = 0;
        let mut batches = candidate.file.read(&probe.store, schema, None).await?;
        while let Some(batch) = batches.try_next().await? {
            let mask: BooleanArray = (start..start + batch.num_rows())
                .map(|row| Some(dropped.next_if_eq(&row).is_none() && candidate.is_alive(row)))
                .collect();
            start += batch.num_rows();
            let kept = filter_record_batch(&batch, &mask).map_err(fail)?;
            copied += kept.num_rows() as u64;
            writer.write(&kept).await?;
        }
    }
    for batch in probe.new_rows.to_write() {
        writer.write(&batch.map_err(fail)?).await?;
    }
    Ok(copied)
}

#[cfg(test)]
mod tests {
    use deltalake::kernel::Add;

    use super::*;
    use crate::write::WrittenFiles;

    /// What a writer reports that wrote so many rows.
    fn written(rows: u64) -> WrittenFiles {
        let stats = Some(format!(r#"{{"numRecords":{rows}}}"#));
        of(Add { stats, ..Add::default() })
    }

    fn of(add: Add) -> WrittenFiles {
        let mut files = WrittenFiles::default();
        files.adds.push(add);
        files
    }

    #[test]
    fn written_rows_must_be_those_that_were_examined() {
        let report = UpsertReport { inserted: 3, updated: 2, ..UpsertReport::default() };
        assert!(balance("t", &report, &written(5), &[]).is_ok());
        for rows in [4, 6] {
            let error = balance("t", &report, &written(rows), &[]).err().map(|error| error.to_string());
            let said = format!("make 5, but {rows} were written");
            assert!(error.as_ref().is_some_and(|error| error.contains(&said)), "{error:?}");
        }
        let copied = UpsertReport { rows_copied: 1, ..report };
        assert!(balance("t", &copied, &written(5), &[]).is_err(), "a copy that no file accounts for");
        assert!(balance("t", &report, &of(Add::default()), &[]).is_err(), "a file that does not tell its rows");
    }
}
