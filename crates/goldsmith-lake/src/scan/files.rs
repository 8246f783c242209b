//! Reading data files directly, several at a time.

use std::collections::{HashSet, VecDeque};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, StringArray};
use arrow::compute::filter_record_batch;
use arrow::datatypes::SchemaRef;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchReceiverStreamBuilder;
use deltalake::kernel::{Add, DeletionVectorDescriptor};
use futures::TryStreamExt;
use object_store::ObjectStore;
use parquet::arrow::arrow_reader::RowSelection;
use serde_json::Value;
use tokio::sync::mpsc::Sender;

use super::RowFilter;
use crate::error::{LakeError, Result};
use crate::parquet_file::ParquetFile;
use crate::table::Table;
use crate::vector::DeadRows;

/// Batches that wait for the reader of a scan, per file that is read at the same time.
const BATCHES_AHEAD: usize = 2;
/// Deletion vectors that are requested from the storage at the same time.
const VECTORS_AT_ONCE: usize = 16;

/// A data file with rows that the table shows.
#[derive(Debug, Clone)]
pub(crate) struct LiveFile {
    /// Path as in the log.
    pub(crate) path: String,
    pub(crate) file: ParquetFile,
    /// Milliseconds since the epoch.
    modification_time: i64,
    /// Statistics as in the log.
    pub(crate) stats: Option<String>,
    /// What the log says of its deleted rows.
    vector: Option<DeletionVectorDescriptor>,
    /// The deleted rows; absent when there are none.
    pub(crate) dead: Option<Arc<DeadRows>>,
}

impl LiveFile {
    pub(crate) fn is_alive(&self, row: usize) -> bool {
        self.dead.as_ref().is_none_or(|dead| !dead.contains(row))
    }

    /// Rows that the log says are deleted.
    pub(crate) fn deleted_rows(&self) -> u64 {
        self.vector.as_ref().and_then(|vector| u64::try_from(vector.cardinality).ok()).unwrap_or_default()
    }

    /// Rows that the file holds, the deleted ones among them, as its statistics say.
    pub(crate) fn physical_rows(&self) -> Option<u64> {
        serde_json::from_str::<Value>(self.stats.as_deref()?).ok()?.get("numRecords")?.as_u64()
    }

    /// Leaves out the dead ones among rows that begin at physical row `start` of the file.
    fn living(&self, batch: RecordBatch, start: usize) -> Result<RecordBatch, arrow::error::ArrowError> {
        match &self.dead {
            None => Ok(batch),
            Some(dead) => filter_record_batch(&batch, &dead.living(start, batch.num_rows())),
        }
    }

    /// The entry of the log that shows the file without the rows of a new vector.
    pub(crate) fn masked(&self, vector: DeletionVectorDescriptor) -> Add {
        Add {
            path: self.path.clone(),
            size: i64::try_from(self.file.size).unwrap_or(i64::MAX),
            modification_time: self.modification_time,
            data_change: true,
            stats: self.stats.as_deref().map(with_loose_bounds),
            deletion_vector: Some(vector),
            ..Add::default()
        }
    }
}

/// The statistics of a file, saying that its deleted rows are among what they describe.
fn with_loose_bounds(stats: &str) -> String {
    match serde_json::from_str::<Value>(stats) {
        Ok(Value::Object(mut stats)) => {
            stats.insert("tightBounds".to_owned(), Value::Bool(false));
            Value::Object(stats).to_string()
        }
        _ => stats.to_owned(),
    }
}

