//! Statistics of a file for the log, from its footer.

use std::cmp::Ordering;
use std::time::{SystemTime, UNIX_EPOCH};

use chrono::{DateTime, Days, NaiveDate, SecondsFormat};
use deltalake::kernel::Add;
use object_store::path::Path;
use parquet::basic::{ConvertedType, LogicalType, TimeUnit};
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};
use parquet::file::statistics::Statistics;
use parquet::schema::types::ColumnDescriptor;
use serde_json::{Map, Value, json};

use crate::table::Table;

/// Columns that have statistics in the log when the table does not say how many.
const DEFAULT_COLUMNS: usize = 32;
/// Says how many of the first columns have statistics in the log; a negative number means all.
const NUM_INDEXED_COLUMNS: &str = "delta.dataSkippingNumIndexedCols";
/// Bounds of instants are written in milliseconds.
const MICROS_PER_MILLI: i64 = 1_000;

/// How many of the first top-level columns have statistics in the log.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IndexedColumns(usize);

impl IndexedColumns {
    /// So many of the first ones.
    #[cfg(test)]
    pub(crate) fn first(count: usize) -> Self {
        Self(count)
    }
}

impl Table {
    /// The columns of which the log has statistics.
    pub(crate) fn indexed_columns(&self) -> IndexedColumns {
        let wanted = self.snapshot().ok().and_then(|snapshot| {
            snapshot.metadata().configuration().get(NUM_INDEXED_COLUMNS).and_then(|count| count.parse::<i64>().ok())
        });
        IndexedColumns(wanted.map_or(DEFAULT_COLUMNS, |count| usize::try_from(count).unwrap_or(usize::MAX)))
    }
}

/// A bound of a column.
#[derive(Debug, Clone, PartialEq)]
enum Bound {
    Boolean(bool),
    Number(i64),
    /// Days since the epoch.
    Day(i32),
    /// Microseconds since the epoch.
    Instant(i64),
    Text(String),
}

/// The entry of the log for a new file with this footer.
pub(crate) fn added_file(path: &Path, size: u64, metadata: &ParquetMetaData, indexed: IndexedColumns) -> Add {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Add {
        path: path.to_string(),
        size: i64::try_from(size).unwrap_or(i64::MAX),
        modification_time: i64::try_from(now.as_millis()).unwrap_or(i64::MAX),
        data_change: true,
        stats: Some(statistics(metadata, indexed).to_string()),
        ..Add::default()
    }
}

/// Number of rows, and for the first columns bounds and numbers of nulls, as far as the footer tells them for every row group.
///
/// Decimals and floating point numbers get no bounds: the log has them as doubles, which can be narrower than the data, and NaN has
/// no place in an order. Instants are widened to whole milliseconds.
fn statistics(metadata: &ParquetMetaData, indexed: IndexedColumns) -> Value {
    let schema = metadata.file_metadata().schema_descr();
    let (mut least, mut greatest, mut nulls) = (Map::new(), Map::new(), Map::new());
    for (number, column) in schema.columns().iter().enumerate() {
        // What is in lists and maps has no bounds that say anything of a row.
        if schema.get_column_root_idx(number) >= indexed.0 || column.max_rep_level() > 0 {
            continue;
        }
        let path = column.path().parts();
        let groups = metadata.row_groups();
        if let Some(count) = groups.iter().map(|group| null_count(group, number)).sum::<Option<u64>>() {
            put(&mut nulls, path, Value::from(count));
        }
        if let Some((min, max)) = bounds(groups, number, column)
            && let (Some(min), Some(max)) = (min.floor(), max.ceiling())
        {
            put(&mut least, path, min);
            put(&mut greatest, path, max);
        }
    }
    json!({
        "numRecords": metadata.file_metadata().num_rows(),
        "minValues": least,
        "maxValues": greatest,
        "nullCount": nulls,
    })
}

fn null_count(group: &RowGroupMetaData, column: usize) -> Option<u64> {
    group.column(column).statistics()?.null_count_opt()
}

/// Puts a value at its place in nested objects.
fn put(object: &mut Map<String, Value>, path: &[String], value: Value) {
    match path {
        [] => {}
        [name] => {
            object.insert(name.clone(), value);
        }
        [name, rest @ ..] => {
            let inner = object.entry(name).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(inner) = inner {
                put(inner, rest, value);
            }
        }
    }
}

