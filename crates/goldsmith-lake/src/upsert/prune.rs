//! Leaving out files that, by their statistics, hold no row of a touched group.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, Schema, TimeUnit};
use arrow::error::ArrowError;
use chrono::{DateTime, NaiveDate};
use serde_json::Value;

/// Statistics hold timestamps to the millisecond, so that the greatest value can be almost one later.
const TIMESTAMP_SLACK: i64 = 999;
const MICROS_PER_DAY: i64 = 86_400_000_000;
/// So many texts are told one by one. To sort more of them takes longer than it saves: whoever has so many hits most files anyway,
/// unless they come in order, and then they are in narrow ranges too.
const TEXTS_ONE_BY_ONE: usize = 32 * 1024;
/// Ranges in which more texts are told.
const TEXT_RANGES: usize = 1024;

/// The touched values of one column.
struct ColumnValues {
    name: String,
    values: Values,
    has_null: bool,
}

enum Values {
    /// Sorted. Integers, days or microseconds.
    Numbers(Vec<i64>, NumberKind),
    /// First and last text of ranges, sorted, that do not overlap.
    Texts(Vec<(String, String)>),
}

/// How the statistics of a file tell the bounds of a column that is compared by a number.
#[derive(Clone, Copy)]
pub(crate) enum NumberKind {
    Integer,
    Day,
    Microsecond,
}

/// The touched values, column by column, of the columns whose statistics can be trusted.
///
/// Decimals and floating point numbers are never used: their bounds can be narrower than the data.
pub(crate) struct Pruner {
    columns: Vec<ColumnValues>,
}

impl Pruner {
    pub(crate) fn new(schema: &Schema, columns: &[String], groups: &[RecordBatch]) -> Result<Self, ArrowError> {
        let mut prunable = Vec::new();
        for name in columns {
            let data_type = schema.field_with_name(name)?.data_type();
            let kind = NumberKind::of(data_type);
            if kind.is_none() && *data_type != DataType::Utf8 {
                continue;
            }
            let mut has_null = false;
            let mut numbers = Vec::new();
            let mut texts = Vec::new();
            for batch in groups {
                let column = batch.column(batch.schema_ref().index_of(name)?);
                has_null |= column.null_count() > 0;
                match kind {
                    Some(_) => numbers.extend(as_numbers(column)?.as_primitive::<Int64Type>().iter().flatten()),
                    None => texts.push(column.as_string::<i32>()),
                }
            }
            let values = match kind {
                Some(kind) => {
                    numbers.sort_unstable();
                    numbers.dedup();
                    Values::Numbers(numbers, kind)
                }
                None => Values::Texts(text_ranges(&texts)),
            };
            prunable.push(ColumnValues { name: name.clone(), values, has_null });
        }
        Ok(Self { columns: prunable })
    }

    /// Bytes in memory, roughly.
    pub(super) fn bytes(&self) -> usize {
        let bytes = |column: &ColumnValues| match &column.values {
            Values::Numbers(numbers, _) => numbers.len() * size_of::<i64>(),
            Values::Texts(ranges) => {
                ranges.iter().map(|(first, last)| first.len() + last.len() + size_of::<(String, String)>()).sum()
            }
        };
        self.columns.iter().map(bytes).sum()
    }

    /// Whether a file with these statistics can hold a touched row. Says yes whenever it is not certain.
    pub(crate) fn may_match(&self, stats: Option<&str>) -> bool {
        let Some(stats) = stats.and_then(|stats| serde_json::from_str::<Value>(stats).ok()) else {
            return true;
        };
        self.columns.iter().all(|column| column.may_match(&stats))
    }
}

/// Whether, by its statistics, all values of a time column of a file lie before an instant in microseconds; dates count as
/// their first instant. Says no whenever it is not certain.
pub(crate) fn lies_before(stats: &Value, column: &str, instant: i64) -> bool {
    let Some(max) = stats.get("maxValues").and_then(|bounds| bounds.get(column)) else {
        return false;
    };
    let micros = NumberKind::Microsecond.parse(max).map(|max| max.saturating_add(TIMESTAMP_SLACK));
    let days = || NumberKind::Day.parse(max).map(|day| day.saturating_mul(MICROS_PER_DAY));
    micros.or_else(days).is_some_and(|max| max < instant)
}

