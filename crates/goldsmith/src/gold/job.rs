//! One gold table in one run: decide, compute, commit.

use std::collections::BTreeMap;

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use futures::TryStreamExt;
use goldsmith_lake::{CommitRequest, Preference, Table, TableWriter, UpsertRequest, upsert as stage_upsert};
use goldsmith_model::{GoldKind, GoldTable, LookupKind, SourceName};
use goldsmith_plan::{GoldAction, GoldPosition, InputName, SharedPosition};
use goldsmith_query::columns;
use goldsmith_query::gold::unknown_member;
use goldsmith_query::law::{Law, Ledger};
use goldsmith_query::order::KeySet;

use super::decide::{decide, describe};
use super::open::open_or_create;
use super::pipeline::{BoundLookup, Pipeline};
use super::read::CarriedTable;
use super::{calendar, gather, history, latest, repair, runs, setting};
use crate::context::RunContext;
use crate::error::{Error, Result};
use crate::event::RunEvent;
use crate::memory::Share;
use crate::report::{RowCounts, TableOutcome, TableStatus};

/// How often a table is tried again when another writer was faster.
const CONFLICT_RETRIES: usize = 5;

/// Brings one gold table up to date with its inputs.
pub(crate) async fn run_gold(
    ctx: &RunContext,
    table: &GoldTable,
    full_refresh: bool,
    share: &Share,
) -> Result<TableOutcome> {
    let mut attempt = 0;
    loop {
        match try_gold(ctx, table, full_refresh, share).await {
            Err(error) if error.is_retryable() && attempt < CONFLICT_RETRIES => {
                attempt += 1;
                tracing::info!(table = %table.name, attempt, "another writer was faster, looking again");
                ctx.open_gold(&table.name).await?;
                // What the other one committed may be made from newer inputs than this run has seen.
                for input in ctx.dag.inputs(&table.name) {
                    ctx.open_input(input).await?;
                }
            }
            other => return other,
        }
    }
}

async fn try_gold(ctx: &RunContext, table: &GoldTable, full_refresh: bool, share: &Share) -> Result<TableOutcome> {
    ctx.check()?;
    let action = decide(ctx, table, full_refresh, &|_| false).await?;
    if action == GoldAction::UpToDate {
        let version = ctx.gold(&table.name).await.map(|table| table.version());
        return Ok(TableOutcome {
            status: TableStatus::UpToDate,
            what: "nothing new".into(),
            rows: RowCounts::default(),
            version,
            warnings: Vec::new(),
        });
    }
    let what = describe(&action);
    ctx.tell(RunEvent::TableStarted {
        table: format!("{}.{}", ctx.layout.gold_schema(), table.name),
        what: what.clone(),
    });
    let fingerprint = goldsmith_model::gold_fingerprint(&ctx.model, table);
    let (table, left_out) = super::shape::buildable(ctx, table).await?;
    let mut job = GoldJob::prepare(ctx, &table, fingerprint, &action, share).await?;
    job.warnings.extend(left_out);
    let done = match &action {
        GoldAction::Rebuild(_) => job.rebuild().await,
        GoldAction::Incremental { changed } => job.incremental(changed).await,
        GoldAction::UpToDate => Ok(()),
    };
    if let Err(error) = done {
        job.target.discard_staged().await;
        return Err(error);
    }
    ctx.keep_gold(&table.name, &job.target).await;
    Ok(TableOutcome {
        status: TableStatus::Changed,
        what,
        rows: job.rows,
        version: Some(job.target.version()),
        warnings: job.warnings,
    })
}

/// Rows that shall be in a gold table, found by their surrogate (dimensions) or natural key (facts).
#[derive(Default)]
pub(crate) struct Upsert {
    pub(crate) rows: Vec<RecordBatch>,
    /// Whether rows of the same keys that are not among `rows` are deleted.
    pub(crate) delete_missing: bool,
    /// Keys that are affected although no row has them.
    pub(crate) extra_groups: Option<RecordBatch>,
    /// Which row stays when the table has another one of the same key; the new one when absent.
    pub(crate) preference: Option<Preference>,
}

/// A gold table that is being brought up to date.
pub(crate) struct GoldJob<'a> {
    pub(crate) ctx: &'a RunContext,
    pub(crate) table: &'a GoldTable,
    pub(crate) target: Table,
    pub(crate) pipeline: Pipeline,
    pub(crate) rows: RowCounts,
    pub(crate) warnings: Vec<String>,
    pub(crate) share: &'a Share,
    /// Both sides of the conservation laws of the table.
    ledger: Ledger,
    position: String,
    /// The same for other engines.
    shared_position: SharedPosition,
}

