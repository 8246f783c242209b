//! One source in one run: find what is new, reconcile the schema, append or merge.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use arrow::error::ArrowError;
use datafusion::execution::SendableRecordBatchStream;
use futures::{FutureExt, StreamExt};
use goldsmith_lake::source::{ReadKind, SourceFile, SourcePosition, SourceRead};
use goldsmith_lake::{CommitRequest, RowFilter, RowProbe, ScanRequest, Table, TableSpec};
use goldsmith_model::{BronzeTable, LoadMode};
use goldsmith_query::columns;
use goldsmith_query::normalize::{normalize_batch, normalize_schema};
use goldsmith_query::order::KeySet;
use goldsmith_query::types::declared_schema;
use serde::{Deserialize, Serialize};

use super::append::{Appends, append};
use super::conform::conform;
use super::drift::{SeenColumns, reconcile};
use super::merge::{Merges, merge};
use super::presence::Presence;
use super::quarantine::Quarantine;
use crate::context::RunContext;
use crate::error::{Error, Result};
use crate::event::RunEvent;
use crate::gold::Matching;
use crate::input::{Input, Inputs, NamedInput};
use crate::memory::Share;
use crate::report::{RowCounts, TableOutcome, TableStatus};

/// How often a table is tried again when another writer was faster.
const CONFLICT_RETRIES: usize = 5;

/// What is told of a source that was loaded before.
const GONE: &str =
    "the source is absent now, and was loaded before; its history stays as it is, and nothing new comes to it";

/// Format of [`BronzePosition`].
const POSITION_FORMAT: u32 = 1;

/// What a bronze table records in the same commit as its rows.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct BronzePosition {
    format: u32,
    /// How far the source was read.
    source: SourcePosition,
    /// Columns and types that the source had then.
    seen: SeenColumns,
    /// `_ingested_at` of the rows that came last, in microseconds since the epoch.
    #[serde(default)]
    ingested_at: Option<i64>,
    /// Columns that the source names in another case than bronze, as they were told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    by_case: Vec<String>,
}

/// What a source has for its bronze table.
pub(crate) struct Outlook {
    pub(crate) what: String,
    pub(crate) changes: bool,
    pub(crate) missing: bool,
}

/// Tells what a load would do, without doing it.
pub(crate) async fn look(ctx: &RunContext, bronze: &BronzeTable, source: Option<&Input>) -> Result<Outlook> {
    let Some(source) = source else {
        return Ok(Outlook { what: "the source is absent".into(), changes: false, missing: true });
    };
    let table = ctx.bronze(&bronze.source.to_string()).await;
    let position = match &table {
        Some(table) => read_position(bronze, table).await?,
        None => None,
    };
    let read = plan_read(source, table.as_ref(), position.as_ref()).await?;
    let changes = !matches!(read.kind, ReadKind::Nothing);
    Ok(Outlook { what: describe(bronze, &read, table.is_some()), changes, missing: false })
}

/// Brings the bronze table of a source up to date.
pub(crate) async fn run_bronze(
    ctx: &RunContext,
    bronze: &BronzeTable,
    inputs: &Inputs,
    share: &Share,
) -> Result<TableOutcome> {
    let mut attempt = 0;
    loop {
        // Always later than bronze: a source that is older than what bronze took over would look as if it had been set back.
        let source = inputs.open(bronze).boxed().await?;
        match try_bronze(ctx, bronze, source.as_ref(), share).await {
            Err(error) if error.is_retryable() && attempt < CONFLICT_RETRIES => {
                attempt += 1;
                tracing::info!(source = %bronze.source, attempt, "another writer was faster, looking again");
                ctx.open_bronze(&bronze.source).await?;
            }
            other => return other,
        }
    }
}

