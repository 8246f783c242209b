//! Making batches fit a schema: fields by name at any depth, absent ones null, leaves cast.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, ListArray, MapArray, RecordBatch, RecordBatchOptions, StructArray, new_null_array,
};
use arrow::compute::kernels::cmp::distinct;
use arrow::compute::{self, CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::util::display::array_value_to_string;

use crate::error::{LakeError, Result};

/// Fails on values that do not fit, instead of silently making them null.
const STRICT: CastOptions<'static> =
    CastOptions { safe: false, format_options: arrow::util::display::FormatOptions::new() };

/// Gives `batch` exactly the schema `target`: columns in its order, absent columns and struct fields as nulls.
///
/// Columns of the batch that the target has not are left out; callers that care check before.
pub(crate) fn conform(batch: &RecordBatch, target: &SchemaRef, table: &str) -> Result<RecordBatch> {
    if batch.schema_ref() == target {
        return Ok(batch.clone());
    }
    let columns = target
        .fields()
        .iter()
        .map(|field| match batch.column_by_name(field.name()) {
            Some(column) => conform_array(column, field, field.name()),
            None => missing(field, batch.num_rows(), table),
        })
        .collect::<Result<Vec<_>>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(target), columns, &options)
        .map_err(|error| LakeError::arrow(table, error))
}

/// Checks that `data` has every column of `target`, and neither a column nor a nested field that `target` has not.
pub(crate) fn check_columns(data: &Schema, target: &Schema, table: &str) -> Result<()> {
    for field in target.fields() {
        if data.column_with_name(field.name()).is_none() {
            return Err(LakeError::MissingColumn { column: field.name().clone(), table: table.to_owned() });
        }
    }
    check_fields(data.fields(), target.fields(), "", table)
}

fn check_fields(data: &Fields, target: &Fields, parent: &str, table: &str) -> Result<()> {
    for field in data {
        let path = if parent.is_empty() { field.name().clone() } else { format!("{parent}.{}", field.name()) };
        match target.find(field.name()) {
            Some((_, known)) => check_type(field.data_type(), known.data_type(), &path, table)?,
            None => {
                return Err(LakeError::UnexpectedColumn { column: path, table: table.to_owned() });
            }
        }
    }
    Ok(())
}

fn check_type(data: &DataType, target: &DataType, path: &str, table: &str) -> Result<()> {
    match (data, target) {
        (DataType::Struct(data), DataType::Struct(target)) => check_fields(data, target, path, table),
        (
            DataType::List(data)
            | DataType::LargeList(data)
            | DataType::ListView(data)
            | DataType::LargeListView(data)
            | DataType::FixedSizeList(data, _),
            DataType::List(target),
        ) => check_type(data.data_type(), target.data_type(), &format!("{path}.element"), table),
        (DataType::Map(data, _), DataType::Map(target, _)) => match (data.data_type(), target.data_type()) {
            (DataType::Struct(data), DataType::Struct(target)) => {
                data.iter().zip(target).zip(["key", "value"]).try_for_each(|((data, target), side)| {
                    check_type(data.data_type(), target.data_type(), &format!("{path}.{side}"), table)
                })
            }
            _ => Ok(()),
        },
        _ => Ok(()),
    }
}

fn missing(field: &Field, rows: usize, table: &str) -> Result<ArrayRef> {
    if field.is_nullable() || rows == 0 {
        Ok(new_null_array(field.data_type(), rows))
    } else {
        Err(LakeError::MissingColumn { column: field.name().clone(), table: table.to_owned() })
    }
}

