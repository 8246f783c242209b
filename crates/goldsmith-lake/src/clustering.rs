//! Sorting rows before they are written, so that the row groups and pages of a file have narrow bounds of some columns.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, UInt32Array};
use arrow::compute::{SortColumn, concat_batches, lexsort_to_indices, take_record_batch};
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;

/// Collects rows, and gives them back in sorted runs.
pub(crate) struct Clustering {
    schema: SchemaRef,
    /// Places of the columns.
    columns: Vec<usize>,
    most_rows: usize,
    most_bytes: usize,
    waiting: Vec<RecordBatch>,
    rows: usize,
    bytes: usize,
}

impl Clustering {
    /// Sorts by the columns, in runs of so many rows or bytes; none when the rows have none of the columns.
    pub(crate) fn new(schema: &SchemaRef, columns: &[String], most_rows: usize, most_bytes: usize) -> Option<Self> {
        let columns: Vec<usize> = columns.iter().filter_map(|name| schema.index_of(name).ok()).collect();
        (!columns.is_empty()).then(|| Self {
            schema: Arc::clone(schema),
            columns,
            most_rows,
            most_bytes,
            waiting: Vec::new(),
            rows: 0,
            bytes: 0,
        })
    }

    /// Takes a batch, and gives a run once there are rows enough.
    pub(crate) fn push(&mut self, batch: RecordBatch) -> Result<Option<RecordBatch>, ArrowError> {
        self.rows += batch.num_rows();
        self.bytes += batch.get_array_memory_size();
        self.waiting.push(batch);
        if self.rows >= self.most_rows || self.bytes >= self.most_bytes { self.run() } else { Ok(None) }
    }

    /// The rows that wait, sorted; rows that are equal in the columns keep their order, and nulls come first.
    pub(crate) fn run(&mut self) -> Result<Option<RecordBatch>, ArrowError> {
        let waiting = std::mem::take(&mut self.waiting);
        (self.rows, self.bytes) = (0, 0);
        if waiting.is_empty() {
            return Ok(None);
        }
        let rows = concat_batches(&self.schema, &waiting)?;
        drop(waiting);
        let count = u32::try_from(rows.num_rows()).map_err(|error| ArrowError::ComputeError(error.to_string()))?;
        let order: ArrayRef = Arc::new(UInt32Array::from_iter_values(0..count));
        let columns = self.columns.iter().map(|column| rows.column(*column)).chain([&order]);
        let columns: Vec<SortColumn> =
            columns.map(|values| SortColumn { values: Arc::clone(values), options: None }).collect();
        let sorted = lexsort_to_indices(&columns, None)?;
        if sorted.values().is_sorted() {
            return Ok(Some(rows));
        }
        take_record_batch(&rows, &sorted).map(Some)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use arrow::array::{AsArray, Int64Array};
    use arrow::datatypes::Int64Type;

    use super::*;

    fn batch(days: Vec<Option<i64>>, first: i64) -> RecordBatch {
        let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(first..first + days.len() as i64));
        let days: ArrayRef = Arc::new(Int64Array::from(days));
        RecordBatch::try_from_iter_with_nullable([("day", days, true), ("n", numbers, true)]).unwrap()
    }

    fn numbers(run: &RecordBatch) -> Vec<i64> {
        run.column(1).as_primitive::<Int64Type>().values().to_vec()
    }

    #[test]
    fn runs_are_sorted_and_keep_the_order_of_equals() {
        let first = batch(vec![Some(3), Some(1), None], 0);
        let mut clustering = Clustering::new(&first.schema(), &["day".to_owned()], 5, usize::MAX).unwrap();
        assert!(clustering.push(first).unwrap().is_none());
        let run = clustering.push(batch(vec![Some(1), Some(3)], 3)).unwrap().unwrap();
        assert_eq!(numbers(&run), [2, 1, 3, 0, 4]);
        assert!(clustering.run().unwrap().is_none());
        clustering.push(batch(vec![Some(2), Some(1)], 5)).unwrap();
        assert_eq!(numbers(&clustering.run().unwrap().unwrap()), [6, 5]);
    }

    #[test]
    fn many_bytes_end_a_run_too() {
        let rows = batch(vec![Some(1)], 0);
        let mut clustering = Clustering::new(&rows.schema(), &["day".to_owned()], 100, 1).unwrap();
        assert_eq!(clustering.push(rows).unwrap().map(|run| run.num_rows()), Some(1));
    }

    #[test]
    fn unknown_columns_sort_nothing() {
        let schema = batch(Vec::new(), 0).schema();
        assert!(Clustering::new(&schema, &[], 1, 1).is_none());
        assert!(Clustering::new(&schema, &["gone".to_owned()], 1, 1).is_none());
    }
}
