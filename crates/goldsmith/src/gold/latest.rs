//! Tables with one row per key, the latest version: event facts, SCD1 dimensions, interval references.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::{filter_record_batch, not, take_record_batch};
use arrow::error::ArrowError;
use futures::TryStreamExt;
use goldsmith_lake::{Added, Preference, TableWriter};
use goldsmith_model::{GoldKind, SourceName};
use goldsmith_query::columns;
use goldsmith_query::memory::concat_owned;
use goldsmith_query::order::{KeyHasher, KeySet, Part, latest_per_key, outranks};

use super::hold::{Held, Pending, pieces};
use super::job::{GoldJob, Upsert};
use super::read::{CarriedTable, Matching, written_by};
use crate::error::{Error, Result};

/// Rows of new input that are merged at once at most; more gain nothing.
const CHUNK_ROWS: usize = 1_000_000;

/// Winners that are finished and written at once.
const WRITTEN_AT_ONCE: usize = 65_536;

/// What the hash of a key costs in the sets of those that were seen, with the reserve of a set that grows.
const HASH_BYTES: u64 = 36;

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
/// only those of repeated keys are held and compared. What does not fit is done part of the keys by part.
pub(crate) async fn rebuild(job: &mut GoldJob<'_>) -> Result<()> {
    let (source, sequence_by) = source_of(job)?;
    let mut writer = job.writer()?;
    if job.table.is_dimension() {
        writer.write(&job.unknown_member()?).await?;
    }
    let Some(bronze) = job.bronze(&source).await? else {
        return job.replace(writer).await;
    };
    let order = newest_first(sequence_by.as_ref());
    let hashes = bronze.table.num_rows().await?.saturating_mul(HASH_BYTES);
    let mut is_first = true;
    for part in Part::at_least(hashes.div_ceil(job.share.keys())) {
        rebuild_part(job, &bronze, part, &order, &mut writer, is_first).await?;
        is_first = false;
    }
    job.flush_quarantine(&source).await?;
    job.replace(writer).await
}

/// Builds the keys of one part. All rows pass by with the first part, to be counted.
async fn rebuild_part(
    job: &mut GoldJob<'_>,
    bronze: &CarriedTable,
    part: Part,
    order: &[String],
    writer: &mut TableWriter,
    mut is_first: bool,
) -> Result<()> {
    let key = job.table.key.clone();
    let hasher = KeyHasher::default();
    let repeated = repeated_hashes(bronze, &key, &hasher, part).await?;
    let mut waiting = vec![part];
    let mut are_singles_written = false;
    while let Some(held_part) = waiting.pop() {
        let mut held = Held::new(job.share, &key, held_part, usize::MAX);
        let mut stream = bronze.part_of(&key, if is_first { Part::ALL } else { held_part }).await?;
        while let Some(batch) = stream.try_next().await? {
            let batch = job.entering(&batch, is_first)?;
            let hashes = hasher.hash(&batch, &key)?;
            let mask: BooleanArray = hashes.iter().map(|hash| Some(repeated.contains(hash))).collect();
            if mask.true_count() > 0 {
                held.push(filter_record_batch(&batch, &mask)?)?;
            }
            if are_singles_written || mask.true_count() == batch.num_rows() {
                continue;
            }
            let mask = if part.is_all() {
                not(&mask)?
            } else {
                hashes.iter().map(|hash| Some(part.has(*hash) && !repeated.contains(hash))).collect()
            };
            let single = filter_record_batch(&batch, &mask)?;
            writer.write(&job.finish(&single, &single).await?).await?;
        }
        drop(stream);
        (is_first, are_singles_written) = (false, true);
        let (rows, left) = held.finish()?;
        waiting.extend(left);
        let Some(rows) = rows else { continue };
        let winners = latest_per_key(&rows, &key, order)?;
        job.rows.duplicates += (rows.num_rows() - winners.len()) as u64;
        let mut start = 0;
        while start < winners.len() {
            let length = WRITTEN_AT_ONCE.min(winners.len() - start);
            let chunk = take_record_batch(&rows, &winners.slice(start, length))?;
            writer.write(&job.finish(&chunk, &chunk).await?).await?;
            start += length;
        }
    }
    Ok(())
}

