//! Slices of a run to one row per run.
//!
//! Slices are first reduced to one per natural key of the source, the one with the greatest end; then each run's slices
//! are ordered by start and end (the content breaks ties), and every column of the result is one value of that list.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Int64Array, ListArray, RecordBatch, UInt32Array, UInt64Array,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::{take, take_record_batch};
use arrow::datatypes::{DataType, Field, Schema, TimestampMicrosecondType};
use arrow::row::Row;
use goldsmith_model::{Fold, FoldFunction};

use crate::columns::is_metadata;
use crate::functions::seconds_between;
use crate::normalize::{column, new_batch, normalize_column, plain_type, sort_maps, widen};
use crate::order::{OLDEST_FIRST, content_columns, encode, group_rows, latest_per_key, named};
use crate::types::{timestamp, to_arrow, with_comment};
use crate::{QueryError, Result};

/// What a fold needs to know about its table and source, beside the rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoldSpec {
    /// Key of the table: one run.
    pub key: Vec<String>,
    /// Natural key of the source, in carried names: one slice.
    pub natural_key: Vec<String>,
    /// Orders versions of one slice after the slice's end, when the source has a sequence.
    pub sequence: Option<String>,
}

/// The schema of [`fold`]'s result: the carried columns in their order, without the slice's start and end, then the
/// results that have a name of their own, with descriptions as `comment`.
///
/// # Errors
/// [`QueryError::MissingColumn`] when a rule names a column that is not carried, [`QueryError::WrongType`] when a result
/// does not go into its declared type.
pub fn fold_schema(carried: &Schema, fold: &Fold) -> Result<Schema> {
    let dropped = |name: &str| name == fold.slice_start || name == fold.slice_end || is_metadata(name);
    let mut fields: Vec<Field> = Vec::new();
    for field in carried.fields().iter().filter(|field| !dropped(field.name())) {
        if !fold.columns.contains_key(field.name()) {
            let plain = Field::new(field.name(), plain_type(field.data_type()), true);
            fields.push(plain.with_metadata(field.metadata().clone()));
        } else {
            fields.push(rule_field(field.name(), fold));
        }
    }
    for name in fold.columns.keys() {
        if !fields.iter().any(|field| field.name() == name) {
            fields.push(rule_field(name, fold));
        }
    }
    for (name, rule) in &fold.columns {
        let (found, expected) = (yielded(carried, &rule.function)?, to_arrow(&rule.data_type));
        if !crate::types::is_lossless(&found, &expected) {
            return Err(QueryError::WrongType { column: name.clone(), expected, found });
        }
    }
    Ok(Schema::new(fields))
}

fn rule_field(name: &str, fold: &Fold) -> Field {
    match fold.columns.get(name) {
        Some(rule) => with_comment(Field::new(name, to_arrow(&rule.data_type), true), Some(&rule.description)),
        None => Field::new(name, DataType::Null, true),
    }
}

/// The type that a rule yields.
pub(crate) fn yielded(carried: &Schema, function: &FoldFunction) -> Result<DataType> {
    let type_of = |name: &str| -> Result<DataType> {
        Ok(plain_type(crate::normalize::field(carried, name, "the slices")?.data_type()))
    };
    match function {
        FoldFunction::Min(name) | FoldFunction::Max(name) | FoldFunction::Last(name) => type_of(name),
        FoldFunction::ValueAtLast { column, of } => {
            type_of(of)?;
            type_of(column)
        }
        FoldFunction::Union(name) => match type_of(name)? {
            list @ DataType::List(_) => Ok(list),
            found => {
                let expected = crate::types::list_of(DataType::Utf8);
                Err(QueryError::WrongType { column: name.clone(), expected, found })
            }
        },
        FoldFunction::LastIsNull(name) => type_of(name).map(|_| DataType::Boolean),
        FoldFunction::Count(name) => type_of(name).map(|_| DataType::Int64),
        FoldFunction::CountSlices | FoldFunction::DurationSeconds => Ok(DataType::Int64),
    }
}

/// Folds slices into runs; the batch holds all slices of each run that it has a slice of, with the slice's start and
/// end. One row per key, sorted by key (nulls first); rows with a null in their key are runs like any other.
///
/// Elements of a union that are null are left out.
///
/// # Errors
/// [`QueryError::MissingColumn`] and [`QueryError::WrongType`] when the batch is not what the rules ask for.
pub fn fold(batch: &RecordBatch, spec: &FoldSpec, fold: &Fold) -> Result<RecordBatch> {
    let schema = fold_schema(batch.schema_ref(), fold)?;
    let slices = distinct_slices(batch, spec, fold)?;
    let runs = ordered_runs(&slices, spec, fold)?;
    let columns = schema
        .fields()
        .iter()
        .map(|field| {
            let result = match fold.columns.get(field.name()) {
                Some(rule) => apply(&slices, &runs, fold, &rule.function)?,
                None if spec.key.contains(field.name()) => first(&slices, &runs, field.name())?,
                None => last(&slices, &runs, field.name())?,
            };
            widen(field.name(), &result, field.data_type())
        })
        .collect::<Result<Vec<_>>>()?;
    new_batch(Arc::new(schema), columns, runs.len())
}

