//! Reading generated rows as text.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use arrow::array::{Array, ArrayData, ArrayRef, RecordBatch, StructArray, make_array};
use arrow::datatypes::{DataType, Field, FieldRef};
use arrow::util::display::array_value_to_string;
use goldsmith_synth::{Batches, Generator, SynthConfig};

pub fn generator() -> Generator {
    Generator::new(SynthConfig::default()).unwrap()
}

pub fn collect(batches: Batches) -> Vec<RecordBatch> {
    batches.map(|batch| batch.unwrap()).collect()
}

/// All deliveries of a table, each as its Arrow batches.
pub fn deliveries(generator: &Generator, table: &str) -> Vec<Vec<RecordBatch>> {
    let all = 0..generator.config().batches;
    all.map(|batch| collect(generator.batch(table, batch).unwrap())).collect()
}

/// The values of the columns (`a.b` is field b of struct a) as text, row by row.
pub fn rows(batches: &[RecordBatch], columns: &[&str]) -> Vec<Vec<Option<String>>> {
    let mut rows = Vec::new();
    for batch in batches {
        let arrays: Vec<ArrayRef> = columns.iter().map(|path| without_zones(&column(batch, path))).collect();
        for row in 0..batch.num_rows() {
            let text = |array: &ArrayRef| (!array.is_null(row)).then(|| array_value_to_string(array, row).unwrap());
            rows.push(arrays.iter().map(text).collect());
        }
    }
    rows
}

/// All columns of all rows as text, for comparing whole rows.
pub fn whole_rows(batches: &[RecordBatch]) -> Vec<Vec<Option<String>>> {
    let Some(first) = batches.first() else { return Vec::new() };
    let schema = first.schema();
    let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    rows(batches, &names)
}

pub fn column(batch: &RecordBatch, path: &str) -> ArrayRef {
    let mut parts = path.split('.');
    let mut array = batch.column_by_name(parts.next().unwrap()).expect(path).clone();
    for part in parts {
        let parent = array.as_any().downcast_ref::<StructArray>().expect(path).clone();
        array = parent.column_by_name(part).expect(path).clone();
        for row in 0..parent.len() {
            assert!(!parent.is_null(row) || array.is_null(row), "{path} leaks below a null");
        }
    }
    array
}

pub fn row_count(batches: &[RecordBatch]) -> u64 {
    batches.iter().map(|batch| batch.num_rows() as u64).sum()
}

/// The same array with timestamps that have no zone, which Arrow can write as text without a zone database.
fn without_zones(array: &ArrayRef) -> ArrayRef {
    make_array(strip_data(array.to_data()))
}

fn strip_data(data: ArrayData) -> ArrayData {
    let children = data.child_data().iter().cloned().map(strip_data).collect();
    let data_type = strip_type(data.data_type());
    data.into_builder().data_type(data_type).child_data(children).build().unwrap()
}

fn strip_type(data_type: &DataType) -> DataType {
    let strip_field = |field: &FieldRef| -> FieldRef {
        Arc::new(Field::new(field.name(), strip_type(field.data_type()), field.is_nullable()))
    };
    match data_type {
        DataType::Timestamp(unit, _) => DataType::Timestamp(*unit, None),
        DataType::List(element) => DataType::List(strip_field(element)),
        DataType::Map(entries, ordered) => DataType::Map(strip_field(entries), *ordered),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(strip_field).collect()),
        other => other.clone(),
    }
}
