//! The change data feed of a commit that several operations made.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BooleanArray, RecordBatch, StringArray};
use arrow::compute::{cast, filter_record_batch, interleave_record_batch};
use arrow::datatypes::{DataType, Schema, SchemaRef};
use arrow::error::ArrowError;
use deltalake::kernel::AddCDCFile;
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::ArrowWriter;
use uuid::Uuid;

use crate::conform::conform;
use crate::error::{LakeError, Result};
use crate::log::object_path;
use crate::parquet_file::ParquetFile;
use crate::staged::delete_files;
use crate::statistics::PHYSICAL_NAME;
use crate::table::Table;
use crate::upsert::RowEncoder;

/// The column of a change file that says what happened to a row. Source: Delta protocol, "Change Data Files".
const CHANGE_TYPE: &str = "_change_type";
/// How many times its size a file with changed rows takes in memory, with their keys and contents encoded.
const DECODED: u64 = 24;
const INSERT: &str = "insert";
const DELETE: &str = "delete";
const PREIMAGE: &str = "update_preimage";
const POSTIMAGE: &str = "update_postimage";

/// The changed rows that one operation recorded.
#[derive(Debug, Clone)]
pub(crate) struct ChangeSet {
    /// Columns that identify a row.
    pub(crate) key: Vec<String>,
    /// The files with the rows.
    pub(crate) files: Vec<AddCDCFile>,
}

/// The change files of one commit, from those of the operations in it, in their order.
///
/// A version of a table shows each row at most once as it was and once as it is, so what happened in between is left out. Where
/// that cannot be told by key (operations with other keys, files that came without any record, partitions), no change files are
/// committed at all: readers then take the files that went as deleted rows and those that came as new ones, which is more than
/// what changed, but adds up to the same.
///
/// Rows that exceed the memory of the lake are read again for each part of the keys, which makes a file of its own.
///
/// # Errors
/// Errors of the storage.
pub(crate) async fn join_changes(table: &Table, sets: Vec<ChangeSet>, has_unrecorded: bool) -> Result<Vec<AddCDCFile>> {
    let files = || sets.iter().flat_map(|set| &set.files);
    if files().next().is_none() || (sets.len() == 1 && !has_unrecorded) {
        return Ok(files().cloned().collect());
    }
    let same_key = sets.windows(2).all(|pair| matches!(pair, [a, b] if a.key == b.key));
    let is_joined = same_key && !has_unrecorded && files().all(|file| file.partition_values.is_empty());
    let joined = if is_joined { join(table, &sets).await? } else { Vec::new() };
    let replaced: Vec<Path> = files().map(|file| object_path(&file.path)).collect();
    delete_files(&table.delta.log_store().object_store(None), &replaced).await;
    Ok(joined)
}

/// What became of one row: where it is told as it was, and as it is.
#[derive(Default)]
struct Fate {
    before: Option<(usize, usize)>,
    after: Option<(usize, usize)>,
}

/// One of `of` about equal shares of the keys, counted from 0.
#[derive(Clone, Copy)]
struct Part {
    number: u64,
    of: u64,
}

impl Part {
    /// The rows whose key belongs to this part.
    fn of_batch(self, keys: &RowEncoder, batch: RecordBatch) -> Result<RecordBatch, ArrowError> {
        if self.of == 1 {
            return Ok(batch);
        }
        let is_mine = |key: &[u8]| {
            let mut hasher = DefaultHasher::new();
            key.hash(&mut hasher);
            hasher.finish() % self.of == self.number
        };
        let mine: BooleanArray = keys.encode(&batch)?.iter().map(|key| Some(is_mine(key.data()))).collect();
        filter_record_batch(&batch, &mine)
    }
}

async fn join(table: &Table, sets: &[ChangeSet]) -> Result<Vec<AddCDCFile>> {
    let bytes: u64 =
        sets.iter().flat_map(|set| &set.files).map(|file| u64::try_from(file.size).unwrap_or_default()).sum();
    let of = table.options().memory.map_or(1, |memory| bytes.saturating_mul(DECODED).div_ceil(memory.merge()).max(1));
    let mut joined = Vec::new();
    for number in 0..of {
        joined.extend(join_part(table, sets, Part { number, of }).await?);
    }
    Ok(joined)
}

