//! The usage log: rows ordered by time, so that a table written in that order has files with narrow bounds of the date and with
//! unrelated record ids, the two columns of [`KEY`].

use std::sync::Arc;

use arrow::array::{
    ArrayRef, Date32Array, Decimal128Array, Int64Array, RecordBatch, StringArray, StructArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};
use arrow::error::ArrowError;

use super::values::{BATCH_ROWS, DAY, EPOCH, hash, number};

/// Columns that identify a record of the log.
pub(crate) const KEY: [&str; 2] = ["usage_date", "record_id"];
/// The column by which the newest row of a record is told: BIGINT.
pub(crate) const VERSION: &str = "version";
/// A measure: DECIMAL(38, 18).
pub(crate) const QUANTITY: &str = "usage_quantity";

/// Days that a log spans.
const DAYS: u64 = 64;
const QUANTITY_TYPE: (u8, i8) = (38, 18);
const COST_TYPE: (u8, i8) = (18, 6);

/// One version of one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RowVersion {
    /// Place of the record in the log. A record past the end of the log is a new one.
    pub(crate) index: u64,
    /// From 1. Another version has another content, but the same key.
    pub(crate) version: u32,
}

/// A log of so many records.
#[derive(Debug, Clone, Copy)]
pub(crate) struct UsageLog {
    /// Number of records.
    pub(crate) rows: u64,
}

impl UsageLog {
    /// Builds rows with all columns of [`usage_schema`], in the given order.
    ///
    /// # Errors
    /// None in practice: the columns fit the schema.
    pub(crate) fn batch(&self, rows: &[RowVersion]) -> Result<RecordBatch, ArrowError> {
        let days: Vec<i64> = rows.iter().map(|row| self.day(row.index)).collect();
        let starts: Vec<i64> = rows.iter().zip(&days).map(|(row, day)| start_of(row.index, *day)).collect();
        let columns: Vec<ArrayRef> = vec![
            texts(rows, |_| "8f2d6c1e-account".to_owned()),
            texts(rows, |row| format!("{}", 4_000_000_000_u64 + hash(row.index, 1) % 40)),
            texts(rows, |row| format!("{:016x}{:016x}", hash(row.index, 2), hash(row.index, 3))),
            texts(rows, |row| format!("SKU_{:03}_COMPUTE", hash(row.index, 4) % 60)),
            texts(rows, |row| ["AWS", "AZURE", "GCP"][slot(row.index, 5, 3)].to_owned()),
            timestamps(starts.iter().copied()),
            timestamps(starts.iter().map(|start| start + 3_600_000_000)),
            Arc::new(days.iter().map(|day| i32::try_from(*day).ok()).collect::<Date32Array>()),
            texts(rows, |_| "DBU".to_owned()),
            decimals(rows, QUANTITY_TYPE, |row| {
                i128::from(hash(row.index, 6) % 50_000_000 + u64::from(row.version)) * 1_000_000_000_000
            })?,
            texts(rows, |row| ["JOBS", "SQL", "DLT", "INTERACTIVE"][slot(row.index, 7, 4)].to_owned()),
            origins(rows),
            texts(rows, |row| ["ORIGINAL", "RESTATEMENT"][slot(row.index, 17, 2)].to_owned()),
            integers(rows, |row| number(row.index, 11, 1_000_000_000)),
            texts(rows, |row| format!("user-{}@example.com", hash(row.index, 12) % 2_000)),
            texts(rows, |row| format!("team={}", hash(row.index, 13) % 80)),
            decimals(rows, COST_TYPE, |row| i128::from(hash(row.index, 14) % 90_000_000 + 7 * u64::from(row.version)))?,
            integers(rows, |row| number(row.index, 15, 1_440)),
            integers(rows, |row| i64::from(row.version)),
            timestamps(rows.iter().zip(&starts).map(|(row, start)| start + i64::from(row.version) * DAY)),
        ];
        RecordBatch::try_new(usage_schema(), columns)
    }

