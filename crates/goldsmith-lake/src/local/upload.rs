//! Large files, written in parts.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use futures::FutureExt;
use object_store::{MultipartUpload, PutPayload, PutResult, Result, UploadPart};

use super::files::{blocking, discard, failed, replace, stage};

/// A file that grows from its beginning to its end, whatever the order in which its parts come, and is closed before it is
/// moved to its place: mounts of object stores know nothing else.
#[derive(Debug)]
pub(super) struct Upload {
    path: PathBuf,
    /// None once the upload has ended.
    staged: Option<PathBuf>,
    parts: usize,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    /// None once the upload has ended or failed.
    file: Option<File>,
    /// Parts that are written.
    written: usize,
    /// Parts that came too early.
    early: BTreeMap<usize, PutPayload>,
}

impl Upload {
    pub(super) fn new(path: PathBuf) -> Result<Self> {
        let (file, staged) = stage(&path).map_err(|error| failed("be written", &path, &error))?;
        let state = State { file: Some(file), written: 0, early: BTreeMap::new() };
        Ok(Self { path, staged: Some(staged), parts: 0, state: Arc::new(Mutex::new(state)) })
    }
}

impl State {
    /// Writes a part, and those that waited for it.
    fn write(&mut self, number: usize, data: PutPayload) -> io::Result<()> {
        self.early.insert(number, data);
        while let Some(data) = self.early.remove(&self.written) {
            let mut file = self.file.take().ok_or_else(ended)?;
            data.iter().try_for_each(|bytes| file.write_all(bytes))?;
            self.file = Some(file);
            self.written += 1;
        }
        Ok(())
    }

    /// Closes the file when all parts are in it.
    fn close(&mut self, parts: usize) -> io::Result<()> {
        match self.file.take() {
            Some(_) if self.written == parts => Ok(()),
            _ => Err(ended()),
        }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn ended() -> io::Error {
    io::Error::other("the upload was aborted, or a part of it is missing")
}

#[async_trait]
impl MultipartUpload for Upload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let (state, path, number) = (Arc::clone(&self.state), self.path.clone(), self.parts);
        self.parts += 1;
        blocking(move || lock(&state).write(number, data).map_err(|error| failed("be written", &path, &error))).boxed()
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let (state, path, parts) = (Arc::clone(&self.state), self.path.clone(), self.parts);
        let staged = self.staged.take();
        blocking(move || {
            let fail = |error: io::Error| failed("be written", &path, &error);
            let staged = staged.ok_or_else(|| fail(ended()))?;
            let closed = lock(&state).close(parts).inspect_err(|_| discard(&staged));
            closed.and_then(|()| replace(&staged, &path)).map_err(fail)?;
            Ok(PutResult { e_tag: None, version: None })
        })
        .await
    }

    async fn abort(&mut self) -> Result<()> {
        lock(&self.state).file = None;
        if let Some(staged) = self.staged.take() {
            blocking(move || {
                discard(&staged);
                Ok(())
            })
            .await?;
        }
        Ok(())
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if let Some(staged) = self.staged.take() {
            lock(&self.state).file = None;
            discard(&staged);
        }
    }
}
