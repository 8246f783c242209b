//! Streaming rows of data files, several files at a time.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{Array, ArrayRef, BooleanArray, RecordBatch, RecordBatchOptions, StringArray};
use arrow::buffer::BooleanBuffer;
use arrow::compute::{concat_batches, filter_record_batch};
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchReceiverStreamBuilder;
use futures::TryStreamExt;
use object_store::ObjectStore;
use parquet::arrow::arrow_reader::RowSelection;
use tokio::sync::mpsc::Sender;

use super::RowFilter;
use super::files::{LiveFile, ranges};
use crate::batch_rows::{rows_at_once, shown_bytes};
use crate::error::{LakeError, Result};
use crate::parquet_file::OpenFile;

/// Batches that wait for the reader of a scan, per file that is read at the same time.
const BATCHES_AHEAD: usize = 2;
/// Bytes of columns that a probe keeps of the rows of a file that it accepts; with more, they are read again.
const HELD_BYTES: usize = 16 * 1024 * 1024;
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

/// What a probe found in a file.
struct Accepted {
    /// Where the rows are.
    selection: RowSelection,
    /// Their columns that the probe has read, unless they were too many to keep.
    columns: Option<RecordBatch>,
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
        let Some(probe) = &self.probe else {
            let mut start = 0;
            let mut batches = file.file.read(store, &file.partition.stored(&self.schema), None).await?;
            while let Some(batch) = batches.try_next().await? {
                let rows = batch.num_rows();
                let batch = file.partition.completed(batch, &self.schema, &self.location)?;
                let living = file.living(batch, start).map_err(fail)?;
                start += rows;
                if !self.send(living, file, out).await? {
                    return Ok(false);
                }
            }
            return Ok(true);
        };
        let mut open = file.file.open(store).await?;
        let Some(accepted) = self.accepted(&open, file, probe).await? else { return Ok(true) };
        let rest = self.not_probed(accepted.columns.as_ref()).map_err(fail)?;
        if let Some(columns) = accepted.columns.as_ref().filter(|_| rest.fields().is_empty()) {
            let at_once = rows_at_once(shown_bytes(columns), columns.num_rows());
            for start in (0..columns.num_rows()).step_by(at_once) {
                let part = columns.slice(start, at_once.min(columns.num_rows() - start));
                if !self.send(self.assembled(&[&part]).map_err(fail)?, file, out).await? {
                    return Ok(false);
                }
            }
            return Ok(true);
        }
        open.load_page_index().await?;
        let mut start = 0;
        let mut batches = open.read(&file.partition.stored(&rest), Some(accepted.selection))?;
        while let Some(batch) = batches.try_next().await? {
            let batch = file.partition.completed(batch, &rest, &self.location)?;
            let probed = accepted.columns.as_ref().map(|columns| columns.slice(start, batch.num_rows()));
            start += batch.num_rows();
            let parts: Vec<&RecordBatch> = probed.iter().chain([&batch]).collect();
            if !self.send(self.assembled(&parts).map_err(fail)?, file, out).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn send(&self, batch: RecordBatch, file: &LiveFile, out: &Batches) -> Result<bool> {
        if batch.num_rows() == 0 {
            return Ok(true);
        }
        let batch = self.named(batch, file).map_err(|error| LakeError::arrow(&self.location, error))?;
        Ok(out.send(Ok(batch)).await.is_ok())
    }

    /// The living rows that the probe accepts; none when there is none.
    async fn accepted(
        &self,
        open: &OpenFile,
        file: &LiveFile,
        (columns, filter): &(SchemaRef, RowFilter),
    ) -> Result<Option<Accepted>> {
        let fail = |error| LakeError::arrow(&self.location, error);
        let mut rows = 0;
        let mut hits = Vec::new();
        let (mut found, mut bytes) = (Vec::new(), 0);
        let mut batches = open.read(&file.partition.stored(columns), None)?;
        while let Some(batch) = batches.try_next().await? {
            let batch = file.partition.completed(batch, columns, &self.location)?;
            let mask = filter(&batch).map_err(fail)?;
            let is_hit = |row: usize| mask.is_valid(row) && mask.value(row) && file.is_alive(rows + row);
            let mask = BooleanArray::new(BooleanBuffer::collect_bool(batch.num_rows(), is_hit), None);
            if mask.true_count() > 0 {
                hits.extend(mask.values().set_indices().map(|row| rows + row));
                if bytes <= HELD_BYTES {
                    let batch = filter_record_batch(&batch, &mask).map_err(fail)?;
                    bytes += batch.get_array_memory_size();
                    found.push(batch);
                }
            }
            rows += batch.num_rows();
        }
        if hits.is_empty() {
            return Ok(None);
        }
        let selection = RowSelection::from_consecutive_ranges(ranges(&hits).into_iter(), rows);
        let columns = match bytes {
            0..=HELD_BYTES => Some(concat_batches(columns, &found).map_err(fail)?),
            _ => None,
        };
        Ok(Some(Accepted { selection, columns }))
    }

    /// Columns to give that are still to be read.
    fn not_probed(&self, probed: Option<&RecordBatch>) -> Result<SchemaRef, ArrowError> {
        let is_probed = |name: &str| probed.is_some_and(|probed| probed.column_by_name(name).is_some());
        let fields = self.schema.fields().iter().enumerate();
        let rest = fields.filter(|(_, field)| !is_probed(field.name())).map(|(index, _)| index);
        Ok(Arc::new(self.schema.project(&rest.collect::<Vec<_>>())?))
    }

    /// The columns to give, from batches that have them together.
    fn assembled(&self, parts: &[&RecordBatch]) -> Result<RecordBatch, ArrowError> {
        let columns = self.schema.fields().iter().map(|field| {
            let column = parts.iter().find_map(|part| part.column_by_name(field.name()));
            column.cloned().ok_or_else(|| ArrowError::SchemaError(format!("there is no column `{}`", field.name())))
        });
        let rows = parts.first().map(|part| part.num_rows());
        let options = RecordBatchOptions::new().with_row_count(rows);
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns.collect::<Result<_, _>>()?, &options)
    }

    fn named(&self, batch: RecordBatch, file: &LiveFile) -> Result<RecordBatch, ArrowError> {
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
