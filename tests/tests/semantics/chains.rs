//! Chains: a dimension that comes late reaches, in the same run, every fact that refers to it. Which facts these are is
//! read from the model.

use std::collections::BTreeSet;

use goldsmith::RunReport;
use goldsmith_model::{BronzeTable, DataType, GoldKind, GoldTable, LookupKind};
use goldsmith_testkit::{Row, ScratchLake};
use serde_json::{Value, json};

use crate::support::*;

const NOON: &str = "2024-02-15T12:00:00Z";

/// A value of each type that is the same in every table, so that every look-up finds what it looks for.
fn value(data_type: &DataType) -> Value {
    match data_type {
        DataType::String => json!("x"),
        DataType::Boolean => json!(true),
        DataType::TinyInt | DataType::SmallInt | DataType::Int | DataType::BigInt => json!(1),
        DataType::Float | DataType::Double => json!(1.0),
        DataType::Decimal(_, _) => json!("1"),
        DataType::Date => json!("2024-02-15"),
        DataType::Timestamp | DataType::TimestampNtz => json!(NOON),
        DataType::Struct(fields) => {
            Value::Object(fields.iter().map(|field| (field.name.clone(), value(&field.data_type))).collect())
        }
        DataType::Binary | DataType::Array(_) | DataType::Map(_, _) => Value::Null,
    }
}

fn row(source: &BronzeTable) -> Row {
    source.columns.iter().map(|(name, column)| (name.clone(), value(&column.data_type))).collect()
}

/// A row of the source of a dimension, valid from a day of February on.
fn member(lake: &ScratchLake, table: &GoldTable, day: u32, account: &str) -> Row {
    let mut row = row(bronze(lake, table));
    let day = json!(format!("2024-02-{day:02}T00:00:00Z"));
    match &table.kind {
        GoldKind::Scd2 { sequence_by, delete_time, .. } => {
            row.insert(sequence_by.clone(), day);
            row.extend(delete_time.iter().map(|column| (column.clone(), Value::Null)));
            row.insert("account_id".to_owned(), json!(account));
        }
        GoldKind::Interval { start, end, .. } => {
            row.insert(start.clone(), day);
            row.insert(end.clone(), Value::Null);
            row.insert("currency_code".to_owned(), json!(lake.model().project.currency));
        }
        _ => {}
    }
    row
}

fn bronze<'m>(lake: &'m ScratchLake, table: &GoldTable) -> &'m BronzeTable {
    &lake.model().bronze[table.sources()[0]]
}

fn is_versioned(table: &GoldTable) -> bool {
    matches!(table.kind, GoldKind::Scd2 { .. })
}

/// Each reference of a fact to a dimension but the calendar: fact, dimension, column with the surrogate key.
fn references(lake: &ScratchLake) -> Vec<(String, String, String)> {
    let of = |fact: &GoldTable| {
        let lookups = fact.dimensions.iter().filter(|lookup| !matches!(lookup.kind, LookupKind::Calendar { .. }));
        lookups
            .map(|lookup| (fact.name.clone(), lookup.dimension.clone(), lookup.key_column.clone()))
            .collect::<Vec<_>>()
    };
    lake.model().gold.values().flat_map(of).collect()
}

/// The dimensions that some fact refers to.
fn dimensions(lake: &ScratchLake) -> Vec<GoldTable> {
    let names: BTreeSet<String> = references(lake).into_iter().map(|(_, dimension, _)| dimension).collect();
    names.iter().map(|name| lake.model().gold[name].clone()).collect()
}

async fn number(lake: &ScratchLake, sql: &str) -> i64 {
    let rows = lake.query(sql).await.unwrap();
    assert_eq!(rows.len(), 1, "{sql}: {rows:?}");
    rows[0]["n"].as_i64().unwrap()
}

/// The surrogate key of the current version of a dimension's only member.
async fn current(lake: &ScratchLake, dimension: &GoldTable) -> i64 {
    let key = dimension.surrogate_key();
    let newest = if is_versioned(dimension) { " and is_current" } else { "" };
    number(lake, &format!("select {key} as n from {} where {key} <> -1{newest}", dimension.name)).await
}

