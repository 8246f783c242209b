//! Streamed sources: what is appended to the source is appended to bronze, exactly once.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::compute::{filter_record_batch, not, take_record_batch};
use futures::TryStreamExt;
use goldsmith_lake::source::SourceFile;
use goldsmith_lake::{Copied, CopyRequest};
use goldsmith_query::columns;
use goldsmith_query::flatten::Carried;
use goldsmith_query::memory::batch_bytes;
use goldsmith_query::normalize::normalize_batch;
use goldsmith_query::order::{KeySet, latest_per_key};

use super::job::BronzeJob;
use super::{conform::conform, quarantine};
use crate::error::Result;
use crate::feed::Bucket;
use crate::gold::{CarriedTable, Matching};

/// Rows that are compared with bronze at once, roughly; more gain nothing.
const ROWS_AT_ONCE: u64 = 500_000;

/// Bytes of a file that are taken for a row where nobody counted them; compressed rows are mostly larger.
const BYTES_OF_ROW: u64 = 32;

/// Candidates are cut into no more parts than this, as each part takes a pass over all of them.
const MOST_PARTS: u64 = 1024;

/// What must be appended: rows known to be new, and rows that may be in bronze already.
pub(crate) struct Appends {
    /// Files of pure appends since the position.
    pub(crate) new: Vec<SourceFile>,
    /// Files that may repeat rows: written by change commits, rewritten in place, come where others went, or read anew because the
    /// log is gone.
    pub(crate) candidates: Vec<SourceFile>,
}

/// Appends the rows of `appends` in one commit with the position.
pub(crate) async fn append(job: &mut BronzeJob<'_>, appends: Appends) -> Result<()> {
    let left = copy_whole(job, &appends.new).await?;
    let mut writer = job.table.writer()?;
    let mut quarantined = Vec::new();
    let mut stream = Box::pin(job.new_rows(&left).await?);
    while let Some(batch) = stream.try_next().await? {
        let batch = job.take_over(&normalize_batch(&batch)?, &mut quarantined)?;
        writer.write(&batch).await?;
        quarantine::write_if_many(job.ctx, job.bronze, &mut quarantined, job.share).await?;
    }
    let mut bucket = Bucket { number: 0, of: parts(&appends.candidates) };
    while bucket.number < bucket.of {
        match unknown_rows(job, &appends, bucket, &mut quarantined).await? {
            Some(batches) => {
                for batch in batches {
                    writer.write(&batch).await?;
                }
                bucket.number += 1;
            }
            // Nothing was written yet, so that the rows can be cut otherwise.
            None => bucket.of *= 2,
        }
        quarantine::write_if_many(job.ctx, job.bronze, &mut quarantined, job.share).await?;
    }
    // First the quarantine, keyed by content: when the commit below does not come about, the next run puts the
    // same rows there, once.
    quarantine::write(job.ctx, job.bronze, &quarantined).await?;
    job.ctx.check()?;
    let added = writer.finish().await?;
    job.rows.inserted += added.rows();
    job.table.stage(added, &[]).await;
    job.commit("WRITE", true).await
}

/// Stages copies of large files whose rows are all taken over as they are; returns the files whose rows have to be read.
async fn copy_whole(job: &mut BronzeJob<'_>, files: &[SourceFile]) -> Result<Vec<SourceFile>> {
    let Some(source) = job.source.as_it_is() else { return Ok(files.to_vec()) };
    // What it was when the copies began: they are staged as they come.
    let table = job.table.clone();
    let identified_by = job.quarantine.columns();
    let (run_id, ingested_at) = (job.ctx.stamp.run_id.clone(), job.ingested_at);
    let request = move |file: &SourceFile| CopyRequest {
        constants: constants(&run_id, ingested_at, file.version),
        identified_by: identified_by.clone(),
    };
    let mut left = Vec::new();
    let mut copies = Box::pin(table.copy_files(source, files.to_vec(), request)?);
    while let Some(copied) = copies.try_next().await? {
        match copied {
            Copied::No(file) => left.push(file),
            Copied::Whole(written) => {
                job.rows.inserted += written.rows();
                job.progress(usize::try_from(written.rows()).unwrap_or(usize::MAX))?;
                job.table.stage(written, &[]).await;
            }
        }
    }
    // In the order in which they came, whatever the copies took.
    left.sort_unstable_by(|one, other| (one.version, &one.path).cmp(&(other.version, &other.path)));
    Ok(left)
}

/// The metadata columns of the rows of a file, which all rows have in common.
fn constants(run_id: &str, ingested_at: i64, version: u64) -> Vec<(String, ArrayRef)> {
    let version: ArrayRef = Arc::new(Int64Array::from(vec![i64::try_from(version).unwrap_or(i64::MAX)]));
    let ingested_at = TimestampMicrosecondArray::from(vec![ingested_at]).with_timezone("UTC");
    let run_id = StringArray::from(vec![run_id]);
    vec![
        (columns::SOURCE_VERSION.to_owned(), version),
        (columns::INGESTED_AT.to_owned(), Arc::new(ingested_at)),
        (columns::RUN_ID.to_owned(), Arc::new(run_id)),
    ]
}

