//! The statements of a bronze table.

use goldsmith_model::{BronzeTable, DataType, GoldKind, LoadMode, Model, MutabilityClass};
use goldsmith_query::columns::{INGESTED_AT, IS_PRESENT, RUN_ID, SOURCE_VERSION};

use crate::carried::{Column, carried};
use crate::chain::{indented, listed};
use crate::error::Result;
use crate::kind::equal;
use crate::names::{Layer, Names, identifier, identifiers, literal};
use crate::options::Target;
use crate::order::{conjunction, content, wrapped};
use crate::script::{RUN, Script, Statement};
use crate::table::{Definition, bronze_columns, create};

/// Columns that a quarantine adds to those of the source.
const QUARANTINE: [(&str, DataType, &str); 3] = [
    ("_reason", DataType::String, "Why the row cannot be identified."),
    ("_row_hash", DataType::String, "Hash of the row."),
    ("_quarantined_at", DataType::Timestamp, "When the row came."),
];

/// Compiles a bronze table.
pub(crate) fn compile(model: &Model, names: &Names, bronze: &BronzeTable, target: Target) -> Result<Script> {
    let name = bronze.source.bronze_table();
    let rules = rules(model, bronze);
    let load = match bronze.load {
        LoadMode::Append => Statement::new(
            "load",
            "Appends the rows of the source that bronze does not hold in every column.",
            append(names, bronze, &rules),
        ),
        LoadMode::Merge => Statement::new(
            "load",
            "Merges the latest versions, and marks rows that the source no longer shows.",
            merge(names, bronze, &rules)?,
        ),
    };
    let mut columns: Vec<Definition<'_>> = own_columns(bronze).collect();
    columns.extend(QUARANTINE.iter().map(|(name, data_type, comment)| Definition {
        name,
        data_type,
        nullable: true,
        comment,
    }));
    let comment = format!("Rows of {} that cannot be identified.", bronze.source);
    let texts = ("Creates the table.", bronze.description.as_str());
    let mut statements = create(names, (Layer::Bronze, &name), &bronze_columns(bronze), texts, target);
    let texts = ("Creates the quarantine of the source.", comment.as_str());
    statements.extend(create(names, (Layer::Quarantine, &name), &columns, texts, target));
    statements.extend([
        Statement::new("quarantine", "Keeps rows that cannot be identified, once.", quarantined(names, bronze, &rules)),
        load,
    ]);
    Ok(Script {
        path: format!("bronze/{}.sql", bronze.source.bronze_table()),
        table: bronze.source.to_string(),
        heading: format!("{}: {}", bronze.source, bronze.description),
        relation: Some(names.bronze(&bronze.source)),
        source: Some(names.source(&bronze.source)),
        fingerprint: None,
        statements,
    })
}

fn own_columns(bronze: &BronzeTable) -> impl Iterator<Item = Definition<'_>> {
    bronze.columns.iter().map(|(name, column)| Definition {
        name,
        data_type: &column.data_type,
        nullable: true,
        comment: &column.description,
    })
}

/// Columns that are all null in a row that cannot be identified, with the reason to give: the natural key, the keys of the
/// gold tables that take their rows from the source, and the time of a change.
fn rules(model: &Model, bronze: &BronzeTable) -> Vec<(Vec<String>, String)> {
    let mut rules: Vec<(Vec<String>, String)> = Vec::new();
    let mut add = |columns: &[String], reason: String| {
        let known = columns.iter().all(|column| bronze.columns.contains_key(column));
        if known && !rules.iter().any(|(other, _)| other == columns) {
            rules.push((columns.to_vec(), reason));
        }
    };
    let reason = |key: &[String]| format!("key ({}) is null", key.join(", "));
    add(&bronze.natural_key, reason(&bronze.natural_key));
    for table in model.gold.values() {
        let direct = !matches!(table.kind, GoldKind::Aggregate { .. } | GoldKind::Calendar(_));
        if direct && table.sources().contains(&&bronze.source) {
            add(&table.key, reason(&table.key));
        }
    }
    if bronze.mutability == MutabilityClass::Scd2Log
        && let Some(sequence) = &bronze.sequence_by
    {
        add(std::slice::from_ref(sequence), format!("change time {sequence} is null"));
    }
    rules
}

