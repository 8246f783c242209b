//! Getting an entry into the log while others write there, too.

use std::collections::{HashMap, HashSet};

use deltalake::kernel::CommitInfo;
use deltalake::kernel::transaction::TransactionError;
use serde_json::Value;
use uuid::Uuid;

use super::follow::Before;
use super::{Base, CommitOutcome, CommitRequest, ENGINE, Entry, Tolerance, write_entry};
use crate::error::{LakeError, Result};
use crate::log::{COMMIT_ID, Commit, RUN_ID, read_commit};
use crate::staged::TakenBy;
use crate::table::Table;
use crate::upsert::{Decisions, FileFates, ShownFiles, UpsertReport};

/// How often a commit moves on to the next version while harmless commits of others take the one it wanted.
const MAX_ATTEMPTS: usize = 20;

/// A commit that is tried on one version after the other.
pub(super) struct Attempts {
    pub(super) base: Base,
    /// Its files are staged, its position is the one below.
    pub(super) request: CommitRequest,
    pub(super) new_position: Option<String>,
    pub(super) tolerance: Tolerance,
    pub(super) entry: Entry,
    /// What the staged upsert did, when it was decided anew.
    pub(super) rebased: Option<UpsertReport>,
}

impl Attempts {
    /// What the commit says of itself.
    fn info(&self, read_version: u64, commit_id: Uuid) -> CommitInfo {
        let (request, entry) = (&self.request, &self.entry);
        let mut metrics = request.metrics.clone();
        if let Some(rebased) = self.rebased {
            match self.tolerance {
                Tolerance::OfChanges => metrics.extend(rebased.metrics()),
                // The same rows as before; the caller counts them in its own way.
                Tolerance::OfRearranged => metrics.extend(rebased.reprobed()),
            }
        }
        if !entry.fates.is_empty() {
            // Of everything that is staged, as it came out in the end.
            metrics.extend(FileFates::of(entry.fates.iter().map(|(_, fate)| *fate)).metrics());
        }
        CommitInfo {
            timestamp: Some(chrono::Utc::now().timestamp_millis()),
            operation: Some(request.operation.clone()),
            read_version: Some(read_version),
            is_blind_append: Some(request.blind_append && entry.removed.is_empty() && !entry.changes_metadata),
            engine_info: Some(ENGINE.to_owned()),
            info: HashMap::from([
                (RUN_ID.to_owned(), Value::from(request.run_id.clone())),
                ("operationMetrics".to_owned(), Value::Object(metrics)),
                (COMMIT_ID.to_owned(), Value::from(commit_id.to_string())),
            ]),
            user_metadata: request.shared_position.clone(),
            ..CommitInfo::default()
        }
    }

    /// What a commit of others changed of what the entry was computed from.
    fn harm(&self, commit: &Commit) -> Option<String> {
        let (request, entry) = (&self.request, &self.entry);
        if commit.has_protocol {
            return Some("the protocol of the table changed".to_owned());
        }
        if entry.changes_metadata && commit.has_metadata {
            return Some("the metadata of the table changed".to_owned());
        }
        if !request.blind_append && !request.rearranges && commit.changes_data() {
            return Some("rows were added or removed".to_owned());
        }
        let gone: HashSet<&str> = commit.removes.iter().map(|r| r.path.as_str()).collect();
        let path = entry.removed.iter().find(|path| gone.contains(path.as_str()))?;
        Some(format!("the file `{path}` was removed"))
    }

    /// Whether the entry can be decided anew at all: with what its upsert knows, or by the keys of the rows that it takes.
    fn follows(&self) -> bool {
        let has_key = matches!(self.entry.taken_by, TakenBy::Upserts { .. });
        self.entry.decisions.is_some() || (self.tolerance == Tolerance::OfRearranged && has_key)
    }

    /// Whether a commit of others lets the entry be decided anew.
    fn can_follow(&self, commit: &Commit) -> bool {
        let is_tolerated = self.tolerance == Tolerance::OfChanges || !commit.changes_data();
        self.follows() && !commit.has_protocol && !commit.has_metadata && is_tolerated
    }
}

