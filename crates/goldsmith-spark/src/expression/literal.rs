//! Constants.

use datafusion::common::ScalarValue;

use crate::names;

/// A constant in Spark SQL with its type; none for types that have no literal.
pub(super) fn literal(value: &ScalarValue) -> Option<String> {
    if value.is_null() {
        return Some("null".to_owned());
    }
    let number = || value.to_string();
    Some(match value {
        ScalarValue::Boolean(Some(value)) => value.to_string(),
        ScalarValue::Utf8(Some(text)) | ScalarValue::LargeUtf8(Some(text)) | ScalarValue::Utf8View(Some(text)) => {
            names::literal(text)
        }
        ScalarValue::Int8(_) => format!("{}Y", number()),
        ScalarValue::Int16(_) => format!("{}S", number()),
        // A number that fits 32 bits is an INT in Spark; wider operands widen it without a change of the value.
        ScalarValue::Int32(_) => number(),
        ScalarValue::Int64(Some(value)) if i32::try_from(*value).is_ok() => number(),
        ScalarValue::Int64(_) => format!("{}L", number()),
        ScalarValue::Float32(Some(value)) if value.is_finite() => format!("cast({value:?}D as float)"),
        ScalarValue::Float64(Some(value)) if value.is_finite() => format!("{value:?}D"),
        ScalarValue::Decimal128(Some(value), precision, scale) if *scale >= 0 => {
            format!("cast({} as decimal({precision},{scale}))", decimal(*value, u32::from(scale.unsigned_abs())))
        }
        ScalarValue::Date32(_) => format!("date'{value}'"),
        ScalarValue::TimestampMicrosecond(Some(micros), Some(_)) => format!("timestamp_micros({micros})"),
        _ => return None,
    })
}

fn decimal(value: i128, scale: u32) -> String {
    let sign = if value < 0 { "-" } else { "" };
    let scale = scale as usize;
    let digits = format!("{:0>width$}", value.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_keep_value_and_type() {
        let cases = [
            (ScalarValue::from("it's"), "'it\\'s'"),
            (ScalarValue::Int64(Some(400)), "400"),
            (ScalarValue::Int64(Some(1 << 40)), "1099511627776L"),
            (ScalarValue::Int16(Some(3)), "3S"),
            (ScalarValue::Float64(Some(1.5)), "1.5D"),
            (ScalarValue::Decimal128(Some(-5), 3, 2), "cast(-0.05 as decimal(3,2))"),
            (ScalarValue::Decimal128(Some(1234), 10, 0), "cast(1234 as decimal(10,0))"),
            (ScalarValue::Date32(Some(19_782)), "date'2024-02-29'"),
            (ScalarValue::Utf8(None), "null"),
        ];
        for (value, expected) in cases {
            assert_eq!(literal(&value).as_deref(), Some(expected));
        }
        assert_eq!(literal(&ScalarValue::Float64(Some(f64::NAN))), None);
    }
}
