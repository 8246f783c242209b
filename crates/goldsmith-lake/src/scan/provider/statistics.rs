//! What the log knows of the rows of a file, as DataFusion takes it.

use arrow::datatypes::{DataType, Schema, TimeUnit};
use datafusion::common::stats::Precision;
use datafusion::common::{ColumnStatistics, ScalarValue, Statistics};
use serde_json::Value;

use crate::upsert::NumberKind;

/// Rows, nulls and bounds of a file as its statistics in the log say, its deleted rows among them.
///
/// Bounds are exact only in that no value lies outside of them. Those of decimals and floating point numbers are left out, since they
/// can be narrower than the data, and so are those of all other types that the upsert does not prune by.
pub(super) fn file_statistics(schema: &Schema, stats: Option<&str>) -> Statistics {
    let mut statistics = Statistics::new_unknown(schema);
    let Some(stats) = stats.and_then(|stats| serde_json::from_str::<Value>(stats).ok()) else {
        return statistics;
    };
    statistics.num_rows = exact(stats.get("numRecords").and_then(count));
    for (field, column) in schema.fields().iter().zip(&mut statistics.column_statistics) {
        let told = |what: &str| stats.get(what).and_then(|columns| columns.get(field.name()));
        column.null_count = exact(told("nullCount").and_then(count));
        if let (Some(min), Some(max)) = (told("minValues"), told("maxValues")) {
            set_bounds(column, field.data_type(), min, max);
        }
    }
    statistics
}

/// The statistics with which a scan is planned: with the bounds alone, since DataFusion takes a column without nulls for constant
/// when its bounds are equal, and for null when all rows are, and the log may have cut values off or count deleted rows.
pub(super) fn for_planning(statistics: &Statistics) -> Statistics {
    let mut statistics = statistics.clone();
    for column in &mut statistics.column_statistics {
        column.null_count = Precision::Absent;
    }
    statistics
}

/// The statistics by which files are left out: a bound that is not known is a null of its column's type. DataFusion makes one array of the bounds
/// of all files, and would do without those that are known when one is of no type.
pub(super) fn for_pruning(statistics: &Statistics, schema: &Schema) -> Statistics {
    let mut statistics = statistics.clone();
    for (field, column) in schema.fields().iter().zip(&mut statistics.column_statistics) {
        let Ok(unknown) = ScalarValue::try_from(field.data_type()) else { continue };
        for bound in [&mut column.min_value, &mut column.max_value] {
            if *bound == Precision::Absent {
                *bound = Precision::Exact(unknown.clone());
            }
        }
    }
    statistics
}

/// Tells that all of so many rows have one value. Floating point numbers have no bounds, as everywhere.
pub(super) fn set_value(column: &mut ColumnStatistics, value: &ScalarValue, rows: Precision<usize>) {
    column.null_count = if value.is_null() { rows } else { Precision::Exact(0) };
    if !value.is_null() && !value.data_type().is_floating() {
        column.min_value = Precision::Exact(value.clone());
        column.max_value = Precision::Exact(value.clone());
    }
}

fn set_bounds(column: &mut ColumnStatistics, data_type: &DataType, min: &Value, max: &Value) {
    let (min, max) = match NumberKind::of(data_type) {
        Some(kind) => {
            let slack = kind.slack();
            let number = |bound: &Value, slack: i64| scalar(kind.parse(bound)?.saturating_add(slack), data_type);
            (number(min, -slack), number(max, slack))
        }
        None if *data_type == DataType::Utf8 => {
            let text = |bound: &Value| Some(ScalarValue::Utf8(Some(bound.as_str()?.to_owned())));
            (text(min), text(max))
        }
        None => return,
    };
    if let (Some(min), Some(max)) = (min, max) {
        column.min_value = Precision::Exact(min);
        column.max_value = Precision::Exact(max);
    }
}

