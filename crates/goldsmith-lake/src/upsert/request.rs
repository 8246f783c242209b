//! What an upsert is asked for.

use std::fmt;
use std::sync::Arc;

use arrow::array::{BooleanArray, RecordBatch};
use arrow::error::ArrowError;

use super::fate::WriteMode;

/// What a table shall hold after an [`upsert`](super::upsert).
#[derive(Debug, Clone, Default)]
pub struct UpsertRequest {
    /// Columns that identify a row. Nulls are values like others.
    pub key: Vec<String>,
    /// Some of the key columns: rows are compared group by group. Equal to `key` for a plain upsert.
    pub group: Vec<String>,
    /// Columns that are written, but do not make a row different (when and by which run it was written, say).
    pub ignore: Vec<String>,
    /// The rows, with all columns of the table; unique by key, unless there is a sequence.
    pub rows: Vec<RecordBatch>,
    /// Columns that order the versions of a key, the most significant first: the greatest is the latest, and null is less than any
    /// value. Among versions that are equal in all of them, the other columns that make a row different decide, in the order of their
    /// names and likewise, so that there is always one latest. When absent, a key comes once and the new row wins.
    ///
    /// They make a row different, so that they are neither part of the key nor ignored. There is no [`Preference`] beside them, and
    /// nothing is [deleted because it is missing](UpsertRequest::delete_missing_in_group): what is missing in a delivery that came
    /// late may be newer than it.
    pub sequence: Vec<String>,
    /// Whether rows of a touched group that are not among `rows` are deleted.
    pub delete_missing_in_group: bool,
    /// Groups that are touched although `rows` has none of them; a batch with (at least) the group columns.
    pub extra_groups: Option<RecordBatch>,
    /// Which of two rows of a key stays, when they differ and no sequence tells; the new one when absent.
    pub preference: Option<Preference>,
    /// How rows of existing files are deleted.
    pub write_mode: WriteMode,
    /// Leaves the changes staged in the handle instead of committing them; the fields below are then not used. Any number of upserts with
    /// one key can be staged before a commit, and others may rearrange files meanwhile, as [`crate::Table::commit`] says.
    pub stage: bool,
    /// The new position; `None` leaves it as it is.
    pub position: Option<String>,
    /// The run, kept in the log.
    pub run_id: String,
    /// Name of the operation in the table's history, such as `MERGE`.
    pub operation: String,
}

/// Compares rows of the table with the new rows of the same keys: both batches have the same length, and each has at least
/// the key, the columns that make a row different, and [`Preference::columns`]. True where the row of the table stays.
pub type HeldStays = Arc<dyn Fn(&RecordBatch, &RecordBatch) -> Result<BooleanArray, ArrowError> + Send + Sync>;

/// Decides between a row of the table and a new row of the same key that differs from it.
#[derive(Clone)]
pub struct Preference {
    /// Columns that the decision needs although they do not make a row different.
    pub columns: Vec<String>,
    /// The decision: first the rows of the table, then the new ones.
    pub held_stays: HeldStays,
}

impl fmt::Debug for Preference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Preference").field("columns", &self.columns).finish_non_exhaustive()
    }
}
