//! Bringing staged upserts to a version in which others have moved rows, when the upserts themselves are not remembered.

use std::collections::{HashMap, HashSet};

use deltalake::kernel::{Action, DeletionVectorDescriptor};
use object_store::Error as ObjectStoreError;

use super::Entry;
use super::attempts::Attempts;
use crate::error::{LakeError, Result};
use crate::scan::{LiveFile, live_files};
use crate::staged::{Changes, Staged, TakenBy, delete_files};
use crate::table::Table;
use crate::upsert::{Gone, Search, ShownFiles, UpsertReport};

/// The version that an entry was made for.
pub(super) struct Before {
    pub(super) shown: ShownFiles,
    /// Those of its files that the entry takes rows out of. Left out when an upsert is remembered, which knows them better.
    touched: Vec<LiveFile>,
}

impl Before {
    /// The version of a handle, of which everything staged is in the entry.
    pub(super) fn of(table: &Table, entry: &Entry) -> Result<Self> {
        let mut live = live_files(table, None)?;
        let shown = ShownFiles::among(&live);
        live.retain(|file| entry.decisions.is_none() && entry.removed.binary_search(&file.path).is_ok());
        Ok(Self { shown, touched: live })
    }
}

impl Entry {
    /// What it was made of, when that was upserts and added files; nothing of it is left here.
    fn take_changes(&mut self) -> Changes {
        let added = std::mem::take(&mut self.actions).into_iter().filter_map(|action| match action {
            Action::Add(add) => Some(add),
            _ => None,
        });
        Changes {
            added: added.collect(),
            removed: std::mem::take(&mut self.removed),
            written: std::mem::take(&mut self.written),
            taken_by: std::mem::take(&mut self.taken_by),
            fates: std::mem::take(&mut self.fates),
            ..Changes::default()
        }
    }
}

impl Table {
    /// Stages what the entry holds once more, on the version of this handle: rows of files that are gone are taken out of those that came
    /// since. The new rows stay where they are. Nothing that was written is left after an error.
    pub(super) async fn follow(&mut self, attempts: &mut Attempts, before: Before) -> Result<UpsertReport> {
        let live = live_files(self, None)?;
        let shown = ShownFiles::among(&live);
        let changes = attempts.entry.take_changes();
        let taken_by = changes.taken_by.clone();
        let vectors = changes.added.iter().filter_map(|add| Some((add.path.as_str(), add.deletion_vector.as_ref()?)));
        let vectors: HashMap<&str, &DeletionVectorDescriptor> = vectors.collect();
        let gone = before.touched.into_iter().filter(|file| !shown.has(file)).map(|file| {
            let masked = vectors.get(file.path.as_str()).map(|vector| (*vector).clone());
            Gone { file, masked }
        });
        let gone: Vec<Gone> = gone.collect();
        let came = live.into_iter().filter(|file| !before.shown.has(file)).map(|file| file.path);
        let among: HashSet<String> = came.collect();
        let without: HashSet<String> = gone.iter().map(|gone| gone.file.path.clone()).collect();
        self.staged = Staged::again(changes, &without);
        let found = match taken_by {
            TakenBy::Upserts { key, write_mode } => Search { key, write_mode, among }.run(self, gone).await,
            TakenBy::Nobody | TakenBy::Others => Err(LakeError::Conflict {
                location: self.location.to_string(),
                reason: "rows were moved that no key tells".to_owned(),
            }),
        };
        match found {
            Ok(files) => {
                let unused = self.staged.unused_vectors();
                delete_files(&self.delta.log_store().object_store(None), &unused).await;
                let known = attempts.rebased.map_or(0, |report| report.files_reprobed);
                Ok(UpsertReport { files_reprobed: known + files, ..UpsertReport::default() })
            }
            Err(error) => {
                self.discard_staged().await;
                Err(self.overtaken(error))
            }
        }
    }

    /// A file that is there no longer is the work of somebody who deleted what no version shows, and begun anew nobody asks for it.
    fn overtaken(&self, error: LakeError) -> LakeError {
        let cause = match &error {
            LakeError::Storage { source, .. } => source.downcast_ref::<ObjectStoreError>(),
            _ => None,
        };
        if !matches!(cause, Some(ObjectStoreError::NotFound { .. })) {
            return error;
        }
        let reason = format!("rows were moved, and what tells which is deleted: {error}");
        LakeError::Conflict { location: self.location.to_string(), reason }
    }
}
