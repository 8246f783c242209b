//! The calendar dimension and its key, which is a function of the date alone.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Date32Array, Int32Array, Int64Array, RecordBatch, StringArray,
};
use arrow::datatypes::{DataType, Date32Type, Field, Schema, SchemaRef, TimestampMicrosecondType};

use crate::columns::UNKNOWN_KEY;
use crate::normalize::{new_batch, normalize_column};
use crate::{QueryError, Result};

/// The names of the months, January first.
pub const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// The names of the days of the week, Monday first.
pub const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// The years in which days are filled in: dates outside are taken for errors of the source, and no days are made up between them and
/// the rest. Of those inside, the first and the last one decide the calendar.
pub const CONTIGUOUS_YEARS: Range<i32> = 1900..2200;

/// The same in days since 1970-01-01.
pub const CONTIGUOUS: Range<i32> = -25_567..84_006;

/// The years that the calendar has days of: what lies outside is no date that anyone could have meant, nor one that all software
/// can hold. The key of such a day is that of the unknown member.
pub const COVERED_YEARS: Range<i32> = 1..10_000;

/// The same in days since 1970-01-01.
pub const COVERED: Range<i32> = -719_162..2_932_897;

const MICROS_PER_DAY: i64 = 86_400_000_000;

/// The columns of the calendar: `date_key` first, not null; the others nullable, for the unknown member.
pub fn calendar_schema() -> SchemaRef {
    let int = |name: &str| Field::new(name, DataType::Int32, true);
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    let flag = |name: &str| Field::new(name, DataType::Boolean, true);
    Arc::new(Schema::new(vec![
        Field::new("date_key", DataType::Int64, false),
        Field::new("date", DataType::Date32, true),
        int("year"),
        int("quarter"),
        int("month"),
        text("month_name"),
        int("week_of_year"),
        int("day_of_month"),
        int("day_of_week"),
        text("day_name"),
        flag("is_weekend"),
        flag("is_month_end"),
        int("fiscal_year"),
        int("fiscal_quarter"),
    ]))
}

/// The calendar that covers dates given as days since 1970-01-01: every day from the first to the last one of those from
/// 1900 to 2199, and each other date of the years 1 to 9999 on its own. Sorted by date.
///
/// The fiscal year starts with a month (1 to 12) and is named by the year in which it ends.
///
/// # Errors
/// [`QueryError::Arrow`], only by a fault of the engine.
pub fn calendar(dates: &[i32], fiscal_year_start_month: u32) -> Result<RecordBatch> {
    let given: BTreeSet<i32> = dates.iter().copied().filter(|day| COVERED.contains(day)).collect();
    let mut days: BTreeSet<i32> = given.iter().copied().filter(|day| !CONTIGUOUS.contains(day)).collect();
    let inner = given.range(CONTIGUOUS);
    if let (Some(first), Some(last)) = (inner.clone().next(), inner.clone().next_back()) {
        days.extend(*first..=*last);
    }
    let days: Vec<Day> = days.into_iter().map(Day::new).collect();
    let start = i64::from(fiscal_year_start_month.clamp(1, 12));
    let ints = |value: &dyn Fn(&Day) -> i64| -> ArrayRef {
        Arc::new(days.iter().map(|day| i32::try_from(value(day)).ok()).collect::<Int32Array>())
    };
    let texts = |names: &[&str], index: &dyn Fn(&Day) -> i64| -> ArrayRef {
        let name = |day: &Day| usize::try_from(index(day) - 1).ok().and_then(|index| names.get(index).copied());
        Arc::new(days.iter().map(name).collect::<StringArray>())
    };
    let flags = |value: &dyn Fn(&Day) -> bool| -> ArrayRef {
        Arc::new(days.iter().map(|day| Some(value(day))).collect::<BooleanArray>())
    };
    let columns: Vec<ArrayRef> = vec![
        Arc::new(days.iter().map(|day| Some(day.key())).collect::<Int64Array>()),
        Arc::new(days.iter().map(|day| Some(day.number)).collect::<Date32Array>()),
        ints(&|day| day.year),
        ints(&|day| (day.month - 1) / 3 + 1),
        ints(&|day| day.month),
        texts(&MONTHS, &|day| day.month),
        ints(&Day::iso_week),
        ints(&|day| day.day),
        ints(&Day::weekday),
        texts(&DAYS, &Day::weekday),
        flags(&|day| day.weekday() > 5),
        flags(&|day| day.number.checked_add(1).is_none_or(|next| Day::new(next).day == 1)),
        ints(&|day| if start > 1 && day.month >= start { day.year + 1 } else { day.year }),
        ints(&|day| (day.month - start).rem_euclid(12) / 3 + 1),
    ];
    new_batch(calendar_schema(), columns, days.len())
}

