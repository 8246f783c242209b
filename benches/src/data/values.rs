//! Values that look random, and columns of them.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};

use crate::Result;

/// Rows of one batch, as scans deliver them.
pub(crate) const BATCH_ROWS: usize = 8192;
/// A day in microseconds.
pub(crate) const DAY: i64 = 86_400_000_000;
/// 2025-01-01, in microseconds since 1970.
pub(crate) const EPOCH: i64 = 20_089 * DAY;

/// A number below `bound` that looks random, for one column (`salt`) of one row.
pub(crate) fn number(index: u64, salt: u64, bound: u64) -> i64 {
    i64::try_from(hash(index, salt) % bound.max(1)).unwrap_or_default()
}

/// The finaliser of the splitmix64 generator: bijective for each salt, so that identifiers made from it are unique.
pub(crate) fn hash(index: u64, salt: u64) -> u64 {
    let mut bits = index.wrapping_add(salt.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// A text column with the values of these rows.
pub(crate) fn texts(rows: &Range<u64>, value: impl Fn(u64) -> Option<String>) -> ArrayRef {
    Arc::new(rows.clone().map(value).collect::<StringArray>())
}

/// A BIGINT column with the values of these rows.
pub(crate) fn integers(rows: &Range<u64>, value: impl Fn(u64) -> Option<i64>) -> ArrayRef {
    Arc::new(rows.clone().map(value).collect::<Int64Array>())
}

/// A TIMESTAMP column with the values of these rows, in microseconds.
pub(crate) fn instants(rows: &Range<u64>, value: impl Fn(u64) -> Option<i64>) -> ArrayRef {
    Arc::new(rows.clone().map(value).collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
}

/// So many rows in batches; `columns` makes those of a range of row numbers.
pub(crate) fn batches(
    rows: u64,
    columns: impl Fn(&Range<u64>) -> Vec<(&'static str, ArrayRef)>,
) -> Result<Vec<RecordBatch>> {
    (0..rows)
        .step_by(BATCH_ROWS)
        .map(|start| {
            let columns = columns(&(start..rows.min(start + BATCH_ROWS as u64)));
            let nullable = columns.into_iter().map(|(name, column)| (name, column, true));
            Ok(RecordBatch::try_from_iter_with_nullable(nullable)?)
        })
        .collect()
}
