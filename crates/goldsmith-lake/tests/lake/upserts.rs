use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, Decimal128Array, Int64Array, Int64Builder, MapBuilder, MapFieldNames, RecordBatch, StringArray,
    StringBuilder, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use goldsmith_lake::{ErrorKind, LakeError, Table, UpsertReport, UpsertRequest, WriteMode, upsert};
use rand::Rng;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::support::{Place, append, collect, names, pairs, pairs_schema, rows};

const MODES: [WriteMode; 3] = [WriteMode::Auto, WriteMode::MergeOnRead, WriteMode::CopyOnWrite];

/// Rows that the Delta library itself sees.
async fn queried(table: &Table) -> usize {
    let context = datafusion::prelude::SessionContext::new();
    context.register_table("t", table.provider().await.unwrap()).unwrap();
    context.sql("select * from t").await.unwrap().count().await.unwrap()
}

fn request(rows: Vec<RecordBatch>) -> UpsertRequest {
    UpsertRequest {
        key: names(&["k"]),
        group: names(&["k"]),
        rows,
        run_id: "run".to_owned(),
        operation: "MERGE".to_owned(),
        ..UpsertRequest::default()
    }
}

async fn apply(table: &mut Table, request: UpsertRequest) -> UpsertReport {
    upsert(table, request).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_inserted_updated_and_left_alone() {
    let place = Place::new();
    let mut table = place.create("t", pairs_schema()).await;
    let report = apply(&mut table, request(vec![pairs(&[(1, "a"), (2, "b")]), pairs(&[(3, "c")])])).await;
    assert_eq!((report.inserted, report.files_added, report.version), (3, 1, Some(1)));

    let report = apply(&mut table, request(vec![pairs(&[(2, "b"), (3, "C"), (4, "d")])])).await;
    assert_eq!((report.inserted, report.updated, report.unchanged, report.deleted), (1, 1, 1, 0));
    assert_eq!((report.files_removed, report.rows_copied), (1, 2));
    assert_eq!(rows(&place.open("t").await).await, ["1|a", "2|b", "3|C", "4|d"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_rows_commit_nothing_and_a_new_position_commits_only_itself() {
    let place = Place::new();
    let mut table = place.create("t", pairs_schema()).await;
    let batch = pairs(&[(1, "a"), (2, "b")]);
    let with_position =
        |position: &str| UpsertRequest { position: Some(position.to_owned()), ..request(vec![batch.clone()]) };
    assert_eq!(apply(&mut table, with_position("1")).await.version, Some(1));
    let files = table.files().unwrap();
    assert_eq!(apply(&mut table, with_position("1")).await.version, None);
    let report = apply(&mut table, with_position("2")).await;
    assert_eq!((report.version, report.unchanged, report.files_added), (Some(2), 2, 0));
    assert_eq!(table.files().unwrap(), files);
    assert_eq!(table.position().await.unwrap().as_deref(), Some("2"));
    assert_eq!(apply(&mut table, request(vec![])).await, UpsertReport { files_pruned: 1, ..UpsertReport::default() });
}

#[tokio::test(flavor = "multi_thread")]
async fn only_files_that_lose_a_row_are_rewritten() {
    let place = Place::new();
    let mut table = place.create("t", pairs_schema()).await;
    for start in [0, 100, 200] {
        let keys: Vec<i64> = (start..start + 100).collect();
        let batch = pairs(&keys.iter().map(|k| (*k, "x")).collect::<Vec<_>>());
        append(&mut table, &batch, None, "r").await;
    }
    let before = table.files().unwrap();
    let report = apply(&mut table, request(vec![pairs(&[(5, "x"), (150, "y"), (151, "x")])])).await;
    assert_eq!((report.updated, report.unchanged), (1, 2));
    assert_eq!((report.files_removed, report.files_added, report.rows_copied), (1, 1, 99));
    assert_eq!(report.files_pruned, 1, "statistics exclude the file of the keys from 200");
    let after = table.files().unwrap();
    assert_eq!(after.iter().filter(|file| before.contains(file)).count(), 2);
    assert_eq!(table.num_rows().await.unwrap(), 300);
}

fn versions_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("id", DataType::Utf8, true),
        Field::new("valid_from", DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), true),
        Field::new("name", DataType::Utf8, true),
        Field::new("written_by", DataType::Utf8, true),
    ]))
}

