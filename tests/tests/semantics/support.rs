//! Comparing a lake with a build from its bronze, and looking at what its commits did.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use goldsmith::{Engine, ModelSource, RunOptions, RunReport, TableStatus};
use goldsmith_testkit::{Row, ScratchLake};
use serde_json::Value;
use tempfile::TempDir;

/// Options of a run of some tables.
pub(crate) fn select(tables: &[&str]) -> RunOptions {
    RunOptions { select: tables.iter().map(ToString::to_string).collect(), ..Default::default() }
}

/// Runs an engine; a failed table fails the test.
pub(crate) async fn run(engine: &Engine, options: &RunOptions) -> RunReport {
    let report = engine.run(options).await.unwrap();
    let failed: Vec<_> = report.tables.iter().filter(|table| table.status == TableStatus::Failed).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    report
}

/// The rows of a table without its audit columns, as sorted texts; only some columns, when these are given.
pub(crate) async fn dump(lake: &ScratchLake, engine: &Engine, table: &str, columns: Option<&[String]>) -> Vec<String> {
    let rows = lake.rows_at(engine, &format!("select * from {table}")).await.unwrap();
    let kept = |name: &str| columns.is_none_or(|columns| columns.iter().any(|column| column == name));
    let mut lines: Vec<String> = rows
        .into_iter()
        .map(|mut row| {
            row.retain(|name, _| name != "_run_id" && name != "_loaded_at" && kept(name));
            row.sort_keys();
            Value::Object(row).to_string()
        })
        .collect();
    lines.sort();
    lines
}

/// Builds `tables` anew from the bronze of the lake, elsewhere, and compares them.
pub(crate) async fn assert_equals_rebuild(lake: &ScratchLake, tables: &[&str], when: &str) {
    let elsewhere = TempDir::new().unwrap();
    copy(&lake.target().join("system_bronze"), &elsewhere.path().join("system_bronze"));
    let rebuilt = lake.engine_on(&lake.source(), elsewhere.path()).unwrap();
    run(&rebuilt, &select(tables)).await;
    let held = lake.engine().unwrap();
    for table in tables {
        let (held, rebuilt) = (dump(lake, &held, table, None).await, dump(lake, &rebuilt, table, None).await);
        assert_eq!(held, rebuilt, "{when}: `{table}` is not what a rebuild gives");
    }
}

/// Copies a directory with all that is in it.
pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// A text of a row, empty for null.
pub(crate) fn text<'r>(row: &'r Row, name: &str) -> &'r str {
    row[name].as_str().unwrap_or_default()
}

/// The run that wrote each row of a table, by a column that identifies the row.
pub(crate) async fn writers(lake: &ScratchLake, table: &str, key: &str) -> BTreeMap<String, String> {
    let rows = lake.query(&format!("select {key} as k, _run_id as r from {table}")).await.unwrap();
    rows.iter().map(|row| (text(row, "k").to_owned(), text(row, "r").to_owned())).collect()
}

/// The keys of the rows that one run wrote.
pub(crate) fn written_by(writers: &BTreeMap<String, String>, report: &RunReport) -> Vec<String> {
    writers.iter().filter(|(_, run)| **run == report.run_id).map(|(key, _)| key.clone()).collect()
}

/// What one commit did to the files of a table.
#[derive(Debug, Default)]
pub(crate) struct Commit {
    /// Path and statistics of each added file.
    pub(crate) added: Vec<(String, Value)>,
    /// Paths of the removed files.
    pub(crate) removed: Vec<String>,
}

/// The commits of a gold table, the oldest first.
pub(crate) fn commits(lake: &ScratchLake, table: &str) -> Vec<Commit> {
    let log = lake.target().join("system_gold").join(table).join("_delta_log");
    let is_commit = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "json");
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(log).unwrap().map(|entry| entry.unwrap().path()).filter(is_commit).collect();
    entries.sort();
    entries.iter().map(|entry| commit(&std::fs::read_to_string(entry).unwrap())).collect()
}

fn commit(text: &str) -> Commit {
    let mut commit = Commit::default();
    for line in text.lines() {
        let action: Value = serde_json::from_str(line).unwrap();
        let path = |kind: &str| action[kind]["path"].as_str().map(str::to_owned);
        if let Some(path) = path("add") {
            let stats =
                action["add"]["stats"].as_str().map_or(Value::Null, |stats| serde_json::from_str(stats).unwrap());
            commit.added.push((path, stats));
        }
        commit.removed.extend(path("remove"));
    }
    commit
}

/// The model of the repository with one file changed: `from` occurs in it, and becomes `to`.
pub(crate) fn edited(path: &str, from: &str, to: &str) -> Vec<(String, String)> {
    let mut files = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../models"), "", &mut files);
    edit(&mut files, path, from, to);
    // Data tests of other tables may speak of what is changed here.
    files.retain(|(name, _)| !name.starts_with("tests/") || name == path);
    files
}

/// Changes one file of a model.
pub(crate) fn edit(files: &mut [(String, String)], path: &str, from: &str, to: &str) {
    let (_, text) = files.iter_mut().find(|(name, _)| name == path).unwrap_or_else(|| panic!("there is no `{path}`"));
    assert!(text.contains(from), "`{path}` does not contain {from:?}");
    *text = text.replacen(from, to, 1);
}

fn collect(root: &Path, below: &str, files: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(root.join(below)).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let name = if below.is_empty() { name } else { format!("{below}/{name}") };
        if entry.path().is_dir() {
            collect(root, &name, files);
        } else {
            files.push((name, std::fs::read_to_string(entry.path()).unwrap()));
        }
    }
}

/// An empty lake with a changed model.
pub(crate) fn lake_with(files: Vec<(String, String)>) -> ScratchLake {
    ScratchLake::with_model(ModelSource::Files(files)).unwrap_or_else(|error| panic!("{error:?}"))
}
