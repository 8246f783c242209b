//! What can go wrong.

use std::path::PathBuf;

use goldsmith_model::Diagnostic;

/// An operation of this crate that failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum XtaskError {
    /// The models have errors, so nothing can be generated from them.
    #[error("the models have errors:\n{}", .diagnostics.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Model {
        /// All that were found.
        diagnostics: Vec<Diagnostic>,
    },
    /// A file or directory cannot be read or written.
    #[error("cannot access `{}`", .path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A Cargo.toml is no valid TOML.
    #[error("cannot read the manifest `{}`", .path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// Why.
        source: toml::de::Error,
    },
    /// The SQL of the example cannot be written.
    #[error("cannot write the SQL for Unity Catalog")]
    Catalog(#[from] goldsmith_catalog::CatalogError),
    /// The program could not be built, or could not compile the models; it told why.
    #[error("the models could not be compiled to SQL")]
    Compile,
    /// A generated value does not serialize.
    #[error("cannot write JSON")]
    Json(#[from] serde_json::Error),
    /// The standard output or error is closed.
    #[error("cannot write the report")]
    Report(#[source] std::io::Error),
}

impl XtaskError {
    /// For `map_err` on operations with files.
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }
}
