//! Tables as other software may leave them: files of small row groups and pages, and vectors of any rows.

use std::fs::File;
use std::path::{Path, PathBuf};

use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use roaring::RoaringTreemap;
use serde_json::{Value, json};

use crate::support::Place;

/// The entries of the log, oldest first.
fn entries(table: &Path) -> Vec<PathBuf> {
    let names = std::fs::read_dir(table.join("_delta_log")).unwrap().map(|entry| entry.unwrap().path());
    let mut entries: Vec<PathBuf> = names.filter(|path| path.extension().is_some_and(|end| end == "json")).collect();
    entries.sort();
    entries
}

fn actions(entry: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(entry).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn write(entry: &Path, actions: &[Value]) {
    let lines: Vec<String> = actions.iter().map(Value::to_string).collect();
    std::fs::write(entry, lines.join("\n")).unwrap();
}

/// Writes every file of a table anew, with row groups and pages of so many rows.
pub fn regroup(place: &Place, name: &str, group: usize, page: usize) {
    let table = place.dir.path().join(name);
    for entry in entries(&table) {
        let mut actions = actions(&entry);
        for action in &mut actions {
            let Some(path) = action.pointer("/add/path").and_then(Value::as_str) else { continue };
            let path = table.join(path);
            let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(&path).unwrap()).unwrap();
            let schema = reader.schema().clone();
            let batches: Vec<_> = reader.build().unwrap().map(Result::unwrap).collect();
            let properties = WriterProperties::builder()
                .set_max_row_group_row_count(Some(group))
                .set_data_page_row_count_limit(page)
                .set_write_batch_size(page)
                .set_dictionary_enabled(false)
                .set_statistics_enabled(EnabledStatistics::Page)
                .build();
            let mut writer = ArrowWriter::try_new(File::create(&path).unwrap(), schema, Some(properties)).unwrap();
            batches.iter().for_each(|batch| writer.write(batch).unwrap());
            writer.close().unwrap();
            action["add"]["size"] = json!(std::fs::metadata(&path).unwrap().len());
        }
        write(&entry, &actions);
    }
}

/// Commits a deletion vector for rows of a file, which has none yet, as another engine would do it.
pub fn hide(place: &Place, name: &str, path: &str, dead: &[u64]) {
    let table = place.dir.path().join(name);
    let entries = entries(&table);
    let first = std::fs::read_to_string(&entries[0]).unwrap();
    if !first.contains("deletionVectors") {
        let first = first
            .replace("\"minReaderVersion\":1", "\"minReaderVersion\":3,\"readerFeatures\":[\"deletionVectors\"]")
            .replace("[\"appendOnly\"", "[\"deletionVectors\",\"appendOnly\"");
        assert!(first.contains("\"readerFeatures\":[\"deletionVectors\"]"), "{first}");
        std::fs::write(&entries[0], first).unwrap();
    }
    let mut added = entries.iter().flat_map(|entry| actions(entry));
    let is_file = |action: &Value| action.pointer("/add/path").and_then(Value::as_str) == Some(path);
    let mut add = added.rfind(is_file).unwrap();
    let mut bytes = 1_681_511_377_u32.to_le_bytes().to_vec();
    dead.iter().copied().collect::<RoaringTreemap>().serialize_into(&mut bytes).unwrap();
    let size = bytes.len();
    bytes.resize(size.next_multiple_of(4), 0);
    add["add"]["deletionVector"] = json!({
        "storageType": "i",
        "pathOrInlineDv": z85::encode(bytes),
        "sizeInBytes": size,
        "cardinality": dead.len(),
    });
    let remove = json!({"remove": {"path": path, "dataChange": true, "deletionTimestamp": 0}});
    let info = json!({"commitInfo": {"operation": "DELETE"}});
    write(&table.join(format!("_delta_log/{:020}.json", entries.len())), &[info, remove, add]);
}