async fn try_bronze(
    ctx: &RunContext,
    bronze: &BronzeTable,
    source: Option<&Input>,
    share: &Share,
) -> Result<TableOutcome> {
    ctx.check()?;
    let existing = ctx.bronze(&bronze.source.to_string()).await;
    let Some(source) = source else {
        let optional = if bronze.optional { "; the model says that it may be" } else { "" };
        let is_missed = existing.is_some() && ctx.misses_sources;
        return Ok(TableOutcome {
            status: TableStatus::Skipped,
            what: format!("the source is absent{optional}"),
            rows: RowCounts::default(),
            version: existing.map(|table| table.version()),
            warnings: is_missed.then(|| GONE.to_owned()).into_iter().collect(),
        });
    };
    let position = match &existing {
        Some(table) => read_position(bronze, table).await?,
        None => None,
    };
    let read = plan_read(source, existing.as_ref(), position.as_ref()).await?;
    if matches!(read.kind, ReadKind::Nothing) && existing.is_some() {
        return Ok(TableOutcome {
            status: TableStatus::UpToDate,
            what: "nothing new".into(),
            rows: RowCounts::default(),
            version: existing.map(|table| table.version()),
            warnings: Vec::new(),
        });
    }
    let what = describe(bronze, &read, existing.is_some());
    ctx.tell(RunEvent::TableStarted {
        table: format!("{}.{}", ctx.layout.bronze_schema(), bronze.source.bronze_table()),
        what: what.clone(),
    });
    let since = position.as_ref().map(|position| position.source.clone());
    let mut job = BronzeJob::prepare(ctx, bronze, source, existing, position, &read, share).await?;
    let done = match bronze.load {
        LoadMode::Append => {
            let appends = appends(read, job.is_new);
            append(&mut job, appends).await
        }
        LoadMode::Merge => match merges(read, source, since.as_ref(), job.is_new).await {
            Ok(merges) => merge(&mut job, merges).await,
            Err(error) => Err(error),
        },
    };
    if let Err(error) = done {
        job.table.discard_staged().await;
        return Err(error);
    }
    ctx.keep_bronze(&bronze.source, &job.table).await;
    Ok(TableOutcome {
        status: TableStatus::Changed,
        what,
        rows: job.rows,
        version: Some(job.table.version()),
        warnings: job.warnings,
    })
}

/// A commit that only deletes, as retention does, has nothing that did not come before. All others may have new rows beside those that they
/// copy: a table that is mirrored is overwritten or merged into.
fn appends(read: SourceRead, is_new: bool) -> Appends {
    if let ReadKind::Full { .. } = read.kind {
        let (new, candidates) = if is_new { (read.files, Vec::new()) } else { (Vec::new(), read.files) };
        return Appends { new, candidates };
    }
    let changes = read.changes.into_iter().filter(|change| !change.only_deletes());
    let changed = changes.flat_map(|change| change.changed_files);
    if read.may_repeat {
        return Appends { new: Vec::new(), candidates: read.files.into_iter().chain(changed).collect() };
    }
    Appends { new: read.files, candidates: changed.collect() }
}

async fn merges(read: SourceRead, source: &Input, since: Option<&SourcePosition>, is_new: bool) -> Result<Merges> {
    let presence = match read.kind {
        ReadKind::Full { .. } if is_new => Presence::Kept,
        ReadKind::Full { .. } => Presence::Compared(read.files.clone()),
        _ if !source.is_whole() || read.changes.is_empty() => Presence::Kept,
        _ => {
            let departures = match since {
                Some(since) => source.departures(since, &read).await?,
                None => None,
            };
            match departures {
                Some(departures) => Presence::Told(departures),
                // A read without a position lists all live files.
                None => Presence::Compared(source.plan_read(None).await?.files),
            }
        }
    };
    let is_appended = matches!(read.kind, ReadKind::Appends) && !read.may_repeat;
    let (delivered, mut changed) = if is_appended { (read.files, Vec::new()) } else { (Vec::new(), read.files) };
    changed.extend(read.changes.into_iter().flat_map(|change| change.changed_files));
    Ok(Merges { delivered, changed, presence })
}

