//! How DataFusion reads the files of a table.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use arrow::datatypes::{DataType, Schema};
use bytes::Bytes;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::ParquetFileReaderFactory;
use datafusion::datasource::physical_plan::parquet::CachedParquetFileReaderFactory;
use datafusion::execution::cache::default_cache::DefaultCache;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use futures::FutureExt;
use futures::future::BoxFuture;
use object_store::ObjectStore;
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::basic::Type;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};

use crate::parquet_file::ParquetFile;

/// Bytes of footers that a table keeps, so that several partitions which read one file read its footer once.
const FOOTERS: usize = 32 * 1024 * 1024;

/// Makes readers for the files of one table.
pub(super) struct Readers {
    files: CachedParquetFileReaderFactory,
    store: Arc<dyn ObjectStore>,
    /// The table, as errors name it.
    location: String,
    has_floats: bool,
}

impl fmt::Debug for Readers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Readers").field("has_floats", &self.has_floats).finish_non_exhaustive()
    }
}

impl Readers {
    /// The store is that of the table, and so is the cache: paths are relative to the table, and a file never changes.
    pub(super) fn new(store: Arc<dyn ObjectStore>, location: String, schema: &Schema) -> Self {
        let is_float = |data_type: &DataType| matches!(data_type, DataType::Float32 | DataType::Float64);
        Self {
            files: CachedParquetFileReaderFactory::new(Arc::clone(&store), Arc::new(DefaultCache::new(FOOTERS))),
            store,
            location,
            has_floats: schema.fields().iter().any(|field| is_float(field.data_type())),
        }
    }
}

impl ParquetFileReaderFactory for Readers {
    fn create_reader(
        &self,
        partition_index: usize,
        file: PartitionedFile,
        metadata_size_hint: Option<usize>,
        metrics: &ExecutionPlanMetricsSet,
    ) -> datafusion::error::Result<Box<dyn AsyncFileReader + Send>> {
        let path = file.object_meta.location.clone();
        let named = ParquetFile {
            display: format!("{}/{path}", self.location),
            path,
            size: file.object_meta.size,
            is_loose: false,
        };
        let reader = self.files.create_reader(partition_index, file, metadata_size_hint, metrics)?;
        let reader: Box<dyn AsyncFileReader + Send> =
            if self.has_floats { Box::new(WithoutFloatBounds(reader)) } else { reader };
        Ok(Box::new(Named { reader, file: named, store: Arc::clone(&self.store) }))
    }
}

/// A file whose errors are those of this crate, which name the table and the file, and tell a damaged file from a storage that failed.
struct Named {
    reader: Box<dyn AsyncFileReader + Send>,
    file: ParquetFile,
    store: Arc<dyn ObjectStore>,
}

impl AsyncFileReader for Named {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, Result<Bytes>> {
        async move {
            match self.reader.get_bytes(range).await {
                Ok(bytes) => Ok(bytes),
                Err(error) => Err(explained(self.file.clone(), Arc::clone(&self.store), error).await),
            }
        }
        .boxed()
    }

    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, Result<Vec<Bytes>>> {
        async move {
            match self.reader.get_byte_ranges(ranges).await {
                Ok(bytes) => Ok(bytes),
                Err(error) => Err(explained(self.file.clone(), Arc::clone(&self.store), error).await),
            }
        }
        .boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, Result<Arc<ParquetMetaData>>> {
        async move {
            let error = match self.reader.get_metadata(options).await {
                Ok(metadata) => return Ok(metadata),
                Err(error) => error,
            };
            let (file, store) = (self.file.clone(), Arc::clone(&self.store));
            // What DataFusion says of a footer has lost its cause.
            match file.open(&store).await {
                Ok(_) => Err(explained(file, store, error).await),
                Err(error) => Err(ParquetError::External(Box::new(error))),
            }
        }
        .boxed()
    }
}

async fn explained(file: ParquetFile, store: Arc<dyn ObjectStore>, error: ParquetError) -> ParquetError {
    ParquetError::External(Box::new(file.explain(&store, error).await))
}

/// A file as if nothing was known of its floating point numbers. Their bounds in Parquet leave out what is not a number, which
/// for SQL is greater than all others, so that DataFusion would pass over rows.
struct WithoutFloatBounds(Box<dyn AsyncFileReader + Send>);

impl AsyncFileReader for WithoutFloatBounds {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, Result<Bytes>> {
        self.0.get_bytes(range)
    }

    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, Result<Vec<Bytes>>> {
        self.0.get_byte_ranges(ranges)
    }

    fn get_metadata<'a>(
        &'a mut self,
        options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, Result<Arc<ParquetMetaData>>> {
        async move { self.0.get_metadata(options).await.and_then(|metadata| without_float_bounds(&metadata)) }.boxed()
    }
}

fn without_float_bounds(metadata: &ParquetMetaData) -> Result<Arc<ParquetMetaData>> {
    let mut builder = metadata.clone().into_builder();
    let mut groups = Vec::with_capacity(builder.row_groups().len());
    for group in builder.take_row_groups() {
        let columns = group.columns().iter().map(without_bounds).collect::<Result<Vec<_>>>()?;
        groups.push(group.into_builder().set_column_metadata(columns).build()?);
    }
    // An index of pages that came along is read again, without those columns, when it is wanted.
    Ok(Arc::new(builder.set_row_groups(groups).set_column_index(None).build()))
}

fn without_bounds(column: &ColumnChunkMetaData) -> Result<ColumnChunkMetaData> {
    match column.column_type() {
        Type::FLOAT | Type::DOUBLE => column
            .clone()
            .into_builder()
            .clear_statistics()
            .set_column_index_offset(None)
            .set_column_index_length(None)
            .build(),
        _ => Ok(column.clone()),
    }
}
