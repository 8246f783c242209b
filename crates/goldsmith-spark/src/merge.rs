//! Bringing a gold table up to date by the keys that new rows of bronze and changed dimensions affect.
//!
//! Rows of bronze are new when they were taken over since the position of the table, less an hour for clocks that differ.
//! Affected keys are computed again from all of their rows, and only what comes out differently is written, so that
//! doing it once more changes nothing.

use goldsmith_model::{DataType, GoldKind, GoldTable, LookupKind, gold_fingerprint};
use goldsmith_query::columns::{AUDIT, INGESTED_AT};

use crate::carried::{carried, comparable};
use crate::chain::{Chain, indented};
use crate::context::TableContext;
use crate::error::Result;
use crate::finish::finish;
use crate::kind::{self, Scope, equal, identifiable};
use crate::lookup;
use crate::names::{Layer, Names, identifier, identifiers, literal};
use crate::options::Target;
use crate::order::{conjunction, wrapped};
use crate::script::Statement;
use crate::table::{Definition, create};

/// The table that holds how far each gold table has come.
const POSITIONS: &str = "goldsmith_positions";

/// The columns of the table of positions.
const POSITION_COLUMNS: [(&str, DataType, &str); 4] = [
    ("table_name", DataType::String, "Gold table."),
    ("fingerprint", DataType::String, "Fingerprint of the model of the table."),
    ("position", DataType::Timestamp, "The table holds what bronze took over until then."),
    ("next_position", DataType::Timestamp, "How far bronze had come when the last run of the table began."),
];

/// The table of positions in SQL.
pub(crate) fn positions(names: &Names) -> String {
    names.gold(POSITIONS)
}

/// The statements that create the table of positions.
pub(crate) fn create_positions(names: &Names, target: Target) -> Vec<Statement> {
    let columns: Vec<Definition<'_>> = POSITION_COLUMNS
        .iter()
        .map(|(name, data_type, comment)| Definition { name, data_type, nullable: true, comment })
        .collect();
    let texts = ("Creates the table of positions.", "How far the gold tables have come that Spark brings up to date.");
    create(names, (Layer::Gold, POSITIONS), &columns, texts, target)
}

/// What is done with the table, for a reader.
pub(crate) fn describe(table: &GoldTable) -> &'static str {
    if is_whole(table) {
        "Computes the table and writes what differs."
    } else {
        "Computes the affected keys again and writes what differs."
    }
}

fn is_whole(table: &GoldTable) -> bool {
    matches!(table.kind, GoldKind::Aggregate { .. } | GoldKind::Calendar(_))
}

/// The statements before and after a table is written: they note and take down its position.
pub(crate) fn position(context: &TableContext<'_>) -> [String; 2] {
    let positions = positions(context.names);
    let table = literal(&context.table.name);
    let fingerprint = literal(&gold_fingerprint(context.model, context.table));
    let inputs: Vec<String> = context
        .table
        .sources()
        .into_iter()
        .map(|source| format!("select max({INGESTED_AT}) as instant from {}", context.names.bronze(source)))
        .collect();
    let inputs = if inputs.is_empty() {
        "select cast(null as timestamp) as instant".to_owned()
    } else {
        inputs.join("\n      union all\n      ")
    };
    // A row that would stay as it is must not be matched: where bronze has nothing new, nothing is committed.
    let begin = format!(
        "merge into {positions} as t\nusing (\n  select n.*\n  from (\n    select {table} as table_name, {fingerprint} as fingerprint, max(instant) as next_position\n    from (\n      {inputs}\n    ) as inputs\n  ) as n\n  \
         left anti join {positions} as p\n    on p.table_name = n.table_name and p.fingerprint = n.fingerprint and p.next_position <=> n.next_position\n) as s\non t.table_name = s.table_name\n\
         when matched then update set\n  `position` = case when t.fingerprint = s.fingerprint then t.`position` end,\n  \
         fingerprint = s.fingerprint,\n  next_position = s.next_position\n\
         when not matched then insert (table_name, fingerprint, `position`, next_position)\n  \
         values (s.table_name, s.fingerprint, null, s.next_position)"
    );
    let end = format!(
        "update {positions} set `position` = next_position\nwhere table_name = {table} and not (`position` <=> next_position)"
    );
    [begin, end]
}

/// The statement that brings the table up to date.
pub(crate) fn refresh(context: &TableContext<'_>) -> Result<String> {
    let mut chain = Chain::default();
    let whole = is_whole(context.table);
    if !whole {
        affected(context, &mut chain)?;
    }
    kind::base(context, &mut chain, if whole { Scope::Whole } else { Scope::Affected })?;
    let select = finish(context, &mut chain, true)?;
    chain.push("computed", "The rows as they have to be.", select);
    // Rows of a fact stay: what bronze keeps makes the same keys again.
    let deletes = whole || matches!(context.table.kind, GoldKind::Scd2 { .. });
    let name = context.names.gold(&context.table.name);
    let mut sql = format!(
        "merge into {name} as t\nusing (\n{}\n) as s\non {}",
        indented(&chain.query(&differing(context, whole, deletes))),
        matching(context, "t", "s")
    );
    if deletes {
        sql.push_str("\nwhen matched and s._is_stale then delete");
    }
    sql.push_str(&format!("\nwhen matched then update set {}", assignments(context, deletes)));
    sql.push_str(&format!("\nwhen not matched then insert {}", insertion(context, deletes)));
    Ok(sql)
}

