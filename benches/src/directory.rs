//! Prepared tables that are kept, and copies of them that may change.

use std::path::{Path, PathBuf};
use std::{fs, io};

use tempfile::TempDir;

use crate::{Lab, Result};

/// Part of the names of kept data; another number makes all of it anew. Goes up when what is written changes.
const FORMAT: u32 = 1;
/// Lies beside data that is complete.
const COMPLETE: &str = "complete";
/// The log of a Delta table, the one directory in which anything is ever written over.
const LOG: &str = "_delta_log";

impl Lab {
    /// The directory `name` with what `make` writes into it, which is called when no earlier run has done so.
    pub(crate) fn kept(&self, name: &str, make: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
        let directory = self.directory.join(format!("{name}-{FORMAT}"));
        let content = directory.join("content");
        if directory.join(COMPLETE).exists() {
            return Ok(content);
        }
        if directory.exists() {
            fs::remove_dir_all(&directory)?;
        }
        fs::create_dir_all(&content)?;
        make(&content)?;
        fs::write(directory.join(COMPLETE), "")?;
        Ok(content)
    }

    /// A copy of prepared tables, gone when dropped. Data files are never changed, so they are linked.
    pub(crate) fn copy_of(&self, prepared: &Path) -> Result<TempDir> {
        let copy = self.empty()?;
        link(prepared, copy.path(), false)?;
        Ok(copy)
    }

    /// An empty directory, gone when dropped.
    pub(crate) fn empty(&self) -> Result<TempDir> {
        fs::create_dir_all(&self.directory)?;
        Ok(tempfile::tempdir_in(&self.directory)?)
    }
}

fn link(from: &Path, to: &Path, copies: bool) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            link(&entry.path(), &target, copies || entry.file_name() == LOG)?;
        } else if copies {
            fs::copy(entry.path(), target)?;
        } else {
            fs::hard_link(entry.path(), target)?;
        }
    }
    Ok(())
}
