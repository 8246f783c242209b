//! Tables whose rows are functions of all bronze rows of a key: sliced runs and SCD2 timelines.
//!
//! What bronze gained names the affected keys; their rows are computed again from all of bronze. A whole build
//! goes over the keys in buckets, so that memory follows the bucket and not the table.

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::{concat_batches, filter_record_batch};
use futures::TryStreamExt;
use goldsmith_lake::TableWriter;
use goldsmith_query::order::{KeyHasher, KeySet};

use super::job::{GoldJob, Upsert};
use super::latest::delta;
use super::read::{CarriedTable, written_by};
use crate::error::Result;

/// Bronze rows that one bucket of a whole build holds, roughly.
const BUCKET_ROWS: u64 = 1_500_000;

/// Keys that an incremental step recomputes at once.
const KEYS_AT_ONCE: usize = 500_000;

/// Computes the base rows of whole keys from all their bronze rows.
pub(crate) trait Recompute: Send + Sync {
    /// Base rows, and the number of input rows that lost against another version or became one row with others.
    fn recompute(&self, rows: &RecordBatch) -> Result<(RecordBatch, u64)>;

    /// The input rows that conservation laws count.
    fn counted(&self, rows: &RecordBatch) -> Result<RecordBatch>;
}

/// Builds all keys from all of bronze, writing the rows to `writer`.
pub(crate) async fn rebuild(
    job: &mut GoldJob<'_>,
    bronze: &CarriedTable,
    writer: &mut TableWriter,
    recompute: &dyn Recompute,
) -> Result<()> {
    let buckets = bronze.table.num_rows().await?.div_ceil(BUCKET_ROWS).max(1);
    let hasher = KeyHasher::default();
    let key = job.table.key.clone();
    for bucket in 0..buckets {
        let mut rows = Vec::new();
        let mut stream = Box::pin(bronze.stream(None).await?);
        while let Some(batch) = stream.try_next().await? {
            let batch = if buckets == 1 { batch } else { in_bucket(&batch, &hasher, &key, bucket, buckets)? };
            job.progress(batch.num_rows())?;
            let batch = job.identified(&batch)?;
            if batch.num_rows() > 0 {
                rows.push(batch);
            }
        }
        let Some(first) = rows.first() else { continue };
        let rows = concat_batches(&first.schema(), &rows)?;
        let (base, lost) = recompute.recompute(&rows)?;
        job.rows.duplicates += lost;
        writer.write(&job.finish(&recompute.counted(&rows)?, &base)?).await?;
    }
    Ok(())
}

fn in_bucket(
    batch: &RecordBatch,
    hasher: &KeyHasher,
    key: &[String],
    bucket: u64,
    buckets: u64,
) -> Result<RecordBatch> {
    let mask: BooleanArray = hasher.hash(batch, key)?.into_iter().map(|hash| Some(hash % buckets == bucket)).collect();
    Ok(filter_record_batch(batch, &mask)?)
}

/// Recomputes the keys that bronze gained rows for since version `since`. Returns false when the log does not
/// tell any more what was gained, so that the table must be built anew.
pub(crate) async fn incremental(
    job: &mut GoldJob<'_>,
    bronze: &CarriedTable,
    since: Option<u64>,
    recompute: &dyn Recompute,
) -> Result<bool> {
    let Some((files, run_ids)) = delta(bronze, since).await? else {
        return Ok(false);
    };
    let key = job.table.key.clone();
    let mut affected: Option<KeySet> = None;
    let (mut delivered, mut recomputed) = (0, 0);
    let mut narrow = key.clone();
    narrow.push(goldsmith_query::columns::RUN_ID.into());
    let mut stream = Box::pin(bronze.narrow(&narrow)?.stream(Some(files)).await?);
    while let Some(batch) = stream.try_next().await? {
        let batch = written_by(&batch, run_ids.as_ref())?;
        job.progress(batch.num_rows())?;
        let batch = job.identified(&batch)?;
        delivered += batch.num_rows() as u64;
        match &mut affected {
            Some(keys) => {
                keys.insert_batch(&batch)?;
            }
            None => {
                let mut keys = KeySet::new(batch.schema_ref(), &key)?;
                keys.insert_batch(&batch)?;
                affected = Some(keys);
            }
        }
        if affected.as_ref().is_some_and(|keys| keys.len() >= KEYS_AT_ONCE)
            && let Some(keys) = affected.take()
        {
            recomputed += recompute_keys(job, bronze, keys, recompute).await?;
        }
    }
    if let Some(keys) = affected {
        recomputed += recompute_keys(job, bronze, keys, recompute).await?;
    }
    job.rows.count_again(delivered, recomputed);
    Ok(true)
}

/// Computes the keys again; returns the number of bronze rows that they have.
async fn recompute_keys(
    job: &mut GoldJob<'_>,
    bronze: &CarriedTable,
    keys: KeySet,
    recompute: &dyn Recompute,
) -> Result<u64> {
    let key = job.table.key.clone();
    let rows = bronze.matching(&key, keys).await?;
    let Some(first) = rows.first() else {
        return Ok(0);
    };
    let rows = concat_batches(&first.schema(), &rows)?;
    let (base, lost) = recompute.recompute(&rows)?;
    job.rows.duplicates += lost;
    let finished = job.finish(&recompute.counted(&rows)?, &base)?;
    job.upsert(Upsert { rows: vec![finished], delete_missing: true, ..Upsert::default() }).await?;
    Ok(rows.num_rows() as u64)
}
