//! Surrogate keys: 63 bits of a hash of the business key, the same on every machine and every rebuild.
//!
//! Each component is encoded as `n` when null, else as `v<length in octets>:<text>`; the text of a timestamp is its
//! Unix time in microseconds, of a date `yyyy-mm-dd`. The key is made from the first sixteen hexadecimal digits of
//! the MD5 of the concatenation: the first eight as a number times 2^31, plus half of the next eight. Spark SQL can say
//! the same: `conv(substr(md5(s), 1, 8), 16, 10) * 2147483648 + shiftright(conv(substr(md5(s), 9, 8), 16, 10), 1)`.

use std::fmt::Write;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array};
use arrow::datatypes::{DataType, TimestampMicrosecondType};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use md5::{Digest, Md5};

use crate::normalize::normalize_column;
use crate::{QueryError, Result};

/// The surrogate key of each row of a business key. Never negative, so never that of the unknown member.
///
/// # Errors
/// [`QueryError::UnsupportedType`] for floating-point, binary and nested columns, which have no exact text.
pub fn surrogate_key(columns: &[ArrayRef]) -> Result<Int64Array> {
    let plain = columns.iter().map(normalize_column).collect::<Result<Vec<_>>>()?;
    let texts = plain.iter().map(Component::new).collect::<Result<Vec<_>>>()?;
    let rows = plain.first().map_or(0, |column| column.len());
    let mut encoded = String::new();
    let mut scratch = String::new();
    let mut keys = Vec::with_capacity(rows);
    for row in 0..rows {
        encoded.clear();
        for component in &texts {
            component.append(row, &mut encoded, &mut scratch)?;
        }
        keys.push(key_of(&encoded));
    }
    Ok(keys.into())
}

fn key_of(encoded: &str) -> i64 {
    let digest = Md5::digest(encoded.as_bytes());
    let word = |from: usize| digest.iter().skip(from).take(4).fold(0_i64, |sum, byte| (sum << 8) | i64::from(*byte));
    (word(0) << 31) + (word(4) >> 1)
}

enum Component<'a> {
    Text(&'a arrow::array::StringArray),
    Micros(&'a arrow::array::TimestampMicrosecondArray),
    Formatted(&'a ArrayRef, ArrayFormatter<'a>),
}

const FORMAT: FormatOptions<'static> = FormatOptions::new().with_date_format(Some("%Y-%m-%d"));

impl<'a> Component<'a> {
    fn new(column: &'a ArrayRef) -> Result<Self> {
        match column.data_type() {
            DataType::Utf8 => Ok(Self::Text(column.as_string())),
            DataType::Timestamp(_, _) => Ok(Self::Micros(column.as_primitive::<TimestampMicrosecondType>())),
            DataType::Boolean | DataType::Date32 | DataType::Decimal128(_, _) | DataType::Null => {
                Ok(Self::Formatted(column, ArrayFormatter::try_new(column.as_ref(), &FORMAT)?))
            }
            other if other.is_integer() => {
                Ok(Self::Formatted(column, ArrayFormatter::try_new(column.as_ref(), &FORMAT)?))
            }
            other => Err(QueryError::UnsupportedType {
                column: "a business key column".to_owned(),
                data_type: other.clone(),
            }),
        }
    }

    fn append(&self, row: usize, out: &mut String, scratch: &mut String) -> Result<()> {
        let text = match self {
            Self::Text(column) if column.is_valid(row) => Some(column.value(row)),
            Self::Micros(column) if column.is_valid(row) => {
                scratch.clear();
                let _infallible = write!(scratch, "{}", column.value(row));
                Some(scratch.as_str())
            }
            Self::Formatted(column, formatter) if column.is_valid(row) && column.data_type() != &DataType::Null => {
                scratch.clear();
                formatter.value(row).write(scratch)?;
                Some(scratch.as_str())
            }
            _ => None,
        };
        match text {
            None => out.push('n'),
            Some(text) => {
                let _infallible = write!(out, "v{}:{text}", text.len());
            }
        }
        Ok(())
    }
}
