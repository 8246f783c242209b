//! The latest version of a key is the same whatever way the rows arrive.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Decimal128Array, Float64Array, ListBuilder, RecordBatch, StringBuilder,
};
use arrow::compute::take_record_batch;
use arrow::datatypes::{Decimal128Type, Float64Type};
use goldsmith_query::order::latest_per_key;
use proptest::prelude::*;
use proptest::sample::select;

use super::{arrival, holds, instant, owned, word};
use crate::world::*;

/// A row whose columns sort by name in the order of the fields: upper case before lower case before the umlaut.
#[derive(Debug, Clone, PartialEq)]
struct Row {
    key: (Option<&'static str>, Option<i64>),
    sequence: Option<i64>,
    /// `Amount`
    amount: Option<i128>,
    /// `flag`
    flag: Option<bool>,
    /// `list`
    list: Option<Vec<Option<&'static str>>>,
    /// `ratio`
    ratio: Option<f64>,
    /// `ä`
    text: Option<&'static str>,
}

fn row() -> impl Strategy<Value = Row> {
    let key = (select(&[None, Some(""), Some("k")][..]), select(&[None, Some(1)][..]));
    let few = |weight: f64| prop::option::weighted(weight, instant());
    let list = prop::option::weighted(0.6, prop::collection::vec(word(), 0..3));
    let ratio = prop::option::of(select(&[-1.5_f64, -0.0, 0.0, f64::INFINITY, f64::NAN][..]));
    (
        key,
        few(0.8),
        prop::option::of(select(vec![-1_i128, 0, 10_i128.pow(37)])),
        any::<Option<bool>>(),
        list,
        ratio,
        word(),
    )
        .prop_map(|(key, sequence, amount, flag, list, ratio, text)| Row {
            key,
            sequence,
            amount,
            flag,
            list,
            ratio,
            text,
        })
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    prop::collection::vec(row(), 0..20)
}

fn batch_of(rows: &[Row]) -> RecordBatch {
    let mut lists = ListBuilder::new(StringBuilder::new());
    for row in rows {
        for text in row.list.iter().flatten() {
            lists.values().append_option(*text);
        }
        lists.append(row.list.is_some());
    }
    let amounts: Decimal128Array = rows.iter().map(|row| row.amount).collect();
    let amounts: ArrayRef = Arc::new(amounts.with_precision_and_scale(38, 18).unwrap());
    let flags: BooleanArray = rows.iter().map(|row| row.flag).collect();
    let ratios: Float64Array = rows.iter().map(|row| row.ratio).collect();
    batch(vec![
        ("ä", texts(rows.iter().map(|row| owned(row.text)))),
        ("list", Arc::new(lists.finish())),
        ("key_1", texts(rows.iter().map(|row| owned(row.key.0)))),
        ("key_2", ints(rows.iter().map(|row| row.key.1))),
        ("sequence", instants(rows.iter().map(|row| row.sequence))),
        ("ratio", Arc::new(ratios)),
        ("Amount", amounts),
        ("flag", Arc::new(flags)),
    ])
}

/// A row of the result in the form of [`Row`], with owned texts.
fn described(batch: &RecordBatch) -> Vec<String> {
    (0..batch.num_rows())
        .map(|row| {
            let amounts = batch["Amount"].as_primitive::<Decimal128Type>();
            let ratios = batch["ratio"].as_primitive::<Float64Type>();
            let lists = batch["list"].as_list::<i32>();
            let list = lists.is_valid(row).then(|| {
                lists.value(row).as_string::<i32>().iter().map(|text| text.map(str::to_owned)).collect::<Vec<_>>()
            });
            format!(
                "{:?}",
                (
                    (text_at(batch, "key_1", row), int_at(batch, "key_2", row)),
                    instant_at(batch, "sequence", row),
                    amounts.is_valid(row).then(|| amounts.value(row)),
                    flag_at(batch, "flag", row),
                    list,
                    ratios.is_valid(row).then(|| ratios.value(row)),
                    text_at(batch, "ä", row),
                )
            )
        })
        .collect()
}

fn describe(row: &Row) -> String {
    let key = (owned(row.key.0), row.key.1);
    let list = row.list.as_ref().map(|list| list.iter().map(|text| owned(*text)).collect::<Vec<_>>());
    format!("{:?}", (key, row.sequence, row.amount, row.flag, list, row.ratio, owned(row.text)))
}

/// Column by column in the order of their names; null is the least.
fn compare(a: &Row, b: &Row) -> Ordering {
    let ratios = match (a.ratio, b.ratio) {
        (Some(a), Some(b)) => a.total_cmp(&b),
        (a, b) => a.is_some().cmp(&b.is_some()),
    };
    a.sequence
        .cmp(&b.sequence)
        .then(a.amount.cmp(&b.amount))
        .then(a.flag.cmp(&b.flag))
        .then(a.list.cmp(&b.list))
        .then(ratios)
        .then(a.text.cmp(&b.text))
}

/// One row after the other, keeping the greater one.
fn reference(rows: &[Row]) -> Vec<String> {
    let mut best: Vec<&Row> = Vec::new();
    for row in rows {
        match best.iter_mut().find(|other| other.key == row.key) {
            Some(other) if compare(row, other) == Ordering::Greater => *other = row,
            Some(_) => {}
            None => best.push(row),
        }
    }
    sorted(best.into_iter().map(describe).collect())
}

fn sorted(mut lines: Vec<String>) -> Vec<String> {
    lines.sort();
    lines
}

fn latest(batch: &RecordBatch) -> RecordBatch {
    let winners = latest_per_key(batch, &names(&["key_1", "key_2"]), &names(&["sequence"])).unwrap();
    take_record_batch(batch, &winners).unwrap()
}

#[test]
fn the_latest_row_is_the_greatest_one_by_one_whatever_the_arrival() {
    holds((rows(), arrival()), |(rows, arrival)| {
        let expected = reference(&rows);
        prop_assert_eq!(sorted(described(&latest(&batch_of(&rows)))), expected.clone());
        prop_assert_eq!(sorted(described(&latest(&batch_of(&arrival.of(&rows))))), expected);
        Ok(())
    });
}

#[test]
fn the_latest_of_what_is_held_and_each_piece_is_the_latest_of_all() {
    holds((rows(), arrival()), |(rows, arrival)| {
        let mut held = batch_of(&[]);
        for piece in arrival.pieces(&rows) {
            let both = arrow::compute::concat_batches(held.schema_ref(), [&held, &latest(&batch_of(&piece))]).unwrap();
            held = latest(&both);
        }
        prop_assert_eq!(sorted(described(&held)), reference(&rows));
        Ok(())
    });
}
