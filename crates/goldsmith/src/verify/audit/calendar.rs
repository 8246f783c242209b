//! The calendar: every day from the first to the last one.

use std::collections::BTreeSet;

use futures::TryStreamExt;
use goldsmith_lake::Table;
use goldsmith_model::GoldTable;
use goldsmith_query::calendar::{calendar, days};

use super::super::report::{Check, CheckName, Findings};
use super::super::rows::{row_text, scan};
use crate::context::RunContext;
use crate::error::Result;
use crate::gold::column_arrays;

/// Checks that no day is missing between others. Dates far off are taken for errors of a source by the calendar itself,
/// which fills no days up to them.
pub(super) async fn contiguous(ctx: &RunContext, table: &GoldTable, held: &Table, limit: usize) -> Result<Check> {
    let mut found: BTreeSet<i32> = BTreeSet::new();
    let mut stream = Box::pin(scan(held, &table.key).await?);
    while let Some(batch) = stream.try_next().await? {
        ctx.check()?;
        for column in column_arrays(&batch, &table.key)? {
            found.extend(days(&column)?.iter().flatten());
        }
    }
    let given: Vec<i32> = found.iter().copied().collect();
    let full = calendar(&given, ctx.model.project.fiscal_year_start_month)?;
    let mut findings = Findings::new(CheckName::CalendarContiguous, limit);
    for column in column_arrays(&full, &table.key)? {
        for (row, day) in days(&column)?.iter().enumerate() {
            if day.is_some_and(|day| !found.contains(&day)) {
                findings.add(|| -> Result<_> {
                    Ok((row_text(&full, &table.key, row)?, "is missing between other days".into()))
                })?;
            }
        }
    }
    Ok(findings.into_check())
}
