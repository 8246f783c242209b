//! Reading what somebody else writes: what is new since last time, and what changed.
//!
//! A [`Source`] is a Delta table or a directory of Parquet files. [`Source::plan_read`] compares it with the
//! [`SourcePosition`] that the last read ended at and says what to read; [`Source::stream`] reads it. Positions are plain
//! data; the caller keeps them, best in the same commit as the rows.

mod delta;
mod departures;
mod hive;
mod names;
mod parquet;
mod parts;
mod union;

use std::fmt;

use arrow::datatypes::{Schema, SchemaRef};
use datafusion::execution::SendableRecordBatchStream;
use object_store::path::Path;
use serde::{Deserialize, Serialize};

pub use self::departures::Departures;
pub use self::names::Names;
pub use self::parquet::ParquetDirectory;
pub use self::parts::plan_parts;
use crate::conform::plain_schema;
use crate::error::Result;
use crate::table::Table;

/// The column that [`Source::stream`] appends: the version of the source that brought the row.
pub const SOURCE_VERSION: &str = "_source_version";

/// Something that feeds a bronze table. Opened with [`crate::Lake::open_source`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Source {
    /// A Delta table of somebody else, at one version.
    Delta(Table),
    /// A directory with Parquet files, as it was when it was listed.
    ParquetDirectory(ParquetDirectory),
}

/// How far a source was read. Serialises to a small JSON object (with one entry per file for a directory of Parquet files).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourcePosition {
    /// Id of the Delta table, or `parquet`.
    pub identity: String,
    /// Version of the Delta table, or ordinal of the read.
    pub version: u64,
    /// The files of a directory that were read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<SeenFile>,
    /// CRC-32 of the log entry of `version`, when it was read. A table that was restored from a copy and written to since then has
    /// another entry there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<u32>,
    /// Whether what comes from now on may repeat rows that were read before: files of a directory went at some time, or the table was
    /// created anew, restored or set back.
    #[serde(default, skip_serializing_if = "is_false", alias = "lost_files")]
    pub may_repeat: bool,
}

impl SourcePosition {
    /// A position without anything that has to be kept in mind.
    pub fn at(identity: impl Into<String>, version: u64) -> Self {
        Self { identity: identity.into(), version, files: Vec::new(), entry: None, may_repeat: false }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields by reference")]
fn is_false(value: &bool) -> bool {
    !value
}

/// A file that was read, as it was then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenFile {
    /// Path relative to the directory.
    pub name: String,
    /// Size in bytes.
    pub size: u64,
    /// Time of the last modification, in milliseconds since the epoch.
    pub modified: i64,
    /// What the object store calls this content. Its times are seconds, in which a file can be written twice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub e_tag: Option<String>,
}

impl SeenFile {
    /// Whether a file is as it was, as far as the storage told both times.
    fn is_same(&self, other: &Self) -> bool {
        let same_tag = self.e_tag.is_none() || other.e_tag.is_none() || self.e_tag == other.e_tag;
        (&self.name, self.size, self.modified) == (&other.name, other.size, other.modified) && same_tag
    }
}

/// A file of a source that a read wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Path relative to the source.
    pub path: String,
    /// The version that brought the file; becomes [`SOURCE_VERSION`] of its rows.
    pub version: u64,
    /// Size in bytes.
    pub size: u64,
    /// Rows, when the log knows.
    pub rows: Option<u64>,
    /// The version at which the file is read: the latest, or an older one for a file that is not live any more.
    read_at: u64,
}

/// A commit that removed or replaced rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeCommit {
    /// Version of the commit.
    pub version: u64,
    /// The operation by the name that its engine gave it, such as `DELETE` or `WRITE`.
    pub operation: Option<String>,
    /// Files with rows that the commit wrote: new or changed rows, rows that it merely copied along, and rows that it brought back.
    pub changed_files: Vec<SourceFile>,
    /// Number of files that it removed.
    pub removed_files: usize,
    /// Rows that it deleted, when its engine recorded it.
    pub rows_deleted: Option<u64>,
}

impl ChangeCommit {
    /// Whether the commit did nothing but delete rows, so that its files hold only rows that were there before.
    pub fn only_deletes(&self) -> bool {
        self.operation.as_deref() == Some("DELETE")
    }
}

/// Why everything has to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FullReason {
    /// There is no position yet.
    FirstRead,
    /// Another table stands in the place of the one that the position is about.
    Recreated {
        /// Identity in the position.
        before: String,
        /// Identity now.
        now: String,
    },
    /// The position is ahead of the table.
    WentBack {
        /// Version in the position.
        before: u64,
        /// Version now.
        now: u64,
    },
    /// The commit at the position is another one than the one that was read.
    Rewritten {
        /// Its version.
        version: u64,
    },
    /// The log has been cleaned up to beyond the position.
    LogIncomplete {
        /// The first version that is missing.
        version: u64,
    },
    /// A file that was appended meanwhile has been removed from the storage.
    FileGone {
        /// Its path.
        path: String,
    },
}

impl fmt::Display for FullReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FirstRead => f.write_str("first read"),
            Self::Recreated { before, now } => {
                write!(f, "the source was created anew (`{before}` became `{now}`)")
            }
            Self::WentBack { before, now } => {
                write!(f, "the source went back from version {before} to {now}")
            }
            Self::Rewritten { version } => {
                write!(f, "version {version} of the source is not the one that was read, so it was restored")
            }
            Self::LogIncomplete { version } => {
                write!(f, "version {version} is no longer in the log of the source")
            }
            Self::FileGone { path } => {
                write!(f, "the appended file `{path}` is no longer there")
            }
        }
    }
}

