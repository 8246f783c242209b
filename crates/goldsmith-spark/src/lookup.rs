//! Look-ups of facts into dimensions, as [`goldsmith_query::lookup`] defines them.

use goldsmith_model::{DataType, GoldKind, GoldTable, Lookup, LookupKeyPart, LookupKind};

use crate::carried::aliased;
use crate::chain::Chain;
use crate::context::TableContext;
use crate::error::Result;
use crate::kind::calendar;
use crate::names::{identifier, literal};

/// Look-ups of a fact in SQL: the joins, and what they yield.
#[derive(Debug, Default)]
pub(crate) struct Resolved {
    /// `left join` clauses.
    pub(crate) joins: Vec<String>,
    /// Column and expression, surrogate keys and fetched columns.
    pub(crate) items: Vec<(String, String)>,
}

/// Adds the steps that look-ups need, and tells how rows of the step or table `rows` are joined as `f`. `only_joined` leaves
/// out calendars, whose keys follow from the date alone. Names of steps end in `suffix`.
pub(crate) fn resolve(
    context: &TableContext<'_>,
    chain: &mut Chain,
    rows: &str,
    suffix: &str,
    only_joined: bool,
) -> Result<Resolved> {
    let mut out = Resolved::default();
    for lookup in &context.table.dimensions {
        let step = format!("{}{suffix}", lookup.key_column.strip_suffix("_key").unwrap_or(&lookup.key_column));
        match &lookup.kind {
            LookupKind::Calendar { date } => {
                if !only_joined {
                    let key = calendar::key_of(&format!("f.{}", identifier(date)), &context.type_of(date));
                    out.items.push((lookup.key_column.clone(), key));
                }
            }
            LookupKind::Plain { key } => {
                let dimension = context.gold(&lookup.dimension)?;
                let surrogate = identifier(&dimension.surrogate_key());
                let mut terms = matching(context, lookup, key, &step, "f");
                terms.push(format!("{step}.{surrogate} <> -1"));
                let table = context.names.gold(&lookup.dimension);
                out.joins.push(format!("left join {table} as {step} on {}", terms.join(" and ")));
                out.items.extend(items(lookup, dimension, &step));
            }
            LookupKind::AsOf { key, as_of } => {
                let dimension = context.gold(&lookup.dimension)?;
                versions(context, chain, lookup, dimension, key, &step);
                let instant = instant(context, as_of);
                let mut terms = matching(context, lookup, key, &step, "f");
                terms.push(format!("({step}._is_first or {step}.valid_from <= {instant})"));
                terms.push(format!("({step}.valid_to is null or {instant} < {step}.valid_to)"));
                terms.push(format!("{instant} is not null"));
                out.joins.push(format!("left join {step} on {}", terms.join(" and ")));
                out.items.extend(items(lookup, dimension, &step));
            }
            LookupKind::Interval { key, as_of } => {
                let dimension = context.gold(&lookup.dimension)?;
                intervals(context, chain, lookup, dimension, (key, as_of), rows, &step);
                let mut terms: Vec<String> =
                    fact_columns(key).iter().map(|name| format!("{step}.{0} = f.{0}", identifier(name))).collect();
                terms.push(format!("{step}.{0} = f.{0}", identifier(as_of)));
                out.joins.push(format!("left join {step} on {}", terms.join(" and ")));
                out.items.extend(items(lookup, dimension, &step));
            }
        }
    }
    Ok(out)
}

/// What a look-up yields: the surrogate key, -1 when there is none, and the fetched columns.
fn items(lookup: &Lookup, dimension: &GoldTable, step: &str) -> Vec<(String, String)> {
    let surrogate = identifier(&dimension.surrogate_key());
    let mut out = vec![(lookup.key_column.clone(), format!("coalesce({step}.{surrogate}, -1)"))];
    out.extend(
        lookup.fetch.iter().map(|(name, fetch)| (name.clone(), format!("{step}.{}", identifier(&fetch.column)))),
    );
    out
}

fn fact_columns(key: &[LookupKeyPart]) -> Vec<&String> {
    key.iter()
        .filter_map(|part| match part {
            LookupKeyPart::Column { fact, .. } => Some(fact),
            LookupKeyPart::Constant { .. } => None,
        })
        .collect()
}

