//! Environment variables and the working directory.

use std::path::PathBuf;

use crate::error::{Error, Result};

/// What the process finds around it.
pub(crate) trait Environment {
    /// The value of a variable; an empty one counts as none.
    ///
    /// # Errors
    /// A value that is no text.
    fn variable(&self, name: &str) -> Result<Option<String>>;

    /// The working directory, as a path that counts from it.
    fn directory(&self) -> PathBuf;
}

/// The environment of this process.
pub(crate) struct SystemEnvironment;

impl Environment for SystemEnvironment {
    fn variable(&self, name: &str) -> Result<Option<String>> {
        match std::env::var_os(name) {
            None => Ok(None),
            Some(value) => match value.into_string() {
                Ok(text) => Ok(Some(text).filter(|text| !text.is_empty())),
                Err(_) => Err(Error::Usage { what: format!("`{name}` is no valid UTF-8 text"), help: None }),
            },
        }
    }

    fn directory(&self) -> PathBuf {
        PathBuf::new()
    }
}
