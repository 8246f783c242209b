//! One file on its way from a source into a table.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use bytes::Bytes;
use futures::TryStreamExt;
use object_store::ObjectStore;
use object_store::buffered::BufWriter;
use object_store::path::Path;
use parquet::arrow::ArrowWriter;
use parquet::errors::ParquetError;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use tokio::io::AsyncWriteExt;
use uuid::Uuid;

use super::chunks::Chunks;
use super::plan::{FilePlan, From, Plan};
use crate::error::{LakeError, Result};
use crate::parquet_file::{OpenFile, ParquetFile};
use crate::statistics::{IndexedColumns, added_file};
use crate::table::Table;
use crate::written::WrittenFiles;

/// Compressed bytes of a row group that are held at once, unless a limit of memory says less.
const MOST_BYTES_OF_GROUP: usize = 64 * 1024 * 1024;

/// Bytes on their way to the storage.
#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Buffer {
    fn take(&self) -> Bytes {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner)).into()
    }
}

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A file of a source that shall become a file of a table.
pub(super) struct FileCopy {
    location: String,
    file: ParquetFile,
    from: Arc<dyn ObjectStore>,
    to: Arc<dyn ObjectStore>,
    plan: Arc<Plan>,
    properties: WriterProperties,
    indexed: IndexedColumns,
    most_bytes: usize,
}

impl FileCopy {
    pub(super) fn new(table: &Table, file: ParquetFile, from: Arc<dyn ObjectStore>, plan: Arc<Plan>) -> Self {
        let options = table.options();
        // What is read and what is written are held at the same time.
        let most_bytes = options
            .memory
            .map_or(MOST_BYTES_OF_GROUP, |memory| MOST_BYTES_OF_GROUP.min(memory.row_group(options.files_at_once())));
        Self {
            location: table.location.to_string(),
            file,
            from,
            to: table.delta.log_store().object_store(None),
            plan,
            properties: table
                .writer_properties()
                .into_builder()
                .set_created_by(concat!("goldsmith-copy ", env!("CARGO_PKG_VERSION")).to_owned())
                .build(),
            indexed: table.indexed_columns(),
            most_bytes,
        }
    }

    /// Copies the file; none when it turns out not to qualify. Nothing is left of it after an error.
    pub(super) async fn run(self) -> Result<Option<WrittenFiles>> {
        let mut open = self.file.open(&self.from).await?;
        let Some(plan) = self.plan.of_file(open.metadata(), self.most_bytes) else { return Ok(None) };
        open.load_page_index().await?;
        let path = Path::from(format!("part-00000-{}-c000.parquet", Uuid::new_v4()));
        let mut upload = BufWriter::new(Arc::clone(&self.to), path.clone());
        match self.copy(&open, &plan, &mut upload).await {
            Ok((metadata, size)) => Ok(Some(self.written(&path, size, &metadata))),
            Err(error) => {
                if let Err(error) = upload.abort().await {
                    tracing::warn!(%error, "an unfinished upload could not be ended");
                }
                Err(error)
            }
        }
    }

    async fn copy(&self, open: &OpenFile, plan: &FilePlan, upload: &mut BufWriter) -> Result<(ParquetMetaData, u64)> {
        let corrupt = |error: ParquetError| self.file.corrupt(&error);
        let buffer = Buffer::default();
        let properties = Arc::new(self.properties.clone());
        let mut writer =
            SerializedFileWriter::new(buffer.clone(), Arc::clone(&plan.schema), properties).map_err(corrupt)?;
        for (number, group) in open.metadata().row_groups().iter().enumerate() {
            let rows = usize::try_from(group.num_rows()).unwrap_or_default();
            let copied = open.chunks(number, &plan.copied).await?;
            copied.verify().map_err(corrupt)?;
            let read = match plan.read.fields().is_empty() {
                true => RecordBatch::new_empty(Arc::clone(&plan.read)),
                false => {
                    let batches: Vec<_> = open.read_row_group(&plan.read, number)?.try_collect().await?;
                    concat_batches(&plan.read, &batches).map_err(|error| LakeError::arrow(&self.location, error))?
                }
            };
            let encoded = self.plan.encoded(plan, &read, rows);
            let encoded = self.encode(&encoded.map_err(|error| LakeError::arrow(&self.location, error))?)?;
            let mut row_group = writer.next_row_group().map_err(corrupt)?;
            for column in &plan.columns {
                let (chunks, leaves) = match column {
                    From::Copied(leaves) => (&copied, leaves),
                    From::Encoded(leaves) => (&encoded, leaves),
                };
                leaves.iter().try_for_each(|leaf| chunks.append(*leaf, &mut row_group)).map_err(corrupt)?;
            }
            row_group.close().map_err(corrupt)?;
            self.send(&buffer, upload).await?;
        }
        let metadata = writer.finish().map_err(corrupt)?;
        self.send(&buffer, upload).await?;
        upload.shutdown().await.map_err(|error| self.storage(error))?;
        Ok((metadata, writer.bytes_written() as u64))
    }

    /// Encodes columns as a row group of a file of their own.
    fn encode(&self, batch: &RecordBatch) -> Result<Chunks> {
        let fail = |error: ParquetError| LakeError::arrow(&self.location, error.into());
        let properties = self.properties.clone().into_builder();
        let properties = properties.set_max_row_group_row_count(None).set_max_row_group_bytes(None).build();
        let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).map_err(fail)?;
        writer.write(batch).map_err(fail)?;
        let bytes = Bytes::from(writer.into_inner().map_err(fail)?);
        let reader = ParquetMetaDataReader::new().with_page_index_policy(PageIndexPolicy::Optional);
        let metadata = Arc::new(reader.parse_and_finish(&bytes).map_err(fail)?);
        let columns: Vec<usize> = (0..metadata.file_metadata().schema_descr().num_columns()).collect();
        let ranges = Chunks::ranges(metadata.row_group(0), &columns);
        let index = |position: u64| usize::try_from(position).unwrap_or(usize::MAX);
        let parts = ranges.into_iter().map(|range| bytes.slice(index(range.start)..index(range.end))).collect();
        Ok(Chunks::new(metadata, 0, &columns, parts))
    }

    async fn send(&self, buffer: &Buffer, upload: &mut BufWriter) -> Result<()> {
        upload.put(buffer.take()).await.map_err(|error| LakeError::storage(&self.location, error))
    }

    fn storage(&self, error: std::io::Error) -> LakeError {
        let source = error.downcast::<object_store::Error>();
        let source =
            source.unwrap_or_else(|error| object_store::Error::Generic { store: "upload", source: error.into() });
        LakeError::storage(&self.location, source)
    }

    fn written(&self, path: &Path, size: u64, metadata: &ParquetMetaData) -> WrittenFiles {
        let rows = u64::try_from(metadata.file_metadata().num_rows()).unwrap_or_default();
        WrittenFiles::of(added_file(path, size, metadata, self.indexed), rows, Arc::clone(&self.to))
    }
}
