//! Facts whose dimension or price changed: exactly the rows that resolve differently are computed again.

use std::collections::BTreeSet;

use arrow::array::{ArrayRef, BooleanArray, RecordBatch};
use arrow::compute::kernels::cmp::distinct;
use arrow::compute::{filter_record_batch, or};
use futures::TryStreamExt;

use goldsmith_query::order::KeySet;

use super::job::{GoldJob, Upsert};
use super::pipeline::{column_arrays, lookup_inputs, resolve};
use super::read::CarriedTable;
use crate::error::Result;

/// Rows that are computed again at once.
const ROWS_AT_ONCE: usize = 500_000;

/// Looks up `dimensions` again for all rows of the fact, reading just the columns that this takes, and
/// computes again the rows for which the outcome differs. Everything that this needs is in the fact itself.
pub(crate) async fn repair(job: &mut GoldJob<'_>, dimensions: &[&str]) -> Result<()> {
    let gold = CarriedTable::new(job.target.clone(), &[], &[])?;
    let mut names: BTreeSet<String> = job.table.key.iter().cloned().collect();
    for bound in job.pipeline.lookups() {
        if dimensions.contains(&bound.lookup.dimension.as_str()) {
            names.extend(lookup_inputs(&bound.lookup));
            names.insert(bound.lookup.key_column.clone());
            names.extend(bound.lookup.fetch.keys().cloned());
        }
    }
    let names: Vec<String> = names.into_iter().collect();
    let key = job.table.key.clone();
    let mut affected: Option<KeySet> = None;
    let mut stream = Box::pin(gold.narrow(&names)?.stream(None).await?);
    while let Some(batch) = stream.try_next().await? {
        job.ctx.check()?;
        let Some(mask) = differs(job, &batch, dimensions)? else { continue };
        if mask.true_count() == 0 {
            continue;
        }
        let hit = filter_record_batch(&batch, &mask)?;
        match &mut affected {
            Some(keys) => {
                keys.insert_batch(&hit)?;
            }
            None => {
                let mut keys = KeySet::new(hit.schema_ref(), &key)?;
                keys.insert_batch(&hit)?;
                affected = Some(keys);
            }
        }
        if affected.as_ref().is_some_and(|keys| keys.len() >= ROWS_AT_ONCE)
            && let Some(keys) = affected.take()
        {
            recompute(job, &gold, keys).await?;
        }
    }
    if let Some(keys) = affected {
        recompute(job, &gold, keys).await?;
    }
    Ok(())
}

/// Which rows resolve differently now; none when no look-up goes to `dimensions`.
fn differs(job: &GoldJob<'_>, batch: &RecordBatch, dimensions: &[&str]) -> Result<Option<BooleanArray>> {
    let mut mask: Option<BooleanArray> = None;
    for bound in job.pipeline.lookups() {
        if !dimensions.contains(&bound.lookup.dimension.as_str()) {
            continue;
        }
        for (name, now, _) in resolve(bound, batch, job.pipeline.schema())? {
            let before: ArrayRef = column_arrays(batch, std::slice::from_ref(&name))?.remove(0);
            let changed = distinct(&before, &now)?;
            mask = Some(match mask {
                Some(mask) => or(&mask, &changed)?,
                None => changed,
            });
        }
    }
    Ok(mask)
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
