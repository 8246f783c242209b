//! Declared types and Arrow types.

use std::sync::Arc;

use arrow::datatypes::{DataType as ArrowType, Field, Fields, Schema, TimeUnit};
use goldsmith_model::{BronzeTable, DataType, StructField};

use crate::normalize::plain_type;
use crate::{QueryError, Result};

/// Name of the child of a list, as the Delta library names it.
pub const LIST_CHILD: &str = "element";
/// Name of the entries of a map, as the Delta library names them.
pub const MAP_ENTRIES: &str = "key_value";

/// The Arrow type of a `timestamp`: microseconds, UTC.
pub fn timestamp() -> ArrowType {
    ArrowType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

/// The type of a list with nullable elements.
pub(crate) fn list_of(element: ArrowType) -> ArrowType {
    ArrowType::List(Arc::new(Field::new(LIST_CHILD, element, true)))
}

/// The type of a map with nullable values.
pub(crate) fn map_of(key: ArrowType, value: ArrowType) -> ArrowType {
    let entries = Fields::from(vec![Field::new("key", key, false), Field::new("value", value, true)]);
    ArrowType::Map(Arc::new(Field::new(MAP_ENTRIES, ArrowType::Struct(entries), false)), false)
}

/// The Arrow type of a declared type.
pub fn to_arrow(data_type: &DataType) -> ArrowType {
    match data_type {
        DataType::String => ArrowType::Utf8,
        DataType::Boolean => ArrowType::Boolean,
        DataType::TinyInt => ArrowType::Int8,
        DataType::SmallInt => ArrowType::Int16,
        DataType::Int => ArrowType::Int32,
        DataType::BigInt => ArrowType::Int64,
        DataType::Float => ArrowType::Float32,
        DataType::Double => ArrowType::Float64,
        DataType::Decimal(precision, scale) => ArrowType::Decimal128(*precision, *scale),
        DataType::Date => ArrowType::Date32,
        DataType::Timestamp => timestamp(),
        DataType::TimestampNtz => ArrowType::Timestamp(TimeUnit::Microsecond, None),
        DataType::Binary => ArrowType::Binary,
        DataType::Array(element) => list_of(to_arrow(element)),
        DataType::Map(key, value) => map_of(to_arrow(key), to_arrow(value)),
        DataType::Struct(fields) => {
            let fields: Vec<Field> =
                fields.iter().map(|field| Field::new(&field.name, to_arrow(&field.data_type), true)).collect();
            ArrowType::Struct(fields.into())
        }
    }
}

/// The declared type that stands for an Arrow type, whatever its physical variant.
///
/// # Errors
/// [`QueryError::UnsupportedType`] for types that Delta does not have (intervals, times, unions, ...).
pub fn from_arrow(data_type: &ArrowType) -> Result<DataType> {
    declared(&plain_type(data_type))
        .ok_or_else(|| QueryError::UnsupportedType { column: "a column".to_owned(), data_type: data_type.clone() })
}

fn declared(plain: &ArrowType) -> Option<DataType> {
    Some(match plain {
        ArrowType::Utf8 => DataType::String,
        ArrowType::Boolean => DataType::Boolean,
        ArrowType::Int8 => DataType::TinyInt,
        ArrowType::Int16 => DataType::SmallInt,
        ArrowType::Int32 => DataType::Int,
        ArrowType::Int64 => DataType::BigInt,
        ArrowType::Float32 => DataType::Float,
        ArrowType::Float64 => DataType::Double,
        ArrowType::Decimal128(precision, scale) => DataType::Decimal(*precision, *scale),
        ArrowType::Date32 => DataType::Date,
        ArrowType::Timestamp(_, Some(_)) => DataType::Timestamp,
        ArrowType::Timestamp(_, None) => DataType::TimestampNtz,
        ArrowType::Binary => DataType::Binary,
        ArrowType::List(element) => DataType::Array(Box::new(declared(element.data_type())?)),
        ArrowType::Map(entries, _) => match entries.data_type() {
            ArrowType::Struct(fields) => match fields.as_ref() {
                [key, value] => {
                    DataType::Map(Box::new(declared(key.data_type())?), Box::new(declared(value.data_type())?))
                }
                _ => return None,
            },
            _ => return None,
        },
        ArrowType::Struct(fields) => DataType::Struct(
            fields
                .iter()
                .map(|field| Some(StructField { name: field.name().clone(), data_type: declared(field.data_type())? }))
                .collect::<Option<Vec<_>>>()?,
        ),
        _ => return None,
    })
}

/// Whether two types hold the same values: physical variants, names of list and map children and nullability apart.
pub fn same_type(left: &ArrowType, right: &ArrowType) -> bool {
    left == right || plain_type(left) == plain_type(right)
}

/// Whether every value of `from` is a value of `to`: equal types, wider integers and decimals, wider floats,
/// nulls, and timestamps of another unit (instants are microseconds everywhere in the engine).
pub fn is_lossless(from: &ArrowType, to: &ArrowType) -> bool {
    let (from, to) = (plain_type(from), plain_type(to));
    from == to || widens(&from, &to)
}

fn widens(from: &ArrowType, to: &ArrowType) -> bool {
    use ArrowType::{Decimal128, Float32, Float64, Int8, Int16, Int32, Int64, List, Null, Timestamp};
    match (from, to) {
        (Null, _) => true,
        (Int8, Int16 | Int32 | Int64) | (Int16, Int32 | Int64) | (Int32, Int64) => true,
        (Float32, Float64) | (Int8 | Int16, Float32) | (Int8 | Int16 | Int32, Float64) => true,
        (Int8 | Int16 | Int32 | Int64, Decimal128(precision, scale)) => {
            let digits: i16 = match from {
                Int8 => 3,
                Int16 => 5,
                Int32 => 10,
                _ => 19,
            };
            i16::from(*precision) - i16::from(*scale) >= digits && *scale >= 0
        }
        (Decimal128(p1, s1), Decimal128(p2, s2)) => {
            s2 >= s1 && i16::from(*p2) - i16::from(*s2) >= i16::from(*p1) - i16::from(*s1)
        }
        (Timestamp(_, None), Timestamp(_, Some(_))) => true,
        (List(from), List(to)) => is_lossless(from.data_type(), to.data_type()),
        _ => false,
    }
}

/// The narrowest type into which both go without loss; none when there is no such type.
pub fn common_type(left: &ArrowType, right: &ArrowType) -> Option<ArrowType> {
    if is_lossless(left, right) {
        Some(plain_type(right))
    } else if is_lossless(right, left) {
        Some(plain_type(left))
    } else {
        None
    }
}

/// The declared columns of a source as an Arrow schema, all nullable, descriptions as `comment`.
pub fn declared_schema(table: &BronzeTable) -> Schema {
    let fields: Vec<Field> = table
        .columns
        .iter()
        .map(|(name, column)| {
            with_comment(Field::new(name, to_arrow(&column.data_type), true), Some(&column.description))
        })
        .collect();
    Schema::new(fields)
}

/// Key of the field metadata that holds a description.
pub const COMMENT: &str = "comment";

/// A field with a description, when there is one that is not empty.
pub(crate) fn with_comment(field: Field, comment: Option<&str>) -> Field {
    match comment {
        Some(text) if !text.is_empty() => {
            let mut metadata = field.metadata().clone();
            metadata.insert(COMMENT.to_owned(), text.to_owned());
            field.with_metadata(metadata)
        }
        _ => field,
    }
}

/// A type in the notation of the model language, for messages.
pub(crate) fn spelled(data_type: &ArrowType) -> String {
    from_arrow(data_type).map_or_else(|_| data_type.to_string(), |declared| declared.to_string())
}
