//! Local directories, also on mounts that are no disks.
//!
//! A log relies on entries that are created only if they are not there yet. On a disk that is a hard link, which
//! [`LocalFileSystem`] makes. Volumes of Unity Catalog, other FUSE mounts, exFAT and some network shares have none: there a
//! file is written beside its place, closed, and moved to it in one of the ways of [`CreateBy`]. No way ever shows a
//! file that is not complete.

mod claim;
mod create_by;
mod files;
mod upload;

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::ops::Range;
use std::path::{Path as FilePath, PathBuf};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    CopyMode, CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMode,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, RenameTargetMode, Result,
};

pub use create_by::CreateBy;
use files::{blocking, failed, unsupported, write_beside};
use upload::Upload;

/// The local file system as an object store.
///
/// How files are created exclusively is tried out once for each file system that is written to.
#[derive(Debug, Default)]
pub struct LocalStore {
    disk: LocalFileSystem,
    /// The way that does not have to be found.
    given: Option<CreateBy>,
    /// What was found, by file system.
    found: Mutex<HashMap<u64, CreateBy>>,
}

impl LocalStore {
    /// A store that finds out by itself what each file system can do.
    pub fn new() -> Self {
        Self::default()
    }

    /// A store for mounts of which it is known what they can do; nothing is tried.
    pub fn with_way(way: CreateBy) -> Self {
        Self { given: Some(way), ..Self::default() }
    }

    /// How files are created at a path. Makes its directory.
    fn way(&self, path: &FilePath) -> Result<CreateBy> {
        if let Some(way) = self.given {
            return Ok(way);
        }
        let directory = path.parent().unwrap_or(path);
        let fail = |error| failed("be written", directory, &error);
        let Some(device) = device(directory).map_err(fail)? else {
            return Ok(CreateBy::HardLink);
        };
        // Held while a file system is tried out, so that it is done once.
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(way) = found.get(&device) {
            return Ok(*way);
        }
        let way = CreateBy::find(directory).map_err(fail)?.ok_or_else(|| unsupported(directory))?;
        found.insert(device, way);
        Ok(way)
    }

    /// The path of an object and how files are created there, where that is no matter of the disk's own store.
    fn mounted(&self, location: &Path) -> Result<Option<(PathBuf, CreateBy)>> {
        let path = self.disk.path_to_filesystem(location)?;
        let way = self.way(&path)?;
        Ok((way != CreateBy::HardLink).then_some((path, way)))
    }
}

/// The number of the file system that holds a directory, which is made if need be; none where systems have no such numbers.
#[cfg(unix)]
fn device(directory: &FilePath) -> io::Result<Option<u64>> {
    use std::os::unix::fs::MetadataExt;
    let metadata = match std::fs::metadata(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            std::fs::create_dir_all(directory)?;
            std::fs::metadata(directory)?
        }
        metadata => metadata?,
    };
    Ok(Some(metadata.dev()))
}

/// The number of the file system that holds a directory; none where systems have no such numbers.
#[cfg(not(unix))]
fn device(_: &FilePath) -> io::Result<Option<u64>> {
    Ok(None)
}

impl fmt::Display for LocalStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.disk.fmt(f)
    }
}

#[async_trait]
impl ObjectStore for LocalStore {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        let is_plain = options.attributes.is_empty() && !matches!(options.mode, PutMode::Update(_));
        let Some((path, way)) = self.mounted(location)?.filter(|_| is_plain) else {
            return self.disk.put_opts(location, payload, options).await;
        };
        blocking(move || {
            let staged =
                write_beside(&path, |file| payload.iter().try_for_each(|bytes| io::Write::write_all(file, bytes)))
                    .map_err(|error| failed("be written", &path, &error))?;
            match options.mode {
                PutMode::Create => way.move_new(&staged, &path),
                _ => files::replace(&staged, &path),
            }
            .map_err(|error| failed("be written", &path, &error))?;
            Ok(PutResult { e_tag: None, version: None })
        })
        .await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        match self.mounted(location)?.filter(|_| options.attributes.is_empty()) {
            Some((path, _)) => Ok(Box::new(Upload::new(path)?)),
            None => self.disk.put_multipart_opts(location, options).await,
        }
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.disk.get_opts(location, options).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.disk.get_ranges(location, ranges).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.disk.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.disk.list(prefix)
    }

    fn list_with_offset(&self, prefix: Option<&Path>, offset: &Path) -> BoxStream<'static, Result<ObjectMeta>> {
        self.disk.list_with_offset(prefix, offset)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.disk.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        let Some((path, way)) = self.mounted(to)? else {
            return self.disk.copy_opts(from, to, options).await;
        };
        let from = self.disk.path_to_filesystem(from)?;
        blocking(move || {
            let mut source = std::fs::File::open(&from).map_err(|error| failed("be read", &from, &error))?;
            let staged = write_beside(&path, |file| io::copy(&mut source, file).map(drop))
                .map_err(|error| failed("be written", &path, &error))?;
            match options.mode {
                CopyMode::Create => way.move_new(&staged, &path),
                CopyMode::Overwrite => files::replace(&staged, &path),
            }
            .map_err(|error| failed("be written", &path, &error))
        })
        .await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        let target = match options.target_mode {
            RenameTargetMode::Create => self.mounted(to)?,
            // The disk's own store renames too, without any link.
            RenameTargetMode::Overwrite => None,
        };
        let Some((path, way)) = target else {
            return self.disk.rename_opts(from, to, options).await;
        };
        let from = self.disk.path_to_filesystem(from)?;
        blocking(move || way.move_new(&from, &path).map_err(|error| failed("be written", &path, &error))).await
    }
}
