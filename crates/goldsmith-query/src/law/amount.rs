//! What a law adds up on one side, exactly.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Decimal128Type, Decimal256Type, DecimalType, Schema, i256};
use indexmap::IndexMap;

use crate::Result;
use crate::expression::{ExpressionError, ExpressionErrorKind, Projection};
use crate::types::spelled;

/// The rows that enter, for messages.
pub(super) const CARRIED_ROWS: &str = "the carried rows";
/// The rows that leave, for messages.
pub(super) const GOLD_ROWS: &str = "the gold rows";

/// Digits that a 64-bit integer can have.
const INTEGER_DIGITS: u8 = 19;

/// The number of decimals of an expression's values, when their sum is exact: zero of integers, the scale of decimals.
///
/// # Errors
/// An error of the expression when it yields floats ([`ExpressionErrorKind::Inexact`]) or no numbers.
pub(crate) fn exact_scale(name: &str, data_type: &DataType) -> Result<i8, Box<ExpressionError>> {
    let refuse = |kind, why: &str, help: &str| {
        let message = format!("the expression yields `{}`, {why}", spelled(data_type));
        Err(Box::new(ExpressionError::new(name, kind, message).with_help(help)))
    };
    match crate::normalize::plain_type(data_type) {
        DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64 => Ok(0),
        DataType::Decimal128(_, scale) => Ok(scale),
        plain if plain.is_floating() => refuse(
            ExpressionErrorKind::Inexact,
            "whose sum is not exact: it depends on the order of the rows",
            "sum integers or decimals, for instance `cast(... as decimal(38,18))`",
        ),
        DataType::Boolean => {
            refuse(ExpressionErrorKind::Type, "which has no sum", "count with `case when ... then 1 else 0 end`")
        }
        _ => refuse(ExpressionErrorKind::Type, "which has no sum", "a law sums integers or decimals"),
    }
}

/// A compiled expression whose values are added up.
#[derive(Debug, Clone)]
pub(super) struct Amount {
    projection: Projection,
    /// Number of decimals of the values.
    pub(super) scale: i8,
    /// Where the rows come from, for messages.
    pub(super) context: &'static str,
}

impl Amount {
    pub(super) fn compile(
        name: &str,
        text: &str,
        rows: &Schema,
        context: &'static str,
    ) -> Result<Self, Vec<ExpressionError>> {
        let expressions = IndexMap::from([(name.to_owned(), text.to_owned())]);
        let projection = Projection::compile(rows, &expressions)?;
        let scale = exact_scale(name, projection.schema().field(0).data_type()).map_err(|error| vec![*error])?;
        Ok(Self { projection, scale, context })
    }

    /// The value of every row as a whole number of units of the last decimal; zero for null.
    pub(super) fn values(&self, rows: &RecordBatch) -> Result<Vec<i256>> {
        let computed: ArrayRef = self.projection.apply(rows)?.column(0).clone();
        let decimals = match computed.data_type() {
            DataType::Decimal128(_, _) => computed,
            _ => cast(&computed, &DataType::Decimal128(INTEGER_DIGITS, 0))?,
        };
        let decimals = decimals.as_primitive::<Decimal128Type>();
        Ok(decimals.iter().map(|value| value.map_or(i256::ZERO, i256::from_i128)).collect())
    }
}

/// Whether two amounts are the same number. A sum of 128-bit numbers stays far below the limit of 256 bits; one that
/// would pass it at the scale of the other is greater than that.
pub(super) fn same((left, left_scale): (i256, i8), (right, right_scale): (i256, i8)) -> bool {
    let raised = |value: i256, by: u8| i256::from_i128(10).checked_pow(by.into()).and_then(|it| value.checked_mul(it));
    if left_scale <= right_scale {
        raised(left, left_scale.abs_diff(right_scale)) == Some(right)
    } else {
        raised(right, left_scale.abs_diff(right_scale)) == Some(left)
    }
}

/// An amount as a decimal number, without zeros at its end.
pub(super) fn text((value, scale): (i256, i8)) -> String {
    let text = Decimal256Type::format_decimal(value, Decimal256Type::MAX_PRECISION, scale);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn number(text: &str) -> i256 {
        i256::from_string(text).unwrap()
    }

    #[test]
    fn amounts_of_different_scales_are_compared_as_numbers() {
        let greatest = "9".repeat(57);
        let cases = [
            (("1", 0), ("1", 0), true),
            (("1", 0), ("1000000000000000000", 18), true),
            (("1", 0), ("1000000000000000001", 18), false),
            (("-25", 1), ("-250", 2), true),
            (("0", 0), ("0", 38), true),
            (("12", -2), ("1200", 0), true),
            // The greatest amounts that can be: more than 256 bits when brought to one scale.
            ((greatest.as_str(), 0), (greatest.as_str(), 38), false),
            ((greatest.as_str(), -38), ("1", 38), false),
        ];
        for ((left, left_scale), (right, right_scale), expected) in cases {
            let (left, right) = ((number(left), left_scale), (number(right), right_scale));
            assert_eq!(same(left, right), expected, "{left:?} {right:?}");
            assert_eq!(same(right, left), expected, "{right:?} {left:?}");
        }
    }

    #[test]
    fn amounts_are_readable() {
        for (value, scale, expected) in [
            ("12500", 3, "12.5"),
            ("-1", 18, "-0.000000000000000001"),
            ("300", 2, "3"),
            ("70", 0, "70"),
            ("0", 18, "0"),
        ] {
            assert_eq!(text((number(value), scale)), expected);
        }
    }
}
