//! Changes of single rows and values.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Decimal128Array, Int64Array, ListArray, RecordBatch, StringArray,
    TimestampMicrosecondArray, UInt64Array, new_null_array,
};
use arrow::compute::{concat, concat_batches, take_record_batch};
use arrow::datatypes::{Decimal128Type, Int64Type, TimestampMicrosecondType};
use goldsmith_testkit::{Row, rows_of};

/// The first row that meets a condition.
pub(crate) fn find(batch: &RecordBatch, condition: impl Fn(&Row) -> bool) -> usize {
    let rows = rows_of(std::slice::from_ref(batch)).unwrap();
    rows.iter().position(condition).expect("the generated rows have such a row")
}

/// Two rows that are neighbours by `order` within one `key`: the last but one, which meets a condition, and the last
/// of it.
pub(crate) fn neighbours(
    batch: &RecordBatch,
    key: &[&str],
    order: &str,
    condition: impl Fn(&Row) -> bool,
) -> (usize, usize) {
    let rows = rows_of(std::slice::from_ref(batch)).unwrap();
    let key_of = |row: &Row| key.iter().map(|name| row[*name].clone()).collect::<Vec<_>>();
    for row in &rows {
        let mut own: Vec<usize> = (0..rows.len()).filter(|other| key_of(&rows[*other]) == key_of(row)).collect();
        if own.len() > 1 && key_of(row).iter().all(|part| !part.is_null()) {
            own.sort_by_key(|row| rows[*row][order].to_string());
            if condition(&rows[own[own.len() - 2]]) {
                return (own[own.len() - 2], own[own.len() - 1]);
            }
        }
    }
    panic!("no {key:?} has two rows")
}

/// The rows at `indices`.
pub(crate) fn only(batch: &RecordBatch, indices: impl IntoIterator<Item = usize>) -> RecordBatch {
    let indices: UInt64Array = indices.into_iter().map(|row| row as u64).collect();
    take_record_batch(batch, &indices).unwrap()
}

/// All rows but one.
pub(crate) fn without(batch: &RecordBatch, row: usize) -> RecordBatch {
    only(batch, (0..batch.num_rows()).filter(|other| *other != row))
}

/// All rows, and one of them twice.
pub(crate) fn twice(batch: &RecordBatch, row: usize) -> RecordBatch {
    only(batch, (0..batch.num_rows()).chain([row]))
}

/// All rows and others.
pub(crate) fn with(batch: &RecordBatch, more: &RecordBatch) -> RecordBatch {
    concat_batches(&batch.schema(), [batch, more]).unwrap()
}

/// The column of a name.
pub(crate) fn column<'a>(batch: &'a RecordBatch, name: &str) -> &'a ArrayRef {
    batch.column_by_name(name).unwrap_or_else(|| panic!("no column {name}"))
}

/// Sets one value, given as an array of one.
pub(crate) fn set(batch: &RecordBatch, name: &str, row: usize, value: &dyn Array) -> RecordBatch {
    let old = column(batch, name);
    let value = arrow::compute::cast(value, old.data_type()).unwrap();
    let before = old.slice(0, row);
    let after = old.slice(row + 1, old.len() - row - 1);
    let new = concat(&[before.as_ref(), value.as_ref(), after.as_ref()]).unwrap();
    let mut columns = batch.columns().to_vec();
    columns[batch.schema().index_of(name).unwrap()] = new;
    RecordBatch::try_new(batch.schema(), columns).unwrap()
}

pub(crate) fn set_null(batch: &RecordBatch, name: &str, row: usize) -> RecordBatch {
    set(batch, name, row, &new_null_array(column(batch, name).data_type(), 1))
}

pub(crate) fn set_text(batch: &RecordBatch, name: &str, row: usize, value: &str) -> RecordBatch {
    set(batch, name, row, &StringArray::from(vec![value]))
}

pub(crate) fn set_flag(batch: &RecordBatch, name: &str, row: usize, value: bool) -> RecordBatch {
    set(batch, name, row, &BooleanArray::from(vec![value]))
}

pub(crate) fn set_number(batch: &RecordBatch, name: &str, row: usize, value: i64) -> RecordBatch {
    set(batch, name, row, &Int64Array::from(vec![value]))
}

pub(crate) fn number(batch: &RecordBatch, name: &str, row: usize) -> i64 {
    column(batch, name).as_primitive::<Int64Type>().value(row)
}

/// Adds to the last digit of a decimal.
pub(crate) fn add_ulp(batch: &RecordBatch, name: &str, row: usize) -> RecordBatch {
    let old = column(batch, name).as_primitive::<Decimal128Type>();
    let new =
        Decimal128Array::from(vec![old.value(row) + 1]).with_precision_and_scale(old.precision(), old.scale()).unwrap();
    set(batch, name, row, &new)
}

pub(crate) fn instant(batch: &RecordBatch, name: &str, row: usize) -> i64 {
    column(batch, name).as_primitive::<TimestampMicrosecondType>().value(row)
}

pub(crate) fn set_instant(batch: &RecordBatch, name: &str, row: usize, micros: i64) -> RecordBatch {
    set(batch, name, row, &TimestampMicrosecondArray::from(vec![micros]).with_timezone("UTC"))
}

/// Reverses a list.
pub(crate) fn reverse(batch: &RecordBatch, name: &str, row: usize) -> RecordBatch {
    let list: &ListArray = column(batch, name).as_list();
    let values = list.value(row);
    let reversed: UInt64Array = (0..values.len() as u64).rev().collect();
    let values = arrow::compute::take(&values, &reversed, None).unwrap();
    let arrow::datatypes::DataType::List(child) = list.data_type() else { panic!("{name} is no list") };
    let offsets = arrow::buffer::OffsetBuffer::from_lengths([values.len()]);
    set(batch, name, row, &ListArray::new(Arc::clone(child), offsets, values, None))
}
