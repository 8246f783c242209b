//! The error of the engine.

use std::borrow::Cow;

use arrow::error::ArrowError;
use datafusion::error::DataFusionError;
use goldsmith_lake::LakeError;
use goldsmith_model::Diagnostic;
use goldsmith_plan::DagError;
use goldsmith_query::QueryError;
use goldsmith_query::expression::ExpressionError;
use goldsmith_query::law::BrokenLaw;

use crate::bronze::DriftError;
use crate::report::RowCounts;

/// Why an operation of the engine failed. Its text says what failed and where; [`Error::help`] says what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The model has problems; all of them are listed.
    #[error("the model has {} problem{}", diagnostics.len(), if diagnostics.len() == 1 { "" } else { "s" })]
    Model {
        /// The problems, by file and line.
        diagnostics: Vec<Diagnostic>,
    },
    /// The selection names something that the model does not have, or its tables need each other.
    #[error(transparent)]
    Dag(#[from] DagError),
    /// A table or file could not be read or written.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// A table of the target is damaged.
    #[error("{source}")]
    Damaged {
        /// What was found.
        source: Box<LakeError>,
        /// What to do, which depends on the layer of the table.
        help: String,
    },
    /// A transformation failed.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// The source differs from what the table can take over.
    #[error("`{table}`: {cause}")]
    Drift {
        /// The source.
        table: String,
        /// The difference.
        cause: DriftError,
    },
    /// Arrow could not compute or cast something.
    #[error("columnar computation failed: {0}")]
    Arrow(#[from] ArrowError),
    /// DataFusion could not plan or execute something.
    #[error("query failed: {0}")]
    DataFusion(#[source] DataFusionError),
    /// A source that the caller reads for the engine could not be read.
    #[error("the source `{source_name}` cannot be read: {cause}")]
    Feed {
        /// The source.
        source_name: String,
        /// Why.
        cause: ArrowError,
    },
    /// The builder lacks something.
    #[error("{what}")]
    Configuration {
        /// What is wrong.
        what: String,
        /// What to do.
        help: String,
    },
    /// The recorded position of a table cannot be read.
    #[error(
        "`{table}` records a position that this version cannot read: {reason}; it was written by another version of goldsmith or by other software"
    )]
    Position {
        /// Name of the table.
        table: String,
        /// Why.
        reason: String,
    },
    /// The run was cancelled; everything committed so far is complete, the next run goes on from there.
    #[error("cancelled; the next run goes on from here")]
    Cancelled,
    /// Expressions of a table do not fit the columns that there are.
    #[error("expressions of `{table}` do not fit its columns: {}", problems.join("; "))]
    Expressions {
        /// The table.
        table: String,
        /// What is wrong, one entry each.
        problems: Vec<String>,
    },
    /// A value does not fit the type that a gold table has for its column; nothing was committed.
    #[error(
        "column `{column}` of `{table}` is {to}, into which a value does not go: {reason}; nothing was committed, the table is as before"
    )]
    ValueDoesNotFit {
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// The type of the column.
        to: String,
        /// What the conversion said of the value.
        reason: String,
    },
    /// Rows got lost or doubled on their way; nothing was committed.
    #[error(
        "the books of `{table}` do not balance: {entered} rows came in, {left} are accounted for ({counts:?}); nothing was committed, the table is as before"
    )]
    Books {
        /// The table.
        table: String,
        /// Rows that came in.
        entered: u64,
        /// Rows that are accounted for.
        left: u64,
        /// All counts.
        counts: Box<RowCounts>,
    },
    /// Sums over the rows of the source and over the gold rows made from them differ; nothing was committed.
    #[error("{}; nothing was committed, `{table}` is as before", describe_laws(table, broken))]
    Laws {
        /// The table.
        table: String,
        /// The laws that do not hold, by group.
        broken: Vec<BrokenLaw>,
    },
    /// A broken invariant of the engine itself.
    #[error("internal error: {0}")]
    Internal(String),
}

