//! Query results.

use std::sync::Arc;

use arrow::array::{Array, RecordBatch};
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use arrow::json::WriterBuilder;
use arrow::json::writer::JsonArray;
use arrow::util::display::{ArrayFormatter, FormatOptions};

use super::map_keys::TextKeys;
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
    for_each_row(batches, |row| {
        table.row(row.iter().map(|value| shortened(value.as_deref().unwrap_or_default(), WIDTH)));
    })?;
    Ok(table.render())
}

/// Comma-separated values with a header; nothing stands for null, and two quotes for empty text.
///
/// # Errors
/// A value that cannot be shown.
pub(crate) fn csv(batches: &[RecordBatch]) -> Result<String, ArrowError> {
    let Some(first) = batches.first() else {
        return Ok(String::new());
    };
    let mut out = String::new();
    let mut line = |values: Vec<String>| {
        out.push_str(&values.join(","));
        out.push('\n');
    };
    line(first.schema().fields().iter().map(|field| quoted(field.name())).collect());
    for_each_row(batches, |row| {
        line(row.iter().map(|value| value.as_deref().map_or_else(String::new, quoted)).collect())
    })?;
    Ok(out)
}

/// A JSON array with an object for each row; nulls are there, and keys of maps are text.
///
/// # Errors
/// A value that JSON cannot show, such as a union.
pub(crate) fn json(batches: &[RecordBatch]) -> Result<String, ArrowError> {
    let builder = WriterBuilder::new().with_explicit_nulls(true).with_encoder_factory(Arc::new(TextKeys));
    let mut writer = builder.build::<_, JsonArray>(Vec::new());
    for batch in batches {
        writer.write(batch)?;
    }
    writer.finish()?;
    let text = String::from_utf8(writer.into_inner()).map_err(|error| ArrowError::ExternalError(Box::new(error)))?;
    Ok(if text.is_empty() { "[]".into() } else { text })
}

/// The values of each row as text; null is none.
fn for_each_row(batches: &[RecordBatch], mut take: impl FnMut(&[Option<String>])) -> Result<(), ArrowError> {
    // Nulls within a list or struct.
    let options = FormatOptions::new().with_null("").with_display_error(false);
    for batch in batches {
        let columns = batch
            .columns()
            .iter()
            .map(|column| Ok((column.logical_nulls(), ArrayFormatter::try_new(column.as_ref(), &options)?)))
            .collect::<Result<Vec<_>, ArrowError>>()?;
        for row in 0..batch.num_rows() {
            let values = columns
                .iter()
                .map(|(nulls, formatter)| match nulls {
                    Some(nulls) if nulls.is_null(row) => Ok(None),
                    _ => formatter.value(row).try_to_string().map(Some),
                })
                .collect::<Result<Vec<_>, ArrowError>>()?;
            take(&values);
        }
    }
    Ok(())
}

fn align(data_type: &DataType) -> Align {
    if data_type.is_numeric() { Align::Right } else { Align::Left }
}

fn quoted(value: &str) -> String {
    if value.is_empty() || value.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", value.replace('"', "\"\""))
    } else {
        value.to_string()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use arrow::array::{
        ArrayRef, BooleanArray, Date32Array, Decimal128Array, Int64Array, ListArray, MapArray, NullArray, StringArray,
        StructArray,
    };
    use arrow::buffer::OffsetBuffer;
    use arrow::datatypes::Field;

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
    fn csv_tells_null_from_empty_text() {
        let batch = RecordBatch::try_from_iter([
            ("text", Arc::new(StringArray::from(vec![Some(""), None, Some(" ")])) as ArrayRef),
            ("none", Arc::new(NullArray::new(3))),
            ("rows", Arc::new(Int64Array::from(vec![1, 2, 3]))),
        ])
        .unwrap();
        assert_eq!(csv(&[batch]).unwrap(), "text,none,rows\n\"\",,1\n,,2\n ,,3\n");
    }

    #[test]
    fn json_is_one_array_also_without_rows() {
        let value: serde_json::Value = serde_json::from_str(&json(&[batch()]).unwrap()).unwrap();
        assert_eq!(value[0]["rows"], 10);
        assert!(value[1]["cost"].is_null());
        assert_eq!(json(&[]).unwrap(), "[]");
        assert_eq!(json(&[batch().slice(0, 0)]).unwrap(), "[]");
    }

    /// Two rows of a map with two entries and one.
    fn map(keys: ArrayRef, values: ArrayRef) -> ArrayRef {
        let entries = StructArray::from(vec![
            (Arc::new(Field::new("key", keys.data_type().clone(), false)), keys),
            (Arc::new(Field::new("value", values.data_type().clone(), true)), values),
        ]);
        let field = Arc::new(Field::new("entries", entries.data_type().clone(), false));
        Arc::new(MapArray::new(field, OffsetBuffer::new(vec![0, 2, 3].into()), entries, None, false))
    }

    #[test]
    fn json_has_keys_of_maps_as_text() {
        let numbers = || Arc::new(Int64Array::from(vec![Some(1), None, Some(3)])) as ArrayRef;
        let whole = || Arc::new(Int64Array::from(vec![7, -8, 7])) as ArrayRef;
        let cases: Vec<(&str, ArrayRef)> = vec![
            ("text", Arc::new(StringArray::from(vec!["a\"b", "c", "d"])) as ArrayRef),
            ("whole", whole()),
            ("flag", Arc::new(BooleanArray::from(vec![true, false, true]))),
            ("day", Arc::new(Date32Array::from(vec![0, 1, 2]))),
            ("money", Arc::new(Decimal128Array::from(vec![150, 250, -5]).with_precision_and_scale(10, 2).unwrap())),
        ];
        let mut columns: Vec<(&str, ArrayRef)> =
            cases.into_iter().map(|(name, keys)| (name, map(keys, numbers()))).collect();
        let inner = map(whole(), numbers());
        let list = ListArray::new(
            Arc::new(Field::new("item", inner.data_type().clone(), true)),
            OffsetBuffer::new(vec![0, 1, 2].into()),
            inner,
            None,
        );
        columns.push(("list", Arc::new(list)));
        let within = StructArray::from(vec![(
            Arc::new(Field::new("map", columns[1].1.data_type().clone(), true)),
            Arc::clone(&columns[1].1),
        )]);
        columns.push(("within", Arc::new(within)));
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let value: serde_json::Value = serde_json::from_str(&json(&[batch]).unwrap()).unwrap();
        let expected = serde_json::json!([
            {
                "text": {"a\"b": 1, "c": null}, "whole": {"7": 1, "-8": null}, "flag": {"true": 1, "false": null},
                "day": {"1970-01-01": 1, "1970-01-02": null}, "money": {"1.50": 1, "2.50": null},
                "list": [{"7": 1, "-8": null}], "within": {"map": {"7": 1, "-8": null}},
            },
            {
                "text": {"d": 3}, "whole": {"7": 3}, "flag": {"true": 3}, "day": {"1970-01-03": 3}, "money": {"-0.05": 3},
                "list": [{"7": 3}], "within": {"map": {"7": 3}},
            },
        ]);
        assert_eq!(value, expected);
    }
}
