//! The schemas of the 35 tables, read from a compact text of Spark types.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};

use crate::SynthError;

/// `[table]` headers, each followed by lines of column name and Spark type.
const SYSTEM_TABLES: &str = include_str!("system_tables.txt");

/// Reads all schemas, by table name.
pub(crate) fn system_tables() -> Result<HashMap<&'static str, SchemaRef>, SynthError> {
    let mut tables = HashMap::new();
    for section in SYSTEM_TABLES.split("\n[") {
        let Some((name, lines)) = section.trim_start_matches('[').split_once("]\n") else {
            continue;
        };
        let mut fields = Vec::new();
        for line in lines.lines() {
            if let Some((column, spark)) = line.split_once(' ') {
                fields.push(Field::new(column, parse_type(spark)?, true));
            }
        }
        tables.insert(name, Arc::new(Schema::new(fields)));
    }
    Ok(tables)
}

/// Reads a Spark SQL type text such as `map<string,bigint>` as the Arrow type that stands for it.
pub(crate) fn parse_type(text: &str) -> Result<DataType, SynthError> {
    let mut parser = Parser { text, rest: text };
    let data_type = parser.data_type()?;
    if parser.rest.is_empty() { Ok(data_type) } else { Err(parser.problem("text after its end")) }
}

struct Parser<'a> {
    text: &'a str,
    rest: &'a str,
}

impl<'a> Parser<'a> {
    fn data_type(&mut self) -> Result<DataType, SynthError> {
        Ok(match self.word() {
            "string" => DataType::Utf8,
            "boolean" => DataType::Boolean,
            "tinyint" => DataType::Int8,
            "smallint" => DataType::Int16,
            "int" => DataType::Int32,
            "bigint" => DataType::Int64,
            "float" => DataType::Float32,
            "double" => DataType::Float64,
            "binary" => DataType::Binary,
            "date" => DataType::Date32,
            "timestamp" => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            "decimal" => self.decimal()?,
            "array" => {
                self.expect('<')?;
                let element = self.data_type()?;
                self.expect('>')?;
                DataType::List(Arc::new(Field::new("element", element, true)))
            }
            "map" => {
                self.expect('<')?;
                let key = Field::new("key", self.data_type()?, false);
                self.expect(',')?;
                let value = Field::new("value", self.data_type()?, true);
                self.expect('>')?;
                let entry = DataType::Struct(Fields::from(vec![key, value]));
                DataType::Map(Arc::new(Field::new("entries", entry, false)), false)
            }
            "struct" => {
                self.expect('<')?;
                let mut fields = vec![self.field()?];
                while self.accept(',') {
                    fields.push(self.field()?);
                }
                self.expect('>')?;
                DataType::Struct(Fields::from(fields))
            }
            _ => return Err(self.problem("no such type")),
        })
    }

    fn field(&mut self) -> Result<Field, SynthError> {
        let name = self.word();
        self.expect(':')?;
        Ok(Field::new(name, self.data_type()?, true))
    }

    fn decimal(&mut self) -> Result<DataType, SynthError> {
        self.expect('(')?;
        let precision = self.word().parse().map_err(|_| self.problem("no precision"))?;
        self.expect(',')?;
        let scale = self.word().parse().map_err(|_| self.problem("no scale"))?;
        self.expect(')')?;
        Ok(DataType::Decimal128(precision, scale))
    }

    fn word(&mut self) -> &'a str {
        let end = self.rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    fn accept(&mut self, sign: char) -> bool {
        match self.rest.strip_prefix(sign) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, sign: char) -> Result<(), SynthError> {
        if self.accept(sign) { Ok(()) } else { Err(self.problem("a sign is missing")) }
    }

    fn problem(&self, problem: &'static str) -> SynthError {
        SynthError::InvalidType { text: self.text.to_owned(), problem }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn nested_types_are_read() {
        let spark = "array<struct<a:decimal(38,18),b:map<string,timestamp>>>";
        let DataType::List(element) = parse_type(spark).unwrap() else { unreachable!() };
        assert_eq!(element.name(), "element");
        let DataType::Struct(fields) = element.data_type() else { unreachable!() };
        assert_eq!(fields[0].data_type(), &DataType::Decimal128(38, 18));
        let DataType::Map(entries, false) = fields[1].data_type() else { unreachable!() };
        assert_eq!(entries.name(), "entries");
        let DataType::Struct(entry) = entries.data_type() else { unreachable!() };
        assert!(!entry[0].is_nullable() && entry[1].is_nullable());
    }

    #[test]
    fn broken_types_are_refused() {
        for text in ["", "text", "array<int", "map<int>", "decimal(1)", "int int", "struct<>"] {
            assert!(matches!(parse_type(text), Err(SynthError::InvalidType { .. })), "{text}");
        }
    }

    #[test]
    fn there_are_35_tables() {
        assert_eq!(system_tables().unwrap().len(), 35);
    }
}
