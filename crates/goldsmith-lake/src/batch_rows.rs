//! How many rows make a batch.
//!
//! Offsets of texts have 32 bits, so that those of one column must stay below 2 GiB in a batch, and what is held in memory shall
//! follow the bytes of rows and not their number: the wider rows are, the fewer of them are decoded and written at once.

use arrow::array::{Array, ArrayRef, RecordBatch};
use parquet::arrow::ProjectionMask;
use parquet::basic::Type as PhysicalType;
use parquet::file::metadata::{ColumnChunkMetaData, RowGroupMetaData};

use crate::memory::BATCH_BYTES;
use crate::session::BATCH_ROWS;

/// Rows that are decoded first where the footer does not tell how wide they are.
const FIRST_ROWS: usize = 64;
/// With so many times the bytes that a batch should have, the rows that follow are decoded in other numbers.
const TOO_WIDE: u64 = 4;
/// What is left of a number of rows whose texts were more than offsets can count.
const SHRINK: usize = 4;

/// How many rows make a batch, when so many rows take so many bytes.
pub(crate) fn rows_at_once(bytes: u64, rows: usize) -> usize {
    let fitting = BATCH_BYTES.saturating_mul(rows as u64) / bytes.max(1);
    usize::try_from(fitting).unwrap_or(usize::MAX).clamp(1, BATCH_ROWS)
}

/// Bytes of the values that a batch shows: of a slice not the buffers behind it, but for the elements of its lists.
pub(crate) fn shown_bytes(batch: &RecordBatch) -> u64 {
    let bytes = |column: &ArrayRef| {
        column.to_data().get_slice_memory_size().unwrap_or_else(|_| column.get_array_memory_size()) as u64
    };
    batch.columns().iter().map(bytes).sum()
}

/// Rows of a file that are decoded at once: as its footer tells, and as those that were decoded show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BatchSize {
    rows: usize,
    /// More rows than this are too wide by what the footer tells.
    most: usize,
    /// Whether the footer does not tell all, and no row was seen.
    is_guess: bool,
}

impl BatchSize {
    /// The size for columns of row groups. Files of our own hide only texts that are short ([`crate::encoding`]).
    pub(crate) fn of<'m>(
        groups: impl Iterator<Item = &'m RowGroupMetaData>,
        columns: &ProjectionMask,
        is_own: bool,
    ) -> Self {
        let (mut rows, mut most) = (BATCH_ROWS, BATCH_ROWS);
        for group in groups {
            let count = usize::try_from(group.num_rows()).unwrap_or_default();
            let (mut told, mut hidden) = (0_u64, 0_u64);
            for (leaf, column) in group.columns().iter().enumerate() {
                if columns.leaf_included(leaf) {
                    told = told.saturating_add(told_bytes(column));
                    hidden = hidden.saturating_add(if is_own { 0 } else { hidden_bytes(column) });
                }
            }
            if count > 0 {
                most = most.min(rows_at_once(told, count));
            }
            if hidden.saturating_mul(count.min(BATCH_ROWS) as u64) > BATCH_BYTES {
                rows = rows.min(rows_at_once(hidden, 1).max(FIRST_ROWS));
            }
        }
        Self { rows: rows.min(most), most, is_guess: rows < most }
    }

    /// Rows to decode at once.
    pub(crate) fn rows(self) -> usize {
        self.rows
    }

    /// Learns from the bytes of decoded rows. Returns whether the rows that follow are to be decoded in another number.
    pub(crate) fn learn(&mut self, rows: usize, bytes: u64) -> bool {
        let fitting = rows_at_once(bytes, rows).min(self.most);
        let was_guess = std::mem::take(&mut self.is_guess);
        let is_too_much = bytes > TOO_WIDE * BATCH_BYTES && fitting < self.rows;
        let is_too_little = was_guess && fitting > self.rows;
        if is_too_much || is_too_little {
            self.rows = fitting;
        }
        is_too_much || is_too_little
    }

    /// Takes fewer rows, whose texts were more than offsets can count; false when it was one row.
    pub(crate) fn shrink(&mut self) -> bool {
        let was_one = self.rows <= 1;
        self.is_guess = false;
        self.rows = (self.rows / SHRINK).max(1);
        !was_one
    }
}

