//! The usage log: schema and rows.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, Date32Array, Decimal128Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use arrow::error::ArrowError;

/// Columns that identify a record of the log.
pub const KEY: [&str; 2] = ["usage_date", "record_id"];
/// The column by which the newest row of a record is told: BIGINT.
pub const VERSION: &str = "version";
/// A measure: DECIMAL(38, 18).
pub const QUANTITY: &str = "usage_quantity";

/// 2025-01-01, in days since 1970.
const FIRST_DAY: i64 = 20_089;
/// Days that a log spans.
const DAYS: u64 = 64;
const DAY_MICROSECONDS: i64 = 86_400_000_000;
const QUANTITY_TYPE: (u8, i8) = (38, 18);
const COST_TYPE: (u8, i8) = (18, 6);

/// One version of one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowVersion {
    /// Place of the record in the log. A record past the end of the log is a new one.
    pub index: u64,
    /// From 1. Another version has another content, but the same key.
    pub version: u32,
}

/// A log of so many records.
#[derive(Debug, Clone, Copy)]
pub struct UsageLog {
    /// Number of records.
    pub rows: u64,
}

impl UsageLog {
    /// Builds rows with all columns of [`usage_schema`], in the given order.
    ///
    /// # Errors
    /// None in practice: the columns fit the schema.
    pub fn batch(&self, rows: &[RowVersion]) -> Result<RecordBatch, ArrowError> {
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
            Arc::new(StringArray::from_iter(
                rows.iter()
                    .map(|row| (slot(row.index, 8, 3) != 0).then(|| format!("c-{}", hash(row.index, 9) % 5_000))),
            )),
            Arc::new(Int64Array::from_iter(
                rows.iter().map(|row| (slot(row.index, 8, 3) == 0).then(|| number(row.index, 10, 100_000))),
            )),
            integers(rows, |row| number(row.index, 11, 1_000_000_000)),
            texts(rows, |row| format!("user-{}@example.com", hash(row.index, 12) % 2_000)),
            texts(rows, |row| format!("team={}", hash(row.index, 13) % 80)),
            decimals(rows, COST_TYPE, |row| i128::from(hash(row.index, 14) % 90_000_000 + 7 * u64::from(row.version)))?,
            integers(rows, |row| number(row.index, 15, 1_440)),
            integers(rows, |row| i64::from(row.version)),
            timestamps(rows.iter().zip(&starts).map(|(row, start)| start + i64::from(row.version) * DAY_MICROSECONDS)),
        ];
        RecordBatch::try_new(usage_schema(), columns)
    }

    fn day(&self, index: u64) -> i64 {
        FIRST_DAY + i64::try_from(index * DAYS / self.rows.max(1)).unwrap_or_default()
    }
}

/// The 20 columns of the log; [`KEY`], [`VERSION`] and [`QUANTITY`] are among them.
pub fn usage_schema() -> SchemaRef {
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
        ("cluster_id", DataType::Utf8),
        ("job_id", DataType::Int64),
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

fn start_of(index: u64, day: i64) -> i64 {
    day * DAY_MICROSECONDS + number(index, 16, 86_400_000_000)
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

/// A number below `bound` that looks random, for one column (`salt`) of one record.
fn number(index: u64, salt: u64, bound: u64) -> i64 {
    i64::try_from(hash(index, salt) % bound).unwrap_or_default()
}

fn slot(index: u64, salt: u64, slots: usize) -> usize {
    usize::try_from(hash(index, salt) % slots as u64).unwrap_or_default()
}

/// The finaliser of the splitmix64 generator: bijective for each salt, so that record ids are unique.
fn hash(index: u64, salt: u64) -> u64 {
    let mut bits = index.wrapping_add(salt.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
