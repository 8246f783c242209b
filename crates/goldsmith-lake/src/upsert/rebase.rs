//! Looking again at just what others touched.
//!
//! When somebody else committed first, what an upsert found in files that are still as they were is as true as before. What it
//! found in files that went, or that lost further rows, is forgotten; files that came are examined like any other. Then the upsert
//! stands as if it had begun at the new version, and has read nothing twice that did not change. Whether that is wanted is the
//! business of the commit ([`crate::Table::commit`]).

use std::collections::{HashMap, HashSet};

use deltalake::kernel::DeletionVectorDescriptor;

use super::decisions::{Decisions, Examined};
use crate::error::Result;
use crate::scan::{LiveFile, live_files};
use crate::table::Table;

/// The files that a version shows, each with its deleted rows. Data files never change, so the two tell all of its rows.
#[derive(Default)]
pub(crate) struct ShownFiles(HashMap<String, Option<DeletionVectorDescriptor>>);

impl ShownFiles {
    /// These files.
    pub(crate) fn among(files: &[LiveFile]) -> Self {
        Self(files.iter().map(|file| (file.path.clone(), file.vector.clone())).collect())
    }

    /// Whether a file is among them, with the same deleted rows.
    pub(crate) fn has(&self, file: &LiveFile) -> bool {
        self.0.get(&file.path).is_some_and(|vector| *vector == file.vector)
    }
}

impl Decisions {
    /// Decides anew for the version of this handle, after it was decided for a version that showed the files `before`. Columns and
    /// rules of the table must be the same in both. Nothing that was written is left after an error.
    pub(crate) async fn rebase(&mut self, table: &Table, before: &ShownFiles) -> Result<()> {
        let done = self.look_again(table, before).await;
        if done.is_err() {
            self.discard().await;
        }
        done
    }

    async fn look_again(&mut self, table: &Table, before: &ShownFiles) -> Result<()> {
        let live = live_files(table, None)?;
        let now = ShownFiles::among(&live);
        let examined = std::mem::take(&mut self.examined);
        let (mut kept, mut forgotten): (Vec<Examined>, Vec<Examined>) =
            examined.into_iter().partition(|examined| now.has(&examined.file));
        let mut again = HashSet::new();
        if !forgotten.is_empty() {
            // A row that goes as a duplicate may be the only one of its key now.
            let doubtful: Vec<Examined> = kept.extract_if(.., |examined| examined.verdicts.has_duplicates).collect();
            again.extend(doubtful.iter().map(|examined| examined.file.path.clone()));
            forgotten.extend(doubtful);
        }
        self.probe.new_rows.forget(&forgotten.iter().map(|examined| examined.number).collect());
        self.examined = kept;
        let mut candidates = self.candidates(live);
        candidates.retain(|file| !before.has(file) || again.contains(&file.path));
        self.files_reprobed += candidates.len();
        self.examine(table, candidates).await?;
        self.write(table).await
    }
}
