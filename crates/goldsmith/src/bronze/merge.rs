//! Sources that are snapshots or updated in place: merged by natural key and sequence.

use std::sync::Arc;

use arrow::array::{RecordBatch, UInt64Array};
use arrow::compute::{filter_record_batch, take_record_batch};
use arrow::error::ArrowError;
use futures::TryStreamExt;
use goldsmith_lake::source::SourceFile;
use goldsmith_lake::{Preference, UpsertReport, UpsertRequest, upsert};
use goldsmith_query::columns;
use goldsmith_query::flatten::Carried;
use goldsmith_query::normalize::normalize_batch;
use goldsmith_query::order::{KeySet, Part, group_rows, latest_per_key, outranks};

use super::job::{BronzeJob, matching_rows};
use super::quarantine;
use crate::error::Result;
use crate::gold::{CarriedTable, Matching, Pending, pieces, with_column};

/// Rows that are merged at once at most; more gain nothing.
const ROWS_AT_ONCE: usize = 400_000;

/// What the key of a row costs in a set, roughly.
const KEY_BYTES: u64 = 128;

/// Columns that tell of the load and not of the row.
const METADATA: [&str; 3] = [columns::SOURCE_VERSION, columns::INGESTED_AT, columns::RUN_ID];

/// What must be merged.
pub(crate) struct Merges {
    /// Files that hold everything that is new or changed since the position.
    pub(crate) changed: Vec<SourceFile>,
    /// All files of the source, when rows may have vanished from it.
    pub(crate) snapshot: Option<Vec<SourceFile>>,
}

/// Merges the changed rows and marks those that vanished, in one commit with the position.
pub(crate) async fn merge(job: &mut BronzeJob<'_>, merges: Merges) -> Result<()> {
    let mut quarantined = Vec::new();
    let mut pending = Pending::default();
    let mut stream = Box::pin(job.new_rows(&merges.changed).await?);
    while let Some(batch) = stream.try_next().await? {
        let batch = job.take_over(&normalize_batch(&batch)?, &mut quarantined)?;
        for piece in pieces(&batch, job.share) {
            if pending.push(piece, ROWS_AT_ONCE, job.share) {
                merge_rows(job, pending.take()?).await?;
            }
        }
        quarantine::write_if_many(job.ctx, job.bronze, &mut quarantined, job.share).await?;
    }
    merge_rows(job, pending.take()?).await?;
    if let Some(files) = &merges.snapshot {
        mark_presence(job, files).await?;
    }
    quarantine::write(job.ctx, job.bronze, &quarantined).await?;
    job.ctx.check()?;
    job.commit("MERGE", false).await
}

/// The order in which versions of a key win: by the sequence, then by content; without a sequence the last
/// delivered.
fn newest_first(job: &BronzeJob<'_>) -> Vec<String> {
    match &job.bronze.sequence_by {
        Some(column) => vec![column.clone()],
        None => vec![columns::INGESTED_AT.into(), columns::SOURCE_VERSION.into()],
    }
}

