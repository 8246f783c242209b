//! The schemas are exactly those of the 35 system tables.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use arrow::datatypes::{DataType, TimeUnit};

/// What `system_tables.yaml` says of one table.
#[derive(Default)]
struct Described {
    name: String,
    streaming: bool,
    columns: Vec<(String, String)>,
}

fn described() -> Vec<Described> {
    let mut tables: Vec<Described> = Vec::new();
    for line in include_str!("fixtures/system_tables.yaml").lines() {
        if let Some(name) = line.strip_prefix("- source: system.") {
            tables.push(Described { name: name.to_owned(), ..Described::default() });
        } else if line == "  streaming: true" {
            tables.last_mut().unwrap().streaming = true;
        } else if let Some(column) = line.strip_prefix("    ") {
            let (name, spark) = column.split_once(": ").unwrap();
            let spark = spark.trim_matches('"').to_owned();
            tables.last_mut().unwrap().columns.push((name.to_owned(), spark));
        }
    }
    tables
}

/// The Spark type that an Arrow type stands for.
fn spark(data_type: &DataType) -> String {
    match data_type {
        DataType::Utf8 => "string".to_owned(),
        DataType::Boolean => "boolean".to_owned(),
        DataType::Int8 => "tinyint".to_owned(),
        DataType::Int32 => "int".to_owned(),
        DataType::Int64 => "bigint".to_owned(),
        DataType::Float64 => "double".to_owned(),
        DataType::Float32 => "float".to_owned(),
        DataType::Binary => "binary".to_owned(),
        DataType::Date32 => "date".to_owned(),
        DataType::Decimal128(precision, scale) => format!("decimal({precision},{scale})"),
        DataType::Timestamp(TimeUnit::Microsecond, Some(zone)) if &**zone == "UTC" => "timestamp".to_owned(),
        DataType::List(element) => {
            assert!(element.name() == "element" && element.is_nullable());
            format!("array<{}>", spark(element.data_type()))
        }
        DataType::Map(entries, false) => {
            assert!(entries.name() == "entries" && !entries.is_nullable());
            let DataType::Struct(fields) = entries.data_type() else { panic!("entries") };
            assert!(fields[0].name() == "key" && !fields[0].is_nullable());
            assert!(fields[1].name() == "value" && fields[1].is_nullable());
            format!("map<{},{}>", spark(fields[0].data_type()), spark(fields[1].data_type()))
        }
        DataType::Struct(fields) => {
            let fields: Vec<String> =
                fields.iter().map(|field| format!("{}:{}", field.name(), spark(field.data_type()))).collect();
            format!("struct<{}>", fields.join(","))
        }
        other => panic!("no Spark type for {other}"),
    }
}

#[test]
fn every_table_has_the_documented_columns_in_order() {
    let generator = support::generator();
    let tables = described();
    assert_eq!(tables.len(), 35);
    let mut names: Vec<&str> = tables.iter().map(|table| table.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(generator.tables(), names);
    for table in tables {
        let schema = generator.schema(&table.name).unwrap();
        let columns: Vec<(String, String)> =
            schema.fields().iter().map(|field| (field.name().clone(), spark(field.data_type()))).collect();
        assert_eq!(columns, table.columns, "{}", table.name);
        assert!(schema.fields().iter().all(|field| field.is_nullable()));
        assert_eq!(generator.is_streamed(&table.name).unwrap(), table.streaming, "{}", table.name);
    }
}

#[test]
fn batches_have_the_schema_of_their_table() {
    let generator = support::generator();
    for table in generator.tables() {
        let batches = generator.batch(table, 0).unwrap();
        assert_eq!(batches.schema(), generator.schema(table).unwrap());
        for batch in batches {
            assert_eq!(batch.unwrap().schema(), generator.schema(table).unwrap());
        }
    }
}
