//! Reading one Parquet file directly: its schema, some of its columns, some of its rows.

use std::fmt::Display;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt, TryFutureExt};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, RowSelection};
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::basic::Type as PhysicalType;
use parquet::errors::ParquetError;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader};

use crate::copy::Chunks;
use crate::error::{LakeError, Result};
use crate::parquet_rows::{Kept, Rows};

/// So much of the end of a file is asked for at once: most footers fit, and need no second request.
const FOOTER_BYTES: usize = 64 * 1024;

/// A file of a known size, and how to name it in an error.
#[derive(Debug, Clone)]
pub(crate) struct ParquetFile {
    pub(crate) path: Path,
    pub(crate) size: u64,
    pub(crate) display: String,
    /// Whether it lies in a directory without a log, so that it can be taken away.
    pub(crate) is_loose: bool,
}

/// What reads ranges of a file.
pub(crate) struct StoreReader {
    store: Arc<dyn ObjectStore>,
    path: Path,
    size: u64,
    /// What was read last, for somebody who may ask for it again.
    kept: Option<Kept>,
}

impl AsyncFileReader for StoreReader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, parquet::errors::Result<Bytes>> {
        self.store.get_range(&self.path, range).map_err(|error| ParquetError::External(Box::new(error))).boxed()
    }

    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, parquet::errors::Result<Vec<Bytes>>> {
        async move {
            if let Some(bytes) = self.kept.as_ref().and_then(|kept| kept.find(&ranges)) {
                return Ok(bytes);
            }
            if let Some(kept) = &self.kept {
                kept.replace(&[], &[]);
            }
            let read = self.store.get_ranges(&self.path, &ranges).await;
            let bytes = read.map_err(|error| ParquetError::External(Box::new(error)))?;
            if let Some(kept) = &self.kept {
                kept.replace(&ranges, &bytes);
            }
            Ok(bytes)
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
                .with_prefetch_hint(Some(FOOTER_BYTES))
                .load_and_finish(self, size)
                .await
                .map(Arc::new)
        }
        .boxed()
    }
}

/// How the columns of a file are read as Arrow. Instants of 96 bits, as Spark and others write them by default, are microseconds as
/// everywhere in Delta: as nanoseconds, which is what they would be otherwise, dates beyond the year 2262 would come out as others.
pub(crate) fn as_arrow(
    metadata: Arc<ParquetMetaData>,
    options: ArrowReaderOptions,
) -> parquet::errors::Result<ArrowReaderMetadata> {
    let plain = ArrowReaderMetadata::try_new(Arc::clone(&metadata), options.clone())?;
    let leaves = metadata.file_metadata().schema_descr().columns();
    if leaves.iter().all(|leaf| leaf.physical_type() != PhysicalType::INT96) {
        return Ok(plain);
    }
    let mut is_instant = leaves.iter().map(|leaf| leaf.physical_type() == PhysicalType::INT96);
    let fields: Vec<Field> =
        plain.schema().fields().iter().map(|field| with_microseconds(field, &mut is_instant)).collect();
    ArrowReaderMetadata::try_new(metadata, options.with_schema(Arc::new(Schema::new(fields))))
}

/// A field whose leaves are microseconds where the iterator, which goes over the leaves in the order of the file, says so.
fn with_microseconds(field: &Field, is_instant: &mut impl Iterator<Item = bool>) -> Field {
    let data_type = match field.data_type() {
        DataType::Struct(fields) => {
            DataType::Struct(fields.iter().map(|field| with_microseconds(field, is_instant)).collect())
        }
        DataType::List(element) => DataType::List(Arc::new(with_microseconds(element, is_instant))),
        DataType::LargeList(element) => DataType::LargeList(Arc::new(with_microseconds(element, is_instant))),
        DataType::ListView(element) => DataType::ListView(Arc::new(with_microseconds(element, is_instant))),
        DataType::LargeListView(element) => DataType::LargeListView(Arc::new(with_microseconds(element, is_instant))),
        DataType::FixedSizeList(element, size) => {
            DataType::FixedSizeList(Arc::new(with_microseconds(element, is_instant)), *size)
        }
        DataType::Map(entries, sorted) => DataType::Map(Arc::new(with_microseconds(entries, is_instant)), *sorted),
        other if is_instant.next() == Some(true) => {
            debug_assert!(matches!(other, DataType::Timestamp(..)));
            DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
        }
        other => other.clone(),
    };
    field.clone().with_data_type(data_type)
}