fn all_null(columns: &[String]) -> String {
    columns.iter().map(|column| format!("{} is null", identifier(column))).collect::<Vec<_>>().join(" and ")
}

fn identified(rules: &[(Vec<String>, String)]) -> String {
    rules.iter().map(|(columns, _)| format!("not ({})", all_null(columns))).collect::<Vec<_>>().join("\n  and ")
}

/// Null-safe equality of all columns of the source, for a join: one value to hash beside the key.
fn same_row(bronze: &BronzeTable, left: &str, right: &str) -> String {
    let side = |prefix: &str| wrapped(&comparables(bronze, prefix));
    let key = equal(&bronze.natural_key, left, right);
    if bronze.columns.len() == bronze.natural_key.len() {
        return key;
    }
    format!("{key}\n  and struct({})\n  <=> struct({})", side(left), side(right))
}

/// Null-safe equality of all columns of the source, for a `MERGE`: column by column, since Delta Lake for Spark decides on the common
/// type of two structs while columns are `not null` that may be null where it joins both sides, and then fails to cast to it.
fn same_columns(bronze: &BronzeTable, left: &str, right: &str) -> String {
    let pairs = comparables(bronze, left).into_iter().zip(comparables(bronze, right));
    let terms: Vec<String> = std::iter::once(equal(&bronze.natural_key, left, right))
        .chain(pairs.map(|(left, right)| format!("{left} <=> {right}")))
        .collect();
    conjunction(&terms)
}

/// The columns of the source beside its key, in a form that can be compared.
fn comparables(bronze: &BronzeTable, prefix: &str) -> Vec<String> {
    let columns = bronze.columns.iter().filter(|(name, _)| !bronze.natural_key.contains(name));
    columns
        .map(|(name, column)| {
            let own = format!("{prefix}.{}", identifier(name));
            // Maps cannot be compared.
            if has_map(&column.data_type) { format!("to_json({own})") } else { own }
        })
        .collect()
}

fn has_map(data_type: &DataType) -> bool {
    match data_type {
        DataType::Map(..) => true,
        DataType::Array(element) => has_map(element),
        DataType::Struct(fields) => fields.iter().any(|field| has_map(&field.data_type)),
        _ => false,
    }
}

fn append(names: &Names, bronze: &BronzeTable, rules: &[(Vec<String>, String)]) -> String {
    let columns: Vec<String> = bronze.columns.keys().map(|name| identifier(name)).collect();
    let qualified: Vec<String> = columns.iter().map(|name| format!("d.{name}")).collect();
    let table = names.bronze(&bronze.source);
    format!(
        "insert into {table} (\n    {}\n)\nselect\n    {},\n  cast(null as bigint), current_timestamp(), {RUN}\nfrom (\n  select *\n  from {}\n  where {}\n) as d\nleft anti join {table} as b\n  on {}",
        wrapped(&[columns, vec![SOURCE_VERSION.to_owned(), INGESTED_AT.to_owned(), RUN_ID.to_owned()]].concat()),
        wrapped(&qualified),
        names.source(&bronze.source),
        identified(rules).replace('\n', "\n  "),
        same_row(bronze, "d", "b"),
    )
}

fn quarantined(names: &Names, bronze: &BronzeTable, rules: &[(Vec<String>, String)]) -> String {
    let columns: Vec<String> = bronze.columns.keys().map(|name| identifier(name)).collect();
    let qualified: Vec<String> = columns.iter().map(|name| format!("d.{name}")).collect();
    let table = names.quarantine(&bronze.source);
    let reasons: Vec<String> =
        rules.iter().map(|(key, reason)| format!("when {} then {}", all_null(key), literal(reason))).collect();
    format!(
        "insert into {table} (\n    {}\n)\nselect\n    {},\n  d._reason, md5(to_json(struct({}))), current_timestamp()\nfrom (\n  select *, case {} end as _reason\n  from {}\n) as d\nleft anti join {table} as b\n  on {}\nwhere d._reason is not null",
        wrapped(&[columns, QUARANTINE.iter().map(|(name, _, _)| (*name).to_owned()).collect()].concat()),
        wrapped(&qualified),
        wrapped(&qualified),
        reasons.join(" "),
        names.source(&bronze.source),
        same_row(bronze, "d", "b"),
    )
}

