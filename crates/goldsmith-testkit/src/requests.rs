//! Counting what a run asks of its storage.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use goldsmith::StoreLayer;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMultipartOptions,
    PutOptions, PutPayload, PutResult, RenameOptions, Result,
};

/// What a request does. Listings of many pages, multipart uploads and coalesced ranges count as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RequestKind {
    /// Reads an object or a part of it.
    Get,
    /// Asks for size and time of an object.
    Head,
    /// Lists objects.
    List,
    /// Writes an object.
    Put,
    /// Deletes an object.
    Delete,
    /// Copies or renames an object.
    Copy,
}

/// One request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Request {
    /// What it does.
    pub kind: RequestKind,
    /// The object, or the directory that is listed; for a part of an object with the range.
    pub path: String,
}

/// A layer that notes every request.
#[derive(Debug, Clone, Default)]
pub struct Requests {
    noted: Arc<Mutex<Vec<Request>>>,
}

impl Requests {
    /// The requests since the last call, in their order.
    pub fn take(&self) -> Vec<Request> {
        std::mem::take(&mut *self.noted())
    }

    fn noted(&self) -> MutexGuard<'_, Vec<Request>> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, kind: RequestKind, path: impl fmt::Display) {
        self.noted().push(Request { kind, path: path.to_string() });
    }
}

impl StoreLayer for Requests {
    fn wrap(&self, store: Arc<dyn ObjectStore>) -> Arc<dyn ObjectStore> {
        Arc::new(Counted { store, requests: self.clone() })
    }
}

#[derive(Debug)]
struct Counted {
    store: Arc<dyn ObjectStore>,
    requests: Requests,
}

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "counted {}", self.store)
    }
}

fn directory(prefix: Option<&Path>) -> String {
    prefix.map(ToString::to_string).unwrap_or_default()
}

#[async_trait]
impl ObjectStore for Counted {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        self.requests.note(RequestKind::Put, location);
        self.store.put_opts(location, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.requests.note(RequestKind::Put, location);
        self.store.put_multipart_opts(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let kind = if options.head { RequestKind::Head } else { RequestKind::Get };
        match &options.range {
            Some(range) => self.requests.note(kind, format!("{location} {range}")),
            None => self.requests.note(kind, location),
        }
        self.store.get_opts(location, options).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.requests.note(RequestKind::Get, format!("{location} {ranges:?}"));
        self.store.get_ranges(location, ranges).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        let requests = self.requests.clone();
        let noted = locations.inspect(move |path| {
            if let Ok(path) = path {
                requests.note(RequestKind::Delete, path);
            }
        });
        self.store.delete_stream(noted.boxed())
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.requests.note(RequestKind::List, directory(prefix));
        self.store.list(prefix)
    }

    fn list_with_offset(&self, prefix: Option<&Path>, offset: &Path) -> BoxStream<'static, Result<ObjectMeta>> {
        self.requests.note(RequestKind::List, directory(prefix));
        self.store.list_with_offset(prefix, offset)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.requests.note(RequestKind::List, directory(prefix));
        self.store.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.requests.note(RequestKind::Copy, to);
        self.store.copy_opts(from, to, options).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.requests.note(RequestKind::Copy, to);
        self.store.rename_opts(from, to, options).await
    }
}