fn with_views(field: &Field) -> Field {
    let data_type = match field.data_type() {
        DataType::Utf8 | DataType::LargeUtf8 => DataType::Utf8View,
        DataType::Binary | DataType::LargeBinary => DataType::BinaryView,
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(|field| with_views(field)).collect()),
        other => other.clone(),
    };
    field.clone().with_data_type(data_type)
}

/// A file whose footer is read.
#[derive(Clone)]
pub(crate) struct OpenFile {
    file: ParquetFile,
    store: Arc<dyn ObjectStore>,
    metadata: ArrowReaderMetadata,
}

impl ParquetFile {
    /// Reads the footer.
    pub(crate) async fn open(&self, store: &Arc<dyn ObjectStore>) -> Result<OpenFile> {
        let mut reader = self.reader(store);
        let loaded = reader.get_metadata(None).await.and_then(|metadata| as_arrow(metadata, ArrowReaderOptions::new()));
        match loaded {
            Ok(metadata) => Ok(OpenFile { file: self.clone(), store: Arc::clone(store), metadata }),
            Err(error) => Err(self.explain(store, error).await),
        }
    }

    /// The number of rows, as the footer says.
    pub(crate) async fn num_rows(&self, store: &Arc<dyn ObjectStore>) -> Result<u64> {
        let rows = self.open(store).await?.metadata.metadata().file_metadata().num_rows();
        Ok(u64::try_from(rows).unwrap_or_default())
    }

    /// The schema of the rows.
    pub(crate) async fn schema(&self, store: &Arc<dyn ObjectStore>) -> Result<SchemaRef> {
        Ok(Arc::clone(self.open(store).await?.schema()))
    }

    /// Opens the file and streams it as [`OpenFile::read`] does.
    pub(crate) async fn read(
        &self,
        store: &Arc<dyn ObjectStore>,
        target: &SchemaRef,
        selection: Option<RowSelection>,
    ) -> Result<BoxStream<'static, Result<RecordBatch>>> {
        let mut open = self.open(store).await?;
        if selection.is_some() {
            open.load_page_index().await?;
        }
        open.read(target, selection)
    }

    fn reader(&self, store: &Arc<dyn ObjectStore>) -> StoreReader {
        StoreReader { store: Arc::clone(store), path: self.path.clone(), size: self.size, kept: None }
    }

    /// Tells a damaged file from a storage that failed.
    pub(crate) async fn explain(&self, store: &Arc<dyn ObjectStore>, error: ParquetError) -> LakeError {
        let ParquetError::External(source) = error else {
            return self.corrupt(&error);
        };
        match source.downcast::<object_store::Error>() {
            Ok(source) => match store.head(&self.path).await {
                Ok(meta) if meta.size != self.size => {
                    self.corrupt(&format!("it has {} bytes instead of {}", meta.size, self.size))
                }
                _ => LakeError::storage(&self.display, *source),
            },
            Err(source) => self.corrupt(&source),
        }
    }

    pub(crate) fn corrupt(&self, reason: &dyn Display) -> LakeError {
        LakeError::CorruptFile { file: self.display.clone(), reason: reason.to_string(), is_loose: self.is_loose }
    }
}

impl OpenFile {
    /// Reads where the pages of the columns begin, if the file tells: a selection of rows then reads only their pages.
    pub(crate) async fn load_page_index(&mut self) -> Result<()> {
        let metadata = self.metadata.metadata().as_ref().clone();
        let mut reader =
            ParquetMetaDataReader::new_with_metadata(metadata).with_page_index_policy(PageIndexPolicy::Optional);
        let mut file = self.file.reader(&self.store);
        let loaded = reader.load_page_index(&mut file).await.and_then(|()| reader.finish());
        let loaded = loaded.and_then(|metadata| as_arrow(Arc::new(metadata), ArrowReaderOptions::new()));
        match loaded {
            Ok(metadata) => {
                self.metadata = metadata;
                Ok(())
            }
            Err(error) => Err(self.file.explain(&self.store, error).await),
        }
    }