fn merge(names: &Names, bronze: &BronzeTable, rules: &[(Vec<String>, String)]) -> Result<String> {
    let table = names.bronze(&bronze.source);
    let flat = carried(bronze, &[])?;
    let order = |prefix: &str| {
        let columns: Vec<Column> = flat.iter().map(|carried| carried.column.clone()).collect();
        let decided: Vec<String> = bronze.natural_key.iter().chain(&bronze.sequence_by).cloned().collect();
        let mut terms: Vec<String> =
            bronze.sequence_by.iter().map(|sequence| format!("{prefix}{}", identifier(sequence))).collect();
        terms.extend(content(&columns, decided.iter()).iter().map(|column| format!("{prefix}{column}")));
        terms
    };
    // The content is compared by carried columns, which stand beside those of the source.
    let (items, terms) = ordering(bronze, &flat, order(""));
    let own: Vec<String> = bronze.columns.keys().map(|name| identifier(name)).collect();
    let mut select = vec![format!("{}", wrapped(&own))];
    select.extend(items);
    let descending: Vec<String> = terms.iter().map(|term| format!("{term} desc nulls last")).collect();
    let latest = format!(
        "select *\nfrom (\n  select *, row_number() over (\n    partition by {}\n    order by {}\n  ) as _rank\n  from delivered\n)\nwhere _rank = 1",
        identifiers(&bronze.natural_key),
        wrapped(&descending),
    );
    let source = format!(
        "with\n-- Rows that can be identified.\ndelivered as (\n  select\n{}\n  from {}\n  where {}\n)\n\
         -- One version of each key: the latest, and where that is equal, the content decides.\n{latest}",
        indented(&listed(&select)),
        names.source(&bronze.source),
        identified(rules).replace('\n', "\n  "),
    );
    let assignments: Vec<String> = own.iter().map(|name| format!("{name} = s.{name}")).collect();
    let values: Vec<String> = own.iter().map(|name| format!("s.{name}")).collect();
    let stamp = format!(
        "{SOURCE_VERSION} = cast(null as bigint), {INGESTED_AT} = current_timestamp(), {RUN_ID} = {RUN}, {IS_PRESENT} = true"
    );
    // A row that has the sequence of the one that bronze holds, and another content, is a change all the same; which
    // of the two is kept is decided among all versions when gold is built, or by the last delivery.
    let newer = match &bronze.sequence_by {
        Some(sequence) => {
            let sequence = identifier(sequence);
            format!("(t.{sequence} is null or s.{sequence} >= t.{sequence}) and ")
        }
        None => String::new(),
    };
    Ok(format!(
        "merge into {table} as t\nusing (\n{}\n) as s\non {}\nwhen matched and {newer}not (\n  {}\n) then update set\n    {},\n  {stamp}\n\
         when matched and not (t.{IS_PRESENT} <=> true) then update set {IS_PRESENT} = true\n\
         when not matched then insert (\n    {}, {SOURCE_VERSION}, {INGESTED_AT}, {RUN_ID}, {IS_PRESENT}\n)\nvalues (\n    {},\n  cast(null as bigint), current_timestamp(), {RUN}, true\n)\n\
         when not matched by source and t.{IS_PRESENT} <=> true then update set {IS_PRESENT} = false",
        indented(&source),
        equal(&bronze.natural_key, "t", "s"),
        same_columns(bronze, "s", "t"),
        wrapped(&assignments),
        wrapped(&own),
        wrapped(&values),
    ))
}

/// Items that have to be selected for the terms of an order, and the terms over them: carried columns that are no column of
/// the source are selected under their own name.
fn ordering(bronze: &BronzeTable, flat: &[crate::carried::Carried], terms: Vec<String>) -> (Vec<String>, Vec<String>) {
    let items = flat
        .iter()
        .filter(|carried| !bronze.columns.contains_key(&carried.column.name))
        .map(crate::carried::Carried::item)
        .collect();
    (items, terms)
}
