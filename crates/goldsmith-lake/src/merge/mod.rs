//! Upserts into tables with rules, by delta-rs' `MERGE`.
//!
//! Our own core adds and masks files as it sees fit; a table with constraints, computed columns, a change data feed or another
//! layout of its files asks for more ([`Guards`]). delta-rs knows these rules, so it writes such tables. The rest is the same on
//! both paths: new rows are compared with those of the table by the same code, only what differs is handed to `MERGE`, and only
//! the files that lose rows are shown to it.
//!
//! `MERGE` always commits at once, with its own entry in the log, and refuses tables with `domainMetadata`, where positions are
//! kept. Therefore it runs on a shadow of the table whose log is in memory ([`shadow`]). What it commits there is staged in the
//! handle: several upserts build on each other and become visible in one commit, with the position, on the version that they were
//! computed from, and a conflict is found as always. The records of changed rows of several upserts are joined into one before
//! that commit ([`changes`]).

mod append;
mod changes;
mod examine;
mod guards;
mod overlay;
mod rows;
pub(crate) mod shadow;

use std::error::Error as StdError;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::{Column, ScalarValue, TableReference};
use datafusion::datasource::MemTable;
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::logical_expr::{Operator, binary_expr, lit};
use datafusion::prelude::{Expr, SessionConfig, SessionContext};
use deltalake::DeltaTableError;
use deltalake::delta_datafusion::DeltaSessionConfig;
use deltalake::delta_datafusion::planner::DeltaPlanner;
use deltalake::operations::merge::MergeMetrics;

pub(crate) use self::append::Appender;
pub(crate) use self::changes::{ChangeSet, join_changes};
use self::examine::{Examined, examine};
pub use self::guards::Guards;
use self::rows::RowSchema;
use self::shadow::{Caught, Shadow};
use crate::conform::conform;
use crate::error::{LakeError, Result};
use crate::session::BATCH_ROWS;
use crate::staged::delete_files;
use crate::table::{Table, num_records};
use crate::upsert::{Columns, NewRows, Plan, Pruner, UpsertPath, UpsertReport, UpsertRequest, conclude};

const SOURCE: &str = "source";
const TARGET: &str = "target";
/// The column of the source that says that a row goes.
const DELETED: &str = "__goldsmith_deleted";

/// Does an upsert with delta-rs, with the semantics of [`crate::upsert`].
pub(crate) async fn upsert(table: &mut Table, request: UpsertRequest, guards: Guards) -> Result<UpsertReport> {
    table.check_writable()?;
    let location = table.location.to_string();
    let fail = |error| LakeError::arrow(&location, error);
    let row_schema = RowSchema::new(table, &request.rows)?;
    let rows = row_schema.conform(&request.rows, &location)?;
    let plan = Plan::new(&request, &row_schema.schema, &location)?;
    let extra = match &request.extra_groups {
        Some(groups) => vec![conform(groups, &plan.group_schema, &location)?],
        None => Vec::new(),
    };
    let groups: Vec<RecordBatch> = extra.iter().chain(&rows).cloned().collect();
    let pruner = Pruner::new(&row_schema.schema, &request.group, &groups).map_err(fail)?;
    let columns = Columns { key: &request.key, group: &request.group, compared: &plan.compared };
    let new_rows = NewRows::new(&location, &row_schema.schema, &columns, rows, &extra, request.preference.as_ref())?;
    let examined = examine(table, &plan, &request.key, &pruner, &new_rows, request.delete_missing_in_group).await?;

    let (inserted, updated, unchanged, outranked) = new_rows.counts();
    let mut report = UpsertReport {
        inserted,
        updated,
        unchanged,
        outranked,
        deleted: examined.deleted,
        files_pruned: examined.files_pruned,
        path: UpsertPath::Merge(guards),
        ..UpsertReport::default()
    };
    if inserted + updated + examined.deleted > 0 {
        let merge = Merge { key: &request.key, rows: &row_schema };
        let (caught, metrics) = merge.run(table, &new_rows, &examined).await?;
        report.files_removed = caught.removed.len();
        report.files_added = caught.added.len();
        report.rows_copied = metrics.num_target_rows_copied as u64;
        if let Err(error) = balance(table, &report, &caught, &metrics) {
            let files = caught.added.iter().map(|add| &add.path).chain(caught.changes.iter().map(|file| &file.path));
            let files: Vec<_> = files.map(|path| path.as_str().into()).collect();
            delete_files(&table.delta.log_store().object_store(None), &files).await;
            return Err(error);
        }
        table.stage_merged(caught, &request.key).await;
    }
    conclude(table, request, report).await
}

/// One `MERGE`: its source has the rows to write and the keys of the rows to delete, and nothing else.
struct Merge<'a> {
    key: &'a [String],
    rows: &'a RowSchema,
}

