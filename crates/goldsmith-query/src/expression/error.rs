//! What is wrong with an expression.

use std::fmt;
use std::ops::Range;

/// An error in an expression of a model: about the text that the user wrote, not about a failed operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpressionError {
    /// Name of the column that the expression computes.
    pub column: String,
    /// What kind of error it is.
    pub kind: ExpressionErrorKind,
    /// What is wrong.
    pub message: String,
    /// What can be done about it.
    pub help: Option<String>,
    /// The place within the expression's text, in bytes.
    pub range: Option<Range<usize>>,
}

/// Kinds of [`ExpressionError`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExpressionErrorKind {
    /// A column that does not exist.
    UnknownColumn {
        /// The name.
        name: String,
        /// The columns that exist.
        candidates: Vec<String>,
    },
    /// A function that does not exist.
    UnknownFunction {
        /// The name.
        name: String,
    },
    /// Types that do not fit, or something that an expression cannot contain.
    Type,
    /// Values whose sum is not exact.
    Inexact,
    /// Text that is no SQL expression.
    Syntax,
    /// Derived columns that refer to each other in a circle.
    Cycle,
}

impl ExpressionErrorKind {
    /// The code of the diagnostic.
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownColumn { .. } => "unknown_column",
            Self::UnknownFunction { .. } => "unknown_function",
            Self::Type => "type_mismatch",
            Self::Inexact => "inexact_sum",
            Self::Syntax => "invalid_expression",
            Self::Cycle => "expression_cycle",
        }
    }
}

impl ExpressionError {
    pub(crate) fn new(column: &str, kind: ExpressionErrorKind, message: String) -> Self {
        Self { column: column.to_owned(), kind, message, help: None, range: None }
    }

    pub(crate) fn type_error(column: &str, message: String) -> Self {
        Self::new(column, ExpressionErrorKind::Type, message)
    }

    pub(crate) fn cycle(column: &str, members: &[&str]) -> Self {
        let message = format!("`{column}` cannot be computed: {} need each other", quoted(members));
        Self::new(column, ExpressionErrorKind::Cycle, message)
    }

    pub(crate) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(crate) fn with_range(mut self, range: Option<Range<usize>>) -> Self {
        self.range = range;
        self
    }
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

impl fmt::Display for ExpressionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.column, self.message)
    }
}

impl std::error::Error for ExpressionError {}
