//! Reading one Parquet file directly: its schema, some of its columns, some of its rows.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt, TryFutureExt};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::arrow_reader::{ArrowReaderOptions, RowSelection};
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::arrow::{ParquetRecordBatchStreamBuilder, ProjectionMask};
use parquet::errors::ParquetError;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader};

use crate::conform::conform;
use crate::error::{LakeError, Result};
use crate::session::BATCH_ROWS;

/// A file of a known size, and how to name it in an error.
#[derive(Debug, Clone)]
pub(crate) struct ParquetFile {
    pub(crate) path: Path,
    pub(crate) size: u64,
    pub(crate) display: String,
}

struct StoreReader {
    store: Arc<dyn ObjectStore>,
    path: Path,
    size: u64,
}

impl AsyncFileReader for StoreReader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, parquet::errors::Result<Bytes>> {
        self.store.get_range(&self.path, range).map_err(|error| ParquetError::External(Box::new(error))).boxed()
    }

    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, parquet::errors::Result<Vec<Bytes>>> {
        async move {
            self.store.get_ranges(&self.path, &ranges).await.map_err(|error| ParquetError::External(Box::new(error)))
        }
        .boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, parquet::errors::Result<Arc<ParquetMetaData>>> {
        async move {
            let size = self.size;
            ParquetMetaDataReader::new()
                .with_arrow_reader_options(options)
                .load_and_finish(self, size)
                .await
                .map(Arc::new)
        }
        .boxed()
    }
}

impl ParquetFile {
    /// The number of rows, as the footer says.
    pub(crate) async fn num_rows(&self, store: &Arc<dyn ObjectStore>) -> Result<u64> {
        let builder = self.builder(store, ArrowReaderOptions::new()).await?;
        let rows = builder.metadata().file_metadata().num_rows();
        Ok(u64::try_from(rows).unwrap_or_default())
    }

    /// The schema of the rows.
    pub(crate) async fn schema(&self, store: &Arc<dyn ObjectStore>) -> Result<SchemaRef> {
        let builder = self.builder(store, ArrowReaderOptions::new()).await?;
        Ok(Arc::clone(builder.schema()))
    }

    /// Streams the columns of `target` in its types, all rows or those of `selection`, in the order of the file.
    ///
    /// Columns that the file has not are null.
    pub(crate) async fn read(
        &self,
        store: &Arc<dyn ObjectStore>,
        target: &SchemaRef,
        selection: Option<RowSelection>,
    ) -> Result<BoxStream<'static, Result<RecordBatch>>> {
        let mut options = ArrowReaderOptions::new();
        if selection.is_some() {
            options = options.with_page_index_policy(PageIndexPolicy::Optional);
        }
        let builder = self.builder(store, options).await?;
        let columns: Vec<usize> = builder
            .schema()
            .fields()
            .iter()
            .enumerate()
            .filter(|(_, field)| target.column_with_name(field.name()).is_some())
            .map(|(index, _)| index)
            .collect();
        let mask = ProjectionMask::roots(builder.parquet_schema(), columns);
        let mut builder = builder.with_projection(mask).with_batch_size(BATCH_ROWS);
        if let Some(selection) = selection {
            builder = builder.with_row_selection(selection);
        }
        let stream = builder.build().map_err(|error| self.corrupt(&error))?;
        let file = self.clone();
        let store = Arc::clone(store);
        let target = Arc::clone(target);
        Ok(stream
            .then(move |batch| {
                let file = file.clone();
                let store = Arc::clone(&store);
                let target = Arc::clone(&target);
                async move {
                    match batch {
                        Ok(batch) => conform(&batch, &target, &file.display),
                        Err(error) => Err(file.explain(&store, error).await),
                    }
                }
            })
            .boxed())
    }

    async fn builder(
        &self,
        store: &Arc<dyn ObjectStore>,
        options: ArrowReaderOptions,
    ) -> Result<ParquetRecordBatchStreamBuilder<StoreReader>> {
        let reader = StoreReader { store: Arc::clone(store), path: self.path.clone(), size: self.size };
        match ParquetRecordBatchStreamBuilder::new_with_options(reader, options).await {
            Ok(builder) => Ok(builder),
            Err(error) => Err(self.explain(store, error).await),
        }
    }

    /// Tells a damaged file from a storage that failed.
    async fn explain(&self, store: &Arc<dyn ObjectStore>, error: ParquetError) -> LakeError {
        let ParquetError::External(source) = error else {
            return self.corrupt(&error);
        };
        match source.downcast::<object_store::Error>() {
            Ok(source) => match store.head(&self.path).await {
                Ok(meta) if meta.size != self.size => LakeError::CorruptFile {
                    file: self.display.clone(),
                    reason: format!("it has {} bytes instead of {}", meta.size, self.size),
                },
                _ => LakeError::storage(&self.display, *source),
            },
            Err(source) => LakeError::CorruptFile { file: self.display.clone(), reason: source.to_string() },
        }
    }

    fn corrupt(&self, error: &ParquetError) -> LakeError {
        LakeError::CorruptFile { file: self.display.clone(), reason: error.to_string() }
    }
}
