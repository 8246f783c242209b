//! Recursive-descent reader of Spark SQL type strings.

use super::{DataType, StructField};

/// Types may be nested this deep; it bounds the recursion on hostile input.
const MAX_DEPTH: usize = 32;

/// A text that is no type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} at offset {offset}")]
pub struct ParseTypeError {
    /// What is wrong.
    pub message: String,
    /// Where, in bytes from the start of the text.
    pub offset: usize,
}

pub(super) fn parse_type(text: &str) -> Result<DataType, ParseTypeError> {
    let mut reader = Reader { text, offset: 0 };
    let data_type = reader.data_type(0)?;
    reader.skip_space();
    if reader.offset < text.len() {
        return Err(reader.error("text follows after the end of the type"));
    }
    Ok(data_type)
}

struct Reader<'a> {
    text: &'a str,
    offset: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.offset..).unwrap_or_default()
    }

    fn error(&self, message: impl Into<String>) -> ParseTypeError {
        self.error_at(self.offset, message)
    }

    fn error_at(&self, offset: usize, message: impl Into<String>) -> ParseTypeError {
        ParseTypeError { message: message.into(), offset }
    }

    fn skip_space(&mut self) {
        let rest = self.rest();
        self.offset += rest.len() - rest.trim_start().len();
    }

    fn expect(&mut self, symbol: char) -> Result<(), ParseTypeError> {
        if self.accept(symbol) { Ok(()) } else { Err(self.error(format!("expected `{symbol}`"))) }
    }

    fn accept(&mut self, symbol: char) -> bool {
        self.skip_space();
        let found = self.rest().starts_with(symbol);
        if found {
            self.offset += symbol.len_utf8();
        }
        found
    }

    fn word(&mut self) -> &'a str {
        self.skip_space();
        let rest = self.rest();
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        self.offset += end;
        rest.get(..end).unwrap_or_default()
    }

    fn data_type(&mut self, depth: usize) -> Result<DataType, ParseTypeError> {
        if depth >= MAX_DEPTH {
            return Err(self.error(format!("types are nested deeper than {MAX_DEPTH} levels")));
        }
        self.skip_space();
        let start = self.offset;
        let word = self.word();
        let data_type = match word.to_ascii_lowercase().as_str() {
            "" => return Err(self.error("expected a type")),
            "string" => DataType::String,
            "boolean" => DataType::Boolean,
            "tinyint" | "byte" => DataType::TinyInt,
            "smallint" | "short" => DataType::SmallInt,
            "int" | "integer" => DataType::Int,
            "bigint" | "long" => DataType::BigInt,
            "float" | "real" => DataType::Float,
            "double" => DataType::Double,
            "date" => DataType::Date,
            "timestamp" | "timestamp_ltz" => DataType::Timestamp,
            "timestamp_ntz" => DataType::TimestampNtz,
            "binary" => DataType::Binary,
            "decimal" | "dec" | "numeric" => self.decimal()?,
            "array" => {
                self.expect('<')?;
                let element = self.data_type(depth + 1)?;
                self.expect('>')?;
                DataType::Array(Box::new(element))
            }
            "map" => {
                self.expect('<')?;
                self.skip_space();
                let at = self.offset;
                let key = self.data_type(depth + 1)?;
                if !key.is_scalar() {
                    return Err(self.error_at(at, format!("a map key cannot be `{key}`")));
                }
                self.expect(',')?;
                let value = self.data_type(depth + 1)?;
                self.expect('>')?;
                DataType::Map(Box::new(key), Box::new(value))
            }
            "struct" => DataType::Struct(self.fields(depth)?),
            _ => return Err(self.error_at(start, format!("unknown type `{word}`"))),
        };
        Ok(data_type)
    }

    fn decimal(&mut self) -> Result<DataType, ParseTypeError> {
        if !self.accept('(') {
            return Ok(DataType::Decimal(10, 0));
        }
        let precision = self.number(1, 38, "precision")?;
        let scale = if self.accept(',') { self.number(0, precision, "scale")? } else { 0 };
        self.expect(')')?;
        // Both are at most 38, so the conversion cannot fail.
        Ok(DataType::Decimal(precision, i8::try_from(scale).unwrap_or_default()))
    }

    fn number(&mut self, low: u8, high: u8, what: &str) -> Result<u8, ParseTypeError> {
        self.skip_space();
        let start = self.offset;
        let word = self.word();
        match word.parse::<u8>() {
            Ok(value) if (low..=high).contains(&value) => Ok(value),
            _ => Err(self.error_at(start, format!("the {what} must be a whole number from {low} to {high}"))),
        }
    }

    fn fields(&mut self, depth: usize) -> Result<Vec<StructField>, ParseTypeError> {
        self.expect('<')?;
        let mut fields: Vec<StructField> = Vec::new();
        loop {
            self.skip_space();
            let start = self.offset;
            let name = self.field_name()?;
            if fields.iter().any(|field| field.name.eq_ignore_ascii_case(&name)) {
                return Err(self.error_at(start, format!("the field `{name}` is there twice")));
            }
            self.expect(':')?;
            let data_type = self.data_type(depth + 1)?;
            fields.push(StructField { name, data_type });
            if !self.accept(',') {
                break;
            }
        }
        self.expect('>')?;
        Ok(fields)
    }

    fn field_name(&mut self) -> Result<String, ParseTypeError> {
        if !self.accept('`') {
            let word = self.word();
            return if word.is_empty() { Err(self.error("expected a field name")) } else { Ok(word.to_owned()) };
        }
        let mut name = String::new();
        loop {
            let rest = self.rest();
            let Some(end) = rest.find('`') else {
                return Err(self.error("the quoted field name has no end"));
            };
            name.push_str(rest.get(..end).unwrap_or_default());
            self.offset += end + 1;
            // A doubled backtick stands for one.
            if !self.rest().starts_with('`') {
                return if name.is_empty() { Err(self.error("expected a field name")) } else { Ok(name) };
            }
            name.push('`');
            self.offset += 1;
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn types_round_trip_in_canonical_notation() {
        for (text, canonical) in [
            ("string", "string"),
            ("  STRING ", "string"),
            ("Long", "bigint"),
            ("decimal", "decimal(10,0)"),
            ("Decimal( 38 , 18 )", "decimal(38,18)"),
            ("decimal(5)", "decimal(5,0)"),
            ("timestamp_ltz", "timestamp"),
            ("timestamp_ntz", "timestamp_ntz"),
            ("map<string, array<INT>>", "map<string,array<int>>"),
            (
                "struct<a: int, B:struct<`odd name`:date,`b``t`:binary>>",
                "struct<a:int,B:struct<`odd name`:date,`b``t`:binary>>",
            ),
            ("array<struct<x:float,y:double>>", "array<struct<x:float,y:double>>"),
        ] {
            let parsed: DataType = text.parse().unwrap();
            assert_eq!(parsed.to_string(), canonical, "{text}");
            assert_eq!(canonical.parse::<DataType>().unwrap(), parsed, "{text}");
        }
    }

    #[test]
    fn bad_types_name_the_offset() {
        for (text, offset, message) in [
            ("", 0, "expected a type"),
            ("strin", 0, "unknown type `strin`"),
            ("string x", 7, "text follows after the end of the type"),
            ("array<string", 12, "expected `>`"),
            ("decimal(39,2)", 8, "the precision must be a whole number from 1 to 38"),
            ("decimal(10,11)", 11, "the scale must be a whole number from 0 to 10"),
            ("map<array<int>,int>", 4, "a map key cannot be `array<int>`"),
            ("struct<a:int,A:int>", 13, "the field `A` is there twice"),
            ("struct<>", 7, "expected a field name"),
            ("struct<`a:int>", 8, "the quoted field name has no end"),
            ("struct<a int>", 9, "expected `:`"),
        ] {
            let error = text.parse::<DataType>().unwrap_err();
            assert_eq!((error.offset, error.message.as_str()), (offset, message), "{text}");
        }
        let deep = format!("{}int{}", "array<".repeat(40), ">".repeat(40));
        assert!(deep.parse::<DataType>().unwrap_err().message.contains("nested deeper"));
    }
}
