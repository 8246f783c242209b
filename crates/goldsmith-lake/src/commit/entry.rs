//! Writing one entry of a log.

use deltalake::DeltaTable;
use deltalake::kernel::transaction::TransactionError;
use deltalake::kernel::{Action, CommitInfo};
use deltalake::logstore::{CommitOrBytes, LogStore};
use deltalake::protocol::checkpoints::{cleanup_metadata, create_checkpoint};
use deltalake::table::config::TablePropertiesExt;
use object_store::ObjectStoreExt;
use object_store::path::Path;
use uuid::Uuid;

use crate::table::Table;

impl Table {
    /// Moves the handle to its commit and keeps the log short. The commit has happened, so nothing here may fail it.
    pub(super) async fn after_commit(&mut self, version: u64) {
        if let Err(error) = self.delta.update_incremental(Some(version)).await {
            tracing::warn!(location = %self.location, %error, "the table could not be read after a commit");
            return;
        }
        let Ok(snapshot) = self.snapshot() else { return };
        let interval = snapshot.table_properties().checkpoint_interval().get();
        let clean = snapshot.table_properties().enable_expired_log_cleanup();
        if !(version + 1).is_multiple_of(interval) {
            return;
        }
        if let Err(error) = create_checkpoint(&self.delta, None).await {
            tracing::warn!(location = %self.location, version, %error, "no checkpoint could be written");
        } else if clean
            // A handle that still listed the older entries would look for them after they are deleted.
            && self.read_from_checkpoint(version).await
            && let Err(error) = cleanup_metadata(&self.delta, None).await
        {
            tracing::warn!(location = %self.location, version, %error, "old log entries could not be deleted");
        }
    }

    /// Reads the table anew, from the checkpoint of its version. It stays at that version, since commits of others must not slip in
    /// unseen. Tells whether it went well.
    async fn read_from_checkpoint(&mut self, version: u64) -> bool {
        let mut delta = DeltaTable::new(self.delta.log_store());
        if let Err(error) = delta.load_version(version).await {
            tracing::warn!(location = %self.location, version, %error, "the table could not be read after a checkpoint");
            return false;
        }
        self.delta = delta;
        true
    }
}

/// Writes one entry of a log, if the version is still free.
pub(crate) async fn write_entry(
    log_store: &dyn LogStore,
    version: u64,
    info: &CommitInfo,
    actions: &[Action],
    commit_id: Uuid,
) -> std::result::Result<(), TransactionError> {
    let mut lines = Vec::with_capacity(actions.len() + 1);
    let info = Action::CommitInfo(info.clone());
    for action in std::iter::once(&info).chain(actions) {
        lines.push(serde_json::to_string(action).map_err(|json_err| TransactionError::SerializeLogJson { json_err })?);
    }
    let bytes = bytes::Bytes::from(lines.join("\n"));
    // The default store puts an entry conditionally; others rename a file that is there already.
    let entry = if ["DefaultLogStore", "LakeFSLogStore"].contains(&log_store.name().as_str()) {
        CommitOrBytes::LogBytes(bytes)
    } else {
        let path = Path::from(format!("_delta_log/_commit_{commit_id}.json.tmp"));
        log_store.object_store(Some(commit_id)).put(&path, bytes.into()).await?;
        CommitOrBytes::TmpCommit(path)
    };
    let result = log_store.write_commit_entry(version, entry.clone(), commit_id).await;
    // A version that is taken leaves nothing behind with the default store; the others keep their file.
    if result.is_err()
        && let CommitOrBytes::TmpCommit(_) = entry
        && let Err(error) = log_store.abort_commit_entry(version, entry, commit_id).await
    {
        tracing::warn!(%error, "a temporary log entry could not be deleted");
    }
    result
}
