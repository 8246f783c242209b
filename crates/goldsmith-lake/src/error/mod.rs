//! What can go wrong, in the terms of a caller.

mod convert;
mod help;
mod kind;

use std::error::Error as StdError;

use datafusion::error::DataFusionError;
use deltalake::DeltaTableError;

use crate::failure::StorageFailure;

pub use kind::ErrorKind;

/// The result of an operation of this crate.
pub type Result<T, E = LakeError> = std::result::Result<T, E>;

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
