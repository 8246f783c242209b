//! Tables for SQL: the Parquet scan of DataFusion over the data files, with what the log knows of them.

mod readers;
mod statistics;

use std::sync::Arc;

use arrow::datatypes::{DataType, FieldRef, Schema, SchemaRef};
use async_trait::async_trait;
use chrono::DateTime;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::config::TableParquetOptions;
use datafusion::common::pruning::PrunableStatistics;
use datafusion::common::stats::Precision;
use datafusion::common::{DFSchema, ScalarValue, Statistics, project_schema};
use datafusion::datasource::TableType;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::ParquetRowSelection;
use datafusion::datasource::physical_plan::{
    FileGroup, FileGroupPartitioner, FileScanConfigBuilder, ParquetFileReaderFactory, ParquetSource,
};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::error::Result;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::TableProviderFilterPushDown;
use datafusion::logical_expr::utils::conjunction;
use datafusion::physical_optimizer::pruning::PruningPredicateBuilder;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::prelude::Expr;
use object_store::{ObjectMeta, ObjectStore};

use self::readers::Readers;
use self::statistics::{file_statistics, for_planning, for_pruning, set_value};
use super::{LiveFile, live_files, load_vectors};
use crate::table::Table;

/// The name under which sessions know the store of a table. Files are read by [`Readers`], which has the store itself.
const STORE: &str = "goldsmith-lake://table";

/// A table as one handle shows it, with what is staged, for DataFusion.
///
/// Files are divided by row groups among the partitions of a session. Deleted rows become the row selection of their file, so that
/// DataFusion prunes row groups and pages, filters while it decodes, and stops at a limit, as it does with any Parquet file.
/// Files in which no row can match by the statistics of the log are not opened, nor are their vectors loaded.
#[derive(Debug)]
pub(crate) struct TableFiles {
    table: Table,
    schema: SchemaRef,
    /// The columns as DataFusion wants them: those that files hold, and after them those by which the table is partitioned.
    layout: TableSchema,
    /// Where each column of the table is in the layout.
    positions: Vec<usize>,
    readers: Arc<dyn ParquetFileReaderFactory>,
}

/// A file, and what is known of its rows.
struct Candidate {
    file: LiveFile,
    /// Of the columns in the order of the table.
    statistics: Arc<Statistics>,
    /// What all rows have in the columns by which the table is partitioned, in their order.
    partition: Vec<ScalarValue>,
}

impl TableFiles {
    /// Whether the files of a table can be read like this: they hold exactly its columns but those by which it is partitioned, and
    /// DataFusion can complete those that are older than some of the fields. Fields inside of the values of a map it cannot.
    pub(crate) fn covers(table: &Table) -> crate::Result<bool> {
        Ok(table.is_read_directly()?
            && !table.data_schema()?.fields().iter().any(|field| has_map_of_structs(field.data_type())))
    }

    pub(crate) fn new(table: Table) -> crate::Result<Self> {
        let schema = table.data_schema()?;
        let readers: Arc<dyn ParquetFileReaderFactory> =
            Arc::new(Readers::new(store(&table), table.location.to_string(), &schema));
        let names = table.partition_columns()?;
        let (partitioned_by, stored): (Vec<FieldRef>, Vec<FieldRef>) =
            schema.fields().iter().cloned().partition(|field| names.contains(field.name()));
        let mut positions: Vec<usize> = (0..schema.fields().len()).collect();
        let (mut next_stored, mut next_value) = (0, stored.len());
        for (position, field) in positions.iter_mut().zip(schema.fields()) {
            let next = if names.contains(field.name()) { &mut next_value } else { &mut next_stored };
            *position = *next;
            *next += 1;
        }
        let layout =
            TableSchema::builder(Arc::new(Schema::new(stored))).with_table_partition_cols(partitioned_by).build();
        Ok(Self { table, schema, layout, positions, readers })
    }

    fn is_partitioned(&self) -> bool {
        !self.layout.table_partition_cols().is_empty()
    }

