//! The error of the test kit.

/// Why a test could not be carried out, or what it found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TestkitError {
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] goldsmith::Error),
    /// A directory could not be made.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// Rows of a test do not fit the declared columns.
    #[error("rows do not fit: {0}")]
    Rows(#[from] arrow::error::ArrowError),
    /// A table of the run failed.
    #[error("table `{table}` failed: {reason}")]
    Table {
        /// The table.
        table: String,
        /// Why.
        reason: String,
    },
    /// A server that the test needs did not start.
    #[error("{what} did not start: {reason}; install tests/interop/requirements.txt and set GOLDSMITH_PYTHON")]
    Server {
        /// The server.
        what: &'static str,
        /// What it said.
        reason: String,
    },
    /// What is there differs from what was expected.
    #[error("{0}")]
    Mismatch(String),
}

/// Result of the test kit.
pub type Result<T, E = TestkitError> = std::result::Result<T, E>;
