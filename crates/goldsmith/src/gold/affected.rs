//! Tables whose rows are functions of all bronze rows of a key: sliced runs and SCD2 timelines.
//!
//! What bronze gained names the affected keys; their rows are computed again from all of bronze. A whole build
//! goes over the keys in parts, so that memory follows the part and not the table.

use arrow::array::RecordBatch;
use futures::TryStreamExt;
use goldsmith_lake::TableWriter;
use goldsmith_query::memory::concat_owned;
use goldsmith_query::order::{KeySet, Part};

use super::hold::Held;
use super::job::{GoldJob, Upsert};
use super::latest::delta;
use super::read::{CarriedTable, Matching, written_by};
use crate::error::Result;

/// Bronze rows that one part of a whole build holds at most; more gain nothing.
const PART_ROWS: u64 = 1_500_000;

/// Keys that an incremental step recomputes at once; more gain nothing.
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
    let key = job.table.key.clone();
    let mut waiting = Part::at_least(bronze.table.num_rows().await?.div_ceil(PART_ROWS));
    let mut is_first = true;
    while let Some(part) = waiting.pop() {
        // Parts come out uneven; a little more than that is better than to halve them.
        let mut held = Held::new(job.share, &key, part, 2 * PART_ROWS as usize);
        // All rows pass by once, to be counted.
        let mut stream = bronze.part_of(&key, if is_first { Part::ALL } else { part }).await?;
        while let Some(batch) = stream.try_next().await? {
            held.push(job.entering(&batch, is_first)?)?;
        }
        drop(stream);
        is_first = false;
        let (rows, left) = held.finish()?;
        waiting.extend(left);
        let Some(rows) = rows else { continue };
        let finished = computed(job, rows, recompute).await?;
        writer.write(&finished).await?;
    }
    Ok(())
}

/// The gold rows of whole keys, and their books.
async fn computed(job: &mut GoldJob<'_>, rows: RecordBatch, recompute: &dyn Recompute) -> Result<RecordBatch> {
    let (base, lost) = recompute.recompute(&rows)?;
    job.rows.duplicates += lost;
    let counted = recompute.counted(&rows)?;
    drop(rows);
    job.finish(&counted, &base).await
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
        let is_enough = |keys: &KeySet| keys.len() >= KEYS_AT_ONCE || keys.bytes() >= job.share.keys();
        if affected.as_ref().is_some_and(is_enough)
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
    let mut count = 0;
    let mut waiting = vec![keys];
    while let Some(keys) = waiting.pop() {
        let rows = match bronze.matching(&key, keys, job.share).await? {
            Matching::Rows(rows) => rows,
            Matching::TooMany(halves) => {
                waiting.extend(*halves);
                continue;
            }
        };
        let Some(schema) = rows.first().map(RecordBatch::schema) else { continue };
        let rows = concat_owned(&schema, rows)?;
        count += rows.num_rows() as u64;
        let finished = computed(job, rows, recompute).await?;
        job.upsert(Upsert { rows: vec![finished], delete_missing: true, ..Upsert::default() }).await?;
    }
    Ok(count)
}