/// Bytes of the decoded values of a column, as far as the footer tells: of dictionaries and runs it does only for writers that count
/// the bytes of texts, and for values of a fixed width.
fn told_bytes(column: &ColumnChunkMetaData) -> u64 {
    let values = u64::try_from(column.num_values()).unwrap_or_default();
    let decoded = match column.column_type() {
        PhysicalType::BYTE_ARRAY => text_bytes(column).map(|bytes| bytes.saturating_add(4 * values)),
        PhysicalType::INT32 | PhysicalType::FLOAT => Some(4 * values),
        PhysicalType::INT64 | PhysicalType::INT96 | PhysicalType::DOUBLE => Some(8 * values),
        _ => None,
    };
    decoded.unwrap_or_default().max(u64::try_from(column.uncompressed_size()).unwrap_or_default())
}

fn text_bytes(column: &ColumnChunkMetaData) -> Option<u64> {
    u64::try_from(column.unencoded_byte_array_data_bytes()?).ok()
}

/// Bytes that each value of a column may have for all that the footer tells: those of a dictionary whose texts nobody counted. One with
/// bounds is none of those, as writers leave bounds out that are long.
fn hidden_bytes(column: &ColumnChunkMetaData) -> u64 {
    let has_bounds = column.statistics().is_some_and(|bounds| bounds.max_bytes_opt().is_some());
    let is_told = column.column_type() != PhysicalType::BYTE_ARRAY
        || column.dictionary_page_offset().is_none()
        || text_bytes(column).is_some()
        || has_bounds;
    if is_told { 0 } else { u64::try_from(column.uncompressed_size()).unwrap_or_default() }
}

/// Whether what an error says is that values were more than the offsets of an array can count.
pub(crate) fn is_overflow(text: &str) -> bool {
    const SAID: [&str; 3] =
        ["index overflow decoding byte array", "would overflow list array", "Offset overflow error"];
    SAID.iter().any(|said| text.contains(said))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Int64Array, StringArray};
    use arrow::error::ArrowError;
    use parquet::errors::ParquetError;

    use super::*;

    #[test]
    fn wide_rows_make_small_batches() {
        for (bytes, rows, at_once) in [
            (0, 0, 1),
            (0, 10, BATCH_ROWS),
            (100 * 8192, 8192, BATCH_ROWS),
            (BATCH_BYTES, 1, 1),
            (BATCH_BYTES * 50, 100, 2),
            (BATCH_BYTES * 1_000, 1, 1),
            (u64::MAX, usize::MAX, 1),
        ] {
            assert_eq!(rows_at_once(bytes, rows), at_once, "{bytes} bytes, {rows} rows");
        }
    }

    #[test]
    fn a_slice_counts_as_what_it_shows() {
        let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..1_000));
        let texts: ArrayRef = Arc::new(StringArray::from_iter_values((0..1_000).map(|row| format!("{row:08}"))));
        let batch = RecordBatch::try_from_iter([("n", numbers), ("t", texts)]).unwrap();
        assert!((20_000..21_000).contains(&shown_bytes(&batch)));
        assert!((2_000..2_200).contains(&shown_bytes(&batch.slice(500, 100))));
    }

    #[test]
    fn a_guess_is_corrected_once_and_rows_that_are_too_wide_always() {
        let mut size = BatchSize { rows: FIRST_ROWS, most: 4_000, is_guess: true };
        assert!(size.learn(FIRST_ROWS, 64 * 100));
        assert_eq!(size.rows(), 4_000, "not more than the footer allows");
        assert!(!size.learn(4_000, TOO_WIDE * BATCH_BYTES), "nothing for a few rows that are a little wider");
        assert!(size.learn(4_000, 40 * BATCH_BYTES));
        assert_eq!(size.rows(), 100);
        assert!(!size.learn(100, 100), "the next rows may be wide again");
        let mut size = BatchSize { rows: 1, most: 1, is_guess: false };
        assert!(!size.learn(1, 100 * BATCH_BYTES), "one row is one row");
    }

    #[test]
    fn rows_whose_texts_overflow_become_fewer_until_it_is_one() {
        let mut size = BatchSize { rows: 20, most: 20, is_guess: true };
        let mut tried = vec![size.rows()];
        while size.shrink() {
            tried.push(size.rows());
        }
        assert_eq!(tried, [20, 5, 1]);
    }

    #[test]
    fn an_overflow_is_told_from_damage() {
        for (text, is) in [
            (ParquetError::General("index overflow decoding byte array".to_owned()).to_string(), true),
            (ArrowError::OffsetOverflowError(3_000_000_000).to_string(), true),
            (ParquetError::EOF("not enough bytes".to_owned()).to_string(), false),
        ] {
            assert_eq!(is_overflow(&text), is, "{text}");
        }
    }
}
