//! Exact multiplication of money.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Decimal128Array};
use arrow::datatypes::{DataType, Decimal128Type, i256};
use datafusion::common::{Result as DataFusionResult, plan_err};

use crate::Result;

/// The type of costs.
pub(crate) const MONEY: DataType = DataType::Decimal128(38, SCALE);

const SCALE: i8 = 12;
const LIMIT: i128 = 10_i128.pow(38);

pub(super) fn coerce(types: &[DataType]) -> DataFusionResult<Vec<DataType>> {
    types
        .iter()
        .map(|given| match given {
            DataType::Decimal128(_, _) => Ok(given.clone()),
            DataType::Decimal32(precision, scale) | DataType::Decimal64(precision, scale) => {
                Ok(DataType::Decimal128(*precision, *scale))
            }
            DataType::Null => Ok(DataType::Decimal128(38, 18)),
            other if other.is_integer() => Ok(DataType::Decimal128(20, 0)),
            other => plan_err!("a decimal is needed here, not {other}"),
        })
        .collect()
}

pub(super) fn multiply(arrays: &[ArrayRef]) -> Result<ArrayRef> {
    let [left, right] = arrays else {
        return Ok(arrow::array::new_empty_array(&MONEY));
    };
    let scale = i32::from(scale_of(left)) + i32::from(scale_of(right));
    let left = left.as_primitive::<Decimal128Type>();
    let right = right.as_primitive::<Decimal128Type>();
    let mut lost = 0_u64;
    let products: Decimal128Array = left
        .iter()
        .zip(right.iter())
        .map(|(left, right)| {
            let product = product(left?, right?, scale);
            lost += u64::from(product.is_none());
            product
        })
        .collect();
    if lost > 0 {
        tracing::warn!(
            amounts = lost,
            "amounts of more than 26 digits before the point do not fit DECIMAL(38,12) and are null"
        );
    }
    Ok(Arc::new(products.with_precision_and_scale(38, SCALE)?))
}

fn scale_of(array: &ArrayRef) -> i8 {
    match array.data_type() {
        DataType::Decimal128(_, scale) => *scale,
        _ => 0,
    }
}

/// The product of two unscaled values, brought from `scale` to that of money; none when it has more than 38 digits.
fn product(left: i128, right: i128, scale: i32) -> Option<i128> {
    // Two values of 38 digits have a product of at most 76 digits, for which 256 bits are enough.
    let exact = i256::from_i128(left).checked_mul(i256::from_i128(right))?;
    let surplus = scale - i32::from(SCALE);
    let ten = i256::from_i128(10);
    let rounded = if surplus > 0 {
        let Some(divisor) = ten.checked_pow(surplus.unsigned_abs()) else {
            return Some(0);
        };
        let quotient = exact.checked_div(divisor)?;
        let rest = exact.checked_rem(divisor)?;
        let rest = if rest.is_negative() { rest.wrapping_neg() } else { rest };
        // Compares rest >= divisor - rest, since twice the rest could overflow.
        if rest >= divisor.wrapping_sub(rest) {
            let away = if exact.is_negative() { i256::MINUS_ONE } else { i256::ONE };
            quotient.checked_add(away)?
        } else {
            quotient
        }
    } else {
        exact.checked_mul(ten.checked_pow(surplus.unsigned_abs())?)?
    };
    rounded.to_i128().filter(|value| value.checked_abs().is_some_and(|size| size < LIMIT))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    const MAX: i128 = LIMIT - 1;

    #[test]
    fn products_are_exact_and_rounded_half_away_from_zero() {
        let half = 500_000_i128;
        let cases: &[(i128, i128, i32, Option<i128>)] = &[
            (0, 5, 36, Some(0)),
            (1, half, 18, Some(1)),
            (-1, half, 18, Some(-1)),
            (1, half - 1, 18, Some(0)),
            (-1, half - 1, 18, Some(0)),
            (3, half, 18, Some(2)),
            (-3, half, 18, Some(-2)),
            (7, 3, 12, Some(21)),
            (7, 3, 10, Some(2_100)),
            // 99999999999999999999.999999999999999999 squared has 40 integer digits.
            (MAX, MAX, 36, None),
            (MAX, -MAX, 36, None),
            // The greatest value times one.
            (MAX, 10_i128.pow(18), 36, Some(100_000_000_000_000_000_000_000_000_000_000)),
            (-MAX, 10_i128.pow(18), 36, Some(-100_000_000_000_000_000_000_000_000_000_000)),
            (MAX, 1, 12, Some(MAX)),
            (MAX, 10, 12, None),
            (MAX, MAX, 76, Some(1_000_000_000_000)),
            (MAX, -MAX, 76, Some(-1_000_000_000_000)),
        ];
        for (left, right, scale, expected) in cases {
            assert_eq!(product(*left, *right, *scale), *expected, "{left} * {right} at scale {scale}");
        }
    }
}
