//! The value of one aggregate for each key.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch, new_null_array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Int64Type, Schema, TimeUnit};
use arrow::row::RowConverter;
use goldsmith_model::{Aggregate, AggregateFunction};

use super::member_columns;
use crate::normalize::field;
use crate::order::{OLDEST_FIRST, converter};
use crate::{QueryError, Result};

/// The value of one aggregate for each key, by the number of the key.
#[derive(Debug)]
pub(super) struct Best {
    name: String,
    function: AggregateFunction,
    /// What decides; the last column is the value.
    tuple: Vec<Field>,
    held: Held,
}

/// The tuples that won so far.
#[derive(Debug)]
enum Held {
    /// A tuple that is one integer, date or instant.
    Integers(Vec<Option<i64>>),
    /// Any other tuple, encoded so that bytes compare like tuples; and the bytes of all of them.
    Encoded(RowConverter, Vec<Option<Box<[u8]>>>, u64),
}

impl Best {
    pub(super) fn new(name: &str, aggregate: &Aggregate, members: &Schema) -> Result<Self> {
        let by: &[String] = match aggregate.function {
            AggregateFunction::Last => &aggregate.by,
            AggregateFunction::Min | AggregateFunction::Max => &[],
        };
        let tuple = by
            .iter()
            .chain([&aggregate.column])
            .map(|name| Ok(field(members, name, "the members")?.clone()))
            .collect::<Result<Vec<_>>>()?;
        let held = match tuple.as_slice() {
            [only] if is_integer(only.data_type()) => Held::Integers(Vec::new()),
            _ => Held::Encoded(converter(tuple.iter().map(Field::data_type), OLDEST_FIRST)?, Vec::new(), 0),
        };
        Ok(Self { name: name.to_owned(), function: aggregate.function, tuple, held })
    }

    /// Takes over the values of a batch whose rows belong to these of `groups` keys.
    pub(super) fn push(&mut self, batch: &RecordBatch, group_of: &[Option<usize>], groups: usize) -> Result<()> {
        let columns = member_columns(batch, &self.tuple)?;
        let Some(values) = columns.last() else { return Ok(()) };
        let smallest = self.function == AggregateFunction::Min;
        let rows = group_of.iter().enumerate().filter_map(|(row, group)| Some((row, (*group)?)));
        match &mut self.held {
            Held::Integers(best) => {
                best.resize(groups, None);
                if values.null_count() == values.len() {
                    return Ok(());
                }
                let values = as_integers(values)?;
                let values = values.as_primitive::<Int64Type>();
                for (row, group) in rows.filter(|(row, _)| values.is_valid(*row)) {
                    let value = values.value(row);
                    if let Some(best) = best.get_mut(group) {
                        *best = Some(match *best {
                            None => value,
                            Some(known) if smallest => known.min(value),
                            Some(known) => known.max(value),
                        });
                    }
                }
            }
            Held::Encoded(converter, best, bytes) => {
                best.resize(groups, None);
                if values.null_count() == values.len() {
                    return Ok(());
                }
                let encoded = converter.convert_columns(&columns)?;
                for (row, group) in rows.filter(|(row, _)| values.is_valid(*row)) {
                    let candidate = encoded.row(row);
                    let candidate = candidate.as_ref();
                    let Some(best) = best.get_mut(group) else { continue };
                    let is_better = match best {
                        None => true,
                        Some(known) if smallest => candidate < known.as_ref(),
                        Some(known) => candidate > known.as_ref(),
                    };
                    if is_better {
                        *bytes += candidate.len() as u64;
                        *bytes -= best.as_ref().map_or(0, |known| known.len() as u64);
                        *best = Some(candidate.into());
                    }
                }
            }
        }
        Ok(())
    }

    pub(super) fn function(&self) -> AggregateFunction {
        self.function
    }

    /// Whether no key has a value.
    pub(super) fn is_empty(&self) -> bool {
        match &self.held {
            Held::Integers(best) => best.iter().all(Option::is_none),
            Held::Encoded(_, best, _) => best.iter().all(Option::is_none),
        }
    }