impl<'a> GoldJob<'a> {
    /// Opens or creates the table, evolves its schema, binds the look-ups.
    async fn prepare(
        ctx: &'a RunContext,
        table: &'a GoldTable,
        fingerprint: String,
        action: &GoldAction,
        share: &'a Share,
    ) -> Result<Self> {
        // The positions are taken before anything is read: what arrives later belongs to the next run.
        let mut inputs = BTreeMap::new();
        for name in ctx.dag.inputs(&table.name) {
            if let Some(position) = ctx.input_position(name).await? {
                inputs.insert(name.to_string(), position);
            }
        }
        // Rows of bronze bear the begin of the run that took them over.
        let shared_position = SharedPosition::new(fingerprint.clone(), ctx.stamp.loaded_at / 1_000);
        let position = GoldPosition::new(fingerprint, inputs).to_text();
        let shape = super::shape::shape_of(ctx, table).await?;
        let mut warnings = Vec::new();
        let is_rebuilt = matches!(action, GoldAction::Rebuild(_));
        let target = open_or_create(ctx, table, &shape.schema, is_rebuilt, &mut warnings).await?;
        let mut lookups = Vec::new();
        for lookup in &table.dimensions {
            let members = match (&lookup.kind, ctx.model.gold.get(&lookup.dimension)) {
                (LookupKind::Calendar { .. }, _) | (_, None) => None,
                (_, Some(dimension)) => ctx.members(dimension).await?,
            };
            let bound = BoundLookup { lookup: lookup.clone(), members };
            warnings.extend(setting::warning(&bound).await?);
            lookups.push(bound);
        }
        let pipeline = Pipeline::new(table, shape.base, target.data_schema()?, lookups, ctx.stamp.clone())?;
        let laws: Vec<Law> = table
            .conserves
            .iter()
            .map(|law| Law::compile(law, &shape.carried, pipeline.schema()))
            .collect::<Result<_, _>>()?;
        let ledger = Ledger::new(&laws);
        Ok(Self {
            ctx,
            table,
            target,
            pipeline,
            rows: RowCounts::default(),
            warnings,
            share,
            ledger,
            position,
            shared_position,
        })
    }

    /// Computes gold rows from base rows, and enters both sides into the books: `counted` are the carried rows that the
    /// base rows stand for.
    pub(crate) async fn finish(&mut self, counted: &RecordBatch, base: &RecordBatch) -> Result<RecordBatch> {
        let finished = self.pipeline.finish(base).await?;
        if !self.ledger.is_empty() {
            self.ledger.enter(counted)?;
            self.ledger.leave(&finished)?;
        }
        Ok(finished)
    }

    async fn rebuild(&mut self) -> Result<()> {
        match &self.table.kind {
            GoldKind::EventFact { .. } | GoldKind::Scd1 { .. } | GoldKind::Interval { .. } => {
                latest::rebuild(self).await
            }
            GoldKind::SlicedRunFact { .. } => runs::rebuild(self).await,
            GoldKind::Scd2 { .. } => history::rebuild(self).await,
            GoldKind::Aggregate { .. } => gather::recompute(self).await,
            GoldKind::Calendar(_) => calendar::recompute(self).await,
        }
    }

    async fn incremental(&mut self, changed: &BTreeMap<InputName, Option<u64>>) -> Result<()> {
        match &self.table.kind {
            GoldKind::Aggregate { .. } => return gather::incremental(self, changed).await,
            GoldKind::Calendar(_) => return calendar::recompute(self).await,
            _ => {}
        }
        let moved: Vec<repair::Moved<'_>> = changed
            .iter()
            .filter_map(|(input, since)| match input {
                InputName::Gold(name) => Some((name.as_str(), *since)),
                InputName::Bronze(_) => None,
            })
            .collect();
        if !moved.is_empty() {
            repair::repair(self, &moved).await?;
        }
        for (input, since) in changed {
            let InputName::Bronze(_) = input else { continue };
            match &self.table.kind {
                GoldKind::EventFact { .. } | GoldKind::Scd1 { .. } | GoldKind::Interval { .. } => {
                    latest::incremental(self, *since).await?;
                }
                GoldKind::SlicedRunFact { .. } => runs::incremental(self, *since).await?,
                GoldKind::Scd2 { .. } => history::incremental(self, *since).await?,
                GoldKind::Aggregate { .. } | GoldKind::Calendar(_) => {}
            }
        }
        // Also when no row changed, so that the next run does not look at the same input again.
        self.commit("MERGE").await
    }

    /// The bronze table of a source as carried rows with the columns that order deliveries. None when it does
    /// not exist.
    pub(crate) async fn bronze(&self, source: &SourceName) -> Result<Option<CarriedTable>> {
        let Some(table) = self.ctx.bronze(&source.to_string()).await else {
            return Ok(None);
        };
        let keep = [columns::SOURCE_VERSION, columns::INGESTED_AT, columns::RUN_ID];
        super::shape::carried_table(self.ctx, self.table, source, table, &keep).map(Some)
    }