/// The calendar's key of dates or (in UTC) timestamps: `yyyymmdd` as a number, -1 for null and for years beyond 1 to 9999.
///
/// # Errors
/// [`QueryError::WrongType`] when the column is neither.
pub fn date_key(column: &ArrayRef) -> Result<Int64Array> {
    let key = |day: Option<i32>| day.filter(|day| COVERED.contains(day)).map_or(UNKNOWN_KEY, |day| Day::new(day).key());
    Ok(days(column)?.iter().map(|day| Some(key(day))).collect())
}

/// The days since 1970-01-01 of dates or (in UTC) timestamps.
///
/// # Errors
/// As [`date_key`].
pub fn days(column: &ArrayRef) -> Result<Date32Array> {
    let plain = normalize_column(column)?;
    match plain.data_type() {
        DataType::Date32 => Ok(plain.as_primitive::<Date32Type>().clone()),
        // Rounded down, also before 1970. The quotient of 64-bit microseconds always fits 32 bits.
        DataType::Timestamp(_, _) => Ok(plain
            .as_primitive::<TimestampMicrosecondType>()
            .iter()
            .map(|micros| micros.and_then(|micros| i32::try_from(micros.div_euclid(MICROS_PER_DAY)).ok()))
            .collect()),
        DataType::Null => Ok(Date32Array::new_null(plain.len())),
        found => {
            Err(QueryError::WrongType { column: "a date".to_owned(), expected: DataType::Date32, found: found.clone() })
        }
    }
}

/// A day of the proleptic Gregorian calendar.
struct Day {
    number: i32,
    year: i64,
    month: i64,
    day: i64,
}

impl Day {
    /// Counts from March, so that the leap day is the last of its year; whole cycles of 400 years have 146 097 days.
    fn new(number: i32) -> Self {
        let shifted = i64::from(number) + 719_468;
        let cycle = shifted.div_euclid(146_097);
        let of_cycle = shifted.rem_euclid(146_097);
        let year = (of_cycle - of_cycle / 1_460 + of_cycle / 36_524 - of_cycle / 146_096) / 365;
        let of_year = of_cycle - (365 * year + year / 4 - year / 100);
        let from_march = (5 * of_year + 2) / 153;
        let day = of_year - (153 * from_march + 2) / 5 + 1;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        Self { number, year: cycle * 400 + year + i64::from(month <= 2), month, day }
    }

    fn key(&self) -> i64 {
        self.year * 10_000 + self.month * 100 + self.day
    }

    /// 1 for Monday to 7; day zero was a Thursday.
    fn weekday(&self) -> i64 {
        (i64::from(self.number) + 3).rem_euclid(7) + 1
    }

    /// A week belongs to the year of its Thursday.
    fn iso_week(&self) -> i64 {
        let thursday = i64::from(self.number) + 4 - self.weekday();
        let year = match i32::try_from(thursday) {
            Ok(thursday) => Self::new(thursday).year,
            Err(_) => self.year,
        };
        (thursday - first_of_year(year)) / 7 + 1
    }
}

