//! Facts whose dimension or price changed: exactly the rows that resolve differently are computed again.

use std::collections::BTreeSet;

use arrow::array::{ArrayRef, BooleanArray, RecordBatch};
use arrow::compute::kernels::cmp::distinct;
use arrow::compute::{filter_record_batch, or};
use futures::TryStreamExt;
use goldsmith_model::LookupKind;
use goldsmith_query::lookup::IndexChange;
use goldsmith_query::order::KeySet;

use super::job::{GoldJob, Upsert};
use super::pipeline::{BoundLookup, column_arrays, lookup_inputs, lookup_keys, resolve};
use super::read::CarriedTable;
use crate::error::Result;

/// Rows that are computed again at once.
const ROWS_AT_ONCE: usize = 500_000;

/// A dimension that moved, and the version that the fact was built from.
pub(crate) type Moved<'a> = (&'a str, Option<u64>);

/// A look-up that may come out differently.
struct Stale<'a> {
    bound: &'a BoundLookup,
    /// What changed in the dimension; none when that is not known, so that every row is looked up again.
    change: Option<IndexChange>,
}

/// Looks up `moved` dimensions again for the rows of the fact that this can concern, reading just the columns that this
/// takes, and computes again the rows for which the outcome differs. Everything that this needs is in the fact itself.
pub(crate) async fn repair(job: &mut GoldJob<'_>, moved: &[Moved<'_>]) -> Result<()> {
    let key = job.table.key.clone();
    let gold = CarriedTable::new(job.target.clone(), &[], &[])?;
    let mut affected: Option<KeySet> = None;
    let mut batches = Vec::new();
    {
        let stale = stale(job, moved).await?;
        if stale.is_empty() {
            return Ok(());
        }
        let mut names: BTreeSet<String> = key.iter().cloned().collect();
        for look_up in &stale {
            names.extend(lookup_inputs(&look_up.bound.lookup));
            names.insert(look_up.bound.lookup.key_column.clone());
            names.extend(look_up.bound.lookup.fetch.keys().cloned());
        }
        let names: Vec<String> = names.into_iter().collect();
        let mut stream = Box::pin(gold.narrow(&names)?.stream_from(bounds(&stale)).await?);
        while let Some(batch) = stream.try_next().await? {
            job.ctx.check()?;
            let Some(hit) = differing(job, &batch, &stale)? else { continue };
            let keys = match affected.take() {
                Some(keys) => affected.insert(keys),
                None => affected.insert(KeySet::new(hit.schema_ref(), &key)?),
            };
            keys.insert_batch(&hit)?;
            if keys.len() >= ROWS_AT_ONCE {
                batches.extend(affected.take());
            }
        }
    }
    batches.extend(affected);
    for keys in batches {
        recompute(job, &gold, keys).await?;
    }
    Ok(())
}

/// The look-ups that the moved dimensions can change.
async fn stale<'a>(job: &'a GoldJob<'_>, moved: &[Moved<'_>]) -> Result<Vec<Stale<'a>>> {
    let mut stale = Vec::new();
    for bound in job.pipeline.lookups() {
        let Some((name, since)) = moved.iter().find(|(name, _)| *name == bound.lookup.dimension) else { continue };
        let former = match (job.ctx.model.gold.get(*name), since) {
            (Some(dimension), Some(since)) => job.ctx.former_index(dimension, *since).await,
            _ => None,
        };
        let change = match (&bound.index, &former) {
            (Some(now), Some(former)) => now.changes_since(former)?,
            _ => None,
        };
        if change.as_ref().is_none_or(|change| !change.is_empty()) {
            stale.push(Stale { bound, change });
        }
    }
    Ok(stale)
}

/// From when on each look-up can come out differently; empty when one of them can at any time.
fn bounds(stale: &[Stale<'_>]) -> Vec<(String, i64)> {
    let bound = |look_up: &Stale<'_>| match &look_up.bound.lookup.kind {
        LookupKind::AsOf { as_of, .. } | LookupKind::Interval { as_of, .. } => {
            Some((as_of.clone(), look_up.change.as_ref()?.from()?))
        }
        LookupKind::Plain { .. } | LookupKind::Calendar { .. } => None,
    };
    stale.iter().map(bound).collect::<Option<Vec<_>>>().unwrap_or_default()
}

/// The rows that resolve differently now, if there are any.
fn differing(job: &GoldJob<'_>, batch: &RecordBatch, stale: &[Stale<'_>]) -> Result<Option<RecordBatch>> {
    let mut touched: Option<BooleanArray> = None;
    for Stale { bound, change } in stale {
        let mask = match (change, &bound.index) {
            (Some(change), Some(index)) => index.touched(change, &lookup_keys(bound, batch)?)?,
            _ => BooleanArray::from(vec![true; batch.num_rows()]),
        };
        touched = Some(either(touched, mask)?);
    }
    let Some(touched) = touched.filter(|mask| mask.true_count() > 0) else { return Ok(None) };
    let rows = filter_record_batch(batch, &touched)?;
    let mut differs: Option<BooleanArray> = None;
    for Stale { bound, .. } in stale {
        for (name, now, _) in resolve(bound, &rows, job.pipeline.schema())? {
            let before: ArrayRef = column_arrays(&rows, std::slice::from_ref(&name))?.remove(0);
            differs = Some(either(differs, distinct(&before, &now)?)?);
        }
    }
    let Some(differs) = differs.filter(|mask| mask.true_count() > 0) else { return Ok(None) };
    Ok(Some(filter_record_batch(&rows, &differs)?))
}

fn either(left: Option<BooleanArray>, right: BooleanArray) -> Result<BooleanArray> {
    Ok(match left {
        Some(left) => or(&left, &right)?,
        None => right,
    })
}

async fn recompute(job: &mut GoldJob<'_>, gold: &CarriedTable, keys: KeySet) -> Result<()> {
    let key = job.table.key.clone();
    let base: Vec<String> = job.pipeline.base().fields().iter().map(|field| field.name().clone()).collect();
    let mut finished = Vec::new();
    for batch in gold.narrow(&base)?.matching(&key, keys).await? {
        job.rows.repaired += batch.num_rows() as u64;
        finished.push(job.pipeline.finish(&batch)?);
    }
    job.upsert(Upsert { rows: finished, ..Upsert::default() }).await
}
