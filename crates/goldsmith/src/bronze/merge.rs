//! Sources that are snapshots or updated in place: merged by natural key and sequence.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow::array::{BooleanArray, RecordBatch, UInt64Array};
use arrow::compute::kernels::boolean::and_not;
use arrow::compute::{filter_record_batch, take_record_batch};
use arrow::error::ArrowError;
use futures::TryStreamExt;
use goldsmith_lake::source::SourceFile;
use goldsmith_lake::{Preference, UpsertReport, UpsertRequest, upsert};
use goldsmith_query::columns;
use goldsmith_query::flatten::Carried;
use goldsmith_query::normalize::normalize_batch;
use goldsmith_query::order::{KeySet, Part, group_rows, latest_per_key, outranks};

use super::job::BronzeJob;
use super::presence::{self, Presence};
use super::quarantine;
use crate::error::Result;
use crate::gold::{Pending, pieces};

/// Rows that are merged at once at most; more gain nothing.
const ROWS_AT_ONCE: usize = 400_000;

/// Columns that tell of the load and not of the row.
pub(super) const METADATA: [&str; 3] = [columns::SOURCE_VERSION, columns::INGESTED_AT, columns::RUN_ID];

/// What must be merged.
pub(crate) struct Merges {
    /// Files that were appended: each of their rows was delivered.
    pub(crate) delivered: Vec<SourceFile>,
    /// Files that hold everything else that is new or changed since the position, beside rows that were only written anew.
    pub(crate) changed: Vec<SourceFile>,
    /// What tells which rows the source shows no longer, and which it shows again.
    pub(crate) presence: Presence,
}

/// Merges the changed rows and marks those that vanished, in one commit with the position.
pub(crate) async fn merge(job: &mut BronzeJob<'_>, merges: Merges) -> Result<()> {
    let mut quarantined = Vec::new();
    let mut pending = Pending::default();
    let returned = Arc::new(Mutex::new(presence::no_keys(job, Part::ALL)?));
    for (files, ignored) in passes(job, &merges) {
        let mut stream = Box::pin(job.new_rows(&files).await?);
        while let Some(batch) = stream.try_next().await? {
            let batch = job.take_over(&normalize_batch(&batch)?, &mut quarantined)?;
            for piece in pieces(&batch, job.share) {
                if pending.push(piece, ROWS_AT_ONCE, job.share) {
                    merge_rows(job, pending.take()?, ignored, &returned).await?;
                }
            }
            quarantine::write_if_many(job.ctx, job.bronze, &mut quarantined, job.share).await?;
        }
        merge_rows(job, pending.take()?, ignored, &returned).await?;
    }
    let returned = std::mem::replace(&mut *locked(&returned), presence::no_keys(job, Part::ALL)?);
    presence::mark(job, &merges.presence, returned).await?;
    quarantine::write(job.ctx, job.bronze, &quarantined).await?;
    job.ctx.check()?;
    job.commit("MERGE", false).await
}