    /// Bytes that a column takes in the file, all columns below it together.
    pub(crate) fn compressed_size(&self, column: &str) -> u64 {
        let is_of_column = |path: &[String]| path.first().is_some_and(|root| root == column);
        let groups = self.metadata.metadata().row_groups().iter();
        let chunks = groups.flat_map(|group| group.columns());
        let sizes =
            chunks.filter(|chunk| is_of_column(chunk.column_path().parts())).map(|chunk| chunk.compressed_size());
        sizes.map(|size| u64::try_from(size).unwrap_or_default()).sum()
    }

    /// The schema of the rows.
    pub(crate) fn schema(&self) -> &SchemaRef {
        self.metadata.schema()
    }

    /// The footer.
    pub(crate) fn metadata(&self) -> &Arc<ParquetMetaData> {
        self.metadata.metadata()
    }

    /// Reads columns of a row group, by their numbers in the file, as they are encoded.
    pub(crate) async fn chunks(&self, group: usize, columns: &[usize]) -> Result<Chunks> {
        let metadata = Arc::clone(self.metadata());
        let ranges = Chunks::ranges(metadata.row_group(group), columns);
        match self.file.reader(&self.store).get_byte_ranges(ranges).await {
            Ok(bytes) => Ok(Chunks::new(metadata, group, columns, bytes)),
            Err(error) => Err(self.file.explain(&self.store, error).await),
        }
    }

    /// Streams the columns of `target` in its types, all rows or those of `selection`, in the order of the file.
    ///
    /// Columns that the file has not are null.
    pub(crate) fn read(
        &self,
        target: &SchemaRef,
        selection: Option<RowSelection>,
    ) -> Result<BoxStream<'static, Result<RecordBatch>>> {
        self.stream(target, selection, None)
    }

    /// As [`Self::read`], all rows of one row group.
    pub(crate) fn read_row_group(
        &self,
        target: &SchemaRef,
        group: usize,
    ) -> Result<BoxStream<'static, Result<RecordBatch>>> {
        self.stream(target, None, Some(group))
    }

    fn stream(
        &self,
        target: &SchemaRef,
        selection: Option<RowSelection>,
        group: Option<usize>,
    ) -> Result<BoxStream<'static, Result<RecordBatch>>> {
        let rows = Rows::new(self.clone(), Arc::clone(target), selection, group)?;
        let batches = futures::stream::try_unfold(rows, |mut rows| async move {
            let batch = rows.next().await;
            batch.map(|batch| batch.map(|batch| (batch, rows)))
        });
        Ok(batches.boxed())
    }

    pub(crate) fn file(&self) -> &ParquetFile {
        &self.file
    }

    /// How the footer is read as Arrow.
    pub(crate) fn arrow(&self) -> &ArrowReaderMetadata {
        &self.metadata
    }

    /// How the footer is read as Arrow when texts are to be views of what is decoded, and not copies. Those in lists and maps stay.
    pub(crate) fn arrow_with_views(&self) -> Result<ArrowReaderMetadata> {
        let fields: Vec<Field> = self.schema().fields().iter().map(|field| with_views(field)).collect();
        let options = ArrowReaderOptions::new().with_schema(Arc::new(Schema::new(fields)));
        ArrowReaderMetadata::try_new(Arc::clone(self.metadata()), options).map_err(|error| self.file.corrupt(&error))
    }

    /// What reads the file, with what it has read last.
    pub(crate) fn reader(&self, kept: Kept) -> StoreReader {
        StoreReader { kept: Some(kept), ..self.file.reader(&self.store) }
    }

    /// Tells a damaged file from a storage that failed.
    pub(crate) async fn explain(&self, error: ParquetError) -> LakeError {
        self.file.explain(&self.store, error).await
    }
}
