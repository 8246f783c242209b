//! A table that writers race for, and what they leave of files.

use goldsmith_lake::{CommitOutcome, CommitRequest, ScanRequest, Table, UpsertRequest, WriteMode};
use serde_json::Value;

use crate::history::{History, Kind, Row};
use crate::support::{Place, append, apply, collect, versions_schema};

pub const MODES: [WriteMode; 3] = [WriteMode::Auto, WriteMode::MergeOnRead, WriteMode::CopyOnWrite];

/// A table of five small files with a position and a deletion vector, so that their features are there.
pub async fn filled(place: &Place) -> History {
    let mut history = History::default();
    let mut table = place.create("t", versions_schema()).await;
    let files: [&[Row<'_>]; 4] = [
        &[("a", 0, "m"), ("a", 1, "m"), ("b", 0, "m"), ("b", 1, "m"), ("b", 2, "m")],
        &[("c", 0, "m"), ("c", 1, "m"), ("d", 0, "m")],
        &[("e", 0, "m"), ("f", 0, "m")],
        &[("s", 0, "m"), ("t", 0, "m")],
    ];
    for file in files {
        append(&mut table, &history.append(file, "r0"), Some("ours"), "r0").await;
    }
    let request = history.upsert(Kind::Plain, &[("b", 2, "n")], "r1").0;
    let report = apply(&mut table, UpsertRequest { write_mode: WriteMode::MergeOnRead, ..request }).await;
    assert_eq!((report.files_masked, table.files().unwrap().len()), (1, 5));
    history
}

/// Paths of the files that a table shows.
pub fn paths(table: &Table) -> Vec<String> {
    table.files().unwrap().into_iter().map(|file| file.path).collect()
}

/// Moves the rows of some files to another one, as maintenance does.
pub async fn moved(table: &mut Table, files: Vec<String>) {
    let scan = ScanRequest { files: Some(files.clone()), ..ScanRequest::default() };
    let rows = collect(table.scan(scan).await.unwrap()).await;
    let mut writer = table.writer().unwrap();
    writer.write(&rows).await.unwrap();
    let request = CommitRequest {
        added: writer.finish().await.unwrap(),
        removed: files,
        operation: "OPTIMIZE".to_owned(),
        rearranges: true,
        ..CommitRequest::default()
    };
    assert!(matches!(table.commit(request).await.unwrap(), CommitOutcome::Committed { .. }));
}

/// A number that a commit tells of itself.
pub fn metric(place: &Place, table: &str, version: u64, name: &str) -> Option<u64> {
    let entry = place.dir.path().join(format!("{table}/_delta_log/{version:020}.json"));
    let entry = std::fs::read_to_string(entry).unwrap();
    let mut lines = entry.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let info = lines.find_map(|mut line| line.get_mut("commitInfo").map(Value::take)).unwrap();
    info["operationMetrics"][name].as_u64()
}

/// Names of the files of a table that end like this.
pub fn files_ending(place: &Place, table: &str, end: &str) -> Vec<String> {
    let entries = std::fs::read_dir(place.dir.path().join(table)).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.ends_with(end)).collect()
}

/// Data files that no entry of the log ever named.
pub fn unreferenced(place: &Place, table: &str) -> Vec<String> {
    let log = place.dir.path().join(table).join("_delta_log");
    let entries = std::fs::read_dir(log).unwrap().map(|entry| entry.unwrap().path());
    let entries = entries.filter(|path| path.extension().is_some_and(|end| end == "json"));
    let log: String = entries.map(|path| std::fs::read_to_string(path).unwrap()).collect();
    files_ending(place, table, ".parquet").into_iter().filter(|name| !log.contains(name.as_str())).collect()
}