/// Ranges that hold all texts: each by itself, or those that come one after the other together when they are many.
fn text_ranges(columns: &[&StringArray]) -> Vec<(String, String)> {
    let count: usize = columns.iter().map(|column| column.len()).sum();
    let together = if count <= TEXTS_ONE_BY_ONE { 1 } else { count.div_ceil(TEXT_RANGES) };
    let mut ranges: Vec<(&str, &str)> = Vec::new();
    for column in columns {
        for start in (0..column.len()).step_by(together) {
            let mut texts = (start..column.len().min(start + together))
                .filter(|row| column.is_valid(*row))
                .map(|row| column.value(row));
            let Some(first) = texts.next() else { continue };
            ranges.push(texts.fold((first, first), |(least, greatest), text| (least.min(text), greatest.max(text))));
        }
    }
    ranges.sort_unstable();
    let mut apart: Vec<(String, String)> = Vec::new();
    for (first, last) in ranges {
        match apart.last_mut() {
            Some((_, known)) if first <= known.as_str() => {
                if last > known.as_str() {
                    last.clone_into(known);
                }
            }
            _ => apart.push((first.to_owned(), last.to_owned())),
        }
    }
    apart
}

fn as_numbers(column: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    match column.data_type() {
        DataType::Date32 => cast(&cast(column, &DataType::Int32)?, &DataType::Int64),
        _ => cast(column, &DataType::Int64),
    }
}

impl ColumnValues {
    fn may_match(&self, stats: &Value) -> bool {
        let bound = |side: &str| stats.get(side).and_then(|bounds| bounds.get(&self.name));
        let nulls = bound("nullCount").and_then(Value::as_i64);
        if self.has_null && nulls != Some(0) {
            return true;
        }
        let (Some(min), Some(max)) = (bound("minValues"), bound("maxValues")) else {
            return true;
        };
        match &self.values {
            Values::Texts(ranges) => match (min.as_str(), max.as_str()) {
                (Some(min), Some(max)) => {
                    let next = ranges.partition_point(|(_, last)| last.as_str() < min);
                    ranges.get(next).is_some_and(|(first, _)| first.as_str() <= max)
                }
                _ => true,
            },
            Values::Numbers(values, kind) => match (kind.parse(min), kind.parse(max)) {
                (Some(min), Some(max)) => {
                    let max = max.saturating_add(kind.slack());
                    let first = values.partition_point(|value| *value < min);
                    values.get(first).is_some_and(|value| *value <= max)
                }
                _ => true,
            },
        }
    }
}

impl NumberKind {
    /// None for types whose bounds are no such numbers, or are not to be trusted.
    pub(crate) fn of(data_type: &DataType) -> Option<Self> {
        match data_type {
            DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64 => Some(Self::Integer),
            DataType::Date32 => Some(Self::Day),
            DataType::Timestamp(TimeUnit::Microsecond, Some(_)) => Some(Self::Microsecond),
            _ => None,
        }
    }

    /// A bound as the log writes it.
    pub(crate) fn parse(self, value: &Value) -> Option<i64> {
        match self {
            Self::Integer => value.as_i64(),
            Self::Day => {
                let day: NaiveDate = value.as_str()?.parse().ok()?;
                Some(day.signed_duration_since(NaiveDate::default()).num_days())
            }
            Self::Microsecond => {
                let time = DateTime::parse_from_rfc3339(value.as_str()?).ok()?;
                Some(time.timestamp_micros())
            }
        }
    }