/// The bounds of a column over all row groups; none when one of them does not tell, or no row has a value.
fn bounds(groups: &[RowGroupMetaData], number: usize, column: &ColumnDescriptor) -> Option<(Bound, Bound)> {
    let mut all: Option<(Bound, Bound)> = None;
    for group in groups {
        let chunk = group.column(number);
        let statistics = chunk.statistics()?;
        if statistics.null_count_opt().is_some_and(|nulls| i64::try_from(nulls) == Ok(chunk.num_values())) {
            continue;
        }
        let (min, max) = (bound(statistics, column, true)?, bound(statistics, column, false)?);
        all = Some(match all {
            None => (min, max),
            Some((least, greatest)) => (
                if min.order(&least)? == Ordering::Less { min } else { least },
                if max.order(&greatest)? == Ordering::Greater { max } else { greatest },
            ),
        });
    }
    all
}

fn bound(statistics: &Statistics, column: &ColumnDescriptor, is_min: bool) -> Option<Bound> {
    let logical = column.logical_type_ref();
    let is_text = matches!(logical, Some(LogicalType::String)) || column.converted_type() == ConvertedType::UTF8;
    let is_plain = logical.is_none() && column.converted_type() == ConvertedType::NONE;
    let is_signed = is_plain || matches!(logical, Some(LogicalType::Integer(integer)) if integer.is_signed);
    match statistics {
        Statistics::Boolean(values) => Some(Bound::Boolean(*if is_min { values.min_opt() } else { values.max_opt() }?)),
        Statistics::Int32(values) => {
            let value = *if is_min { values.min_opt() } else { values.max_opt() }?;
            match logical {
                Some(LogicalType::Date) => Some(Bound::Day(value)),
                _ => is_signed.then(|| Bound::Number(value.into())),
            }
        }
        Statistics::Int64(values) => {
            let value = *if is_min { values.min_opt() } else { values.max_opt() }?;
            match logical {
                Some(LogicalType::Timestamp(instant)) => {
                    let is_exact = instant.is_adjusted_to_u_t_c && instant.unit == TimeUnit::MICROS;
                    is_exact.then_some(Bound::Instant(value))
                }
                _ => is_signed.then_some(Bound::Number(value)),
            }
        }
        // The first versions of the format compared texts as signed bytes.
        Statistics::ByteArray(values) if is_text && !statistics.is_min_max_deprecated() => {
            let value = if is_min { values.min_bytes_opt() } else { values.max_bytes_opt() }?;
            // A bound that was cut within a letter is left out with the other one.
            std::str::from_utf8(value).ok().map(|text| Bound::Text(text.to_owned()))
        }
        _ => None,
    }
}

impl Bound {
    fn order(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Boolean(one), Self::Boolean(other)) => Some(one.cmp(other)),
            (Self::Number(one), Self::Number(other)) | (Self::Instant(one), Self::Instant(other)) => {
                Some(one.cmp(other))
            }
            (Self::Day(one), Self::Day(other)) => Some(one.cmp(other)),
            (Self::Text(one), Self::Text(other)) => Some(one.as_bytes().cmp(other.as_bytes())),
            _ => None,
        }
    }

    /// The bound as the log has a least value.
    fn floor(&self) -> Option<Value> {
        match self {
            Self::Instant(micros) => instant(micros.div_euclid(MICROS_PER_MILLI)),
            _ => self.exact(),
        }
    }

    /// The bound as the log has a greatest value.
    fn ceiling(&self) -> Option<Value> {
        match self {
            Self::Instant(micros) => {
                let rest = i64::from(micros.rem_euclid(MICROS_PER_MILLI) > 0);
                instant(micros.div_euclid(MICROS_PER_MILLI).checked_add(rest)?)
            }
            _ => self.exact(),
        }
    }

    fn exact(&self) -> Option<Value> {
        match self {
            Self::Boolean(value) => Some(Value::from(*value)),
            Self::Number(value) => Some(Value::from(*value)),
            Self::Day(days) => day(*days),
            Self::Text(text) => Some(Value::from(text.as_str())),
            Self::Instant(_) => None,
        }
    }
}

fn day(days: i32) -> Option<Value> {
    let (epoch, distance) = (NaiveDate::default(), Days::new(days.unsigned_abs().into()));
    let date = if days < 0 { epoch.checked_sub_days(distance) } else { epoch.checked_add_days(distance) };
    date.map(|date| Value::from(date.format("%Y-%m-%d").to_string()))
}

