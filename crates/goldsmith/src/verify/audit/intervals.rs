//! Interval references: half-open intervals of one key.

use arrow::array::Array;
use goldsmith_lake::Table;
use goldsmith_model::GoldTable;
use goldsmith_query::order::group_rows;

use super::super::report::{Check, CheckName, Findings};
use super::super::rows::{by_key, distinct, micros, row_text};
use crate::context::RunContext;
use crate::error::Result;

/// Checks that intervals end after they begin, and that those of one key do not overlap.
pub(super) async fn intervals(
    ctx: &RunContext,
    table: &GoldTable,
    held: &Table,
    (start, end): (&String, &String),
    limit: usize,
) -> Result<[Check; 2]> {
    let key: Vec<String> = table.key.iter().filter(|column| *column != start).cloned().collect();
    let columns = distinct(table.key.iter().chain([end]).map(String::as_str));
    let mut shown = table.key.clone();
    shown.push(end.clone());
    let mut forward = Findings::new(CheckName::IntervalsForward, limit);
    let mut disjoint = Findings::new(CheckName::IntervalsDisjoint, limit);
    by_key(ctx, held, &columns, &key, &mut |batch| {
        let (starts, ends) = (micros(batch, start)?, micros(batch, end)?);
        let end_of = |row: usize| ends.is_valid(row).then(|| ends.value(row));
        for rows in group_rows(batch, &key)?.iter() {
            let mut rows: Vec<usize> =
                rows.iter().map(|row| *row as usize).filter(|row| starts.is_valid(*row)).collect();
            rows.sort_by_key(|row| starts.value(*row));
            // An earlier interval can reach over several later ones.
            let mut reach: Option<(usize, Option<i64>)> = None;
            for row in rows {
                if end_of(row).is_some_and(|end| end <= starts.value(row)) {
                    forward.add(|| -> Result<_> {
                        Ok((row_text(batch, &shown, row)?, "ends not after it begins".into()))
                    })?;
                }
                if let Some((before, until)) = reach
                    && until.is_none_or(|until| until > starts.value(row))
                {
                    disjoint.add(|| -> Result<_> {
                        let problem = format!("begins before the end of {}", row_text(batch, &shown, before)?);
                        Ok((row_text(batch, &shown, row)?, problem))
                    })?;
                }
                reach = match (reach, end_of(row)) {
                    (Some((before, None)), _) => Some((before, None)),
                    (Some((before, Some(until))), Some(end)) if until >= end => Some((before, Some(until))),
                    (_, end) => Some((row, end)),
                };
            }
        }
        Ok(())
    })
    .await?;
    Ok([forward.into_check(), disjoint.into_check()])
}
