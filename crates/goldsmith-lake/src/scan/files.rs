//! The data files of a table.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::filter_record_batch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use deltalake::kernel::{Add, DeletionVectorDescriptor};
use futures::TryStreamExt;
use object_store::path::Path;
use serde_json::{Map, Value};

use super::partition::Partition;
use crate::error::{LakeError, Result};
use crate::log::object_path;
use crate::parquet_file::ParquetFile;
use crate::table::Table;
use crate::vector::DeadRows;

/// Deletion vectors that are requested from the storage at the same time.
const VECTORS_AT_ONCE: usize = 16;

/// A data file with rows that the table shows.
#[derive(Debug, Clone)]
pub(crate) struct LiveFile {
    /// Path as in the log.
    pub(crate) path: String,
    pub(crate) file: ParquetFile,
    /// Milliseconds since the epoch.
    pub(super) modification_time: i64,
    /// Statistics as in the log.
    pub(crate) stats: Option<String>,
    /// What the log says of its deleted rows.
    pub(crate) vector: Option<DeletionVectorDescriptor>,
    /// The deleted rows; absent when there are none.
    pub(crate) dead: Option<Arc<DeadRows>>,
    /// What all its rows have in the columns by which the table is partitioned.
    pub(super) partition: Partition,
}

impl LiveFile {
    pub(crate) fn is_alive(&self, row: usize) -> bool {
        self.dead.as_ref().is_none_or(|dead| !dead.contains(row))
    }

    /// Whether the other one is the same file with the same rows deleted.
    pub(crate) fn has_rows_of(&self, other: &Self) -> bool {
        self.path == other.path && self.vector == other.vector
    }

    /// Rows that the log says are deleted.
    pub(crate) fn deleted_rows(&self) -> u64 {
        self.vector.as_ref().and_then(|vector| u64::try_from(vector.cardinality).ok()).unwrap_or_default()
    }

    /// Rows that the file holds, the deleted ones among them, as its statistics say.
    pub(crate) fn physical_rows(&self) -> Option<u64> {
        serde_json::from_str::<Value>(self.stats.as_deref()?).ok()?.get("numRecords")?.as_u64()
    }

    /// What all rows have in some of the columns by which the table is partitioned, as one row.
    pub(crate) fn partition_values(&self, columns: &SchemaRef, table: &str) -> Result<RecordBatch> {
        self.partition.row(columns, table)
    }

    /// Leaves out the dead ones among rows that begin at physical row `start` of the file.
    pub(super) fn living(&self, batch: RecordBatch, start: usize) -> Result<RecordBatch, ArrowError> {
        match &self.dead {
            None => Ok(batch),
            Some(dead) => filter_record_batch(&batch, &dead.living(start, batch.num_rows())),
        }
    }

    /// The entry of the log that shows the file, which holds so many rows, without those of a new vector.
    pub(crate) fn masked(&self, vector: DeletionVectorDescriptor, rows: usize) -> Add {
        Add {
            path: self.path.clone(),
            size: i64::try_from(self.file.size).unwrap_or(i64::MAX),
            modification_time: self.modification_time,
            data_change: true,
            stats: Some(masked_statistics(self.stats.as_deref(), rows)),
            deletion_vector: Some(vector),
            ..Add::default()
        }
    }
}

/// The statistics of a file, saying that its deleted rows are among what they describe. The number of its rows has to be there, also
/// when its writer did not tell it. Source: Delta protocol, "Deletion Vectors".
fn masked_statistics(stats: Option<&str>, rows: usize) -> String {
    let mut told = match stats.map(serde_json::from_str::<Value>) {
        Some(Ok(Value::Object(stats))) => stats,
        _ => Map::new(),
    };
    if told.get("numRecords").and_then(Value::as_u64).is_none() {
        told.insert("numRecords".to_owned(), Value::from(rows));
    }
    told.insert("tightBounds".to_owned(), Value::Bool(false));
    Value::Object(told).to_string()
}

/// The files of the table as this handle shows it, or the named ones, sorted by path: what is read from them in this order
/// does not depend on the log. Their deleted rows are not loaded yet: [`load_vectors`] follows, once it is clear which are read.
pub(crate) fn live_files(table: &Table, wanted: Option<&[String]>) -> Result<Vec<LiveFile>> {
    let wanted: Option<HashSet<&str>> = wanted.map(|files| files.iter().map(String::as_str).collect());
    let mut files = Vec::new();
    let is_wanted = |path: &str| wanted.as_ref().is_none_or(|wanted| wanted.contains(path));
    let file = |path: &str, object: Path, size: i64| ParquetFile {
        path: object,
        size: u64::try_from(size).unwrap_or_default(),
        display: format!("{}/{path}", table.location),
        is_loose: false,
    };
    let partitioned_by = table.partition_columns()?;
    for view in table.file_views()? {
        if is_wanted(&view.path()) {
            files.push(LiveFile {
                path: view.path().into_owned(),
                file: file(&view.path(), view.object_store_path(), view.size()),
                modification_time: view.modification_time(),
                stats: view.stats(),
                vector: view.deletion_vector_descriptor(),
                dead: None,
                partition: Partition::new(partitioned_by, || view.partition_values_map()),
            });
        }
    }
    for staged in table.staged.added().iter().filter(|staged| is_wanted(&staged.path)) {
        files.push(LiveFile {
            path: staged.path.clone(),
            file: file(&staged.path, object_path(&staged.path), staged.size),
            modification_time: staged.modification_time,
            stats: staged.stats.clone(),
            vector: staged.deletion_vector.clone(),
            dead: None,
            partition: Partition::new(partitioned_by, || staged.partition_values.clone()),
        });
    }
    if let Some(wanted) = &wanted
        && files.len() < wanted.len()
    {
        let found: HashSet<&str> = files.iter().map(|file| file.path.as_str()).collect();
        if let Some(file) = wanted.iter().find(|file| !found.contains(*file)) {
            return Err(LakeError::NoSuchFile {
                location: table.location.to_string(),
                file: (*file).to_owned(),
                version: table.version(),
            });
        }
    }
    files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

/// Loads the deleted rows of files that are about to be read, several at a time.
pub(crate) async fn load_vectors(table: &Table, files: &mut [LiveFile]) -> Result<()> {
    let store = table.delta.log_store().object_store(None);
    let location = table.location.to_string();
    futures::stream::iter(files.iter_mut().filter(|file| file.vector.is_some()).map(Ok))
        .try_for_each_concurrent(VECTORS_AT_ONCE, |file| async {
            if let Some(vector) = &file.vector {
                file.dead = Some(Arc::new(DeadRows::load(&store, &location, vector).await?));
            }
            Ok(())
        })
        .await
}

/// Ascending row numbers as ranges.
pub(crate) fn ranges(rows: &[usize]) -> Vec<Range<usize>> {
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for &row in rows {
        match ranges.last_mut() {
            Some(last) if last.end == row => last.end += 1,
            _ => ranges.push(row..row + 1),
        }
    }
    ranges
}