/// What kind of failure an [`Error`] is; exit codes and Python exceptions derive from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The model or the settings must be corrected.
    Usage,
    /// Data, a schema or a table is not what it should be.
    Data,
    /// A location cannot be reached, read or written.
    Access,
    /// Another writer was faster; trying again helps.
    Conflict,
    /// The user cancelled.
    Cancelled,
    /// A defect of the engine.
    Internal,
}

impl Error {
    /// The kind of the failure.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Model { .. } | Self::Dag(_) | Self::Configuration { .. } => ErrorKind::Usage,
            Self::Drift { .. } | Self::Position { .. } | Self::Expressions { .. } | Self::Damaged { .. } => {
                ErrorKind::Data
            }
            Self::Lake(error) => of_lake(error),
            Self::Feed { .. } => ErrorKind::Access,
            Self::Cancelled => ErrorKind::Cancelled,
            Self::Query(_) | Self::Arrow(_) | Self::DataFusion(_) | Self::ValueDoesNotFit { .. } => ErrorKind::Data,
            Self::Books { .. } | Self::Laws { .. } | Self::Internal(_) => ErrorKind::Internal,
        }
    }

    /// What to do about it, for whoever can do something; none when nothing more can be said than what failed. The problems of a model
    /// have a help each.
    pub fn help(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Configuration { help, .. } | Self::Damaged { help, .. } => Some(help.as_str().into()),
            Self::Dag(error) => error.help().map(Cow::Borrowed),
            Self::Lake(LakeError::Conflict { .. }) => Some("another writer was faster; begin again".into()),
            Self::Lake(error) => error.help(),
            Self::ValueDoesNotFit { .. } => Some("declare a type in the model that takes all values".into()),
            Self::Books { .. } | Self::Laws { .. } | Self::Internal(_) => Some("please report it".into()),
            Self::Model { .. }
            | Self::Query(_)
            | Self::Drift { .. }
            | Self::Arrow(_)
            | Self::DataFusion(_)
            | Self::Feed { .. }
            | Self::Position { .. }
            | Self::Cancelled
            | Self::Expressions { .. } => None,
        }
    }

    /// Fails when the books of a table do not balance.
    pub(crate) fn check_books(table: &str, counts: &RowCounts) -> Result<()> {
        if counts.is_balanced() {
            return Ok(());
        }
        let (entered, left) = counts.sides();
        Err(Self::Books { table: table.to_string(), entered, left, counts: Box::new(*counts) })
    }

    /// Expressions that could not be compiled.
    pub(crate) fn expressions(table: &str, errors: Vec<ExpressionError>) -> Self {
        let problems = errors.iter().map(ToString::to_string).collect();
        Self::Expressions { table: table.to_string(), problems }
    }

    /// Whether the same operation may succeed when it is tried again.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Lake(error) if error.is_retryable())
    }

    /// The message with all its causes, outermost first, and what to do about it.
    pub fn chain(&self) -> String {
        let what = self.what();
        match self.help() {
            Some(help) => format!("{what}; {help}"),
            None => what,
        }
    }

    /// The message with all its causes, outermost first.
    pub(crate) fn what(&self) -> String {
        let mut text = self.to_string();
        let mut source = std::error::Error::source(self);
        while let Some(cause) = source {
            let cause_text = cause.to_string();
            if !text.contains(&cause_text) {
                text.push_str(": ");
                text.push_str(&cause_text);
            }
            source = cause.source();
        }
        text
    }
}

impl From<DataFusionError> for Error {
    /// What the lake says of a file in the middle of a stream is told in its own words, unless trying again may help: what was read of
    /// a stream cannot be taken back here.
    fn from(error: DataFusionError) -> Self {
        if let Some(damage) = LakeError::damaged_file(&error) {
            return Self::Lake(damage);
        }
        match error {
            DataFusionError::External(inner) => match inner.downcast::<LakeError>() {
                Ok(error) if !error.is_retryable() => Self::Lake(*error),
                Ok(error) => Self::DataFusion(DataFusionError::External(error)),
                Err(inner) => Self::DataFusion(DataFusionError::External(inner)),
            },
            error => Self::DataFusion(error),
        }
    }
}