    /// Whether what won here for a key wins against what won for a key of `other`, the same aggregate of other members, or is the
    /// same. No value loses against any.
    pub(super) fn is_as_good(&self, group: usize, other: &Self, other_group: usize) -> bool {
        let ordering = match (&self.held, &other.held) {
            (Held::Integers(ours), Held::Integers(theirs)) => {
                let (ours, theirs) = (ours.get(group).copied().flatten(), theirs.get(other_group).copied().flatten());
                ours.and_then(|ours| Some(ours.cmp(&theirs?)))
            }
            (Held::Encoded(_, ours, _), Held::Encoded(_, theirs, _)) => {
                let (ours, theirs) =
                    (ours.get(group).and_then(Option::as_ref), theirs.get(other_group).and_then(Option::as_ref));
                ours.and_then(|ours| Some(ours.cmp(theirs?)))
            }
            _ => None,
        };
        match self.function {
            AggregateFunction::Min => ordering.is_some_and(Ordering::is_le),
            AggregateFunction::Max | AggregateFunction::Last => ordering.is_some_and(Ordering::is_ge),
        }
    }

    /// About how many bytes of memory the values take.
    pub(super) fn bytes(&self) -> u64 {
        // The place of a value, and what the allocator adds.
        const OVERHEAD: u64 = 32;
        match &self.held {
            Held::Integers(best) => best.len() as u64 * size_of::<Option<i64>>() as u64,
            Held::Encoded(_, best, bytes) => *bytes + best.len() as u64 * OVERHEAD,
        }
    }

    /// Keeps the values of the keys of `order`, in that order.
    pub(super) fn keep(&mut self, order: &[usize]) {
        match &mut self.held {
            Held::Integers(best) => *best = order.iter().map(|group| best.get(*group).copied().flatten()).collect(),
            Held::Encoded(_, best, bytes) => {
                let kept: Vec<_> = order.iter().map(|group| best.get_mut(*group).and_then(Option::take)).collect();
                *bytes = kept.iter().flatten().map(|value| value.len() as u64).sum();
                *best = kept;
            }
        }
    }

    /// The values of the keys in the given order.
    pub(super) fn finish(&self, order: &[usize]) -> Result<ArrayRef> {
        match &self.held {
            Held::Integers(best) => {
                let values: Int64Array = order.iter().map(|group| best.get(*group).copied().flatten()).collect();
                let values: ArrayRef = Arc::new(values);
                let value = self.tuple.last().map_or(&DataType::Int64, Field::data_type);
                Ok(match value {
                    DataType::Date32 => cast(&cast(&values, &DataType::Int32)?, value)?,
                    _ => cast(&values, value)?,
                })
            }
            Held::Encoded(converter, best, _) => {
                let nulls: Vec<ArrayRef> =
                    self.tuple.iter().map(|field| new_null_array(field.data_type(), 1)).collect();
                let nothing = converter.convert_columns(&nulls)?;
                let nothing: Box<[u8]> = nothing.row(0).as_ref().into();
                let parser = converter.parser();
                let rows = order.iter().map(|group| {
                    let bytes = best.get(*group).and_then(Option::as_ref).unwrap_or(&nothing);
                    parser.parse(bytes)
                });
                converter.convert_rows(rows)?.pop().ok_or_else(|| QueryError::MissingColumn {
                    column: self.name.clone(),
                    context: "the aggregates".to_owned(),
                })
            }
        }
    }
}

/// Whether values of a type are ordered as the integers that hold them.
fn is_integer(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Int64 | DataType::Int32 | DataType::Date32 | DataType::Timestamp(TimeUnit::Microsecond, _)
    )
}

fn as_integers(values: &ArrayRef) -> Result<ArrayRef> {
    Ok(match values.data_type() {
        DataType::Date32 => cast(&cast(values, &DataType::Int32)?, &DataType::Int64)?,
        _ => cast(values, &DataType::Int64)?,
    })
}
