//! Histories of SCD2 dimensions.

use arrow::array::{Array, AsArray, BooleanArray, RecordBatch, TimestampMicrosecondArray};
use goldsmith_lake::Table;
use goldsmith_model::GoldTable;
use goldsmith_query::columns::{IS_CURRENT, VALID_FROM, VALID_TO};
use goldsmith_query::order::group_rows;

use super::super::compare::identity;
use super::super::report::{Check, CheckName, Findings};
use super::super::rows::{by_key, distinct, micros, row_text, value_text};
use crate::context::RunContext;
use crate::error::Result;
use crate::gold::column_arrays;

/// Checks that the versions of each key tile time from the first one on.
pub(super) async fn versions(ctx: &RunContext, table: &GoldTable, held: &Table, limit: usize) -> Result<[Check; 4]> {
    let identity = identity(table);
    let columns = distinct(identity.iter().map(String::as_str).chain([VALID_TO, IS_CURRENT]));
    let mut found = Found {
        identity,
        forward: Findings::new(CheckName::VersionsForward, limit),
        contiguous: Findings::new(CheckName::VersionsContiguous, limit),
        one_current: Findings::new(CheckName::OneCurrentVersion, limit),
        flag: Findings::new(CheckName::CurrentFlag, limit),
    };
    by_key(ctx, held, &columns, &table.key, &mut |batch| {
        let timeline = Timeline {
            batch,
            from: micros(batch, VALID_FROM)?,
            to: micros(batch, VALID_TO)?,
            current: column_arrays(batch, &[IS_CURRENT.to_string()])?.remove(0).as_boolean().clone(),
        };
        for rows in group_rows(batch, &table.key)?.iter() {
            let mut rows: Vec<usize> = rows.iter().map(|row| *row as usize).collect();
            rows.sort_by_key(|row| timeline.from.value(*row));
            found.judge(&timeline, &rows)?;
        }
        Ok(())
    })
    .await?;
    let Found { forward, contiguous, one_current, flag, .. } = found;
    Ok([forward, contiguous, one_current, flag].map(Findings::into_check))
}

/// The bounds of the versions of a batch.
struct Timeline<'a> {
    batch: &'a RecordBatch,
    from: TimestampMicrosecondArray,
    to: TimestampMicrosecondArray,
    current: BooleanArray,
}

impl Timeline<'_> {
    fn end(&self, row: usize) -> Option<i64> {
        self.to.is_valid(row).then(|| self.to.value(row))
    }

    fn is_current(&self, row: usize) -> bool {
        self.current.is_valid(row) && self.current.value(row)
    }
}

struct Found {
    identity: Vec<String>,
    forward: Findings,
    contiguous: Findings,
    one_current: Findings,
    flag: Findings,
}

impl Found {
    /// Judges the versions of one key, in the order of their beginning.
    fn judge(&mut self, timeline: &Timeline<'_>, rows: &[usize]) -> Result<()> {
        let identity = &self.identity;
        let text = |row: usize| row_text(timeline.batch, identity, row);
        let end_text = |row: usize| -> Result<String> {
            let column = column_arrays(timeline.batch, &[VALID_TO.to_string()])?.remove(0);
            Ok(value_text(&column, row)?.unwrap_or_else(|| "open".into()))
        };
        for row in rows {
            if timeline.end(*row).is_some_and(|end| end <= timeline.from.value(*row)) {
                self.forward.add(|| -> Result<_> {
                    Ok((text(*row)?, format!("ends at {}, not after it begins", end_text(*row)?)))
                })?;
            }
            if timeline.is_current(*row) != timeline.end(*row).is_none() {
                self.flag.add(|| -> Result<_> {
                    let problem = format!("{IS_CURRENT} is {}, its end {}", timeline.is_current(*row), end_text(*row)?);
                    Ok((text(*row)?, problem))
                })?;
            }
        }
        for pair in rows.windows(2) {
            let (row, next) = (pair[0], pair[1]);
            let begins = timeline.from.value(next);
            if timeline.end(row) != Some(begins) {
                self.contiguous.add(|| -> Result<_> {
                    let what = if timeline.end(row).is_some_and(|end| end < begins) { "a gap" } else { "an overlap" };
                    Ok((text(row)?, format!("ends at {}, and leaves {what} to {}", end_text(row)?, text(next)?)))
                })?;
            }
        }
        let current = rows.iter().filter(|row| timeline.is_current(**row)).count();
        if current != 1 {
            self.one_current.add(|| -> Result<_> {
                let last = rows.last().copied().unwrap_or_default();
                Ok((text(last)?, format!("{current} of the {} versions of its key are current", rows.len())))
            })?;
        }
        Ok(())
    }
}
