//! Tables to which other software added a rule, and what it reads from them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use arrow::array::{Array, AsArray, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, SchemaRef};
use datafusion::physical_plan::collect;
use datafusion::prelude::SessionContext;
use goldsmith_lake::Table;
use serde_json::{Value, json};

use crate::support::{Place, lines};

/// What the table of a test asks of its writers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Nothing: our own core writes it.
    Nothing,
    /// A condition on rows that all tests meet.
    Constraint,
    /// The same for one column.
    Invariant,
    ChangeDataFeed,
    ColumnMapping,
    /// By the last column.
    Partitions,
}

pub const RULES: [Rule; 6] =
    [Rule::Nothing, Rule::Constraint, Rule::Invariant, Rule::ChangeDataFeed, Rule::ColumnMapping, Rule::Partitions];

/// Creates a table and gives it a rule, as other software does.
pub async fn create_with(place: &Place, name: &str, schema: SchemaRef, rule: Rule) -> Table {
    let first = schema.field(0).name().clone();
    let last = schema.field(schema.fields().len() - 1).name().clone();
    place.create(name, schema).await;
    match rule {
        Rule::Nothing => {}
        Rule::Constraint => {
            let condition = format!("{last} <> 'forbidden' OR {last} IS NULL");
            change(place, name, &["checkConstraints"], &[], |metadata| {
                metadata["configuration"]["delta.constraints.allowed"] = json!(condition);
            });
        }
        Rule::Invariant => {
            let condition = format!("{last} <> 'forbidden' OR {last} IS NULL");
            let invariant = json!({"expression": {"expression": condition}}).to_string();
            change(place, name, &[], &[], |metadata| {
                change_field(metadata, &last, |field| field["metadata"]["delta.invariants"] = json!(invariant));
            });
        }
        Rule::ChangeDataFeed => change(place, name, &["changeDataFeed"], &[], |metadata| {
            metadata["configuration"]["delta.enableChangeDataFeed"] = json!("true");
        }),
        Rule::ColumnMapping => change(place, name, &["columnMapping"], &["columnMapping"], map_columns),
        Rule::Partitions => change(place, name, &[], &[], |metadata| {
            assert_ne!(first, last);
            metadata["partitionColumns"] = json!([last]);
        }),
    }
    place.open(name).await
}

/// Changes the metadata and the features in the first entry of a log.
pub fn change(place: &Place, name: &str, writer: &[&str], reader: &[&str], edit: impl Fn(&mut Value)) {
    let path = entry(place, name, 0);
    let text = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<String> = text
        .lines()
        .map(|line| {
            let mut action: Value = serde_json::from_str(line).unwrap();
            if let Some(protocol) = action.get_mut("protocol") {
                protocol["writerFeatures"].as_array_mut().unwrap().extend(writer.iter().map(|name| json!(name)));
                if !reader.is_empty() {
                    protocol["minReaderVersion"] = json!(3);
                    protocol["readerFeatures"] = json!(reader);
                }
            }
            if let Some(metadata) = action.get_mut("metaData") {
                edit(metadata);
            }
            action.to_string()
        })
        .collect();
    std::fs::write(path, lines.join("\n")).unwrap();
}

/// Changes a top-level column in the metadata of a table.
pub fn change_field(metadata: &mut Value, name: &str, edit: impl Fn(&mut Value)) {
    let mut schema: Value = serde_json::from_str(metadata["schemaString"].as_str().unwrap()).unwrap();
    let fields = schema["fields"].as_array_mut().unwrap();
    edit(fields.iter_mut().find(|field| field["name"] == name).unwrap());
    metadata["schemaString"] = json!(schema.to_string());
}

fn map_columns(metadata: &mut Value) {
    let mut schema: Value = serde_json::from_str(metadata["schemaString"].as_str().unwrap()).unwrap();
    let fields = schema["fields"].as_array_mut().unwrap();
    for (number, field) in fields.iter_mut().enumerate() {
        field["metadata"]["delta.columnMapping.id"] = json!(number + 1);
        field["metadata"]["delta.columnMapping.physicalName"] = json!(format!("col-{number}"));
    }
    metadata["configuration"]["delta.columnMapping.mode"] = json!("name");
    metadata["configuration"]["delta.columnMapping.maxColumnId"] = json!(fields.len().to_string());
    metadata["schemaString"] = json!(schema.to_string());
}

fn entry(place: &Place, name: &str, version: u64) -> PathBuf {
    place.dir.path().join(format!("{name}/_delta_log/{version:020}.json"))
}

/// The actions of one kind in an entry of a log.
pub fn actions(place: &Place, name: &str, version: u64, kind: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(entry(place, name, version)).unwrap();
    text.lines().filter_map(|line| serde_json::from_str::<Value>(line).unwrap().get(kind).cloned()).collect()
}

/// The change data feed of a version, with the types of the changes of each batch.
async fn changed(place: &Place, name: &str, version: u64) -> Vec<(RecordBatch, StringArray)> {
    let url = url::Url::from_directory_path(place.dir.path().join(name)).unwrap();
    let table = deltalake::DeltaTableBuilder::from_url(url).unwrap().load().await.unwrap();
    let context = SessionContext::new();
    let plan = table
        .scan_cdf()
        .with_starting_version(version)
        .with_ending_version(version)
        .build(&context.state(), None)
        .await
        .unwrap();
    let batches = collect(plan, context.task_ctx()).await.unwrap();
    let with_types = batches.into_iter().map(|batch| {
        let types = cast(batch.column_by_name("_change_type").unwrap(), &DataType::Utf8).unwrap();
        (batch, types.as_string::<i32>().clone())
    });
    with_types.collect()
}

/// How many rows the change data feed tells of a version, for each type of change.
pub async fn feed_counts(place: &Place, name: &str, version: u64) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for (_, types) in changed(place, name, version).await {
        types.iter().flatten().for_each(|text| *counts.entry(text.to_owned()).or_default() += 1);
    }
    counts
}

/// What the change data feed says of a version, as sorted texts: the rows, then what happened to them.
pub async fn feed(place: &Place, name: &str, version: u64) -> Vec<String> {
    let mut told = Vec::new();
    for (batch, types) in changed(place, name, version).await {
        let content: Vec<usize> =
            (0..batch.num_columns()).filter(|index| !batch.schema().field(*index).name().starts_with('_')).collect();
        for row in 0..batch.num_rows() {
            let line = lines(&batch.slice(row, 1).project(&content).unwrap()).remove(0);
            assert!(types.is_valid(row));
            told.push(format!("{line}|{}", types.value(row)));
        }
    }
    told.sort();
    told
}

/// Files below the table's directory, with those of the change data feed, but without the log.
pub fn stored_files(place: &Place, name: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut directories = vec![place.dir.path().join(name)];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("_delta_log") {
                directories.push(path);
            } else if path.is_file() {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}
