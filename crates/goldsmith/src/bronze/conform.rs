//! Brings batches to the schema of a bronze table: by name, at any depth, without losing a value.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, ListArray, MapArray, RecordBatch, RecordBatchOptions, StructArray, new_null_array,
};
use arrow::datatypes::{DataType, SchemaRef};
use arrow::error::ArrowError;
use goldsmith_lake::cast_exactly;
use goldsmith_query::types::from_arrow;

/// Reorders, casts and completes the columns of `batch` to `schema`. Columns and struct fields that the batch
/// lacks become null; ones that the schema lacks are an error of the caller (the schema is evolved first) and
/// are left out.
///
/// # Errors
/// A value that does not fit the type of its column (casts are checked, nothing turns null silently).
pub(crate) fn conform(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let columns = schema
        .fields()
        .iter()
        .map(|field| match batch.column_by_name(field.name()) {
            Some(column) => conform_array(column, field.data_type()).map_err(|error| {
                let named = |data_type: &DataType| {
                    from_arrow(data_type).map_or_else(|_| data_type.to_string(), |it| it.to_string())
                };
                let (name, found, wanted) = (field.name(), named(column.data_type()), named(field.data_type()));
                ArrowError::CastError(format!(
                    "column `{name}` is {found} in the source and {wanted} in bronze, into which a value does not go: {error}; \
                     nothing new was loaded. Correct it in the source, or declare the column as {found} in the model and load into a \
                     new target, as bronze keeps its types"
                ))
            }),
            None => Ok(new_null_array(field.data_type(), batch.num_rows())),
        })
        .collect::<Result<Vec<_>, _>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(schema.clone(), columns, &options)
}

fn conform_array(array: &ArrayRef, target: &DataType) -> Result<ArrayRef, ArrowError> {
    if array.data_type() == target {
        return Ok(array.clone());
    }
    match (array.data_type(), target) {
        (DataType::Struct(_), DataType::Struct(fields)) => {
            let source = downcast::<StructArray>(array)?;
            let columns = fields
                .iter()
                .map(|field| match source.column_by_name(field.name()) {
                    Some(column) => conform_array(column, field.data_type()),
                    None => Ok(new_null_array(field.data_type(), source.len())),
                })
                .collect::<Result<Vec<_>, _>>()?;
            let out = StructArray::try_new_with_length(fields.clone(), columns, source.nulls().cloned(), source.len())?;
            Ok(Arc::new(out))
        }
        (DataType::List(_), DataType::List(element)) => {
            let source = downcast::<ListArray>(array)?;
            let values = conform_array(source.values(), element.data_type())?;
            let out = ListArray::try_new(element.clone(), source.offsets().clone(), values, source.nulls().cloned())?;
            Ok(Arc::new(out))
        }
        (DataType::Map(_, _), DataType::Map(entries, sorted)) => {
            let source = downcast::<MapArray>(array)?;
            let DataType::Struct(fields) = entries.data_type() else {
                return Err(ArrowError::CastError(format!("map entries of type {}", entries.data_type())));
            };
            let (Some(key), Some(value)) = (fields.first(), fields.get(1)) else {
                return Err(ArrowError::CastError("map entries without key and value".into()));
            };
            let keys = conform_array(source.keys(), key.data_type())?;
            let values = conform_array(source.values(), value.data_type())?;
            let structs = StructArray::try_new(fields.clone(), vec![keys, values], None)?;
            let out = MapArray::try_new(
                entries.clone(),
                source.offsets().clone(),
                structs,
                source.nulls().cloned(),
                *sorted,
            )?;
            Ok(Arc::new(out))
        }
        _ => cast_exactly(array, target),
    }
}

fn downcast<T: 'static>(array: &ArrayRef) -> Result<&T, ArrowError> {
    array
        .as_any()
        .downcast_ref::<T>()
        .ok_or_else(|| ArrowError::CastError(format!("array of type {} has another layout", array.data_type())))
}
