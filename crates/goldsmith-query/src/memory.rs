//! How much memory rows take, and putting them together without holding them twice.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::compute::concat;
use arrow::datatypes::SchemaRef;

use crate::Result;
use crate::normalize::new_batch;

/// Bytes of the values that a batch shows: a slice counts as what it shows, not as the buffers behind it, but for the elements of
/// its lists, which count whole.
pub fn batch_bytes(batch: &RecordBatch) -> u64 {
    batch.columns().iter().map(|column| column_bytes(column) as u64).sum()
}

fn column_bytes(column: &ArrayRef) -> usize {
    column.to_data().get_slice_memory_size().unwrap_or_else(|_| column.get_array_memory_size())
}

/// Puts batches of one schema together, column by column, giving up the parts of each column as soon as it is done: the rows are
/// held once, and one column twice. An empty list makes a batch without rows.
///
/// # Errors
/// [`crate::QueryError::Arrow`] when the batches differ in schema, or a column of text exceeds what its offsets can count.
pub fn concat_owned(schema: &SchemaRef, mut batches: Vec<RecordBatch>) -> Result<RecordBatch> {
    if batches.len() == 1
        && let Some(only) = batches.pop()
    {
        return Ok(only);
    }
    let rows = batches.iter().map(RecordBatch::num_rows).sum();
    let mut parts: Vec<Vec<ArrayRef>> = vec![Vec::with_capacity(batches.len()); schema.fields().len()];
    for batch in batches {
        let (_, columns, _) = batch.into_parts();
        for (part, column) in parts.iter_mut().zip(columns) {
            part.push(column);
        }
    }
    let columns = parts
        .into_iter()
        .zip(schema.fields())
        .map(|(part, field)| -> Result<ArrayRef> {
            let part: Vec<&dyn Array> = part.iter().map(AsRef::as_ref).collect();
            Ok(if part.is_empty() { arrow::array::new_empty_array(field.data_type()) } else { concat(&part)? })
        })
        .collect::<Result<Vec<_>>>()?;
    new_batch(Arc::clone(schema), columns, rows)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use arrow::array::{Int64Array, StringArray};
    use arrow::compute::concat_batches;

    fn batch(from: i64, rows: i64) -> RecordBatch {
        let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(from..from + rows));
        let texts: ArrayRef =
            Arc::new(StringArray::from_iter_values((from..from + rows).map(|row| format!("{row:08}"))));
        RecordBatch::try_from_iter([("n", numbers), ("t", texts)]).unwrap()
    }

    #[test]
    fn a_slice_counts_as_what_it_shows() {
        let whole = batch(0, 1_000);
        // Eight bytes of the number, eight of the text, four of its offset.
        let bytes = batch_bytes(&whole);
        assert!((20_000..21_000).contains(&bytes), "{bytes}");
        let tenth = batch_bytes(&whole.slice(500, 100));
        assert!((2_000..2_200).contains(&tenth), "{tenth}");
    }

    #[test]
    fn rows_put_together_by_column_are_those_put_together_by_batch() {
        let parts = vec![batch(0, 3), batch(3, 0), batch(3, 5)];
        let schema = parts[0].schema();
        let expected = concat_batches(&schema, &parts).unwrap();
        assert_eq!(concat_owned(&schema, parts).unwrap(), expected);
        assert_eq!(concat_owned(&schema, vec![batch(7, 2)]).unwrap(), batch(7, 2));
        assert_eq!(concat_owned(&schema, Vec::new()).unwrap(), RecordBatch::new_empty(schema));
    }

    #[test]
    fn batches_without_columns_keep_their_rows() {
        let schema: SchemaRef = Arc::new(arrow::datatypes::Schema::empty());
        let empty = |rows| new_batch(Arc::clone(&schema), Vec::new(), rows).unwrap();
        assert_eq!(concat_owned(&schema, vec![empty(2), empty(3)]).unwrap().num_rows(), 5);
    }
}
