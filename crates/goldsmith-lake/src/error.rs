//! What can go wrong, in the terms of a caller.

use std::borrow::Cow;
use std::error::Error as StdError;

use arrow::error::ArrowError;
use datafusion::error::DataFusionError;
use deltalake::DeltaTableError;
use deltalake::kernel::transaction::TransactionError;
use object_store::Error as ObjectStoreError;
use parquet::errors::ParquetError;

use crate::batch_rows::is_overflow;
use crate::failure::{StorageFailure, classify};

/// The result of an operation of this crate.
pub type Result<T, E = LakeError> = std::result::Result<T, E>;

/// The class of a [`LakeError`]; exit codes, retry loops and other languages' exceptions derive from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The caller asked for something that cannot be: a bad location, a schema that does not fit, a key twice.
    InvalidInput,
    /// A directory holds something, but no Delta table.
    NotADeltaTable,
    /// A log entry or a data file cannot be read.
    Corrupt,
    /// The table uses a feature that this engine does not support.
    Unsupported,
    /// Another writer was faster.
    Conflict,
    /// The storage refuses access.
    PermissionDenied,
    /// The storage failed in another way.
    Storage,
    /// Anything else from the layers below.
    Internal,
}

/// An operation on a lake that failed. Its text says what failed and where; [`LakeError::help`] says what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LakeError {
    /// A location is neither a path nor a URL of a known kind.
    #[error("`{location}` is not a usable location: {reason}")]
    InvalidLocation {
        /// The text as given.
        location: String,
        /// What is wrong with it.
        reason: String,
        /// What to give instead.
        help: String,
    },
    /// A directory has content, but no `_delta_log`.
    #[error("`{location}` is not a delta table: it holds {found} but no `_delta_log`")]
    NotADeltaTable {
        /// The directory.
        location: String,
        /// An example of what was found there.
        found: String,
    },
    /// A directory that should be a source has content, and none of it is a source.
    #[error("`{location}` is no source: it holds {found}, and neither a `_delta_log` nor parquet files")]
    NotASource {
        /// The directory.
        location: String,
        /// An example of what was found there.
        found: String,
    },
    /// The storage lets a second writer overwrite what the first one wrote.
    #[error(
        "the storage of `{location}` overwrites objects that it was told not to: two runs could overwrite each other's commits"
    )]
    UnsafeStorage {
        /// Where it was tried.
        location: String,
    },
    /// There is no table where one must be.
    #[error("there is no delta table at `{location}`")]
    NoTable {
        /// The directory.
        location: String,
    },
    /// The rows that were written are not those that had to be written.
    #[error("the rows of `{location}` do not balance: {reason}; nothing was committed, the table is as before")]
    Unbalanced {
        /// The table.
        location: String,
        /// What was expected and what was found.
        reason: String,
    },
    /// A deletion vector cannot be read or written, so that deleted rows would come back.
    #[error("a deletion vector of `{location}` is unusable: {reason}")]
    DeletionVector {
        /// The table.
        location: String,
        /// What is wrong.
        reason: String,
    },
    /// A file is not among the live files of a table.
    #[error("the file `{file}` is not part of `{location}` at version {version}")]
    NoSuchFile {
        /// The table.
        location: String,
        /// The file.
        file: String,
        /// The version that was looked at.
        version: u64,
    },
    /// An entry of a transaction log cannot be read.
    #[error("the log entry `{entry}` of the delta table `{location}` cannot be read: {reason}")]
    CorruptLog {
        /// The table.
        location: String,
        /// The file within the table.
        entry: String,
        /// What the parser said.
        reason: String,
    },
    /// A data file cannot be read.
    #[error("the data file `{file}` cannot be read as parquet: {reason}; it is truncated or damaged")]
    CorruptFile {
        /// The file, with its table or directory.
        file: String,
        /// What the parser said.
        reason: String,
        /// Whether no log refers to the file, so that it can be taken away.
        is_loose: bool,
    },
    /// The texts of rows that have to be held together are more than an array can count.
    #[error(
        "rows of `{file}` are too wide to be held together: {reason}; the file is not damaged, but the texts of one column come to more than 2 GiB"
    )]
    TooWide {
        /// The file, table or directory.
        file: String,
        /// What the decoder said.
        reason: String,
    },
    /// The protocol of a table asks for features that are not supported.
    #[error("the delta table `{location}` needs `{features}`, which this engine cannot {access}")]
    UnsupportedFeature {
        /// The table.
        location: String,
        /// Names of the features, comma-separated.
        features: String,
        /// `read` or `write`.
        access: &'static str,
    },
    /// A column exists with another type.
    #[error("column `{column}` has type `{from}` and cannot become `{to}`")]
    TypeChanged {
        /// Dotted path of the column.
        column: String,
        /// Its type in the table.
        from: String,
        /// The type that was asked for.
        to: String,
    },
    /// Files of a directory have types for one column that have nothing in common.
    #[error(
        "the files of `{location}` have column `{column}` as `{one}` and as `{other}`, and no type takes both without loss"
    )]
    TypesDiffer {
        /// The directory.
        location: String,
        /// Dotted path of the column.
        column: String,
        /// The type in some files.
        one: String,
        /// The type in others.
        other: String,
    },
    /// Data lacks a column of the table.
    #[error("the data has no column `{column}`, which the table `{table}` needs")]
    MissingColumn {
        /// The column.
        column: String,
        /// The table or target.
        table: String,
    },
    /// Data has a column that the table has not.
    #[error("the data has a column `{column}`, which the table `{table}` does not have")]
    UnexpectedColumn {
        /// The column.
        column: String,
        /// The table or target.
        table: String,
    },
    /// Values do not fit the type of the table.
    #[error("column `{column}` of type `{from}` cannot be stored as `{to}`: {reason}")]
    ValueDoesNotFit {
        /// Dotted path of the column.
        column: String,
        /// The type of the data.
        from: String,
        /// The type of the table.
        to: String,
        /// What the conversion said.
        reason: String,
    },
    /// A value in the path of a file is none of its column.
    #[error("the path of `{file}` gives `{column}` the value `{value}`, which is no {to}")]
    PathValueDoesNotFit {
        /// The file, with its directory.
        file: String,
        /// The column.
        column: String,
        /// The value, decoded.
        value: String,
        /// The type of the column.
        to: String,
    },
    /// Rows that a table does not allow.
    #[error("the rows for `{location}` break a rule of the table ({rules}): {reason}; nothing was written")]
    BrokenRule {
        /// The table.
        location: String,
        /// The rules of the table.
        rules: String,
        /// What was found, without the rows themselves.
        reason: String,
    },
    /// Rows that must be unique by key are not.
    #[error("two rows for the table `{table}` have the same key `{key}`")]
    DuplicateKey {
        /// The table.
        table: String,
        /// The key, column by column.
        key: String,
    },
    /// Another writer committed something that our commit depends on.
    #[error("a commit to `{location}` conflicts with another writer: {reason}")]
    Conflict {
        /// The table.
        location: String,
        /// What changed.
        reason: String,
    },
    /// A request contradicts itself or the table.
    #[error("the request for `{location}` is not valid: {reason}")]
    InvalidRequest {
        /// The table or directory.
        location: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The storage refuses access.
    #[error("no permission for `{path}`")]
    PermissionDenied {
        /// The file or directory.
        path: String,
        /// What the storage said.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
    /// A storage option that no store knows.
    #[error("`{key}` is no storage option")]
    UnknownStorageOption {
        /// The option as given.
        key: String,
        /// What may have been meant.
        help: String,
    },
    /// The settings of a storage are incomplete or contradict each other.
    #[error("the storage of `{location}` cannot be set up: {reason}")]
    StorageSetup {
        /// The place in the storage.
        location: String,
        /// What the store said, without any secret.
        reason: String,
    },
    /// The storage cannot be used for a reason that its user can mend.
    #[error("the storage of `{location}` {}", failure.what())]
    Unusable {
        /// The place in the storage.
        location: String,
        /// What is wrong.
        failure: StorageFailure,
        /// What the storage said.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
    /// The storage failed.
    #[error("the storage of `{location}` failed")]
    Storage {
        /// The table or directory.
        location: String,
        /// What the storage said.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
    /// The Delta layer failed.
    #[error("the delta table `{location}` could not be used")]
    Delta {
        /// The table.
        location: String,
        /// What the layer said.
        #[source]
        source: Box<DeltaTableError>,
    },
    /// A query failed.
    #[error("reading `{location}` failed")]
    Query {
        /// The table or directory.
        location: String,
        /// What the query engine said.
        #[source]
        source: Box<DataFusionError>,
    },
    /// An operation on batches failed.
    #[error("processing rows of `{location}` failed")]
    Arrow {
        /// The table or directory.
        location: String,
        /// What Arrow said.
        #[source]
        source: arrow::error::ArrowError,
    },
    /// A task was cancelled or panicked.
    #[error("a task for `{location}` did not finish: {reason}")]
    Task {
        /// The table or directory.
        location: String,
        /// What happened to it.
        reason: String,
    },
}

impl LakeError {
    /// The class of the error.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::InvalidLocation { .. }
            | Self::NoTable { .. }
            | Self::InvalidRequest { .. }
            | Self::NoSuchFile { .. }
            | Self::TypeChanged { .. }
            | Self::TypesDiffer { .. }
            | Self::MissingColumn { .. }
            | Self::UnexpectedColumn { .. }
            | Self::ValueDoesNotFit { .. }
            | Self::PathValueDoesNotFit { .. }
            | Self::DuplicateKey { .. }
            | Self::BrokenRule { .. }
            | Self::UnknownStorageOption { .. }
            | Self::StorageSetup { .. } => ErrorKind::InvalidInput,
            Self::NotADeltaTable { .. } | Self::NotASource { .. } => ErrorKind::NotADeltaTable,
            Self::CorruptLog { .. } | Self::CorruptFile { .. } | Self::DeletionVector { .. } => ErrorKind::Corrupt,
            Self::UnsupportedFeature { .. } | Self::UnsafeStorage { .. } | Self::TooWide { .. } => {
                ErrorKind::Unsupported
            }
            Self::Conflict { .. } => ErrorKind::Conflict,
            Self::PermissionDenied { .. } => ErrorKind::PermissionDenied,
            Self::Unusable { failure, .. } if failure.is_refusal() => ErrorKind::PermissionDenied,
            Self::Unusable { .. } | Self::Storage { .. } => ErrorKind::Storage,
            Self::Delta { .. }
            | Self::Query { .. }
            | Self::Arrow { .. }
            | Self::Task { .. }
            | Self::Unbalanced { .. } => ErrorKind::Internal,
        }
    }

    /// What to do about it, for whoever can do something; none when nothing more can be said than what failed.
    pub fn help(&self) -> Option<Cow<'_, str>> {
        let help = match self {
            Self::InvalidLocation { help, .. } | Self::UnknownStorageOption { help, .. } => help.as_str(),
            Self::NotADeltaTable { .. } => "give an empty directory, or restore the log of the table from a copy",
            Self::NotASource { .. } => "deliver the table as Delta or Parquet, or give the directory in which it is",
            Self::UnsafeStorage { .. } => {
                "use a storage with conditional put (for S3: one that honours `If-None-Match`)"
            }
            Self::NoTable { .. } => "give the directory of a delta table",
            Self::DeletionVector { .. } => "restore the table from a copy",
            Self::NoSuchFile { .. } => "read the table again",
            Self::CorruptLog { .. } => "restore the file or the table from a copy",
            Self::CorruptFile { is_loose: true, .. } => "restore it or take it away",
            Self::CorruptFile { .. } => "restore it from a copy",
            Self::TooWide { .. } => "leave the column or these rows out",
            Self::UnsupportedFeature { .. } => "disable the feature or rewrite the table without it",
            Self::TypeChanged { .. } => "keep its type; only new columns can be added",
            Self::TypesDiffer { .. } => "write it with one type, or keep the files of the other elsewhere",
            Self::MissingColumn { .. } => "add the column to the data",
            Self::UnexpectedColumn { .. } => "add the column to the table first",
            Self::ValueDoesNotFit { .. } => "convert the values before they are written",
            Self::PathValueDoesNotFit { .. } => "rename the directory, or declare the column as a string",
            Self::BrokenRule { .. } => "correct the rows or drop the rule",
            Self::DuplicateKey { .. } => "keep one row of each key; the rows of an upsert must be unique by key",
            Self::Conflict { .. } => "read the table again and retry",
            Self::PermissionDenied { .. } => "check the rights on it",
            Self::StorageSetup { .. } => "check the storage options and the variables of its cloud",
            Self::Unusable { location, failure, .. } => failure.help(location),
            Self::Unbalanced { .. } | Self::Task { .. } => "please report it",
            Self::InvalidRequest { .. }
            | Self::Storage { .. }
            | Self::Delta { .. }
            | Self::Query { .. }
            | Self::Arrow { .. } => return None,
        };
        Some(help.into())
    }

    /// Whether the same operation, begun anew from a fresh snapshot, can succeed without anybody's help.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Conflict { .. } => true,
            Self::Storage { source, .. } => !matches!(
                source.downcast_ref::<ObjectStoreError>(),
                Some(ObjectStoreError::NotFound { .. } | ObjectStoreError::NotSupported { .. })
            ),
            _ => false,
        }
    }

    /// The error behind an error of a query or of a stream that this crate gave out.
    ///
    /// A [`LakeError`] that travelled through the query engine is unwrapped, a damaged Parquet file is told from other failures.
    pub fn from_query(location: &str, error: DataFusionError) -> Self {
        match error {
            DataFusionError::External(inner) => match inner.downcast::<Self>() {
                Ok(error) => *error,
                Err(inner) => Self::query(location, DataFusionError::External(inner)),
            },
            DataFusionError::Context(_, inner) => Self::from_query(location, *inner),
            DataFusionError::ParquetError(inner) => {
                let inner = match *inner {
                    ParquetError::External(source) => match source.downcast::<Self>() {
                        Ok(error) => return *error,
                        Err(source) => ParquetError::External(source),
                    },
                    inner => inner,
                };
                let (file, reason) = (location.to_owned(), inner.to_string());
                if is_overflow(&reason) {
                    Self::TooWide { file, reason }
                } else {
                    Self::CorruptFile { file, reason, is_loose: false }
                }
            }
            DataFusionError::ArrowError(inner, _) if is_overflow(&inner.to_string()) => Self::arrow(location, *inner),
            error => Self::query(location, error),
        }
    }

    /// What a query says of the content of a data file when it does not say of which; `location` stands for it, the table.
    pub fn of_content(location: &str, error: &DataFusionError) -> Option<Self> {
        let reason = match error.find_root() {
            DataFusionError::ParquetError(inner) if inner.source().is_none() => inner.to_string(),
            DataFusionError::ArrowError(inner, _) if matches!(**inner, ArrowError::ParquetError(_)) => {
                inner.to_string()
            }
            _ => return None,
        };
        let file = location.to_owned();
        Some(if is_overflow(&reason) {
            Self::TooWide { file, reason }
        } else {
            Self::CorruptFile { file, reason, is_loose: false }
        })
    }

    /// The damaged file of a table that a query came upon, wherever in the causes of its error it is told.
    pub fn damaged_file(error: &(dyn StdError + 'static)) -> Option<Self> {
        let mut next = Some(error);
        while let Some(error) = next {
            if let Some(Self::CorruptFile { file, reason, is_loose }) = error.downcast_ref::<Self>() {
                return Some(Self::CorruptFile { file: file.clone(), reason: reason.clone(), is_loose: *is_loose });
            }
            next = error.source();
        }
        None
    }

    pub(crate) fn arrow(location: &str, source: arrow::error::ArrowError) -> Self {
        let reason = source.to_string();
        if is_overflow(&reason) {
            return Self::TooWide { file: location.to_owned(), reason };
        }
        Self::Arrow { location: location.to_owned(), source }
    }

    pub(crate) fn delta(location: &str, source: DeltaTableError) -> Self {
        let source = match Self::mendable(location, source) {
            Ok(error) => return error,
            Err(source) => source,
        };
        match source {
            DeltaTableError::ObjectStore { source } => Self::storage(location, source),
            DeltaTableError::Transaction { source: TransactionError::ObjectStore { source } } => {
                Self::storage(location, source)
            }
            DeltaTableError::Arrow { source } => Self::arrow(location, source),
            source => Self::Delta { location: location.to_owned(), source: Box::new(source) },
        }
    }

    pub(crate) fn query(location: &str, source: DataFusionError) -> Self {
        Self::mendable(location, source)
            .unwrap_or_else(|source| Self::Query { location: location.to_owned(), source: Box::new(source) })
    }

    pub(crate) fn storage(location: &str, source: impl StdError + Send + Sync + 'static) -> Self {
        Self::mendable(location, source)
            .unwrap_or_else(|source| Self::Storage { location: location.to_owned(), source: Box::new(source) })
    }

    /// The error with what to do about the storage, when its causes tell; otherwise the causes are given back.
    fn mendable<E: StdError + Send + Sync + 'static>(location: &str, source: E) -> std::result::Result<Self, E> {
        match classify(&source) {
            None => Err(source),
            // On a disk it is the path that matters, not who keeps it.
            Some(StorageFailure::Denied) if !location.contains("://") => {
                Ok(Self::PermissionDenied { path: location.to_owned(), source: Box::new(source) })
            }
            Some(failure) => Ok(Self::Unusable { location: location.to_owned(), failure, source: Box::new(source) }),
        }
    }
}

