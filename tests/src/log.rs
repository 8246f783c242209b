//! The log of a table, as its files have it.
#![expect(clippy::unwrap_used, reason = "a mistake in a test must stop it")]

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

/// The entries of a log in their order.
///
/// # Panics
/// There is no table.
pub fn entries(table: &Path) -> Vec<PathBuf> {
    let log = std::fs::read_dir(table.join("_delta_log")).unwrap().map(|entry| entry.unwrap().path());
    let mut entries: Vec<PathBuf> = log.filter(|path| path.extension().is_some_and(|end| end == "json")).collect();
    entries.sort();
    entries
}

/// The actions of an entry.
///
/// # Panics
/// It is no entry.
pub fn actions(entry: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(entry).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Adds a commit that other software makes when a property of a table is set.
///
/// # Panics
/// There is no table, or its protocol lists no features.
pub fn set_property(table: &Path, feature: &str, key: &str, value: &str) {
    let known: Vec<Value> = entries(table).iter().flat_map(|entry| actions(entry)).collect();
    let newest = |kind: &str| known.iter().rev().find(|action| action.get(kind).is_some()).unwrap().clone();
    let (mut protocol, mut metadata) = (newest("protocol"), newest("metaData"));
    protocol["protocol"]["writerFeatures"].as_array_mut().unwrap().push(json!(feature));
    metadata["metaData"]["configuration"][key] = json!(value);
    let info = json!({"commitInfo": {"operation": "SET TBLPROPERTIES", "timestamp": 0}});
    let version = entries(table).len();
    let entry = table.join(format!("_delta_log/{version:020}.json"));
    std::fs::write(entry, [info, protocol, metadata].map(|action| action.to_string()).join("\n")).unwrap();
}