/// A number as a value of the type; none when the type cannot hold it.
fn scalar(number: i64, data_type: &DataType) -> Option<ScalarValue> {
    Some(match data_type {
        DataType::Int8 => ScalarValue::Int8(Some(i8::try_from(number).ok()?)),
        DataType::Int16 => ScalarValue::Int16(Some(i16::try_from(number).ok()?)),
        DataType::Int32 => ScalarValue::Int32(Some(i32::try_from(number).ok()?)),
        DataType::Int64 => ScalarValue::Int64(Some(number)),
        DataType::Date32 => ScalarValue::Date32(Some(i32::try_from(number).ok()?)),
        DataType::Timestamp(TimeUnit::Microsecond, zone) => {
            ScalarValue::TimestampMicrosecond(Some(number), zone.clone())
        }
        _ => return None,
    })
}

fn count(value: &Value) -> Option<usize> {
    usize::try_from(value.as_u64()?).ok()
}

fn exact(count: Option<usize>) -> Precision<usize> {
    count.map_or(Precision::Absent, Precision::Exact)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use arrow::datatypes::Field;

    use super::*;

    #[test]
    fn bounds_hold_every_value_and_are_left_out_where_they_might_not() {
        let time = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        let schema = Schema::new(vec![
            Field::new("i", DataType::Int32, true),
            Field::new("t", time, true),
            Field::new("s", DataType::Utf8, true),
            Field::new("d", DataType::Decimal128(38, 18), true),
            Field::new("n", DataType::Decimal128(10, 2), true),
            Field::new("f", DataType::Float64, true),
            Field::new("later", DataType::Int64, true),
        ]);
        let stats = r#"{"numRecords": 9,
            "minValues": {"i": -4, "t": "1970-01-01T00:00:00.005Z", "s": "a", "d": 1.5, "n": 1.5, "f": 1.5},
            "maxValues": {"i": 7, "t": "1970-01-01T00:00:00.005Z", "s": "b", "d": 2.5, "n": 2.5, "f": 2.5},
            "nullCount": {"i": 2, "f": 0}}"#;
        let found = file_statistics(&schema, Some(stats));
        let bounds: Vec<String> = found
            .column_statistics
            .iter()
            .map(|column| match (&column.min_value, &column.max_value) {
                (Precision::Exact(min), Precision::Exact(max)) => format!("{min} to {max}"),
                _ => "unknown".to_owned(),
            })
            .collect();
        assert_eq!(bounds, ["-4 to 7", "4001 to 5999", "a to b", "unknown", "unknown", "unknown", "unknown"]);
        assert_eq!(found.num_rows, Precision::Exact(9));
        let nulls: Vec<_> = found.column_statistics.iter().map(|column| column.null_count).collect();
        assert_eq!((nulls[0], nulls[1], nulls[5]), (Precision::Exact(2), Precision::Absent, Precision::Exact(0)));
        assert!(for_planning(&found).column_statistics.iter().all(|column| column.null_count == Precision::Absent));
    }

    #[test]
    fn rows_of_a_partition_have_one_value_or_none() {
        let rows = Precision::Exact(9);
        for (value, nulls, bound) in [
            (ScalarValue::Int64(Some(7)), Precision::Exact(0), Precision::Exact(ScalarValue::Int64(Some(7)))),
            (ScalarValue::Int64(None), rows, Precision::Absent),
            (ScalarValue::Float64(Some(1.5)), Precision::Exact(0), Precision::Absent),
        ] {
            let mut column = ColumnStatistics::new_unknown();
            set_value(&mut column, &value, rows);
            assert_eq!((column.null_count, &column.min_value, &column.max_value), (nulls, &bound, &bound), "{value}");
        }
    }

    #[test]
    fn what_the_log_does_not_say_is_unknown() {
        let schema = Schema::new(vec![Field::new("i", DataType::Int8, true)]);
        let out_of_range = r#"{"minValues": {"i": 1}, "maxValues": {"i": 1000}}"#;
        for stats in [None, Some("broken"), Some("{}"), Some(out_of_range)] {
            assert_eq!(file_statistics(&schema, stats), Statistics::new_unknown(&schema), "{stats:?}");
        }
    }
}
