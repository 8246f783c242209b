//! What other engines did to a table, and what they say about it.

use crate::error::Result;
use crate::log::{RUN_ID, read_commit};
use crate::table::Table;

/// The property in which another engine takes down how far it brought a table: SQL can set it on every server, while it can
/// neither write domain metadata nor, everywhere, choose what a commit says.
pub const SHARED_POSITION: &str = "goldsmith.position";

/// What other engines committed to a table after we took a position down last; see [`Table::since_own_position`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OthersCommits {
    /// Whether rows came, went or changed.
    pub change_rows: bool,
    /// Whether rows came or changed; a `DELETE` only takes some away, whatever files it writes anew.
    pub add_rows: bool,
    /// The last value of [`SHARED_POSITION`], when no change of rows came after it.
    pub position: Option<String>,
}

impl Table {
    /// What other engines committed after we took a position down last. Asks for one entry of the log when it is the one with the
    /// position, and the handle mostly has it. Commits of ours without one, such as those of maintenance, tell nothing of what was
    /// looked at. A log that was cut before the position may hide anything.
    ///
    /// # Errors
    /// [`crate::LakeError::CorruptLog`] and errors of the storage.
    pub async fn since_own_position(&self) -> Result<OthersCommits> {
        let location = self.location.to_string();
        let log_store = self.delta.log_store();
        let mut found = OthersCommits::default();
        for version in (0..=self.version()).rev() {
            let Some(commit) = read_commit(log_store.as_ref(), &location, version).await? else {
                found.change_rows = true;
                found.add_rows = true;
                return Ok(found);
            };
            if commit.has_position {
                break;
            }
            if commit.info_text(RUN_ID).is_some() {
                continue;
            }
            if !found.change_rows && found.position.is_none() {
                found.position = commit.property_set(SHARED_POSITION);
            }
            found.change_rows |= commit.changes_data();
            found.add_rows |=
                commit.adds.iter().any(|add| add.data_change) && commit.info_text("operation") != Some("DELETE");
        }
        Ok(found)
    }

    /// The last version that was certainly there at an instant (milliseconds since the epoch), as the commits date themselves;
    /// none when the log does not reach back that far.
    ///
    /// # Errors
    /// [`crate::LakeError::CorruptLog`] and errors of the storage.
    pub async fn version_at(&self, instant: i64) -> Result<Option<u64>> {
        let location = self.location.to_string();
        let log_store = self.delta.log_store();
        for version in (0..=self.version()).rev() {
            let Some(commit) = read_commit(log_store.as_ref(), &location, version).await? else {
                return Ok(None);
            };
            if commit.timestamp().is_some_and(|timestamp| timestamp <= instant) {
                return Ok(Some(version));
            }
        }
        Ok(None)
    }
}
