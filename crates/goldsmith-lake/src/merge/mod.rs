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
//!
//! Where memory is limited, the rows of one upsert go through several `MERGE`s on the same shadow ([`parts`]). The join holds its
//! source, never the table, and cannot spill it.

mod append;
mod changes;
mod examine;
mod guards;
mod overlay;
mod partitions;
mod parts;
mod rows;
pub(crate) mod shadow;

use std::error::Error as StdError;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use datafusion::common::{Column, ScalarValue, TableReference};
use datafusion::dataframe::DataFrame;
use datafusion::datasource::MemTable;
use datafusion::logical_expr::{Operator, binary_expr, lit};
use datafusion::prelude::{Expr, SessionContext};
use deltalake::operations::merge::MergeMetrics;
use deltalake::{DeltaTable, DeltaTableError};
use object_store::path::Path;

pub(crate) use self::append::Appender;
pub(crate) use self::changes::{ChangeSet, join_changes};
use self::examine::{Examined, examine};
pub use self::guards::Guards;
use self::partitions::TouchedPartitions;
use self::parts::Parts;
pub(crate) use self::parts::hashed_bytes;
use self::rows::RowSchema;
use self::shadow::{Caught, Shadow};
use crate::conform::conform;
use crate::error::{LakeError, Result};
use crate::session::delta_session;
use crate::staged::delete_files;
use crate::table::{Table, num_records};
use crate::upsert::{Columns, NewRows, Plan, Pruner, UpsertPath, UpsertReport, UpsertRequest, conclude};

const SOURCE: &str = "source";
const TARGET: &str = "target";
/// The column of the source that says that a row goes.
const DELETED: &str = "__goldsmith_deleted";

/// Does an upsert with delta-rs, with the semantics of [`crate::upsert`].
pub(crate) async fn upsert(table: &mut Table, mut request: UpsertRequest, guards: Guards) -> Result<UpsertReport> {
    table.check_writable()?;
    let location = table.location.to_string();
    let fail = |error| LakeError::arrow(&location, error);
    let row_schema = RowSchema::new(table, &request.rows)?;
    let rows = row_schema.conform(&std::mem::take(&mut request.rows), &location)?;
    let plan = Plan::new(&request, &row_schema.schema, &location)?;
    let (rows, deduplicated) = plan.latest(rows, &row_schema.schema, &location)?;
    let extra = match &request.extra_groups {
        Some(groups) => vec![conform(groups, &plan.group_schema, &location)?],
        None => Vec::new(),
    };
    let groups: Vec<RecordBatch> = extra.iter().chain(&rows).cloned().collect();
    let pruner = Pruner::new(&row_schema.schema, &request.group, &groups).map_err(fail)?;
    // Of a touched group the rows of other keys matter only when they are deleted.
    let (touched_by, touched) =
        if request.delete_missing_in_group { (&request.group, &groups) } else { (&request.key, &rows) };
    let partitions = TouchedPartitions::new(table, &row_schema.schema, touched_by, touched)?;
    let columns = Columns { key: &request.key, group: &request.group, compared: &plan.compared };
    let new_rows = NewRows::new(&location, &row_schema.schema, &columns, rows, &extra, plan.preference.as_ref())?;
    let examined =
        examine(table, &plan, &request.key, (&pruner, partitions.as_ref()), &new_rows, request.delete_missing_in_group)
            .await?;

    let (inserted, updated, unchanged, outranked) = new_rows.counts();
    let mut report = UpsertReport {
        inserted,
        updated,
        unchanged,
        outranked,
        deduplicated,
        deleted: examined.deleted,
        files_pruned: examined.files_pruned,
        path: UpsertPath::Merge(guards),
        ..UpsertReport::default()
    };
    if inserted + updated + examined.deleted > 0 {
        let merge = Merge { key: &request.key, rows: &row_schema };
        let merged = merge.run(table, &new_rows, &examined).await?;
        report.files_removed = merged.caught.removed.len();
        report.files_added = merged.caught.added.len();
        report.rows_copied = merged.copied;
        if let Err(error) = balance(table, &report, &merged) {
            delete_files(&table.delta.log_store().object_store(None), &merged.caught.written()).await;
            return Err(error);
        }
        table.stage_merged(merged.caught, &request.key).await;
    }
    conclude(table, request, report).await
}

/// What one or more `MERGE`s did.
#[derive(Default)]
struct Merged {
    caught: Caught,
    inserted: u64,
    updated: u64,
    deleted: u64,
    /// Rows that were written as they were, each time that their file was rewritten.
    copied: u64,
    /// Rows of the files written, those included that a later part replaced; none when one of them does not tell.
    written: Option<u64>,
}

/// The `MERGE`s of an upsert: their source has the rows to write and the keys of the rows to delete, and nothing else.
struct Merge<'a> {
    key: &'a [String],
    rows: &'a RowSchema,
}

