//! Query results.

use arrow::array::{Array, RecordBatch};
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use arrow::json::WriterBuilder;
use arrow::json::writer::JsonArray;
use arrow::util::display::{ArrayFormatter, FormatOptions};

use super::table::{Align, TextTable};
use super::{Paint, shortened};

/// Characters of a value that a table shows.
const WIDTH: usize = 80;

/// A table for people; long values are cut.
///
/// # Errors
/// A value that cannot be shown.
pub(crate) fn table(batches: &[RecordBatch], paint: Paint) -> Result<String, ArrowError> {
    let Some(first) = batches.first() else {
        return Ok(String::new());
    };
    let schema = first.schema();
    let columns = schema.fields().iter().map(|field| (field.name().as_str(), align(field.data_type())));
    let mut table = TextTable::new(columns, paint);
    for_each_row(batches, "", |row| table.row(row.iter().map(|value| shortened(value, WIDTH))))?;
    Ok(table.render())
}

/// Comma-separated values with a header; nothing stands for null.
///
/// # Errors
/// A value that cannot be shown.
pub(crate) fn csv(batches: &[RecordBatch]) -> Result<String, ArrowError> {
    let Some(first) = batches.first() else {
        return Ok(String::new());
    };
    let names: Vec<String> = first.schema().fields().iter().map(|field| field.name().clone()).collect();
    let mut out = String::new();
    let mut line = |values: &[String]| {
        let quoted: Vec<String> = values.iter().map(|value| quoted(value)).collect();
        out.push_str(&quoted.join(","));
        out.push('\n');
    };
    line(&names);
    for_each_row(batches, "", |row| line(row))?;
    Ok(out)
}

/// A JSON array with an object for each row; nulls are there.
///
/// # Errors
/// A value that JSON cannot show, such as a map with keys that are no text.
pub(crate) fn json(batches: &[RecordBatch]) -> Result<String, ArrowError> {
    let mut writer = WriterBuilder::new().with_explicit_nulls(true).build::<_, JsonArray>(Vec::new());
    for batch in batches {
        writer.write(batch)?;
    }
    writer.finish()?;
    let text = String::from_utf8(writer.into_inner()).map_err(|error| ArrowError::ExternalError(Box::new(error)))?;
    Ok(if text.is_empty() { "[]".into() } else { text })
}

fn for_each_row(batches: &[RecordBatch], null: &str, mut take: impl FnMut(&[String])) -> Result<(), ArrowError> {
    let options = FormatOptions::new().with_null(null).with_display_error(false);
    for batch in batches {
        let formatters = batch
            .columns()
            .iter()
            .map(|column| ArrayFormatter::try_new(column.as_ref(), &options))
            .collect::<Result<Vec<_>, _>>()?;
        for row in 0..batch.num_rows() {
            let values = batch
                .columns()
                .iter()
                .zip(&formatters)
                .map(
                    |(column, formatter)| {
                        if column.is_null(row) { Ok(null.to_string()) } else { formatter.value(row).try_to_string() }
                    },
                )
                .collect::<Result<Vec<_>, _>>()?;
            take(&values);
        }
    }
    Ok(())
}

fn align(data_type: &DataType) -> Align {
    if data_type.is_numeric() { Align::Right } else { Align::Left }
}

fn quoted(value: &str) -> String {
    if value.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", value.replace('"', "\"\""))
    } else {
        value.to_string()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Decimal128Array, Int64Array, StringArray};

    use super::*;

    fn batch() -> RecordBatch {
        let long = "x".repeat(200);
        let cost = Decimal128Array::from(vec![Some(150), None]).with_precision_and_scale(10, 2).unwrap();
        RecordBatch::try_from_iter([
            ("name", Arc::new(StringArray::from(vec![Some("a, \"b\"\u{1b}[31m"), Some(&long)])) as ArrayRef),
            ("rows", Arc::new(Int64Array::from(vec![Some(10), Some(2000)]))),
            ("cost", Arc::new(cost)),
        ])
        .unwrap()
    }

    #[test]
    fn a_table_aligns_numbers_and_cuts_long_values() {
        let text = table(&[batch()], Paint(false)).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 4, "{text}");
        assert!(lines[2].ends_with("  10   1.50"), "{text}");
        assert!(lines[3].contains("xx…") && !lines[3].contains(&"x".repeat(WIDTH)), "{text}");
        assert!(!text.contains('\u{1b}'), "a control character reached the terminal");
    }

    #[test]
    fn csv_quotes_what_needs_it_and_cuts_nothing() {
        let text = csv(&[batch()]).unwrap();
        let expected = format!("name,rows,cost\n\"a, \"\"b\"\"\u{1b}[31m\",10,1.50\n{},2000,\n", "x".repeat(200));
        assert_eq!(text, expected);
    }

    #[test]
    fn json_is_one_array_also_without_rows() {
        let value: serde_json::Value = serde_json::from_str(&json(&[batch()]).unwrap()).unwrap();
        assert_eq!(value[0]["rows"], 10);
        assert!(value[1]["cost"].is_null());
        assert_eq!(json(&[]).unwrap(), "[]");
        assert_eq!(json(&[batch().slice(0, 0)]).unwrap(), "[]");
    }
}
