//! Facts whose dimension or price changed: exactly the rows that resolve differently are computed again.

use std::collections::BTreeSet;

use arrow::array::{ArrayRef, BooleanArray, RecordBatch};
use arrow::buffer::BooleanBuffer;
use arrow::compute::kernels::cmp::distinct;
use arrow::compute::{filter_record_batch, or};
use arrow::datatypes::Schema;
use futures::TryStreamExt;
use goldsmith_model::LookupKind;
use goldsmith_query::lookup::IndexChange;

use super::hold::Pending;
use super::index::Members;
use super::job::{GoldJob, Upsert};
use super::pipeline::{BoundLookup, column_arrays, lookup_inputs, lookup_instants, lookup_keys, resolve_in};
use super::read::CarriedTable;
use crate::error::{Error, Result};

/// Rows that are computed again at once at most; more gain nothing.
const ROWS_AT_ONCE: usize = 500_000;

/// A dimension that moved, and the version that the fact was built from.
pub(crate) type Moved<'a> = (&'a str, Option<u64>);

/// A look-up that may come out differently.
struct Stale {
    bound: BoundLookup,
    /// What changed in the dimension; none when that is not known, so that every row is looked up again.
    change: Option<IndexChange>,
}

/// Looks up `moved` dimensions again for the rows of the fact that this can concern, and computes again the rows for which the
/// outcome differs. The columns that this takes are read first, the others only of those rows: everything is in the fact itself.
pub(crate) async fn repair(job: &mut GoldJob<'_>, moved: &[Moved<'_>]) -> Result<()> {
    let stale = stale(job, moved).await?;
    if stale.is_empty() {
        return Ok(());
    }
    let base: Vec<String> = job.pipeline.base().fields().iter().map(|field| field.name().clone()).collect();
    let gold = CarriedTable::new(job.target.clone(), &[], &[])?;
    let looked_up =
        gold.narrow(&stale.iter().flat_map(looked_up).collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>())?;
    let bounds = bounds(&stale);
    let (schema, cancelled) = (job.pipeline.schema().clone(), job.ctx.cancel.clone());
    let differs = move |rows: &RecordBatch| {
        if cancelled.is_cancelled() { Err(Error::Cancelled) } else { differing(&stale, rows, &schema) }
    };
    let mut rows = Box::pin(gold.narrow(&base)?.accepted(looked_up.probe(differs), bounds).await?);
    let mut pending = Pending::default();
    loop {
        let next = rows.try_next().await;
        job.ctx.check()?;
        let Some(batch) = next? else { break };
        if pending.push(batch, ROWS_AT_ONCE, job.share) {
            recompute(job, pending.take()?).await?;
        }
    }
    recompute(job, pending.take()?).await
}

/// Columns of the fact that a look-up reads and writes.
fn looked_up(look_up: &Stale) -> Vec<String> {
    let lookup = &look_up.bound.lookup;
    let mut names = lookup_inputs(lookup);
    names.push(lookup.key_column.clone());
    names.extend(lookup.fetch.keys().cloned());
    names
}

/// The look-ups that the moved dimensions can change.
async fn stale(job: &GoldJob<'_>, moved: &[Moved<'_>]) -> Result<Vec<Stale>> {
    let mut stale = Vec::new();
    for bound in job.pipeline.lookups() {
        let Some((name, since)) = moved.iter().find(|(name, _)| *name == bound.lookup.dimension) else { continue };
        let former = match (job.ctx.model.gold.get(*name), since) {
            (Some(dimension), Some(since)) if matches!(bound.members, Some(Members::Indexed(_))) => {
                job.ctx.former_index(dimension, *since).await
            }
            _ => None,
        };
        let change = match (&bound.members, &former) {
            (Some(Members::Indexed(now)), Some(former)) => now.changes_since(former)?,
            _ => None,
        };
        if change.as_ref().is_none_or(|change| !change.is_empty()) {
            stale.push(Stale { bound: bound.clone(), change });
        }
    }
    Ok(stale)
}

/// From when on each look-up can come out differently; empty when one of them can at any time.
fn bounds(stale: &[Stale]) -> Vec<(String, i64)> {
    let bound = |look_up: &Stale| match &look_up.bound.lookup.kind {
        LookupKind::AsOf { as_of, .. } | LookupKind::Interval { as_of, .. } => {
            Some((as_of.clone(), look_up.change.as_ref()?.from()?))
        }
        LookupKind::Plain { .. } | LookupKind::Calendar { .. } => None,
    };
    stale.iter().map(bound).collect::<Option<Vec<_>>>().unwrap_or_default()
}

/// For each row whether it resolves differently now. All do, as far as can be told here, when the members of a dimension are not in
/// memory: they are compared when they are computed again.
fn differing(stale: &[Stale], batch: &RecordBatch, schema: &Schema) -> Result<BooleanArray> {
    if stale.iter().any(|look_up| matches!(look_up.bound.members, Some(Members::Probed(_)))) {
        return Ok(BooleanArray::new(BooleanBuffer::new_set(batch.num_rows()), None));
    }
    let none = BooleanArray::new(BooleanBuffer::new_unset(batch.num_rows()), None);
    let mut touched = none.clone();
    for Stale { bound, change } in stale {
        let mask = match (change, &bound.members) {
            (Some(change), Some(Members::Indexed(index))) => {
                index.touched(change, &lookup_keys(bound, batch)?, lookup_instants(bound, batch)?.as_ref())?
            }
            _ => BooleanArray::new(BooleanBuffer::new_set(batch.num_rows()), None),
        };
        touched = or(&touched, &mask)?;
    }
    if touched.true_count() == 0 {
        return Ok(none);
    }
    let rows = filter_record_batch(batch, &touched)?;
    let mut differs = BooleanArray::new(BooleanBuffer::new_unset(rows.num_rows()), None);
    for Stale { bound, .. } in stale {
        let index = match &bound.members {
            Some(Members::Indexed(index)) => Some(index.as_ref()),
            _ => None,
        };
        for (name, now, _) in resolve_in(bound, index, &rows, schema)? {
            let before: ArrayRef = column_arrays(&rows, std::slice::from_ref(&name))?.remove(0);
            differs = or(&differs, &distinct(&before, &now)?)?;
        }
    }
    let mut among_touched = differs.values().iter();
    let differs = touched.values().iter().map(|touched| touched && among_touched.next() == Some(true));
    Ok(BooleanArray::new(differs.collect(), None))
}

async fn recompute(job: &mut GoldJob<'_>, base: Option<RecordBatch>) -> Result<()> {
    let Some(base) = base else {
        return Ok(());
    };
    job.rows.repaired += base.num_rows() as u64;
    let finished = job.pipeline.finish(&base).await?;
    drop(base);
    job.upsert(Upsert { rows: vec![finished], ..Upsert::default() }).await
}
