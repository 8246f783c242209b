//! What the log tells of the days in the files of a table.

use arrow::datatypes::DataType;
use serde_json::Value;

use crate::error::Result;
use crate::scan::{LiveFile, live_files};
use crate::table::Table;
use crate::upsert::NumberKind;

/// A data file, and what the log tells of the values of one of its date columns; see [`Table::days_of_files`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileDays {
    /// The file, by [`crate::FileInfo::path`].
    pub path: String,
    /// What is known.
    pub days: Days,
}

/// Values of a date column in days since 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Days {
    /// All values are null.
    None,
    /// The least and the greatest value.
    Held(i32, i32),
    /// No value lies outside of these two, which deleted rows may have had.
    Within(i32, i32),
    /// The log tells nothing.
    Unknown,
}

impl Table {
    /// The live files, sorted by path, each with what its statistics tell of a column of type DATE. Nothing but the log is read.
    ///
    /// # Errors
    /// Errors of the Delta layer.
    pub fn days_of_files(&self, column: &str) -> Result<Vec<FileDays>> {
        let schema = self.schema()?;
        let is_date = schema.field_with_name(column).is_ok_and(|field| field.data_type() == &DataType::Date32);
        // The names of mapped columns are not those in the statistics.
        let is_told = is_date && self.is_plain()?;
        let of_file = |file: &LiveFile| told(file.stats.as_deref()?, file.vector.is_some(), column);
        let days = |file: &LiveFile| if is_told { of_file(file) } else { None };
        let files = live_files(self, None)?.into_iter();
        Ok(files.map(|file| FileDays { days: days(&file).unwrap_or(Days::Unknown), path: file.path }).collect())
    }
}

fn told(stats: &str, has_vector: bool, column: &str) -> Option<Days> {
    let stats: Value = serde_json::from_str(stats).ok()?;
    let of_column = |what: &str| stats.get(what)?.get(column);
    let rows = stats.get("numRecords").and_then(Value::as_u64);
    if rows.is_some() && rows == of_column("nullCount").and_then(Value::as_u64) {
        return Some(Days::None);
    }
    let bound = |what: &str| i32::try_from(NumberKind::Day.parse(of_column(what)?)?).ok();
    let (first, last) = (bound("minValues")?, bound("maxValues")?);
    let is_tight = stats.get("tightBounds").is_none_or(|tight| tight == &Value::Bool(true));
    Some(if is_tight && !has_vector { Days::Held(first, last) } else { Days::Within(first, last) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_of_a_file_with_deleted_rows_are_no_days_that_it_holds() {
        let bounds = r#""minValues": {"d": "1970-01-02"}, "maxValues": {"d": "1970-01-05"}, "nullCount": {"d": 1}"#;
        let stats = format!(r#"{{"numRecords": 3, {bounds}}}"#);
        assert_eq!(told(&stats, false, "d"), Some(Days::Held(1, 4)));
        assert_eq!(told(&stats, true, "d"), Some(Days::Within(1, 4)));
        let loose = format!(r#"{{"numRecords": 3, "tightBounds": false, {bounds}}}"#);
        assert_eq!(told(&loose, false, "d"), Some(Days::Within(1, 4)));
        assert_eq!(told(r#"{"numRecords": 3, "nullCount": {"d": 3}}"#, true, "d"), Some(Days::None));
        assert_eq!(told(&stats, false, "other"), None);
    }
}
