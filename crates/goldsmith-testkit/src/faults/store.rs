//! The store that the layer puts around another one.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, ObjectStoreExt,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, Result,
};

use super::layer::FaultLayer;
use super::operation::OperationKind;
use super::upload::{FaultUpload, first_half};

/// A store whose requests go through a [`FaultLayer`].
#[derive(Debug)]
pub(super) struct FaultStore {
    inner: Arc<dyn ObjectStore>,
    layer: FaultLayer,
}

impl FaultStore {
    pub(super) fn new(inner: Arc<dyn ObjectStore>, layer: FaultLayer) -> Self {
        Self { inner, layer }
    }

    /// Leaves half of the bytes of an object where an interrupted upload leaves them.
    async fn tear(&self, location: &Path, payload: PutPayload) -> Result<()> {
        let mut upload = self.inner.put_multipart(location).await?;
        upload.put_part(first_half(payload)).await?;
        // Dropping it would clean up, and a crash does not.
        std::mem::forget(upload);
        Ok(())
    }

    fn listing(
        &self,
        prefix: Option<&Path>,
        list: impl FnOnce() -> BoxStream<'static, Result<ObjectMeta>>,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        let path = prefix.map(ToString::to_string).unwrap_or_default();
        let begun = self.layer.begin(OperationKind::List, &path);
        match begun {
            Ok(None) => list(),
            Err(error) => stream::once(async { Err(error) }).boxed(),
            Ok(Some(struck)) => {
                let (layer, list) = (self.layer.clone(), list());
                // A listing is lost as a whole.
                let failed = async move {
                    let whole = async { list.try_collect::<Vec<_>>().await };
                    layer.suffer(struck, &path, async { Ok(()) }, whole).await
                };
                stream::once(failed).map_ok(|found| stream::iter(found.into_iter().map(Ok))).try_flatten().boxed()
            }
        }
    }
}

impl fmt::Display for FaultStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FaultStore({})", self.inner)
    }
}

/// What an atomic request does when it is interrupted.
async fn nothing() -> Result<()> {
    Ok(())
}

#[async_trait]
impl ObjectStore for FaultStore {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        let half = self.tear(location, payload.clone());
        let whole = self.inner.put_opts(location, payload, options);
        self.layer.perform(OperationKind::Put, location.as_ref(), half, whole).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let whole = self.inner.put_multipart_opts(location, options);
        let upload = self.layer.perform(OperationKind::StartUpload, location.as_ref(), nothing(), whole).await?;
        Ok(Box::new(FaultUpload::new(upload, location, self.layer.clone())))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let whole = self.inner.get_opts(location, options);
        self.layer.perform(OperationKind::Get, location.as_ref(), nothing(), whole).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let whole = self.inner.get_ranges(location, ranges);
        self.layer.perform(OperationKind::Get, location.as_ref(), nothing(), whole).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        let (inner, layer) = (Arc::clone(&self.inner), self.layer.clone());
        locations
            .and_then(move |location| {
                let (inner, layer) = (Arc::clone(&inner), layer.clone());
                async move {
                    let whole = inner.delete(&location);
                    layer.perform(OperationKind::Delete, location.as_ref(), nothing(), whole).await?;
                    Ok(location)
                }
            })
            .boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.listing(prefix, || self.inner.list(prefix))
    }

    fn list_with_offset(&self, prefix: Option<&Path>, offset: &Path) -> BoxStream<'static, Result<ObjectMeta>> {
        self.listing(prefix, || self.inner.list_with_offset(prefix, offset))
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let path = prefix.map(ToString::to_string).unwrap_or_default();
        let whole = self.inner.list_with_delimiter(prefix);
        self.layer.perform(OperationKind::List, &path, nothing(), whole).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        let whole = self.inner.copy_opts(from, to, options);
        self.layer.perform(OperationKind::Copy, to.as_ref(), nothing(), whole).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        let whole = self.inner.rename_opts(from, to, options);
        self.layer.perform(OperationKind::Rename, to.as_ref(), nothing(), whole).await
    }
}
