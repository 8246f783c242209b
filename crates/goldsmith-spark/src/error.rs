//! What can go wrong in this crate.

use goldsmith_query::QueryError;

/// A result of this crate.
pub type Result<T, E = SparkError> = std::result::Result<T, E>;

/// Why a model cannot be said in Spark SQL.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SparkError {
    /// An expression has a part that no Spark expression is equal to.
    #[error("`{table}`.`{column}`: {what} cannot be said in Spark SQL")]
    Untranslatable {
        /// The gold table.
        table: String,
        /// The column that the expression computes.
        column: String,
        /// The function, operator or conversion.
        what: String,
        /// What can be done about it.
        help: String,
    },
    /// Two columns have names that Spark cannot tell apart.
    #[error("`{table}`: Spark takes `{first}` and `{second}` for one name; exclude one of them")]
    SameName {
        /// The table.
        table: String,
        /// One column.
        first: String,
        /// The other.
        second: String,
    },
    /// Names or places that are asked for do not fit.
    #[error("{what}")]
    Options {
        /// What is wrong.
        what: String,
        /// What can be done about it.
        help: &'static str,
    },
    /// The model refers to a table that it does not have.
    #[error("`{table}` refers to `{missing}`, which is not in the model")]
    NotInModel {
        /// The table that refers.
        table: String,
        /// What it refers to.
        missing: String,
    },
    /// Gold tables need each other.
    #[error(transparent)]
    Order(#[from] goldsmith_plan::DagError),
    /// Types or expressions of the model do not fit together.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// A type of Arrow has no name in the language of the model.
    #[error("the manifest cannot be written")]
    Manifest(#[from] serde_json::Error),
}

impl SparkError {
    /// What can be done about it, when it can be said.
    pub fn help(&self) -> Option<&str> {
        match self {
            Self::Untranslatable { help, .. } => Some(help),
            Self::Options { help, .. } => Some(help),
            Self::Order(error) => error.help(),
            _ => None,
        }
    }
}
