//! Tables with one row per key, the latest version: event facts, SCD1 dimensions, interval references.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{BooleanArray, RecordBatch, UInt64Array};
use arrow::compute::{concat_batches, filter_record_batch, not, take_record_batch};
use arrow::error::ArrowError;
use futures::TryStreamExt;
use goldsmith_lake::{Added, Preference};
use goldsmith_model::{GoldKind, SourceName};
use goldsmith_query::columns;
use goldsmith_query::order::{KeyHasher, KeySet, latest_per_key, outranks};

use super::job::{GoldJob, Upsert};
use super::read::{CarriedTable, written_by};
use crate::error::{Error, Result};

/// Rows of new input that are held in memory at once.
const CHUNK_ROWS: usize = 1_000_000;

fn source_of(job: &GoldJob<'_>) -> Result<(SourceName, Option<String>)> {
    match &job.table.kind {
        GoldKind::EventFact { source, sequence_by }
        | GoldKind::Scd1 { source, sequence_by }
        | GoldKind::Interval { source, sequence_by, .. } => Ok((source.clone(), sequence_by.clone())),
        _ => Err(Error::Internal(format!("`{}` has no latest version", job.table.name))),
    }
}

/// What decides which version of a key is the latest, most significant first; the content decides the rest.
/// Without a sequence the last delivered wins.
fn newest_first(sequence_by: Option<&String>) -> Vec<String> {
    match sequence_by {
        Some(column) => vec![column.clone()],
        None => vec![columns::INGESTED_AT.into(), columns::SOURCE_VERSION.into()],
    }
}

/// Builds the table from all of bronze. The keys are read first: rows whose key occurs once stream through,
/// only those of repeated keys are held and compared.
pub(crate) async fn rebuild(job: &mut GoldJob<'_>) -> Result<()> {
    let (source, sequence_by) = source_of(job)?;
    let mut writer = job.writer()?;
    if job.table.is_dimension() {
        writer.write(&job.unknown_member()?).await?;
    }
    let Some(bronze) = job.bronze(&source).await? else {
        return job.replace(writer).await;
    };
    let hasher = KeyHasher::default();
    let repeated = repeated_hashes(&bronze, &job.table.key, &hasher).await?;
    let mut held = Vec::new();
    let mut stream = Box::pin(bronze.stream(None).await?);
    while let Some(batch) = stream.try_next().await? {
        job.progress(batch.num_rows())?;
        let batch = job.identified(&batch)?;
        let hashes = hasher.hash(&batch, &job.table.key)?;
        let mask: BooleanArray = hashes.iter().map(|hash| Some(repeated.contains(hash))).collect();
        if mask.true_count() > 0 {
            held.push(filter_record_batch(&batch, &mask)?);
        }
        if mask.true_count() < batch.num_rows() {
            let single = filter_record_batch(&batch, &not(&mask)?)?;
            writer.write(&job.finish(&single, &single)?).await?;
        }
    }
    if let Some(first) = held.first() {
        let held = concat_batches(&first.schema(), &held)?;
        let winners = latest_per_key(&held, &job.table.key, &newest_first(sequence_by.as_ref()))?;
        job.rows.duplicates += (held.num_rows() - winners.len()) as u64;
        for chunk in chunks(&held, &winners)? {
            writer.write(&job.finish(&chunk, &chunk)?).await?;
        }
    }
    job.replace(writer).await?;
    job.flush_quarantine(&source).await
}

/// Hashes of keys that may occur more than once. A hash shared by two keys only costs a comparison.
async fn repeated_hashes(bronze: &CarriedTable, key: &[String], hasher: &KeyHasher) -> Result<HashSet<u64>> {
    let mut seen = HashSet::new();
    let mut repeated = HashSet::new();
    let mut stream = Box::pin(bronze.narrow(key)?.stream(None).await?);
    while let Some(batch) = stream.try_next().await? {
        for hash in hasher.hash(&batch, key)? {
            if !seen.insert(hash) {
                repeated.insert(hash);
            }
        }
    }
    Ok(repeated)
}

/// The rows at `indices` in batches of moderate size.
fn chunks(batch: &RecordBatch, indices: &UInt64Array) -> Result<Vec<RecordBatch>> {
    const ROWS: usize = 65_536;
    let mut out = Vec::new();
    let mut start = 0;
    while start < indices.len() {
        let length = ROWS.min(indices.len() - start);
        out.push(take_record_batch(batch, &indices.slice(start, length))?);
        start += length;
    }
    Ok(out)
}

