//! Business and natural keys.

use arrow::array::{Array, Int64Array, RecordBatch};
use goldsmith_lake::Table;
use goldsmith_model::GoldTable;
use goldsmith_query::columns::UNKNOWN_KEY;
use goldsmith_query::order::group_rows;

use super::super::compare::identity;
use super::super::report::{Check, CheckName, Findings};
use super::super::rows::{by_key, distinct, row_text};
use crate::context::RunContext;
use crate::error::{Error, Result};
use crate::gold::column_arrays;

/// Checks that keys are there once, and that they are not null.
pub(super) async fn keys(ctx: &RunContext, table: &GoldTable, held: &Table, limit: usize) -> Result<[Check; 2]> {
    let identity = identity(table);
    let surrogate = table.surrogate_key();
    let mut columns = distinct(identity.iter().map(String::as_str));
    if table.is_dimension() {
        columns.push(surrogate.clone());
    }
    let mut unique = Findings::new(CheckName::KeyUnique, limit);
    let mut not_null = Findings::new(CheckName::KeyNotNull, limit);
    by_key(ctx, held, &columns, &identity, &mut |batch| {
        for rows in group_rows(batch, &identity)?.iter().filter(|rows| rows.len() > 1) {
            unique.count(rows.len() as u64 - 2);
            unique.add(|| -> Result<_> {
                let first = rows.first().copied().unwrap_or_default() as usize;
                Ok((row_text(batch, &identity, first)?, format!("is there {} times", rows.len())))
            })?;
        }
        let members = if table.is_dimension() { Some(int64(batch, &surrogate)?) } else { None };
        let parts = column_arrays(batch, &table.key)?;
        for row in 0..batch.num_rows() {
            let bad = match &members {
                Some(surrogates) => surrogates.value(row) != UNKNOWN_KEY && parts.iter().any(|part| part.is_null(row)),
                None => parts.iter().all(|part| part.is_null(row)),
            };
            if bad {
                not_null.add(|| -> Result<_> {
                    Ok((row_text(batch, &identity, row)?, "cannot be identified: its key is null".into()))
                })?;
            }
        }
        Ok(())
    })
    .await?;
    Ok([unique.into_check(), not_null.into_check()])
}

/// A column of surrogate keys.
pub(super) fn int64(batch: &RecordBatch, name: &str) -> Result<Int64Array> {
    let column = column_arrays(batch, &[name.to_string()])?.remove(0);
    column
        .as_any()
        .downcast_ref::<Int64Array>()
        .cloned()
        .ok_or_else(|| Error::Internal(format!("the surrogate key `{name}` is a {}", column.data_type())))
}
