//! Comparing rows column by column.

use arrow::array::{ArrayRef, RecordBatch};
use arrow::buffer::BooleanBuffer;
use arrow::compute::kernels::cmp::not_distinct;
use arrow::datatypes::Schema;
use arrow::error::ArrowError;

use super::encode::RowEncoder;

/// For each row, whether these columns of two batches are equal; nulls are equal to nulls, and the order of the entries of a map has
/// no meaning. Columns are looked at only as long as rows are equal.
pub(super) fn equal_rows(
    left: &RecordBatch,
    right: impl Fn(&str) -> Result<ArrayRef, ArrowError>,
    columns: &[String],
) -> Result<BooleanBuffer, ArrowError> {
    let mut equal = BooleanBuffer::new_set(left.num_rows());
    for name in columns {
        if equal.count_set_bits() == 0 {
            break;
        }
        let index = left.schema_ref().index_of(name)?;
        equal = &equal & &equal_values(left.schema_ref(), name, left.column(index), right(name)?)?;
    }
    Ok(equal)
}

fn equal_values(schema: &Schema, name: &str, left: &ArrayRef, right: ArrayRef) -> Result<BooleanBuffer, ArrowError> {
    if !left.data_type().is_nested() {
        return Ok(not_distinct(left, &right)?.values().clone());
    }
    let encoder = RowEncoder::new(schema, &[name.to_owned()])?;
    let encode = |array: &ArrayRef| encoder.encode(&RecordBatch::try_from_iter([(name, array.clone())])?);
    let (left, right) = (encode(left)?, encode(&right)?);
    Ok(BooleanBuffer::collect_bool(left.num_rows(), |row| left.row(row) == right.row(row)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Float64Array, MapBuilder, StringArray, StringBuilder};

    use super::*;

    type Entries<'a> = &'a [(&'a str, Option<&'a str>)];

    fn map(rows: &[Option<Entries<'_>>]) -> ArrayRef {
        let mut builder = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new());
        for row in rows {
            for (key, value) in row.iter().flat_map(|entries| entries.iter()) {
                builder.keys().append_value(key);
                builder.values().append_option(*value);
            }
            builder.append(row.is_some()).unwrap();
        }
        Arc::new(builder.finish())
    }

    fn equal(left: ArrayRef, right: ArrayRef) -> Vec<bool> {
        let batch = RecordBatch::try_from_iter_with_nullable([("c", left, true)]).unwrap();
        equal_rows(&batch, |_| Ok(Arc::clone(&right)), &["c".to_owned()]).unwrap().iter().collect()
    }

    #[test]
    fn nulls_are_equal_to_nulls_only() {
        let texts = |values: [Option<&str>; 4]| Arc::new(StringArray::from_iter(values)) as ArrayRef;
        let left = texts([None, None, Some(""), Some("a")]);
        let right = texts([None, Some(""), None, Some("a")]);
        assert_eq!(equal(left, right), [true, false, false, true]);
    }

    #[test]
    fn numbers_that_are_none_are_equal() {
        let numbers = |values: [f64; 3]| Arc::new(Float64Array::from_iter_values(values)) as ArrayRef;
        assert_eq!(equal(numbers([f64::NAN, 0.0, 1.0]), numbers([f64::NAN, -0.0, 1.0])), [true, false, true]);
    }

    #[test]
    fn entries_of_maps_have_no_order() {
        let left = map(&[Some(&[("a", Some("1")), ("b", None)]), Some(&[("a", Some("1"))]), None, Some(&[])]);
        let right = map(&[Some(&[("b", None), ("a", Some("1"))]), Some(&[("a", Some("2"))]), Some(&[]), Some(&[])]);
        assert_eq!(equal(left, right), [true, false, false, true]);
    }

    #[test]
    fn no_column_is_asked_for_once_all_rows_differ() {
        let one: ArrayRef = Arc::new(StringArray::from(vec!["a"]));
        let other: ArrayRef = Arc::new(StringArray::from(vec!["b"]));
        let batch = RecordBatch::try_from_iter([("c", Arc::clone(&one)), ("d", one)]).unwrap();
        let columns = ["c".to_owned(), "d".to_owned()];
        let asked = |name: &str| match name {
            "c" => Ok(Arc::clone(&other)),
            _ => Err(ArrowError::ComputeError("asked for".to_owned())),
        };
        assert_eq!(equal_rows(&batch, asked, &columns).unwrap().count_set_bits(), 0);
    }
}
