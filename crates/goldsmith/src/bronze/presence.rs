//! Which rows of a merged source are still there. Only `_is_present` changes with it: nothing about the row itself does.

use std::sync::Arc;

use arrow::array::{AsArray, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::compute::kernels::cmp::distinct;
use futures::TryStreamExt;
use goldsmith_lake::source::{Departures, SourceFile};
use goldsmith_query::columns;
use goldsmith_query::normalize::normalize_batch;
use goldsmith_query::order::{KeySet, Part};

use super::conform::conform;
use super::job::{BronzeJob, matching_rows};
use super::merge::{METADATA, stage};
use crate::error::Result;
use crate::gold::{CarriedTable, Matching, column_arrays, with_column};

/// What the key of a row costs in a set, roughly.
const KEY_BYTES: u64 = 128;

/// What tells which rows the source shows no longer, and which it shows again.
pub(crate) enum Presence {
    /// Every row that was there still is.
    Kept,
    /// Rows went with files that are known.
    Told(Departures),
    /// All keys of the source, in these files, have to be compared with those of bronze.
    Compared(Vec<SourceFile>),
}

/// Which rows are present.
#[derive(Clone, Copy)]
enum Mark<'a> {
    /// All, or none.
    All(bool),
    /// Those with one of these keys.
    Among(&'a KeySet),
}

impl Mark<'_> {
    fn of(self, rows: &RecordBatch) -> Result<BooleanArray> {
        match self {
            Self::All(is_present) => Ok(BooleanArray::from(vec![is_present; rows.num_rows()])),
            Self::Among(keys) => Ok(keys.contains_mask(rows)?),
        }
    }
}

/// Marks rows that are no longer in the source, and unmarks those that are back. `returned` are keys that the source delivered with a
/// version that lost against one of bronze which is marked.
pub(crate) async fn mark(job: &mut BronzeJob<'_>, presence: &Presence, returned: KeySet) -> Result<()> {
    match presence {
        Presence::Kept => flip(job, returned, Mark::All(true)).await,
        Presence::Told(departures) => {
            flip(job, returned, Mark::All(true)).await?;
            let rows = known_rows(&departures.gone);
            for part in Part::at_least(rows.saturating_mul(KEY_BYTES).div_ceil(job.share.keys())) {
                mark_gone(job, departures, part).await?;
            }
            Ok(())
        }
        Presence::Compared(files) => {
            let rows = known_rows(files).max(job.table.num_rows().await?);
            for part in Part::at_least(rows.saturating_mul(KEY_BYTES).div_ceil(job.share.keys())) {
                compare(job, files, part).await?;
            }
            Ok(())
        }
    }
}

fn known_rows(files: &[SourceFile]) -> u64 {
    files.iter().map(|file| file.rows.unwrap_or_default()).sum()
}

/// Marks the rows of files that went, unless their keys are in other files. Those that came are looked at first: a row that only changed
/// is in one of them, and files that stayed are looked at only for keys that are nowhere else.
async fn mark_gone(job: &mut BronzeJob<'_>, departures: &Departures, part: Part) -> Result<()> {
    let mut gone = keys_of(job, &departures.gone, part).await?;
    if gone.is_empty() {
        return Ok(());
    }
    for files in [&departures.come, &departures.stayed] {
        let mut stream = Box::pin(job.stream_columns(files, &job.bronze.natural_key).await?);
        while let Some(batch) = stream.try_next().await? {
            job.ctx.check()?;
            gone.remove_batch(&in_types_of_bronze(job, &batch)?)?;
            if gone.is_empty() {
                return Ok(());
            }
        }
    }
    flip(job, gone, Mark::All(false)).await
}

/// Compares the keys of a part.
async fn compare(job: &mut BronzeJob<'_>, files: &[SourceFile], part: Part) -> Result<()> {
    let mut narrow = job.bronze.natural_key.clone();
    narrow.push(columns::IS_PRESENT.into());
    let held = CarriedTable::whole(job.table.clone(), job.bronze, &[columns::IS_PRESENT])?.narrow(&narrow)?;
    let present = keys_of(job, files, part).await?;
    let mut flipped = no_keys(job, part)?;
    let mut stream = Box::pin(held.stream(None).await?);
    while let Some(batch) = stream.try_next().await? {
        let differs = distinct(&marks(&batch)?, &present.contains_mask(&batch)?)?;
        if differs.true_count() > 0 {
            flipped.insert_batch(&filter_record_batch(&batch, &differs)?)?;
        }
    }
    drop(stream);
    flip(job, flipped, Mark::Among(&present)).await
}

/// The keys of a part that source files hold.
async fn keys_of(job: &BronzeJob<'_>, files: &[SourceFile], part: Part) -> Result<KeySet> {
    let mut keys = no_keys(job, part)?;
    let mut stream = Box::pin(job.stream_columns(files, &job.bronze.natural_key).await?);
    while let Some(batch) = stream.try_next().await? {
        job.ctx.check()?;
        keys.insert_batch(&in_types_of_bronze(job, &batch)?)?;
    }
    Ok(keys)
}

/// Keys of a source in the types of bronze, into which some go by their values alone.
fn in_types_of_bronze(job: &BronzeJob<'_>, batch: &RecordBatch) -> Result<RecordBatch> {
    let key = job.bronze.natural_key.iter().map(|name| job.schema.index_of(name));
    let schema = job.schema.project(&key.collect::<Result<Vec<_>, _>>()?)?;
    Ok(conform(&normalize_batch(batch)?, &Arc::new(schema))?)
}

/// A set for keys in the types of the table, so that a key belongs to the same part wherever it comes from.
pub(super) fn no_keys(job: &BronzeJob<'_>, part: Part) -> Result<KeySet> {
    let held = CarriedTable::whole(job.table.clone(), job.bronze, &[])?;
    Ok(KeySet::new(held.carried.schema(), &job.bronze.natural_key)?.of_part(part))
}

/// Writes whether the rows of these keys are present.
async fn flip(job: &mut BronzeJob<'_>, keys: KeySet, mark: Mark<'_>) -> Result<()> {
    if keys.is_empty() {
        return Ok(());
    }
    let mut waiting = vec![keys];
    while let Some(keys) = waiting.pop() {
        let batches = match matching_rows(&job.table, &job.table_schema, keys, job.share).await? {
            Matching::Rows(batches) => batches,
            Matching::TooMany(halves) => {
                waiting.extend(*halves);
                continue;
            }
        };
        let mut rows = Vec::new();
        for batch in batches {
            let here = mark.of(&batch)?;
            let was = marks(&batch)?;
            let vanishes = was.iter().zip(here.iter()).filter(|(was, is)| *is == Some(false) && was != is);
            job.rows.vanished += vanishes.count() as u64;
            rows.push(with_column(&batch, columns::IS_PRESENT, Arc::new(here), true)?);
        }
        // The rows themselves stay what they are, so they are no updates in the books.
        stage(job, rows, &METADATA, None).await?;
    }
    Ok(())
}

pub(super) fn marks(batch: &RecordBatch) -> Result<BooleanArray> {
    let mark = column_arrays(batch, &[columns::IS_PRESENT.to_string()])?.remove(0);
    Ok(mark.as_boolean().clone())
}
