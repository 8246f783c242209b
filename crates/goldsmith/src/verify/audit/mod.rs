//! What the model promises of stored rows, checked on gold alone.

mod calendar;
mod files;
mod intervals;
mod keys;
mod references;
mod surrogates;
mod versions;

use goldsmith_lake::Table;
use goldsmith_model::{GoldKind, GoldTable};
use goldsmith_plan::GoldPosition;

use super::report::{Check, CheckName};
use crate::context::RunContext;
use crate::error::Result;

/// What the audits of one table found.
pub(super) struct Audited {
    /// Rows of the table, counted.
    pub(super) rows: u64,
    /// The checks.
    pub(super) checks: Vec<Check>,
}

/// Audits a gold table as its model says. `limit` offending rows of each check are shown. Without a position it is not known which
/// versions of the dimensions look-ups went to.
pub(super) async fn audit(
    ctx: &RunContext,
    table: &GoldTable,
    held: &Table,
    position: Option<&GoldPosition>,
    limit: usize,
) -> Result<Audited> {
    let (rows, statistics) = files::statistics(ctx, table, held, limit).await?;
    let mut checks = vec![statistics];
    checks.extend(keys::keys(ctx, table, held, limit).await?);
    if table.is_dimension() {
        checks.extend(surrogates::surrogates(ctx, table, held, limit).await?);
    }
    match &table.kind {
        GoldKind::Scd2 { .. } => checks.extend(versions::versions(ctx, table, held, limit).await?),
        GoldKind::Interval { start, end, .. } => {
            checks.extend(intervals::intervals(ctx, table, held, (start, end), limit).await?);
        }
        GoldKind::Calendar(_) => checks.push(calendar::contiguous(ctx, table, held, limit).await?),
        _ => {}
    }
    if !table.dimensions.is_empty() {
        checks.push(match position {
            Some(position) => references::references(ctx, table, held, position, limit).await?,
            None => {
                let reason = "it is not told which versions of the dimensions were looked up";
                Check::skipped(CheckName::ForeignKeys, reason)
            }
        });
    }
    Ok(Audited { rows, checks })
}