/// In how many parts, by hash of the key, candidates are compared. Equal rows fall into one part, so that memory
/// follows the part and the outcome does not.
fn parts(candidates: &[SourceFile]) -> u64 {
    let rows: u64 = candidates.iter().map(|file| file.rows.unwrap_or(file.size / BYTES_OF_ROW)).sum();
    rows.div_ceil(ROWS_AT_ONCE).max(u64::from(!candidates.is_empty()))
}

/// The candidates of one part that are neither in bronze nor among the rows just appended, in every column;
/// equal ones are kept once. None when the first part is too large for the share: the others are about as large.
async fn unknown_rows(
    job: &mut BronzeJob<'_>,
    appends: &Appends,
    bucket: Bucket,
    quarantined: &mut Vec<RecordBatch>,
) -> Result<Option<Vec<RecordBatch>>> {
    let (counted, bad) = (job.rows, quarantined.len());
    let mut bytes = 0;
    let key = job.bronze.natural_key.clone();
    let mut batches = Vec::new();
    let mut stream = Box::pin(job.source.bucket_rows(&appends.candidates, &key, bucket).await?);
    while let Some(batch) = stream.try_next().await? {
        batches.push(job.take_over(&normalize_batch(&batch)?, quarantined)?);
        bytes += batches.last().map_or(0, batch_bytes);
        if bytes > job.share.rows() {
            job.share.grow();
        }
        if bytes > job.share.rows() && bucket.number == 0 && bucket.of < MOST_PARTS {
            // They are read, and counted, once more.
            job.rows = counted;
            quarantined.truncate(bad);
            return Ok(None);
        }
    }
    let Some(first) = batches.first() else {
        return Ok(Some(Vec::new()));
    };
    let held = CarriedTable::whole(job.table.clone(), job.bronze, &[])?;
    let content: Vec<String> = held.carried.schema().fields().iter().map(|field| field.name().clone()).collect();
    let carried = Carried::whole(first.schema_ref(), job.bronze, &[])?;
    let flat = batches.iter().map(|batch| Ok(carried.apply(batch)?)).collect::<Result<Vec<_>>>()?;
    let (mut keys, mut held_keys) =
        (KeySet::new(flat[0].schema_ref(), &key)?, KeySet::new(flat[0].schema_ref(), &key)?);
    for batch in &flat {
        keys.insert_batch(batch)?;
        held_keys.insert_batch(batch)?;
    }
    let mut known = KeySet::new(flat[0].schema_ref(), &content)?;
    let mut waiting = vec![held_keys];
    while let Some(held_keys) = waiting.pop() {
        match held.matching(&key, held_keys, job.share).await? {
            Matching::Rows(rows) => rows.iter().try_for_each(|rows| known.insert_batch(rows).map(drop))?,
            Matching::TooMany(halves) => waiting.extend(*halves),
        }
    }
    // A row may have been appended, and copied by a change commit, since the last run.
    let appended = Carried::whole(&job.schema, job.bronze, &[])?;
    let repeated = if job.source.repeats_rows() { appends.new.as_slice() } else { &[] };
    let mut stream = Box::pin(job.source.bucket_rows(repeated, &key, bucket).await?);
    while let Some(batch) = stream.try_next().await? {
        let batch = appended.apply(&conform(&normalize_batch(&batch)?, &job.schema)?)?;
        known.insert_batch(&filter_record_batch(&batch, &keys.contains_mask(&batch)?)?)?;
    }
    let mut out = Vec::new();
    for (batch, flat) in batches.iter().zip(&flat) {
        // One of each set of equal rows, then those that are new.
        let distinct = latest_per_key(flat, &content, &[])?;
        let (rows, flat) = (take_record_batch(batch, &distinct)?, take_record_batch(flat, &distinct)?);
        let new = filter_record_batch(&rows, &not(&known.contains_mask(&flat)?)?)?;
        known.insert_batch(&flat)?;
        job.rows.duplicates += (batch.num_rows() - new.num_rows()) as u64;
        if new.num_rows() > 0 {
            out.push(new);
        }
    }
    Ok(Some(out))
}

impl BronzeJob<'_> {
    /// Brings source rows to the schema of bronze, sets the metadata columns, splits off what cannot be
    /// identified.
    pub(crate) fn take_over(&mut self, batch: &RecordBatch, quarantined: &mut Vec<RecordBatch>) -> Result<RecordBatch> {
        self.progress(batch.num_rows())?;
        let batch = self.stamped(batch, &conform(batch, &self.schema)?)?;
        let (good, bad) = self.quarantine.split(&batch)?;
        if let Some(bad) = bad {
            self.rows.quarantined += bad.num_rows() as u64;
            quarantined.push(bad);
        }
        Ok(good)
    }
}