fn conform_array(array: &ArrayRef, field: &Field, path: &str) -> Result<ArrayRef> {
    if array.data_type() == field.data_type() {
        return Ok(Arc::clone(array));
    }
    let to = field.data_type();
    match (array.data_type(), to) {
        (DataType::Struct(_), DataType::Struct(fields)) => {
            let array = array.as_struct();
            let children = fields
                .iter()
                .map(|child| {
                    let path = format!("{path}.{}", child.name());
                    match array.column_by_name(child.name()) {
                        Some(column) => conform_array(column, child, &path),
                        None => Ok(new_null_array(child.data_type(), array.len())),
                    }
                })
                .collect::<Result<Vec<_>>>()?;
            StructArray::try_new_with_length(fields.clone(), children, array.nulls().cloned(), array.len())
                .map(|array| Arc::new(array) as ArrayRef)
                .map_err(|error| does_not_fit(array.data_type(), to, path, &error))
        }
        (DataType::List(_), DataType::List(element)) => conform_list(array.as_list(), element, to, path),
        (
            DataType::LargeList(_) | DataType::FixedSizeList(..) | DataType::ListView(_) | DataType::LargeListView(_),
            DataType::List(element),
        ) => {
            // The element keeps its own type here; the list is conformed in a second step.
            let kept = match array.data_type() {
                DataType::LargeList(inner)
                | DataType::FixedSizeList(inner, _)
                | DataType::ListView(inner)
                | DataType::LargeListView(inner) => Arc::clone(inner),
                _ => Arc::clone(element),
            };
            let list = cast(array, &DataType::List(kept), path)?;
            conform_list(list.as_list(), element, to, path)
        }
        (DataType::Map(..), DataType::Map(entries, sorted)) => conform_map(array.as_map(), entries, *sorted, path),
        _ => cast(array, to, path),
    }
}

fn conform_list(list: &ListArray, element: &FieldRef, to: &DataType, path: &str) -> Result<ArrayRef> {
    let values = conform_array(list.values(), element, &format!("{path}.element"))?;
    ListArray::try_new(Arc::clone(element), list.offsets().clone(), values, list.nulls().cloned())
        .map(|array| Arc::new(array) as ArrayRef)
        .map_err(|error| does_not_fit(list.data_type(), to, path, &error))
}

fn conform_map(map: &MapArray, entries: &FieldRef, sorted: bool, path: &str) -> Result<ArrayRef> {
    let to = DataType::Map(Arc::clone(entries), sorted);
    let DataType::Struct(fields) = entries.data_type() else {
        return cast(&(Arc::new(map.clone()) as ArrayRef), &to, path);
    };
    let children = match fields.iter().collect::<Vec<_>>().as_slice() {
        [key, value] => vec![
            conform_array(map.keys(), key, &format!("{path}.key"))?,
            conform_array(map.values(), value, &format!("{path}.value"))?,
        ],
        _ => return cast(&(Arc::new(map.clone()) as ArrayRef), &to, path),
    };
    StructArray::try_new(fields.clone(), children, None)
        .and_then(|structs| {
            MapArray::try_new(Arc::clone(entries), map.offsets().clone(), structs, map.nulls().cloned(), sorted)
        })
        .map(|array| Arc::new(array) as ArrayRef)
        .map_err(|error| does_not_fit(map.data_type(), &to, path, &error))
}

/// Casts a column; a value that does not fit is an error with the name of the column.
pub(crate) fn cast(array: &ArrayRef, to: &DataType, path: &str) -> Result<ArrayRef> {
    cast_exactly(array, to).map_err(|error| does_not_fit(array.data_type(), to, path, &error))
}

/// Casts an array. Whole numbers and decimals keep their values in whatever type of number they go into.
///
/// # Errors
/// There is no such cast, or a value does not fit. A whole number or a decimal that the other type does not have exactly is named.
pub fn cast_exactly(array: &ArrayRef, to: &DataType) -> Result<ArrayRef, ArrowError> {
    let from = array.data_type();
    let is_exact = |data_type: &DataType| data_type.is_integer() || data_type.is_decimal();
    let is_by_value = (is_exact(from) && is_exact(to)) || (from.is_integer() && to.is_floating());
    if from == to || !is_by_value {
        return cast_with_options(array, to, &STRICT);
    }
    // What does not fit becomes null here, and what is rounded does not come back as what it was.
    let converted = compute::cast(array, to)?;
    let lost = if converted.null_count() > array.null_count() {
        (0..array.len()).find(|row| converted.is_null(*row) && array.is_valid(*row))
    } else if may_round(from, to) {
        distinct(&compute::cast(&converted, from)?, array)?.values().set_indices().next()
    } else {
        None
    };
    match lost {
        None => Ok(converted),
        Some(row) => {
            let value = array_value_to_string(array, row)?;
            Err(ArrowError::CastError(format!("{value} has no equal in {to}")))
        }
    }
}