/// Takes over what bronze gained since version `since`.
pub(crate) async fn incremental(job: &mut GoldJob<'_>, since: Option<u64>) -> Result<()> {
    let (source, sequence_by) = source_of(job)?;
    let Some(bronze) = job.bronze(&source).await? else {
        return Ok(());
    };
    let (files, run_ids) = match delta(&bronze, since).await? {
        Some(delta) => delta,
        None => return rebuild(job).await,
    };
    let mut pending: Vec<RecordBatch> = Vec::new();
    let mut rows = 0;
    let mut stream = Box::pin(bronze.stream(Some(files)).await?);
    while let Some(batch) = stream.try_next().await? {
        let batch = written_by(&batch, run_ids.as_ref())?;
        job.progress(batch.num_rows())?;
        let batch = job.identified(&batch)?;
        rows += batch.num_rows();
        pending.push(batch);
        // Chunks may be merged one after the other, because taking the greater of two versions is associative
        // and commutative. They are staged: one commit makes all of them visible.
        if rows >= CHUNK_ROWS {
            merge(job, &bronze, std::mem::take(&mut pending), sequence_by.as_ref()).await?;
            rows = 0;
        }
    }
    merge(job, &bronze, pending, sequence_by.as_ref()).await?;
    job.flush_quarantine(&source).await
}

/// Files that bronze gained since a version, and the runs that wrote their new rows when all are known; none when the log does not
/// tell any more.
pub(crate) async fn delta(
    bronze: &CarriedTable,
    since: Option<u64>,
) -> Result<Option<(Vec<String>, Option<HashSet<String>>)>> {
    let Some(since) = since else {
        return Ok(None);
    };
    match bronze.table.added_since(since).await? {
        Added::Known { files, run_ids } => Ok(Some((files.into_iter().map(|file| file.path).collect(), run_ids))),
        Added::Unknown => Ok(None),
    }
}

/// Merges new rows with what gold holds of their keys.
async fn merge(
    job: &mut GoldJob<'_>,
    bronze: &CarriedTable,
    rows: Vec<RecordBatch>,
    sequence_by: Option<&String>,
) -> Result<()> {
    let Some(first) = rows.first() else {
        return Ok(());
    };
    let key = job.table.key.clone();
    let rows = concat_batches(&first.schema(), &rows)?;
    let delivered = rows.num_rows();
    let order = newest_first(sequence_by);
    let (all, preference) = if sequence_by.is_some() {
        (rows, Some(later_than(job, order.clone())))
    } else {
        // The order of deliveries is not carried to gold, so all versions are read from bronze again.
        let mut keys = KeySet::new(rows.schema_ref(), &key)?;
        keys.insert_batch(&rows)?;
        let all = bronze.matching(&key, keys).await?;
        (concat_batches(&rows.schema(), &all)?, None)
    };
    let winners = take_record_batch(&all, &latest_per_key(&all, &key, &order)?)?;
    job.rows.duplicates += (all.num_rows() - winners.num_rows()) as u64;
    job.rows.count_again(delivered as u64, all.num_rows() as u64);
    if winners.num_rows() == 0 {
        return Ok(());
    }
    let finished = job.finish(&winners, &winners)?;
    job.upsert(Upsert { rows: vec![finished], preference, ..Upsert::default() }).await
}

/// Keeps the version that gold holds when it is the later one. Gold carries every column that the total order reads, so
/// the comparison is the same as among all versions of bronze.
fn later_than(job: &GoldJob<'_>, order: Vec<String>) -> Preference {
    let key = job.table.key.clone();
    let base: Vec<String> = job.pipeline.base().fields().iter().map(|field| field.name().clone()).collect();
    let held_stays = move |held: &RecordBatch, new: &RecordBatch| {
        let base_of = |batch: &RecordBatch| {
            let indices = base.iter().map(|name| batch.schema_ref().index_of(name)).collect::<Result<Vec<_>, _>>()?;
            batch.project(&indices)
        };
        outranks(&base_of(held)?, &base_of(new)?, &key, &order)
            .map_err(|error| ArrowError::ExternalError(Box::new(error)))
    };
    Preference { columns: Vec::new(), held_stays: Arc::new(held_stays) }
}