    /// How far the data may lie beyond a bound.
    pub(crate) fn slack(self) -> i64 {
        match self {
            Self::Integer | Self::Day => 0,
            Self::Microsecond => TIMESTAMP_SLACK,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;
    use arrow::array::{Date32Array, Int64Array, TimestampMicrosecondArray};
    use serde_json::json;
    use std::sync::Arc;

    fn pruner(column: ArrayRef) -> Pruner {
        let batch = RecordBatch::try_from_iter([("c", column)]).unwrap();
        Pruner::new(&batch.schema(), &["c".to_owned()], &[batch]).unwrap()
    }

    fn may_match(pruner: &Pruner, min: Value, max: Value, nulls: i64) -> bool {
        let stats = json!({"minValues": {"c": min}, "maxValues": {"c": max}, "nullCount": {"c": nulls}});
        pruner.may_match(Some(&stats.to_string()))
    }

    #[test]
    fn files_outside_of_the_touched_values_are_left_out() {
        let texts = pruner(Arc::new(StringArray::from(vec!["b", "x"])));
        assert!(may_match(&texts, json!("a"), json!("c"), 0));
        assert!(!may_match(&texts, json!("c"), json!("w"), 5));
        assert!(may_match(&texts, json!("x"), json!("x"), 0));

        let numbers = pruner(Arc::new(Int64Array::from(vec![Some(5), None])));
        assert!(!may_match(&numbers, json!(6), json!(9), 0));
        assert!(may_match(&numbers, json!(6), json!(9), 1));
        assert!(may_match(&numbers, json!(5), json!(5), 0));

        let days = pruner(Arc::new(Date32Array::from(vec![1])));
        assert!(may_match(&days, json!("1970-01-02"), json!("1970-01-02"), 0));
        assert!(!may_match(&days, json!("1970-01-03"), json!("1970-02-02"), 0));
    }

    #[test]
    fn many_texts_are_told_in_ranges_that_hold_them_all() {
        let text = |number: usize| format!("{number:08}");
        let count = 3 * TEXTS_ONE_BY_ONE;
        // In order, with a gap between two batches.
        let batches = [0..50_000, 60_000..count].map(|numbers| {
            let texts: ArrayRef = Arc::new(StringArray::from_iter_values(numbers.map(text)));
            RecordBatch::try_from_iter([("c", texts)]).unwrap()
        });
        let texts = Pruner::new(&batches[0].schema(), &["c".to_owned()], &batches).unwrap();
        let Values::Texts(ranges) = &texts.columns[0].values else { panic!("texts") };
        assert!(ranges.len() <= TEXT_RANGES && ranges.windows(2).all(|pair| pair[0].1 < pair[1].0));
        for number in (0..50_000).chain(60_000..count).step_by(97) {
            assert!(may_match(&texts, json!(text(number)), json!(text(number)), 0), "{number}");
        }
        assert!(!may_match(&texts, json!(text(51_000)), json!(text(59_000)), 0), "the gap");
        assert!(!may_match(&texts, json!(text(count)), json!(text(2 * count)), 0), "beyond the last");
    }

    #[test]
    fn timestamps_that_statistics_cut_off_still_match() {
        let column = TimestampMicrosecondArray::from(vec![1_500]).with_timezone("UTC");
        let times = pruner(Arc::new(column));
        let (early, late) = (json!("1970-01-01T00:00:00.001Z"), json!("1970-01-01T00:00:00.002Z"));
        assert!(may_match(&times, early.clone(), early, 0));
        assert!(!may_match(&times, late.clone(), late, 0));
    }

    #[test]
    fn a_file_lies_before_an_instant_only_when_its_greatest_value_does() {
        let stats = json!({"maxValues": {"t": "1970-01-01T00:00:00.001Z", "d": "1970-01-02", "x": "text"}});
        assert!(lies_before(&stats, "t", 2_000));
        assert!(!lies_before(&stats, "t", 1_999), "the statistics cut off microseconds");
        assert!(lies_before(&stats, "d", MICROS_PER_DAY + 1));
        assert!(!lies_before(&stats, "d", MICROS_PER_DAY));
        assert!(!lies_before(&stats, "x", i64::MAX) && !lies_before(&stats, "absent", i64::MAX));
    }

    #[test]
    fn files_without_statistics_are_kept() {
        let numbers = pruner(Arc::new(Int64Array::from(vec![5])));
        assert!(numbers.may_match(None));
        assert!(numbers.may_match(Some("{}")));
        assert!(numbers.may_match(Some("broken")));
    }
}