/// Hashes of keys of a part that may occur more than once. A hash shared by two keys only costs a comparison.
async fn repeated_hashes(
    bronze: &CarriedTable,
    key: &[String],
    hasher: &KeyHasher,
    part: Part,
) -> Result<HashSet<u64>> {
    let mut seen = HashSet::new();
    let mut repeated = HashSet::new();
    let mut stream = Box::pin(bronze.narrow(key)?.stream(None).await?);
    while let Some(batch) = stream.try_next().await? {
        for hash in hasher.hash(&batch, key)? {
            if part.has(hash) && !seen.insert(hash) {
                repeated.insert(hash);
            }
        }
    }
    Ok(repeated)
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
    let mut pending = Pending::default();
    let mut stream = Box::pin(bronze.stream(Some(files)).await?);
    while let Some(batch) = stream.try_next().await? {
        let batch = written_by(&batch, run_ids.as_ref())?;
        job.progress(batch.num_rows())?;
        let batch = job.identified(&batch)?;
        // Chunks may be merged one after the other, because taking the greater of two versions is associative
        // and commutative. They are staged: one commit makes all of them visible.
        for piece in pieces(&batch, job.share) {
            if pending.push(piece, CHUNK_ROWS, job.share) {
                merge(job, &bronze, pending.take()?, sequence_by.as_ref()).await?;
            }
        }
    }
    merge(job, &bronze, pending.take()?, sequence_by.as_ref()).await?;
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
        Added::Known { files, run_ids, .. } => Ok(Some((files.into_iter().map(|file| file.path).collect(), run_ids))),
        Added::Unknown => Ok(None),
    }
}

/// Merges new rows with what gold holds of their keys.
async fn merge(
    job: &mut GoldJob<'_>,
    bronze: &CarriedTable,
    rows: Option<RecordBatch>,
    sequence_by: Option<&String>,
) -> Result<()> {
    let Some(rows) = rows else {
        return Ok(());
    };
    let key = job.table.key.clone();
    let order = newest_first(sequence_by);
    if sequence_by.is_some() && job.table.exclude.is_empty() {
        let preference = Some(later_than(job, order.clone()));
        return settle(job, rows, &order, preference).await;
    }
    // Gold does not carry the order of deliveries, or not every column by which bronze chose, so all versions are read from there.
    let (schema, delivered) = (rows.schema(), rows.num_rows());
    let mut keys = KeySet::new(&schema, &key)?;
    keys.insert_batch(&rows)?;
    drop(rows);
    let mut versions = 0;
    let mut waiting = vec![keys];
    while let Some(keys) = waiting.pop() {
        match bronze.matching(&key, keys, job.share).await? {
            Matching::TooMany(halves) => waiting.extend(*halves),
            Matching::Rows(all) => {
                let all = concat_owned(&schema, all)?;
                versions += all.num_rows();
                settle(job, all, &order, None).await?;
            }
        }
    }
    job.rows.count_again(delivered as u64, versions as u64);
    Ok(())
}

/// Upserts the latest of the given versions of each key.
async fn settle(
    job: &mut GoldJob<'_>,
    all: RecordBatch,
    order: &[String],
    preference: Option<Preference>,
) -> Result<()> {
    let winners = take_record_batch(&all, &latest_per_key(&all, &job.table.key, order)?)?;
    job.rows.duplicates += (all.num_rows() - winners.num_rows()) as u64;
    drop(all);
    if winners.num_rows() == 0 {
        return Ok(());
    }
    let finished = job.finish(&winners, &winners).await?;
    drop(winners);
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
