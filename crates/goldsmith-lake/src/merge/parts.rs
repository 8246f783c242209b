//! The rows of a `MERGE`, in parts that fit into its memory.

use std::collections::VecDeque;

use arrow::array::{RecordBatch, UInt64Array};
use arrow::compute::take_record_batch;
use arrow::error::ArrowError;

/// What the table of a join takes for a row beside the row itself, roughly.
const HASH_BYTES: usize = 64;

/// Cuts batches into parts of so many bytes at most, of one row at least, each made when it is asked for.
pub(super) struct Parts<I> {
    batches: I,
    waiting: VecDeque<RecordBatch>,
    most: usize,
}

impl<I: Iterator<Item = Result<RecordBatch, ArrowError>>> Parts<I> {
    /// Parts of `most` bytes; one part without such a bound.
    pub(super) fn new(batches: I, most: Option<usize>) -> Self {
        Self { batches, waiting: VecDeque::new(), most: most.unwrap_or(usize::MAX) }
    }

    /// The next part; none when all rows have been handed out.
    pub(super) fn next_part(&mut self) -> Result<Option<Vec<RecordBatch>>, ArrowError> {
        let (mut part, mut bytes) = (Vec::new(), 0_usize);
        loop {
            let batch = match self.waiting.pop_front() {
                Some(batch) => batch,
                None => match self.batches.next().transpose()? {
                    Some(batch) if batch.num_rows() > 0 => batch,
                    Some(_) => continue,
                    None => break,
                },
            };
            let room = self.most - bytes;
            let size = hashed_bytes(&batch);
            if size <= room {
                bytes += size;
                part.push(batch);
                continue;
            }
            let fitting = room / (size / batch.num_rows()).max(1);
            let rows = if part.is_empty() { fitting.max(1) } else { fitting };
            if rows >= batch.num_rows() {
                part.push(batch);
            } else if rows > 0 {
                part.push(copy(&batch, 0, rows)?);
                self.waiting.push_front(copy(&batch, rows, batch.num_rows())?);
            } else {
                self.waiting.push_front(batch);
            }
            break;
        }
        Ok((!part.is_empty()).then_some(part))
    }
}

/// Bytes that rows take with the table in which they are found by hash, roughly.
pub(crate) fn hashed_bytes(batch: &RecordBatch) -> usize {
    batch.get_array_memory_size() + batch.num_rows() * HASH_BYTES
}

/// Some rows without the buffers of the others, which a slice would hold and be counted with.
fn copy(batch: &RecordBatch, from: usize, to: usize) -> Result<RecordBatch, ArrowError> {
    take_record_batch(batch, &UInt64Array::from_iter_values(from as u64..to as u64))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, AsArray, Int64Array};
    use arrow::datatypes::Int64Type;

    use super::*;

    fn batch(keys: std::ops::Range<i64>) -> Result<RecordBatch, ArrowError> {
        RecordBatch::try_from_iter([("k", Arc::new(Int64Array::from_iter_values(keys)) as ArrayRef)])
    }

    fn rows_of_parts(most: Option<usize>) -> Result<Vec<Vec<i64>>, ArrowError> {
        let mut parts = Parts::new([batch(0..1_000), batch(0..0), batch(1_000..1_500)].into_iter(), most);
        let mut found = Vec::new();
        while let Some(part) = parts.next_part()? {
            let keys = part.iter().flat_map(|batch| batch.column(0).as_primitive::<Int64Type>().values().to_vec());
            found.push(keys.collect());
        }
        Ok(found)
    }

    #[test]
    fn every_row_is_in_one_part_and_parts_keep_to_their_size() -> Result<(), ArrowError> {
        for (most, least_parts, most_rows) in
            [(None, 1, 1_500), (Some(100 * (8 + HASH_BYTES)), 14, 110), (Some(1), 1_500, 1), (Some(0), 1_500, 1)]
        {
            let parts = rows_of_parts(most)?;
            assert!(parts.len() >= least_parts, "{most:?}: {} parts", parts.len());
            assert!(parts.iter().all(|part| part.len() <= most_rows), "{most:?}");
            assert_eq!(parts.concat(), (0..1_500).collect::<Vec<i64>>(), "{most:?}");
        }
        Ok(())
    }
}
