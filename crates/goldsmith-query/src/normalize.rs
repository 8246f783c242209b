//! One physical type per logical type.
//!
//! Scans deliver text as views, dictionaries or large arrays, lists and maps with various child names, and
//! instants in various units. Everything else in this crate works on plain columns: `Utf8`, `Binary`,
//! `Decimal128`, `Date32`, `Timestamp(us)`, `List`, `Map`, `Struct`, children named as Delta names them, all nullable.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray, MapArray, RecordBatch, RecordBatchOptions, StructArray};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::{CastOptions, SortOptions, cast, cast_with_options, take};
use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};
use arrow::row::{RowConverter, SortField};

use crate::types::{is_lossless, list_of, map_of, timestamp};
use crate::{QueryError, Result};

/// The plain type of a type. Types without a plain form stay as they are.
pub fn plain_type(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Utf8View | DataType::LargeUtf8 => DataType::Utf8,
        DataType::BinaryView | DataType::LargeBinary | DataType::FixedSizeBinary(_) => DataType::Binary,
        DataType::Dictionary(_, value) => plain_type(value),
        DataType::RunEndEncoded(_, value) => plain_type(value.data_type()),
        DataType::Timestamp(_, Some(_)) => timestamp(),
        DataType::Timestamp(_, None) => DataType::Timestamp(TimeUnit::Microsecond, None),
        DataType::Date64 => DataType::Date32,
        DataType::UInt8 => DataType::Int16,
        DataType::UInt16 => DataType::Int32,
        DataType::UInt32 => DataType::Int64,
        DataType::UInt64 => DataType::Decimal128(20, 0),
        DataType::Float16 => DataType::Float32,
        DataType::Decimal32(precision, scale) | DataType::Decimal64(precision, scale) => {
            DataType::Decimal128(*precision, *scale)
        }
        DataType::Decimal256(precision @ ..=38, scale) => DataType::Decimal128(*precision, *scale),
        DataType::List(child)
        | DataType::LargeList(child)
        | DataType::ListView(child)
        | DataType::LargeListView(child)
        | DataType::FixedSizeList(child, _) => list_of(plain_type(child.data_type())),
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(fields) => match fields.as_ref() {
                [key, value] => map_of(plain_type(key.data_type()), plain_type(value.data_type())),
                _ => data_type.clone(),
            },
            _ => data_type.clone(),
        },
        DataType::Struct(fields) => {
            let fields: Vec<Field> =
                fields.iter().map(|field| Field::new(field.name(), plain_type(field.data_type()), true)).collect();
            DataType::Struct(fields.into())
        }
        other => other.clone(),
    }
}

/// The schema that [`normalize_batch`] yields: plain types, nullable fields, field and schema metadata kept.
pub fn normalize_schema(schema: &Schema) -> Schema {
    let fields: Vec<Field> = schema
        .fields()
        .iter()
        .map(|field| {
            Field::new(field.name(), plain_type(field.data_type()), true).with_metadata(field.metadata().clone())
        })
        .collect();
    Schema::new_with_metadata(fields, schema.metadata().clone())
}

/// Casts every column to its plain type, recursively. Rows and their order stay.
///
/// # Errors
/// [`QueryError::Arrow`] when a value cannot be cast (a timestamp out of the range of microseconds).
pub fn normalize_batch(batch: &RecordBatch) -> Result<RecordBatch> {
    let schema = normalize_schema(batch.schema_ref());
    let columns = batch
        .columns()
        .iter()
        .zip(schema.fields())
        .map(|(column, field)| convert(column, field.data_type()))
        .collect::<Result<Vec<_>>>()?;
    new_batch(Arc::new(schema), columns, batch.num_rows())
}

/// Casts a column to its plain type.
///
/// # Errors
/// As [`normalize_batch`].
pub fn normalize_column(column: &ArrayRef) -> Result<ArrayRef> {
    convert(column, &plain_type(column.data_type()))
}

/// Casts a column to a plain type into which it goes without loss (see [`is_lossless`]).
///
/// # Errors
/// [`QueryError::WrongType`], naming `name`, when it does not.
pub fn widen(name: &str, column: &ArrayRef, target: &DataType) -> Result<ArrayRef> {
    if column.data_type() == target {
        return Ok(Arc::clone(column));
    }
    if !is_lossless(column.data_type(), target) {
        return Err(QueryError::WrongType {
            column: name.to_owned(),
            expected: target.clone(),
            found: column.data_type().clone(),
        });
    }
    convert(column, target)
}

