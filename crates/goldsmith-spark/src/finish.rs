//! From base rows to rows of the table: derived columns, surrogate key, look-ups, unknown member, audit columns.

use std::collections::{HashMap, HashSet};

use goldsmith_model::GoldKind;
use goldsmith_query::QueryError;
use goldsmith_query::columns::{IS_CURRENT, IS_DELETED, LOADED_AT, RUN_ID, UNKNOWN_KEY, VALID_FROM};
use goldsmith_query::expression::{LogicalExpression, logical_derived};

use crate::carried::aliased;
use crate::chain::{Chain, listed};
use crate::context::TableContext;
use crate::error::Result;
use crate::expression::translate;
use crate::lookup;
use crate::names::identifier;
use crate::script::RUN;
use crate::surrogate;

/// Adds the steps after the base rows, and returns the select that yields the rows of the table in the order of its
/// columns, the unknown member included when `with_unknown`.
pub(crate) fn finish(context: &TableContext<'_>, chain: &mut Chain, with_unknown: bool) -> Result<String> {
    let table = context.table;
    let visible = context.visible()?;
    let expressions = logical_derived(&visible, &table.derived).map_err(|errors| QueryError::Expression { errors })?;
    let mut renamed: HashMap<String, String> = HashMap::new();
    let (before, after) = split(context, expressions);
    derive(context, chain, "derived", before, &mut renamed)?;
    if table.is_dimension() && !matches!(table.kind, GoldKind::Calendar(_)) {
        key(context, chain, &renamed);
    }
    if !table.dimensions.is_empty() {
        look_up(context, chain)?;
    }
    derive(context, chain, "priced", after, &mut renamed)?;
    let rows = select(context, &renamed, chain.last());
    if !(with_unknown && table.is_dimension()) {
        return Ok(rows);
    }
    Ok(format!("{rows}\nunion all\n-- The unknown member.\n{}", unknown(context)))
}

/// Those expressions that need no look-up, and those that do.
fn split(
    context: &TableContext<'_>,
    expressions: Vec<LogicalExpression>,
) -> (Vec<LogicalExpression>, Vec<LogicalExpression>) {
    let mut waits: HashSet<String> = context
        .table
        .dimensions
        .iter()
        .flat_map(|lookup| lookup.fetch.keys().chain([&lookup.key_column]))
        .cloned()
        .collect();
    let mut before = Vec::new();
    let mut after = Vec::new();
    for expression in expressions {
        if expression.columns.iter().any(|column| *column != expression.name && waits.contains(column)) {
            waits.insert(expression.name.clone());
            after.push(expression);
        } else {
            before.push(expression);
        }
    }
    (before, after)
}

/// Adds derived columns, in as many steps as they build on each other.
fn derive(
    context: &TableContext<'_>,
    chain: &mut Chain,
    name: &str,
    mut expressions: Vec<LogicalExpression>,
    renamed: &mut HashMap<String, String>,
) -> Result<()> {
    let base: HashSet<String> = context.base()?.into_iter().map(|column| column.name).collect();
    let mut round = 0;
    while !expressions.is_empty() {
        round += 1;
        let waiting: HashSet<String> = expressions.iter().map(|expression| expression.name.clone()).collect();
        let (ready, later): (Vec<_>, Vec<_>) = expressions.into_iter().partition(|expression| {
            expression.columns.iter().all(|column| *column == expression.name || !waiting.contains(column))
        });
        let mut items = Vec::with_capacity(ready.len());
        let mut helpers: Vec<(String, String)> = Vec::new();
        let mut replaced = Vec::new();
        for expression in &ready {
            let translated = translate(&context.table.name, expression, renamed)?;
            helpers.extend(translated.helpers);
            // A column that replaces one of the base stands beside it, since a step keeps what it has.
            let own = if base.contains(&expression.name) {
                replaced.push(expression.name.clone());
                format!("_derived_{}", expression.name)
            } else {
                expression.name.clone()
            };
            items.push(aliased(&translated.sql, &own));
        }
        let step = |part: &str| {
            let number = if round > 1 { format!("_{round}") } else { String::new() };
            format!("{name}{part}{number}")
        };
        add_helpers(chain, &step("_parts"), helpers);
        let from = chain.last().to_owned();
        items.insert(0, "*".to_owned());
        chain.push(step(""), "Derived columns.", format!("select\n{}\nfrom {from}", listed(&items)));
        for column in replaced {
            renamed.insert(column.clone(), format!("_derived_{column}"));
        }
        expressions = later;
    }
    Ok(())
}