/// Whether a cast between numbers may give another value instead of none.
fn may_round(from: &DataType, to: &DataType) -> bool {
    match (digits_after_point(from), digits_after_point(to)) {
        (Some(from), to) => from > to.unwrap_or_default(),
        (None, Some(to)) => to < 0,
        (None, None) => {
            // Floating point numbers have all whole numbers of so many bits.
            let bits = match to {
                DataType::Float16 => 11,
                DataType::Float32 => 24,
                DataType::Float64 => 53,
                _ => return false,
            };
            from.primitive_width().is_none_or(|bytes| bytes * 8 > bits)
        }
    }
}

/// Digits of a decimal after the point.
fn digits_after_point(data_type: &DataType) -> Option<i8> {
    match data_type {
        DataType::Decimal32(_, scale)
        | DataType::Decimal64(_, scale)
        | DataType::Decimal128(_, scale)
        | DataType::Decimal256(_, scale) => Some(*scale),
        _ => None,
    }
}

fn does_not_fit(from: &DataType, to: &DataType, path: &str, error: &ArrowError) -> LakeError {
    LakeError::ValueDoesNotFit {
        column: path.to_owned(),
        from: from.to_string(),
        to: to.to_string(),
        reason: error.to_string(),
    }
}

/// The schema without any metadata on it or its fields, and in plain types: which of several ways of Arrow the values are laid out in
/// makes no other column. Both are what writers of data files add to their columns.
pub(crate) fn plain_schema(schema: &Schema) -> SchemaRef {
    Arc::new(Schema::new(schema.fields().iter().map(|field| plain_field(field)).collect::<Vec<_>>()))
}

fn plain_field(field: &Field) -> Field {
    Field::new(field.name(), plain_type(field.data_type()), field.is_nullable())
}