impl Table {
    /// Writes the entry on the first version that is free, as long as what others did lets it.
    pub(super) async fn attempt(&mut self, attempts: &mut Attempts) -> Result<CommitOutcome> {
        let location = self.location.to_string();
        let log_store = self.delta.log_store();
        let commit_id = Uuid::new_v4();
        // The files that the staged upserts were decided for, once the handle has moved on.
        let mut decided_for = None;
        for _ in 0..MAX_ATTEMPTS {
            let version = self.version() + 1;
            let info = attempts.info(self.version(), commit_id);
            let result = write_entry(log_store.as_ref(), version, &info, &attempts.entry.actions, commit_id).await;
            let Err(error) = result else {
                self.after_commit(version).await;
                return Ok(CommitOutcome::Committed { version });
            };
            let others = self.commits_since(attempts.base.version).await;
            // An answer can get lost on the way back, so the log is asked before anything is reported.
            if let Ok(commits) = &others
                && let Some((version, _)) = commits
                    .iter()
                    .find(|(_, commit)| commit.info_text(COMMIT_ID) == Some(commit_id.to_string().as_str()))
            {
                let version = *version;
                self.after_commit(version).await;
                return Ok(CommitOutcome::Committed { version });
            }
            if !matches!(error, TransactionError::VersionAlreadyExists(_)) {
                return Err(LakeError::delta(&location, error.into()));
            }
            if decided_for.is_none() && attempts.follows() {
                decided_for = Some(Before::of(self, &attempts.entry)?);
            }
            let is_harmed = self.move_on(attempts, others?).await?;
            if is_harmed && let Some(before) = decided_for.take() {
                if !self.rebase(attempts, before).await? {
                    return Ok(CommitOutcome::Nothing);
                }
                attempts.base.version = self.version();
            }
        }
        Err(LakeError::Conflict { location, reason: "other writers were faster each time".to_owned() })
    }

    /// Moves this handle to the latest version, unless what others did up to there makes the commit impossible. Tells whether the entry
    /// has to be decided anew.
    async fn move_on(&mut self, attempts: &Attempts, others: Vec<(u64, Commit)>) -> Result<bool> {
        let (base, location) = (&attempts.base, self.location.to_string());
        let conflict = |reason: String| LakeError::Conflict { location: location.clone(), reason };
        let harm = |commit: &Commit| match attempts.harm(commit) {
            Some(reason) if !attempts.can_follow(commit) => Err(conflict(reason)),
            harm => Ok(harm.is_some()),
        };
        let mut is_harmed = false;
        for (_, commit) in &others {
            is_harmed |= harm(commit)?;
        }
        let mut seen = others.last().map_or(base.version, |(version, _)| *version);
        self.refresh().await?;
        if self.table_id()? != base.table_id {
            return Err(conflict("the table was replaced by another one".to_owned()));
        }
        let mut commits: Vec<Commit> = others.into_iter().map(|(_, commit)| commit).collect();
        // The handle may be further than the log was when it was looked at.
        while seen < self.version() {
            seen += 1;
            let Some(commit) = read_commit(self.delta.log_store().as_ref(), &location, seen).await? else {
                return Err(conflict(format!("the log does not tell any more what version {seen} did")));
            };
            is_harmed |= harm(&commit)?;
            commits.push(commit);
        }
        if base.position.is_some() && Some(self.position().await?) != base.position {
            return Err(conflict("another run moved the position of the table".to_owned()));
        }
        // What is decided anew meets the new columns as well, which a commit that did no harm may have brought.
        if is_harmed && !commits.iter().all(|commit| attempts.can_follow(commit)) {
            return Err(conflict("the metadata of the table changed".to_owned()));
        }
        Ok(is_harmed)
    }

    /// Decides what is staged anew on the version of this handle, and makes it the entry. False when nothing is left to commit.
    async fn rebase(&mut self, attempts: &mut Attempts, before: Before) -> Result<bool> {
        let report = match attempts.entry.decisions.take() {
            Some(decisions) => self.decide_again(attempts, decisions, &before.shown).await?,
            // Large, and seldom needed.
            None => Box::pin(self.follow(attempts, before)).await?,
        };
        tracing::info!(location = %self.location, files = report.files_reprobed, "looked again at what another writer touched");
        attempts.rebased = Some(report);
        if !self.has_staged() && attempts.new_position.is_none() {
            self.staged.forget();
            return Ok(false);
        }
        attempts.entry = self.entry(&attempts.request, attempts.new_position.as_ref()).await?;
        Ok(true)
    }

    /// Decides the upsert that is all that is staged anew, with what it knows.
    async fn decide_again(
        &mut self,
        attempts: &mut Attempts,
        mut decisions: Box<Decisions>,
        before: &ShownFiles,
    ) -> Result<UpsertReport> {
        // From here on the decisions have what was written.
        attempts.entry.written.clear();
        let fates = decisions.report().fates();
        decisions.rebase(self, before).await?;
        let report = decisions.report();
        if attempts.tolerance == Tolerance::OfRearranged && report.fates() != fates {
            decisions.discard().await;
            let reason = "rows changed in a commit that says that none did".to_owned();
            return Err(LakeError::Conflict { location: self.location.to_string(), reason });
        }
        decisions.stage(self).await;
        self.staged.remember(decisions);
        Ok(report)
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
}