/// What a read has to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadKind {
    /// Nothing came and nothing changed.
    Nothing,
    /// Rows came (`files`) or changed (`changes`) since the position.
    Appends,
    /// Everything that is there.
    Full {
        /// Why.
        reason: FullReason,
    },
}

/// What is new in a source; see [`Source::plan_read`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceRead {
    /// What has to be read.
    pub kind: ReadKind,
    /// Files with new rows: pure appends, or everything for [`ReadKind::Full`].
    pub files: Vec<SourceFile>,
    /// Whether `files` may repeat rows that were read before, though they are no changes of these.
    pub may_repeat: bool,
    /// Commits that removed or replaced rows since the position, oldest first. None for [`ReadKind::Full`].
    pub changes: Vec<ChangeCommit>,
    /// Commits that only rearranged files.
    pub compactions_skipped: usize,
    /// The position after this read.
    pub new_position: SourcePosition,
}

impl SourceRead {
    /// Rows of `files`, when the log knows them all.
    pub fn rows(&self) -> Option<u64> {
        self.files.iter().map(|file| file.rows).sum()
    }

    /// Size of `files` in bytes.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.size).sum()
    }

    /// Rows that the changes deleted, as far as their engines recorded it.
    pub fn rows_deleted(&self) -> u64 {
        self.changes.iter().filter_map(|change| change.rows_deleted).sum()
    }
}

impl Source {
    /// The columns of the source, without any metadata and without [`SOURCE_VERSION`].
    ///
    /// # Errors
    /// Errors of the Delta layer.
    pub fn schema(&self) -> Result<SchemaRef> {
        match self {
            Self::Delta(table) => table.data_schema(),
            Self::ParquetDirectory(directory) => Ok(plain_schema(directory.schema().as_ref())),
        }
    }

    /// The same source with columns in the types of `declared` where nothing else tells their types: those of a directory that stand in
    /// the paths of its files alone (`event_date=2024-03-01/`), which are text otherwise.
    #[must_use]
    pub fn with_declared(self, declared: &Schema) -> Self {
        match self {
            Self::Delta(table) => Self::Delta(table),
            Self::ParquetDirectory(directory) => Self::ParquetDirectory(directory.with_declared(declared)),
        }
    }

    /// The id of the Delta table, or `parquet`.
    ///
    /// # Errors
    /// Errors of the Delta layer.
    pub fn identity(&self) -> Result<String> {
        match self {
            Self::Delta(table) => table.table_id(),
            Self::ParquetDirectory(_) => Ok(parquet::IDENTITY.to_owned()),
        }
    }

    /// Says what has to be read to get from `position` to the state of this handle.
    ///
    /// # Errors
    /// [`crate::LakeError::CorruptLog`] and errors of the storage.
    pub async fn plan_read(&self, position: Option<&SourcePosition>) -> Result<SourceRead> {
        match self {
            Self::Delta(table) => delta::plan_read(table, position).await,
            Self::ParquetDirectory(directory) => Ok(directory.plan_read(position)),
        }
    }

    /// Says where the rows are that the source shows no longer, for a [`SourceRead`] since `position`. None when that cannot be told, so
    /// that all keys of the source have to be compared: its log does not reach back, files that went are deleted, or it has no log.
    ///
    /// # Errors
    /// Errors of the Delta layer and of the storage.
    pub async fn departures(&self, position: &SourcePosition, read: &SourceRead) -> Result<Option<Departures>> {
        match self {
            Self::Delta(table) => departures::departures(table, position, read).await,
            Self::ParquetDirectory(_) => Ok(None),
        }
    }

    /// Reads files of a [`SourceRead`] (`files` or `changed_files`) or of [`Departures`]: the columns of the source, or some of them, and
    /// [`SOURCE_VERSION`] as a last column of type BIGINT. Columns that a file does not have are null; a column that the source has by the
    /// name of that one is left out.
    ///
    /// # Errors
    /// [`crate::LakeError::MissingColumn`]; inside the stream [`crate::LakeError::CorruptFile`],
    /// [`crate::LakeError::PathValueDoesNotFit`] and errors of the storage.
    pub async fn stream(&self, files: &[SourceFile], columns: Option<&[String]>) -> Result<SendableRecordBatchStream> {
        let mut wanted = match columns {
            Some(columns) => columns.to_vec(),
            None => self.schema()?.fields().iter().map(|field| field.name().clone()).collect(),
        };
        wanted.retain(|name| name != SOURCE_VERSION);
        match self {
            Self::Delta(table) => delta::stream(table, files, Some(&wanted)),
            Self::ParquetDirectory(directory) => directory.stream(files, Some(&wanted)),
        }
    }
}

/// Whether a path below a directory is a data file.
pub(crate) fn is_data_file(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "parquet") && !is_hidden(path)
}

/// Whether a path below a directory is by custom no content, as a name in it begins with `_` or `.`.
pub(crate) fn is_hidden(path: &Path) -> bool {
    path.parts().any(|part| part.as_ref().starts_with(['_', '.']))
}
