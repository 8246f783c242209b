//! Comparing results whatever the order of their rows.

use std::hash::{DefaultHasher, Hasher};

use arrow::array::RecordBatch;
use arrow::datatypes::DataType;
use arrow::row::{RowConverter, SortField};
use goldsmith_query::normalize::normalize_batch;

use crate::Result;

/// What two results with the same rows have in common, whatever the order of rows and columns and whatever the physical
/// variant of a type (views, dictionaries).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fingerprint {
    /// Number of rows.
    pub rows: u64,
    /// Columns by name.
    pub columns: Vec<(String, DataType)>,
    /// Sums of two hashes of each row, so that rows that stand twice do not cancel out.
    sums: [u64; 2],
}

impl Fingerprint {
    /// The fingerprint of all rows of the batches.
    ///
    /// # Errors
    /// Columns of a type that rows cannot be compared by.
    pub fn of(batches: &[RecordBatch]) -> Result<Self> {
        let mut fingerprint = Self::default();
        for batch in batches {
            fingerprint.add(&normalize_batch(batch)?)?;
        }
        Ok(fingerprint)
    }

    fn add(&mut self, batch: &RecordBatch) -> Result<()> {
        let schema = batch.schema();
        let mut order: Vec<usize> = (0..batch.num_columns()).collect();
        order.sort_by_key(|index| schema.field(*index).name());
        let columns: Vec<(String, DataType)> = order
            .iter()
            .map(|index| schema.field(*index))
            .map(|field| (field.name().clone(), field.data_type().clone()))
            .collect();
        if self.columns.is_empty() {
            self.columns.clone_from(&columns);
        } else if self.columns != columns {
            return Err(format!("batches of one result have columns {:?} and {columns:?}", self.columns).into());
        }
        let fields = columns.iter().map(|(_, data_type)| SortField::new(data_type.clone())).collect();
        let arrays: Vec<_> = order.iter().map(|index| batch.column(*index).clone()).collect();
        for row in &RowConverter::new(fields)?.convert_columns(&arrays)? {
            for (seed, sum) in self.sums.iter_mut().enumerate() {
                let mut hasher = DefaultHasher::new();
                hasher.write_usize(seed);
                hasher.write(row.as_ref());
                *sum = sum.wrapping_add(hasher.finish());
            }
        }
        self.rows += batch.num_rows() as u64;
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int64Array, StringArray, StringViewArray};

    use super::*;

    fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
        RecordBatch::try_from_iter(columns).unwrap()
    }

    fn numbers(values: &[i64]) -> ArrayRef {
        Arc::new(Int64Array::from(values.to_vec()))
    }

    #[test]
    fn order_and_physical_types_do_not_matter_and_content_does() {
        let texts = |values: &[&str]| -> ArrayRef { Arc::new(StringArray::from(values.to_vec())) };
        let of = |batches: &[RecordBatch]| Fingerprint::of(batches).unwrap();
        let rows = of(&[batch(vec![("a", numbers(&[1, 2, 2])), ("b", texts(&["x", "y", "y"]))])]);
        let views: ArrayRef = Arc::new(StringViewArray::from(vec!["y", "x"]));
        let shuffled = [
            batch(vec![("b", views), ("a", numbers(&[2, 1]))]),
            batch(vec![("b", texts(&["y"])), ("a", numbers(&[2]))]),
        ];
        assert_eq!(rows, of(&shuffled));
        for other in [
            batch(vec![("a", numbers(&[1, 1, 2])), ("b", texts(&["x", "x", "y"]))]),
            batch(vec![("a", numbers(&[1, 2, 2])), ("b", texts(&["y", "x", "y"]))]),
            batch(vec![("a", numbers(&[1, 2, 2])), ("c", texts(&["x", "y", "y"]))]),
            batch(vec![("a", numbers(&[1, 2])), ("b", texts(&["x", "y"]))]),
        ] {
            assert_ne!(rows, of(&[other]));
        }
    }
}
