//! What an upsert found out about a table, and what follows from it.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use futures::{StreamExt, TryStreamExt};

use super::fate::{Fate, FileFates, WriteMode};
use super::output::Output;
use super::plan::{Plan, conform_rows};
use super::probe::{Probe, Verdicts};
use super::prune::Pruner;
use super::report::UpsertReport;
use super::request::UpsertRequest;
use super::rows::{Columns, NewRows};
use super::steps::Steps;
use crate::conform::conform;
use crate::error::{LakeError, Result};
use crate::scan::{LiveFile, live_files, load_vectors};
use crate::table::Table;

/// A file with rows of touched groups, and what has to happen to it.
pub(crate) struct Examined {
    /// Tells what was found in this file from what was found in others, and from what is found when it is examined again.
    pub(super) number: u32,
    pub(super) file: LiveFile,
    pub(super) verdicts: Verdicts,
}

/// An upsert on its way: the new rows, what became known about them and about the files of the table, and what was written.
///
/// Kept until the commit, so that others who are faster cost a look at what they touched, and not the whole upsert.
pub(crate) struct Decisions {
    pub(super) probe: Arc<Probe>,
    pub(super) pruner: Pruner,
    pub(super) schema: SchemaRef,
    pub(super) write_mode: WriteMode,
    /// Sorted by path.
    pub(super) examined: Vec<Examined>,
    /// The number of the file that is examined next.
    next: u32,
    pub(super) files_pruned: usize,
    pub(super) files_reprobed: usize,
    /// New rows that were left out, because others of their keys are later.
    deduplicated: u64,
    /// Whether a sequence decides between rows of a key.
    is_ordered: bool,
    pub(super) output: Output,
}

impl Decisions {
    /// Prepares an upsert into a table without rules of its own, and takes rows and groups out of its request. Nothing is read yet.
    pub(super) fn new(table: &Table, request: &mut UpsertRequest) -> Result<Self> {
        let groups: Vec<RecordBatch> = request.extra_groups.take().into_iter().collect();
        Self::with_groups(table, request, &groups)
    }

    /// Does the same with groups that are touched although no new row has them, in any number of batches.
    pub(super) fn with_groups(table: &Table, request: &mut UpsertRequest, groups: &[RecordBatch]) -> Result<Self> {
        let location = table.location.to_string();
        let schema = table.data_schema()?;
        let rows = conform_rows(&std::mem::take(&mut request.rows), &schema, &location)?;
        let plan = Plan::new(request, &schema, &location)?;
        let (rows, deduplicated) = plan.latest(rows, &schema, &location)?;
        let is_ordered = plan.is_ordered();
        let conformed = groups.iter().map(|batch| conform(batch, &plan.group_schema, &location));
        let extra = conformed.collect::<Result<Vec<RecordBatch>>>()?;
        let mut groups = extra.clone();
        groups.extend(rows.iter().cloned());
        let pruner =
            Pruner::new(&schema, &request.group, &groups).map_err(|error| LakeError::arrow(&location, error))?;
        let columns = Columns { key: &request.key, group: &request.group, compared: &plan.compared };
        let new_rows = NewRows::new(&location, &schema, &columns, rows, &extra, plan.preference.as_ref())?;
        let probe = Probe {
            table: location,
            store: table.delta.log_store().object_store(None),
            new_rows,
            group_schema: plan.group_schema,
            judged_schema: plan.judged_schema,
            delete_missing: request.delete_missing_in_group,
            key: request.key.clone(),
            steps: Steps::default(),
        };
        Ok(Self {
            probe: Arc::new(probe),
            pruner,
            schema,
            write_mode: request.write_mode.of(table)?,
            examined: Vec::new(),
            next: 0,
            files_pruned: 0,
            files_reprobed: 0,
            deduplicated,
            is_ordered,
            output: Output::default(),
        })
    }

    /// Examines the table as its handle shows it, and writes what has to be written. Nothing is left of it after an error.
    pub(super) async fn decide(&mut self, table: &Table) -> Result<()> {
        self.decide_among(table, live_files(table, None)?).await
    }

    /// Does the same with these of the files that the handle shows.
    pub(super) async fn decide_among(&mut self, table: &Table, files: Vec<LiveFile>) -> Result<()> {
        let candidates = self.candidates(files);
        self.examine(table, candidates).await?;
        self.write(table).await
    }

    /// Those of all live files that may hold a touched row.
    pub(super) fn candidates(&mut self, mut live: Vec<LiveFile>) -> Vec<LiveFile> {
        let count = live.len();
        live.retain(|file| !self.probe.new_rows.is_empty() && self.pruner.may_match(file.stats.as_deref()));
        self.files_pruned = count - live.len();
        live
    }