    fn candidate(&self, file: LiveFile) -> Result<Candidate> {
        let mut statistics = file_statistics(&self.schema, file.stats.as_deref());
        let mut partition = Vec::with_capacity(self.layout.table_partition_cols().len());
        for (index, field) in self.schema.fields().iter().enumerate() {
            if self.positions[index] >= self.layout.file_schema().fields().len() {
                let value = ScalarValue::try_from_array(&file.partition.once(field)?, 0)?;
                set_value(&mut statistics.column_statistics[index], &value, statistics.num_rows);
                partition.push(value);
            }
        }
        Ok(Candidate { file, statistics: Arc::new(statistics), partition })
    }

    /// Statistics of the columns in the order of the layout.
    fn laid_out(&self, statistics: &Statistics) -> Statistics {
        let mut columns = statistics.column_statistics.clone();
        for (column, position) in statistics.column_statistics.iter().zip(&self.positions) {
            columns[*position] = column.clone();
        }
        Statistics { column_statistics: columns, ..statistics.clone() }
    }

    /// The files that can have rows that are accepted by all filters.
    fn candidates(&self, state: &dyn Session, filters: &[Expr]) -> Result<Vec<Candidate>> {
        let files = live_files(&self.table, None)?.into_iter();
        let mut candidates = files.map(|file| self.candidate(file)).collect::<Result<Vec<_>>>()?;
        let Some(filter) = conjunction(filters.iter().cloned()) else { return Ok(candidates) };
        let schema = DFSchema::try_from(Arc::clone(&self.schema))?;
        let known = |candidate: &Candidate| Arc::new(for_pruning(&candidate.statistics, &self.schema));
        let known = candidates.iter().map(known).collect();
        let kept = state
            .create_physical_expr(filter, &schema)
            .and_then(|filter| {
                PruningPredicateBuilder::new().with_file_schema(Arc::clone(&self.schema)).try_build(filter)
            })
            .and_then(|pruning| pruning.prune(&PrunableStatistics::new(known, Arc::clone(&self.schema))));
        match kept {
            Ok(kept) => {
                let mut kept = kept.into_iter();
                candidates.retain(|_| kept.next().unwrap_or(true));
            }
            // Only less is left out; the filter itself is applied to the rows.
            Err(error) => tracing::debug!(%error, "files cannot be told apart by this filter"),
        }
        Ok(candidates)
    }

    /// The files as DataFusion reads them, and the number of their rows where the log knows it.
    async fn partitioned(&self, candidates: Vec<Candidate>) -> Result<(Vec<PartitionedFile>, Precision<usize>)> {
        let (mut files, known): (Vec<LiveFile>, Vec<_>) = candidates
            .into_iter()
            .map(|candidate| (candidate.file, (candidate.statistics, candidate.partition)))
            .unzip();
        load_vectors(&self.table, &mut files).await?;
        let mut partitioned = Vec::with_capacity(files.len());
        let mut num_rows = Precision::Exact(0);
        for (file, (statistics, partition)) in files.into_iter().zip(known) {
            let modified = DateTime::from_timestamp_millis(file.modification_time).unwrap_or_default();
            let mut read = PartitionedFile::new_from_meta(ObjectMeta {
                location: file.file.path.clone(),
                last_modified: modified,
                size: file.file.size,
                e_tag: None,
                version: None,
            })
            // Before the values: DataFusion would add statistics of its own for them, which say that none is null.
            .with_statistics(Arc::new(for_planning(&self.laid_out(&statistics))))
            .with_partition_values(partition);
            let mut rows = statistics.num_rows;
            if let Some(dead) = &file.dead {
                let physical = match rows {
                    Precision::Exact(rows) => rows,
                    _ => usize::try_from(file.file.num_rows(&store(&self.table)).await?).unwrap_or(usize::MAX),
                };
                let living = dead.selection(physical);
                rows = Precision::Exact(living.row_count());
                read = read.with_extension(ParquetRowSelection::new(living));
            }
            if rows != Precision::Exact(0) {
                partitioned.push(read);
            }
            num_rows = num_rows.add(&rows);
        }
        Ok((partitioned, num_rows))
    }
}