impl From<LakeError> for DataFusionError {
    fn from(error: LakeError) -> Self {
        Self::External(Box::new(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> String {
        text.to_owned()
    }

    #[test]
    fn what_failed_and_what_to_do_are_told_apart() {
        let (location, reason) = (text("s3://bucket/t"), text("a reason"));
        let cases = [
            LakeError::InvalidLocation {
                location: location.clone(),
                reason: reason.clone(),
                help: text("give a path"),
            },
            LakeError::NotADeltaTable { location: location.clone(), found: text("`a`") },
            LakeError::NotASource { location: location.clone(), found: text("`a`") },
            LakeError::UnsafeStorage { location: location.clone() },
            LakeError::Unbalanced { location: location.clone(), reason: reason.clone() },
            LakeError::DeletionVector { location: location.clone(), reason: reason.clone() },
            LakeError::CorruptLog { location: location.clone(), entry: text("0.json"), reason: reason.clone() },
            LakeError::CorruptFile { file: location.clone(), reason: reason.clone(), is_loose: true },
            LakeError::TooWide { file: location.clone(), reason: reason.clone() },
            LakeError::UnsupportedFeature { location: location.clone(), features: text("f"), access: "read" },
            LakeError::Conflict { location: location.clone(), reason: reason.clone() },
            LakeError::UnknownStorageOption { key: text("k"), help: text("did you mean `l`?") },
            LakeError::StorageSetup { location: location.clone(), reason: reason.clone() },
            LakeError::Unusable { location, failure: StorageFailure::Full, source: reason.into() },
        ];
        for error in cases {
            let help = error.help().unwrap_or_default();
            assert!(!help.is_empty() && !error.to_string().contains(&*help), "{error}; {help}");
        }
    }

    #[test]
    fn only_a_file_that_no_log_knows_can_be_taken_away() {
        for (is_loose, help) in [(true, "restore it or take it away"), (false, "restore it from a copy")] {
            let error = LakeError::CorruptFile { file: text("t/f"), reason: text("cut"), is_loose };
            assert_eq!(error.help().as_deref(), Some(help));
        }
    }

    #[test]
    fn a_page_that_cannot_be_decoded_is_told_of_its_table() {
        let page = ParquetError::EOF(text("not enough bytes"));
        let found = LakeError::of_content("t", &DataFusionError::ParquetError(Box::new(page)));
        assert!(matches!(found, Some(LakeError::CorruptFile { ref file, .. }) if file == "t"), "{found:?}");
        let wide = ArrowError::ParquetError(text("index overflow decoding byte array"));
        let found = LakeError::of_content("t", &DataFusionError::ArrowError(Box::new(wide), None));
        assert!(matches!(found, Some(LakeError::TooWide { .. })), "{found:?}");
        let storage = ParquetError::External(Box::new(LakeError::NoTable { location: text("t") }));
        assert!(LakeError::of_content("t", &DataFusionError::ParquetError(Box::new(storage))).is_none());
    }

    #[test]
    fn a_damaged_file_is_found_below_what_a_query_makes_of_it() {
        let damage = LakeError::CorruptFile { file: text("t/f"), reason: text("cut"), is_loose: false };
        let error = DataFusionError::ParquetError(Box::new(ParquetError::External(Box::new(damage))));
        let error = DataFusionError::Shared(std::sync::Arc::new(error));
        let found = LakeError::damaged_file(&error);
        assert!(matches!(found, Some(LakeError::CorruptFile { ref file, .. }) if file == "t/f"), "{found:?}");
        assert!(LakeError::damaged_file(&DataFusionError::Internal(text("else"))).is_none());
    }
}