/// The slices that a fold counts: of all deliveries of one slice (one natural key of the source) the one with the greatest
/// end, then the greatest sequence, then by content. An end slice is one that has a result, whether or not it is the
/// last of its run: a run that was retried has several.
///
/// # Errors
/// [`QueryError::MissingColumn`] when a column of the natural key, the slice's end or the sequence is not there.
pub fn distinct_slices(batch: &RecordBatch, spec: &FoldSpec, fold: &Fold) -> Result<RecordBatch> {
    let mut newest_first = vec![fold.slice_end.clone()];
    newest_first.extend(spec.sequence.iter().filter(|name| **name != fold.slice_end).cloned());
    Ok(take_record_batch(batch, &latest_per_key(batch, &spec.natural_key, &newest_first)?)?)
}

/// The slices of each run in order; runs sorted by key.
fn ordered_runs(slices: &RecordBatch, spec: &FoldSpec, fold: &Fold) -> Result<Vec<Vec<u64>>> {
    let groups = group_rows(slices, &spec.key)?;
    let count = slices.num_rows();
    let keys = encode(&named(slices, &spec.key)?, OLDEST_FIRST, count)?;
    let bounds = [fold.slice_start.clone(), fold.slice_end.clone()];
    let times = encode(&named(slices, &bounds)?, OLDEST_FIRST, count)?;
    let mut runs: Vec<Vec<u64>> = groups.iter().map(<[u64]>::to_vec).collect();
    for run in &mut runs {
        run.sort_by_key(|row| times.row(*row as usize));
    }
    break_ties(slices, &mut runs, &bounds, |row| times.row(row))?;
    runs.sort_by_key(|run| run.first().and_then(|row| keys.row(*row as usize)));
    Ok(runs)
}

/// Orders slices of one run with equal bounds by content, encoding only these.
fn break_ties<'a>(
    slices: &RecordBatch,
    runs: &mut [Vec<u64>],
    bounds: &[String],
    time: impl Fn(usize) -> Option<Row<'a>>,
) -> Result<()> {
    let equal = |a: &u64, b: &u64| time(*a as usize) == time(*b as usize);
    let tied: Vec<u64> =
        runs.iter().flat_map(|run| run.chunk_by(equal)).filter(|tie| tie.len() > 1).flatten().copied().collect();
    if tied.is_empty() {
        return Ok(());
    }
    let rows = take_record_batch(slices, &UInt64Array::from(tied.clone()))?;
    let content = encode(&named(&rows, &content_columns(slices, bounds.iter()))?, OLDEST_FIRST, tied.len())?;
    let position: std::collections::HashMap<u64, usize> =
        tied.iter().enumerate().map(|(position, row)| (*row, position)).collect();
    for tie in runs.iter_mut().flat_map(|run| run.chunk_by_mut(equal)).filter(|tie| tie.len() > 1) {
        tie.sort_by_key(|row| position.get(row).and_then(|position| content.row(*position)));
    }
    Ok(())
}

fn apply(slices: &RecordBatch, runs: &[Vec<u64>], fold: &Fold, function: &FoldFunction) -> Result<ArrayRef> {
    match function {
        FoldFunction::Min(name) => extreme(slices, runs, name, false),
        FoldFunction::Max(name) => extreme(slices, runs, name, true),
        FoldFunction::Last(name) => last(slices, runs, name),
        FoldFunction::ValueAtLast { column: value, of } => {
            let of = column(slices, of, "the slices")?;
            let rows: UInt64Array = runs.iter().map(|run| last_valid(of, run)).collect();
            taken(slices, value, &rows)
        }
        FoldFunction::Count(name) => {
            let values = column(slices, name, "the slices")?;
            let count = |run: &Vec<u64>| run.iter().filter(|row| values.is_valid(**row as usize)).count() as i64;
            Ok(Arc::new(runs.iter().map(count).collect::<Int64Array>()))
        }
        FoldFunction::CountSlices => Ok(Arc::new(runs.iter().map(|run| run.len() as i64).collect::<Int64Array>())),
        FoldFunction::LastIsNull(name) => {
            let values = column(slices, name, "the slices")?;
            let flag = |run: &Vec<u64>| run.last().map(|row| values.is_null(*row as usize));
            Ok(Arc::new(runs.iter().map(flag).collect::<BooleanArray>()))
        }
        FoldFunction::DurationSeconds => duration(slices, runs, fold),
        FoldFunction::Union(name) => union(slices, runs, name),
    }
}