fn instant(millis: i64) -> Option<Value> {
    DateTime::from_timestamp_millis(millis).map(|time| Value::from(time.to_rfc3339_opts(SecondsFormat::Millis, true)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{
        ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, ListArray, RecordBatch,
        StringArray, StructArray, TimestampMicrosecondArray,
    };
    use arrow::datatypes::{DataType, Field, Int64Type};
    use bytes::Bytes;
    use parquet::arrow::ArrowWriter;
    use parquet::file::metadata::ParquetMetaDataReader;
    use parquet::file::properties::{EnabledStatistics, WriterProperties};

    use super::*;

    fn footer(columns: Vec<(&str, ArrayRef)>, properties: WriterProperties) -> ParquetMetaData {
        let batch = RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, c)| (name, c, true)));
        let batch = batch.unwrap();
        let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
        writer.write(&batch).unwrap();
        let bytes = Bytes::from(writer.into_inner().unwrap());
        ParquetMetaDataReader::new().parse_and_finish(&bytes).unwrap()
    }

    fn of(columns: Vec<(&str, ArrayRef)>, indexed: usize) -> Value {
        // Two row groups: bounds are those of both.
        let properties = WriterProperties::builder().set_max_row_group_row_count(Some(2)).build();
        statistics(&footer(columns, properties), IndexedColumns(indexed))
    }

    #[test]
    fn every_type_has_the_bounds_that_the_log_knows() {
        let instants = TimestampMicrosecondArray::from(vec![Some(-1), None, Some(1_500), Some(1_000)]);
        let inner = StructArray::from(vec![(
            Arc::new(Field::new("a", DataType::Int64, true)),
            Arc::new(Int64Array::from(vec![Some(4), Some(-4), None, Some(9)])) as ArrayRef,
        )]);
        let found = of(
            vec![
                ("n", Arc::new(Int64Array::from(vec![Some(5), Some(3), None, Some(7)]))),
                ("t", Arc::new(StringArray::from(vec![None, None, Some("b"), Some("é")]))),
                ("d", Arc::new(Date32Array::from(vec![Some(-1), Some(0), Some(1), None]))),
                ("i", Arc::new(instants.with_timezone("UTC"))),
                ("b", Arc::new(BooleanArray::from(vec![Some(true), None, Some(false), None]))),
                ("s", Arc::new(inner)),
            ],
            32,
        );
        assert_eq!(
            found,
            json!({
                "numRecords": 4,
                "minValues": {"n": 3, "t": "b", "d": "1969-12-31", "i": "1969-12-31T23:59:59.999Z", "b": false, "s": {"a": -4}},
                "maxValues": {"n": 7, "t": "é", "d": "1970-01-02", "i": "1970-01-01T00:00:00.002Z", "b": true, "s": {"a": 9}},
                "nullCount": {"n": 1, "t": 2, "d": 1, "i": 1, "b": 2, "s": {"a": 1}},
            })
        );
    }

    #[test]
    fn what_cannot_be_told_exactly_has_no_bounds() {
        let lists = ListArray::from_iter_primitive::<Int64Type, _, _>((0..2).map(|row| Some(vec![Some(row)])));
        let decimals = Decimal128Array::from(vec![1, 2]).with_precision_and_scale(38, 18).unwrap();
        let found = of(
            vec![
                ("f", Arc::new(Float64Array::from(vec![1.0, f64::NAN]))),
                ("m", Arc::new(decimals)),
                ("l", Arc::new(lists)),
                ("null", Arc::new(Int64Array::from(vec![None, None]))),
                ("late", Arc::new(Int64Array::from(vec![1, 2]))),
            ],
            4,
        );
        let expected =
            json!({"numRecords": 2, "minValues": {}, "maxValues": {}, "nullCount": {"f": 0, "m": 0, "null": 2}});
        assert_eq!(found, expected);
    }

    #[test]
    fn a_footer_that_tells_nothing_gives_the_rows_alone() {
        let silent = WriterProperties::builder().set_statistics_enabled(EnabledStatistics::None).build();
        let metadata = footer(vec![("n", Arc::new(Int64Array::from(vec![1, 2])) as ArrayRef)], silent);
        let found = statistics(&metadata, IndexedColumns(32));
        assert_eq!(found, json!({"numRecords": 2, "minValues": {}, "maxValues": {}, "nullCount": {}}));
    }
}
