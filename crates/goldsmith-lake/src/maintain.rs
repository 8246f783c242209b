//! Keeping a table quick to read: small files become larger ones, rows that deletion vectors hide go for good, and files that
//! nothing shows any more are deleted.

use std::collections::HashSet;
use std::time::Duration;

use arrow::array::BooleanArray;
use arrow::compute::filter_record_batch;
use chrono::{DateTime, Utc};
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStoreExt};
use serde_json::Value;

use crate::commit::{CommitOutcome, CommitRequest};
use crate::error::{LakeError, Result};
use crate::log::{object_path, read_commit};
use crate::scan::{LiveFile, live_files, load_vectors};
use crate::table::Table;
use crate::vector::vector_file;
use crate::write::TableWriter;

/// The directory of files with changed rows.
const CHANGE_DATA: &str = "_change_data";
/// So many small files are worth a rewrite. Fewer would be rewritten over and over, each time with one more.
const MIN_SMALL_FILES: usize = 4;
/// From this share of deleted rows on a file is rewritten without them.
const PURGED_FROM: f64 = 0.05;

/// What [`Table::compact`] found and did. Numbers are of live files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CompactReport {
    /// Files before.
    pub files_before: usize,
    /// Files that are small, and are merged into larger ones.
    pub small_files: usize,
    /// Files that are rewritten because of their deleted rows.
    pub purged_files: usize,
    /// Files after; as before when nothing was worth it.
    pub files_after: usize,
    /// Rows that were written anew.
    pub rows_copied: u64,
    /// Deleted rows that no file holds any more.
    pub rows_purged: u64,
    /// The version that the commit made; `None` when there was nothing to do, or it was only asked for.
    pub version: Option<u64>,
}

/// What [`Table::vacuum`] found and did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct VacuumReport {
    /// Files that nothing shows, and nothing has shown for the time given.
    pub files: usize,
    /// Their size in bytes.
    pub bytes: u64,
    /// Whether they were deleted, and not only looked for.
    pub deleted: bool,
}

impl Table {
    /// Refuses what [`Table::writer`] refuses, and tables whose files do not simply hold their columns by name: files are read and
    /// listed directly here.
    fn check_maintainable(&self) -> Result<()> {
        self.check_writable()?;
        if self.is_plain()? {
            return Ok(());
        }
        let (location, features) = (self.location.to_string(), self.guards()?.to_string());
        Err(LakeError::UnsupportedFeature { location, features, access: "maintain" })
    }

    /// Merges small files (below half of [`crate::LakeOptions::target_file_size`], when there are at least four) and rewrites files
    /// of which a twentieth is deleted, in one commit that says that no row changed. Readers of what is new pass over it, and
    /// versions before it can still be read until [`Table::vacuum`]. With `dry_run` nothing is written.
    ///
    /// # Errors
    /// [`LakeError::Conflict`] (retryable) when somebody else changed one of the files meanwhile, [`LakeError::Unbalanced`] when the
    /// rows written are not those read; errors of the storage. Nothing is visible after an error.
    pub async fn compact(&mut self, run_id: &str, dry_run: bool) -> Result<CompactReport> {
        self.check_maintainable()?;
        let files = live_files(self, None)?;
        let mut report =
            CompactReport { files_before: files.len(), files_after: files.len(), ..CompactReport::default() };
        let half = self.options().target_file_size / 2;
        let is_small = |file: &LiveFile| file.file.size < half;
        let merges = files.iter().filter(|file| is_small(file)).count() >= MIN_SMALL_FILES;
        let (mut chosen, mut expected) = (Vec::new(), 0);
        for file in files {
            let (dead, rows) = (file.deleted_rows(), file.physical_rows());
            let is_purged = rows.is_some_and(|rows| rows > 0 && dead as f64 >= PURGED_FROM * rows as f64) && dead > 0;
            let is_merged = merges && is_small(&file);
            if !(is_purged || is_merged) {
                continue;
            }
            report.small_files += usize::from(is_merged);
            report.purged_files += usize::from(is_purged);
            report.rows_purged += dead;
            expected += rows.unwrap_or_default().saturating_sub(dead);
            chosen.push(file);
        }
        if chosen.is_empty() {
            return Ok(CompactReport { rows_purged: 0, ..report });
        }
        if dry_run {
            report.rows_copied = expected;
            return Ok(report);
        }
        load_vectors(self, &mut chosen).await?;
        let mut writer = self.writer()?.one_by_one();
        match self.copy(&chosen, &mut writer).await {
            Ok(rows) => report.rows_copied = rows,
            Err(error) => {
                writer.abort().await;
                return Err(error);
            }
        }
        let added = writer.finish().await?;
        if added.recorded_rows() != Some(report.rows_copied) {
            let reason = format!("{} rows were read, but {:?} written", report.rows_copied, added.recorded_rows());
            added.discard().await;
            return Err(LakeError::Unbalanced { location: self.location.to_string(), reason });
        }
        report.files_after = report.files_before - chosen.len() + added.files();
        let metrics = [
            ("numRemovedFiles", chosen.len() as u64),
            ("numAddedFiles", added.files() as u64),
            ("numDeletedRows", report.rows_purged),
        ];
        let request = CommitRequest {
            added,
            removed: chosen.into_iter().map(|file| file.path).collect(),
            run_id: run_id.to_owned(),
            operation: "OPTIMIZE".to_owned(),
            metrics: metrics.into_iter().map(|(name, value)| (name.to_owned(), Value::from(value))).collect(),
            rearranges: true,
            ..CommitRequest::default()
        };
        if let CommitOutcome::Committed { version } = self.commit(request).await? {
            report.version = Some(version);
        }
        Ok(report)
    }

