//! Writing files beside their place, and what is said when that fails.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use object_store::{Error, Result};
use uuid::Uuid;

/// The name of this store in its errors.
const STORE: &str = "LocalStore";

/// The error of a path that cannot be read or written.
pub(super) fn failed(what: &str, path: &Path, error: &io::Error) -> Error {
    let path = path.display().to_string();
    // Keeps the kind, by which those who can mend it are told what to do.
    let source = Box::new(io::Error::new(error.kind(), format!("`{path}` cannot {what}: {error}")));
    match error.kind() {
        io::ErrorKind::AlreadyExists => Error::AlreadyExists { path, source },
        io::ErrorKind::NotFound => Error::NotFound { path, source },
        _ => Error::Generic { store: STORE, source },
    }
}

/// The error of a file system on which nothing can be created exclusively.
pub(super) fn unsupported(directory: &Path) -> Error {
    let reason = format!("files in `{}` can neither be linked nor moved", directory.display());
    Error::NotSupported { source: io::Error::new(io::ErrorKind::Unsupported, reason).into() }
}

/// Work that waits for the disk, beside the threads that others wait for.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    match tokio::runtime::Handle::try_current() {
        Ok(runtime) => runtime.spawn_blocking(work).await?,
        Err(_) => work(),
    }
}

/// A name beside that of a file. Listings pass over names with `#` and a number at the end.
fn beside(path: &Path) -> PathBuf {
    named(path, Uuid::new_v4().as_u128())
}

/// The name of a file with a number behind it, under which listings do not show it.
pub(super) fn named(path: &Path, number: u128) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!("#{number}"));
    name.into()
}

/// A new file beside `path`.
pub(super) fn stage(path: &Path) -> io::Result<(File, PathBuf)> {
    let staged = beside(path);
    let create = || File::create_new(&staged);
    let file = create().or_else(|error| match path.parent() {
        Some(directory) if error.kind() == io::ErrorKind::NotFound => {
            fs::create_dir_all(directory)?;
            create()
        }
        _ => Err(error),
    })?;
    Ok((file, staged))
}

/// Writes a file beside `path` and closes it: mounts of object stores keep a file when it is closed.
pub(super) fn write_beside(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<PathBuf> {
    let (mut file, staged) = stage(path)?;
    let written = write(&mut file);
    drop(file);
    match written {
        Ok(()) => Ok(staged),
        Err(error) => {
            discard(&staged);
            Err(error)
        }
    }
}

/// Moves a complete file to its place, whatever is there.
pub(super) fn replace(staged: &Path, path: &Path) -> io::Result<()> {
    fs::rename(staged, path).inspect_err(|_| discard(staged))
}

/// Deletes a file of which nobody knows; that it stays behind does no harm.
pub(super) fn discard(staged: &Path) {
    if let Err(error) = fs::remove_file(staged)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(file = %staged.display(), %error, "a temporary file could not be deleted");
    }
}
