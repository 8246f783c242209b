//! Whole numbers are added, subtracted and multiplied exactly or not at all, in whatever pieces and order their rows come.

use arrow::array::{ArrayRef, AsArray, Int32Array, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use goldsmith_model::DerivedColumn;
use goldsmith_query::expression::Derived;
use indexmap::IndexMap;
use proptest::prelude::*;
use proptest::sample::select;

use super::{arrival, holds};
use crate::world::*;

/// The greatest and least numbers of 32 and 64 bits, their neighbours, their roots, and small ones.
const NUMBERS: [i64; 16] = [
    i64::MIN,
    i64::MIN + 1,
    i64::MIN / 2,
    -3_037_000_500,
    i32::MIN as i64,
    -1,
    0,
    1,
    2,
    46_341,
    i32::MAX as i64,
    3_037_000_499,
    3_037_000_500,
    i64::MAX / 2,
    i64::MAX - 1,
    i64::MAX,
];

/// Expressions, and what they are in numbers that have room for all of it.
type Exact = (&'static str, fn(i128, i128) -> Option<i128>);

const EXPRESSIONS: [Exact; 8] = [
    ("a + b", |a, b| Some(a + b)),
    ("a - b", |a, b| Some(a - b)),
    ("a * b", |a, b| Some(a * b)),
    ("-a", |a, _| Some(-a)),
    ("abs(a)", |a, _| Some(a.abs())),
    ("case when b <> 0 then a / b end", |a, b| a.checked_div(b)),
    // Each operation by itself, though the total would fit.
    ("(a + b) - b", |a, b| fits(a + b).map(|sum| sum - b)),
    ("9223372036854775807 + 1 + a", |_, _| None),
];

fn fits(value: i128) -> Option<i128> {
    i64::try_from(value).ok().map(i128::from)
}

fn compiled(rows: &RecordBatch, data_type: &str, expressions: &[&str]) -> Derived {
    let columns: IndexMap<String, DerivedColumn> = expressions
        .iter()
        .enumerate()
        .map(|(number, expression)| {
            let column = DerivedColumn {
                expression: (*expression).to_owned(),
                data_type: data_type.parse().unwrap(),
                description: String::new(),
            };
            (format!("e{number}"), column)
        })
        .collect();
    Derived::compile(rows.schema_ref(), &columns).unwrap()
}

fn results(rows: &RecordBatch, number: usize) -> Vec<Option<i128>> {
    let column = cast(&rows[format!("e{number}").as_str()], &DataType::Int64).unwrap();
    column.as_primitive::<Int64Type>().iter().map(|value| value.map(i128::from)).collect()
}

#[test]
fn a_result_is_the_exact_number_or_null_however_its_row_comes() {
    let pair = (prop::option::weighted(0.9, select(&NUMBERS[..])), prop::option::weighted(0.9, select(&NUMBERS[..])));
    let rows = prop::collection::vec(pair, 1..20);
    holds((rows, arrival()), |(rows, arrival)| {
        let texts: Vec<&str> = EXPRESSIONS.iter().map(|(text, _)| *text).collect();
        for piece in arrival.pieces(&rows) {
            let batch =
                batch(vec![("a", ints(piece.iter().map(|(a, _)| *a))), ("b", ints(piece.iter().map(|(_, b)| *b)))]);
            let computed = compiled(&batch, "bigint", &texts).apply(&batch).unwrap();
            for (number, (text, exact)) in EXPRESSIONS.iter().enumerate() {
                let found = results(&computed, number);
                for ((a, b), found) in piece.iter().zip(found) {
                    let one_sided = matches!(*text, "-a" | "abs(a)");
                    let b = if one_sided { Some(b.unwrap_or_default()) } else { *b };
                    let expected = a.zip(b).and_then(|(a, b)| exact(a.into(), b.into())).and_then(fits);
                    prop_assert_eq!(found, expected, "{} of {:?} and {:?}", text, a, b);
                }
            }
        }
        Ok(())
    });
}

#[test]
fn narrow_numbers_do_not_fit_earlier() {
    let narrow = |values: [i32; 3]| -> ArrayRef { std::sync::Arc::new(Int32Array::from(values.to_vec())) };
    let rows = batch(vec![("a", narrow([i32::MAX, 1, i32::MIN])), ("b", narrow([1, 1, -1]))]);
    let computed = compiled(&rows, "int", &["a + b", "a * b"]).apply(&rows).unwrap();
    assert_eq!(results(&computed, 0), [None, Some(2), None]);
    assert_eq!(results(&computed, 1), [Some(i128::from(i32::MAX)), Some(1), None]);
    // Beside a number of 64 bits they have its room.
    let computed = compiled(&rows, "bigint", &["a + cast(b as bigint)"]).apply(&rows).unwrap();
    assert_eq!(results(&computed, 0), [Some(1 << 31), Some(2), Some(-(1 << 31) - 1)]);
}
