//! Aggregates of members that came and went, combined with those that a table holds already.

use std::collections::HashMap;

use arrow::array::{ArrayRef, BooleanArray, RecordBatch, UInt32Array};
use arrow::compute::kernels::cmp::{gt, lt, not_distinct};
use arrow::compute::kernels::zip::zip;
use arrow::compute::{and, is_not_null, is_null, or, take};
use arrow::datatypes::Field;
use goldsmith_model::AggregateFunction;

use super::best::Best;
use super::{Aggregator, member_columns};
use crate::Result;
use crate::normalize::{field, new_batch, widen};
use crate::order::{OLDEST_FIRST, converter};

impl Aggregator {
    /// The rows of all keys that were gathered here, when the table `held` these rows before, the members that were pushed here came,
    /// and those that were pushed to `gone` went. Members that only changed are among both.
    ///
    /// None when that takes more than these members: when a value went that the table may owe to it, unless one came that is as good;
    /// when a last value came that differs from the one that is held, as the table does not hold when that was; and when a key went.
    ///
    /// # Errors
    /// [`crate::QueryError::MissingColumn`] when `held` has not all columns of [`Self::finish`]; [`crate::QueryError::Arrow`], only by a
    /// fault of the engine.
    pub fn finish_over(self, held: &RecordBatch, gone: &Self) -> Result<Option<RecordBatch>> {
        let (key, values) = self.schema.fields().split_at(self.key.len());
        if values.iter().any(|field| field.data_type().is_nested()) {
            return Ok(None);
        }
        for field_of in key.iter().chain(values) {
            field(&held.schema(), field_of.name(), "the rows held")?;
        }
        let (mut columns, order) = self.groups.sorted()?;
        let gone_groups = gone.groups.find(&columns)?;
        if gone_groups.iter().flatten().count() < gone.groups.len() {
            return Ok(None);
        }
        let rows = rows_of(&self.key, held, &columns)?;
        for ((best, gone), field) in self.best.iter().zip(&gone.best).zip(values) {
            let came = widen(field.name(), &best.finish(&order)?, field.data_type())?;
            let held = member_columns(held, std::slice::from_ref(field))?;
            let held = held.iter().map(|column| Ok(take(column, &rows, None)?)).collect::<Result<Vec<ArrayRef>>>()?;
            let [held] = held.as_slice() else { return Ok(None) };
            let Some(value) = settled(best, &order, &came, gone, &gone_groups, held, field)? else {
                return Ok(None);
            };
            columns.push(value);
        }
        Ok(Some(new_batch(self.schema, columns, order.len())?))
    }
}

/// The values of one aggregate, where those that came, those that went and those that are held tell.
fn settled(
    best: &Best,
    order: &[usize],
    came: &ArrayRef,
    gone: &Best,
    gone_groups: &[Option<usize>],
    held: &ArrayRef,
    field: &Field,
) -> Result<Option<ArrayRef>> {
    if !gone.is_empty() {
        let places: Vec<usize> = gone_groups.iter().map(|group| group.unwrap_or(usize::MAX)).collect();
        let went = widen(field.name(), &gone.finish(&places)?, field.data_type())?;
        let replaced: BooleanArray =
            order.iter().zip(&places).map(|(ours, theirs)| Some(best.is_as_good(*ours, gone, *theirs))).collect();
        let owed = and(&not_distinct(&went, held)?, &is_not_null(&went)?)?;
        if (0..owed.len()).any(|row| owed.value(row) && !replaced.value(row)) {
            return Ok(None);
        }
    }
    let better = match best.function() {
        AggregateFunction::Min => lt(held, came)?,
        AggregateFunction::Max => gt(held, came)?,
        AggregateFunction::Last => {
            let same = not_distinct(held, came)?;
            if or(&same, &or(&is_null(held)?, &is_null(came)?)?)?.false_count() > 0 {
                return Ok(None);
            }
            same
        }
    };
    // What is compared with nothing is null.
    let better = BooleanArray::new(better.values().clone(), None);
    let stays = and(&is_not_null(held)?, &or(&is_null(came)?, &better)?)?;
    Ok(Some(zip(&stays, held, came)?))
}

/// The row that `held` has of each key; null where it has none.
fn rows_of(key: &[Field], held: &RecordBatch, wanted: &[ArrayRef]) -> Result<UInt32Array> {
    let converter = converter(key.iter().map(Field::data_type), OLDEST_FIRST)?;
    let held = converter.convert_columns(&member_columns(held, key)?)?;
    let row_of: HashMap<_, u32> = held.iter().zip(0..).collect();
    let wanted = converter.convert_columns(wanted)?;
    Ok(wanted.iter().map(|key| row_of.get(&key).copied()).collect())
}