/// A model in which users and SKUs are gathered from dimensions alone; else facts bring their own users and SKUs along.
fn lake_with_late_members() -> ScratchLake {
    let users = "members:\n  - {source: compute.warehouses, columns: {user_name: created_by, seen_time: change_time, \
                 user_id: warehouse_id, user_id_time: change_time}}\naggregate:";
    let skus = "members:\n  - {source: billing.list_prices, columns: {sku_name: sku_name, cloud: cloud, usage_unit: usage_unit, \
                unit_time: price_start_time, usage_date: cast(price_start_time as date)}}\naggregate:";
    let mut files = edited("gold/shared/dim_user.yaml", "", "");
    for (path, members) in [("gold/shared/dim_user.yaml", users), ("gold/billing/dim_sku.yaml", skus)] {
        let (_, text) = files.iter().find(|(name, _)| name == path).unwrap();
        let from = text[text.find("members:").unwrap()..].split_inclusive("\naggregate:").next().unwrap().to_owned();
        edit(&mut files, path, &from, members);
    }
    lake_with(files)
}

/// Delivers one row of every fact's source.
async fn deliver_facts(lake: &ScratchLake) {
    for fact in lake.model().gold.values().filter(|table| !table.is_dimension()) {
        let source = bronze(lake, fact);
        lake.deliver(&source.source.to_string(), &[row(source)]).await.unwrap();
    }
}

async fn assert_references(lake: &ScratchLake, report: &RunReport, when: &str, expected: impl Fn(&str) -> Option<i64>) {
    for (fact, dimension, column) in references(lake) {
        let Some(expected) = expected(&dimension) else { continue };
        let found = number(lake, &format!("select {column} as n from {fact}")).await;
        assert_eq!(found, expected, "{when}: `{fact}.{column}` does not refer to `{dimension}`");
        let sql = format!("select count(*) as n from {fact} where _run_id = '{}'", report.run_id);
        assert_eq!(number(lake, &sql).await, 1, "{when}: `{fact}` was not written by the run");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_dimension_reaches_every_fact_that_refers_to_it_in_the_same_run() {
    let lake = lake_with_late_members();
    let referred = references(&lake);
    for dimension in ["dim_user", "dim_job"] {
        let facts = referred.iter().filter(|(_, name, _)| name == dimension).count();
        assert!(facts > 2, "{facts} facts refer to `{dimension}`, so that nothing is shown");
    }
    deliver_facts(&lake).await;
    let report = lake.run(&[]).await.unwrap();
    assert_references(&lake, &report, "before any dimension", |_| Some(-1)).await;

    for dimension in dimensions(&lake).iter().filter(|table| !matches!(table.kind, GoldKind::Aggregate { .. })) {
        let source = bronze(&lake, dimension).source.to_string();
        lake.deliver(&source, &[member(&lake, dimension, 1, "x")]).await.unwrap();
    }
    let report = lake.run(&[]).await.unwrap();
    let mut keys = Vec::new();
    for dimension in dimensions(&lake) {
        keys.push((dimension.name.clone(), current(&lake, &dimension).await));
    }
    let key_of = |name: &str| keys.iter().find(|(dimension, _)| dimension == name).map(|(_, key)| *key);
    assert_references(&lake, &report, "after all dimensions", key_of).await;

    // A version before the facts, but after the first one: it takes them over.
    let versioned: Vec<GoldTable> = dimensions(&lake).into_iter().filter(is_versioned).collect();
    for dimension in &versioned {
        let source = bronze(&lake, dimension).source.to_string();
        lake.deliver(&source, &[member(&lake, dimension, 10, "y")]).await.unwrap();
    }
    let report = lake.run(&[]).await.unwrap();
    let mut newer = Vec::new();
    for dimension in &versioned {
        let key = current(&lake, dimension).await;
        assert_ne!(Some(key), key_of(&dimension.name), "`{}` has no new version", dimension.name);
        newer.push((dimension.name.clone(), key));
    }
    let key_of = |name: &str| newer.iter().find(|(dimension, _)| dimension == name).map(|(_, key)| *key);
    assert_references(&lake, &report, "after a new version", key_of).await;
}
