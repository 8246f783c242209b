//! Changes that a handle holds, and that its next commit makes visible all at once.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use deltalake::kernel::{Add, Metadata, StructType};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use crate::log::object_path;
use crate::merge::ChangeSet;
use crate::merge::shadow::Caught;
use crate::table::Table;
use crate::upsert::{Decisions, Fate, WriteMode};
use crate::vector::vector_file;
use crate::written::WrittenFiles;

/// Files that were written or dropped and columns that were changed since the version of a handle.
#[derive(Debug, Clone, Default)]
pub(crate) struct Staged {
    added: Vec<Add>,
    removed: HashSet<String>,
    /// Files that hold the deletion vectors of added files.
    vectors: Vec<Path>,
    metadata: Option<Box<(Metadata, StructType)>>,
    /// What operations recorded for the change data feed, in their order.
    changes: Vec<ChangeSet>,
    /// Whether rows came or went without such a record.
    has_unrecorded: bool,
    taken_by: TakenBy,
    /// Files that lost rows, and what happened to each then.
    fates: Vec<(String, Fate)>,
    /// How everything above came about, when it was a single upsert.
    decisions: Remembered,
}

/// Who took rows out of files, as far as that is staged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum TakenBy {
    /// Nobody did.
    #[default]
    Nobody,
    /// Upserts with one key, which finds the rows again when others move them to other files.
    Upserts {
        /// The columns of the key.
        key: Vec<String>,
        /// How the last one wrote.
        write_mode: WriteMode,
    },
    /// Somebody who tells files only, or a `MERGE`; or upserts with several keys, or into columns that are staged as well.
    Others,
}

/// What an upsert decided. A clone of a handle shows what is staged, but does not know how it came about: its memory is that of readers.
#[derive(Default)]
struct Remembered(Option<Box<Decisions>>);

impl Clone for Remembered {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl fmt::Debug for Remembered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Remembered").field(&self.0.is_some()).finish()
    }
}

impl Staged {
    /// Files as the log does not know them: new ones, and files of the version with further rows deleted.
    pub(crate) fn added(&self) -> &[Add] {
        &self.added
    }

    /// Whether a live file of the version is dropped, or stands among the added ones with further rows deleted.
    pub(crate) fn removes(&self, path: &str) -> bool {
        self.removed.contains(path)
    }

    /// The metadata that the commit will bring, with its schema.
    pub(crate) fn metadata(&self) -> Option<(&Metadata, &StructType)> {
        self.metadata.as_deref().map(|(metadata, schema)| (metadata, schema))
    }

    pub(crate) fn set_metadata(&mut self, metadata: Metadata, schema: StructType) {
        self.metadata = Some(Box::new((metadata, schema)));
        self.forget();
    }

    /// Keeps in mind how what is staged came about, until anything else is staged.
    pub(crate) fn remember(&mut self, decisions: Box<Decisions>) {
        self.decisions.0 = Some(decisions);
    }

    /// Forgets how what is staged came about; it stays staged.
    pub(crate) fn forget(&mut self) {
        self.decisions.0 = None;
    }

    /// Notes what an upsert with this key did to files that lost rows.
    pub(crate) fn taken_by_upsert(&mut self, key: &[String], write_mode: WriteMode, fates: Vec<(String, Fate)>) {
        if fates.is_empty() {
            return;
        }
        self.fates.extend(fates);
        let is_known = match &self.taken_by {
            TakenBy::Nobody => true,
            TakenBy::Upserts { key: known, .. } => known == key,
            TakenBy::Others => false,
        };
        self.taken_by = if is_known { TakenBy::Upserts { key: key.to_vec(), write_mode } } else { TakenBy::Others };
    }

    /// What was taken for an entry that did not get into the log, staged once more, but for what happened to these files of the version.
    pub(crate) fn again(changes: Changes, without: &HashSet<String>) -> Self {
        let Changes { added, removed, written, taken_by, fates, .. } = changes;
        let removed: HashSet<String> = removed.into_iter().collect();
        let new = added.iter().filter(|add| !removed.contains(&add.path)).map(|add| object_path(&add.path));
        let new: HashSet<Path> = new.collect();
        Self {
            vectors: written.into_iter().filter(|path| !new.contains(path)).collect(),
            added: added.into_iter().filter(|add| !without.contains(&add.path)).collect(),
            removed: removed.into_iter().filter(|path| !without.contains(path)).collect(),
            fates: fates.into_iter().filter(|(path, _)| !without.contains(path)).collect(),
            taken_by,
            ..Self::default()
        }
    }

    /// Hands out the files of deletion vectors that nothing staged refers to any more.
    pub(crate) fn unused_vectors(&mut self) -> Vec<Path> {
        let vectors = self.added.iter().filter_map(|add| add.deletion_vector.as_ref());
        let used: HashSet<Path> = vectors.filter_map(vector_file).collect();
        let (kept, unused) = std::mem::take(&mut self.vectors).into_iter().partition(|path| used.contains(path));
        self.vectors = kept;
        unused
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.metadata.is_none()
    }

