//! The columns of several files together, each with a type into which the values of all of them go without loss.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Fields, TimeUnit};

use crate::error::{LakeError, Result};

/// Digits that a decimal of 128 bits can have, as those of tables are.
const MOST_DIGITS: u8 = 38;
/// Digits that any decimal can have. Whether values go into the decimal of a table is seen when they are read.
const MOST_DIGITS_READ: u8 = 76;

/// The columns of `current` and `other`. The error names `location`.
pub(super) fn merge_fields(current: &Fields, other: &Fields, parent: &str, location: &str) -> Result<Fields> {
    let mut merged: Vec<Field> = current.iter().map(|field| field.as_ref().clone()).collect();
    for field in other {
        let path = if parent.is_empty() { field.name().clone() } else { format!("{parent}.{}", field.name()) };
        match merged.iter_mut().find(|known| known.name() == field.name()) {
            Some(known) => {
                let data_type = merge_types(known.data_type(), field.data_type(), &path, location)?;
                *known = Field::new(known.name(), data_type, true);
            }
            // Other files may lack the column, so it is nullable whatever this file says.
            None => merged.push(Field::new(field.name(), field.data_type().clone(), true)),
        }
    }
    Ok(merged.into())
}

fn merge_types(current: &DataType, other: &DataType, path: &str, location: &str) -> Result<DataType> {
    let differ = || LakeError::TypesDiffer {
        location: location.to_owned(),
        column: path.to_owned(),
        one: type_name(current),
        other: type_name(other),
    };
    if current == other {
        return Ok(current.clone());
    }
    if let (Some(current), Some(other)) = (element_of(current), element_of(other)) {
        let element = merge_types(current.data_type(), other.data_type(), &format!("{path}.element"), location)?;
        return Ok(DataType::List(Arc::new(Field::new(current.name(), element, true))));
    }
    match (current, other) {
        (DataType::Struct(current), DataType::Struct(other)) => {
            merge_fields(current, other, path, location).map(DataType::Struct)
        }
        (DataType::Map(entries, sorted), DataType::Map(other, _)) => {
            // Writers name the inner fields of maps as they like.
            let (DataType::Struct(fields), DataType::Struct(other)) = (entries.data_type(), other.data_type()) else {
                return Err(differ());
            };
            let parts = fields.iter().zip(other).zip(["key", "value"]);
            let parts = parts.map(|((current, other), part)| {
                let path = format!("{path}.{part}");
                let merged = merge_types(current.data_type(), other.data_type(), &path, location)?;
                Ok(Arc::new(current.as_ref().clone().with_data_type(merged)))
            });
            let merged: Fields = parts.collect::<Result<Vec<FieldRef>>>()?.into();
            Ok(DataType::Map(Arc::new(entries.as_ref().clone().with_data_type(DataType::Struct(merged))), *sorted))
        }
        (current, other) => common(&signed(current), &signed(other)).ok_or_else(differ),
    }
}

fn element_of(data_type: &DataType) -> Option<&FieldRef> {
    match data_type {
        DataType::List(element) | DataType::LargeList(element) | DataType::FixedSizeList(element, _) => Some(element),
        _ => None,
    }
}

/// The narrowest type with a sign into which all values go; tables have no other numbers.
fn signed(data_type: &DataType) -> DataType {
    match data_type {
        DataType::UInt8 => DataType::Int16,
        DataType::UInt16 => DataType::Int32,
        DataType::UInt32 => DataType::Int64,
        DataType::UInt64 => DataType::Decimal128(20, 0),
        other => other.clone(),
    }
}

/// The narrowest type into which every value of both goes; none when there is no such type. Of the widest whole numbers a floating point
/// number has most, and one that it has not is an error when it is read.
fn common(one: &DataType, other: &DataType) -> Option<DataType> {
    use DataType::{Decimal128, Decimal256, Float32, Float64, Null, Timestamp};
    match (one, other) {
        (one, other) if one == other => Some(one.clone()),
        (Null, known) | (known, Null) => Some(known.clone()),
        (Float32, Float64) | (Float64, Float32) => Some(Float64),
        (Timestamp(_, one), Timestamp(_, other)) => {
            // What has no zone is in UTC, as everywhere.
            let zone = if one == other { one.clone() } else { Some("UTC".into()) };
            Some(Timestamp(TimeUnit::Microsecond, zone))
        }
        (Decimal128(p1, s1) | Decimal256(p1, s1), Decimal128(p2, s2) | Decimal256(p2, s2)) => {
            let scale = *s1.max(s2);
            let before = (i16::from(*p1) - i16::from(*s1)).max(i16::from(*p2) - i16::from(*s2));
            let digits = u8::try_from(before + i16::from(scale)).ok().filter(|digits| *digits <= MOST_DIGITS_READ)?;
            Some(if digits <= MOST_DIGITS { Decimal128(digits, scale) } else { Decimal256(digits, scale) })
        }
        (integer, known) | (known, integer) if digits_of(integer).is_some() => {
            let digits = digits_of(integer)?;
            match known {
                Decimal128(..) | Decimal256(..) => common(&Decimal128(digits, 0), known),
                Float32 if digits <= 5 => Some(Float32),
                Float32 | Float64 => Some(Float64),
                other => digits_of(other).map(|others| if digits < others { other.clone() } else { integer.clone() }),
            }
        }
        _ => None,
    }
}

