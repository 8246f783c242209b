//! From trees to values. Reading is lenient: what the structural check has refused is left out, so that the checks
//! between files still see the rest.

mod bronze;
mod data_test;
mod gold;
mod project;

use indexmap::IndexMap;

pub(crate) use bronze::{RawBronze, bronze};
pub(crate) use data_test::data_test;
pub(crate) use gold::{RawFold, RawFoldColumn, RawGold, RawLaw, RawLookup, gold};
pub(crate) use project::{VERSION, project};

use crate::domain::{DataType, SourceName, WriteMode};
use crate::shape::source_name;
use crate::syntax::{Node, Scalar, Value};

fn text(node: &Node, key: &str) -> Option<String> {
    node.get(key).and_then(as_text)
}

fn as_text(node: &Node) -> Option<String> {
    match node.scalar() {
        Some(Scalar::Text(text)) if !text.trim().is_empty() => Some(text.trim().to_owned()),
        _ => None,
    }
}

/// The text of any scalar as it was written.
fn as_written(node: &Node) -> Option<String> {
    match &node.value {
        Value::Scalar { text, .. } if node.scalar() != Some(Scalar::Null) => Some(text.clone()),
        _ => None,
    }
}

fn texts(node: &Node, key: &str) -> Vec<String> {
    node.get(key).map(|list| list.items().iter().filter_map(as_text).collect()).unwrap_or_default()
}

fn text_map(node: &Node, key: &str) -> IndexMap<String, String> {
    let entries = node.get(key).map(Node::entries).unwrap_or_default();
    entries.iter().filter_map(|entry| Some((entry.key.clone(), as_text(&entry.value)?))).collect()
}

fn boolean(node: &Node, key: &str) -> bool {
    matches!(node.get(key).and_then(Node::scalar), Some(Scalar::Boolean(true)))
}

fn integer(node: &Node, key: &str) -> Option<i64> {
    match node.get(key)?.scalar()? {
        Scalar::Integer(value) => Some(value),
        _ => None,
    }
}

fn write_mode(node: &Node) -> Option<WriteMode> {
    let name = text(node, "write_mode")?;
    WriteMode::ALL.into_iter().find(|mode| mode.name() == name)
}

fn source(node: &Node, key: &str) -> Option<SourceName> {
    source_name(&text(node, key)?)
}

fn data_type(node: &Node) -> Option<DataType> {
    text(node, "type")?.parse().ok()
}

fn description(node: &Node) -> String {
    text(node, "description").unwrap_or_default()
}
