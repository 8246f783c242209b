//! What can go wrong in this crate.

use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use datafusion::error::DataFusionError;

/// A result of this crate.
pub type Result<T, E = QueryError> = std::result::Result<T, E>;

/// Who can do something about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The model asks for something that cannot be.
    Model,
    /// The rows at hand break a rule that they should keep.
    Data,
    /// A fault of the engine or of a library that it stands on.
    Internal,
}

/// A failed operation on batches.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QueryError {
    /// A column has a type that no declared type stands for.
    #[error("the type {data_type} of `{column}` is not supported")]
    UnsupportedType {
        /// The column or field.
        column: String,
        /// Its type.
        data_type: DataType,
    },
    /// Two source columns are carried under one name.
    #[error("`{first}` and `{second}` are both carried as `{name}`; exclude one of them")]
    NameCollision {
        /// Path of the first.
        first: String,
        /// Path of the second.
        second: String,
        /// The name that both have.
        name: String,
    },
    /// A column that is needed is not there.
    #[error("there is no column `{column}` in {context}")]
    MissingColumn {
        /// The column.
        column: String,
        /// Where it was looked for.
        context: String,
    },
    /// A column has another type than its place asks for.
    #[error("`{column}` is {found}, which does not go into {expected} without loss")]
    WrongType {
        /// The column.
        column: String,
        /// The type that is asked for.
        expected: DataType,
        /// The type that it has.
        found: DataType,
    },
    /// Rows without a sequence value cannot be put on a timeline.
    #[error("{rows} rows have no `{column}`, by which versions are ordered")]
    NullSequence {
        /// The sequence column.
        column: String,
        /// How many rows lack it.
        rows: usize,
    },
    /// Expressions of the model do not compile.
    #[error("{} of the model's expressions cannot be compiled, the first one: {}", .errors.len(), first_message(.errors))]
    Expression {
        /// All that was found.
        errors: Vec<crate::expression::ExpressionError>,
    },
    /// Something that the model refers to is not in it.
    #[error("`{name}` is not in the model")]
    NotInModel {
        /// Table or source.
        name: String,
    },
    /// An Arrow kernel failed.
    #[error("a column operation failed")]
    Arrow {
        /// The cause.
        #[from]
        source: ArrowError,
    },
    /// DataFusion failed.
    #[error("an expression failed")]
    DataFusion {
        /// The cause.
        #[from]
        source: DataFusionError,
    },
}

fn first_message(errors: &[crate::expression::ExpressionError]) -> String {
    errors.first().map(ToString::to_string).unwrap_or_default()
}

impl QueryError {
    /// Who can do something about it.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::UnsupportedType { .. }
            | Self::NameCollision { .. }
            | Self::MissingColumn { .. }
            | Self::WrongType { .. }
            | Self::Expression { .. }
            | Self::NotInModel { .. } => ErrorKind::Model,
            Self::NullSequence { .. } | Self::DataFusion { .. } => ErrorKind::Data,
            Self::Arrow { .. } => ErrorKind::Internal,
        }
    }

    /// Whether the same call may succeed later: never, since nothing here depends on the world outside.
    pub fn is_retryable(&self) -> bool {
        false
    }
}
