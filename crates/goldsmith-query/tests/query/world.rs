//! Random rows with few distinct values, so that ties, duplicates and nulls are common.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Int64Array, Int64Builder, MapBuilder, MapFieldNames, RecordBatch, StringArray,
    StringBuilder, TimestampMicrosecondArray, UInt64Array,
};
use arrow::compute::{concat_batches, take_record_batch};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

pub(crate) type Tags = Option<Vec<(String, Option<i64>)>>;

/// Runs a property for many seeds; the seed of a failure is printed.
pub(crate) fn for_seeds(count: u64, property: impl Fn(&mut ChaCha8Rng)) {
    let fixed: Option<u64> = std::env::var("GOLDSMITH_SEED").ok().and_then(|text| text.parse().ok());
    let seeds = fixed.map_or(0..count, |seed| seed..seed + 1);
    for seed in seeds {
        let run = std::panic::AssertUnwindSafe(|| property(&mut ChaCha8Rng::seed_from_u64(seed)));
        if let Err(cause) = std::panic::catch_unwind(run) {
            eprintln!("GOLDSMITH_SEED={seed}");
            std::panic::resume_unwind(cause);
        }
    }
}

/// A value out of a few, sometimes null.
pub(crate) fn few(rng: &mut ChaCha8Rng, count: i64, null: f64) -> Option<i64> {
    (!rng.random_bool(null)).then(|| rng.random_range(0..count))
}

pub(crate) fn text(rng: &mut ChaCha8Rng, count: i64, null: f64) -> Option<String> {
    few(rng, count, null).map(|value| if value == 0 { String::new() } else { format!("t{value}") })
}

/// Distinct keys, sorted.
pub(crate) fn tags(rng: &mut ChaCha8Rng) -> Tags {
    if rng.random_bool(0.3) {
        return None;
    }
    let mut out = Vec::new();
    for key in ["a", "b"] {
        if rng.random_bool(0.4) {
            out.push((key.to_owned(), few(rng, 2, 0.3)));
        }
    }
    Some(out)
}

pub(crate) fn texts(values: impl IntoIterator<Item = Option<String>>) -> ArrayRef {
    Arc::new(values.into_iter().collect::<StringArray>())
}

pub(crate) fn ints(values: impl IntoIterator<Item = Option<i64>>) -> ArrayRef {
    Arc::new(values.into_iter().collect::<Int64Array>())
}

pub(crate) fn instants(values: impl IntoIterator<Item = Option<i64>>) -> ArrayRef {
    Arc::new(values.into_iter().collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
}

/// Maps whose entries come in any order.
pub(crate) fn maps(rng: &mut ChaCha8Rng, values: impl IntoIterator<Item = Tags>) -> ArrayRef {
    let names = MapFieldNames { entry: "key_value".to_owned(), key: "key".to_owned(), value: "value".to_owned() };
    let mut builder = MapBuilder::new(Some(names), StringBuilder::new(), Int64Builder::new());
    for value in values {
        let mut entries = value.clone().unwrap_or_default();
        entries.shuffle(rng);
        for (key, number) in entries {
            builder.keys().append_value(key);
            builder.values().append_option(number);
        }
        builder.append(value.is_some()).unwrap();
    }
    Arc::new(builder.finish())
}

pub(crate) fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, column)| (name, column, true))).unwrap()
}

/// The same rows in another order, put together from pieces.
pub(crate) fn shuffled(rng: &mut ChaCha8Rng, rows: &RecordBatch) -> RecordBatch {
    let mut order: Vec<u64> = (0..rows.num_rows() as u64).collect();
    order.shuffle(rng);
    let mut pieces = Vec::new();
    let mut rest = order.as_slice();
    while !rest.is_empty() {
        let (piece, later) = rest.split_at(rng.random_range(1..=rest.len()));
        pieces.push(take_record_batch(rows, &UInt64Array::from(piece.to_vec())).unwrap());
        rest = later;
    }
    concat_batches(rows.schema_ref(), &pieces).unwrap()
}

/// Every row as text, columns by name.
pub(crate) fn lines(rows: &RecordBatch) -> Vec<String> {
    let options = FormatOptions::new().with_null("-");
    let mut names: Vec<String> = rows.schema().fields().iter().map(|field| field.name().clone()).collect();
    names.sort();
    let columns: Vec<(String, ArrayFormatter<'_>)> = names
        .into_iter()
        .map(|name| {
            let formatter = ArrayFormatter::try_new(rows.column_by_name(&name).unwrap().as_ref(), &options).unwrap();
            (name, formatter)
        })
        .collect();
    let line = |row: usize| {
        columns.iter().map(|(name, column)| format!("{name}={}", column.value(row))).collect::<Vec<_>>().join(" ")
    };
    (0..rows.num_rows()).map(line).collect()
}

pub(crate) fn names(list: &[&str]) -> Vec<String> {
    list.iter().map(|name| (*name).to_owned()).collect()
}

pub(crate) fn text_at(rows: &RecordBatch, name: &str, row: usize) -> Option<String> {
    let column = rows[name].as_string::<i32>();
    column.is_valid(row).then(|| column.value(row).to_owned())
}

pub(crate) fn int_at(rows: &RecordBatch, name: &str, row: usize) -> Option<i64> {
    let column = rows[name].as_primitive::<Int64Type>();
    column.is_valid(row).then(|| column.value(row))
}

pub(crate) fn instant_at(rows: &RecordBatch, name: &str, row: usize) -> Option<i64> {
    let column = rows[name].as_primitive::<TimestampMicrosecondType>();
    column.is_valid(row).then(|| column.value(row))
}

pub(crate) fn flag_at(rows: &RecordBatch, name: &str, row: usize) -> Option<bool> {
    let column = rows[name].as_boolean();
    column.is_valid(row).then(|| column.value(row))
}

pub(crate) fn tags_at(rows: &RecordBatch, name: &str, row: usize) -> Tags {
    let column = rows[name].as_map();
    column.is_valid(row).then(|| {
        let entries = column.value(row);
        let (keys, values) = (entries.column(0).as_string::<i32>().clone(), entries.column(1).clone());
        let values = values.as_primitive::<Int64Type>().clone();
        let entry = |at: usize| (keys.value(at).to_owned(), values.is_valid(at).then(|| values.value(at)));
        let mut out: Vec<_> = (0..keys.len()).map(entry).collect();
        out.sort();
        out
    })
}
