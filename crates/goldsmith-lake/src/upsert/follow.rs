//! Taking rows once more that others have moved to other files.
//!
//! When several upserts are staged, or one that is too large, their new rows are not in memory any more at the commit. They are not
//! needed, as long as others changed no row: what is new, what differs and what goes is as it was found, and only the files that upserts
//! took rows out of may be gone. Which rows these were is in those files still, and their keys tell them in the files that came instead.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use deltalake::kernel::DeletionVectorDescriptor;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use object_store::ObjectStore;

use super::decisions::Decisions;
use super::fate::WriteMode;
use super::request::UpsertRequest;
use crate::error::{LakeError, Result};
use crate::merge::hashed_bytes;
use crate::scan::{LiveFile, live_files};
use crate::table::{Table, project};
use crate::vector::DeadRows;

/// A file that upserts took rows out of, and that the table does not show any more as it was then.
pub(crate) struct Gone {
    /// As it was when the upserts began.
    pub(crate) file: LiveFile,
    /// The rows that were deleted in it at their end; none when it was dropped, since its other rows were written anew.
    pub(crate) masked: Option<DeletionVectorDescriptor>,
}

impl Gone {
    /// The keys of the rows that were taken out of it.
    async fn keys(
        &self,
        store: &Arc<dyn ObjectStore>,
        table: &str,
        key: &SchemaRef,
    ) -> Result<BoxStream<'static, Result<RecordBatch>>> {
        let mut open = self.file.file.open(store).await?;
        let rows = usize::try_from(open.metadata().file_metadata().num_rows()).unwrap_or_default();
        let dead = match &self.file.vector {
            Some(vector) => Some(DeadRows::load(store, table, vector).await?),
            None => None,
        };
        let selection = match &self.masked {
            Some(vector) => Some(DeadRows::load(store, table, vector).await?.since(dead.as_ref(), rows)),
            None => dead.map(|dead| dead.selection(rows)),
        };
        if selection.is_some() {
            open.load_page_index().await?;
        }
        open.read(key, selection)
    }
}

/// A search for rows that were moved, by their keys.
pub(crate) struct Search {
    /// The key of the upserts that took them.
    pub(crate) key: Vec<String>,
    /// How the files that hold them now lose them.
    pub(crate) write_mode: WriteMode,
    /// The files that may hold them, by path: those that came, and none of ours, which hold rows with the same keys that replace them.
    pub(crate) among: HashSet<String>,
}

/// What a search came to so far.
#[derive(Default)]
struct Found {
    rows: u64,
    /// Files that were looked into, counted each time.
    files: usize,
}

impl Search {
    /// Takes the rows that were taken out of files once more, out of the files that hold them now. They are staged in the handle, where
    /// those files are whole. Returns how many files were looked into. What is staged stays so after an error.
    pub(crate) async fn run(mut self, table: &mut Table, gone: Vec<Gone>) -> Result<usize> {
        let location = table.location.to_string();
        let store = table.delta.log_store().object_store(None);
        let key = project(table.data_schema()?.as_ref(), &self.key, &location)?;
        let bound = table.options().memory.map_or(usize::MAX, |memory| memory.remembered());
        let name = location.clone();
        let opened = futures::stream::iter(gone)
            .map(move |gone| {
                let (store, name, key) = (Arc::clone(&store), name.clone(), Arc::clone(&key));
                async move { gone.keys(&store, &name, &key).await }
            })
            .buffered(table.options().files_at_once());
        let mut keys = Box::pin(opened.try_flatten());
        let (mut taken, mut found) = (0, Found::default());
        let (mut part, mut bytes) = (Vec::new(), 0_usize);
        while let Some(batch) = keys.try_next().await? {
            if batch.num_rows() == 0 {
                continue;
            }
            taken += batch.num_rows() as u64;
            bytes += hashed_bytes(&batch);
            part.push(batch);
            if bytes >= bound {
                self.part(table, std::mem::take(&mut part), &mut found).await?;
                bytes = 0;
            }
        }
        if !part.is_empty() {
            self.part(table, part, &mut found).await?;
        }
        if found.rows == taken {
            return Ok(found.files);
        }
        let reason = format!(
            "of {taken} rows that were moved, {} were found by their keys: the table has keys several times, or rows changed in a commit \
             that says that none did",
            found.rows,
        );
        Err(LakeError::Conflict { location, reason })
    }

    /// Takes the rows with some of the keys.
    async fn part(&mut self, table: &mut Table, keys: Vec<RecordBatch>, found: &mut Found) -> Result<()> {
        let mut files = live_files(table, None)?;
        files.retain(|file| self.among.contains(&file.path));
        let count = files.len();
        let mut request = UpsertRequest {
            key: self.key.clone(),
            group: self.key.clone(),
            delete_missing_in_group: true,
            write_mode: self.write_mode,
            stage: true,
            ..UpsertRequest::default()
        };
        let mut decisions = Decisions::with_groups(table, &mut request, &keys)?;
        drop(keys);
        decisions.decide_among(table, files).await?;
        found.rows += decisions.report().deleted;
        found.files += count - decisions.files_pruned;
        // A rewritten file is gone, and the rows that stay of it may be wanted by a later part.
        self.among.extend(decisions.output.written.adds.iter().map(|add| add.path.clone()));
        decisions.stage(table).await;
        Ok(())
    }
}
