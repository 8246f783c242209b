//! The one door to Delta Lake and object stores.
//!
//! This crate opens, creates, reads and commits Delta tables, and reads the sources that feed them. It knows nothing about
//! models: everything is said in names, Arrow schemas and names of key columns.
//!
//! - [`Lake`] opens and creates: [`Lake::open`], [`Lake::create`], [`Lake::open_source`].
//! - [`Table`] is one Delta table at one version: read it with [`Table::scan`], write it with [`Table::writer`],
//!   [`Table::stage`] and [`Table::commit`], widen it with [`Table::add_columns`].
//! - [`upsert`] brings a table to hold given rows, and writes only what differs: batches, a key, a sequence that orders the versions of a
//!   key, and options ([`UpsertRequest`]) become one commit and a typed report ([`UpsertReport`]). Tables with rules of their own
//!   ([`Guards`]) are written by delta-rs.
//! - [`Table::copy_files`] takes whole files of a source over without decoding them.
//! - [`source`] reads what is new in a Delta table or a directory of Parquet files that somebody else writes.
//!
//! # What a commit promises
//! Files and the *position* (a text that says how far the input was read) become visible together, in one entry of the
//! log, and only when the position is still the one that our snapshot saw. Two runs over the same table therefore never
//! both succeed; the loser gets [`LakeError::Conflict`], which is retryable from a fresh snapshot.

mod batch_rows;
mod changes;
mod clustering;
mod commit;
mod conform;
mod copy;
mod days;
mod diagnose;
mod encoding;
mod error;
mod evolve;
mod failure;
mod few_rows;
mod lake;
mod listing;
mod local;
mod location;
mod log;
mod log_cache;
mod maintain;
mod memory;
mod merge;
mod others;
mod parquet_file;
mod parquet_rows;
mod protocol;
mod scan;
mod session;
pub mod source;
mod staged;
mod statistics;
mod storage_options;
mod stores;
mod table;
mod upsert;
mod vector;
mod volume;
mod write;
mod written;

pub use changes::Changed;
pub use commit::{CommitOutcome, CommitRequest};
pub use conform::cast_exactly;
pub use copy::{Copied, CopyRequest};
pub use days::{Days, FileDays};
pub use error::{ErrorKind, LakeError, Result};
pub use failure::StorageFailure;
pub use lake::{FileCompression, Lake, LakeOptions, TableSpec};
pub use local::{CreateBy, LocalStore};
pub use location::Location;
pub use maintain::{CompactReport, VacuumReport};
pub use memory::MemoryBounds;
pub use merge::Guards;
pub use others::{OthersCommits, SHARED_POSITION};
pub use scan::{RowFilter, RowProbe, ScanRequest};
pub use session::CATALOG;
pub use storage_options::{Side, check_storage_option};
pub use stores::StoreLayer;
pub use table::{Added, FileInfo, Table};
pub use upsert::{FileFates, HeldStays, Preference, UpsertPath, UpsertReport, UpsertRequest, WriteMode, upsert};
pub use write::TableWriter;
pub use written::WrittenFiles;
