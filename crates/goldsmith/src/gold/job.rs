//! One gold table in one run: decide, compute, commit.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{FieldRef, Schema, SchemaRef};
use futures::TryStreamExt;
use goldsmith_lake::{CommitRequest, Table, TableSpec, TableWriter, UpsertRequest, upsert};
use goldsmith_model::{GoldKind, GoldTable, LookupKind, SourceName};
use goldsmith_plan::{GoldAction, GoldPosition, GoldState, InputName, InputState, POSITION_FORMAT, decide_gold};
use goldsmith_query::columns;
use goldsmith_query::gold::unknown_member;
use goldsmith_query::order::KeySet;

use super::pipeline::{BoundLookup, Pipeline};
use super::read::CarriedTable;
use super::{calendar, gather, history, latest, repair, runs};
use crate::context::RunContext;
use crate::error::{Error, Result};
use crate::event::RunEvent;
use crate::report::{RowCounts, TableStatus};

/// How often a table is tried again when another writer was faster.
const CONFLICT_RETRIES: usize = 5;

/// Result of one gold table.
pub(crate) struct GoldOutcome {
    pub(crate) status: TableStatus,
    pub(crate) what: String,
    pub(crate) rows: RowCounts,
    pub(crate) version: Option<u64>,
    pub(crate) warnings: Vec<String>,
}

/// Brings one gold table up to date with its inputs.
pub(crate) async fn run_gold(ctx: &RunContext, table: &GoldTable, full_refresh: bool) -> Result<GoldOutcome> {
    let mut attempt = 0;
    loop {
        match try_gold(ctx, table, full_refresh).await {
            Err(error) if error.is_retryable() && attempt < CONFLICT_RETRIES => {
                attempt += 1;
                tracing::info!(table = %table.name, attempt, "another writer was faster, looking again");
                ctx.open_gold(&table.name).await?;
            }
            other => return other,
        }
    }
}

/// Decides what must be done with a gold table, as its inputs stand in this run.
pub(crate) async fn decide(
    ctx: &RunContext,
    table: &GoldTable,
    full_refresh: bool,
    pending: &(dyn Fn(&InputName) -> bool + Sync),
) -> Result<GoldAction> {
    let existing = ctx.gold(&table.name).await;
    let position = match &existing {
        Some(existing) => read_position(&table.name, existing).await?,
        None => None,
    };
    let mut inputs = Vec::new();
    for name in ctx.dag.inputs(&table.name) {
        let position = ctx.input_position(name).await?;
        inputs.push(InputState { name: name.clone(), position, pending: pending(name) });
    }
    let fingerprint = goldsmith_model::gold_fingerprint(&ctx.model, table);
    let state = GoldState { exists: existing.is_some(), position };
    Ok(decide_gold(&fingerprint, &state, &inputs, full_refresh))
}

/// What a gold table records of its inputs; none when it was never filled.
pub(crate) async fn read_position(name: &str, table: &Table) -> Result<Option<GoldPosition>> {
    let unreadable = |reason: String| Error::Position { table: name.to_string(), reason };
    let Some(text) = table.position().await? else {
        return Ok(None);
    };
    let position = GoldPosition::parse(&text).map_err(|error| unreadable(error.to_string()))?;
    if position.format > POSITION_FORMAT {
        return Err(unreadable(format!("its format is {}, this version knows {POSITION_FORMAT}", position.format)));
    }
    Ok(Some(position))
}

