//! Surrogate keys of dimensions, and their unknown members.

use arrow::array::{Array, Int64Array, RecordBatch};
use goldsmith_lake::Table;
use goldsmith_model::{GoldKind, GoldTable};
use goldsmith_query::calendar::date_key;
use goldsmith_query::columns::UNKNOWN_KEY;
use goldsmith_query::order::group_rows;
use goldsmith_query::surrogate::surrogate_key;

use super::super::compare::identity;
use super::super::report::{Check, CheckName, Findings};
use super::super::rows::{by_key, distinct, row_text};
use super::keys::int64;
use crate::context::RunContext;
use crate::error::Result;
use crate::gold::column_arrays;

/// Checks that surrogate keys are there once and follow from the business key, and the unknown member.
pub(super) async fn surrogates(ctx: &RunContext, table: &GoldTable, held: &Table, limit: usize) -> Result<[Check; 3]> {
    let surrogate = table.surrogate_key();
    let identity = identity(table);
    let columns = distinct(identity.iter().map(String::as_str).chain([surrogate.as_str()]));
    let own = [surrogate.clone()];
    let mut unique = Findings::new(CheckName::SurrogateKeyUnique, limit);
    let mut deterministic = Findings::new(CheckName::SurrogateKeyDeterministic, limit);
    let mut unknown_members = 0_u64;
    by_key(ctx, held, &columns, &own, &mut |batch| {
        let found = int64(batch, &surrogate)?;
        for rows in group_rows(batch, &own)?.iter() {
            let first = rows.first().copied().unwrap_or_default() as usize;
            if is_unknown(&found, first) {
                unknown_members += rows.len() as u64;
            } else if rows.len() > 1 {
                unique.count(rows.len() as u64 - 2);
                unique.add(|| -> Result<_> {
                    Ok((row_text(batch, &identity, first)?, format!("{surrogate} is there {} times", rows.len())))
                })?;
            }
        }
        let expected = computed(table, batch, &identity)?;
        for row in 0..batch.num_rows() {
            if !is_unknown(&found, row) && (found.is_null(row) || found.value(row) != expected.value(row)) {
                deterministic.add(|| -> Result<_> {
                    let found = if found.is_null(row) { "null".into() } else { found.value(row).to_string() };
                    let problem = format!("{surrogate} is {found}, from its key follows {}", expected.value(row));
                    Ok((row_text(batch, &identity, row)?, problem))
                })?;
            }
        }
        Ok(())
    })
    .await?;
    let mut unknown = Findings::new(CheckName::UnknownMember, limit);
    if unknown_members != 1 {
        unknown.add(|| -> Result<_> {
            let problem = format!("the unknown member must be there once, and is {unknown_members} times");
            Ok((format!("{surrogate}={UNKNOWN_KEY}"), problem))
        })?;
    }
    Ok([unique.into_check(), deterministic.into_check(), unknown.into_check()])
}

fn is_unknown(surrogates: &Int64Array, row: usize) -> bool {
    surrogates.is_valid(row) && surrogates.value(row) == UNKNOWN_KEY
}

/// The surrogate keys that follow from the business keys; those of a calendar from the date.
fn computed(table: &GoldTable, batch: &RecordBatch, identity: &[String]) -> Result<Int64Array> {
    let parts = column_arrays(batch, identity)?;
    match (&table.kind, parts.first()) {
        (GoldKind::Calendar(_), Some(date)) => Ok(date_key(date)?),
        _ => Ok(surrogate_key(&parts)?),
    }
}