    /// Writes the living rows of files, in their order.
    async fn copy(&self, files: &[LiveFile], writer: &mut TableWriter) -> Result<u64> {
        let location = self.location.to_string();
        let store = self.delta.log_store().object_store(None);
        let schema = self.data_schema()?;
        let mut copied = 0;
        for file in files {
            let mut start = 0;
            let mut batches = file.file.read(&store, &schema, None).await?;
            while let Some(batch) = batches.try_next().await? {
                let living: BooleanArray =
                    (start..start + batch.num_rows()).map(|row| Some(file.is_alive(row))).collect();
                start += batch.num_rows();
                let rows = filter_record_batch(&batch, &living).map_err(|error| LakeError::arrow(&location, error))?;
                copied += rows.num_rows() as u64;
                writer.write(&rows).await?;
            }
        }
        Ok(copied)
    }

    /// Deletes files below the table that no version shows which was the latest within the last `retention`: what commits removed
    /// long ago, what interrupted writers left, and changed rows that were recorded for readers of a change data feed before that.
    /// Readers that began before that, and travels back beyond it, lose their files. What a writer that is at work has written and not
    /// committed yet looks like what an interrupted one left: `retention` must be longer than any commit takes to come, or nobody
    /// may write meanwhile. With `dry_run` nothing is deleted.
    ///
    /// # Errors
    /// [`LakeError::InvalidRequest`] when the log does not reach back that far, so that it cannot be told;
    /// [`LakeError::UnsupportedFeature`] for tables that this engine does not write; errors of the storage.
    pub async fn vacuum(&self, retention: Duration, dry_run: bool) -> Result<VacuumReport> {
        self.check_maintainable()?;
        let location = self.location.to_string();
        let oldest = Utc::now()
            - chrono::TimeDelta::from_std(retention).map_err(|error| LakeError::InvalidRequest {
                location: location.clone(),
                reason: format!("a retention of {retention:?}: {error}"),
            })?;
        let kept = self.shown_since(oldest).await?;
        let store = self.delta.log_store().object_store(None);
        let fail = |error| LakeError::storage(&location, error);
        let listed: Vec<ObjectMeta> = store.list(None).try_collect().await.map_err(fail)?;
        let is_garbage = |object: &&ObjectMeta| {
            is_of_table(&object.location) && object.last_modified < oldest && !kept.contains(&object.location)
        };
        let garbage: Vec<&ObjectMeta> = listed.iter().filter(is_garbage).collect();
        for object in garbage.iter().filter(|_| !dry_run) {
            store.delete(&object.location).await.map_err(fail)?;
        }
        let bytes = garbage.iter().map(|object| object.size).sum();
        Ok(VacuumReport { files: garbage.len(), bytes, deleted: !dry_run })
    }

    /// Data files and files of deletion vectors that the version of this handle shows, or a commit since `oldest` removed, and the
    /// changed rows that such a commit recorded.
    async fn shown_since(&self, oldest: DateTime<Utc>) -> Result<HashSet<Path>> {
        let location = self.location.to_string();
        let mut kept = HashSet::new();
        for view in self.committed_views()? {
            kept.insert(view.object_store_path());
            kept.extend(view.deletion_vector_descriptor().and_then(|vector| vector_file(&vector)));
        }
        let log_store = self.delta.log_store();
        for version in (0..=self.version()).rev() {
            let Some(commit) = read_commit(log_store.as_ref(), &location, version).await? else {
                let reason = format!(
                    "the log begins after version {version}, and tells no longer what was shown since {oldest}"
                );
                return Err(LakeError::InvalidRequest { location, reason });
            };
            // What an older commit removed was not shown since.
            if commit.timestamp().is_some_and(|timestamp| timestamp < oldest.timestamp_millis()) {
                break;
            }
            for remove in &commit.removes {
                kept.insert(object_path(&remove.path));
                kept.extend(remove.deletion_vector.as_ref().and_then(vector_file));
            }
            kept.extend(commit.changes.iter().map(|change| object_path(&change.path)));
        }
        Ok(kept)
    }
}

/// Whether a file is one of data, deleted rows or changed rows. Other directories that begin with an underscore are not the table's
/// to clean; that of changed rows has the retention of the table. Source: Delta protocol, "Change Data Files".
fn is_of_table(path: &Path) -> bool {
    let mut parts = path.parts().peekable();
    let _ = parts.next_if(|part| part.as_ref() == CHANGE_DATA);
    parts.all(|part| !part.as_ref().starts_with(['_', '.']))
}