    /// The row that stands for an unknown member of this dimension.
    pub(crate) fn unknown_member(&mut self) -> Result<RecordBatch> {
        self.rows.generated += 1;
        let row = unknown_member(self.pipeline.schema(), &self.table.surrogate_key(), &self.table.kind)?;
        self.pipeline.stamped(&row)
    }

    /// A writer of files for this table.
    pub(crate) fn writer(&self) -> Result<TableWriter> {
        Ok(self.target.writer()?)
    }

    /// Replaces the whole content of the table by what `writer` wrote, and records the position.
    pub(crate) async fn replace(&mut self, writer: TableWriter) -> Result<()> {
        self.ctx.check()?;
        let added = writer.finish().await?;
        let removed: Vec<String> = self.target.files()?.into_iter().map(|file| file.path).collect();
        self.rows.inserted += added.rows();
        self.target.stage(added, &removed).await;
        self.commit("WRITE").await
    }

    /// Makes `rows` the whole content of the table, writing what differs, and records the position.
    pub(crate) async fn upsert_whole(&mut self, rows: RecordBatch) -> Result<()> {
        let extra_groups = Some(self.held_keys(|batch| Ok(BooleanArray::from(vec![true; batch.num_rows()]))).await?);
        self.upsert(Upsert { rows: vec![rows], delete_missing: true, extra_groups, preference: None }).await?;
        self.commit("MERGE").await
    }

    /// Those keys of the table that are wanted.
    pub(crate) async fn held_keys(
        &self,
        wanted: impl Fn(&RecordBatch) -> Result<BooleanArray> + Send,
    ) -> Result<RecordBatch> {
        let key = self.table.key.clone();
        let held = CarriedTable::new(self.target.clone(), &[], &[])?.narrow(&key)?;
        let mut keys = KeySet::new(held.carried.schema(), &key)?;
        let mut stream = Box::pin(held.stream(None).await?);
        while let Some(batch) = stream.try_next().await? {
            keys.insert_batch(&filter_record_batch(&batch, &wanted(&batch)?)?)?;
        }
        Ok(keys.to_batch()?)
    }

    /// Stages what `upsert` changes, for the commit at the end.
    pub(crate) async fn upsert(&mut self, upsert: Upsert) -> Result<()> {
        self.ctx.check()?;
        let group = self.table.key.clone();
        let mut key = group.clone();
        if matches!(self.table.kind, GoldKind::Scd2 { .. }) {
            key.push("valid_from".into());
        }
        let request = UpsertRequest {
            key,
            group,
            ignore: vec![columns::RUN_ID.into(), columns::LOADED_AT.into()],
            rows: upsert.rows,
            delete_missing_in_group: upsert.delete_missing,
            extra_groups: upsert.extra_groups,
            preference: upsert.preference,
            write_mode: self.ctx.write_mode(self.table.write_mode),
            stage: true,
            ..UpsertRequest::default()
        };
        let report = stage_upsert(&mut self.target, request).await?;
        self.rows.inserted += report.inserted;
        self.rows.updated += report.updated;
        self.rows.deleted += report.deleted;
        self.rows.unchanged += report.unchanged;
        self.rows.duplicates += report.outranked;
        Ok(())
    }

    /// Makes everything staged visible and records the position, in one commit.
    pub(crate) async fn commit(&mut self, operation: &str) -> Result<()> {
        self.ctx.check()?;
        Error::check_books(&self.table.name, &self.rows)?;
        self.ledger.settle().map_err(|broken| Error::Laws { table: self.table.name.clone(), broken })?;
        let metrics = [
            ("numTargetRowsInserted", self.rows.inserted),
            ("numTargetRowsUpdated", self.rows.updated),
            ("numTargetRowsDeleted", self.rows.deleted),
        ];
        let request = CommitRequest {
            position: Some(self.position.clone()),
            confirm: true,
            shared_position: Some(self.shared_position.to_text()),
            run_id: self.ctx.stamp.run_id.clone(),
            operation: operation.into(),
            metrics: metrics.into_iter().map(|(name, value)| (name.to_string(), value.into())).collect(),
            ..CommitRequest::default()
        };
        let _ = self.target.commit(request).await?;
        Ok(())
    }

    /// Tells how many rows were read so far.
    pub(crate) fn progress(&mut self, rows: usize) -> Result<()> {
        self.rows.read += rows as u64;
        self.ctx.tell(RunEvent::TableProgress {
            table: format!("{}.{}", self.ctx.layout.gold_schema(), self.table.name),
            rows: self.rows.read,
        });
        self.ctx.check()
    }
}
