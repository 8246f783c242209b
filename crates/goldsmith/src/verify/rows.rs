//! Reading tables in passes that hold only part of them.

use std::fmt::Write;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch, TimestampMicrosecondArray};
use arrow::compute::{cast, concat_batches, filter_record_batch};
use arrow::datatypes::{DataType, TimeUnit, TimestampMicrosecondType};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use futures::{Stream, StreamExt, TryStreamExt};
use goldsmith_lake::{ScanRequest, Table};
use goldsmith_query::normalize::normalize_batch;
use goldsmith_query::order::KeyHasher;

use crate::context::RunContext;
use crate::error::Result;
use crate::gold::column_arrays;

/// Rows of a few columns that one pass holds at most, roughly.
const ROWS_AT_ONCE: u64 = 2_000_000;
/// What such a row costs, held and sorted.
const ROW_BYTES: u64 = 512;

/// Streams some columns of a table in their plain types.
pub(super) async fn scan(
    table: &Table,
    columns: &[String],
) -> Result<impl Stream<Item = Result<RecordBatch>> + Send + use<>> {
    let request = ScanRequest { columns: Some(columns.to_vec()), ..ScanRequest::default() };
    let stream = table.scan(request).await?;
    Ok(stream.map(|batch| -> Result<RecordBatch> { Ok(normalize_batch(&batch?)?) }))
}

/// Gives `judge` all rows of a table, in batches that hold all rows of each `key` that they have a row of.
pub(super) async fn by_key(
    ctx: &RunContext,
    table: &Table,
    columns: &[String],
    key: &[String],
    judge: &mut (dyn FnMut(&RecordBatch) -> Result<()> + Send),
) -> Result<()> {
    let at_once = (ctx.budget.query() / ROW_BYTES).clamp(1, ROWS_AT_ONCE);
    let buckets = table.num_rows().await?.div_ceil(at_once).max(1);
    let hasher = KeyHasher::default();
    for bucket in 0..buckets {
        let mut held = Vec::new();
        let mut stream = Box::pin(scan(table, columns).await?);
        while let Some(batch) = stream.try_next().await? {
            ctx.check()?;
            let batch =
                if buckets == 1 { batch } else { in_bucket(&batch, &hasher.hash(&batch, key)?, bucket, buckets)? };
            if batch.num_rows() > 0 {
                held.push(batch);
            }
        }
        if let Some(first) = held.first() {
            judge(&concat_batches(&first.schema(), &held)?)?;
        }
    }
    Ok(())
}

/// Rows of a batch whose hash falls into a bucket.
pub(super) fn in_bucket(batch: &RecordBatch, hashes: &[u64], bucket: u64, buckets: u64) -> Result<RecordBatch> {
    let mask: BooleanArray = hashes.iter().map(|hash| Some(hash % buckets == bucket)).collect();
    Ok(filter_record_batch(batch, &mask)?)
}

/// Columns by name without those that come twice, in their order.
pub(super) fn distinct<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for name in names {
        if !out.iter().any(|known| known == name) {
            out.push(name.to_string());
        }
    }
    out
}

/// A column of instants or dates in microseconds.
pub(super) fn micros(batch: &RecordBatch, name: &str) -> Result<TimestampMicrosecondArray> {
    let column = column_arrays(batch, &[name.to_string()])?.remove(0);
    let utc = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let column = if column.data_type() == &utc { column } else { cast(&column, &utc)? };
    Ok(column.as_primitive::<TimestampMicrosecondType>().clone())
}

/// A row by some of its columns: `workspace_id=1, job_id=7`.
pub(super) fn row_text(batch: &RecordBatch, names: &[String], row: usize) -> Result<String> {
    let mut text = String::new();
    for (name, column) in names.iter().zip(column_arrays(batch, names)?) {
        let separator = if text.is_empty() { "" } else { ", " };
        let value = value_text(&column, row)?.unwrap_or_else(|| "null".into());
        // Writing to a string cannot fail.
        let _ = write!(text, "{separator}{name}={value}");
    }
    Ok(text)
}

/// A value as text, exact; none for null. What is not ASCII is escaped, because texts that look the same can differ.
pub(super) fn value_text(column: &ArrayRef, row: usize) -> Result<Option<String>> {
    if column.is_null(row) {
        return Ok(None);
    }
    let value = column.slice(row, 1);
    let value: ArrayRef = match value.data_type() {
        DataType::Timestamp(TimeUnit::Microsecond, Some(_)) => {
            Arc::new(value.as_primitive::<TimestampMicrosecondType>().clone().with_timezone_opt(None::<Arc<str>>))
        }
        _ => value,
    };
    let options = FormatOptions::default();
    let text = ArrayFormatter::try_new(value.as_ref(), &options)?.value(0).try_to_string()?;
    Ok(Some(text.chars().flat_map(escaped).collect()))
}

fn escaped(character: char) -> Vec<char> {
    if character.is_ascii() && !character.is_ascii_control() {
        vec![character]
    } else {
        character.escape_default().collect()
    }
}