/// Files to be merged one after the other, with the columns that make no row of them another one.
fn passes(job: &BronzeJob<'_>, merges: &Merges) -> Vec<(Vec<SourceFile>, &'static [&'static str])> {
    if job.ctx.model.is_decided_by_delivery(job.bronze) {
        // Bronze has to show when a row was delivered last, though nothing else about it is new.
        return vec![(merges.changed.clone(), &METADATA), (merges.delivered.clone(), &[columns::RUN_ID])];
    }
    vec![([merges.delivered.clone(), merges.changed.clone()].concat(), &METADATA)]
}

/// The order in which versions of a key win: by the sequence, then by content; without a sequence the last
/// delivered.
fn newest_first(job: &BronzeJob<'_>) -> Vec<String> {
    match &job.bronze.sequence_by {
        Some(column) => vec![column.clone()],
        None => vec![columns::INGESTED_AT.into(), columns::SOURCE_VERSION.into()],
    }
}

/// Merges rows. Keys of which a marked row stays are `returned`: the source shows them, though in a version that lost.
async fn merge_rows(
    job: &mut BronzeJob<'_>,
    rows: Option<RecordBatch>,
    ignored: &[&str],
    returned: &Arc<Mutex<KeySet>>,
) -> Result<()> {
    let Some(rows) = rows else {
        return Ok(());
    };
    let key = job.bronze.natural_key.clone();
    let order = newest_first(job);
    let ordered = order.clone();
    let columns: Vec<String> = order.iter().filter(|column| METADATA.contains(&column.as_str())).cloned().collect();
    let keep: Vec<&str> = columns.iter().map(String::as_str).collect();
    // One order for rows that come together and for those that follow one another: that of the carried columns, which gold has too.
    let content = Carried::whole(rows.schema_ref(), job.bronze, &keep)?;
    let winners = take_record_batch(&rows, &latest(&rows, &key, &order, &content)?)?;
    job.rows.duplicates += (rows.num_rows() - winners.num_rows()) as u64;
    drop(rows);
    // Equal rows are found before this is asked, so that metadata of the load alone never makes one win.
    let returned = Arc::clone(returned);
    let held_stays = move |held: &RecordBatch, new: &RecordBatch| {
        let decide = || -> Result<BooleanArray> {
            let stays = outranks(&content.apply(held)?, &content.apply(new)?, &key, &ordered)?;
            let is_back = and_not(&stays, &presence::marks(held)?)?;
            if is_back.true_count() > 0 {
                locked(&returned).insert_batch(&filter_record_batch(held, &is_back)?)?;
            }
            Ok(stays)
        };
        decide().map_err(|error| ArrowError::ExternalError(Box::new(error)))
    };
    let preference = Preference { columns, held_stays: Arc::new(held_stays) };
    let report = stage(job, vec![winners], ignored, Some(preference)).await?;
    job.rows.inserted += report.inserted;
    job.rows.updated += report.updated;
    job.rows.unchanged += report.unchanged;
    job.rows.duplicates += report.outranked;
    Ok(())
}

/// The row of each key that comes first in the order of the carried columns. Only rows of repeated keys are carried, since deep ones
/// become text.
fn latest(rows: &RecordBatch, key: &[String], order: &[String], content: &Carried) -> Result<UInt64Array> {
    let (mut winners, mut contested) = (Vec::with_capacity(rows.num_rows()), Vec::new());
    for rows in group_rows(rows, key)?.iter() {
        match rows {
            [only] => winners.push(*only),
            several => contested.extend_from_slice(several),
        }
    }
    let carried = content.apply(&take_record_batch(rows, &UInt64Array::from(contested.clone()))?)?;
    let first = latest_per_key(&carried, key, order)?;
    winners.extend(first.values().iter().filter_map(|row| contested.get(usize::try_from(*row).ok()?)));
    winners.sort_unstable();
    Ok(winners.into())
}

/// Stages what `rows` change, for the commit at the end. Rows that differ in `ignored` columns alone are equal.
pub(super) async fn stage(
    job: &mut BronzeJob<'_>,
    rows: Vec<RecordBatch>,
    ignored: &[&str],
    preference: Option<Preference>,
) -> Result<UpsertReport> {
    job.ctx.check()?;
    let request = UpsertRequest {
        key: job.bronze.natural_key.clone(),
        group: job.bronze.natural_key.clone(),
        ignore: ignored.iter().map(ToString::to_string).collect(),
        rows,
        preference,
        write_mode: job.ctx.write_mode(job.bronze.write_mode),
        stage: true,
        ..UpsertRequest::default()
    };
    Ok(upsert(&mut job.table, request).await?)
}

fn locked(keys: &Mutex<KeySet>) -> MutexGuard<'_, KeySet> {
    keys.lock().unwrap_or_else(PoisonError::into_inner)
}