    /// Examines files, several at a time. What finds the new rows is in memory only meanwhile: encoding rows takes much as well.
    pub(super) async fn examine(&mut self, table: &Table, mut candidates: Vec<LiveFile>) -> Result<()> {
        self.recall()?;
        load_vectors(table, &mut candidates).await?;
        let first = self.next;
        let numbered: Vec<(u32, LiveFile)> = (first..).zip(candidates).collect();
        self.next = numbered.last().map_or(first, |(number, _)| number + 1);
        let examined: Vec<Examined> = futures::stream::iter(numbered)
            .map(|(number, file)| {
                let probe = Arc::clone(&self.probe);
                // A task of its own, so that files are decoded on all threads.
                tokio::spawn(async move {
                    let verdicts = probe.examine(&file, number).await?;
                    Ok::<_, LakeError>(Examined { number, file, verdicts })
                })
            })
            .buffer_unordered(table.options().files_at_once().max(1))
            .map(|result| match result {
                Ok(result) => result,
                Err(error) => Err(LakeError::Task { location: self.probe.table.clone(), reason: error.to_string() }),
            })
            .try_filter(|examined| std::future::ready(examined.verdicts.is_touched))
            .try_collect()
            .await?;
        if self.is_ordered && examined.iter().any(|examined| examined.verdicts.has_duplicates) {
            let reason = "the table has several rows of one key, so that a sequence does not tell which of them a new row follows; \
                          an upsert without one leaves a single row";
            return Err(LakeError::InvalidRequest { location: self.probe.table.clone(), reason: reason.to_owned() });
        }
        self.examined.extend(examined);
        self.examined.sort_unstable_by(|a, b| a.file.path.cmp(&b.file.path));
        // No task has the probe any more.
        if let Some(probe) = Arc::get_mut(&mut self.probe) {
            probe.new_rows.release();
        }
        Ok(())
    }

    fn recall(&mut self) -> Result<()> {
        if self.probe.new_rows.is_indexed() {
            return Ok(());
        }
        let Some(probe) = Arc::get_mut(&mut self.probe) else {
            let reason = "a task still looks at rows that are to be indexed".to_owned();
            return Err(LakeError::Task { location: self.probe.table.clone(), reason });
        };
        probe.new_rows.recall().map_err(|error| LakeError::arrow(&probe.table, error))
    }

    /// The files that lose rows, and what happens to each.
    fn fates(&self) -> impl Iterator<Item = (&Examined, Fate)> {
        let losing = self.examined.iter().filter(|examined| !examined.verdicts.dropped.is_empty());
        losing.map(|examined| (examined, self.write_mode.fate(examined.file.file.size, &examined.verdicts)))
    }

    /// The files that lose rows: those that stay with a deletion vector, and those that go.
    pub(super) fn losing(&self) -> (Vec<&Examined>, Vec<&Examined>) {
        let (masked, rewritten): (Vec<_>, Vec<_>) = self.fates().partition(|(_, fate)| fate.is_masked());
        let files = |fates: Vec<(_, _)>| fates.into_iter().map(|(examined, _)| examined).collect();
        (files(masked), files(rewritten))
    }

    /// What was decided, as far as it has been written.
    pub(crate) fn report(&self) -> UpsertReport {
        let (inserted, updated, unchanged, outranked) = self.probe.new_rows.counts();
        let (masked, rewritten) = self.losing();
        UpsertReport {
            inserted,
            updated,
            unchanged,
            outranked,
            deduplicated: self.deduplicated,
            deleted: self.examined.iter().map(|examined| examined.verdicts.deleted).sum(),
            files_removed: rewritten.len(),
            files_masked: masked.len(),
            files_added: self.output.written.files(),
            files_pruned: self.files_pruned,
            files_reprobed: self.files_reprobed,
            rows_copied: self.output.copied,
            file_fates: FileFates::of(self.fates().map(|(_, fate)| fate)),
            ..UpsertReport::default()
        }
    }

    /// Has the handle of the table show what was decided.
    pub(crate) async fn stage(&self, table: &mut Table) {
        let masks = self.output.masks.clone();
        table.stage_masked(masks.files, masks.vectors);
        let (_, rewritten) = self.losing();
        let removed: Vec<String> = rewritten.into_iter().map(|examined| examined.file.path.clone()).collect();
        table.stage_written(self.output.written.shown(), &removed).await;
        let fates = self.fates().map(|(examined, fate)| (examined.file.path.clone(), fate)).collect();
        table.staged.taken_by_upsert(&self.probe.key, self.write_mode, fates);
    }

    /// Deletes what was written, as far as the storage lets us.
    pub(crate) async fn discard(&mut self) {
        std::mem::take(&mut self.output).discard(&self.probe.store).await;
    }

    /// Bytes in memory, roughly.
    pub(super) fn bytes(&self) -> usize {
        let dropped: usize = self.examined.iter().map(|examined| examined.verdicts.dropped.len()).sum();
        self.probe.new_rows.bytes() + self.pruner.bytes() + dropped * size_of::<usize>()
    }
}
