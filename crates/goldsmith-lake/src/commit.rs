//! Making written files and a position part of a table, in one step.

use std::collections::{HashMap, HashSet};

use deltalake::DeltaTable;
use deltalake::kernel::transaction::TransactionError;
use deltalake::kernel::{Action, CommitInfo, DomainMetadata};
use deltalake::logstore::{CommitOrBytes, LogStore};
use deltalake::protocol::checkpoints::{cleanup_metadata, create_checkpoint};
use deltalake::table::config::TablePropertiesExt;
use object_store::ObjectStoreExt;
use object_store::path::Path;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::error::{LakeError, Result};
use crate::log::{COMMIT_ID, Commit, RUN_ID, read_commit};
use crate::merge::join_changes;
use crate::staged::{Changes, delete_files};
use crate::table::{POSITION_DOMAIN, Table};
use crate::write::WrittenFiles;

/// How often a commit moves on to the next version while harmless commits of others take the one it wanted.
const MAX_ATTEMPTS: usize = 20;

/// How our commits name themselves.
pub(crate) const ENGINE: &str = concat!("goldsmith/", env!("CARGO_PKG_VERSION"));

/// What one commit shall do.
#[derive(Default)]
pub struct CommitRequest {
    /// New files.
    pub added: WrittenFiles,
    /// Live files to take out, by [`crate::FileInfo::path`].
    pub removed: Vec<String>,
    /// The new position; `None` leaves it as it is.
    pub position: Option<String>,
    /// Commits the position also when it is the one that the table has, so that the last commit is ours: what others wrote before it was
    /// looked at, and need not be again.
    pub confirm: bool,
    /// The same position for other engines, shown by `DESCRIBE HISTORY` as the user's metadata of the commit.
    pub shared_position: Option<String>,
    /// The run, kept in the log.
    pub run_id: String,
    /// Name of the operation in the table's history, such as `WRITE` or `MERGE`.
    pub operation: String,
    /// Numbers for the table's history.
    pub metrics: Map<String, Value>,
    /// Says that the new rows depend on nothing the table holds, so that appends of others do not conflict.
    pub blind_append: bool,
    /// Says that the added files hold just the rows of the removed ones: no row changes, so that neither readers of what is new nor
    /// other writers of other files need to care.
    pub rearranges: bool,
}

/// What a commit came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum CommitOutcome {
    /// The table is at this version now.
    Committed {
        /// The version that the commit made.
        version: u64,
    },
    /// There was nothing to commit: no files, and the position is the one that the table has and need not be confirmed.
    Nothing,
}

/// What the commit relies on, taken from the snapshot that the caller worked with.
struct Base {
    version: u64,
    table_id: String,
    /// None when it does not matter.
    position: Option<Option<String>>,
}

impl Table {
    /// Commits files, position and everything staged at once; on success this handle is at the new version.
    ///
    /// The commit succeeds only if the position of the table is still the one that this handle's version has, all removed
    /// files are still live, and (unless [`CommitRequest::blind_append`]) nobody changed data since; of a commit that only rearranges
    /// ([`CommitRequest::rearranges`]) just that its files are live. After an ambiguous answer
    /// of the storage the log is searched for the commit before an error is reported.
    ///
    /// # Errors
    /// [`LakeError::Conflict`] (retryable; the new files are deleted), [`LakeError::NoSuchFile`],
    /// [`LakeError::UnsupportedFeature`] and errors of the storage.
    pub async fn commit(&mut self, request: CommitRequest) -> Result<CommitOutcome> {
        let position = self.position().await?;
        let is_taken_down = |new: &String| request.confirm || Some(new) != position.as_ref();
        let new_position = request.position.clone().filter(is_taken_down);
        let base = Base {
            version: self.version(),
            table_id: self.table_id()?,
            position: (!request.rearranges).then_some(position),
        };
        self.stage(request.added, &request.removed).await;
        if !self.has_staged() && new_position.is_none() {
            return Ok(CommitOutcome::Nothing);
        }
        self.check_writable()?;
        let Changes { mut added, removed, metadata, changes, has_unrecorded, mut written } = self.staged.take();
        added.iter_mut().for_each(|add| add.data_change = !request.rearranges);
        let (protocol, metadata) = self.enable_features(&added, new_position.is_some(), metadata)?;
        let changes_metadata = metadata.is_some();
        let mut actions: Vec<Action> = protocol.map(Action::Protocol).into_iter().collect();
        actions.extend(metadata.map(Action::Metadata));
        actions.extend(added.iter().cloned().map(Action::Add));
        actions.extend(self.remove_actions(&removed, !request.rearranges)?);
        let changes = join_changes(self, changes, has_unrecorded).await?;
        written.extend(changes.iter().map(|file| Path::from(file.path.as_str())));
        actions.extend(changes.into_iter().map(Action::Cdc));
        actions.extend(new_position.map(|configuration| {
            Action::DomainMetadata(DomainMetadata { domain: POSITION_DOMAIN.to_owned(), configuration, removed: false })
        }));
        let info = CommitInfo {
            operation: Some(request.operation.clone()),
            is_blind_append: Some(request.blind_append && removed.is_empty() && !changes_metadata),
            info: HashMap::from([
                (RUN_ID.to_owned(), Value::from(request.run_id.clone())),
                ("operationMetrics".to_owned(), Value::Object(request.metrics.clone())),
            ]),
            user_metadata: request.shared_position.clone(),
            ..CommitInfo::default()
        };
        let accept = |commit: &Commit| {
            if commit.has_protocol {
                return Err("the protocol of the table changed".to_owned());
            }
            if changes_metadata && commit.has_metadata {
                return Err("the metadata of the table changed".to_owned());
            }
            if !request.blind_append && !request.rearranges && commit.changes_data() {
                return Err("rows were added or removed".to_owned());
            }
            let gone: HashSet<&str> = commit.removes.iter().map(|r| r.path.as_str()).collect();
            match removed.iter().find(|path| gone.contains(path.as_str())) {
                Some(path) => Err(format!("the file `{path}` was removed")),
                None => Ok(()),
            }
        };
        match self.commit_actions(&base, actions, info, accept).await {
            Ok(version) => Ok(CommitOutcome::Committed { version }),
            Err(error) => {
                // After any other error the commit may still arrive, and must find its files.
                if matches!(error, LakeError::Conflict { .. }) {
                    delete_files(&self.delta.log_store().object_store(None), &written).await;
                }
                Err(error)
            }
        }
    }