/// Adds helper columns; those that read others come a step later.
fn add_helpers(chain: &mut Chain, name: &str, mut helpers: Vec<(String, String)>) {
    let mut round = 0;
    while !helpers.is_empty() {
        round += 1;
        let names: Vec<String> = helpers.iter().map(|(name, _)| name.clone()).collect();
        let reads = |sql: &str| names.iter().any(|name| sql.contains(name.as_str()));
        let (later, ready): (Vec<_>, Vec<_>) = helpers.into_iter().partition(|(_, sql)| reads(sql));
        let from = chain.last().to_owned();
        let items: Vec<String> =
            ["*".to_owned()].into_iter().chain(ready.iter().map(|(name, sql)| aliased(sql, name))).collect();
        let step = if round > 1 { format!("{name}_{round}") } else { name.to_owned() };
        let comment = "Parts of exact products: Spark would cut a product of two decimals, so their digits are multiplied in limbs of twelve.";
        chain.push(step, comment, format!("select\n{}\nfrom {from}", listed(&items)));
        helpers = later;
    }
}

/// Adds the surrogate key of a dimension.
fn key(context: &TableContext<'_>, chain: &mut Chain, renamed: &HashMap<String, String>) {
    let mut parts = context.table.key.clone();
    if matches!(context.table.kind, GoldKind::Scd2 { .. }) {
        parts.push(VALID_FROM.to_owned());
    }
    let components: Vec<(String, goldsmith_model::DataType)> =
        parts.iter().map(|name| (identifier(renamed.get(name).unwrap_or(name)), context.type_of(name))).collect();
    let from = chain.last().to_owned();
    chain.push(
        "hashed",
        "A hash of the key: each part with its length, so that no two keys have one text.",
        format!("select\n  *,\n  {} as _digest\nfrom {from}", surrogate::digest(&components)),
    );
    let surrogate = identifier(&context.table.surrogate_key());
    chain.push(
        "keyed",
        "The surrogate key: 63 bits of the hash.",
        format!("select\n  *,\n  {} as {surrogate}\nfrom hashed", surrogate::key_of("_digest")),
    );
}

/// Adds surrogate keys of looked-up dimensions and fetched columns.
fn look_up(context: &TableContext<'_>, chain: &mut Chain) -> Result<()> {
    let rows = chain.last().to_owned();
    let resolved = lookup::resolve(context, chain, &rows, "_found", false)?;
    let mut items = vec!["f.*".to_owned()];
    items.extend(resolved.items.iter().map(|(name, sql)| aliased(sql, name)));
    let joins: String = resolved.joins.iter().map(|join| format!("\n{join}")).collect();
    chain.push(
        "resolved",
        "Keys of the dimensions that the fact refers to; -1 where there is none.",
        format!("select\n{}\nfrom {rows} as f{joins}", listed(&items)),
    );
    Ok(())
}

fn select(context: &TableContext<'_>, renamed: &HashMap<String, String>, from: &str) -> String {
    let items: Vec<String> = context
        .columns
        .iter()
        .map(|column| {
            let name = &column.column.name;
            match name.as_str() {
                RUN_ID => aliased(RUN, name),
                LOADED_AT => aliased("current_timestamp()", name),
                _ => match renamed.get(name) {
                    Some(own) => aliased(&identifier(own), name),
                    None => identifier(name),
                },
            }
        })
        .collect();
    format!("select\n{}\nfrom {from}", listed(&items))
}

/// The unknown member of a dimension, as [`goldsmith_query::gold::unknown_member`] makes it.
fn unknown(context: &TableContext<'_>) -> String {
    let versioned = matches!(context.table.kind, GoldKind::Scd2 { .. });
    let surrogate = context.table.surrogate_key();
    let items: Vec<String> = context
        .columns
        .iter()
        .map(|column| {
            let name = column.column.name.as_str();
            match name {
                RUN_ID => RUN.to_owned(),
                LOADED_AT => "current_timestamp()".to_owned(),
                _ if name == surrogate => UNKNOWN_KEY.to_string(),
                VALID_FROM if versioned => "timestamp_micros(0)".to_owned(),
                IS_CURRENT if versioned => "true".to_owned(),
                IS_DELETED if versioned => "false".to_owned(),
                _ => format!("cast(null as {})", column.column.data_type),
            }
        })
        .collect();
    format!("select\n{}", listed(&items))
}
