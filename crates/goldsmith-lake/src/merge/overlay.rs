//! A storage whose log of one table goes its own way after a version, in memory.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMultipartOptions,
    PutOptions, PutPayload, PutResult, RenameOptions, Result,
};

use crate::log::{LogFile, log_file};

/// Shows the log up to a version as it is stored, and later entries as they were put here. All other files are those of the
/// storage.
pub(crate) struct Overlay {
    store: Arc<dyn ObjectStore>,
    log: Path,
    base: u64,
    entries: Arc<InMemory>,
    /// Files that were written to the storage.
    written: Mutex<Vec<Path>>,
}

impl Overlay {
    /// An overlay over `store` for the table whose log is at `log`, from the version after `base` on.
    pub(crate) fn new(store: Arc<dyn ObjectStore>, log: Path, base: u64) -> Self {
        Self { store, log, base, entries: Arc::default(), written: Mutex::default() }
    }

    /// Files that were written to the storage since the last call.
    pub(crate) fn take_written(&self) -> Vec<Path> {
        std::mem::take(&mut self.written.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether a file is one of the log's that exists here alone, or not at all.
    fn is_own(&self, location: &Path) -> bool {
        let Some(name) = location.filename().filter(|_| location.prefix_matches(&self.log)) else {
            return false;
        };
        match log_file(name) {
            Some(LogFile::Entry(version) | LogFile::Checkpoint(version)) => version > self.base,
            // It names the newest checkpoint, which may be one of a later version.
            Some(LogFile::Other) | None => name == "_last_checkpoint",
        }
    }

    /// What a listing of the storage gives, as far as it counts here, and then the own entries, which are all later.
    fn listed(
        &self,
        stored: BoxStream<'static, Result<ObjectMeta>>,
        own: BoxStream<'static, Result<ObjectMeta>>,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        let (log, base) = (self.log.clone(), self.base);
        let counts = move |meta: &ObjectMeta| match meta.location.filename().and_then(log_file) {
            _ if !meta.location.prefix_matches(&log) => true,
            Some(LogFile::Entry(version) | LogFile::Checkpoint(version)) => version <= base,
            Some(LogFile::Other) | None => false,
        };
        stored.try_filter(move |meta| std::future::ready(counts(meta))).chain(own).boxed()
    }

    fn note(&self, location: &Path) {
        self.written.lock().unwrap_or_else(PoisonError::into_inner).push(location.clone());
    }
}

impl fmt::Debug for Overlay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Overlay").field("log", &self.log).field("base", &self.base).finish_non_exhaustive()
    }
}

impl fmt::Display for Overlay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.store.fmt(f)
    }
}

#[async_trait]
impl ObjectStore for Overlay {
    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        if self.is_own(location) {
            return self.entries.get_opts(location, options).await;
        }
        self.store.get_opts(location, options).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        if self.is_own(location) {
            return self.entries.get_ranges(location, ranges).await;
        }
        self.store.get_ranges(location, ranges).await
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.listed(self.store.list(prefix), self.entries.list(prefix))
    }

    fn list_with_offset(&self, prefix: Option<&Path>, offset: &Path) -> BoxStream<'static, Result<ObjectMeta>> {
        self.listed(self.store.list_with_offset(prefix, offset), self.entries.list_with_offset(prefix, offset))
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.store.list_with_delimiter(prefix).await
    }

    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        if self.is_own(location) {
            return self.entries.put_opts(location, payload, options).await;
        }
        self.note(location);
        self.store.put_opts(location, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.note(location);
        self.store.put_multipart_opts(location, options).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.store.delete_stream(locations)
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.store.copy_opts(from, to, options).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.store.rename_opts(from, to, options).await
    }
}