impl Merge<'_> {
    async fn run(&self, table: &Table, new_rows: &NewRows, examined: &Examined) -> Result<Merged> {
        let location = table.location.to_string();
        let options = table.options();
        let store = table.delta.log_store().object_store(None);
        let context = delta_session(options)?;
        let schema = self.source_schema();
        let written = new_rows.to_write().map(|batch| mark(&batch?, &schema, &location, false));
        let deleted = examined.keys.iter().map(|keys| mark(keys, &schema, &location, true));
        let mut parts = Parts::new(written.chain(deleted), options.memory.map(|memory| memory.merge_rows()));
        let mut shadow = Shadow::new(table, Some(&examined.files)).await?;
        let mut merged = Merged { written: Some(0), ..Merged::default() };
        loop {
            let done = match parts.next_part() {
                Ok(None) => return Ok(merged),
                Ok(Some(part)) => self.part(table, &mut shadow, &context, part).await,
                Err(error) => Err(LakeError::arrow(&location, error)),
            };
            match done {
                Ok((caught, metrics)) => {
                    let replaced = merged.add(caught, &metrics);
                    delete_files(&store, &replaced).await;
                }
                Err(error) => {
                    shadow.abandon().await;
                    delete_files(&store, &merged.caught.written()).await;
                    return Err(error);
                }
            }
        }
    }

    /// One `MERGE`, on what those before it made of the shadow.
    async fn part(
        &self,
        table: &Table,
        shadow: &mut Shadow,
        context: &SessionContext,
        rows: Vec<RecordBatch>,
    ) -> Result<(Caught, MergeMetrics)> {
        let location = table.location.to_string();
        let fail = |error| LakeError::query(&location, error);
        let source = MemTable::try_new(self.source_schema(), vec![rows]).map_err(fail)?;
        let frame = context.read_table(Arc::new(source)).map_err(fail)?;
        let (delta, metrics) = self.merge(table, shadow, context, frame).await?;
        Ok((shadow.caught(delta, table).await?, metrics))
    }

    async fn merge(
        &self,
        table: &Table,
        shadow: &Shadow,
        context: &SessionContext,
        frame: DataFrame,
    ) -> Result<(DeltaTable, MergeMetrics)> {
        let location = table.location.to_string();
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
        merge.into_future().await.map_err(|error| violated(table, error))
    }

    /// The columns that come with the rows, and where their values are.
    fn values(&self) -> impl Iterator<Item = (Column, Expr)> + '_ {
        self.rows.schema.fields().iter().map(|field| (Column::from_name(field.name()), column(SOURCE, field.name())))
    }

    /// The columns of the source; the rows to delete have nothing but a key.
    fn source_schema(&self) -> SchemaRef {
        let mut fields: Vec<Field> =
            self.rows.schema.fields().iter().map(|field| field.as_ref().clone().with_nullable(true)).collect();
        fields.push(Field::new(DELETED, DataType::Boolean, false));
        Arc::new(Schema::new(fields))
    }
}

impl Merged {
    /// Adds what a further `MERGE` did, and tells the files that it replaced before anybody saw them.
    fn add(&mut self, caught: Caught, metrics: &MergeMetrics) -> Vec<Path> {
        let written: Option<u64> = caught.added.iter().map(num_records).sum();
        self.written = self.written.zip(written).map(|(before, now)| before + now);
        self.inserted += metrics.num_target_rows_inserted as u64;
        self.updated += metrics.num_target_rows_updated as u64;
        self.deleted += metrics.num_target_rows_deleted as u64;
        self.copied += metrics.num_target_rows_copied as u64;
        self.caught.then(caught)
    }
}

/// Rows in the schema of the source of a `MERGE`, with the mark whether they go.
fn mark(batch: &RecordBatch, schema: &SchemaRef, location: &str, is_deleted: bool) -> Result<RecordBatch, ArrowError> {
    let columns = schema.fields().iter().filter(|field| field.name() != DELETED).cloned();
    let columns: SchemaRef = Arc::new(Schema::new(columns.collect::<Vec<_>>()));
    let batch = conform(batch, &columns, location).map_err(|error| ArrowError::ExternalError(Box::new(error)))?;
    let mut arrays = batch.columns().to_vec();
    let mark: ArrayRef = Arc::new(BooleanArray::from(vec![is_deleted; batch.num_rows()]));
    arrays.push(mark);
    RecordBatch::try_new(Arc::clone(schema), arrays)
}

fn column(table: &str, name: &str) -> Expr {
    Expr::Column(Column::new(Some(TableReference::bare(table)), name))
}

/// Holds what `MERGE` did against what the examination found.
fn balance(table: &Table, report: &UpsertReport, merged: &Merged) -> Result<()> {
    let expected = report.inserted + report.updated + report.rows_copied;
    let found = (merged.inserted, merged.updated, merged.deleted);
    if found == (report.inserted, report.updated, report.deleted) && merged.written == Some(expected) {
        return Ok(());
    }
    let reason = format!(
        "{} new, {} changed and {} deleted rows and {} rows of rewritten files were expected, but `MERGE` wrote {} rows, with {} \
         new, {} changed and {} deleted ones",
        report.inserted,
        report.updated,
        report.deleted,
        report.rows_copied,
        merged.written.map_or("an unknown number of".to_owned(), |written| written.to_string()),
        merged.inserted,
        merged.updated,
        merged.deleted,
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
