//! Changes that a handle holds before they are committed, rows chosen by a probe, and rows that stay.

use std::sync::Arc;

use arrow::array::{AsArray, BooleanArray, RecordBatch};
use arrow::datatypes::{DataType, Field, Int64Type, Schema};
use goldsmith_lake::{CommitOutcome, CommitRequest, RowProbe, ScanRequest, UpsertRequest, upsert};

use crate::guarded::{Rule, create_with, stored_files};
use crate::support::{Place, append, collect, lines, names, pairs, pairs_schema, rows};

fn staged(rows: RecordBatch) -> UpsertRequest {
    UpsertRequest {
        key: names(&["k"]),
        group: names(&["k"]),
        rows: vec![rows],
        stage: true,
        ..UpsertRequest::default()
    }
}

/// Parquet files below the table's directory.
fn data_files(place: &Place, name: &str) -> usize {
    let entries = std::fs::read_dir(place.dir.path().join(name)).unwrap();
    entries.filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|end| end == "parquet")).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_discarded_leaves_neither_rows_nor_files() {
    let place = Place::new();
    let mut table = place.create("t", pairs_schema()).await;
    append(&mut table, &pairs(&[(1, "a")]), None, "r").await;
    upsert(&mut table, staged(pairs(&[(1, "x"), (2, "y")]))).await.unwrap();
    table.add_columns(&[Arc::new(Field::new("n", DataType::Int64, true))]).unwrap();
    table.discard_staged().await;
    assert_eq!(rows(&table).await, ["1|a"]);
    assert_eq!(data_files(&place, "t"), 1);
    assert_eq!(table.commit(CommitRequest::default()).await.unwrap(), CommitOutcome::Nothing);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_discarded_is_deleted_from_any_partition() {
    let place = Place::new();
    let mut table = create_with(&place, "t", pairs_schema(), Rule::Partitions).await;
    upsert(&mut table, staged(pairs(&[(1, "a:b"), (2, "50%"), (3, "~ü")]))).await.unwrap();
    assert_eq!(stored_files(&place, "t").len(), 3);
    table.discard_staged().await;
    assert_eq!(stored_files(&place, "t"), Vec::<std::path::PathBuf>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replaced_schema_comes_with_the_rows_that_have_it() {
    let place = Place::new();
    let mut table = place.create("t", pairs_schema()).await;
    append(&mut table, &pairs(&[(1, "10")]), None, "r").await;
    let id = table.table_id().unwrap();
    let schema = Schema::new(vec![Field::new("v", DataType::Int64, true), Field::new("w", DataType::Utf8, true)]);
    assert!(table.replace_schema(&schema).unwrap());
    let mut writer = table.writer().unwrap();
    let batch = RecordBatch::try_new(
        table.data_schema().unwrap(),
        vec![
            Arc::new(arrow::array::Int64Array::from(vec![10])),
            Arc::new(arrow::array::StringArray::from(vec!["new"])),
        ],
    )
    .unwrap();
    writer.write(&batch).await.unwrap();
    let added = writer.finish().await.unwrap();
    let removed = table.files().unwrap().into_iter().map(|file| file.path).collect();
    assert_eq!(place.open("t").await.schema().unwrap().field(0).name(), "k");
    let request = CommitRequest { added, removed, ..CommitRequest::default() };
    assert!(matches!(table.commit(request).await.unwrap(), CommitOutcome::Committed { version: 2 }));
    let other = place.open("t").await;
    assert_eq!(other.table_id().unwrap(), id);
    assert_eq!(rows(&other).await, ["10|new"]);
    assert_eq!(other.data_schema().unwrap(), table.data_schema().unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_probe_gives_exactly_the_accepted_rows_of_all_columns() {
    let place = Place::new();
    let mut table = place.create("t", pairs_schema()).await;
    for start in [0_i64, 20_000, 40_000] {
        let keys: Vec<i64> = (start..start + 20_000).collect();
        append(&mut table, &pairs(&keys.iter().map(|k| (*k, "x")).collect::<Vec<_>>()), None, "r").await;
    }
    upsert(&mut table, staged(pairs(&[(7, "seven"), (99_999, "new")]))).await.unwrap();
    let wanted = [7_i64, 8, 39_999, 99_999, 123_456];
    let filter = move |batch: &RecordBatch| {
        let keys = batch.column(0).as_primitive::<Int64Type>();
        Ok(keys.iter().map(|key| Some(key.is_some_and(|key| wanted.contains(&key)))).collect::<BooleanArray>())
    };
    let probe = RowProbe {
        columns: names(&["k"]),
        filter: Arc::new(filter),
        values: Some(pairs(&wanted.map(|key| (key, "")))).map(|batch| batch.project(&[0]).unwrap()),
    };
    let request = ScanRequest {
        probe: Some(probe),
        columns: Some(names(&["v", "k"])),
        with_file_column: Some("file".to_owned()),
        ..ScanRequest::default()
    };
    let found = collect(table.scan(request).await.unwrap()).await;
    let files = found.column(2).as_string::<i32>();
    assert!(files.iter().flatten().all(|file| file.ends_with(".parquet")));
    assert_eq!(lines(&found.project(&[0, 1]).unwrap()), ["new|99999", "seven|7", "x|39999", "x|8"]);
}