/// Rebuilds nested arrays child by child: the cast kernel matches children by name, and names differ by writer.
fn convert(array: &ArrayRef, target: &DataType) -> Result<ArrayRef> {
    if array.data_type() == target {
        return Ok(Arc::clone(array));
    }
    match (array.data_type(), target) {
        (DataType::List(_), DataType::List(child)) => {
            let list = array.as_list::<i32>();
            let values = convert(list.values(), child.data_type())?;
            let rebuilt = ListArray::try_new(Arc::clone(child), list.offsets().clone(), values, list.nulls().cloned())?;
            Ok(Arc::new(rebuilt))
        }
        (
            DataType::LargeList(_) | DataType::ListView(_) | DataType::LargeListView(_) | DataType::FixedSizeList(_, _),
            DataType::List(child),
        ) => {
            let inner = match array.data_type() {
                DataType::LargeList(inner)
                | DataType::ListView(inner)
                | DataType::LargeListView(inner)
                | DataType::FixedSizeList(inner, _) => Arc::clone(inner),
                _ => Arc::clone(child),
            };
            convert(&cast(array, &DataType::List(inner))?, target)
        }
        (DataType::Map(_, _), DataType::Map(entries, ordered)) => {
            let map = array.as_map();
            let DataType::Struct(fields) = entries.data_type() else {
                return Ok(cast(array, target)?);
            };
            let children = [map.keys(), map.values()]
                .into_iter()
                .zip(fields)
                .map(|(child, field)| convert(child, field.data_type()))
                .collect::<Result<Vec<_>>>()?;
            let rebuilt = StructArray::try_new(fields.clone(), children, None)?;
            let map =
                MapArray::try_new(Arc::clone(entries), map.offsets().clone(), rebuilt, map.nulls().cloned(), *ordered)?;
            Ok(Arc::new(map))
        }
        (DataType::Struct(from), DataType::Struct(to)) if from.len() == to.len() => {
            let source = array.as_struct();
            let children = source
                .columns()
                .iter()
                .zip(to)
                .map(|(child, field)| convert(child, field.data_type()))
                .collect::<Result<Vec<_>>>()?;
            Ok(Arc::new(struct_array(to, children, source.nulls().cloned(), array.len())?))
        }
        _ => {
            let options = CastOptions { safe: false, ..CastOptions::default() };
            Ok(cast_with_options(array, target, &options)?)
        }
    }
}

fn struct_array(
    fields: &Fields,
    children: Vec<ArrayRef>,
    nulls: Option<NullBuffer>,
    rows: usize,
) -> Result<StructArray> {
    Ok(StructArray::try_new_with_length(fields.clone(), children, nulls, rows)?)
}

/// Sorts the entries of maps by key, at any depth, so that equal maps are equal arrays. Takes plain columns.
///
/// # Errors
/// [`QueryError::Arrow`] when keys have a type that has no order.
pub fn sort_maps(array: &ArrayRef) -> Result<ArrayRef> {
    if !has_map(array.data_type()) {
        return Ok(Arc::clone(array));
    }
    match array.data_type() {
        DataType::List(child) => {
            let list = array.as_list::<i32>();
            let values = sort_maps(list.values())?;
            let sorted = ListArray::try_new(Arc::clone(child), list.offsets().clone(), values, list.nulls().cloned())?;
            Ok(Arc::new(sorted))
        }
        DataType::Struct(fields) => {
            let source = array.as_struct();
            let children = source.columns().iter().map(sort_maps).collect::<Result<Vec<_>>>()?;
            Ok(Arc::new(struct_array(fields, children, source.nulls().cloned(), array.len())?))
        }
        DataType::Map(entries, ordered) => sort_map(array.as_map(), entries, *ordered),
        _ => Ok(Arc::clone(array)),
    }
}

fn has_map(data_type: &DataType) -> bool {
    match data_type {
        DataType::Map(_, _) => true,
        DataType::List(child) => has_map(child.data_type()),
        DataType::Struct(fields) => fields.iter().any(|field| has_map(field.data_type())),
        _ => false,
    }
}

fn sort_map(map: &MapArray, entries: &Arc<Field>, ordered: bool) -> Result<ArrayRef> {
    let options = SortOptions { descending: false, nulls_first: true };
    let converter = RowConverter::new(vec![SortField::new_with_options(map.keys().data_type().clone(), options)])?;
    let keys = converter.convert_columns(&[Arc::clone(map.keys())])?;
    let mut indices: Vec<u32> = Vec::with_capacity(keys.num_rows());
    let mut offsets: Vec<i32> = Vec::with_capacity(map.len() + 1);
    offsets.push(0);
    for (row, range) in map.value_offsets().windows(2).enumerate() {
        if map.is_valid(row) {
            let from = indices.len();
            indices.extend(range[0] as u32..range[1] as u32);
            let own = &mut indices[from..];
            if !own.is_sorted_by(|a, b| keys.row(*a as usize) <= keys.row(*b as usize)) {
                own.sort_by(|a, b| keys.row(*a as usize).cmp(&keys.row(*b as usize)));
            }
        }
        offsets.push(indices.len() as i32);
    }
    let indices = arrow::array::UInt32Array::from(indices);
    let DataType::Struct(fields) = entries.data_type() else {
        return Ok(Arc::new(map.clone()));
    };
    let children = vec![take(map.keys(), &indices, None)?, sort_maps(&take(map.values(), &indices, None)?)?];
    let rebuilt = StructArray::try_new(fields.clone(), children, None)?;
    let sorted = MapArray::try_new(
        Arc::clone(entries),
        OffsetBuffer::new(offsets.into()),
        rebuilt,
        map.nulls().cloned(),
        ordered,
    )?;
    Ok(Arc::new(sorted))
}

/// A batch that keeps its number of rows even without columns.
pub(crate) fn new_batch(schema: SchemaRef, columns: Vec<ArrayRef>, rows: usize) -> Result<RecordBatch> {
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    Ok(RecordBatch::try_new_with_options(schema, columns, &options)?)
}

/// A column of a batch by name.
pub(crate) fn column<'a>(batch: &'a RecordBatch, name: &str, context: &str) -> Result<&'a ArrayRef> {
    batch
        .column_by_name(name)
        .ok_or_else(|| QueryError::MissingColumn { column: name.to_owned(), context: context.to_owned() })
}

/// A field of a schema by name.
pub(crate) fn field<'a>(schema: &'a Schema, name: &str, context: &str) -> Result<&'a Field> {
    schema
        .fields()
        .iter()
        .find(|field| field.name() == name)
        .map(AsRef::as_ref)
        .ok_or_else(|| QueryError::MissingColumn { column: name.to_owned(), context: context.to_owned() })
}