    /// Everything that is staged, which is then forgotten.
    pub(crate) fn take(&mut self) -> Changes {
        let staged = std::mem::take(self);
        let new_files = staged.added.iter().filter(|add| !staged.removed.contains(&add.path));
        let changes = staged.changes.iter().flat_map(|set| &set.files).map(|file| object_path(&file.path));
        let written = new_files.map(|add| object_path(&add.path)).chain(staged.vectors).chain(changes).collect();
        let mut removed: Vec<String> = staged.removed.into_iter().collect();
        removed.sort_unstable();
        let taken_by = if staged.metadata.is_some() { TakenBy::Others } else { staged.taken_by };
        Changes {
            added: staged.added,
            removed,
            metadata: staged.metadata.map(|metadata| metadata.0),
            changes: staged.changes,
            has_unrecorded: staged.has_unrecorded,
            written,
            taken_by,
            fates: staged.fates,
            decisions: staged.decisions.0,
        }
    }
}

/// What was staged.
#[derive(Default)]
pub(crate) struct Changes {
    /// Files as the log shall show them.
    pub(crate) added: Vec<Add>,
    /// Paths of the files of the version that go, or that are among the added ones, sorted.
    pub(crate) removed: Vec<String>,
    pub(crate) metadata: Option<Metadata>,
    /// What operations recorded for the change data feed, in their order.
    pub(crate) changes: Vec<ChangeSet>,
    /// Whether rows came or went without such a record.
    pub(crate) has_unrecorded: bool,
    /// What was written and nothing refers to until the commit.
    pub(crate) written: Vec<Path>,
    /// Who took rows out of files.
    pub(crate) taken_by: TakenBy,
    /// Files that lost rows, and what happened to each then.
    pub(crate) fates: Vec<(String, Fate)>,
    /// How it came about, when it was a single upsert.
    pub(crate) decisions: Option<Box<Decisions>>,
}

impl Table {
    /// Puts files in and takes files out of what this handle shows, without a commit. The next [`Table::commit`] makes all
    /// that is staged visible to others at once; [`Table::discard_staged`] forgets it.
    ///
    /// Staged files that are taken out again are deleted.
    pub async fn stage(&mut self, added: WrittenFiles, removed: &[String]) {
        if !removed.is_empty() {
            self.staged.taken_by = TakenBy::Others;
        }
        self.stage_written(added, removed).await;
    }

    /// Does the same for an upsert, which notes itself what it took.
    pub(crate) async fn stage_written(&mut self, added: WrittenFiles, removed: &[String]) {
        self.staged.has_unrecorded |= added.files() > 0 || !removed.is_empty();
        self.stage_files(added.adds, removed).await;
    }

    /// Shows what a `MERGE` on the staged state of this handle did.
    pub(crate) async fn stage_merged(&mut self, caught: Caught, key: &[String]) {
        self.stage_files(caught.added, &caught.removed).await;
        self.staged.taken_by = TakenBy::Others;
        self.staged.changes.push(ChangeSet { key: key.to_vec(), files: caught.changes });
    }

    async fn stage_files(&mut self, added: Vec<Add>, removed: &[String]) {
        if !added.is_empty() || !removed.is_empty() {
            self.staged.forget();
        }
        let dropped: HashSet<&str> = removed.iter().map(String::as_str).collect();
        let (gone, kept): (Vec<Add>, Vec<Add>) =
            std::mem::take(&mut self.staged.added).into_iter().partition(|add| dropped.contains(add.path.as_str()));
        // What the version does not have was written since, and can be deleted.
        let never_seen: HashSet<&str> =
            gone.iter().map(|add| add.path.as_str()).filter(|path| !self.staged.removes(path)).collect();
        let abandoned: Vec<Path> = never_seen.iter().map(|path| object_path(path)).collect();
        let known = dropped.iter().filter(|path| !never_seen.contains(*path)).map(|path| (*path).to_owned());
        self.staged.removed.extend(known.collect::<Vec<_>>());
        self.staged.added = kept;
        self.staged.added.extend(added);
        delete_files(&self.delta.log_store().object_store(None), &abandoned).await;
    }

    /// Shows files with further rows deleted: `masked` are files that this handle shows, with their new deletion vectors, and
    /// `vectors` the file that holds these.
    pub(crate) fn stage_masked(&mut self, masked: Vec<Add>, vectors: Option<Path>) {
        if !masked.is_empty() {
            self.staged.forget();
        }
        self.staged.vectors.extend(vectors);
        for add in masked {
            match self.staged.added.iter_mut().find(|staged| staged.path == add.path) {
                Some(staged) => *staged = add,
                None => {
                    self.staged.removed.insert(add.path.clone());
                    self.staged.added.push(add);
                }
            }
        }
    }

    /// Whether this handle holds changes that no commit has made visible.
    pub fn has_staged(&self) -> bool {
        !self.staged.is_empty()
    }

    /// Forgets what is staged, and deletes its files as far as the storage lets us.
    pub async fn discard_staged(&mut self) {
        let changes = self.staged.take();
        delete_files(&self.delta.log_store().object_store(None), &changes.written).await;
    }
}

/// Deletes files that nothing refers to; what stays is invisible.
pub(crate) async fn delete_files(store: &Arc<dyn ObjectStore>, files: &[Path]) {
    for path in files {
        if let Err(error) = store.delete(path).await {
            tracing::warn!(%path, %error, "an abandoned file could not be deleted");
        }
    }
}