/// Digits that an integer can have.
fn digits_of(data_type: &DataType) -> Option<u8> {
    match data_type {
        DataType::Int8 => Some(3),
        DataType::Int16 => Some(5),
        DataType::Int32 => Some(10),
        DataType::Int64 => Some(19),
        _ => None,
    }
}

/// A type in the words of SQL.
pub(super) fn type_name(data_type: &DataType) -> String {
    let name = match data_type {
        DataType::Utf8 => "string",
        DataType::Boolean => "boolean",
        DataType::Int8 => "tinyint",
        DataType::Int16 => "smallint",
        DataType::Int32 => "int",
        DataType::Int64 => "bigint",
        DataType::Float32 => "float",
        DataType::Float64 => "double",
        DataType::Date32 => "date",
        DataType::Binary => "binary",
        DataType::Timestamp(_, Some(_)) => "timestamp",
        DataType::Timestamp(_, None) => "timestamp_ntz",
        DataType::Decimal128(precision, scale) | DataType::Decimal256(precision, scale) => {
            return format!("decimal({precision},{scale})");
        }
        DataType::Struct(fields) => {
            let fields = fields.iter().map(|field| format!("{}:{}", field.name(), type_name(field.data_type())));
            return format!("struct<{}>", fields.collect::<Vec<_>>().join(","));
        }
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(parts) => {
                let parts = parts.iter().map(|part| type_name(part.data_type()));
                return format!("map<{}>", parts.collect::<Vec<_>>().join(","));
            }
            other => return other.to_string(),
        },
        other => match element_of(other) {
            Some(element) => return format!("array<{}>", type_name(element.data_type())),
            None => return other.to_string(),
        },
    };
    name.to_owned()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_common_type_holds_every_value_of_both_or_is_none() {
        use DataType::{
            Date32, Decimal128, Decimal256, Float32, Float64, Int8, Int16, Int32, Int64, Null, Timestamp, UInt8,
            UInt32, UInt64, Utf8,
        };
        let zoned = |zone: &str| Timestamp(TimeUnit::Microsecond, Some(zone.into()));
        let zoneless = || Timestamp(TimeUnit::Millisecond, None);
        for (one, other, expected) in [
            (Int8, Int16, Some(Int16)),
            (Int32, Int64, Some(Int64)),
            (UInt8, Int8, Some(Int16)),
            (UInt32, Int32, Some(Int64)),
            (UInt64, Int64, Some(Decimal128(20, 0))),
            (Null, Utf8, Some(Utf8)),
            (Float32, Float64, Some(Float64)),
            (Int16, Float32, Some(Float32)),
            (Int32, Float32, Some(Float64)),
            (Int64, Float64, Some(Float64)),
            (Int64, Float32, Some(Float64)),
            (UInt64, Float64, None),
            (Int32, Decimal128(12, 2), Some(Decimal128(12, 2))),
            (Int64, Decimal128(12, 2), Some(Decimal128(21, 2))),
            (Int64, Decimal128(38, 20), Some(Decimal256(39, 20))),
            (Decimal128(10, 2), Decimal128(12, 1), Some(Decimal128(13, 2))),
            (Decimal128(38, 0), Decimal128(38, 1), Some(Decimal256(39, 1))),
            (Decimal256(50, 18), Decimal128(38, 18), Some(Decimal256(50, 18))),
            (Decimal256(76, 0), Decimal128(38, 1), None),
            (Decimal128(10, 2), Float64, None),
            (zoned("Europe/Berlin"), zoned("UTC"), Some(zoned("UTC"))),
            (zoneless(), zoned("UTC"), Some(zoned("UTC"))),
            (zoneless(), Timestamp(TimeUnit::Nanosecond, None), Some(Timestamp(TimeUnit::Microsecond, None))),
            (Date32, zoned("UTC"), None),
            (Utf8, Int64, None),
        ] {
            for (one, other) in [(&one, &other), (&other, &one)] {
                let merged = merge_types(one, other, "c", "in").ok();
                assert_eq!(merged, expected, "{one} and {other}");
            }
        }
    }

    #[test]
    fn nested_types_are_merged_part_by_part_and_the_part_that_differs_is_named() {
        let list = |element: DataType| DataType::List(Arc::new(Field::new("element", element, true)));
        let map = |value: DataType| {
            let entries = vec![Field::new("key", DataType::Utf8, false), Field::new("value", value, true)];
            DataType::Map(Arc::new(Field::new("key_value", DataType::Struct(entries.into()), false)), false)
        };
        let merged = merge_types(&map(list(DataType::Int32)), &map(list(DataType::Int64)), "c", "in").unwrap();
        assert_eq!(merged, map(list(DataType::Int64)));
        let large = DataType::LargeList(Arc::new(Field::new("item", DataType::Int16, true)));
        assert_eq!(merge_types(&list(DataType::Int8), &large, "c", "in").unwrap(), list(DataType::Int16));
        let error = merge_types(&map(list(DataType::Utf8)), &map(list(DataType::Int64)), "c", "in").unwrap_err();
        let text = error.to_string();
        for part in ["`in`", "`c.value.element`", "`string`", "`bigint`"] {
            assert!(text.contains(part), "{text}");
        }
    }
}
