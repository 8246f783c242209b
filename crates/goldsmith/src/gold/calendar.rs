//! The generated calendar: covers every date that a fact holds.

use std::collections::BTreeSet;

use arrow::compute::concat_batches;
use futures::TryStreamExt;
use goldsmith_model::LookupKind;
use goldsmith_query::calendar::{calendar, days as days_of};

use super::job::GoldJob;
use super::pipeline::column_arrays;
use super::read::CarriedTable;
use crate::error::Result;

/// Computes the calendar from the dates of all facts that look it up, and writes what differs.
pub(crate) async fn recompute(job: &mut GoldJob<'_>) -> Result<()> {
    let mut days: BTreeSet<i32> = BTreeSet::new();
    for fact in job.ctx.model.clone().gold.values() {
        for lookup in fact.dimensions.iter().filter(|lookup| lookup.dimension == job.table.name) {
            let (LookupKind::Calendar { date }, Some(table)) = (&lookup.kind, job.ctx.gold(&fact.name).await) else {
                continue;
            };
            let names = [date.clone()];
            let narrow = CarriedTable::new(table, &[], &[])?.narrow(&names)?;
            let mut stream = Box::pin(narrow.stream(None).await?);
            while let Some(batch) = stream.try_next().await? {
                job.ctx.check()?;
                days.extend(days_of(&column_arrays(&batch, &names)?[0])?.iter().flatten());
            }
        }
    }
    let days: Vec<i32> = days.into_iter().collect();
    let calendar = calendar(&days, job.ctx.model.project.fiscal_year_start_month)?;
    job.rows.read += calendar.num_rows() as u64;
    let calendar = job.pipeline.stamped(&calendar)?;
    let unknown = job.unknown_member()?;
    let rows = concat_batches(&calendar.schema(), [&unknown, &calendar])?;
    job.upsert_whole(rows).await
}