/// Adds the steps that find the affected keys.
fn affected(context: &TableContext<'_>, chain: &mut Chain) -> Result<()> {
    let key = &context.table.key;
    let mut parts = Vec::new();
    for source in context.table.sources() {
        let columns = carried(context.bronze(source)?, &context.table.exclude)?;
        let items: Vec<String> = key
            .iter()
            .filter_map(|name| columns.iter().find(|carried| carried.column.name == *name))
            .map(|carried| carried.item())
            .collect();
        let since = format!(
            "(select coalesce(max(`position`), timestamp_micros(0)) - interval 1 hour from {} where table_name = {})",
            positions(context.names),
            literal(&context.table.name)
        );
        parts.push(format!(
            "select {}\nfrom {}\nwhere {INGESTED_AT} >= {since}",
            items.join(", "),
            context.names.bronze(source)
        ));
    }
    chain.push(
        "arrived",
        "Keys of the rows that bronze took over since the table was written.",
        parts.join("\nunion all\n"),
    );
    let mut sources = vec!["select * from arrived".to_owned()];
    let is_repaired = context.table.dimensions.iter().any(|lookup| !matches!(lookup.kind, LookupKind::Calendar { .. }));
    if is_repaired {
        let name = context.names.gold(&context.table.name);
        let resolved = lookup::resolve(context, chain, &name, "_now", true)?;
        let keys: Vec<String> = key.iter().map(|name| format!("f.{}", identifier(name))).collect();
        let changed: Vec<String> =
            resolved.items.iter().map(|(name, sql)| format!("not (f.{} <=> {sql})", identifier(name))).collect();
        let joins: String = resolved.joins.iter().map(|join| format!("\n{join}")).collect();
        chain.push(
            "moved",
            "Keys of the facts whose dimensions have changed since: they refer to another row now.",
            format!("select {}\nfrom {name} as f{joins}\nwhere {}", keys.join(", "), changed.join("\n  or ")),
        );
        sources.push("select * from moved".to_owned());
    }
    chain.push(
        "affected",
        "The keys that are computed again.",
        format!(
            "select distinct {}\nfrom (\n{}\n)\nwhere {}",
            identifiers(key),
            indented(&sources.join("\nunion all\n")),
            identifiable(key, context.table.is_dimension())
        ),
    );
    Ok(())
}

/// The rows that have to be written, and of some kinds those that have to go. Delta Lake writes every file anew that has a row which is
/// matched, whatever is done with it, so rows that are as they should be must not come near the table.
fn differing(context: &TableContext<'_>, whole: bool, deletes: bool) -> String {
    let name = context.names.gold(&context.table.name);
    let of = |prefix: &str| {
        let columns: Vec<String> = names_of(context).iter().map(|column| format!("{prefix}.{column}")).collect();
        wrapped(&columns)
    };
    let (flag, keys) = (if deletes { ", false as _is_stale" } else { "" }, matching(context, "h", "c"));
    let mut sql = format!(
        "select {}{flag}\nfrom computed as c\nleft join (\n  select *, true as _is_held\n  from {name}\n) as h on {keys}\n\
         where case when h._is_held then not (\n  {}\n) else true end",
        of("c"),
        same(context, "h", "c"),
    );
    if deletes {
        let scope = if whole {
            String::new()
        } else {
            format!("\nleft semi join affected as a on {}", equal(&context.table.key, "h", "a"))
        };
        sql.push_str(&format!(
            "\nunion all\n-- Rows that the table holds and that are rows no more.\n\
             select {}, true as _is_stale\nfrom {name} as h{scope}\nleft anti join computed as c on {keys}",
            of("h"),
        ));
    }
    sql
}

/// How rows of the table and computed rows are matched.
fn matching(context: &TableContext<'_>, left: &str, right: &str) -> String {
    if context.table.is_dimension() {
        let surrogate = identifier(&context.table.surrogate_key());
        return format!("{left}.{surrogate} = {right}.{surrogate}");
    }
    equal(&context.table.key, left, right)
}

/// Whether all columns but those of the audit are equal.
fn same(context: &TableContext<'_>, left: &str, right: &str) -> String {
    let terms: Vec<String> = context
        .columns
        .iter()
        .filter(|column| !AUDIT.contains(&column.column.name.as_str()))
        .map(|column| {
            let name = identifier(&column.column.name);
            let side = |prefix: &str| comparable(&format!("{prefix}.{name}"), &column.column.data_type);
            format!("{} <=> {}", side(left), side(right))
        })
        .collect();
    conjunction(&terms)
}

fn names_of(context: &TableContext<'_>) -> Vec<String> {
    context.columns.iter().map(|column| identifier(&column.column.name)).collect()
}

fn assignments(context: &TableContext<'_>, explicit: bool) -> String {
    if !explicit {
        return "*".to_owned();
    }
    let each: Vec<String> = names_of(context).iter().map(|name| format!("{name} = s.{name}")).collect();
    wrapped(&each)
}

fn insertion(context: &TableContext<'_>, explicit: bool) -> String {
    if !explicit {
        return "*".to_owned();
    }
    let names = names_of(context);
    let values: Vec<String> = names.iter().map(|name| format!("s.{name}")).collect();
    format!("({})\n  values ({})", wrapped(&names), wrapped(&values))
}
