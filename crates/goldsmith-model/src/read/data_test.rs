//! `tests/<table>.yaml`.

use serde_json::{Number, Value as Json};

use super::{integer, text};
use crate::domain::{DataTest, DataTestCase, TestRow};
use crate::shape::source_name;
use crate::syntax::{Node, Scalar, Value};

pub(crate) fn data_test(file: &Node) -> Option<DataTest> {
    let cases = file.get("cases")?.items().iter().filter_map(case).collect();
    Some(DataTest { table: text(file, "table")?, cases })
}

fn case(node: &Node) -> Option<DataTestCase> {
    let delivery = |run: &Node| {
        let sources = run.entries().iter();
        sources.filter_map(|entry| Some((source_name(&entry.key)?, rows(&entry.value)))).collect()
    };
    let quarantined = node.get("quarantined").map(|counts| {
        let entries = counts.entries().iter();
        let count = |key: &str| integer(counts, key).and_then(|count| count.try_into().ok());
        entries.filter_map(|entry| Some((source_name(&entry.key)?, count(&entry.key)?))).collect()
    });
    Some(DataTestCase {
        name: text(node, "name")?,
        deliveries: node.get("deliveries")?.items().iter().map(delivery).collect(),
        expect: node.get("expect").map(rows).unwrap_or_default(),
        quarantined: quarantined.unwrap_or_default(),
    })
}

fn rows(node: &Node) -> Vec<TestRow> {
    node.items().iter().map(row).collect()
}

fn row(node: &Node) -> TestRow {
    node.entries().iter().map(|entry| (entry.key.clone(), json(&entry.value))).collect()
}

fn json(node: &Node) -> Json {
    match &node.value {
        Value::Sequence(items) => Json::Array(items.iter().map(json).collect()),
        Value::Mapping(_) => Json::Object(row(node)),
        Value::Scalar { .. } => match node.scalar() {
            Some(Scalar::Boolean(value)) => Json::Bool(value),
            Some(Scalar::Integer(value)) => Json::from(value),
            Some(Scalar::Float(value)) => Number::from_f64(value).map_or(Json::Null, Json::Number),
            Some(Scalar::Text(text)) => Json::String(text.to_owned()),
            Some(Scalar::Null) | None => Json::Null,
        },
    }
}
