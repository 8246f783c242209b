//! Changes that a handle holds, and that its next commit makes visible all at once.

use std::collections::HashSet;
use std::sync::Arc;

use deltalake::kernel::{Add, Metadata, StructType};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use crate::table::Table;
use crate::write::WrittenFiles;

/// Files that were written or dropped and columns that were changed since the version of a handle.
#[derive(Debug, Clone, Default)]
pub(crate) struct Staged {
    added: Vec<Add>,
    removed: HashSet<String>,
    metadata: Option<Box<(Metadata, StructType)>>,
}

impl Staged {
    /// New files, which the log does not know.
    pub(crate) fn added(&self) -> &[Add] {
        &self.added
    }

    /// Whether a live file of the version is dropped.
    pub(crate) fn removes(&self, path: &str) -> bool {
        self.removed.contains(path)
    }

    /// The metadata that the commit will bring, with its schema.
    pub(crate) fn metadata(&self) -> Option<(&Metadata, &StructType)> {
        self.metadata.as_deref().map(|(metadata, schema)| (metadata, schema))
    }

    pub(crate) fn set_metadata(&mut self, metadata: Metadata, schema: StructType) {
        self.metadata = Some(Box::new((metadata, schema)));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.metadata.is_none()
    }

    /// Everything that is staged: new files, paths of dropped ones, metadata.
    pub(crate) fn take(&mut self) -> (Vec<Add>, Vec<String>, Option<Metadata>) {
        let staged = std::mem::take(self);
        let mut removed: Vec<String> = staged.removed.into_iter().collect();
        removed.sort_unstable();
        (staged.added, removed, staged.metadata.map(|metadata| metadata.0))
    }
}

impl Table {
    /// Puts files in and takes files out of what this handle shows, without a commit. The next [`Table::commit`] makes all
    /// that is staged visible to others at once; [`Table::discard_staged`] forgets it.
    ///
    /// Staged files that are taken out again are deleted.
    pub async fn stage(&mut self, added: WrittenFiles, removed: &[String]) {
        let dropped: HashSet<&str> = removed.iter().map(String::as_str).collect();
        let (gone, kept): (Vec<Add>, Vec<Add>) =
            std::mem::take(&mut self.staged.added).into_iter().partition(|add| dropped.contains(add.path.as_str()));
        let never_seen: HashSet<&str> = gone.iter().map(|add| add.path.as_str()).collect();
        self.staged
            .removed
            .extend(dropped.iter().filter(|path| !never_seen.contains(*path)).map(|path| (*path).to_owned()));
        self.staged.added = kept;
        self.staged.added.extend(added.adds);
        delete_files(&self.delta.log_store().object_store(None), &gone).await;
    }

    /// Whether this handle holds changes that no commit has made visible.
    pub fn has_staged(&self) -> bool {
        !self.staged.is_empty()
    }

    /// Forgets what is staged, and deletes its files as far as the storage lets us.
    pub async fn discard_staged(&mut self) {
        let (added, _, _) = self.staged.take();
        delete_files(&self.delta.log_store().object_store(None), &added).await;
    }
}

/// Deletes files that nothing refers to; what stays is invisible.
pub(crate) async fn delete_files(store: &Arc<dyn ObjectStore>, files: &[Add]) {
    for add in files {
        let path = Path::from(add.path.as_str());
        if let Err(error) = store.delete(&path).await {
            tracing::warn!(%path, %error, "an abandoned data file could not be deleted");
        }
    }
}
