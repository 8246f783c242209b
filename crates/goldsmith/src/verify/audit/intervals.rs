//! Interval references: half-open intervals of one key.

use arrow::array::Array;
use goldsmith_lake::Table;
use goldsmith_model::GoldTable;
use goldsmith_query::order::group_rows;

use super::super::report::{Check, CheckName, Findings};
use super::super::rows::{by_key, distinct, micros, row_text};
use crate::context::RunContext;
use crate::error::Result;

/// Checks that intervals end after they begin, and that no interval with an end reaches into a later one. One without
/// an end does not: a source may add the next one before it closes the last, and look-ups take the one that starts last.
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
        for rows in group_rows(batch, &key)?.iter() {
            let mut rows: Vec<usize> =
                rows.iter().map(|row| *row as usize).filter(|row| starts.is_valid(*row)).collect();
            rows.sort_by_key(|row| starts.value(*row));
            // An earlier interval can reach over several later ones.
            let mut reach: Option<(usize, i64)> = None;
            for row in rows {
                if let Some((before, _)) = reach.filter(|(_, until)| *until > starts.value(row)) {
                    disjoint.add(|| -> Result<_> {
                        let problem = format!("begins before the end of {}", row_text(batch, &shown, before)?);
                        Ok((row_text(batch, &shown, row)?, problem))
                    })?;
                }
                let Some(end) = ends.is_valid(row).then(|| ends.value(row)) else { continue };
                if end <= starts.value(row) {
                    forward.add(|| -> Result<_> {
                        Ok((row_text(batch, &shown, row)?, "ends not after it begins".into()))
                    })?;
                }
                if reach.is_none_or(|(_, until)| until < end) {
                    reach = Some((row, end));
                }
            }
        }
        Ok(())
    })
    .await?;
    Ok([forward.into_check(), disjoint.into_check()])
}
