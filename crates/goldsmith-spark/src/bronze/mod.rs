//! The statements of a bronze table.

mod merge;

use goldsmith_model::{BronzeTable, DataType, GoldKind, LoadMode, Model, MutabilityClass};
use goldsmith_query::columns::{INGESTED_AT, RUN_ID, SOURCE_VERSION};

use crate::error::Result;
use crate::kind::equal;
use crate::names::{Layer, Names, identifier, literal};
use crate::options::Target;
use crate::order::wrapped;
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
            merge::merge(names, bronze, &rules)?,
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

/// The columns of the source beside its key, in a form that can be compared.
fn comparables(bronze: &BronzeTable, prefix: &str) -> Vec<String> {
    let columns = bronze.columns.iter().filter(|(name, _)| !bronze.natural_key.contains(name));
    columns.map(|(name, column)| comparable(&format!("{prefix}.{}", identifier(name)), &column.data_type)).collect()
}

/// A column in a form that can be compared: maps cannot.
fn comparable(sql: &str, data_type: &DataType) -> String {
    if has_map(data_type) { format!("to_json({sql})") } else { sql.to_owned() }
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