    /// Rows in batches, with the named columns or all.
    ///
    /// # Errors
    /// There is no such column.
    pub(crate) fn batches(
        &self,
        rows: &[RowVersion],
        columns: Option<&[&str]>,
    ) -> Result<Vec<RecordBatch>, ArrowError> {
        let schema = usage_schema();
        let indices = match columns {
            Some(names) => names.iter().map(|name| schema.index_of(name)).collect::<Result<Vec<_>, _>>()?,
            None => (0..schema.fields().len()).collect(),
        };
        rows.chunks(BATCH_ROWS).map(|chunk| self.batch(chunk)?.project(&indices)).collect()
    }

    fn day(&self, index: u64) -> i64 {
        EPOCH / DAY + i64::try_from(index * DAYS / self.rows.max(1)).unwrap_or_default()
    }
}

/// The 20 columns of the log, one of them nested; [`KEY`], [`VERSION`] and [`QUANTITY`] are among them.
pub(crate) fn usage_schema() -> SchemaRef {
    let timestamp = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let fields = [
        ("account_id", DataType::Utf8),
        ("workspace_id", DataType::Utf8),
        ("record_id", DataType::Utf8),
        ("sku_name", DataType::Utf8),
        ("cloud", DataType::Utf8),
        ("usage_start_time", timestamp.clone()),
        ("usage_end_time", timestamp.clone()),
        ("usage_date", DataType::Date32),
        ("usage_unit", DataType::Utf8),
        (QUANTITY, DataType::Decimal128(QUANTITY_TYPE.0, QUANTITY_TYPE.1)),
        ("billing_origin_product", DataType::Utf8),
        ("usage_metadata", DataType::Struct(origin_fields())),
        ("record_type", DataType::Utf8),
        ("job_run_id", DataType::Int64),
        ("run_as", DataType::Utf8),
        ("custom_tag", DataType::Utf8),
        ("list_cost", DataType::Decimal128(COST_TYPE.0, COST_TYPE.1)),
        ("active_minutes", DataType::Int64),
        (VERSION, DataType::Int64),
        ("ingested_at", timestamp),
    ];
    Arc::new(Schema::new(
        fields.map(|(name, data_type)| Field::new(name, data_type, true)).into_iter().collect::<Vec<_>>(),
    ))
}

/// What a record was used by: a cluster, or a job on none of its own.
fn origins(rows: &[RowVersion]) -> ArrayRef {
    let clusters = StringArray::from_iter(
        rows.iter().map(|row| (slot(row.index, 8, 3) != 0).then(|| format!("c-{}", hash(row.index, 9) % 5_000))),
    );
    let jobs = Int64Array::from_iter(
        rows.iter().map(|row| (slot(row.index, 8, 3) == 0).then(|| number(row.index, 10, 100_000))),
    );
    Arc::new(StructArray::new(origin_fields(), vec![Arc::new(clusters), Arc::new(jobs)], None))
}

fn origin_fields() -> Fields {
    [Field::new("cluster_id", DataType::Utf8, true), Field::new("job_id", DataType::Int64, true)].into_iter().collect()
}

fn start_of(index: u64, day: i64) -> i64 {
    day * DAY + number(index, 16, 86_400_000_000)
}

fn texts(rows: &[RowVersion], value: impl Fn(&RowVersion) -> String) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(rows.iter().map(value)))
}

fn integers(rows: &[RowVersion], value: impl Fn(&RowVersion) -> i64) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(rows.iter().map(value)))
}

fn decimals(
    rows: &[RowVersion],
    (precision, scale): (u8, i8),
    value: impl Fn(&RowVersion) -> i128,
) -> Result<ArrayRef, ArrowError> {
    let array = Decimal128Array::from_iter_values(rows.iter().map(value)).with_precision_and_scale(precision, scale)?;
    Ok(Arc::new(array))
}

fn timestamps(values: impl Iterator<Item = i64>) -> ArrayRef {
    Arc::new(TimestampMicrosecondArray::from_iter_values(values).with_timezone("UTC"))
}

fn slot(index: u64, salt: u64, slots: usize) -> usize {
    usize::try_from(hash(index, salt) % slots as u64).unwrap_or_default()
}