async fn join_part(table: &Table, sets: &[ChangeSet], part: Part) -> Result<Option<AddCDCFile>> {
    let location = table.location.to_string();
    let store = table.delta.log_store().object_store(None);
    let key: Vec<String> = match sets.first() {
        Some(set) => set.key.iter().map(|name| physical_name(table, name)).collect::<Result<_>>()?,
        None => return Ok(None),
    };
    let fail = |error| LakeError::arrow(&location, error);
    let mut steps = Vec::with_capacity(sets.len());
    let mut schema: Option<SchemaRef> = None;
    for set in sets {
        let mut batches = Vec::new();
        for file in &set.files {
            let parquet = ParquetFile {
                path: object_path(&file.path),
                size: u64::try_from(file.size).unwrap_or_default(),
                display: format!("{location}/{}", file.path),
                is_loose: false,
            };
            let schema = match &schema {
                Some(schema) => Arc::clone(schema),
                None => Arc::clone(schema.insert(parquet.schema(&store).await?)),
            };
            let keys = RowEncoder::new(&schema, &key).map_err(fail)?;
            let mut read = parquet.read(&store, &schema, None).await?;
            while let Some(batch) = read.try_next().await? {
                batches.push(part.of_batch(&keys, batch).map_err(fail)?);
            }
        }
        steps.push(batches);
    }
    let Some(schema) = schema else { return Ok(None) };
    // Also when nothing is left to tell: without any file, readers would take the rewritten ones for changes.
    let joined = net(&schema, &key, &steps).map_err(fail)?;
    if joined.num_rows() == 0 && part.number > 0 {
        return Ok(None);
    }
    let joined = conform(&joined, &schema, &location)?;
    let path = format!("_change_data/cdc-{}.parquet", Uuid::new_v4());
    let size = write(table, &store, &path, &joined).await?;
    Ok(Some(AddCDCFile { path, size, partition_values: HashMap::new(), data_change: false, tags: None }))
}

/// The name of a column in data files.
fn physical_name(table: &Table, column: &str) -> Result<String> {
    let schema = table.schema()?;
    let field = schema.column_with_name(column).map(|(_, field)| field);
    let physical = field.and_then(|field| field.metadata().get(PHYSICAL_NAME).cloned());
    Ok(physical.unwrap_or_else(|| column.to_owned()))
}

/// The changes from before the first step to after the last one.
fn net(schema: &SchemaRef, key: &[String], steps: &[Vec<RecordBatch>]) -> Result<RecordBatch, ArrowError> {
    let content: Vec<String> =
        schema.fields().iter().map(|field| field.name().clone()).filter(|name| name != CHANGE_TYPE).collect();
    let keys = RowEncoder::new(schema, key)?;
    let contents = RowEncoder::new(schema, &content)?;
    let mut fates: HashMap<Box<[u8]>, Fate> = HashMap::new();
    // In the order of the first change, so that the same changes give the same file.
    let mut order = Vec::new();
    let batches: Vec<&RecordBatch> = steps.iter().flatten().collect();
    let mut start = 0;
    for step in steps {
        // A step tells a row as it was and as it is, in any order.
        for is_after in [false, true] {
            for (number, batch) in step.iter().enumerate() {
                let types = change_types(batch)?;
                let types = types.as_string::<i32>();
                for (row, key) in keys.encode(batch)?.iter().enumerate() {
                    let change = types.value(row);
                    if !is_after && ![PREIMAGE, DELETE].contains(&change) {
                        continue;
                    }
                    let place = (start + number, row);
                    let is_new = !fates.contains_key(key.data());
                    if is_new {
                        order.push(Box::<[u8]>::from(key.data()));
                    }
                    let fate = fates.entry(key.data().into()).or_default();
                    match change {
                        _ if !is_after && is_new => fate.before = Some(place),
                        INSERT | POSTIMAGE if is_after => fate.after = Some(place),
                        DELETE if is_after => fate.after = None,
                        _ => {}
                    }
                }
            }
        }
        start += step.len();
    }
    let encoded = batches.iter().map(|batch| contents.encode(batch)).collect::<Result<Vec<_>, _>>()?;
    let bytes = |(batch, row): (usize, usize)| encoded.get(batch).map(|rows| rows.row(row));
    let mut places = Vec::new();
    let mut types = Vec::new();
    for fate in order.iter().filter_map(|key| fates.get(key)) {
        match (fate.before, fate.after) {
            (None, None) => {}
            (None, Some(after)) => {
                places.push(after);
                types.push(INSERT);
            }
            (Some(before), None) => {
                places.push(before);
                types.push(DELETE);
            }
            (Some(before), Some(after)) if bytes(before) == bytes(after) => {}
            (Some(before), Some(after)) => {
                places.extend([before, after]);
                types.extend([PREIMAGE, POSTIMAGE]);
            }
        }
    }
    if places.is_empty() {
        return Ok(RecordBatch::new_empty(Arc::clone(schema)));
    }
    let rows = interleave_record_batch(&batches, &places)?;
    let types: ArrayRef = Arc::new(StringArray::from(types));
    let arrays = schema.fields().iter().zip(rows.columns());
    let arrays =
        arrays.map(
            |(field, array)| {
                if field.name() == CHANGE_TYPE { cast(&types, field.data_type()) } else { Ok(Arc::clone(array)) }
            },
        );
    RecordBatch::try_new(Arc::clone(schema), arrays.collect::<Result<Vec<_>, _>>()?)
}