fn describe(bronze: &BronzeTable, read: &SourceRead, exists: bool) -> String {
    let how = match bronze.load {
        LoadMode::Append => "append",
        LoadMode::Merge => "merge by natural key",
    };
    match &read.kind {
        ReadKind::Nothing => "nothing new".into(),
        ReadKind::Full { .. } if !exists => format!("{how}: first load, {} file(s)", read.files.len()),
        ReadKind::Full { reason } => format!("{how}: read anew, {reason}; only what bronze does not hold is added"),
        ReadKind::Appends => {
            let mut text = format!("{how}: {} new file(s)", read.files.len());
            if !read.changes.is_empty() {
                text.push_str(&format!(", {} change commit(s)", read.changes.len()));
            }
            if read.compactions_skipped > 0 {
                text.push_str(&format!(", {} compaction(s) skipped", read.compactions_skipped));
            }
            text
        }
    }
}

/// What has to be read of a source. When another engine added rows to bronze since the position was taken down, it may have taken
/// them from there: all of the source is compared with what bronze holds.
async fn plan_read(source: &Input, table: Option<&Table>, position: Option<&BronzePosition>) -> Result<SourceRead> {
    let by_others = match table {
        Some(table) => table.since_own_position().await?.add_rows,
        None => false,
    };
    if by_others {
        return source.plan_comparison().await;
    }
    source.plan_read(position.map(|position| &position.source)).await
}

async fn read_position(bronze: &BronzeTable, table: &Table) -> Result<Option<BronzePosition>> {
    let unreadable = |reason: String| Error::Position { table: bronze.source.bronze_table(), reason };
    let Some(text) = table.position().await? else {
        return Ok(None);
    };
    let position: BronzePosition = serde_json::from_str(&text).map_err(|error| unreadable(error.to_string()))?;
    if position.format > POSITION_FORMAT {
        return Err(unreadable(format!("its format is {}, this version knows {POSITION_FORMAT}", position.format)));
    }
    Ok(Some(position))
}

/// A bronze table that is being brought up to date.
pub(crate) struct BronzeJob<'a> {
    pub(crate) ctx: &'a RunContext,
    pub(crate) bronze: &'a BronzeTable,
    pub(crate) table: Table,
    /// Source columns as bronze has them.
    pub(crate) schema: SchemaRef,
    /// All columns of the table.
    pub(crate) table_schema: SchemaRef,
    pub(crate) quarantine: Quarantine,
    pub(crate) rows: RowCounts,
    pub(crate) warnings: Vec<String>,
    /// Whether the table was never loaded before.
    pub(crate) is_new: bool,
    pub(crate) source: NamedInput<'a>,
    pub(crate) share: &'a Share,
    /// `_ingested_at` of the rows that come.
    pub(crate) ingested_at: i64,
    position: BronzePosition,
}