/// Equality of the business key. A null part finds nothing, and neither does an empty one where that counts as null.
fn matching(
    context: &TableContext<'_>,
    lookup: &Lookup,
    key: &[LookupKeyPart],
    dimension: &str,
    fact: &str,
) -> Vec<String> {
    let mut terms = Vec::new();
    for part in key {
        match part {
            LookupKeyPart::Column { dimension: column, fact: own } => {
                terms.push(format!("{dimension}.{} = {fact}.{}", identifier(column), identifier(own)));
                if lookup.empty_is_null && context.type_of(own) == DataType::String {
                    terms.push(format!("{fact}.{} <> ''", identifier(own)));
                }
            }
            LookupKeyPart::Constant { dimension: column, value, .. } => {
                terms.push(format!("{dimension}.{} = {}", identifier(column), literal(value)));
            }
        }
    }
    terms
}

/// A column as an instant: dates count as their first.
fn instant(context: &TableContext<'_>, column: &str) -> String {
    let sql = format!("f.{}", identifier(column));
    match context.type_of(column) {
        DataType::Date => format!("cast({sql} as timestamp)"),
        _ => sql,
    }
}

/// The versions of a dimension, with the first one of each key marked.
fn versions(
    context: &TableContext<'_>,
    chain: &mut Chain,
    lookup: &Lookup,
    dimension: &GoldTable,
    key: &[LookupKeyPart],
    step: &str,
) {
    let parts: Vec<String> = key
        .iter()
        .map(|part| match part {
            LookupKeyPart::Column { dimension, .. } | LookupKeyPart::Constant { dimension, .. } => {
                identifier(dimension)
            }
        })
        .collect();
    let mut columns = parts.clone();
    let surrogate = identifier(&dimension.surrogate_key());
    columns.push(surrogate.clone());
    columns.extend(lookup.fetch.values().map(|fetch| identifier(&fetch.column)).filter(|name| !parts.contains(name)));
    chain.push(
        step,
        format!("Versions of {}; facts from before the first one refer to the first one.", dimension.name),
        format!(
            "select {}, valid_from, valid_to,\n  lag(valid_from) over (partition by {} order by valid_from) is null as _is_first\nfrom {}\nwhere {surrogate} <> -1",
            columns.join(", "),
            parts.join(", "),
            context.names.gold(&dimension.name),
        ),
    );
}

/// For each key and instant that facts have, the interval that contains it and starts last.
fn intervals(
    context: &TableContext<'_>,
    chain: &mut Chain,
    lookup: &Lookup,
    dimension: &GoldTable,
    (key, as_of): (&[LookupKeyPart], &str),
    rows: &str,
    step: &str,
) {
    let GoldKind::Interval { start, end, .. } = &dimension.kind else { return };
    let mut asked: Vec<String> = fact_columns(key).into_iter().map(|name| identifier(name)).collect();
    let as_of_column = identifier(as_of);
    if !asked.contains(&as_of_column) {
        asked.push(as_of_column);
    }
    let surrogate = identifier(&dimension.surrogate_key());
    let mut yielded = vec![format!("d.{surrogate}")];
    yielded
        .extend(lookup.fetch.values().map(|fetch| aliased(&format!("d.{}", identifier(&fetch.column)), &fetch.column)));
    let (start, end) = (identifier(start), identifier(end));
    let instant = instant(context, as_of);
    let mut terms = matching(context, lookup, key, "d", "f");
    terms.push(format!("d.{start} <= {instant} and (d.{end} is null or {instant} < d.{end})"));
    let facts: Vec<String> = asked.iter().map(|name| format!("f.{name}")).collect();
    chain.push(
        step,
        format!(
            "The row of {} whose half-open interval contains the instant; of several, because an end is not closed yet, the one that starts last.",
            dimension.name
        ),
        format!(
            "select *\nfrom (\n  select {}, {},\n    row_number() over (partition by {} order by d.{start} desc, d.{surrogate} desc) as _rank\n  from (select distinct {} from {rows}) as f\n  join {} as d on {}\n  where d.{surrogate} <> -1\n)\nwhere _rank = 1",
            facts.join(", "),
            yielded.join(", "),
            facts.join(", "),
            asked.join(", "),
            context.names.gold(&dimension.name),
            terms.join(" and "),
        ),
    );
}
