//! Objects that are written in parts.

use async_trait::async_trait;
use bytes::Bytes;
use futures::FutureExt;
use object_store::path::Path;
use object_store::{MultipartUpload, PutPayload, PutResult, Result, UploadPart};

use super::layer::{FaultLayer, fault};
use super::operation::OperationKind;
use super::{Fault, Moment};

/// An upload whose parts and completion go through a [`FaultLayer`].
#[derive(Debug)]
pub(super) struct FaultUpload {
    /// Empty only while the upload is dropped.
    inner: Option<Box<dyn MultipartUpload>>,
    path: String,
    layer: FaultLayer,
}

impl FaultUpload {
    pub(super) fn new(inner: Box<dyn MultipartUpload>, path: &Path, layer: FaultLayer) -> Self {
        Self { inner: Some(inner), path: path.to_string(), layer }
    }

    fn begin_part(&mut self, data: PutPayload) -> Result<UploadPart> {
        let struck = self.layer.begin(OperationKind::PutPart, &self.path)?;
        let inner = open(&mut self.inner, &self.path)?;
        let Some(struck) = struck else {
            return Ok(inner.put_part(data));
        };
        let nothing = || async { Ok(()) }.boxed();
        // Only what is carried out may be handed to the store, since that is when it takes the place of a part.
        let (half, whole): (UploadPart, UploadPart) = match struck {
            Fault::Abort(Moment::During) | Fault::Freeze(Moment::During) => {
                (inner.put_part(first_half(data)), nothing())
            }
            Fault::Abort(Moment::After) | Fault::Freeze(Moment::After) | Fault::LostAnswer => {
                (nothing(), inner.put_part(data))
            }
            Fault::Abort(Moment::Before) | Fault::Freeze(Moment::Before) | Fault::Transient => (nothing(), nothing()),
        };
        let (layer, path) = (self.layer.clone(), self.path.clone());
        Ok(async move { layer.suffer(struck, &path, half, whole).await }.boxed())
    }
}

#[async_trait]
impl MultipartUpload for FaultUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        self.begin_part(data).unwrap_or_else(|error| async { Err(error) }.boxed())
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let whole = open(&mut self.inner, &self.path)?.complete();
        self.layer.perform(OperationKind::CompleteUpload, &self.path, async { Ok(()) }, whole).await
    }

    async fn abort(&mut self) -> Result<()> {
        let whole = open(&mut self.inner, &self.path)?.abort();
        self.layer.perform(OperationKind::AbortUpload, &self.path, async { Ok(()) }, whole).await
    }
}

impl Drop for FaultUpload {
    fn drop(&mut self) {
        // A store may clean up when an upload is dropped; a crash does not get to that.
        if self.layer.is_frozen() {
            std::mem::forget(self.inner.take());
        }
    }
}

fn open<'u>(inner: &'u mut Option<Box<dyn MultipartUpload>>, path: &str) -> Result<&'u mut Box<dyn MultipartUpload>> {
    inner.as_mut().ok_or_else(|| fault(path, "the upload has ended"))
}

/// The first half of some bytes.
pub(super) fn first_half(data: PutPayload) -> PutPayload {
    let bytes = Bytes::from(data);
    let half = bytes.len() / 2;
    bytes.slice(..half).into()
}
