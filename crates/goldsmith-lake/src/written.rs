//! Data files on their way into a table.

use std::sync::Arc;

use deltalake::kernel::Add;
use object_store::ObjectStore;
use object_store::path::Path;

use crate::log::object_path;
use crate::staged::delete_files;
use crate::table::num_records;

/// Data files that are written, but not part of the table yet.
#[derive(Default)]
#[must_use = "written files take effect only with a commit"]
pub struct WrittenFiles {
    pub(crate) adds: Vec<Add>,
    pub(crate) rows: u64,
    pub(crate) store: Option<Arc<dyn ObjectStore>>,
}

impl WrittenFiles {
    /// A file that holds so many rows.
    pub(crate) fn of(add: Add, rows: u64, store: Arc<dyn ObjectStore>) -> Self {
        Self { adds: vec![add], rows, store: Some(store) }
    }

    /// Rows in the files.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Rows in the files as their statistics tell; none when one of them tells nothing.
    pub(crate) fn recorded_rows(&self) -> Option<u64> {
        self.adds.iter().map(num_records).sum()
    }

    /// Size of the files in bytes.
    pub fn bytes(&self) -> u64 {
        self.adds.iter().map(|add| u64::try_from(add.size).unwrap_or_default()).sum()
    }

    /// The same files once more, for somebody who shows them.
    pub(crate) fn shown(&self) -> Self {
        Self { adds: self.adds.clone(), rows: self.rows, store: self.store.clone() }
    }

    /// Number of files.
    pub fn files(&self) -> usize {
        self.adds.len()
    }

    /// Takes in the files of another writer of the same table, so that one commit holds both.
    pub fn merge(&mut self, other: Self) {
        self.adds.extend(other.adds);
        self.rows += other.rows;
        self.store = self.store.take().or(other.store);
    }

    /// Deletes the files, as far as the storage lets us; what stays is invisible.
    pub async fn discard(self) {
        if let Some(store) = self.store {
            let paths: Vec<Path> = self.adds.iter().map(|add| object_path(&add.path)).collect();
            delete_files(&store, &paths).await;
        }
    }
}
