//! Files that an upsert need not look at.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, Date32Array, Int32Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use goldsmith_lake::UpsertRequest;
use serde_json::Value;

use crate::guarded::{Rule, actions, create_with};
use crate::support::{Place, append, apply, names, request, rows};

fn schema(partition: &DataType) -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("k", DataType::Int64, true),
        Field::new("v", DataType::Utf8, true),
        Field::new("p", partition.clone(), true),
    ]))
}

/// Rows of these keys, all with one value, each in its own of the partitions.
fn batch(keys: &[i64], value: &str, partitions: &ArrayRef) -> RecordBatch {
    let keys_of: ArrayRef = Arc::new(Int64Array::from(keys.to_vec()));
    let values: ArrayRef = Arc::new(StringArray::from(vec![value; keys.len()]));
    RecordBatch::try_new(schema(partitions.data_type()), vec![keys_of, values, Arc::clone(partitions)]).unwrap()
}

/// Deletes the data files of which the log does not say that this is their least key.
fn delete_files_without(place: &Place, table: &str, key: usize) -> usize {
    let mut deleted = 0;
    for add in actions(place, table, 1, "add") {
        let stats: Value = serde_json::from_str(add["stats"].as_str().unwrap()).unwrap();
        if stats["minValues"]["k"] != key {
            std::fs::remove_file(place.dir.path().join(table).join(add["path"].as_str().unwrap())).unwrap();
            deleted += 1;
        }
    }
    deleted
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_partitions_without_a_touched_row_are_not_read() {
    let days = Date32Array::from(vec![Some(-1), Some(19_000), None]);
    let types: [ArrayRef; 4] = [
        Arc::new(StringArray::from(vec![Some("north"), Some("south"), None])),
        Arc::new(Int32Array::from(vec![Some(-7), Some(7), None])),
        Arc::new(days),
        Arc::new(BooleanArray::from(vec![Some(true), Some(false), None])),
    ];
    for partitions in types {
        for touched in 0..partitions.len() {
            for by_group in [false, true] {
                let case = format!("{} row {touched} by group: {by_group}", partitions.data_type());
                let place = Place::new();
                let mut table = create_with(&place, "t", schema(partitions.data_type()), Rule::Partitions).await;
                append(&mut table, &batch(&[0, 1, 2], "x", &partitions), None, "r").await;
                assert_eq!(table.files().unwrap().len(), 3, "{case}");
                assert_eq!(delete_files_without(&place, "t", touched), 2, "{case}");
                // By group, statistics of the keys tell nothing.
                let key = i64::try_from(touched).unwrap();
                let one = partitions.slice(touched, 1);
                let both = [batch(&[key], "y", &one), batch(&[key + 10], "new", &one)];
                let request = UpsertRequest {
                    key: names(&["k", "p"]),
                    group: if by_group { names(&["p"]) } else { names(&["k", "p"]) },
                    delete_missing_in_group: by_group,
                    ..request(both.to_vec())
                };
                let report = apply(&mut table, request).await;
                assert_eq!((report.inserted, report.updated, report.deleted), (1, 1, 0), "{case}: {report:?}");
                assert_eq!((report.files_pruned, report.files_removed), (2, 1), "{case}: {report:?}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn statistics_count_in_tables_with_partitions_too() {
    let place = Place::new();
    let north: ArrayRef = Arc::new(StringArray::from(vec!["north"; 2]));
    let mut table = create_with(&place, "t", schema(&DataType::Utf8), Rule::Partitions).await;
    for first in [0, 10, 20] {
        append(&mut table, &batch(&[first, first + 5], "x", &north), None, "r").await;
    }
    let report = apply(&mut table, request(vec![batch(&[10, 27], "y", &north)])).await;
    assert_eq!((report.inserted, report.updated, report.files_pruned), (1, 1, 2), "{report:?}");
    let found = rows(&place.open("t").await).await;
    let expected = ["0|x|north", "10|y|north", "15|x|north", "20|x|north", "25|x|north", "27|y|north", "5|x|north"];
    assert_eq!(found, expected);
}
