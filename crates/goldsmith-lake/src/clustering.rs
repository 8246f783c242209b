//! Sorting rows before they are written, so that the row groups and pages of a file have narrow bounds of some columns.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, UInt32Array};
use arrow::compute::{SortColumn, concat, concat_batches, interleave, lexsort_to_indices, take};
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;

/// Batches of fewer rows on average are put together.
const SMALL_BATCH: usize = 4096;

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
    pub(crate) fn push(&mut self, batch: RecordBatch) -> Result<Vec<RecordBatch>, ArrowError> {
        self.rows += batch.num_rows();
        self.bytes += batch.get_array_memory_size();
        self.waiting.push(batch);
        if self.rows >= self.most_rows || self.bytes >= self.most_bytes { self.run() } else { Ok(Vec::new()) }
    }

    /// The rows that wait, sorted; rows that are equal in the columns keep their order, and nulls come first. Batches that came sorted
    /// are given back as they are.
    pub(crate) fn run(&mut self) -> Result<Vec<RecordBatch>, ArrowError> {
        let waiting = std::mem::take(&mut self.waiting);
        let rows = std::mem::take(&mut self.rows);
        self.bytes = 0;
        if rows == 0 {
            return Ok(Vec::new());
        }
        let count = u32::try_from(rows).map_err(|error| ArrowError::ComputeError(error.to_string()))?;
        let order: ArrayRef = Arc::new(UInt32Array::from_iter_values(0..count));
        let keys = self.columns.iter().map(|column| concat(&arrays(&waiting, *column))).chain([Ok(order)]);
        let keys = keys
            .map(|values| Ok(SortColumn { values: values?, options: None }))
            .collect::<Result<Vec<_>, ArrowError>>()?;
        let sorted = lexsort_to_indices(&keys, None)?;
        drop(keys);
        if sorted.values().is_sorted() {
            // Small batches take longer to encode, and tell too little of how to.
            let are_small = rows / waiting.len() < SMALL_BATCH;
            return if are_small { Ok(vec![concat_batches(&self.schema, &waiting)?]) } else { Ok(waiting) };
        }
        let places: Vec<(usize, usize)> = waiting
            .iter()
            .enumerate()
            .flat_map(|(batch, rows)| (0..rows.num_rows()).map(move |row| (batch, row)))
            .collect();
        let places: Vec<(usize, usize)> =
            sorted.values().iter().filter_map(|row| places.get(usize::try_from(*row).ok()?).copied()).collect();
        let columns = (0..self.schema.fields().len()).map(|column| {
            let parts = arrays(&waiting, column);
            // Rows of nested columns are gathered from several arrays one by one, which takes longer than to copy them twice.
            match self.schema.field(column).data_type().is_nested() {
                true => take(&concat(&parts)?, &sorted, None),
                false => interleave(&parts, &places),
            }
        });
        Ok(vec![RecordBatch::try_new(Arc::clone(&self.schema), columns.collect::<Result<Vec<_>, ArrowError>>()?)?])
    }
}

fn arrays(batches: &[RecordBatch], column: usize) -> Vec<&dyn Array> {
    batches.iter().map(|batch| batch.column(column).as_ref()).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use arrow::array::{AsArray, Int64Array, ListArray};
    use arrow::datatypes::Int64Type;

    use super::*;

    fn batch(days: Vec<Option<i64>>, first: i64) -> RecordBatch {
        let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(first..first + days.len() as i64));
        let days: ArrayRef = Arc::new(Int64Array::from(days));
        RecordBatch::try_from_iter_with_nullable([("day", days, true), ("n", numbers, true)]).unwrap()
    }

    fn numbers(run: &[RecordBatch]) -> Vec<i64> {
        run.iter().flat_map(|batch| batch.column(1).as_primitive::<Int64Type>().values().to_vec()).collect()
    }

    #[test]
    fn runs_are_sorted_and_keep_the_order_of_equals() {
        let first = batch(vec![Some(3), Some(1), None], 0);
        let mut clustering = Clustering::new(&first.schema(), &["day".to_owned()], 5, usize::MAX).unwrap();
        assert!(clustering.push(first).unwrap().is_empty());
        let run = clustering.push(batch(vec![Some(1), Some(3)], 3)).unwrap();
        assert_eq!(numbers(&run), [2, 1, 3, 0, 4]);
        assert!(clustering.run().unwrap().is_empty());
        clustering.push(batch(vec![Some(2), Some(1)], 5)).unwrap();
        assert_eq!(numbers(&clustering.run().unwrap()), [6, 5]);
    }

    #[test]
    fn nested_columns_follow() {
        let first = batch(vec![Some(3), Some(1)], 0);
        let lists =
            |from: i64| ListArray::from_iter_primitive::<Int64Type, _, _>((from..from + 2).map(|n| Some([Some(n)])));
        let with_lists = |batch: RecordBatch, from| {
            let lists: ArrayRef = Arc::new(lists(from));
            RecordBatch::try_from_iter([("day", batch.column(0).clone()), ("l", lists)]).unwrap()
        };
        let (first, second) = (with_lists(first, 0), with_lists(batch(vec![Some(2), Some(0)], 2), 2));
        let mut clustering = Clustering::new(&first.schema(), &["day".to_owned()], 4, usize::MAX).unwrap();
        clustering.push(first).unwrap();
        let run = clustering.push(second).unwrap();
        assert_eq!(run[0].column(1).as_list::<i32>().values().as_primitive::<Int64Type>().values(), &[3, 1, 2, 0]);
    }

    #[test]
    fn rows_that_come_sorted_are_not_copied() {
        let days = |rows: usize, day| vec![Some(day); rows];
        for (rows, given) in [(SMALL_BATCH, 2), (SMALL_BATCH - 1, 1)] {
            let batches = [batch(days(rows, 1), 0), batch(days(rows, 2), rows as i64)];
            let mut clustering = Clustering::new(&batches[0].schema(), &["day".to_owned()], 9_000, usize::MAX).unwrap();
            for batch in &batches {
                assert!(clustering.push(batch.clone()).unwrap().is_empty());
            }
            let run = clustering.run().unwrap();
            assert_eq!(run.len(), given);
            assert!(numbers(&run).into_iter().eq(0..2 * rows as i64));
        }
    }

    #[test]
    fn many_bytes_end_a_run_too() {
        let rows = batch(vec![Some(1)], 0);
        let mut clustering = Clustering::new(&rows.schema(), &["day".to_owned()], 100, 1).unwrap();
        assert_eq!(numbers(&clustering.push(rows).unwrap()), [0]);
    }

    #[test]
    fn unknown_columns_sort_nothing() {
        let schema = batch(Vec::new(), 0).schema();
        assert!(Clustering::new(&schema, &[], 1, 1).is_none());
        assert!(Clustering::new(&schema, &["gone".to_owned()], 1, 1).is_none());
    }
}
