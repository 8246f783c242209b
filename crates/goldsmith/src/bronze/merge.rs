//! Sources that are snapshots or updated in place: merged by natural key and sequence.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, RecordBatch};
use arrow::compute::{concat_batches, filter_record_batch, take_record_batch};
use arrow::error::ArrowError;
use futures::TryStreamExt;
use goldsmith_lake::source::SourceFile;
use goldsmith_lake::{Preference, UpsertReport, UpsertRequest, upsert};
use goldsmith_query::columns;
use goldsmith_query::flatten::Carried;
use goldsmith_query::normalize::normalize_batch;
use goldsmith_query::order::{KeySet, latest_per_key, outranks};

use super::job::BronzeJob;
use super::quarantine;
use crate::error::Result;
use crate::gold::{CarriedTable, with_column};

/// Rows that are merged at once.
const ROWS_AT_ONCE: usize = 400_000;

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

async fn merge_rows(job: &mut BronzeJob<'_>, batches: Vec<RecordBatch>) -> Result<()> {
    let Some(first) = batches.first() else {
        return Ok(());
    };
    let rows = concat_batches(&first.schema(), &batches)?;
    let key = job.bronze.natural_key.clone();
    let order = newest_first(job);
    let winners = take_record_batch(&rows, &latest_per_key(&rows, &key, &order)?)?;
    job.rows.duplicates += (rows.num_rows() - winners.num_rows()) as u64;
    // Equal rows are found before this is asked, so that metadata of the load alone never makes one win.
    let ordered = order.clone();
    let columns: Vec<String> = order.into_iter().filter(|column| METADATA.contains(&column.as_str())).collect();
    let keep: Vec<&str> = columns.iter().map(String::as_str).collect();
    let content = Carried::new(winners.schema_ref(), &[], &keep)?;
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
    for batch in super::job::matching_rows(&job.table, &job.table_schema, flipped).await? {
        let here = match &present {
            Some(keys) => keys.contains_mask(&batch)?,
            None => BooleanArray::from(vec![false; batch.num_rows()]),
        };
        job.rows.vanished += (here.len() - here.true_count()) as u64;
        rows.push(with_column(&batch, columns::IS_PRESENT, Arc::new(here), true)?);
    }
    // The rows themselves stay what they are, so they are no updates in the books.
    stage(job, rows, None).await.map(drop)
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
