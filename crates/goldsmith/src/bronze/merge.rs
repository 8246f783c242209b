//! Sources that are snapshots or updated in place: merged by natural key and sequence.

use arrow::array::{ArrayRef, BooleanArray, RecordBatch, UInt64Array};
use arrow::compute::{concat_batches, filter_record_batch, not, take_record_batch};
use futures::TryStreamExt;
use goldsmith_lake::source::SourceFile;
use goldsmith_lake::{UpsertReport, UpsertRequest, upsert as upsert_rows};
use goldsmith_query::columns;
use goldsmith_query::flatten::Carried;
use goldsmith_query::normalize::normalize_batch;
use goldsmith_query::order::{KeySet, latest_per_key};
use std::sync::Arc;

use super::job::BronzeJob;
use super::quarantine;
use crate::error::Result;
use crate::gold::{CarriedTable, with_column};

/// Rows that are merged at once.
const ROWS_AT_ONCE: usize = 400_000;

/// What must be merged.
pub(crate) struct Merges {
    /// Files that hold everything that is new or changed since the position.
    pub(crate) changed: Vec<SourceFile>,
    /// All files of the source, when rows may have vanished from it.
    pub(crate) snapshot: Option<Vec<SourceFile>>,
}

/// Merges the changed rows and marks those that vanished; the last commit carries the position.
pub(crate) async fn merge(job: &mut BronzeJob<'_>, merges: Merges) -> Result<()> {
    let mut quarantined = Vec::new();
    let mut pending = Vec::new();
    let mut rows = 0;
    let mut stream = Box::pin(job.new_rows(&merges.changed).await?);
    while let Some(batch) = stream.try_next().await? {
        let batch = job.take_over(&normalize_batch(&batch)?, &mut quarantined)?;
        rows += batch.num_rows();
        pending.push(batch);
        if rows >= ROWS_AT_ONCE {
            merge_rows(job, std::mem::take(&mut pending)).await?;
            rows = 0;
        }
    }
    merge_rows(job, pending).await?;
    if let Some(files) = &merges.snapshot {
        mark_presence(job, files).await?;
    }
    quarantine::write(job.ctx, job.bronze, &quarantined).await?;
    let position = Some(job.position_text()?);
    upsert(job, Vec::new(), position).await?;
    Ok(())
}

/// The order in which versions of a key win: by the sequence, then by content; without a sequence the last
/// delivered.
fn newest_first(job: &BronzeJob<'_>) -> Vec<String> {
    match &job.bronze.sequence_by {
        Some(column) => vec![column.clone()],
        None => vec![columns::INGESTED_AT.into(), columns::SOURCE_VERSION.into()],
    }
}

async fn merge_rows(job: &mut BronzeJob<'_>, batches: Vec<RecordBatch>) -> Result<()> {
    let Some(first) = batches.first() else {
        return Ok(());
    };
    let rows = concat_batches(&first.schema(), &batches)?;
    let key = job.bronze.natural_key.clone();
    let order = newest_first(job);
    let winners = take_record_batch(&rows, &latest_per_key(&rows, &key, &order)?)?;
    job.rows.duplicates += (rows.num_rows() - winners.num_rows()) as u64;
    let mut keys = KeySet::new(winners.schema_ref(), &key)?;
    keys.insert_batch(&winners)?;
    let held = held_rows(job, &keys).await?;
    let won = if held.is_empty() {
        winners
    } else {
        // Rows that differ in nothing but metadata of the load must not win, else each run would rewrite them.
        let held = concat_batches(&winners.schema(), &held)?;
        let delivered = winners.num_rows();
        let winners = differing(&winners, &held)?;
        job.rows.unchanged += (delivered - winners.num_rows()) as u64;
        let count = winners.num_rows() as u64;
        let both = concat_batches(&winners.schema(), [&winners, &held])?;
        let latest = latest_per_key(&both, &key, &order)?;
        let won: UInt64Array = latest.iter().flatten().filter(|row| *row < count).collect();
        job.rows.duplicates += count - won.len() as u64;
        take_record_batch(&winners, &won)?
    };
    if won.num_rows() > 0 {
        upsert(job, vec![won], None).await?;
    }
    Ok(())
}

/// Bronze rows of the given keys, in the schema of bronze.
async fn held_rows(job: &BronzeJob<'_>, keys: &KeySet) -> Result<Vec<RecordBatch>> {
    super::job::matching_rows(&job.table, &job.table_schema, keys).await
}

