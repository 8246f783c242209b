//! What an upsert did.

use serde_json::{Map, Value};

use super::fate::FileFates;
use crate::merge::Guards;

/// Who wrote the changes of an [`upsert`](super::upsert).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum UpsertPath {
    /// The core of this crate, which serves tables without rules of their own.
    #[default]
    Core,
    /// delta-rs' `MERGE`, because the table has these rules.
    Merge(Guards),
}

/// What an [`upsert`](super::upsert) did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UpsertReport {
    /// Rows whose key the table did not have.
    pub inserted: u64,
    /// Rows that replaced one with another content.
    pub updated: u64,
    /// Rows of the table that went without a successor.
    pub deleted: u64,
    /// Rows that the table had already.
    pub unchanged: u64,
    /// New rows that lost against the row of their key that the table has.
    pub outranked: u64,
    /// New rows that lost against another new row of their key, by the [sequence](super::UpsertRequest::sequence). With these, those that
    /// were inserted, updated, unchanged and outranked add up to all new rows.
    pub deduplicated: u64,
    /// Files that were rewritten or emptied.
    pub files_removed: usize,
    /// Files that stay, with rows deleted by a deletion vector.
    pub files_masked: usize,
    /// Files that were written.
    pub files_added: usize,
    /// Live files that statistics or the values of their partition excluded from the search.
    pub files_pruned: usize,
    /// Files that were looked into after others had been faster, because they were theirs; counted each time.
    pub files_reprobed: usize,
    /// Rows that were copied unchanged, because they shared a file with others that went.
    pub rows_copied: u64,
    /// Why files were rewritten or masked, by the rule of [`WriteMode`](super::WriteMode); nothing where `MERGE` wrote.
    pub file_fates: FileFates,
    /// The version that the commit made; `None` when there was nothing to commit, or the changes are staged.
    pub version: Option<u64>,
    /// Who wrote the changes, and why.
    pub path: UpsertPath,
}

impl UpsertReport {
    /// The numbers for the table's history, under the names that other engines give them, or names like those: of files that lost rows
    /// also how many had which of the [`FileFates`], where the core wrote.
    pub fn metrics(&self) -> Map<String, Value> {
        let new_rows = self.inserted + self.updated + self.unchanged + self.outranked + self.deduplicated;
        let mut metrics: Map<String, Value> = [
            ("numSourceRows", new_rows),
            ("numSourceRowsDeduplicated", self.deduplicated),
            ("numSourceRowsOutranked", self.outranked),
            ("numTargetRowsInserted", self.inserted),
            ("numTargetRowsUpdated", self.updated),
            ("numTargetRowsDeleted", self.deleted),
            ("numTargetRowsCopied", self.rows_copied),
            ("numTargetFilesAdded", self.files_added as u64),
            ("numTargetFilesRemoved", self.files_removed as u64),
            ("numTargetDeletionVectorsAdded", self.files_masked as u64),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), Value::from(value)))
        .collect();
        if self.path == UpsertPath::Core {
            metrics.extend(self.file_fates.metrics());
        }
        metrics.extend(self.reprobed());
        metrics
    }

    /// The number of files that were looked into again, when there are any.
    pub(crate) fn reprobed(&self) -> Option<(String, Value)> {
        (self.files_reprobed > 0).then(|| ("numTargetFilesReprobed".to_owned(), Value::from(self.files_reprobed)))
    }

    /// What became of the rows: those of the table that came, went or changed, and those that had no effect.
    pub(crate) fn fates(&self) -> [u64; 5] {
        [self.inserted, self.updated, self.deleted, self.unchanged, self.outranked]
    }
}
