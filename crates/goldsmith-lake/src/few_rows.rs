//! Few rows as one file, of which the columns are encoded at the same time.
//!
//! One file is what readers want of an increment, and encoding it is most of what a small upsert costs. So rows that are too few for
//! several files are gathered, and each column is encoded by a task of its own.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::{FieldRef, SchemaRef};
use bytes::Bytes;
use deltalake::kernel::Add;
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::{ArrowColumnChunk, ArrowColumnWriter, compute_leaves};
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::metadata::ParquetMetaData;
use parquet::file::properties::WriterProperties;
use uuid::Uuid;

use crate::error::{LakeError, Result};
use crate::statistics::{IndexedColumns, added_file};

/// Rows that are gathered, as far as they are few.
#[derive(Debug)]
pub(crate) struct FewRows {
    batches: Vec<RecordBatch>,
    rows: u64,
    bytes: u64,
    most_rows: u64,
    most_bytes: u64,
}

impl FewRows {
    /// No rows yet, and as many as so many rows and bytes.
    pub(crate) fn new(most_rows: u64, most_bytes: u64) -> Self {
        Self { batches: Vec::new(), rows: 0, bytes: 0, most_rows, most_bytes }
    }

    /// Takes a batch of so many bytes. Returns all rows when they are not few any more.
    pub(crate) fn push(&mut self, batch: RecordBatch, bytes: u64) -> Option<Vec<RecordBatch>> {
        self.rows += batch.num_rows() as u64;
        self.bytes += bytes;
        self.batches.push(batch);
        (self.rows > self.most_rows || self.bytes > self.most_bytes).then(|| std::mem::take(&mut self.batches))
    }

    /// The rows that were gathered.
    pub(crate) fn into_batches(self) -> Vec<RecordBatch> {
        self.batches
    }
}

/// A file that is to be made of a few rows.
pub(crate) struct SmallFile {
    pub(crate) location: String,
    pub(crate) store: Arc<dyn ObjectStore>,
    pub(crate) schema: SchemaRef,
    pub(crate) properties: WriterProperties,
    pub(crate) indexed: IndexedColumns,
    /// Columns that are encoded at the same time.
    pub(crate) threads: usize,
}

impl SmallFile {
    /// Writes the rows as a file of one row group. Nothing is left of it after an error.
    pub(crate) async fn write(self, batches: &[RecordBatch]) -> Result<Add> {
        let (bytes, metadata) = self.encode(batches).await?;
        let (path, size) = (Path::from(format!("part-00000-{}-c000.parquet", Uuid::new_v4())), bytes.len() as u64);
        let stored = self.store.put(&path, bytes.into()).await;
        stored.map_err(|error| LakeError::storage(&format!("{}/{path}", self.location), error))?;
        Ok(added_file(&path, size, &metadata, self.indexed))
    }

    async fn encode(&self, batches: &[RecordBatch]) -> Result<(Bytes, ParquetMetaData)> {
        let fail = |error: ParquetError| LakeError::arrow(&self.location, error.into());
        let writer = ArrowWriter::try_new(Vec::new(), Arc::clone(&self.schema), Some(self.properties.clone()));
        let (mut file, columns) = writer.and_then(ArrowWriter::into_serialized_writer).map_err(fail)?;
        let of_column = |(index, field): (usize, &FieldRef)| Column {
            field: Arc::clone(field),
            arrays: batches.iter().map(|batch| Arc::clone(batch.column(index))).collect(),
            writers: Vec::new(),
        };
        let mut tasks: Vec<Column> = self.schema.fields().iter().enumerate().map(of_column).collect();
        for (leaf, writer) in columns.create_column_writers(0).map_err(fail)?.into_iter().enumerate() {
            if let Some(column) = tasks.get_mut(file.schema_descr().get_column_root_idx(leaf)) {
                column.writers.push(writer);
            }
        }
        let encoded: Vec<Vec<ArrowColumnChunk>> = futures::stream::iter(tasks)
            .map(|column| async move {
                let task = tokio::spawn(async move { column.encode() });
                match task.await {
                    Ok(chunks) => chunks.map_err(fail),
                    Err(error) => Err(LakeError::Task { location: self.location.clone(), reason: error.to_string() }),
                }
            })
            .buffered(self.threads.max(1))
            .try_collect()
            .await?;
        let mut group = file.next_row_group().map_err(fail)?;
        for chunk in encoded.into_iter().flatten() {
            chunk.append_to_row_group(&mut group).map_err(fail)?;
        }
        group.close().map_err(fail)?;
        let metadata = file.finish().map_err(fail)?;
        Ok((std::mem::take(file.inner_mut()).into(), metadata))
    }
}