async fn try_gold(ctx: &RunContext, table: &GoldTable, full_refresh: bool) -> Result<GoldOutcome> {
    ctx.check()?;
    let action = decide(ctx, table, full_refresh, &|_| false).await?;
    if action == GoldAction::UpToDate {
        let version = ctx.gold(&table.name).await.map(|table| table.version());
        return Ok(GoldOutcome {
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
    let mut job = GoldJob::prepare(ctx, table).await?;
    match &action {
        GoldAction::Rebuild(_) => job.rebuild().await?,
        GoldAction::Incremental { changed } => job.incremental(changed).await?,
        GoldAction::UpToDate => {}
    }
    ctx.keep_gold(&table.name, &job.target).await;
    Ok(GoldOutcome {
        status: TableStatus::Changed,
        what,
        rows: job.rows,
        version: Some(job.target.version()),
        warnings: job.warnings,
    })
}

/// Says in a few words what an action does and why.
pub(crate) fn describe(action: &GoldAction) -> String {
    match action {
        GoldAction::UpToDate => "nothing new".into(),
        GoldAction::Rebuild(reason) => format!("build from all of bronze: {reason}"),
        GoldAction::Incremental { changed } => {
            let inputs: Vec<String> = changed.keys().map(ToString::to_string).collect();
            format!("recompute what changed in {}", inputs.join(", "))
        }
    }
}

/// A gold table that is being brought up to date.
pub(crate) struct GoldJob<'a> {
    pub(crate) ctx: &'a RunContext,
    pub(crate) table: &'a GoldTable,
    pub(crate) target: Table,
    pub(crate) pipeline: Pipeline,
    pub(crate) rows: RowCounts,
    pub(crate) warnings: Vec<String>,
    position: String,
}

impl<'a> GoldJob<'a> {
    /// Opens or creates the table, evolves its schema, binds the look-ups.
    async fn prepare(ctx: &'a RunContext, table: &'a GoldTable) -> Result<Self> {
        // The positions are taken before anything is read: what arrives later belongs to the next run.
        let mut inputs = BTreeMap::new();
        for name in ctx.dag.inputs(&table.name) {
            if let Some(position) = ctx.input_position(name).await? {
                inputs.insert(name.to_string(), position);
            }
        }
        let fingerprint = goldsmith_model::gold_fingerprint(&ctx.model, table);
        let position = GoldPosition::new(fingerprint, inputs).to_text();
        let shape = super::shape::shape_of(ctx, table).await?;
        let mut warnings = Vec::new();
        let target = open_or_create(ctx, table, &shape.schema, &mut warnings).await?;
        let mut lookups = Vec::new();
        for lookup in &table.dimensions {
            let index = match (&lookup.kind, ctx.model.gold.get(&lookup.dimension)) {
                (LookupKind::Calendar { .. }, _) | (_, None) => None,
                (_, Some(dimension)) => ctx.dimension_index(dimension).await?,
            };
            lookups.push(BoundLookup { lookup: lookup.clone(), index });
        }
        let schema = with_retired_columns(&shape.schema, &target.data_schema()?);
        let pipeline = Pipeline::new(table, shape.base, schema, lookups, ctx.stamp.clone())?;
        Ok(Self { ctx, table, target, pipeline, rows: RowCounts::default(), warnings, position })
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
            GoldKind::Aggregate { .. } => return gather::recompute(self).await,
            GoldKind::Calendar(_) => return calendar::recompute(self).await,
            _ => {}
        }
        let dimensions: Vec<&str> = changed
            .keys()
            .filter_map(|input| match input {
                InputName::Gold(name) => Some(name.as_str()),
                InputName::Bronze(_) => None,
            })
            .collect();
        if !dimensions.is_empty() {
            repair::repair(self, &dimensions).await?;
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
        self.upsert(Vec::new(), &self.table.key.clone(), false, true).await
    }

    /// The bronze table of a source as carried rows with the columns that order deliveries. None when it does
    /// not exist.
    pub(crate) async fn bronze(&self, source: &SourceName) -> Result<Option<CarriedTable>> {
        let Some(table) = self.ctx.bronze(&source.to_string()).await else {
            return Ok(None);
        };
        let keep = [columns::SOURCE_VERSION, columns::INGESTED_AT, columns::RUN_ID];
        CarriedTable::new(table, &self.table.exclude, &keep).map(Some)
    }

    /// The row that stands for an unknown member of this dimension.
    pub(crate) fn unknown_member(&self) -> Result<RecordBatch> {
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
        let blind_append = removed.is_empty();
        self.rows.inserted += added.rows();
        let request = CommitRequest {
            added,
            removed,
            position: Some(self.position.clone()),
            run_id: self.ctx.stamp.run_id.clone(),
            operation: "WRITE".into(),
            metrics: Default::default(),
            blind_append,
        };
        let _ = self.target.commit(request).await?;
        Ok(())
    }

    /// Makes `rows` the whole content of the table, writing what differs, and records the position.
    pub(crate) async fn upsert_whole(&mut self, rows: RecordBatch) -> Result<()> {
        let key = self.table.key.clone();
        let held = CarriedTable::new(self.target.clone(), &[], &[])?.narrow(&key)?;
        let mut keys = KeySet::new(held.carried.schema(), &key)?;
        let mut stream = Box::pin(held.stream(None).await?);
        while let Some(batch) = stream.try_next().await? {
            keys.insert_batch(&batch)?;
        }
        self.upsert_groups(vec![rows], &key, true, true, Some(keys.to_batch()?)).await
    }

    /// Upserts `rows` by the surrogate (dimensions) or natural key (facts). Within each group of `group` that
    /// has a row among `rows`, rows that are not among them are deleted when `delete_missing` is set.
    /// The position is recorded when `last` is set.
    pub(crate) async fn upsert(
        &mut self,
        rows: Vec<RecordBatch>,
        group: &[String],
        delete_missing: bool,
        last: bool,
    ) -> Result<()> {
        self.upsert_groups(rows, group, delete_missing, last, None).await
    }

    async fn upsert_groups(
        &mut self,
        rows: Vec<RecordBatch>,
        group: &[String],
        delete_missing: bool,
        last: bool,
        extra_groups: Option<RecordBatch>,
    ) -> Result<()> {
        self.ctx.check()?;
        let mut key = self.table.key.clone();
        if matches!(self.table.kind, GoldKind::Scd2 { .. }) {
            key.push("valid_from".into());
        }
        let request = UpsertRequest {
            key,
            group: group.to_vec(),
            ignore: vec![columns::RUN_ID.into(), columns::LOADED_AT.into()],
            rows,
            delete_missing_in_group: delete_missing,
            extra_groups,
            position: last.then(|| self.position.clone()),
            run_id: self.ctx.stamp.run_id.clone(),
            operation: "MERGE".into(),
        };
        let report = upsert(&mut self.target, request).await?;
        self.rows.inserted += report.inserted;
        self.rows.updated += report.updated;
        self.rows.deleted += report.deleted;
        self.rows.unchanged += report.unchanged;
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

/// The columns of the model, and those that the table has from a former model: they stay, and are null.
fn with_retired_columns(schema: &SchemaRef, table: &SchemaRef) -> SchemaRef {
    let mut fields: Vec<FieldRef> = schema.fields().iter().cloned().collect();
    for field in table.fields() {
        if schema.column_with_name(field.name()).is_none() {
            fields.push(Arc::new(field.as_ref().clone().with_nullable(true)));
        }
    }
    Arc::new(Schema::new(fields))
}

async fn open_or_create(
    ctx: &RunContext,
    table: &GoldTable,
    schema: &SchemaRef,
    warnings: &mut Vec<String>,
) -> Result<Table> {
    let location = ctx.layout.gold(&table.name);
    let existing = match ctx.gold(&table.name).await {
        Some(existing) => Some(existing),
        None => ctx.lake.open(&location).await?,
    };
    let Some(mut target) = existing else {
        let spec = TableSpec {
            name: table.name.clone(),
            description: Some(table.description.clone()),
            schema: schema.clone(),
            run_id: ctx.stamp.run_id.clone(),
        };
        return Ok(ctx.lake.create(&location, spec).await?);
    };
    let before = target.schema()?;
    target.add_columns(schema.fields(), &ctx.stamp.run_id).await?;
    let added: Vec<&str> = schema
        .fields()
        .iter()
        .map(|field| field.name().as_str())
        .filter(|name| before.column_with_name(name).is_none())
        .collect();
    if !added.is_empty() {
        warnings.push(format!("new columns were taken over: {}", added.join(", ")));
    }
    Ok(target)
}
