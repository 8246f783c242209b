//! The storage as one handle of a table sees it: small files of the log are read once.
//!
//! Loading a table reads its log for the protocol, then for the files, and again for each domain of metadata. On an object
//! store each of these is a request for each entry. Entries never change once they are written, so a handle can keep them.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetRange, GetResult, GetResultPayload, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, ObjectStoreExt, PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, Result,
};

use crate::log::{LogFile, log_file};

/// Bytes that a handle keeps; what would go beyond is read again each time.
const CAPACITY: u64 = 2 * 1024 * 1024;

/// A store that keeps the entries and checkpoints of one log.
pub(crate) struct LogCache {
    store: Arc<dyn ObjectStore>,
    log: Path,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    kept: HashMap<Path, (ObjectMeta, Bytes)>,
    size: u64,
    /// What the last listing of the log gave.
    listed: Vec<ObjectMeta>,
}

impl LogCache {
    /// A view of `store` for the table whose log is at `log`.
    pub(crate) fn new(store: Arc<dyn ObjectStore>, log: Path) -> Self {
        Self { store, log, state: Arc::default() }
    }

    /// The last entry without content among those that the last listing gave and no checkpoint covers.
    pub(crate) fn empty_entry(&self) -> Option<u64> {
        let mut checkpoint = None;
        let mut empty = None;
        for meta in &self.state().listed {
            match meta.location.filename().and_then(log_file) {
                Some(LogFile::Checkpoint(version)) => checkpoint = checkpoint.max(Some(version)),
                Some(LogFile::Entry(version)) if meta.size == 0 => empty = empty.max(Some(version)),
                _ => {}
            }
        }
        empty.filter(|_| empty > checkpoint)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a file is part of the log and small enough to be kept, as far as the listing tells.
    fn is_kept(&self, location: &Path) -> bool {
        let is_log = location.prefix_matches(&self.log) && location.filename().and_then(log_file).is_some();
        let state = self.state();
        let listed = || state.listed.iter().find(|meta| meta.location == *location);
        is_log && (state.kept.contains_key(location) || listed().is_some_and(|meta| meta.size + state.size <= CAPACITY))
    }

    async fn read(&self, location: &Path) -> Result<(ObjectMeta, Bytes)> {
        if let Some(kept) = self.state().kept.get(location) {
            return Ok(kept.clone());
        }
        let result = self.store.get(location).await?;
        let meta = result.meta.clone();
        let read = (meta, result.bytes().await?);
        let mut state = self.state();
        if state.kept.insert(location.clone(), read.clone()).is_none() {
            state.size += read.1.len() as u64;
        }
        Ok(read)
    }

    fn forget(&self) {
        let mut state = self.state();
        state.kept.clear();
        state.size = 0;
    }

    /// Notes what a listing of the log gives.
    fn noted(
        &self,
        prefix: Option<&Path>,
        listing: BoxStream<'static, Result<ObjectMeta>>,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        if prefix != Some(&self.log) {
            return listing;
        }
        self.state().listed.clear();
        let state = Arc::clone(&self.state);
        listing
            .inspect_ok(move |meta| state.lock().unwrap_or_else(PoisonError::into_inner).listed.push(meta.clone()))
            .boxed()
    }
}

impl fmt::Debug for LogCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogCache").field("log", &self.log).finish_non_exhaustive()
    }
}

impl fmt::Display for LogCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.store.fmt(f)
    }
}

/// Whether a request is for the content alone, without any condition.
fn is_plain(options: &GetOptions) -> bool {
    !options.head
        && options.version.is_none()
        && options.if_match.is_none()
        && options.if_none_match.is_none()
        && options.if_modified_since.is_none()
        && options.if_unmodified_since.is_none()
}

/// The part of `size` bytes that a request is for; none for one that is not within.
fn part(range: Option<&GetRange>, size: u64) -> Option<Range<u64>> {
    let part = match range {
        None => 0..size,
        Some(GetRange::Bounded(range)) => range.start..range.end.min(size),
        Some(GetRange::Offset(start)) => *start..size,
        Some(GetRange::Suffix(length)) => size.saturating_sub(*length)..size,
    };
    (part.start <= part.end).then_some(part)
}

fn slice(bytes: &Bytes, part: &Range<u64>) -> Option<Bytes> {
    let (start, end) = (usize::try_from(part.start).ok()?, usize::try_from(part.end).ok()?);
    (start <= end && end <= bytes.len()).then(|| bytes.slice(start..end))
}

#[async_trait]
impl ObjectStore for LogCache {
    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        if is_plain(&options) && self.is_kept(location) {
            let (meta, bytes) = self.read(location).await?;
            if let Some(range) = part(options.range.as_ref(), bytes.len() as u64)
                && let Some(bytes) = slice(&bytes, &range)
            {
                let payload = GetResultPayload::Stream(futures::stream::iter([Ok(bytes)]).boxed());
                return Ok(GetResult { payload, meta, range, attributes: object_store::Attributes::default() });
            }
        }
        self.store.get_opts(location, options).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        if self.is_kept(location) {
            let (_, bytes) = self.read(location).await?;
            if let Some(slices) = ranges.iter().map(|range| slice(&bytes, range)).collect() {
                return Ok(slices);
            }
        }
        self.store.get_ranges(location, ranges).await
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.noted(prefix, self.store.list(prefix))
    }

    fn list_with_offset(&self, prefix: Option<&Path>, offset: &Path) -> BoxStream<'static, Result<ObjectMeta>> {
        self.noted(prefix, self.store.list_with_offset(prefix, offset))
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.store.list_with_delimiter(prefix).await
    }

    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        self.store.put_opts(location, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.store.put_multipart_opts(location, options).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.forget();
        self.store.delete_stream(locations)
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.store.copy_opts(from, to, options).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.store.rename_opts(from, to, options).await
    }
}