fn change_types(batch: &RecordBatch) -> Result<ArrayRef, ArrowError> {
    let column = batch.schema_ref().index_of(CHANGE_TYPE)?;
    cast(batch.column(column), &DataType::Utf8)
}

async fn write(table: &Table, store: &Arc<dyn ObjectStore>, path: &str, rows: &RecordBatch) -> Result<i64> {
    let location = table.location.to_string();
    let fail = |error: parquet::errors::ParquetError| LakeError::arrow(&location, error.into());
    let mut bytes = Vec::new();
    let schema: Arc<Schema> = rows.schema();
    let mut writer = ArrowWriter::try_new(&mut bytes, schema, Some(table.writer_properties())).map_err(fail)?;
    writer.write(rows).map_err(fail)?;
    writer.close().map_err(fail)?;
    let size = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
    store.put(&Path::from(path), bytes.into()).await.map_err(|error| LakeError::storage(&location, error))?;
    Ok(size)
}

#[cfg(test)]
mod tests {
    use arrow::array::Int64Array;
    use arrow::datatypes::{Field, Int64Type};

    use super::*;

    fn schema() -> SchemaRef {
        Arc::new(Schema::new(vec![
            Field::new("k", DataType::Int64, true),
            Field::new("v", DataType::Int64, true),
            Field::new(CHANGE_TYPE, DataType::Utf8, true),
        ]))
    }

    fn batch(rows: &[(i64, i64, &str)]) -> RecordBatch {
        let column = |values: Vec<i64>| -> ArrayRef { Arc::new(Int64Array::from(values)) };
        let types: ArrayRef = Arc::new(StringArray::from(rows.iter().map(|row| row.2).collect::<Vec<_>>()));
        let columns =
            vec![column(rows.iter().map(|row| row.0).collect()), column(rows.iter().map(|row| row.1).collect()), types];
        RecordBatch::try_new(schema(), columns).unwrap_or_else(|_| RecordBatch::new_empty(schema()))
    }

    #[test]
    fn only_the_first_state_and_the_last_one_are_told() {
        let first = [
            batch(&[(1, 11, POSTIMAGE), (2, 20, INSERT), (3, 30, DELETE), (4, 40, INSERT)]),
            batch(&[(1, 10, PREIMAGE), (5, 50, PREIMAGE), (5, 51, POSTIMAGE), (6, 60, DELETE)]),
        ];
        let second = [batch(&[
            (1, 11, PREIMAGE),
            (1, 12, POSTIMAGE),
            (2, 20, DELETE),
            (3, 31, INSERT),
            (5, 51, PREIMAGE),
            (5, 50, POSTIMAGE),
        ])];
        let joined =
            net(&schema(), &["k".to_owned()], &[first.to_vec(), second.to_vec()]).unwrap_or_else(|_| batch(&[]));
        let (keys, values) =
            (joined.column(0).as_primitive::<Int64Type>(), joined.column(1).as_primitive::<Int64Type>());
        let types = joined.column(2).as_string::<i32>();
        let mut told: Vec<(i64, i64, &str)> =
            (0..joined.num_rows()).map(|row| (keys.value(row), values.value(row), types.value(row))).collect();
        told.sort_unstable();
        let expected = [
            (1, 10, PREIMAGE),
            (1, 12, POSTIMAGE),
            (3, 30, PREIMAGE),
            (3, 31, POSTIMAGE),
            (4, 40, INSERT),
            (6, 60, DELETE),
        ];
        assert_eq!(told, expected);
    }
}
