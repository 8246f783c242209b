//! Rows as JSON values to and from Arrow.

use arrow::array::RecordBatch;
use goldsmith::data_tests;
use goldsmith_model::{BronzeTable, TestRow};

use crate::error::Result;

/// A row: column name → value.
pub type Row = TestRow;

/// A batch in the declared schema of a source; columns that a row does not name are null.
///
/// # Errors
/// A value that does not fit its column, or a column that is not declared.
pub fn batch_of(source: &BronzeTable, rows: &[Row]) -> Result<RecordBatch> {
    Ok(data_tests::batch_of(source, rows)?)
}

/// The rows of batches as JSON values, nulls included.
///
/// # Errors
/// A type that JSON cannot show.
pub fn rows_of(batches: &[RecordBatch]) -> Result<Vec<Row>> {
    Ok(data_tests::rows_of(batches)?)
}