/// Rows of `incoming` whose content is not among `held`.
fn differing(incoming: &RecordBatch, held: &RecordBatch) -> Result<RecordBatch> {
    let carried = Carried::new(incoming.schema_ref(), &[], &[columns::IS_PRESENT])?;
    let content: Vec<String> = carried.schema().fields().iter().map(|field| field.name().clone()).collect();
    let incoming_flat = carried.apply(incoming)?;
    let mut known = KeySet::new(incoming_flat.schema_ref(), &content)?;
    known.insert_batch(&carried.apply(held)?)?;
    let mask = not(&known.contains_mask(&incoming_flat)?)?;
    Ok(filter_record_batch(incoming, &mask)?)
}

/// Marks rows that are no longer in the source, and unmarks those that are back. Only `_is_present` changes:
/// nothing about the row itself does.
async fn mark_presence(job: &mut BronzeJob<'_>, files: &[SourceFile]) -> Result<()> {
    let key = job.bronze.natural_key.clone();
    let mut present: Option<KeySet> = None;
    let mut stream = Box::pin(job.stream_columns(files, &key).await?);
    while let Some(batch) = stream.try_next().await? {
        let batch = normalize_batch(&batch)?;
        match &mut present {
            Some(keys) => {
                keys.insert_batch(&batch)?;
            }
            None => {
                let mut keys = KeySet::new(batch.schema_ref(), &key)?;
                keys.insert_batch(&batch)?;
                present = Some(keys);
            }
        }
    }
    let mut narrow = key.clone();
    narrow.push(columns::IS_PRESENT.into());
    let held = CarriedTable::new(job.table.clone(), &[], &[columns::IS_PRESENT])?.narrow(&narrow)?;
    let mut flipped: Option<KeySet> = None;
    let mut stream = Box::pin(held.stream(None).await?);
    while let Some(batch) = stream.try_next().await? {
        let here = match &present {
            Some(keys) => keys.contains_mask(&batch)?,
            None => BooleanArray::from(vec![false; batch.num_rows()]),
        };
        let marked = crate::gold::column_arrays(&batch, &[columns::IS_PRESENT.to_string()])?;
        let here_array: ArrayRef = Arc::new(here);
        let differs = arrow::compute::kernels::cmp::distinct(&marked[0], &here_array)?;
        if differs.true_count() == 0 {
            continue;
        }
        let rows = filter_record_batch(&batch, &differs)?;
        match &mut flipped {
            Some(keys) => {
                keys.insert_batch(&rows)?;
            }
            None => {
                let mut keys = KeySet::new(rows.schema_ref(), &key)?;
                keys.insert_batch(&rows)?;
                flipped = Some(keys);
            }
        }
    }
    let Some(flipped) = flipped else {
        return Ok(());
    };
    let mut rows = Vec::new();
    for batch in held_rows(job, &flipped).await? {
        let here = match &present {
            Some(keys) => keys.contains_mask(&batch)?,
            None => BooleanArray::from(vec![false; batch.num_rows()]),
        };
        job.rows.vanished += (here.len() - here.true_count()) as u64;
        rows.push(with_column(&batch, columns::IS_PRESENT, Arc::new(here), true)?);
    }
    // The rows themselves stay what they are, so they are no updates in the books.
    write(job, rows, None).await.map(drop)
}

/// Writes rows and counts them.
async fn upsert(job: &mut BronzeJob<'_>, rows: Vec<RecordBatch>, position: Option<String>) -> Result<()> {
    let report = write(job, rows, position).await?;
    job.rows.inserted += report.inserted;
    job.rows.updated += report.updated;
    job.rows.unchanged += report.unchanged;
    Ok(())
}

async fn write(job: &mut BronzeJob<'_>, rows: Vec<RecordBatch>, position: Option<String>) -> Result<UpsertReport> {
    job.ctx.check()?;
    let request = UpsertRequest {
        key: job.bronze.natural_key.clone(),
        group: job.bronze.natural_key.clone(),
        ignore: vec![columns::SOURCE_VERSION.into(), columns::INGESTED_AT.into(), columns::RUN_ID.into()],
        rows,
        delete_missing_in_group: false,
        extra_groups: None,
        position,
        run_id: job.ctx.stamp.run_id.clone(),
        operation: "MERGE".into(),
    };
    Ok(upsert_rows(&mut job.table, request).await?)
}
