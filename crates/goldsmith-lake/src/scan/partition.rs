//! Columns by which a table is partitioned: their values are in the log, once for each file.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, StringArray, UInt32Array, new_null_array};
use arrow::compute::take;
use arrow::datatypes::{DataType, Field, SchemaRef};

use crate::conform::cast;
use crate::error::{LakeError, Result};

/// What all rows of a file have in these columns, as text; absent for null.
#[derive(Debug, Clone, Default)]
pub(super) struct Partition {
    values: Arc<[(String, Option<String>)]>,
}

impl Partition {
    /// The values of `columns` among those of an entry of the log, which is asked only if there are such columns.
    pub(super) fn new(columns: &[String], values: impl FnOnce() -> HashMap<String, Option<String>>) -> Self {
        if columns.is_empty() {
            return Self::default();
        }
        let mut values = values();
        let value = |column: &String| (column.clone(), values.remove(column).flatten());
        Self { values: columns.iter().map(value).collect() }
    }

    /// The columns of a schema that the file itself has to give.
    pub(super) fn stored(&self, schema: &SchemaRef) -> SchemaRef {
        if self.values.is_empty() {
            return Arc::clone(schema);
        }
        let mut stored = schema.as_ref().clone();
        stored.fields = schema.fields().iter().filter(|field| self.value(field.name()).is_none()).cloned().collect();
        Arc::new(stored)
    }

    /// Rows of the file in [`Self::stored`] columns, with all columns of the schema.
    pub(super) fn completed(&self, batch: RecordBatch, schema: &SchemaRef, table: &str) -> Result<RecordBatch> {
        if self.values.is_empty() {
            return Ok(batch);
        }
        let rows = batch.num_rows();
        let mut stored = batch.columns().iter();
        let columns = schema.fields().iter().filter_map(|field| match self.value(field.name()) {
            Some(value) => Some(repeated(value, field, rows)),
            None => stored.next().cloned().map(Ok),
        });
        let columns = columns.collect::<Result<Vec<_>>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)
            .map_err(|error| LakeError::arrow(table, error))
    }

    /// What rows have in a column of the partition, once.
    pub(super) fn once(&self, field: &Field) -> Result<ArrayRef> {
        repeated(self.value(field.name()).flatten(), field, 1)
    }

    /// What rows have in a column of the partition: a text, or nothing.
    fn value(&self, column: &str) -> Option<Option<&str>> {
        self.values.iter().find(|(name, _)| name == column).map(|(_, value)| value.as_deref())
    }
}

/// A value as often as there are rows, in the type of its column (Delta protocol, "Partition Value Serialization"). No text at all is a text
/// in a column of texts, as it is for Spark, and null in any other.
fn repeated(value: Option<&str>, field: &Field, rows: usize) -> Result<ArrayRef> {
    let is_text = matches!(field.data_type(), DataType::Utf8 | DataType::Binary);
    let Some(text) = value.filter(|text| is_text || !text.is_empty()) else {
        return Ok(new_null_array(field.data_type(), rows));
    };
    let text: ArrayRef = Arc::new(StringArray::from(vec![text]));
    let one = cast(&text, field.data_type(), field.name())?;
    take(&one, &UInt32Array::from(vec![0; rows]), None).map_err(|error| LakeError::arrow(field.name(), error))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use arrow::array::{Array, Int64Array};
    use arrow::datatypes::{Schema, TimeUnit};
    use arrow::util::display::array_value_to_string;

    use super::*;

    #[test]
    fn values_have_the_types_of_their_columns() {
        let utc = || Some("UTC".into());
        let cases = [
            ("a%20b/c", DataType::Utf8, "a%20b/c"),
            ("", DataType::Utf8, ""),
            ("", DataType::Int32, "null"),
            ("-7", DataType::Int8, "-7"),
            ("9223372036854775807", DataType::Int64, "9223372036854775807"),
            ("1.5", DataType::Float64, "1.5"),
            ("-1.50", DataType::Decimal128(10, 2), "-1.50"),
            ("true", DataType::Boolean, "true"),
            ("1600-02-29", DataType::Date32, "1600-02-29"),
            (
                "9999-12-31 23:59:59.999999",
                DataType::Timestamp(TimeUnit::Microsecond, utc()),
                "9999-12-31T23:59:59.999999Z",
            ),
            ("2024-01-01T01:00:00.5Z", DataType::Timestamp(TimeUnit::Microsecond, utc()), "2024-01-01T01:00:00.500Z"),
            ("2024-01-01 00:00:00", DataType::Timestamp(TimeUnit::Microsecond, None), "2024-01-01T00:00:00"),
        ];
        for (text, data_type, expected) in cases {
            let field = Field::new("p", data_type, true);
            let column = repeated(Some(text), &field, 2).unwrap();
            assert_eq!((column.len(), column.data_type()), (2, field.data_type()), "{text}");
            let shown = if column.is_null(1) { "null".to_owned() } else { array_value_to_string(&column, 1).unwrap() };
            assert_eq!(shown, expected, "{text} as {}", field.data_type());
        }
        let error = repeated(Some("soon"), &Field::new("p", DataType::Date32, true), 1).unwrap_err();
        assert!(error.to_string().contains("`p`"), "{error}");
    }

    #[test]
    fn rows_are_completed_in_the_order_of_the_schema_and_what_is_absent_is_null() {
        let field = |name: &str| Field::new(name, DataType::Int64, true);
        let schema: SchemaRef = Arc::new(Schema::new(vec![field("p"), field("k"), field("q")]));
        let values = HashMap::from([("p".to_owned(), Some("5".to_owned()))]);
        let partition = Partition::new(&["p".to_owned(), "q".to_owned()], || values);
        let stored = partition.stored(&schema);
        assert_eq!(stored.fields().len(), 1);
        let batch = RecordBatch::try_new(stored, vec![Arc::new(Int64Array::from(vec![1, 2]))]).unwrap();
        let completed = partition.completed(batch, &schema, "t").unwrap();
        assert_eq!(completed.column(0).as_ref(), &Int64Array::from(vec![5, 5]) as &dyn Array);
        assert_eq!(completed.column(1).as_ref(), &Int64Array::from(vec![1, 2]) as &dyn Array);
        assert_eq!(completed.column(2).null_count(), 2);
    }
}
