//! The upsert core without model and engine: brings a Delta table to hold given rows, and writes only what differs.
//! `cargo run --example upsert_alone`
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use goldsmith_lake::{Lake, LakeOptions, Location, TableSpec, UpsertRequest, upsert};

fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("id", DataType::Int64, false),
        Field::new("changed", DataType::Int64, true),
        Field::new("name", DataType::Utf8, true),
    ]))
}

/// Rows of identifier, instant of the change and name.
fn rows(rows: &[(i64, i64, &str)]) -> Result<RecordBatch, ArrowError> {
    let ids: Int64Array = rows.iter().map(|row| row.0).collect();
    let instants: Int64Array = rows.iter().map(|row| row.1).collect();
    let names: StringArray = rows.iter().map(|row| Some(row.2)).collect();
    let columns: Vec<ArrayRef> = vec![Arc::new(ids), Arc::new(instants), Arc::new(names)];
    RecordBatch::try_new(schema(), columns)
}

/// A request for an upsert: rows are told apart by `id`, and of several with one `id` the last change counts.
fn request(rows: RecordBatch, position: &str) -> UpsertRequest {
    UpsertRequest {
        key: vec!["id".to_owned()],
        group: vec!["id".to_owned()],
        sequence: vec!["changed".to_owned()],
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

    let one = rows(&[(1, 10, "one"), (2, 10, "two"), (3, 10, "three")])?;
    let first = upsert(&mut table, request(one, "delivery 1")).await?;
    println!("inserted {}, version {:?}", first.inserted, first.version);

    // One row is equal, one differs, one is new, and one comes twice. Of the table only the file with the differing row is written again.
    let two = rows(&[(2, 10, "two"), (3, 20, "THREE"), (4, 30, "four"), (4, 20, "for")])?;
    let second = upsert(&mut table, request(two.clone(), "delivery 2")).await?;
    println!("inserted {}, updated {}, unchanged {}", second.inserted, second.updated, second.unchanged);
    println!("deduplicated {}", second.deduplicated);
    println!("{}", second.file_fates);

    // A row that comes late replaces no later one, so that it does not matter in which order deliveries arrive.
    let late = rows(&[(3, 15, "drei"), (5, 10, "five")])?;
    let third = upsert(&mut table, request(late, "delivery 3")).await?;
    println!("inserted {}, outranked {}", third.inserted, third.outranked);

    // The position became visible with the rows, so that whoever delivers knows where to go on.
    println!("position {:?}", table.position().await?);

    // The same again changes nothing, and commits nothing.
    let again = upsert(&mut table, request(two, "delivery 3")).await?;
    println!("unchanged {}, version {:?}", again.unchanged, again.version);
    Ok(())
}
