//! Writing data files.

use std::num::NonZeroU64;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use deltalake::datafile::writer::{DeltaWriter, WriterConfig};
use deltalake::kernel::Add;
use deltalake::table::config::TablePropertiesExt;
use object_store::ObjectStore;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::FileMetaData;
use parquet::file::properties::WriterProperties;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use tokio::task::JoinHandle;

use crate::batch_rows::{rows_at_once, shown_bytes};
use crate::clustering::Clustering;
use crate::conform::{check_columns, conform};
use crate::encoding::properties_for;
use crate::error::{LakeError, Result};
use crate::few_rows::{FewRows, SmallFile};
use crate::lake::FileCompression;
use crate::merge::Appender;
use crate::session::BATCH_ROWS;
use crate::statistics::{IndexedColumns, drop_inexact_bounds};
use crate::table::Table;
use crate::written::WrittenFiles;

/// How files begin to name who encoded them; the version follows.
const WRITER: &str = "goldsmith ";
/// Rows of a row group, as far as its bytes allow: what a file under construction holds in memory.
const ROW_GROUP_ROWS: usize = 128 * 1024;
/// Bytes of rows that are sorted together, unless a limit of memory says less.
const RUN_BYTES: usize = 64 * 1024 * 1024;
/// Batches that wait for a lane.
const LANE_CAPACITY: usize = 2;
/// So many rows come for each lane before a further one is opened: small files cost every later reader more than they save here.
const ROWS_PER_LANE: u64 = 64 * 1024;
/// Bytes of rows that make one file without a lane, unless a limit of memory says less.
const BYTES_WITHOUT_LANE: u64 = 16 * 1024 * 1024;

/// Streams rows into new data files of a table. Nothing is visible before [`Table::commit`].
///
/// Rows of a table with rules of its own ([`crate::Guards`]) are checked and written by delta-rs.
///
/// Memory is bounded by one row group per thread. Further files are written in parallel only while one writer cannot keep up, and
/// there are rows enough for them, so that few rows make one file, whose columns are encoded in parallel. Dropping the writer abandons
/// its files.
pub struct TableWriter {
    location: String,
    schema: SchemaRef,
    store: Arc<dyn ObjectStore>,
    config: WriterConfig,
    properties: WriterProperties,
    indexed: IndexedColumns,
    threads: usize,
    /// Rows that were taken, until there are enough for a lane.
    few: Option<FewRows>,
    lanes: Vec<Lane>,
    next: usize,
    /// Rows that were taken.
    rows: u64,
    /// Rows that were given to lanes.
    sent: u64,
    /// Sorts the rows on their way to the lanes.
    clustering: Option<Clustering>,
    /// Writes instead of the lanes when the table has rules of its own.
    appender: Option<Box<Appender>>,
}

struct Lane {
    sender: mpsc::Sender<RecordBatch>,
    task: JoinHandle<deltalake::DeltaResult<Vec<Add>>>,
}

impl Table {
    /// A writer for new rows of this table.
    ///
    /// # Errors
    /// [`LakeError::UnsupportedFeature`] when the table must not be written by this engine.
    pub fn writer(&self) -> Result<TableWriter> {
        self.check_writable()?;
        let location = self.location.to_string();
        let options = self.options();
        let schema = self.data_schema()?;
        let properties = self.writer_properties();
        let appender = if self.guards()?.is_empty() {
            None
        } else {
            Some(Box::new(Appender::new(self.clone(), properties.clone())))
        };
        let threads = options.files_at_once();
        let snapshot = self.snapshot()?;
        let config = WriterConfig::new(
            Arc::clone(&schema),
            Vec::new(),
            Some(properties.clone()),
            NonZeroU64::new(options.target_file_size),
            Some(BATCH_ROWS),
            snapshot.table_properties().num_indexed_cols(),
            None,
        );
        // A run is held twice while it is sorted, beside the row groups.
        let group_bytes = options.memory.map(|memory| memory.row_group(threads));
        let run_bytes = group_bytes.map_or(RUN_BYTES, |bytes| RUN_BYTES.min(bytes / 4));
        let few_bytes = group_bytes.map_or(BYTES_WITHOUT_LANE, |bytes| BYTES_WITHOUT_LANE.min(bytes as u64 / 4));
        let clustering = Clustering::new(&schema, &self.clustered_by, ROW_GROUP_ROWS, run_bytes);
        Ok(TableWriter {
            location,
            schema,
            store: self.delta.log_store().object_store(None),
            config,
            properties,
            indexed: self.indexed_columns(),
            threads,
            few: (threads > 1).then(|| FewRows::new(ROWS_PER_LANE, few_bytes)),
            lanes: Vec::new(),
            next: 0,
            rows: 0,
            sent: 0,
            clustering,
            appender,
        })
    }

