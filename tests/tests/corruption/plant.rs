//! Planting corruption in one table, and taking it back.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use goldsmith_lake::{CommitRequest, Lake, LakeOptions, Location, ScanRequest, Table};
use tempfile::TempDir;

/// A table that is as it was again in the end.
pub(crate) struct Planted {
    table: PathBuf,
    copy: TempDir,
}

impl Planted {
    pub(crate) fn new(target: &Path, schema: &str, table: &str) -> Self {
        let (table, copy) = (target.join(schema).join(table), TempDir::new().unwrap());
        copy_directory(&table, &copy.path().join("table"));
        Self { table, copy }
    }

    async fn open(&self) -> Table {
        let location = Location::parse(&self.table.to_string_lossy()).unwrap();
        Lake::new(LakeOptions::default()).open(&location).await.unwrap().unwrap()
    }

    /// Makes `change` of all rows the content of the table, its position as it was.
    pub(crate) async fn edit(&self, change: impl FnOnce(RecordBatch) -> RecordBatch) {
        use futures::TryStreamExt;
        let mut table = self.open().await;
        let stream = table.scan(ScanRequest::default()).await.unwrap();
        let batches: Vec<RecordBatch> = stream.try_collect().await.unwrap();
        let rows = concat_batches(&table.data_schema().unwrap(), &batches).unwrap();
        let mut writer = table.writer().unwrap();
        writer.write(&change(rows)).await.unwrap();
        let request = CommitRequest {
            added: writer.finish().await.unwrap(),
            removed: table.files().unwrap().into_iter().map(|file| file.path).collect(),
            run_id: "somebody else".into(),
            operation: "WRITE".into(),
            ..CommitRequest::default()
        };
        let _ = table.commit(request).await.unwrap();
    }

    /// Changes the recorded position.
    pub(crate) async fn position(&self, change: impl FnOnce(serde_json::Value) -> serde_json::Value) {
        let mut table = self.open().await;
        let position = serde_json::from_str(&table.position().await.unwrap().unwrap()).unwrap();
        let position = Some(change(position).to_string());
        let request = CommitRequest { position, operation: "WRITE".into(), ..CommitRequest::default() };
        let _ = table.commit(request).await.unwrap();
    }

    /// Makes the log count one row more in the newest file.
    pub(crate) fn miscount(&self) {
        let log = self.table.join("_delta_log");
        let mut entries: Vec<PathBuf> = std::fs::read_dir(&log).unwrap().map(|entry| entry.unwrap().path()).collect();
        entries.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
        entries.sort();
        for entry in entries.iter().rev() {
            let text = std::fs::read_to_string(entry).unwrap();
            let mark = r#"{\"numRecords\":"#;
            if let Some(at) = text.find(mark) {
                let (before, after) = text.split_at(at + mark.len());
                let digits = after.find(|c: char| !c.is_ascii_digit()).unwrap();
                let rows: u64 = after[..digits].parse().unwrap();
                std::fs::write(entry, format!("{before}{}{}", rows + 1, &after[digits..])).unwrap();
                return;
            }
        }
        panic!("no log entry counts rows");
    }

    /// Takes a live data file away.
    pub(crate) async fn lose_file(&self) {
        let file = self.open().await.files().unwrap().remove(0);
        std::fs::remove_file(self.table.join(file.path)).unwrap();
    }
}

/// Removes the data files that the latest version of a table does not refer to.
pub(crate) async fn clean(target: &Path, schema: &str, table: &str) {
    let directory = target.join(schema).join(table);
    let location = Location::parse(&directory.to_string_lossy()).unwrap();
    let table = Lake::new(LakeOptions::default()).open(&location).await.unwrap().unwrap();
    let live: Vec<String> = table.files().unwrap().into_iter().map(|file| file.path).collect();
    let mut removed = 0;
    for path in content(&directory).into_keys() {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.ends_with(".parquet") && !path.starts_with(directory.join("_delta_log")) && !live.contains(&name) {
            std::fs::remove_file(path).unwrap();
            removed += 1;
        }
    }
    assert!(removed > 0, "every file is still needed");
}

impl Drop for Planted {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.table).unwrap();
        copy_directory(&self.copy.path().join("table"), &self.table);
    }
}

fn copy_directory(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            copy_directory(&entry.path(), &to.join(entry.file_name()));
        } else {
            std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

/// Every file below a directory with its size.
pub(crate) fn content(directory: &Path) -> BTreeMap<PathBuf, u64> {
    let mut out = BTreeMap::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            out.extend(content(&entry.path()));
        } else {
            out.insert(entry.path(), entry.metadata().unwrap().len());
        }
    }
    out
}
