//! The upsert core without model and engine: brings a Delta table to hold given rows, and writes only what differs.
//! `cargo run --example upsert_alone`
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::sync::Arc;

use arrow::array::{Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use goldsmith_lake::{Lake, LakeOptions, Location, TableSpec, UpsertRequest, upsert};

fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new("id", DataType::Int64, false), Field::new("name", DataType::Utf8, true)]))
}

fn rows(ids: &[i64], names: &[&str]) -> Result<RecordBatch, ArrowError> {
    let columns = vec![Arc::new(Int64Array::from(ids.to_vec())) as _, Arc::new(StringArray::from(names.to_vec())) as _];
    RecordBatch::try_new(schema(), columns)
}

/// A request for a plain upsert: rows are told apart by `id`, and there is one row for each.
fn request(rows: RecordBatch, position: &str) -> UpsertRequest {
    UpsertRequest {
        key: vec!["id".to_owned()],
        group: vec!["id".to_owned()],
        rows: vec![rows],
        position: Some(position.to_owned()),
        run_id: "example".to_owned(),
        operation: "MERGE".to_owned(),
        ..UpsertRequest::default()
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let directory = std::env::temp_dir().join(format!("goldsmith-upsert-alone-{}", std::process::id()));
    let location = Location::from_path(&directory)?;
    let lake = Lake::new(LakeOptions::default());
    let spec = TableSpec {
        name: "people".to_owned(),
        description: Some("Names by id.".to_owned()),
        schema: schema(),
        run_id: "example".to_owned(),
    };
    let mut table = lake.create(&location, spec).await?;

    let first = upsert(&mut table, request(rows(&[1, 2, 3], &["one", "two", "three"])?, "delivery 1")).await?;
    println!("inserted {}, version {:?}", first.inserted, first.version);

    // One row is equal, one differs, one is new. Of the table only the file with the differing row is written again.
    let second = upsert(&mut table, request(rows(&[2, 3, 4], &["two", "THREE", "four"])?, "delivery 2")).await?;
    println!("inserted {}, updated {}, unchanged {}", second.inserted, second.updated, second.unchanged);
    println!("{}", second.file_fates);

    // The position became visible with the rows, so that whoever delivers knows where to go on.
    println!("position {:?}", table.position().await?);

    // The same again changes nothing, and commits nothing.
    let third = upsert(&mut table, request(rows(&[2, 3, 4], &["two", "THREE", "four"])?, "delivery 2")).await?;
    println!("unchanged {}, version {:?}", third.unchanged, third.version);
    Ok(())
}