    /// How data files are written.
    pub(crate) fn writer_properties(&self) -> WriterProperties {
        let options = self.options();
        let compression = match options.compression {
            FileCompression::Zstd => Compression::ZSTD(ZstdLevel::default()),
            FileCompression::Snappy => Compression::SNAPPY,
        };
        WriterProperties::builder()
            .set_created_by(format!("{WRITER}{}", env!("CARGO_PKG_VERSION")))
            .set_compression(compression)
            .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
            .set_max_row_group_bytes(options.memory.map(|memory| memory.row_group(options.files_at_once())))
            .set_write_batch_size(BATCH_ROWS)
            .build()
    }
}

/// Whether a file was encoded by this crate, as its footer says; one that was copied was not.
pub(crate) fn is_own(footer: &FileMetaData) -> bool {
    footer.created_by().is_some_and(|by| by.starts_with(WRITER))
}

impl TableWriter {
    /// Writes one file after the other, so that there are as few as possible.
    pub(crate) fn one_by_one(mut self) -> Self {
        self.threads = 1;
        self.few = None;
        self
    }

    /// Writes a batch. Its columns are matched by name and cast to the types of the table; nested fields may be absent.
    ///
    /// # Errors
    /// [`LakeError::MissingColumn`], [`LakeError::UnexpectedColumn`], [`LakeError::ValueDoesNotFit`],
    /// [`LakeError::BrokenRule`] and errors of the storage.
    pub async fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        if let Some(appender) = &mut self.appender {
            self.rows += batch.num_rows() as u64;
            return appender.write(batch).await;
        }
        if batch.schema_ref() != &self.schema {
            check_columns(batch.schema_ref(), &self.schema, &self.location)?;
        }
        if batch.num_rows() == 0 {
            return Ok(());
        }
        let batch = conform(batch, &self.schema, &self.location)?;
        self.rows += batch.num_rows() as u64;
        match &mut self.clustering {
            None => self.send_parts(&batch).await,
            Some(clustering) => {
                for run in clustering.push(batch).map_err(|error| LakeError::arrow(&self.location, error))? {
                    self.send_parts(&run).await?;
                }
                Ok(())
            }
        }
    }

    /// Parts of a large batch are written in parallel. They have few bytes, as row groups end after a part.
    async fn send_parts(&mut self, batch: &RecordBatch) -> Result<()> {
        let bytes = shown_bytes(batch);
        let Some(few) = &mut self.few else { return self.cut(batch, bytes).await };
        if let Some(many) = few.push(batch.clone(), bytes) {
            self.few = None;
            for batch in many {
                self.cut(&batch, shown_bytes(&batch)).await?;
            }
        }
        Ok(())
    }

    async fn cut(&mut self, batch: &RecordBatch, bytes: u64) -> Result<()> {
        let at_once = rows_at_once(bytes, batch.num_rows());
        for start in (0..batch.num_rows()).step_by(at_once) {
            self.send(batch.slice(start, at_once.min(batch.num_rows() - start))).await?;
        }
        Ok(())
    }

    /// Gives a batch to a lane that is free, to a new one, or to the next one once it is free.
    async fn send(&mut self, mut batch: RecordBatch) -> Result<()> {
        let rows = batch.num_rows() as u64;
        for lane in &self.lanes {
            match lane.sender.try_send(batch) {
                Ok(()) => {
                    self.sent += rows;
                    return Ok(());
                }
                Err(TrySendError::Full(back) | TrySendError::Closed(back)) => batch = back,
            }
        }
        let is_worth_a_lane = self.sent >= self.lanes.len() as u64 * ROWS_PER_LANE;
        self.sent += rows;
        if self.lanes.len() < self.threads && is_worth_a_lane {
            self.lanes.push(self.open_lane(&batch));
            self.next = self.lanes.len() - 1;
        } else {
            self.next = (self.next + 1) % self.lanes.len();
        }
        let closed = match self.lanes.get(self.next) {
            Some(lane) => lane.sender.send(batch).await.is_err(),
            None => true,
        };
        if closed {
            // Only a failure ends a lane; joining it tells which.
            return Err(self.failure().await);
        }
        Ok(())
    }

    /// Ends the files.
    ///
    /// # Errors
    /// Errors of the storage; the files written so far are deleted then.
    pub async fn finish(mut self) -> Result<WrittenFiles> {
        match self.clustering.as_mut().map(Clustering::run).transpose() {
            Ok(run) => {
                for batch in run.iter().flatten() {
                    self.send_parts(batch).await?;
                }
            }
            Err(error) => {
                let error = LakeError::arrow(&self.location, error);
                self.abort().await;
                return Err(error);
            }
        }
        if let Some(few) = self.few.take().map(FewRows::into_batches).filter(|few| !few.is_empty()) {
            return self.write_few(&few).await;
        }
        let (written, error) = self.close().await;
        match error {
            Some(error) => {
                written.discard().await;
                Err(error)
            }
            None => Ok(written),
        }
    }

    /// Gives up, and deletes what was written.
    pub async fn abort(mut self) {
        let (written, _) = self.close().await;
        written.discard().await;
    }

    /// Writes all rows as one file.
    async fn write_few(&self, batches: &[RecordBatch]) -> Result<WrittenFiles> {
        let properties = match batches.first() {
            Some(first) => properties_for(self.properties.clone(), first),
            None => self.properties.clone(),
        };
        let file = SmallFile {
            location: self.location.clone(),
            store: Arc::clone(&self.store),
            schema: Arc::clone(&self.schema),
            properties,
            indexed: self.indexed,
            threads: self.threads,
        };
        let mut add = file.write(batches).await?;
        drop_inexact_bounds(&mut add, self.schema.fields());
        Ok(WrittenFiles::of(add, self.rows, Arc::clone(&self.store)))
    }

    /// A lane for files that begin with this batch.
    fn open_lane(&self, first: &RecordBatch) -> Lane {
        let (sender, mut receiver) = mpsc::channel::<RecordBatch>(LANE_CAPACITY);
        let properties = properties_for(self.properties.clone(), first);
        let mut writer =
            DeltaWriter::new(Arc::clone(&self.store), self.config.clone()).with_writer_properties(properties);
        let task = tokio::spawn(async move {
            while let Some(batch) = receiver.recv().await {
                if let Err(error) = writer.write(&batch).await {
                    if let Err(error) = writer.abort().await {
                        tracing::warn!(%error, "an unfinished upload could not be ended");
                    }
                    return Err(error);
                }
            }
            writer.close().await
        });
        Lane { sender, task }
    }

    async fn failure(&mut self) -> LakeError {
        let (written, error) = self.close().await;
        written.discard().await;
        error.unwrap_or_else(|| LakeError::Task {
            location: self.location.clone(),
            reason: "a writer ended early".to_owned(),
        })
    }

    async fn close(&mut self) -> (WrittenFiles, Option<LakeError>) {
        let mut adds = Vec::new();
        let mut first_error = None;
        if let Some(appender) = &mut self.appender {
            match appender.finish().await {
                Ok(files) => adds.extend(files),
                Err(error) => first_error = Some(error),
            }
        }
        // All lanes are told to end before the first is awaited, so that they end in parallel.
        let tasks: Vec<_> = std::mem::take(&mut self.lanes).into_iter().map(|lane| lane.task).collect();
        for task in tasks {
            let error = match task.await {
                Ok(Ok(files)) => {
                    adds.extend(files);
                    continue;
                }
                Ok(Err(error)) => LakeError::delta(&self.location, error),
                Err(error) => LakeError::Task { location: self.location.clone(), reason: error.to_string() },
            };
            first_error.get_or_insert(error);
        }
        for add in &mut adds {
            drop_inexact_bounds(add, self.schema.fields());
        }
        adds.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        let written = WrittenFiles { adds, rows: self.rows, store: Some(Arc::clone(&self.store)) };
        (written, first_error)
    }
}

impl Drop for TableWriter {
    fn drop(&mut self) {
        for lane in &self.lanes {
            lane.task.abort();
        }
    }
}