impl<'a> BronzeJob<'a> {
    async fn prepare(
        ctx: &'a RunContext,
        bronze: &'a BronzeTable,
        source: &'a Input,
        existing: Option<Table>,
        position: Option<BronzePosition>,
        read: &SourceRead,
        share: &'a Share,
    ) -> Result<Self> {
        let declared = declared_schema(bronze);
        let base = match &existing {
            Some(table) => without_metadata(&normalize_schema(table.schema()?.as_ref())),
            None => declared.clone(),
        };
        let source = NamedInput::new(source, &[&base, &declared])?;
        let found = source.schema();
        let seen = position.as_ref().map(|position| &position.seen);
        let reconciled = reconcile(&base, &found, seen, &bronze.natural_key)
            .map_err(|cause| Error::Drift { table: bronze.source.to_string(), cause })?;
        let mut warnings = Vec::new();
        let by_case: Vec<String> = source.matched().iter().map(|(own, name)| format!("{own} as {name}")).collect();
        let told = position.as_ref().map_or(&[][..], |position| position.by_case.as_slice());
        let untold: Vec<&str> = by_case.iter().filter(|name| !told.contains(name)).map(String::as_str).collect();
        if !untold.is_empty() {
            warnings.push(format!("columns are found by names that differ in case only: {}", untold.join(", ")));
        }
        if !reconciled.added.is_empty() {
            warnings.push(format!("new columns were taken over: {}", reconciled.added.join(", ")));
        }
        if !reconciled.left_out.is_empty() {
            warnings.push(format!(
                "columns are not taken over, because bronze has others by these names, with which names that differ in case only are one: {}",
                reconciled.left_out.join(", ")
            ));
        }
        if !reconciled.retyped.is_empty() {
            warnings
                .push(format!("columns have another type than before, which fits: {}", reconciled.retyped.join(", ")));
        }
        if position.is_none() && !reconciled.missing.is_empty() {
            warnings
                .push(format!("declared columns that the source lacks are null: {}", reconciled.missing.join(", ")));
        }
        let table_schema: SchemaRef = Arc::new(with_metadata(&reconciled.schema, bronze));
        let table = match existing {
            Some(mut table) => {
                table.add_columns(table_schema.fields())?;
                table
            }
            None => {
                let spec = TableSpec {
                    name: bronze.source.bronze_table(),
                    description: Some(bronze.description.clone()),
                    schema: table_schema.clone(),
                    run_id: ctx.stamp.run_id.clone(),
                };
                ctx.lake.create(&ctx.layout.bronze(&bronze.source), spec).await?
            }
        };
        let table_schema: SchemaRef = Arc::new(normalize_schema(table.schema()?.as_ref()));
        // Later than all that was taken over before, whatever the clocks say and whichever run began first: the last delivered wins.
        let last = position.as_ref().and_then(|position| position.ingested_at);
        let ingested_at = last.map_or(ctx.stamp.loaded_at, |last| ctx.stamp.loaded_at.max(last.saturating_add(1)));
        Ok(Self {
            ctx,
            bronze,
            schema: Arc::new(without_metadata(&table_schema)),
            table_schema,
            quarantine: Quarantine::of(&ctx.model, bronze),
            rows: RowCounts::default(),
            warnings,
            is_new: position.is_none() && table.num_rows().await? == 0,
            table,
            source,
            share,
            position: BronzePosition {
                format: POSITION_FORMAT,
                source: read.new_position.clone(),
                seen: reconciled.seen,
                ingested_at: Some(ingested_at),
                by_case,
            },
            ingested_at,
        })
    }

    /// The position to record with the last commit.
    pub(crate) fn position_text(&self) -> Result<String> {
        serde_json::to_string(&self.position).map_err(|error| Error::Internal(error.to_string()))
    }

    /// Makes everything staged visible and records the position, in one commit.
    pub(crate) async fn commit(&mut self, operation: &str, blind_append: bool) -> Result<()> {
        Error::check_books(&self.bronze.source.to_string(), &self.rows)?;
        let request = CommitRequest {
            position: Some(self.position_text()?),
            confirm: true,
            run_id: self.ctx.stamp.run_id.clone(),
            operation: operation.into(),
            blind_append,
            ..CommitRequest::default()
        };
        let _ = self.table.commit(request).await?;
        Ok(())
    }

    /// Streams rows that are known to be new.
    pub(crate) async fn new_rows(&self, files: &[SourceFile]) -> Result<SendableRecordBatchStream> {
        self.source.new_rows(files).await
    }

    /// Streams some columns of source files.
    pub(crate) async fn stream_columns(
        &self,
        files: &[SourceFile],
        columns: &[String],
    ) -> Result<SendableRecordBatchStream> {
        self.source.file_rows(files, Some(columns)).await
    }

