//! What exactly is different in the few rows that a comparison shows.

use std::collections::BTreeMap;

use arrow::array::{Array, RecordBatch};
use arrow::compute::concat_batches;
use arrow::row::{OwnedRow, RowConverter, SortField};

use super::report::{ColumnDifference, Example, Findings};
use super::rows::{row_text, value_text};
use crate::error::Result;
use crate::gold::column_arrays;

/// Rows of one key on both sides, by their index.
#[derive(Default)]
struct Pair {
    held: Vec<usize>,
    rebuilt: Vec<usize>,
}

/// One side with its rows in a form that compares.
struct Side {
    batch: RecordBatch,
    keys: Vec<OwnedRow>,
    content: Vec<OwnedRow>,
}

/// Sorts the rows of gold and of its rebuild into missing, unexpected and different ones, and shows them. The batches
/// of both sides have one schema.
pub(super) fn explain(
    identity: &[String],
    (held, rebuilt): &(Vec<RecordBatch>, Vec<RecordBatch>),
    missing: &mut Findings,
    unexpected: &mut Findings,
    different: &mut Findings,
) -> Result<()> {
    let Some(any) = held.first().or(rebuilt.first()) else {
        return Ok(());
    };
    let schema = any.schema();
    let converter = |types: Vec<&arrow::array::ArrayRef>| {
        RowConverter::new(types.iter().map(|column| SortField::new(column.data_type().clone())).collect())
    };
    let keys = converter(column_arrays(any, identity)?.iter().collect())?;
    let content = converter(any.columns().iter().collect())?;
    let side = |batches: &[RecordBatch]| -> Result<Side> {
        let batch = concat_batches(&schema, batches)?;
        let own = |rows: arrow::row::Rows| rows.iter().map(|row| row.owned()).collect();
        Ok(Side {
            keys: own(keys.convert_columns(&column_arrays(&batch, identity)?)?),
            content: own(content.convert_columns(batch.columns())?),
            batch,
        })
    };
    let (held, rebuilt) = (side(held)?, side(rebuilt)?);
    let mut pairs: BTreeMap<&OwnedRow, Pair> = BTreeMap::new();
    for (row, key) in held.keys.iter().enumerate() {
        pairs.entry(key).or_default().held.push(row);
    }
    for (row, key) in rebuilt.keys.iter().enumerate() {
        pairs.entry(key).or_default().rebuilt.push(row);
    }
    for pair in pairs.values() {
        let (own, expected) = without_equal(pair, &held, &rebuilt);
        for (row, other) in own.iter().zip(&expected) {
            different.show(Example {
                row: row_text(&held.batch, identity, *row)?,
                problem: "differs from a rebuild".into(),
                columns: differences(&held.batch, *row, &rebuilt.batch, *other)?,
            });
        }
        for row in own.iter().skip(expected.len()) {
            let problem = if pair.rebuilt.is_empty() {
                "is in gold, but not in a rebuild"
            } else {
                "is in gold more often than in a rebuild"
            };
            let row = row_text(&held.batch, identity, *row)?;
            unexpected.show(Example { row, problem: problem.into(), columns: Vec::new() });
        }
        for row in expected.iter().skip(own.len()) {
            let row = row_text(&rebuilt.batch, identity, *row)?;
            missing.show(Example { row, problem: "is in a rebuild, but not in gold".into(), columns: Vec::new() });
        }
    }
    Ok(())
}

/// The rows of a key that have no equal on the other side.
fn without_equal(pair: &Pair, held: &Side, rebuilt: &Side) -> (Vec<usize>, Vec<usize>) {
    let mut expected = pair.rebuilt.clone();
    let mut own = Vec::new();
    for row in &pair.held {
        match expected.iter().position(|other| rebuilt.content[*other] == held.content[*row]) {
            Some(equal) => {
                expected.swap_remove(equal);
            }
            None => own.push(*row),
        }
    }
    (own, expected)
}

fn differences(held: &RecordBatch, row: usize, rebuilt: &RecordBatch, other: usize) -> Result<Vec<ColumnDifference>> {
    let mut out = Vec::new();
    for (index, field) in held.schema().fields().iter().enumerate() {
        let (found, expected) = (held.column(index).slice(row, 1), rebuilt.column(index).slice(other, 1));
        let converter = RowConverter::new(vec![SortField::new(field.data_type().clone())])?;
        let encoded = |column: &arrow::array::ArrayRef| converter.convert_columns(std::slice::from_ref(column));
        if encoded(&found)?.row(0).as_ref() != encoded(&expected)?.row(0).as_ref() {
            out.push(ColumnDifference {
                column: field.name().clone(),
                found: value_text(&found, 0)?,
                expected: value_text(&expected, 0)?,
            });
        }
    }
    Ok(out)
}
