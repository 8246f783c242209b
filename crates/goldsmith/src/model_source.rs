//! Where a model comes from, and what it is checked for.

use std::path::PathBuf;
use std::sync::Arc;

use goldsmith_model::{DataTest, Diagnostic, Loaded, Model};

use crate::error::{Error, Result};

/// Where the model comes from.
#[derive(Debug, Clone, Default)]
pub enum ModelSource {
    /// The model that is part of this library.
    #[default]
    Embedded,
    /// A directory with `project.yaml`, `bronze/` and `gold/`.
    Directory(PathBuf),
    /// Files by path relative to the model directory.
    Files(Vec<(String, String)>),
    /// A model that was loaded before.
    Loaded(Arc<Model>),
}

impl ModelSource {
    /// Loads and checks the model, expressions included, without touching any data. Returns the model and its
    /// warnings.
    ///
    /// # Errors
    /// [`Error::Model`] with every problem of every file.
    pub fn load(&self) -> Result<(Model, Vec<Diagnostic>)> {
        let Loaded { model, warnings, .. } = match self {
            Self::Loaded(model) => return Ok((model.as_ref().clone(), Vec::new())),
            files => files.checked()?,
        };
        Ok((model, warnings))
    }

    /// As [`ModelSource::load`], with the data tests of the model, sorted by table. A model that was loaded before comes without.
    ///
    /// # Errors
    /// [`Error::Model`] with every problem of every file.
    pub fn load_tests(&self) -> Result<(Model, Vec<DataTest>)> {
        let Loaded { model, tests, .. } = match self {
            Self::Loaded(model) => return Ok((model.as_ref().clone(), Vec::new())),
            files => files.checked()?,
        };
        Ok((model, tests))
    }

    /// What the files say, checked with its expressions.
    fn checked(&self) -> Result<Loaded> {
        let loaded = match self {
            Self::Embedded => goldsmith_model::load_embedded(),
            Self::Directory(path) => goldsmith_model::load_dir(path),
            Self::Files(files) => goldsmith_model::load_files(files.clone()),
            Self::Loaded(_) => return Err(Error::Internal("a model that was loaded before has no files".into())),
        };
        let loaded = loaded.map_err(|diagnostics| Error::Model { diagnostics })?;
        let diagnostics: Vec<Diagnostic> = goldsmith_query::check::check_model(&loaded.model)
            .iter()
            .map(|problem| crate::check::diagnostic(&loaded.locator, problem))
            .collect();
        if diagnostics.is_empty() { Ok(loaded) } else { Err(Error::Model { diagnostics }) }
    }
}
