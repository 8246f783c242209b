//! Rows as values of JSON, to and from Arrow.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema};
use arrow::error::ArrowError;
use arrow::json::ReaderBuilder;
use arrow::json::writer::{JsonArray, WriterBuilder};
use goldsmith_model::{BronzeTable, TestRow};
use goldsmith_query::types::to_arrow;
use serde_json::Value;

use crate::error::Result;

/// A batch in the declared schema of a source; columns that a row does not name are null.
///
/// # Errors
/// A value that does not fit its column, or a column that is not declared.
pub fn batch_of(source: &BronzeTable, rows: &[TestRow]) -> Result<RecordBatch> {
    let fields: Vec<Field> =
        source.columns.iter().map(|(name, column)| Field::new(name, to_arrow(&column.data_type), true)).collect();
    let schema = Arc::new(Schema::new(fields));
    let mut decoder = ReaderBuilder::new(schema.clone()).with_strict_mode(true).build_decoder()?;
    let rows: Vec<Value> = rows.iter().map(|row| texts_for_decimals(row, &schema)).collect();
    decoder.serialize(&rows)?;
    Ok(decoder.flush()?.unwrap_or_else(|| RecordBatch::new_empty(schema)))
}

/// Numbers in decimal columns are given as texts, so that no digit goes through a double.
fn texts_for_decimals(row: &TestRow, schema: &Schema) -> Value {
    let mut row = row.clone();
    for (name, value) in &mut row {
        if let (Ok(field), Value::Number(number)) = (schema.field_with_name(name), &value)
            && matches!(field.data_type(), DataType::Decimal128(_, _))
        {
            *value = Value::String(number.to_string());
        }
    }
    Value::Object(row)
}

/// Decimal columns as texts: JSON numbers are read as doubles.
fn decimals_as_text(batch: &RecordBatch) -> Result<RecordBatch> {
    let schema = batch.schema();
    let columns = schema.fields().iter().zip(batch.columns()).map(|(field, column)| {
        let column = match field.data_type() {
            DataType::Decimal128(_, _) => cast(column, &DataType::Utf8)?,
            _ => column.clone(),
        };
        Ok((field.name().as_str(), column, true))
    });
    Ok(RecordBatch::try_from_iter_with_nullable(columns.collect::<Result<Vec<_>>>()?)?)
}

/// The rows of batches as JSON values, nulls included.
///
/// # Errors
/// A type that JSON cannot show.
pub fn rows_of(batches: &[RecordBatch]) -> Result<Vec<TestRow>> {
    let mut writer = WriterBuilder::new().with_explicit_nulls(true).build::<_, JsonArray>(Vec::new());
    for batch in batches {
        writer.write(&decimals_as_text(batch)?)?;
    }
    writer.finish()?;
    let bytes = writer.into_inner();
    if bytes.is_empty() {
        return Ok(Vec::new());
    }
    serde_json::from_slice(&bytes).map_err(|error| ArrowError::JsonError(error.to_string()).into())
}