fn taken(slices: &RecordBatch, name: &str, rows: &UInt64Array) -> Result<ArrayRef> {
    sort_maps(&normalize_column(&take(column(slices, name, "the slices")?, rows, None)?)?)
}

fn first(slices: &RecordBatch, runs: &[Vec<u64>], name: &str) -> Result<ArrayRef> {
    let rows: UInt64Array = runs.iter().map(|run| run.first().copied()).collect();
    taken(slices, name, &rows)
}

fn last(slices: &RecordBatch, runs: &[Vec<u64>], name: &str) -> Result<ArrayRef> {
    let values = column(slices, name, "the slices")?;
    let rows: UInt64Array = runs.iter().map(|run| last_valid(values, run)).collect();
    taken(slices, name, &rows)
}

fn last_valid(values: &ArrayRef, run: &[u64]) -> Option<u64> {
    run.iter().rev().find(|row| values.is_valid(**row as usize)).copied()
}

fn extreme(slices: &RecordBatch, runs: &[Vec<u64>], name: &str, greatest: bool) -> Result<ArrayRef> {
    let values = column(slices, name, "the slices")?;
    let encoded = encode(&named(slices, &[name.to_owned()])?, OLDEST_FIRST, slices.num_rows())?;
    let rows: UInt64Array = runs
        .iter()
        .map(|run| {
            let known = run.iter().copied().filter(|row| values.is_valid(*row as usize));
            if greatest {
                known.max_by_key(|row| encoded.row(*row as usize))
            } else {
                known.min_by_key(|row| encoded.row(*row as usize))
            }
        })
        .collect();
    taken(slices, name, &rows)
}

fn duration(slices: &RecordBatch, runs: &[Vec<u64>], fold: &Fold) -> Result<ArrayRef> {
    let bound = |name: &str| -> Result<ArrayRef> { widen(name, column(slices, name, "the slices")?, &timestamp()) };
    let (start, end) = (bound(&fold.slice_start)?, bound(&fold.slice_end)?);
    let (start, end) =
        (start.as_primitive::<TimestampMicrosecondType>(), end.as_primitive::<TimestampMicrosecondType>());
    let seconds: Int64Array = runs
        .iter()
        .map(|run| {
            let mut micros = 0_i128;
            for row in run.iter().map(|row| *row as usize) {
                if start.is_null(row) || end.is_null(row) {
                    return None;
                }
                micros += i128::from(end.value(row)) - i128::from(start.value(row));
            }
            seconds_between(micros)
        })
        .collect();
    Ok(Arc::new(seconds))
}

fn union(slices: &RecordBatch, runs: &[Vec<u64>], name: &str) -> Result<ArrayRef> {
    let plain = normalize_column(column(slices, name, "the slices")?)?;
    let DataType::List(child) = plain.data_type() else {
        return Err(QueryError::WrongType {
            column: name.to_owned(),
            expected: crate::types::list_of(DataType::Utf8),
            found: plain.data_type().clone(),
        });
    };
    let lists = plain.as_list::<i32>();
    let elements = sort_maps(lists.values())?;
    let encoded = encode(std::slice::from_ref(&elements), OLDEST_FIRST, elements.len())?;
    let mut indices: Vec<u32> = Vec::new();
    let mut offsets: Vec<i32> = vec![0];
    let mut known: Vec<bool> = Vec::with_capacity(runs.len());
    for run in runs {
        let mut own: Vec<u32> = Vec::new();
        let mut any = false;
        for row in run.iter().map(|row| *row as usize).filter(|row| lists.is_valid(*row)) {
            any = true;
            let range = lists.value_offsets()[row] as u32..lists.value_offsets()[row + 1] as u32;
            own.extend(range.filter(|index| elements.is_valid(*index as usize)));
        }
        own.sort_by_key(|index| encoded.row(*index as usize));
        own.dedup_by_key(|index| encoded.row(*index as usize));
        indices.extend(own);
        offsets.push(indices.len() as i32);
        known.push(any);
    }
    let values = take(&elements, &UInt32Array::from(indices), None)?;
    let nulls = NullBuffer::from(known);
    Ok(Arc::new(ListArray::try_new(Arc::clone(child), OffsetBuffer::new(offsets.into()), values, Some(nulls))?))
}
