//! What only our own core does, and types that are easily compared wrongly.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, Decimal128Array, Float32Array, Float64Array, Int64Array, Int64Builder, MapBuilder, MapFieldNames,
    RecordBatch, StringBuilder, StructArray,
};
use arrow::datatypes::{DataType, Field, Schema};
use serde_json::{Value, json};

use crate::guarded::{Rule, actions, create_with};
use crate::support::{Place, append, apply, collect, pairs, pairs_schema, request, rows};

fn mapped(rows: &[(i64, &[(&str, i64)])]) -> RecordBatch {
    let field_names = MapFieldNames { entry: "key_value".to_owned(), key: "key".to_owned(), value: "value".to_owned() };
    let mut tags = MapBuilder::new(Some(field_names), StringBuilder::new(), Int64Builder::new());
    for (_, entries) in rows {
        for (key, value) in *entries {
            tags.keys().append_value(key);
            tags.values().append_value(*value);
        }
        tags.append(true).unwrap();
    }
    let tags = tags.finish();
    let keys: Int64Array = rows.iter().map(|row| Some(row.0)).collect();
    let prices: Decimal128Array = rows.iter().map(|row| Some(i128::from(row.0) * 1_000_000_000_000_000_000)).collect();
    let prices = prices.with_precision_and_scale(38, 18).unwrap();
    let schema = Schema::new(vec![
        Field::new("k", DataType::Int64, true),
        Field::new("tags", tags.data_type().clone(), true),
        Field::new("price", DataType::Decimal128(38, 18), true),
    ]);
    let columns: Vec<ArrayRef> = vec![Arc::new(keys), Arc::new(tags), Arc::new(prices)];
    RecordBatch::try_new(Arc::new(schema), columns).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_order_of_map_entries_makes_no_difference() {
    for rule in [Rule::Nothing, Rule::ChangeDataFeed] {
        let place = Place::new();
        let first = mapped(&[(1, &[("a", 1), ("b", 2)]), (2, &[])]);
        let mut table = create_with(&place, "t", first.schema(), rule).await;
        apply(&mut table, request(vec![first])).await;
        let same = mapped(&[(1, &[("b", 2), ("a", 1)]), (2, &[])]);
        let report = apply(&mut table, request(vec![same])).await;
        assert_eq!((report.unchanged, report.version), (2, None), "{rule:?}");
        let other = mapped(&[(1, &[("b", 1), ("a", 2)]), (2, &[])]);
        let report = apply(&mut table, request(vec![other])).await;
        assert_eq!((report.unchanged, report.updated), (1, 1), "{rule:?}");
        assert_eq!(rows(&table).await, ["1|{b: 1, a: 2}|1.000000000000000000", "2|{}|2.000000000000000000"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wide_decimals_have_no_bounds_in_the_statistics() {
    for rule in [Rule::Nothing, Rule::ChangeDataFeed] {
        let place = Place::new();
        let batch = mapped(&[(1, &[])]);
        let mut table = create_with(&place, "t", batch.schema(), rule).await;
        append(&mut table, &batch, None, "r").await;
        let log = place.dir.path().join("t/_delta_log/00000000000000000001.json");
        let log = std::fs::read_to_string(log).unwrap();
        assert!(log.contains(r#"\"minValues\":{\"k\":1}"#), "{log}");
        let provider = table.provider().await.unwrap();
        let context = datafusion::prelude::SessionContext::new();
        context.register_table("t", provider).unwrap();
        let frame = context.sql("select k from t where price >= 1.0").await.unwrap();
        assert_eq!(frame.count().await.unwrap(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn floating_point_numbers_have_no_bounds_in_the_statistics() {
    let floats: ArrayRef = Arc::new(Float32Array::from(vec![1.0, f32::NAN, 3.0]));
    let whole: ArrayRef = Arc::new(Int64Array::from(vec![4, 5, 6]));
    let nested = StructArray::from(vec![
        (Arc::new(Field::new("f", DataType::Float32, true)), floats),
        (Arc::new(Field::new("n", DataType::Int64, true)), Arc::clone(&whole)),
    ]);
    let columns: [(&str, ArrayRef, bool); 3] = [
        ("k", whole, true),
        ("f", Arc::new(Float64Array::from(vec![Some(1.0), Some(f64::NAN), None])), true),
        ("s", Arc::new(nested), true),
    ];
    let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
    for rule in [Rule::Nothing, Rule::ChangeDataFeed] {
        let place = Place::new();
        let mut table = create_with(&place, "t", batch.schema(), rule).await;
        append(&mut table, &batch, None, "r").await;
        let add = actions(&place, "t", 1, "add").remove(0);
        let stats: Value = serde_json::from_str(add["stats"].as_str().unwrap()).unwrap();
        assert_eq!(stats["minValues"], json!({"k": 4, "s": {"n": 4}}), "{rule:?}");
        assert_eq!(stats["maxValues"], json!({"k": 6, "s": {"n": 6}}), "{rule:?}");
        assert_eq!(stats["nullCount"], json!({"k": 0, "f": 1, "s": {"f": 0, "n": 0}}), "{rule:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_a_deletion_vector_hides_are_neither_found_nor_copied() {
    let place = Place::new();
    let mut table = place.create("t", pairs_schema()).await;
    append(&mut table, &pairs(&[(1, "a"), (2, "b"), (3, "c")]), None, "r").await;
    hide_first_row(&place).await;
    let mut table = place.open("t").await;
    assert_eq!(rows(&table).await, ["2|b", "3|c"]);
    assert_eq!(table.num_rows().await.unwrap(), 2);
    let report = apply(&mut table, request(vec![pairs(&[(1, "a"), (2, "B")])])).await;
    assert_eq!((report.inserted, report.updated, report.rows_copied), (1, 1, 1));
    assert_eq!(rows(&table).await, ["1|a", "2|B", "3|c"]);
}

/// Adds a deletion vector for the first row of the only file, as another engine would do it.
async fn hide_first_row(place: &Place) {
    let log = place.dir.path().join("t/_delta_log");
    let first = std::fs::read_to_string(log.join("00000000000000000000.json")).unwrap();
    let first = first
        .replace("\"minReaderVersion\":1", "\"minReaderVersion\":3,\"readerFeatures\":[\"deletionVectors\"]")
        .replace("[\"appendOnly\"", "[\"deletionVectors\",\"appendOnly\"");
    std::fs::write(log.join("00000000000000000000.json"), first).unwrap();

    let second = std::fs::read_to_string(log.join("00000000000000000001.json")).unwrap();
    let add = second.lines().find(|line| line.contains("\"add\"")).unwrap();
    let mut add: serde_json::Value = serde_json::from_str(add).unwrap();
    let path = add["add"]["path"].clone();
    add["add"]["deletionVector"] = serde_json::json!({
        "storageType": "i",
        "pathOrInlineDv": inline_vector(),
        "sizeInBytes": 34,
        "cardinality": 1,
    });
    let remove = serde_json::json!({"remove": {"path": path, "dataChange": true, "deletionTimestamp": 0}});
    let info = serde_json::json!({"commitInfo": {"operation": "DELETE"}});
    let text = format!("{info}\n{remove}\n{add}");
    std::fs::write(log.join("00000000000000000002.json"), text).unwrap();
}

/// The 64-bit roaring bitmap that holds 0, in the base 85 of ZeroMQ.
fn inline_vector() -> String {
    let mut bytes = 1_681_511_377_u32.to_le_bytes().to_vec();
    bytes.extend(1_u64.to_le_bytes());
    bytes.extend(0_u32.to_le_bytes());
    // One array container, without runs: cookie, count, key and cardinality - 1, offset, value.
    bytes.extend(12_346_u32.to_le_bytes());
    bytes.extend(1_u32.to_le_bytes());
    bytes.extend([0, 0, 0, 0]);
    bytes.extend(16_u32.to_le_bytes());
    bytes.extend(0_u16.to_le_bytes());
    assert_eq!(bytes.len(), 34);
    while !bytes.len().is_multiple_of(4) {
        bytes.push(0);
    }
    let digits: Vec<char> =
        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#".chars().collect();
    let mut text = String::new();
    for chunk in bytes.chunks(4) {
        let number = chunk.iter().fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
        for power in (0..5).rev() {
            text.push(digits[(number / 85_u32.pow(power) % 85) as usize]);
        }
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn large_tables_make_several_files_and_stay_correct() {
    let place = Place::new();
    let lake = goldsmith_lake::Lake::new(goldsmith_lake::LakeOptions {
        target_file_size: 64 * 1024,
        threads: 2,
        ..goldsmith_lake::LakeOptions::default()
    });
    place.create("t", pairs_schema()).await;
    let mut table = lake.open(&place.at("t")).await.unwrap().unwrap();
    let batch = |from: i64, to: i64, text: &str| {
        let values: Vec<String> = (from..to).map(|n| format!("{text}-{}", n * 7919 % 104_729)).collect();
        let rows: Vec<(i64, &str)> = (from..to).zip(values.iter().map(String::as_str)).collect();
        pairs(&rows)
    };
    let report = apply(&mut table, request(vec![batch(0, 50_000, "a"), batch(50_000, 100_000, "a")])).await;
    assert!(report.files_added > 2, "{report:?}");
    let report = apply(&mut table, request(vec![batch(40_000, 40_100, "b"), batch(100_000, 100_010, "b")])).await;
    assert_eq!((report.inserted, report.updated), (10, 100));
    assert!(report.files_pruned > 0 && report.rows_copied < 100_000, "{report:?}");
    assert_eq!(table.num_rows().await.unwrap(), 100_010);
    let all = collect(table.scan(goldsmith_lake::ScanRequest::default()).await.unwrap()).await;
    assert_eq!(all.num_rows(), 100_010);
}
