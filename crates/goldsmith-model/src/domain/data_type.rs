//! Column types, in the notation of Spark SQL type strings.

use std::fmt;
use std::str::FromStr;

use super::type_parser::{ParseTypeError, parse_type};

/// A column type. Text form is Spark's: `decimal(38,18)`, `map<string,bigint>`, `struct<a:int,b:string>`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum DataType {
    /// `string`
    String,
    /// `boolean`
    Boolean,
    /// `tinyint`, 8 bits
    TinyInt,
    /// `smallint`, 16 bits
    SmallInt,
    /// `int`, 32 bits
    Int,
    /// `bigint`, 64 bits
    BigInt,
    /// `float`, 32 bits
    Float,
    /// `double`, 64 bits
    Double,
    /// `decimal(precision,scale)`
    Decimal(u8, i8),
    /// `date`
    Date,
    /// `timestamp`: an instant in UTC, microseconds
    Timestamp,
    /// `timestamp_ntz`: wall-clock time, microseconds
    TimestampNtz,
    /// `binary`
    Binary,
    /// `array<element>`
    Array(Box<DataType>),
    /// `map<key,value>`
    Map(Box<DataType>, Box<DataType>),
    /// `struct<name:type,...>`
    Struct(Vec<StructField>),
}

/// One field of a struct type.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StructField {
    /// Field name.
    pub name: String,
    /// Field type.
    pub data_type: DataType,
}

impl DataType {
    /// Whether values have a useful order: numbers, texts, dates and timestamps.
    pub fn is_orderable(&self) -> bool {
        self.is_scalar() && !matches!(self, Self::Boolean | Self::Binary)
    }

    /// Whether a column of the type can be part of a key: anything scalar whose equality is exact.
    pub fn is_key(&self) -> bool {
        self.is_scalar() && !matches!(self, Self::Float | Self::Double | Self::Binary)
    }

    /// Whether the type is neither array, map nor struct.
    pub fn is_scalar(&self) -> bool {
        !matches!(self, Self::Array(_) | Self::Map(..) | Self::Struct(_))
    }

    /// Whether the type is an integer of any width.
    pub fn is_integer(&self) -> bool {
        matches!(self, Self::TinyInt | Self::SmallInt | Self::Int | Self::BigInt)
    }

    /// Whether the type is a number: integer, floating point or decimal.
    pub fn is_numeric(&self) -> bool {
        self.is_integer() || matches!(self, Self::Float | Self::Double | Self::Decimal(..))
    }
}

impl FromStr for DataType {
    type Err = ParseTypeError;

    /// Reads a Spark SQL type string. Keywords are case-insensitive, the synonyms of Spark (`long`, `integer`,
    /// `numeric`, ...) are known, and a bare `decimal` is `decimal(10,0)`.
    ///
    /// # Errors
    /// When the text is no type, with the offset at which reading stopped.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse_type(text)
    }
}

impl fmt::Display for DataType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::String => "string",
            Self::Boolean => "boolean",
            Self::TinyInt => "tinyint",
            Self::SmallInt => "smallint",
            Self::Int => "int",
            Self::BigInt => "bigint",
            Self::Float => "float",
            Self::Double => "double",
            Self::Date => "date",
            Self::Timestamp => "timestamp",
            Self::TimestampNtz => "timestamp_ntz",
            Self::Binary => "binary",
            Self::Decimal(precision, scale) => return write!(f, "decimal({precision},{scale})"),
            Self::Array(element) => return write!(f, "array<{element}>"),
            Self::Map(key, value) => return write!(f, "map<{key},{value}>"),
            Self::Struct(fields) => {
                f.write_str("struct<")?;
                for (index, field) in fields.iter().enumerate() {
                    if index > 0 {
                        f.write_str(",")?;
                    }
                    write!(f, "{field}")?;
                }
                return f.write_str(">");
            }
        };
        f.write_str(name)
    }
}

impl fmt::Display for StructField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = self.name.chars().all(|c| c.is_alphanumeric() || c == '_');
        if plain && !self.name.is_empty() {
            write!(f, "{}:{}", self.name, self.data_type)
        } else {
            write!(f, "`{}`:{}", self.name.replace('`', "``"), self.data_type)
        }
    }
}
