//! Tables written by other software are read, and gold is read by other software.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;
use std::sync::Arc;

use arrow::array::{Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use goldsmith::{Layer, RunReport, TableStatus};
use goldsmith_lake::{Lake, LakeOptions, Location, TableSpec, UpsertRequest, WriteMode, upsert};
use goldsmith_testkit::ScratchLake;
use goldsmith_tests::python;
use serde_json::json;

const AUDIT: &str = "system_bronze.access_audit";
const RUNS: &str = "system_bronze.mlflow_runs_latest";

/// Has Python's deltalake do a step on the sources.
fn write(lake: &ScratchLake, step: &str) {
    python::run("foreign_tables.py", &[Path::new("write"), &lake.source(), Path::new(step)]);
}

/// Has Sail do a step on the sources.
fn write_with_sail(lake: &ScratchLake, step: &str) {
    python::run("sail_tables.py", &[lake.source().as_path(), Path::new(step)]);
}

async fn count(lake: &ScratchLake, sql: &str) -> u64 {
    lake.query(sql).await.unwrap()[0]["n"].as_u64().unwrap()
}

/// Asserts that bronze and gold hold so many events, each once.
async fn assert_events(lake: &ScratchLake, expected: u64) {
    for table in [AUDIT, "fact_audit_logs"] {
        let found = &lake.query(&format!("select count(*) as n, count(distinct event_id) as ids from {table}")).await;
        let found = &found.as_ref().unwrap()[0];
        assert_eq!((&found["n"], &found["ids"]), (&json!(expected), &json!(expected)), "{table}");
    }
}

/// How many of some events bronze holds.
async fn kept(lake: &ScratchLake, events: &str) -> u64 {
    count(lake, &format!("select count(*) as n from {AUDIT} where event_id in ({events})")).await
}

fn assert_nothing_done(report: &RunReport) {
    for table in &report.tables {
        assert!(matches!(table.status, TableStatus::UpToDate | TableStatus::Skipped), "{table:?}");
        assert_eq!(table.rows.written(), 0, "{table:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn compacted_checkpointed_and_deleted_tables_of_python_are_read_once() {
    let lake = ScratchLake::new().unwrap();
    write(&lake, "compacted_first");
    lake.run(&["fact_audit_logs"]).await.unwrap();
    assert_events(&lake, 100).await;
    write(&lake, "compacted_second");
    lake.run(&["fact_audit_logs"]).await.unwrap();
    // e0 was deleted after it was taken over, so it stays; the appends before and after the deletion arrive.
    assert_events(&lake, 200).await;
    let gold = lake.target().join("system_gold/fact_audit_logs");
    let seen: serde_json::Value =
        serde_json::from_str(&python::run("foreign_tables.py", &[Path::new("read"), &gold])).unwrap();
    assert_eq!(seen["rows"], 200);
    let columns = seen["columns"].as_array().unwrap();
    for column in ["user_identity_email", "request_params", "is_sensitive_action", "user_key", "_run_id"] {
        assert!(columns.iter().any(|name| name == column), "{column} is not among {columns:?}");
    }
    assert!(!seen["description"].as_str().unwrap_or_default().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_sail_deletes_with_vectors_stays_in_bronze_and_a_fresh_lake_sees_live_rows() {
    let lake = ScratchLake::new().unwrap();
    write_with_sail(&lake, "first");
    lake.run(&["fact_audit_logs"]).await.unwrap();
    assert_events(&lake, 120).await;

    write_with_sail(&lake, "expire");
    let report = lake.run(&["fact_audit_logs"]).await.unwrap();
    assert_eq!(report.table(Layer::Bronze, "access.audit").unwrap().rows.written(), 0);
    assert_events(&lake, 120).await;

    // e125 came and went between two runs; its file still tells of it.
    write_with_sail(&lake, "append_and_expire");
    lake.run(&["fact_audit_logs"]).await.unwrap();
    assert_events(&lake, 170).await;
    assert_eq!(kept(&lake, "'e0', 'e29', 'e35', 'e50', 'e125', 'e169'").await, 6);
    assert_nothing_done(&lake.run(&["fact_audit_logs"]).await.unwrap());
    let row = &lake
        .query("select user_identity_email, request_params, event_time from fact_audit_logs where event_id = 'e151'")
        .await
        .unwrap()[0];
    assert_eq!(row["user_identity_email"], "user1@example.com");
    assert!(row["request_params"].to_string().contains("151"), "{row:?}");
    assert!(row["event_time"].to_string().contains("10:31:00"), "{row:?}");

    let fresh = ScratchLake::new().unwrap();
    for step in ["first", "expire", "append_and_expire"] {
        write_with_sail(&fresh, step);
    }
    fresh.run(&["fact_audit_logs"]).await.unwrap();
    assert_events(&fresh, 137).await;
    assert_eq!(kept(&fresh, "'e0', 'e29', 'e35', 'e50', 'e125'").await, 0);
    assert_eq!(kept(&fresh, "'e30', 'e34', 'e36', 'e124', 'e169'").await, 5);
}

/// Runs after both steps of updates: bronze must hold each version once, gold the latest of each run.
async fn assert_updates_arrive(lake: &ScratchLake, write: fn(&ScratchLake, &str)) {
    write(lake, "updated_first");
    lake.run(&["fact_mlflow_runs"]).await.unwrap();
    assert_eq!(count(lake, &format!("select count(*) as n from {RUNS}")).await, 10);
    assert_eq!(statuses(lake).await, ["RUNNING 10"]);

    write(lake, "updated_second");
    lake.run(&["fact_mlflow_runs"]).await.unwrap();
    let versions = [
        "r0 FAILED",
        "r0 FINISHED",
        "r0 RUNNING",
        "r1 FINISHED",
        "r1 RUNNING",
        "r10 FAILED",
        "r10 RUNNING",
        "r11 RUNNING",
        "r12 RUNNING",
        "r13 RUNNING",
        "r14 RUNNING",
        "r15 FAILED",
        "r2 FINISHED",
        "r2 RUNNING",
        "r3 RUNNING",
        "r4 RUNNING",
        "r5 RUNNING",
        "r6 RUNNING",
        "r7 RUNNING",
        "r8 RUNNING",
        "r9 RUNNING",
    ];
    assert_eq!(texts(lake, &format!("select concat(run_id, ' ', status) as text from {RUNS}")).await, versions);
    assert_eq!(statuses(lake).await, ["FAILED 3", "FINISHED 2", "RUNNING 11"]);
    let durations = "select concat(run_id, ' ', duration_seconds) as text from fact_mlflow_runs \
                     where duration_seconds is not null";
    assert_eq!(texts(lake, durations).await, ["r0 10800", "r1 3600", "r10 10800", "r15 10800", "r2 3600"]);
    assert_nothing_done(&lake.run(&["fact_mlflow_runs"]).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_updated_with_vectors_reach_bronze_in_every_version_and_gold_in_the_latest() {
    assert_updates_arrive(&ScratchLake::new().unwrap(), write_with_sail).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_updated_by_rewritten_files_reach_bronze_in_every_version_and_gold_in_the_latest() {
    let lake = ScratchLake::new().unwrap();
    assert_updates_arrive(&lake, write).await;

    // The file with the first of two changes of r3 was vacuumed: the table is read anew, and only the second is new.
    write(&lake, "updated_third");
    let report = lake.run(&["fact_mlflow_runs"]).await.unwrap();
    assert_eq!(report.table(Layer::Bronze, "mlflow.runs_latest").unwrap().rows.inserted, 1);
    assert_eq!(count(&lake, &format!("select count(*) as n from {RUNS}")).await, 22);
    assert_eq!(statuses(&lake).await, ["FAILED 3", "FINISHED 2", "KILLED 1", "RUNNING 10"]);
    assert_nothing_done(&lake.run(&["fact_mlflow_runs"]).await.unwrap());
}

/// The column `text` of a query, sorted.
async fn texts(lake: &ScratchLake, sql: &str) -> Vec<String> {
    let rows = lake.query(sql).await.unwrap();
    let mut texts: Vec<String> = rows.iter().map(|row| row["text"].as_str().unwrap().to_owned()).collect();
    texts.sort();
    texts
}

/// How many runs gold has in each status.
async fn statuses(lake: &ScratchLake) -> Vec<String> {
    texts(lake, "select concat(status, ' ', count(*)) as text from fact_mlflow_runs group by status").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_whose_early_log_is_cleaned_is_read_whole_and_then_on() {
    let lake = ScratchLake::new().unwrap();
    write(&lake, "cleaned_first");
    lake.run(&["fact_audit_logs"]).await.unwrap();
    assert_events(&lake, 49).await;
    assert_eq!(kept(&lake, "'e0'").await, 0);

    write(&lake, "cleaned_append");
    let report = lake.run(&["fact_audit_logs"]).await.unwrap();
    assert_eq!(report.table(Layer::Bronze, "access.audit").unwrap().rows.read, 20);
    assert_events(&lake, 69).await;

    // Commits after the position are cleaned as well: what is there is read anew and compared. e75 came and went
    // in them, e1 is kept though the source dropped it.
    write(&lake, "cleaned_past_position");
    let report = lake.run(&["fact_audit_logs"]).await.unwrap();
    assert_eq!(report.table(Layer::Bronze, "access.audit").unwrap().rows.inserted, 39);
    assert_events(&lake, 108).await;
    assert_eq!((kept(&lake, "'e75'").await, kept(&lake, "'e1', 'e74', 'e109'").await), (0, 3));
    assert_nothing_done(&lake.run(&["fact_audit_logs"]).await.unwrap());
}

/// `k` from `keys`, each with the value.
fn values(keys: impl IntoIterator<Item = i64>, value: &str) -> RecordBatch {
    let keys: Int64Array = keys.into_iter().map(Some).collect();
    let texts = StringArray::from_iter_values(std::iter::repeat_n(value, keys.len()));
    let schema = Schema::new(vec![Field::new("k", DataType::Int64, true), Field::new("v", DataType::Utf8, true)]);
    RecordBatch::try_new(Arc::new(schema), vec![Arc::new(keys), Arc::new(texts)]).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn our_deletion_vectors_are_understood_by_others() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("t");
    let first = values(0..50_000, "old");
    let spec = TableSpec { name: "t".into(), description: None, schema: first.schema(), run_id: "run".into() };
    let lake = Lake::new(LakeOptions::default());
    let mut table = lake.create(&Location::from_path(&path).unwrap(), spec).await.unwrap();
    // A vector with a file of its own, one in the log, one that grew, and a table whose log went into a checkpoint.
    let mut steps = vec![first, values((0..50_000).step_by(5), "new"), values([50_001, 3], "new")];
    steps.extend((0..25).map(|step| values([step * 100 + 1], "new")));
    for rows in steps {
        let request = UpsertRequest {
            key: vec!["k".into()],
            group: vec!["k".into()],
            rows: vec![rows],
            write_mode: WriteMode::MergeOnRead,
            operation: "MERGE".into(),
            ..UpsertRequest::default()
        };
        upsert(&mut table, request).await.unwrap();
    }
    assert!(path.join("_delta_log/_last_checkpoint").exists());
    let names: Vec<String> = std::fs::read_dir(&path)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    assert!(names.iter().any(|name| name.ends_with(".bin")), "{names:?}");
    let sum: i64 = (0..50_000).sum::<i64>() + 50_001;
    let expected = json!({"n": 50_001, "k": 50_001, "s": sum, "c": 10_000 + 2 + 25});
    let seen: serde_json::Value = serde_json::from_str(&python::run("read_vectors.py", &[&path])).unwrap();
    assert_eq!(seen, json!({"deltalake": expected, "polars": expected, "sail": expected}));
}