    /// Adds the metadata columns to a batch in the schema of [`Self::schema`] that still has `_source_version`.
    pub(crate) fn stamped(&self, source: &RecordBatch, conformed: &RecordBatch) -> Result<RecordBatch> {
        let rows = conformed.num_rows();
        let columns = self
            .table_schema
            .fields()
            .iter()
            .map(|field| -> Result<ArrayRef> {
                let name = field.name().as_str();
                Ok(match name {
                    columns::SOURCE_VERSION => crate::gold::column_arrays(source, &[name.to_string()])?.remove(0),
                    columns::INGESTED_AT => {
                        Arc::new(TimestampMicrosecondArray::from_value(self.ingested_at, rows).with_timezone("UTC"))
                    }
                    columns::RUN_ID => {
                        Arc::new(StringArray::from_iter_values(std::iter::repeat_n(&self.ctx.stamp.run_id, rows)))
                    }
                    columns::IS_PRESENT => Arc::new(BooleanArray::from(vec![true; rows])),
                    _ => crate::gold::column_arrays(conformed, &[name.to_string()])?.remove(0),
                })
            })
            .collect::<Result<Vec<_>>>()?;
        Ok(RecordBatch::try_new(self.table_schema.clone(), columns)?)
    }

    /// Tells how many rows were read so far.
    pub(crate) fn progress(&mut self, rows: usize) -> Result<()> {
        self.rows.read += rows as u64;
        self.ctx.tell(RunEvent::TableProgress {
            table: format!("{}.{}", self.ctx.layout.bronze_schema(), self.bronze.source.bronze_table()),
            rows: self.rows.read,
        });
        self.ctx.check()
    }
}

/// Whole rows of a table whose key is in `keys`, in the table's own schema, unless they are more than the share has for rows.
pub(crate) async fn matching_rows(table: &Table, schema: &SchemaRef, keys: KeySet, share: &Share) -> Result<Matching> {
    let columns = keys.schema().fields().iter().map(|field| field.name().clone()).collect();
    let values = Some(keys.to_batch()?);
    let keys = Arc::new(keys);
    let wanted = keys.clone();
    let filter: RowFilter = Arc::new(move |batch: &RecordBatch| {
        normalize_batch(batch)
            .and_then(|batch| wanted.contains_mask(&batch))
            .map_err(|error| ArrowError::ExternalError(Box::new(error)))
    });
    let probe = Some(RowProbe { columns, filter, values });
    let stream = table.scan(ScanRequest { probe, ..ScanRequest::default() }).await?;
    let schema = schema.clone();
    let rows = stream.map(move |batch| -> Result<RecordBatch> { Ok(conform(&normalize_batch(&batch?)?, &schema)?) });
    Matching::collect(rows, &keys, share).await
}

fn without_metadata(schema: &Schema) -> Schema {
    let fields: Vec<_> = schema.fields().iter().filter(|field| !columns::is_metadata(field.name())).cloned().collect();
    Schema::new(fields)
}

fn with_metadata(schema: &Schema, bronze: &BronzeTable) -> Schema {
    let mut fields: Vec<Arc<Field>> = schema.fields().iter().cloned().collect();
    let mut add = |name: &str, data_type: DataType, comment: &str| {
        let field =
            Field::new(name, data_type, true).with_metadata([("comment".to_string(), comment.to_string())].into());
        fields.push(Arc::new(field));
    };
    add(columns::SOURCE_VERSION, DataType::Int64, "Version of the source that delivered the row.");
    let instant = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    add(
        columns::INGESTED_AT,
        instant,
        "When the run that took the row over began; later than for all rows that came before.",
    );
    add(columns::RUN_ID, DataType::Utf8, "Run that took the row over.");
    if bronze.load == LoadMode::Merge {
        add(columns::IS_PRESENT, DataType::Boolean, "Whether the source still shows the row.");
    }
    Schema::new(fields)
}