    fn remove_actions(&self, removed: &[String], changes_data: bool) -> Result<Vec<Action>> {
        let mut wanted: HashSet<&str> = removed.iter().map(String::as_str).collect();
        let mut actions = Vec::with_capacity(wanted.len());
        if wanted.is_empty() {
            return Ok(actions);
        }
        for view in self.committed_views()? {
            if wanted.remove(view.path().as_ref()) {
                actions.push(Action::Remove(view.remove_action(changes_data)));
            }
        }
        match wanted.into_iter().next() {
            Some(file) => Err(LakeError::NoSuchFile {
                location: self.location.to_string(),
                file: file.to_owned(),
                version: self.version(),
            }),
            None => Ok(actions),
        }
    }

    async fn commit_actions(
        &mut self,
        base: &Base,
        actions: Vec<Action>,
        mut info: CommitInfo,
        accept: impl Fn(&Commit) -> std::result::Result<(), String>,
    ) -> Result<u64> {
        let location = self.location.to_string();
        let log_store = self.delta.log_store();
        let commit_id = Uuid::new_v4();
        info.engine_info = Some(ENGINE.to_owned());
        info.info.insert(COMMIT_ID.to_owned(), Value::from(commit_id.to_string()));
        for _ in 0..MAX_ATTEMPTS {
            let version = self.version() + 1;
            info.timestamp = Some(chrono::Utc::now().timestamp_millis());
            info.read_version = Some(self.version());
            let result = write_entry(log_store.as_ref(), version, &info, &actions, commit_id).await;
            match result {
                Ok(()) => {
                    self.after_commit(version).await;
                    return Ok(version);
                }
                Err(error) => {
                    let others = self.commits_since(base.version).await;
                    // An answer can get lost on the way back, so the log is asked before anything is reported.
                    if let Ok(commits) = &others
                        && let Some((version, _)) = commits
                            .iter()
                            .find(|(_, commit)| commit.info_text(COMMIT_ID) == Some(commit_id.to_string().as_str()))
                    {
                        let version = *version;
                        self.after_commit(version).await;
                        return Ok(version);
                    }
                    if !matches!(error, TransactionError::VersionAlreadyExists(_)) {
                        return Err(LakeError::delta(&location, error.into()));
                    }
                    let conflict = |reason: String| LakeError::Conflict { location: location.clone(), reason };
                    for (_, commit) in others? {
                        accept(&commit).map_err(conflict)?;
                    }
                    self.refresh().await?;
                    if self.table_id()? != base.table_id {
                        return Err(conflict("the table was replaced by another one".to_owned()));
                    }
                    if base.position.is_some() && Some(self.position().await?) != base.position {
                        return Err(conflict("another run moved the position of the table".to_owned()));
                    }
                }
            }
        }
        Err(LakeError::Conflict { location, reason: "other writers were faster each time".to_owned() })
    }

    /// The commits after `version`, up to the first entry that is not there.
    async fn commits_since(&self, version: u64) -> Result<Vec<(u64, Commit)>> {
        let location = self.location.to_string();
        let log_store = self.delta.log_store();
        let mut commits = Vec::new();
        for version in version + 1.. {
            match read_commit(log_store.as_ref(), &location, version).await? {
                Some(commit) => commits.push((version, commit)),
                None => break,
            }
        }
        Ok(commits)
    }

    /// Moves the handle to its commit and keeps the log short. The commit has happened, so nothing here may fail it.
    async fn after_commit(&mut self, version: u64) {
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