async fn merge_rows(job: &mut BronzeJob<'_>, rows: Option<RecordBatch>) -> Result<()> {
    let Some(rows) = rows else {
        return Ok(());
    };
    let key = job.bronze.natural_key.clone();
    let order = newest_first(job);
    let ordered = order.clone();
    let columns: Vec<String> = order.iter().filter(|column| METADATA.contains(&column.as_str())).cloned().collect();
    let keep: Vec<&str> = columns.iter().map(String::as_str).collect();
    // One order for rows that come together and for those that follow one another: that of the carried columns, which gold has too.
    let content = Carried::new(rows.schema_ref(), &[], &keep)?;
    let winners = take_record_batch(&rows, &latest(&rows, &key, &order, &content)?)?;
    job.rows.duplicates += (rows.num_rows() - winners.num_rows()) as u64;
    drop(rows);
    // Equal rows are found before this is asked, so that metadata of the load alone never makes one win.
    let held_stays = move |held: &RecordBatch, new: &RecordBatch| {
        let flat = |batch: &RecordBatch| content.apply(batch);
        flat(held)
            .and_then(|held| outranks(&held, &flat(new)?, &key, &ordered))
            .map_err(|error| ArrowError::ExternalError(Box::new(error)))
    };
    let report = stage(job, vec![winners], Some(Preference { columns, held_stays: Arc::new(held_stays) })).await?;
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

/// Marks rows that are no longer in the source, and unmarks those that are back. Only `_is_present` changes:
/// nothing about the row itself does. Goes over the keys in parts, so that memory follows the part.
async fn mark_presence(job: &mut BronzeJob<'_>, files: &[SourceFile]) -> Result<()> {
    let listed: u64 = files.iter().map(|file| file.rows.unwrap_or_default()).sum();
    let keys = listed.max(job.table.num_rows().await?).saturating_mul(KEY_BYTES);
    for part in Part::at_least(keys.div_ceil(job.share.keys())) {
        mark_part(job, files, part).await?;
    }
    Ok(())
}

async fn mark_part(job: &mut BronzeJob<'_>, files: &[SourceFile], part: Part) -> Result<()> {
    let key = job.bronze.natural_key.clone();
    let mut narrow = key.clone();
    narrow.push(columns::IS_PRESENT.into());
    let held = CarriedTable::new(job.table.clone(), &[], &[columns::IS_PRESENT])?.narrow(&narrow)?;
    // In the types of the table, so that a key belongs to the same part on both sides.
    let mut present = KeySet::new(held.carried.schema(), &key)?.of_part(part);
    let mut stream = Box::pin(job.stream_columns(files, &key).await?);
    while let Some(batch) = stream.try_next().await? {
        job.ctx.check()?;
        present.insert_batch(&normalize_batch(&batch)?)?;
    }
    let mut flipped = KeySet::new(held.carried.schema(), &key)?.of_part(part);
    let mut stream = Box::pin(held.stream(None).await?);
    while let Some(batch) = stream.try_next().await? {
        let here = present.contains_mask(&batch)?;
        let marked = crate::gold::column_arrays(&batch, &[columns::IS_PRESENT.to_string()])?;
        let differs = arrow::compute::kernels::cmp::distinct(&marked[0], &here)?;
        if differs.true_count() > 0 {
            flipped.insert_batch(&filter_record_batch(&batch, &differs)?)?;
        }
    }
    if flipped.is_empty() {
        return Ok(());
    }
    let mut waiting = vec![flipped];
    while let Some(flipped) = waiting.pop() {
        let batches = match matching_rows(&job.table, &job.table_schema, flipped, job.share).await? {
            Matching::Rows(batches) => batches,
            Matching::TooMany(halves) => {
                waiting.extend(*halves);
                continue;
            }
        };
        let mut rows = Vec::new();
        for batch in batches {
            let here = present.contains_mask(&batch)?;
            job.rows.vanished += (here.len() - here.true_count()) as u64;
            rows.push(with_column(&batch, columns::IS_PRESENT, Arc::new(here), true)?);
        }
        // The rows themselves stay what they are, so they are no updates in the books.
        stage(job, rows, None).await?;
    }
    Ok(())
}

/// Stages what `rows` change, for the commit at the end.
async fn stage(
    job: &mut BronzeJob<'_>,
    rows: Vec<RecordBatch>,
    preference: Option<Preference>,
) -> Result<UpsertReport> {
    job.ctx.check()?;
    let request = UpsertRequest {
        key: job.bronze.natural_key.clone(),
        group: job.bronze.natural_key.clone(),
        ignore: METADATA.iter().map(ToString::to_string).collect(),
        rows,
        preference,
        write_mode: job.ctx.write_mode(job.bronze.write_mode),
        stage: true,
        ..UpsertRequest::default()
    };
    Ok(upsert(&mut job.table, request).await?)
}