/// What is wrong with data or with a table is told from what keeps the engine from it.
fn of_lake(error: &LakeError) -> ErrorKind {
    use goldsmith_lake::ErrorKind as Lake;
    match error {
        LakeError::UnknownStorageOption { .. } => ErrorKind::Usage,
        LakeError::Unbalanced { .. } | LakeError::Task { .. } => ErrorKind::Internal,
        LakeError::TypeChanged { .. }
        | LakeError::TypesDiffer { .. }
        | LakeError::MissingColumn { .. }
        | LakeError::UnexpectedColumn { .. }
        | LakeError::ValueDoesNotFit { .. }
        | LakeError::PathValueDoesNotFit { .. }
        | LakeError::DuplicateKey { .. }
        | LakeError::BrokenRule { .. } => ErrorKind::Data,
        // A storage that overwrites is no property of a table.
        LakeError::UnsafeStorage { .. } => ErrorKind::Access,
        error => match error.kind() {
            Lake::Conflict => ErrorKind::Conflict,
            Lake::Corrupt | Lake::Unsupported | Lake::NotADeltaTable => ErrorKind::Data,
            _ => ErrorKind::Access,
        },
    }
}

/// The first broken laws, and how many more there are.
fn describe_laws(table: &str, broken: &[BrokenLaw]) -> String {
    const SHOWN: usize = 3;
    let shown: Vec<String> = broken.iter().take(SHOWN).map(ToString::to_string).collect();
    let more = match broken.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!("; and in {more} more group(s)"),
    };
    format!("`{table}` breaks its conservation laws: {}{more}", shown.join("; "))
}

/// Result of an operation of the engine.
pub type Result<T, E = Error> = std::result::Result<T, E>;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_storage_option_is_a_setting_to_correct() {
        let error = Error::from(goldsmith_lake::check_storage_option("aws_regoin").unwrap_err());
        assert_eq!(error.kind(), ErrorKind::Usage);
    }

    #[test]
    fn a_defect_and_damage_are_told_from_a_place_that_cannot_be_reached() {
        let (location, reason) = (|| "t".to_owned(), || "so".to_owned());
        let cases = [
            (LakeError::Unbalanced { location: location(), reason: reason() }, ErrorKind::Internal),
            (LakeError::Task { location: location(), reason: reason() }, ErrorKind::Internal),
            (LakeError::CorruptFile { file: location(), reason: reason(), is_loose: false }, ErrorKind::Data),
            (LakeError::NotADeltaTable { location: location(), found: reason() }, ErrorKind::Data),
            (LakeError::DuplicateKey { table: location(), key: reason() }, ErrorKind::Data),
            (LakeError::UnsafeStorage { location: location() }, ErrorKind::Access),
            (LakeError::NoTable { location: location() }, ErrorKind::Access),
            (LakeError::Conflict { location: location(), reason: reason() }, ErrorKind::Conflict),
        ];
        for (error, kind) in cases {
            let error = Error::from(error);
            assert_eq!(error.kind(), kind, "{error}");
            assert!(error.help().is_some_and(|help| error.chain().ends_with(&*help)), "{error}");
        }
    }

    #[test]
    fn what_a_defect_did_is_told_with_the_request_to_report_it() {
        let defects = [
            Error::Internal("x".into()),
            Error::check_books("t", &RowCounts { read: 1, ..RowCounts::default() }).unwrap_err(),
            Error::Laws { table: "t".into(), broken: Vec::new() },
        ];
        for error in defects {
            assert_eq!(error.kind(), ErrorKind::Internal);
            assert!(error.chain().ends_with("; please report it"), "{}", error.chain());
        }
    }

    #[test]
    fn a_row_that_is_not_accounted_for_is_an_error_that_names_the_table() {
        let counts = RowCounts { read: 3, inserted: 1, duplicates: 1, quarantined: 1, ..RowCounts::default() };
        assert!(Error::check_books("t", &counts).is_ok());
        let lost = RowCounts { read: 4, ..counts };
        let error = Error::check_books("t", &lost).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Internal);
        assert!(error.to_string().starts_with("the books of `t` do not balance: 4 rows came in, 3"), "{error}");
        assert!(Error::check_books("t", &RowCounts { deleted: 5, vanished: 5, ..counts }).is_ok());
    }
}
