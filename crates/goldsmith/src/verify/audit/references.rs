//! Keys of dimensions in facts.

use std::collections::HashSet;

use arrow::array::Array;
use futures::TryStreamExt;
use goldsmith_lake::Table;
use goldsmith_model::{GoldTable, Lookup, LookupKind};
use goldsmith_plan::{GoldPosition, InputName};
use goldsmith_query::columns::UNKNOWN_KEY;

use super::super::compare::identity;
use super::super::report::{Check, CheckName, CheckOutcome, Findings};
use super::super::rows::{distinct, row_text, scan};
use super::super::target::{Unusable, at, gold};
use super::keys::int64;
use crate::context::RunContext;
use crate::error::Result;
use crate::gold::read_position;

/// The surrogate keys that a look-up can have found.
struct Members<'a> {
    lookup: &'a Lookup,
    keys: HashSet<i64>,
}

/// Checks that every key of a dimension exists there, or is that of the unknown member. The dimensions are looked at as
/// they are, and those that a run moved on since as they were when the fact was built; a calendar once it covers the fact.
pub(super) async fn references(
    ctx: &RunContext,
    table: &GoldTable,
    held: &Table,
    position: &GoldPosition,
    limit: usize,
) -> Result<Check> {
    let mut all = Vec::new();
    let mut skipped = Vec::new();
    for lookup in &table.dimensions {
        match members(ctx, table, held, position, lookup).await? {
            Ok(keys) => all.push(Members { lookup, keys }),
            Err(reason) => skipped.push(format!("{}: {reason}", lookup.key_column)),
        }
    }
    let identity = identity(table);
    let own = all.iter().map(|members| members.lookup.key_column.as_str());
    let columns = distinct(identity.iter().map(String::as_str).chain(own));
    let mut findings = Findings::new(CheckName::ForeignKeys, limit);
    let mut stream = Box::pin(scan(held, &columns).await?);
    while let Some(batch) = stream.try_next().await? {
        ctx.check()?;
        for Members { lookup, keys } in &all {
            let found = int64(&batch, &lookup.key_column)?;
            for row in 0..found.len() {
                if found.is_valid(row) && (found.value(row) == UNKNOWN_KEY || keys.contains(&found.value(row))) {
                    continue;
                }
                findings.add(|| -> Result<_> {
                    let value = if found.is_null(row) { "null".into() } else { found.value(row).to_string() };
                    let problem = format!("{} {value} is not in {}", lookup.key_column, lookup.dimension);
                    Ok((row_text(&batch, &identity, row)?, problem))
                })?;
            }
        }
    }
    let mut check = findings.into_check();
    if !skipped.is_empty() {
        check.outcome = check.outcome.max(CheckOutcome::Skipped);
        check.reason = Some(format!("not checked are {}", skipped.join("; ")));
    }
    Ok(check)
}

/// The surrogate keys of a dimension, or why they cannot be told.
async fn members(
    ctx: &RunContext,
    table: &GoldTable,
    held: &Table,
    position: &GoldPosition,
    lookup: &Lookup,
) -> Result<Result<HashSet<i64>, String>> {
    let Some(dimension) = ctx.model.gold.get(&lookup.dimension) else {
        return Ok(Ok(HashSet::new()));
    };
    let name = InputName::Gold(dimension.name.clone());
    let stored = if matches!(lookup.kind, LookupKind::Calendar { .. }) {
        let Some(calendar) = gold(ctx, &dimension.name).await? else {
            return Ok(Err("the calendar is not there yet; `goldsmith run` builds it".into()));
        };
        let covered = read_position(&dimension.name, &calendar).await?;
        let own = InputName::Gold(table.name.clone()).to_string();
        let covered = covered.and_then(|position| position.inputs.get(&own).map(|input| input.version));
        let covered = match covered {
            Some(version) => Some(held.same_rows_until(version).await?),
            None => None,
        };
        if covered.is_none_or(|version| version < held.version()) {
            return Ok(Err("the calendar lies behind the fact; `goldsmith run` extends it".into()));
        }
        calendar
    } else {
        // A dimension that the fact does not record was not there, so that only the unknown member can be found.
        let Some(recorded) = position.inputs.get(&name.to_string()) else {
            return Ok(Ok(HashSet::new()));
        };
        match at(ctx, &name, recorded).await? {
            Ok(past) if past.is_behind => unless_moved(ctx, &dimension.name, past.table).await?,
            Ok(past) => past.table,
            Err(Unusable::Skip(reason) | Unusable::Fail(reason)) => return Ok(Err(reason)),
        }
    };
    let surrogate = dimension.surrogate_key();
    let mut keys = HashSet::new();
    let mut stream = Box::pin(scan(&stored, std::slice::from_ref(&surrogate)).await?);
    while let Some(batch) = stream.try_next().await? {
        keys.extend(int64(&batch, &surrogate)?.iter().flatten());
    }
    Ok(Ok(keys))
}

/// The dimension as it is, when it still records what it did in its `past`, so that no run has changed it.
async fn unless_moved(ctx: &RunContext, name: &str, past: Table) -> Result<Table> {
    match gold(ctx, name).await? {
        Some(now) if now.position().await? == past.position().await? => Ok(now),
        _ => Ok(past),
    }
}