#[async_trait]
impl TableProvider for TableFiles {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        // They decide about files here; the physical plan pushes them into the scan itself.
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let mut candidates = self.candidates(state, filters)?;
        if let (Some(limit), true) = (limit, filters.is_empty()) {
            keep_first(&mut candidates, limit);
        }
        let (files, num_rows) = self.partitioned(candidates).await?;
        if files.is_empty() {
            return Ok(Arc::new(EmptyExec::new(project_schema(&self.schema, projection)?)));
        }
        let url = ObjectStoreUrl::parse(STORE)?;
        state.runtime_env().register_object_store(url.as_ref(), store(&self.table));
        let source = ParquetSource::new(self.layout.clone())
            .with_table_parquet_options(parquet_options(state))
            // In a partition a filter may be about values alone, and the decoder has no column to apply it to. It passes over row groups
            // and pages all the same.
            .with_pushdown_filters(!self.is_partitioned())
            .with_parquet_file_reader_factory(Arc::clone(&self.readers));
        let statistics = Statistics { num_rows, ..Statistics::new_unknown(self.layout.table_schema()) };
        let laid_out =
            |columns: &Vec<usize>| -> Vec<usize> { columns.iter().map(|column| self.positions[*column]).collect() };
        let projection = match projection {
            None if self.is_partitioned() => Some(self.positions.clone()),
            projection => projection.map(laid_out),
        };
        let config = FileScanConfigBuilder::new(url, Arc::new(source))
            .with_file_groups(groups(state, files))
            .with_statistics(statistics)
            .with_limit(limit)
            .with_projection_indices(projection)?
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }
}

fn store(table: &Table) -> Arc<dyn ObjectStore> {
    table.delta.log_store().object_store(None)
}

/// Leaves out files that are not needed to have so many rows.
fn keep_first(candidates: &mut Vec<Candidate>, limit: usize) {
    let mut rows = 0_usize;
    candidates.retain(|candidate| {
        let is_needed = rows < limit;
        if let Precision::Exact(physical) = candidate.statistics.num_rows {
            let deleted = usize::try_from(candidate.file.deleted_rows()).unwrap_or(usize::MAX);
            rows = rows.saturating_add(physical.saturating_sub(deleted));
        }
        is_needed
    });
}

/// Files, and ranges of the large ones, for each partition of the session.
fn groups(state: &dyn Session, files: Vec<PartitionedFile>) -> Vec<FileGroup> {
    let partitions = state.config().target_partitions();
    let optimizer = &state.config_options().optimizer;
    let all = FileGroup::new(files);
    let divided = FileGroupPartitioner::new()
        .with_target_partitions(partitions)
        .with_repartition_file_min_size(optimizer.repartition_file_min_size)
        .repartition_file_groups(std::slice::from_ref(&all));
    divided.filter(|_| optimizer.repartition_file_scans).unwrap_or_else(|| all.split_files(partitions))
}

/// The options of the session. Timestamps of 96 bits, which other software writes, are microseconds as everywhere in Delta.
fn parquet_options(state: &dyn Session) -> TableParquetOptions {
    let mut global = state.config_options().execution.parquet.clone();
    global.coerce_int96 = Some("us".to_owned());
    TableParquetOptions { global, ..TableParquetOptions::default() }
}

fn has_map_of_structs(data_type: &DataType) -> bool {
    match data_type {
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(entry) => entry.iter().any(|field| has_struct(field.data_type())),
            _ => true,
        },
        DataType::Struct(fields) => fields.iter().any(|field| has_map_of_structs(field.data_type())),
        DataType::List(element) => has_map_of_structs(element.data_type()),
        _ => false,
    }
}

fn has_struct(data_type: &DataType) -> bool {
    match data_type {
        DataType::Struct(_) => true,
        DataType::List(element) => has_struct(element.data_type()),
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(entry) => entry.iter().any(|field| has_struct(field.data_type())),
            _ => true,
        },
        _ => false,
    }
}