/// The files of the table as this handle shows it, or the named ones, sorted by path: what is read from them in this order
/// does not depend on the log. Their deleted rows are not loaded yet: [`load_vectors`] follows, once it is clear which are read.
pub(crate) fn live_files(table: &Table, wanted: Option<&[String]>) -> Result<Vec<LiveFile>> {
    let wanted: Option<HashSet<&str>> = wanted.map(|files| files.iter().map(String::as_str).collect());
    let mut files = Vec::new();
    let is_wanted = |path: &str| wanted.as_ref().is_none_or(|wanted| wanted.contains(path));
    let file = |path: &str, object: object_store::path::Path, size: i64| ParquetFile {
        path: object,
        size: u64::try_from(size).unwrap_or_default(),
        display: format!("{}/{path}", table.location),
    };
    for view in table.file_views()? {
        if is_wanted(&view.path()) {
            files.push(LiveFile {
                path: view.path().into_owned(),
                file: file(&view.path(), view.object_store_path(), view.size()),
                modification_time: view.modification_time(),
                stats: view.stats(),
                vector: view.deletion_vector_descriptor(),
                dead: None,
            });
        }
    }
    for staged in table.staged.added().iter().filter(|staged| is_wanted(&staged.path)) {
        files.push(LiveFile {
            path: staged.path.clone(),
            file: file(&staged.path, staged.path.as_str().into(), staged.size),
            modification_time: staged.modification_time,
            stats: staged.stats.clone(),
            vector: staged.deletion_vector.clone(),
            dead: None,
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

/// What a scan reads of each file.
pub(super) struct Scan {
    pub(super) location: String,
    /// Columns to read.
    pub(super) schema: SchemaRef,
    /// Columns to give: with that of the file name, if wanted.
    pub(super) target: SchemaRef,
    /// Columns that are read first, and what they must be like.
    pub(super) probe: Option<(SchemaRef, RowFilter)>,
}

type Batches = Sender<Result<RecordBatch, DataFusionError>>;

impl Scan {
    /// Reads the files in tasks of their own, so that decoding uses all threads; ends them when the stream is dropped.
    pub(super) fn stream(
        self,
        store: Arc<dyn ObjectStore>,
        files: Vec<LiveFile>,
        threads: usize,
    ) -> SendableRecordBatchStream {
        let workers = threads.clamp(1, files.len().max(1));
        let mut builder = RecordBatchReceiverStreamBuilder::new(Arc::clone(&self.target), workers * BATCHES_AHEAD);
        let queue = Arc::new(Mutex::new(VecDeque::from(files)));
        let scan = Arc::new(self);
        for _ in 0..workers {
            let (scan, store, queue, out) = (Arc::clone(&scan), Arc::clone(&store), Arc::clone(&queue), builder.tx());
            builder.spawn(async move {
                loop {
                    let Some(file) = queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front() else {
                        return Ok(());
                    };
                    if !scan.read(&store, &file, &out).await? {
                        return Ok(());
                    }
                }
            });
        }
        builder.build()
    }

    /// Sends the rows of one file; false when nobody listens any more.
    async fn read(&self, store: &Arc<dyn ObjectStore>, file: &LiveFile, out: &Batches) -> Result<bool> {
        let fail = |error| LakeError::arrow(&self.location, error);
        let selection = match &self.probe {
            None => None,
            Some(probe) => match self.accepted(store, file, probe).await? {
                Some(selection) => Some(selection),
                None => return Ok(true),
            },
        };
        let is_selected = selection.is_some();
        let mut start = 0;
        let mut batches = file.file.read(store, &self.schema, selection).await?;
        while let Some(batch) = batches.try_next().await? {
            let rows = batch.num_rows();
            // Selected rows are alive: the probe has seen to that.
            let batch = if is_selected { batch } else { file.living(batch, start).map_err(fail)? };
            start += rows;
            if batch.num_rows() > 0 && out.send(Ok(self.named(batch, file).map_err(fail)?)).await.is_err() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The living rows that the probe accepts; none when there is none.
    async fn accepted(
        &self,
        store: &Arc<dyn ObjectStore>,
        file: &LiveFile,
        (columns, filter): &(SchemaRef, RowFilter),
    ) -> Result<Option<RowSelection>> {
        let mut rows = 0;
        let mut hits = Vec::new();
        let mut batches = file.file.read(store, columns, None).await?;
        while let Some(batch) = batches.try_next().await? {
            let mask = filter(&batch).map_err(|error| LakeError::arrow(&self.location, error))?;
            let hit = |row: &usize| mask.is_valid(*row) && mask.value(*row) && file.is_alive(rows + row);
            hits.extend((0..batch.num_rows()).filter(hit).map(|row| rows + row));
            rows += batch.num_rows();
        }
        Ok((!hits.is_empty()).then(|| RowSelection::from_consecutive_ranges(ranges(&hits).into_iter(), rows)))
    }

    fn named(&self, batch: RecordBatch, file: &LiveFile) -> Result<RecordBatch, arrow::error::ArrowError> {
        if self.target.fields().len() == self.schema.fields().len() {
            return Ok(batch);
        }
        let rows = batch.num_rows();
        let mut columns = batch.columns().to_vec();
        let names: ArrayRef = Arc::new(StringArray::from_iter_values(std::iter::repeat_n(&file.path, rows)));
        columns.push(names);
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(Arc::clone(&self.target), columns, &options)
    }
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