impl Merge<'_> {
    async fn run(&self, table: &Table, new_rows: &NewRows, examined: &Examined) -> Result<(Caught, MergeMetrics)> {
        let location = table.location.to_string();
        let source = self.source(&location, new_rows, &examined.keys)?;
        let mut shadow = Shadow::new(table, Some(&examined.files)).await?;
        let context = delta_session(table.options().threads);
        let frame = context.read_table(Arc::new(source)).map_err(|error| LakeError::query(&location, error))?;
        let same_key = self
            .key
            .iter()
            .map(|name| binary_expr(column(TARGET, name), Operator::IsNotDistinctFrom, column(SOURCE, name)))
            .reduce(Expr::and)
            .unwrap_or_else(|| lit(false));
        let stays = || Expr::Not(Box::new(column(SOURCE, DELETED)));
        let merge = shadow
            .delta
            .clone()
            .merge(frame, same_key)
            .with_source_alias(SOURCE)
            .with_target_alias(TARGET)
            .with_session_state(Arc::new(context.state()))
            .with_writer_properties(table.writer_properties())
            .with_commit_properties(Shadow::commit_properties())
            .when_matched_update(|mut update| {
                for (column, value) in self.values() {
                    update = update.update(column, value);
                }
                // Computed anew where null.
                for name in &self.rows.computed {
                    update = update.update(Column::from_name(name), lit(ScalarValue::Null));
                }
                update.predicate(stays())
            })
            .and_then(|merge| merge.when_matched_delete(|delete| delete.predicate(column(SOURCE, DELETED))))
            .and_then(|merge| {
                merge.when_not_matched_insert(|mut insert| {
                    for (column, value) in self.values() {
                        insert = insert.set(column, value);
                    }
                    insert.predicate(stays())
                })
            })
            .map_err(|error| LakeError::delta(&location, error))?;
        match merge.into_future().await {
            Ok((delta, metrics)) => Ok((shadow.caught(delta, table).await?, metrics)),
            Err(error) => {
                shadow.abandon().await;
                Err(violated(table, error))
            }
        }
    }

    /// The columns that come with the rows, and where their values are.
    fn values(&self) -> impl Iterator<Item = (Column, Expr)> + '_ {
        self.rows.schema.fields().iter().map(|field| (Column::from_name(field.name()), column(SOURCE, field.name())))
    }

    fn source(&self, location: &str, new_rows: &NewRows, deleted: &[RecordBatch]) -> Result<MemTable> {
        let fail = |error| LakeError::arrow(location, error);
        // The rows to delete have nothing but a key.
        let nullable = |field: &Arc<Field>| field.as_ref().clone().with_nullable(true);
        let columns: SchemaRef =
            Arc::new(Schema::new(self.rows.schema.fields().iter().map(nullable).collect::<Vec<_>>()));
        let mut fields: Vec<Field> = columns.fields().iter().map(nullable).collect();
        fields.push(Field::new(DELETED, DataType::Boolean, false));
        let schema: SchemaRef = Arc::new(Schema::new(fields));
        let marked = |batch: &RecordBatch, is_deleted: bool| {
            let batch = conform(batch, &columns, location)?;
            let mut arrays = batch.columns().to_vec();
            let mark: ArrayRef = Arc::new(BooleanArray::from(vec![is_deleted; batch.num_rows()]));
            arrays.push(mark);
            RecordBatch::try_new(Arc::clone(&schema), arrays).map_err(fail)
        };
        let mut batches = Vec::new();
        for batch in new_rows.to_write() {
            batches.push(marked(&batch.map_err(fail)?, false)?);
        }
        for keys in deleted {
            batches.push(marked(keys, true)?);
        }
        batches.retain(|batch| batch.num_rows() > 0);
        MemTable::try_new(schema, vec![batches]).map_err(|error| LakeError::query(location, error))
    }
}

/// A session for operations of delta-rs, with its planner. Names in conditions of tables are taken as they are written.
fn delta_session(threads: usize) -> SessionContext {
    let config: SessionConfig = DeltaSessionConfig::default().into();
    let config = config
        .with_target_partitions(threads.max(1))
        .with_batch_size(BATCH_ROWS)
        .set_bool("datafusion.execution.parquet.schema_force_view_types", false);
    let state = SessionStateBuilder::new()
        .with_default_features()
        .with_config(config)
        .with_query_planner(DeltaPlanner::new())
        .build();
    SessionContext::new_with_state(state)
}

fn column(table: &str, name: &str) -> Expr {
    Expr::Column(Column::new(Some(TableReference::bare(table)), name))
}

/// Holds what `MERGE` did against what the examination found.
fn balance(table: &Table, report: &UpsertReport, caught: &Caught, metrics: &MergeMetrics) -> Result<()> {
    let found = |count: usize| count as u64;
    let written: Option<u64> = caught.added.iter().map(num_records).sum();
    let expected = report.inserted + report.updated + report.rows_copied;
    let is_as_found = report.inserted == found(metrics.num_target_rows_inserted)
        && report.updated == found(metrics.num_target_rows_updated)
        && report.deleted == found(metrics.num_target_rows_deleted);
    if is_as_found && written == Some(expected) {
        return Ok(());
    }
    let reason = format!(
        "{} new, {} changed and {} deleted rows and {} rows of rewritten files were expected, but `MERGE` wrote {} rows, with {} \
         new, {} changed and {} deleted ones",
        report.inserted,
        report.updated,
        report.deleted,
        report.rows_copied,
        written.map_or("an unknown number of".to_owned(), |written| written.to_string()),
        metrics.num_target_rows_inserted,
        metrics.num_target_rows_updated,
        metrics.num_target_rows_deleted,
    );
    Err(LakeError::Unbalanced { location: table.location.to_string(), reason })
}

/// The error of an operation, told as a broken rule of the table when it is one.
pub(crate) fn violated(table: &Table, error: DeltaTableError) -> LakeError {
    let location = table.location.to_string();
    let mut next: Option<&(dyn StdError + 'static)> = Some(&error);
    while let Some(cause) = next {
        let text = cause.to_string();
        if let Some(start) = text.find("Invalid data found") {
            // The rows themselves follow, and are nobody else's business.
            let reason = text.get(start..).and_then(|text| text.lines().next()).unwrap_or_default().to_owned();
            let rules = table.rules().unwrap_or_default();
            return LakeError::BrokenRule { location, rules, reason };
        }
        next = cause.source();
    }
    LakeError::delta(&location, error)
}