fn plain_type(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(|field| plain_field(field)).collect()),
        DataType::List(element)
        | DataType::LargeList(element)
        | DataType::ListView(element)
        | DataType::LargeListView(element)
        | DataType::FixedSizeList(element, _) => DataType::List(Arc::new(plain_field(element))),
        DataType::Map(entries, sorted) => DataType::Map(Arc::new(plain_field(entries)), *sorted),
        DataType::Dictionary(_, value) => plain_type(value),
        DataType::RunEndEncoded(_, value) => plain_type(value.data_type()),
        DataType::Utf8View | DataType::LargeUtf8 => DataType::Utf8,
        DataType::BinaryView | DataType::LargeBinary | DataType::FixedSizeBinary(_) => DataType::Binary,
        DataType::Date64 => DataType::Date32,
        DataType::Float16 => DataType::Float32,
        DataType::Decimal32(precision, scale) | DataType::Decimal64(precision, scale) => {
            DataType::Decimal128(*precision, *scale)
        }
        DataType::Decimal256(precision @ ..=38, scale) => DataType::Decimal128(*precision, *scale),
        other => other.clone(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;
    use arrow::array::{Decimal128Array, Decimal256Array, Int32Array, Int64Array, StringViewArray, UInt64Array};
    use arrow::datatypes::{Float64Type, i256};

    #[test]
    fn nested_fields_that_are_absent_become_null_and_views_become_strings() {
        let inner = StructArray::from(vec![(
            Arc::new(Field::new("a", DataType::Utf8View, true)),
            Arc::new(StringViewArray::from(vec![Some("x"), None])) as ArrayRef,
        )]);
        let batch = RecordBatch::try_from_iter([
            ("s", Arc::new(inner) as ArrayRef),
            ("n", Arc::new(Int32Array::from(vec![1, 2])) as ArrayRef),
        ])
        .unwrap();
        let target = Arc::new(Schema::new(vec![
            Field::new("n", DataType::Int64, true),
            Field::new(
                "s",
                DataType::Struct(
                    vec![Field::new("a", DataType::Utf8, true), Field::new("b", DataType::Float64, true)].into(),
                ),
                true,
            ),
            Field::new("later", DataType::Boolean, true),
        ]));
        let conformed = conform(&batch, &target, "t").unwrap();
        assert_eq!(conformed.schema(), target);
        assert_eq!(conformed.column(2).null_count(), 2);
        assert_eq!(conformed.column(1).as_struct().column(1).null_count(), 2);
    }

    #[test]
    fn numbers_keep_their_values_or_are_named() {
        use DataType::{Decimal128, Decimal256, Float32, Float64, Int8, Int32, Int64, UInt64};
        let decimal = |value: i128, precision, scale| -> ArrayRef {
            Arc::new(Decimal128Array::from(vec![value]).with_precision_and_scale(precision, scale).unwrap())
        };
        let wide = |value: i128, precision, scale| -> ArrayRef {
            let values = Decimal256Array::from(vec![i256::from_i128(value)]);
            Arc::new(values.with_precision_and_scale(precision, scale).unwrap())
        };
        let bigint = |value: i64| -> ArrayRef { Arc::new(Int64Array::from(vec![value])) };
        let unsigned = |value: u64| -> ArrayRef { Arc::new(UInt64Array::from(vec![value])) };
        for (values, to, expected) in [
            (decimal(1_500, 10, 3), Decimal128(4, 1), Ok("1.5")),
            (decimal(1_505, 10, 3), Decimal128(38, 2), Err("1.505")),
            (decimal(9_996, 4, 3), Decimal128(4, 2), Err("9.996")),
            (decimal(12_345, 10, 0), Decimal128(4, 0), Err("12345")),
            (decimal(-1, 38, 38), Decimal128(38, 0), Err("-0.")),
            (wide(15, 50, 1), Decimal128(38, 18), Ok("1.500000000000000000")),
            (wide(i128::MAX, 76, 0), Decimal128(38, 0), Err("170141183460469231731687303715884105727")),
            (wide(1, 76, 40), Decimal128(38, 18), Err("0.000")),
            (decimal(7, 20, 0), Int64, Ok("7")),
            (decimal(1 << 70, 38, 0), Int64, Err("1180591620717411303424")),
            (unsigned(u64::MAX), Int64, Err("18446744073709551615")),
            (unsigned(u64::MAX), Decimal128(20, 0), Ok("18446744073709551615")),
            (bigint(7), Decimal256(50, 2), Ok("7.00")),
            (bigint(1_000), Decimal128(5, 2), Err("1000")),
            (bigint(1 << 40), Int32, Err("1099511627776")),
            (bigint(-7), Int8, Ok("-7")),
            (bigint(7), Float64, Ok("7.0")),
            (bigint((1 << 53) + 1), Float64, Err("9007199254740993")),
            (bigint(i64::MAX), Float64, Err("9223372036854775807")),
            (bigint((1 << 24) + 1), Float32, Err("16777217")),
        ] {
            let what = format!("{} into {to}", values.data_type());
            match (cast_exactly(&values, &to), expected) {
                (Ok(found), Ok(expected)) => {
                    assert_eq!(found.data_type(), &to, "{what}");
                    assert_eq!(array_value_to_string(&found, 0).unwrap(), expected, "{what}");
                }
                (Err(error), Err(value)) => assert!(error.to_string().contains(value), "{what}: {error}"),
                (found, _) => panic!("{what}: {found:?}"),
            }
        }
        let least = cast_exactly(&bigint(i64::MIN), &Float64).unwrap();
        assert_eq!(least.as_primitive::<Float64Type>().value(0), -9_223_372_036_854_775_808.0);
        let nulls = new_null_array(&UInt64, 2);
        assert_eq!(cast_exactly(&nulls, &Int64).unwrap().null_count(), 2);
    }

    #[test]
    fn a_value_that_does_not_fit_names_its_column() {
        let batch = RecordBatch::try_from_iter([("n", Arc::new(StringViewArray::from(vec!["no number"])) as ArrayRef)])
            .unwrap();
        let target = Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, true)]));
        let error = conform(&batch, &target, "t").unwrap_err();
        assert!(matches!(error, LakeError::ValueDoesNotFit { ref column, .. } if column == "n"));
    }
}