/// Days since 1970-01-01 of the first of January.
fn first_of_year(year: i64) -> i64 {
    let before = year - 1;
    365 * before + before.div_euclid(4) - before.div_euclid(100) + before.div_euclid(400) - 719_162
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use chrono::{Datelike, Days, NaiveDate};

    use super::*;

    #[test]
    fn every_day_of_three_centuries_agrees_with_chrono() {
        let epoch = NaiveDate::from_ymd_opt(1970, 1, 1).unwrap();
        let mut date = NaiveDate::from_ymd_opt(1899, 12, 1).unwrap();
        let end = NaiveDate::from_ymd_opt(2200, 2, 1).unwrap();
        while date < end {
            let number = i32::try_from((date - epoch).num_days()).unwrap();
            let day = Day::new(number);
            let expected = (i64::from(date.year()), i64::from(date.month()), i64::from(date.day()));
            assert_eq!((day.year, day.month, day.day), expected);
            assert_eq!(day.weekday(), i64::from(date.weekday().number_from_monday()), "{date}");
            assert_eq!(day.iso_week(), i64::from(date.iso_week().week()), "{date}");
            date = date + Days::new(1);
        }
        for (years, days) in [(CONTIGUOUS_YEARS, CONTIGUOUS), (COVERED_YEARS, COVERED)] {
            let first = NaiveDate::from_ymd_opt(years.start, 1, 1).unwrap();
            let last = NaiveDate::from_ymd_opt(years.end - 1, 12, 31).unwrap();
            assert_eq!(i64::from(days.start), (first - epoch).num_days());
            assert_eq!(i64::from(days.end) - 1, (last - epoch).num_days());
        }
    }

    #[test]
    fn days_between_are_filled_but_not_up_to_absurd_dates() {
        let beyond = [i32::MIN, COVERED.start - 1, COVERED.end, i32::MAX];
        let given = [19_782, 19_785, 19_783, -700_000, 2_932_896, 100_000];
        let batch = calendar(&[&given[..], &beyond[..]].concat(), 1).unwrap();
        let dates = batch["date"].as_primitive::<Date32Type>().values().to_vec();
        assert_eq!(dates, [-700_000, 19_782, 19_783, 19_784, 19_785, 100_000, 2_932_896]);
        assert_eq!(calendar(&[], 1).unwrap().num_rows(), 0);
        assert_eq!(batch["date_key"].as_primitive::<arrow::datatypes::Int64Type>().value(6), 99_991_231);
    }

    #[test]
    fn the_fiscal_year_is_named_by_the_year_in_which_it_ends() {
        // 2024-01-31, 2024-02-01, 2024-12-31
        let days = [19_753, 19_754, 20_088];
        for (start, years, quarters) in [
            (1, [2024, 2024, 2024], [1, 1, 4]),
            (2, [2024, 2025, 2025], [4, 1, 4]),
            (10, [2024, 2024, 2025], [2, 2, 1]),
        ] {
            let batch = calendar(&days, start).unwrap();
            let of = |name: &str| -> Vec<i32> {
                let all = batch[name].as_primitive::<arrow::datatypes::Int32Type>();
                days.iter().map(|day| all.value(usize::try_from(day - days[0]).unwrap())).collect()
            };
            assert_eq!(of("fiscal_year"), years, "start {start}");
            assert_eq!(of("fiscal_quarter"), quarters, "start {start}");
        }
    }

    #[test]
    fn keys_of_dates_and_instants() {
        let dates: ArrayRef = Arc::new(Date32Array::from(vec![Some(19_782), None, Some(-1)]));
        assert_eq!(date_key(&dates).unwrap().values(), &[20_240_229, -1, 19_691_231]);
        let instants: ArrayRef =
            Arc::new(arrow::array::TimestampMicrosecondArray::from(vec![Some(-1), None, Some(0)]).with_timezone("UTC"));
        assert_eq!(date_key(&instants).unwrap().values(), &[19_691_231, -1, 19_700_101]);
        let limits = [i64::MIN, i64::from(COVERED.start) * MICROS_PER_DAY, i64::from(COVERED.end) * MICROS_PER_DAY - 1];
        let limits = limits.into_iter().chain([i64::from(COVERED.end) * MICROS_PER_DAY, i64::MAX]).map(Some);
        let limits: ArrayRef =
            Arc::new(limits.collect::<arrow::array::TimestampMicrosecondArray>().with_timezone("UTC"));
        assert_eq!(date_key(&limits).unwrap().values(), &[-1, 10_101, 99_991_231, -1, -1]);
        let text: ArrayRef = Arc::new(StringArray::from(vec!["2024-01-01"]));
        assert!(date_key(&text).is_err());
        for extreme in [i32::MIN, i32::MAX] {
            assert_ne!(Day::new(extreme).key(), -1);
            assert!((1..=53).contains(&Day::new(extreme).iso_week()));
        }
    }
}