fn versions(rows: &[(Option<&str>, i64, &str, &str)]) -> RecordBatch {
    let ids: StringArray = rows.iter().map(|row| row.0).collect();
    let times: TimestampMicrosecondArray = rows.iter().map(|row| Some(row.1)).collect();
    let labels: StringArray = rows.iter().map(|row| Some(row.2)).collect();
    let runs: StringArray = rows.iter().map(|row| Some(row.3)).collect();
    let columns: Vec<ArrayRef> =
        vec![Arc::new(ids), Arc::new(times.with_timezone("UTC")), Arc::new(labels), Arc::new(runs)];
    RecordBatch::try_new(versions_schema(), columns).unwrap()
}

fn timeline(rows: Vec<RecordBatch>) -> UpsertRequest {
    UpsertRequest {
        key: names(&["id", "valid_from"]),
        group: names(&["id"]),
        ignore: names(&["written_by"]),
        delete_missing_in_group: true,
        ..request(rows)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_are_replaced_and_audit_columns_of_equal_rows_stay() {
    let place = Place::new();
    let mut table = place.create("t", versions_schema()).await;
    let first = versions(&[
        (Some("a"), 1, "x", "run-1"),
        (Some("a"), 2, "y", "run-1"),
        (Some("b"), 1, "z", "run-1"),
        (None, 1, "nobody", "run-1"),
    ]);
    apply(&mut table, timeline(vec![first])).await;

    let second =
        versions(&[(Some("a"), 1, "x", "run-2"), (Some("a"), 3, "late", "run-2"), (None, 1, "somebody", "run-2")]);
    let report = apply(&mut table, timeline(vec![second.clone()])).await;
    assert_eq!((report.inserted, report.updated, report.deleted, report.unchanged), (1, 1, 1, 1));
    let expected = [
        "a|1970-01-01T00:00:00.000001Z|x|run-1",
        "a|1970-01-01T00:00:00.000003Z|late|run-2",
        "b|1970-01-01T00:00:00.000001Z|z|run-1",
        "~|1970-01-01T00:00:00.000001Z|somebody|run-2",
    ];
    assert_eq!(rows(&table).await, expected);
    assert_eq!(apply(&mut table, timeline(vec![second])).await.version, None);

    // Groups that have no rows any more.
    let ids: ArrayRef = Arc::new(StringArray::from(vec![None, Some("b"), Some("never seen")]));
    let extra = RecordBatch::try_from_iter([("id", ids)]).unwrap();
    let report = apply(&mut table, UpsertRequest { extra_groups: Some(extra.clone()), ..timeline(vec![]) }).await;
    assert_eq!((report.deleted, report.inserted), (2, 0));
    assert_eq!(rows(&table).await, expected[..2]);
    let report = apply(&mut table, UpsertRequest { extra_groups: Some(extra), ..timeline(vec![]) }).await;
    assert_eq!(report.version, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_comes_twice_is_named() {
    let place = Place::new();
    let mut table = place.create("t", versions_schema()).await;
    let batch = versions(&[(None, 1, "x", "r"), (Some("a"), 1, "x", "r"), (None, 1, "y", "r")]);
    let error = upsert(&mut table, timeline(vec![batch])).await.unwrap_err();
    let LakeError::DuplicateKey { key, .. } = &error else {
        panic!("{error:?}");
    };
    assert_eq!(key, "id=null, valid_from=1970-01-01T00:00:00.000001Z");
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_contradict_themselves_are_refused() {
    let place = Place::new();
    let mut table = place.create("t", pairs_schema()).await;
    let batch = pairs(&[(1, "a")]);
    let bad = [
        UpsertRequest { key: vec![], ..request(vec![batch.clone()]) },
        UpsertRequest { group: names(&["v"]), ..request(vec![batch.clone()]) },
        UpsertRequest { ignore: names(&["k"]), ..request(vec![batch.clone()]) },
        UpsertRequest { key: names(&["absent"]), group: names(&["absent"]), ..request(vec![batch.clone()]) },
        request(vec![batch.project(&[0]).unwrap()]),
    ];
    for request in bad {
        let error = upsert(&mut table, request).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error:?}");
    }
    assert_eq!(table.version(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upsert_conflicts_with_rows_that_came_meanwhile() {
    let place = Place::new();
    let mut table = place.create("t", pairs_schema()).await;
    let mut other = place.open("t").await;
    append(&mut other, &pairs(&[(1, "foreign")]), None, "r").await;
    let error = upsert(&mut table, request(vec![pairs(&[(1, "a")])])).await.unwrap_err();
    assert!(error.is_retryable(), "{error:?}");
    assert_eq!(rows(&place.open("t").await).await, ["1|foreign"]);
}

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
    let place = Place::new();
    let first = mapped(&[(1, &[("a", 1), ("b", 2)]), (2, &[])]);
    let mut table = place.create("t", first.schema()).await;
    apply(&mut table, request(vec![first])).await;
    let same = mapped(&[(1, &[("b", 2), ("a", 1)]), (2, &[])]);
    let report = apply(&mut table, request(vec![same])).await;
    assert_eq!((report.unchanged, report.version), (2, None));
    let other = mapped(&[(1, &[("b", 1), ("a", 2)]), (2, &[])]);
    let report = apply(&mut table, request(vec![other])).await;
    assert_eq!((report.unchanged, report.updated), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn wide_decimals_have_no_bounds_in_the_statistics() {
    let place = Place::new();
    let batch = mapped(&[(1, &[])]);
    let mut table = place.create("t", batch.schema()).await;
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

/// Any sequence of upserts equals the same upserts on a map, however rows of existing files are deleted.
#[tokio::test(flavor = "multi_thread")]
async fn random_upserts_equal_a_map() {
    for (seed, write_mode) in (0..3_u64).flat_map(|seed| MODES.map(|mode| (seed, mode))) {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let place = Place::new();
        let mut table = place.create("t", versions_schema()).await;
        let mut model: BTreeMap<(Option<String>, i64), (String, String)> = BTreeMap::new();
        for run in 0..12 {
            let run_name = format!("run-{run}");
            let mut fresh: BTreeMap<(Option<String>, i64), String> = BTreeMap::new();
            for _ in 0..random.random_range(0..12) {
                let id = match random.random_range(0..8) {
                    0 => None,
                    n => Some(format!("id-{n}")),
                };
                let label = format!("label-{}", random.random_range(0..3));
                fresh.insert((id, random.random_range(0..4)), label);
            }
            let data: Vec<(Option<&str>, i64, &str, &str)> = fresh
                .iter()
                .map(|((id, time), label)| (id.as_deref(), *time, label.as_str(), run_name.as_str()))
                .collect();
            let batches =
                if data.len() > 3 { vec![versions(&data[..3]), versions(&data[3..])] } else { vec![versions(&data)] };
            let by_group = random.random_bool(0.5);
            let before = model.clone();
            if by_group {
                model.retain(|key, _| fresh.contains_key(key) || !fresh.keys().any(|(id, _)| *id == key.0));
            }
            for (key, label) in &fresh {
                let is_same = model.get(key).is_some_and(|(known, _)| known == label);
                if !is_same {
                    model.insert(key.clone(), (label.clone(), run_name.clone()));
                }
            }
            let mut request = UpsertRequest { write_mode, ..timeline(batches) };
            if !by_group {
                request.group = request.key.clone();
                request.delete_missing_in_group = false;
            }
            let version = table.version();
            let report = apply(&mut table, request).await;
            assert_eq!(report.version.is_some(), model != before, "seed {seed} run {run}");
            assert_eq!(table.version(), version + u64::from(report.version.is_some()));
            let total = report.inserted + report.updated + report.unchanged;
            assert_eq!(total, fresh.len() as u64, "seed {seed} run {run}");
            let mut expected: Vec<String> = model
                .iter()
                .map(|((id, time), (label, run))| {
                    let id = id.as_deref().unwrap_or("~");
                    let time = if *time == 0 { String::new() } else { format!(".00000{time}") };
                    format!("{id}|1970-01-01T00:00:00{time}Z|{label}|{run}")
                })
                .collect();
            expected.sort();
            assert_eq!(rows(&table).await, expected, "seed {seed} run {run} {write_mode:?}");
            assert_eq!(table.num_rows().await.unwrap(), model.len() as u64);
            assert_eq!(queried(&table).await, model.len(), "seed {seed} run {run} {write_mode:?}");
        }
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
