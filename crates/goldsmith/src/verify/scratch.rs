//! The directory of rebuilt tables.

use std::path::{Path, PathBuf};

use goldsmith_lake::Location;
use tempfile::TempDir;

use crate::error::{Error, Result};

/// A directory of its own, which goes away in the end.
pub(super) struct Scratch(TempDir);

impl Scratch {
    /// Makes the directory below `parent`, or below that of the system.
    ///
    /// # Errors
    /// [`Error::Configuration`] when nothing can be written there.
    pub(super) fn new(parent: Option<&Path>) -> Result<Self> {
        let mut builder = tempfile::Builder::new();
        builder.prefix("goldsmith-verify-");
        let made = match parent {
            Some(parent) => builder.tempdir_in(parent),
            None => builder.tempdir(),
        };
        made.map(Self).map_err(|error| {
            let parent = parent.map_or_else(std::env::temp_dir, Path::to_path_buf);
            Error::Configuration {
                what: format!("no tables can be rebuilt in `{}`: {error}", parent.display()),
                help: "give an existing directory on a disk with room as scratch".into(),
            }
        })
    }

    /// A place within for one rebuild.
    pub(super) fn place(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The location of such a place.
    pub(super) fn location(&self, name: &str) -> Result<Location> {
        Ok(Location::parse(&self.place(name).to_string_lossy())?)
    }

    /// Removes what was rebuilt in a place.
    pub(super) fn discard(&self, name: &str) {
        let place = self.place(name);
        if let Err(error) = std::fs::remove_dir_all(&place) {
            tracing::warn!(place = %place.display(), %error, "a rebuilt table could not be removed yet");
        }
    }
}