/// A column with all of its values, and a writer for each leaf of it.
struct Column {
    field: FieldRef,
    arrays: Vec<ArrayRef>,
    writers: Vec<ArrowColumnWriter>,
}

impl Column {
    fn encode(mut self) -> ParquetResult<Vec<ArrowColumnChunk>> {
        for array in &self.arrays {
            for (writer, leaf) in self.writers.iter_mut().zip(compute_leaves(&self.field, array)?) {
                writer.write(&leaf)?;
            }
        }
        self.writers.into_iter().map(ArrowColumnWriter::close).collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use arrow::array::{Int64Array, ListArray, MapBuilder, StringArray, StringBuilder, StructArray};
    use arrow::compute::concat_batches;
    use arrow::datatypes::{DataType, Field, Int64Type};
    use object_store::memory::InMemory;
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
    use serde_json::{Value, json};

    use super::*;
    use crate::log::object_path;

    /// Rows with columns of one leaf and of several ones, every third value missing.
    fn rows(range: std::ops::Range<i64>) -> RecordBatch {
        let texts: ArrayRef =
            Arc::new(range.clone().map(|row| (row % 3 > 0).then(|| format!("t{row}"))).collect::<StringArray>());
        let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(range.clone()));
        let inner = StructArray::from(vec![
            (Arc::new(Field::new("n", DataType::Int64, true)), Arc::clone(&numbers)),
            (Arc::new(Field::new("t", DataType::Utf8, true)), Arc::clone(&texts)),
        ]);
        let lists = range.clone().map(|row| (row % 3 > 0).then(|| vec![Some(row), None]));
        let mut maps = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new());
        for row in range {
            maps.keys().append_value(format!("k{row}"));
            maps.values().append_option((row % 3 > 0).then_some("v"));
            maps.append(row % 2 > 0).unwrap();
        }
        RecordBatch::try_from_iter_with_nullable([
            ("number", numbers, false),
            ("inner", Arc::new(inner) as ArrayRef, true),
            ("lists", Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>(lists)), true),
            ("maps", Arc::new(maps.finish()), true),
            ("text", texts, true),
        ])
        .unwrap()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn columns_that_are_encoded_apart_make_the_rows_again() {
        let batches = [rows(0..700), rows(700..701), rows(701..2_000)];
        for threads in [1, 3, 64] {
            let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
            let file = SmallFile {
                location: "t".to_owned(),
                store: Arc::clone(&store),
                schema: batches[0].schema(),
                properties: WriterProperties::default(),
                indexed: IndexedColumns::first(32),
                threads,
            };
            let add = file.write(&batches).await.unwrap();
            let bytes = store.get(&object_path(&add.path)).await.unwrap().bytes().await.unwrap();
            assert_eq!(add.size, bytes.len() as i64);
            let stats: Value = serde_json::from_str(add.stats.as_deref().unwrap()).unwrap();
            assert_eq!(stats["numRecords"], 2_000);
            assert_eq!(stats["nullCount"], json!({"number": 0, "inner": {"n": 0, "t": 667}, "text": 667}));
            assert_eq!((&stats["minValues"]["number"], &stats["maxValues"]["number"]), (&json!(0), &json!(1_999)));
            let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap();
            assert_eq!(reader.metadata().num_row_groups(), 1);
            let found: Vec<RecordBatch> = reader.build().unwrap().map(|batch| batch.unwrap()).collect();
            let schema = batches[0].schema();
            assert_eq!(concat_batches(&schema, &found).unwrap(), concat_batches(&schema, &batches).unwrap());
        }
    }

    #[test]
    fn rows_are_few_up_to_a_number_and_a_size() {
        for (most_rows, most_bytes) in [(10, u64::MAX), (u64::MAX, 10)] {
            let mut few = FewRows::new(most_rows, most_bytes);
            assert!(few.push(rows(0..5), 5).is_none() && few.push(rows(5..10), 5).is_none());
            let many = few.push(rows(10..11), 1).unwrap();
            assert_eq!(many.iter().map(RecordBatch::num_rows).sum::<usize>(), 11);
        }
    }
}
