//! Making written files and a position part of a table, in one step.

mod attempts;
mod entry;
mod follow;

use std::collections::HashSet;

use deltalake::kernel::{Action, DomainMetadata};
use object_store::path::Path;
use serde_json::{Map, Value};

use self::attempts::Attempts;
pub(crate) use self::entry::write_entry;
use crate::error::{LakeError, Result};
use crate::log::object_path;
use crate::merge::join_changes;
use crate::staged::{Changes, TakenBy, delete_files};
use crate::table::{POSITION_DOMAIN, Table};
use crate::upsert::{Decisions, Fate, UpsertReport};
use crate::written::WrittenFiles;

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
    /// Numbers for the table's history. Where staged upserts rewrote or masked files, the commit adds how many and why.
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

/// Over which commits of others that touched its files a staged upsert is decided anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tolerance {
    /// Those that say that no row changed. Who staged it relies on rows that it read itself, and has to see others.
    OfRearranged,
    /// All that leave columns, protocol and position alone.
    OfChanges,
}

/// What the commit relies on, taken from the snapshot that the caller worked with.
struct Base {
    version: u64,
    table_id: String,
    /// None when it does not matter.
    position: Option<Option<String>>,
}

/// An entry of the log on its way.
struct Entry {
    actions: Vec<Action>,
    /// Paths of the files of the version that it removes or shows with further rows deleted, sorted.
    removed: Vec<String>,
    changes_metadata: bool,
    /// What was written and nothing refers to until the commit.
    written: Vec<Path>,
    /// Who took rows out of those files.
    taken_by: TakenBy,
    /// Files that lost rows, and what happened to each then.
    fates: Vec<(String, Fate)>,
    /// How it came about, when it is a single upsert.
    decisions: Option<Box<Decisions>>,
}

impl Table {
    /// Commits files, position and everything staged at once; on success this handle is at the new version.
    ///
    /// The commit succeeds only if the position of the table is still the one that this handle's version has, all removed
    /// files are still live, and (unless [`CommitRequest::blind_append`]) nobody changed data since; of a commit that only rearranges
    /// ([`CommitRequest::rearranges`]) just that its files are live. When all rows that go are those of staged
    /// [`upsert`](crate::upsert())s with one key, files that others only rearranged may have gone: the rows are looked for in those that
    /// came, and the same rows go. After an ambiguous answer of the storage the log is searched for the commit before an error is
    /// reported.
    ///
    /// # Errors
    /// [`LakeError::Conflict`] (retryable; the new files are deleted), [`LakeError::NoSuchFile`],
    /// [`LakeError::UnsupportedFeature`] and errors of the storage.
    pub async fn commit(&mut self, request: CommitRequest) -> Result<CommitOutcome> {
        let (outcome, _) = self.commit_over(request, Tolerance::OfRearranged).await?;
        Ok(outcome)
    }

    /// Does what [`Table::commit`] does, and tells what became of the single upsert that is staged when others were faster.
    pub(crate) async fn commit_over(
        &mut self,
        mut request: CommitRequest,
        tolerance: Tolerance,
    ) -> Result<(CommitOutcome, Option<UpsertReport>)> {
        let position = self.position().await?;
        let is_taken_down = |new: &String| request.confirm || Some(new) != position.as_ref();
        let new_position = request.position.take().filter(is_taken_down);
        let base = Base {
            version: self.version(),
            table_id: self.table_id()?,
            position: (!request.rearranges).then_some(position),
        };
        self.stage(std::mem::take(&mut request.added), &request.removed).await;
        if !self.has_staged() && new_position.is_none() {
            self.staged.forget();
            return Ok((CommitOutcome::Nothing, None));
        }
        self.check_writable()?;
        let entry = self.entry(&request, new_position.as_ref()).await?;
        let mut attempts = Attempts { base, request, new_position, tolerance, entry, rebased: None };
        match self.attempt(&mut attempts).await {
            Ok(outcome) => Ok((outcome, attempts.rebased)),
            Err(error) => {
                // After any other error the commit may still arrive, and must find its files.
                if matches!(error, LakeError::Conflict { .. }) {
                    delete_files(&self.delta.log_store().object_store(None), &attempts.entry.written).await;
                }
                Err(error)
            }
        }
    }

    /// Makes everything staged an entry for the log, on the version of this handle.
    async fn entry(&mut self, request: &CommitRequest, new_position: Option<&String>) -> Result<Entry> {
        let Changes { mut added, removed, metadata, changes, has_unrecorded, mut written, taken_by, fates, decisions } =
            self.staged.take();
        added.iter_mut().for_each(|add| add.data_change = !request.rearranges);
        let (protocol, metadata) = self.enable_features(&added, new_position.is_some(), metadata)?;
        let changes_metadata = metadata.is_some();
        let mut actions: Vec<Action> = protocol.map(Action::Protocol).into_iter().collect();
        actions.extend(metadata.map(Action::Metadata));
        actions.extend(added.iter().cloned().map(Action::Add));
        actions.extend(self.remove_actions(&removed, !request.rearranges)?);
        let changes = join_changes(self, changes, has_unrecorded).await?;
        written.extend(changes.iter().map(|file| object_path(&file.path)));
        actions.extend(changes.into_iter().map(Action::Cdc));
        actions.extend(new_position.cloned().map(|configuration| {
            Action::DomainMetadata(DomainMetadata { domain: POSITION_DOMAIN.to_owned(), configuration, removed: false })
        }));
        Ok(Entry { actions, removed, changes_metadata, written, taken_by, fates, decisions })
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
}
