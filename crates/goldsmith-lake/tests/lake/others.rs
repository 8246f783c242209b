//! Tables that other engines write as well.

use std::path::PathBuf;

use goldsmith_lake::{
    Added, CommitRequest, LakeError, OthersCommits, SHARED_POSITION, Table, UpsertRequest, WriteMode,
};
use serde_json::{Value, json};

use crate::support::{Place, append, apply, pairs, pairs_schema, request};

fn log(place: &Place, version: u64) -> PathBuf {
    place.dir.path().join(format!("t/_delta_log/{version:020}.json"))
}

/// Commits as another engine does.
fn commit(place: &Place, version: u64, info: Value, actions: &[Value]) {
    let lines: Vec<String> =
        std::iter::once(json!({ "commitInfo": info })).chain(actions.iter().cloned()).map(|a| a.to_string()).collect();
    std::fs::create_dir_all(place.dir.path().join("t/_delta_log")).unwrap();
    std::fs::write(log(place, version), lines.join("\n")).unwrap();
}

fn set_property(key: &str, value: &str) -> Value {
    json!({"operation": "SET TBLPROPERTIES", "operationParameters": {"properties": json!({ key: value }).to_string()}})
}

fn add(path: &str, data_change: bool) -> Value {
    json!({"add": {"path": path, "partitionValues": {}, "size": 1, "modificationTime": 0, "dataChange": data_change}})
}

fn remove(path: &str, data_change: bool) -> Value {
    json!({"remove": {"path": path, "deletionTimestamp": 0, "dataChange": data_change}})
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_did_since_our_last_commit_is_told() {
    let told = |change_rows, add_rows, position: Option<&str>| OthersCommits {
        change_rows,
        add_rows,
        position: position.map(str::to_owned),
    };
    let merge = || (json!({"operation": "MERGE"}), vec![add("m.parquet", true)]);
    let property = |value: &str| (set_property(SHARED_POSITION, value), vec![]);
    let cases = [
        ("nothing", vec![], told(false, false, None)),
        (
            "a compaction",
            vec![(json!({"operation": "OPTIMIZE"}), vec![add("o", false), remove("p", false)])],
            told(false, false, None),
        ),
        ("rows", vec![merge()], told(true, true, None)),
        ("rows, told", vec![merge(), property("p")], told(true, true, Some("p"))),
        ("told, rows", vec![property("p"), merge()], told(true, true, None)),
        ("told twice", vec![merge(), property("p"), property("q")], told(true, true, Some("q"))),
        ("something else is set", vec![merge(), (set_property("x", "y"), vec![])], told(true, true, None)),
        (
            "told, then described",
            vec![merge(), property("p"), (json!({"operation": "CHANGE COLUMN"}), vec![])],
            told(true, true, Some("p")),
        ),
        (
            "a deletion",
            vec![(json!({"operation": "DELETE"}), vec![remove("p", true), add("d", true)])],
            told(true, false, None),
        ),
        (
            "rows, then our maintenance",
            vec![
                merge(),
                (
                    json!({"operation": "OPTIMIZE", "goldsmithRunId": "r"}),
                    vec![add("o", false), remove("m.parquet", false)],
                ),
            ],
            told(true, true, None),
        ),
        ("a commit that says nothing", vec![(json!({}), vec![add("n", true)])], told(true, true, None)),
    ];
    for (case, commits, expected) in cases {
        let place = Place::new();
        let mut table = place.create("t", pairs_schema()).await;
        append(&mut table, &pairs(&[(1, "a")]), Some("1"), "run-1").await;
        for (version, (info, actions)) in (2..).zip(commits) {
            commit(&place, version, info, &actions);
        }
        assert_eq!(place.open("t").await.since_own_position().await.unwrap(), expected, "{case}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn operations_of_others_that_take_rows_are_told_and_our_own_are_not() {
    let place = Place::new();
    let mut table = place.create("t", pairs_schema()).await;
    for key in 1..4 {
        append(&mut table, &pairs(&[(key, "a")]), None, "run-1").await;
    }
    let version = table.version();
    // Our own changes hide rows, rewrite files and put them together.
    for (write_mode, value) in [(WriteMode::MergeOnRead, "b"), (WriteMode::CopyOnWrite, "c")] {
        apply(&mut table, UpsertRequest { write_mode, ..request(vec![pairs(&[(1, value), (2, value)])]) }).await;
    }
    table.compact("maintenance", false).await.unwrap();
    let mut next = place.open("t").await.version();
    let mut others = |info: Value, actions: &[Value]| {
        next += 1;
        commit(&place, next, info, actions);
    };
    others(json!({"operation": "OPTIMIZE"}), &[add("o", false), remove("p", false)]);
    others(json!({"operation": "WRITE"}), &[add("w", true)]);
    let taken_by = async || match place.open("t").await.added_since(version).await.unwrap() {
        Added::Known { taken_by, lost_rows, .. } => (lost_rows, taken_by.into_iter().collect::<Vec<_>>()),
        Added::Unknown => panic!("the log is there"),
    };
    assert_eq!(taken_by().await, (true, vec![]));
    others(json!({"operation": "DELETE"}), &[remove("w", true)]);
    others(json!({}), &[remove("o", true)]);
    assert_eq!(taken_by().await, (true, vec!["DELETE".to_owned(), "a commit".to_owned()]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_was_cut_may_hide_anything() {
    let place = Place::new();
    let mut table = place.create("t", pairs_schema()).await;
    // The 20th commit writes a checkpoint.
    for key in 1..20 {
        append(&mut table, &pairs(&[(key, "a")]), Some(&key.to_string()), "run-1").await;
    }
    commit(&place, 20, json!({"operation": "OPTIMIZE"}), &[]);
    assert_eq!(place.open("t").await.since_own_position().await.unwrap(), OthersCommits::default());
    std::fs::remove_file(log(&place, 19)).unwrap();
    let hidden = place.open("t").await.since_own_position().await.unwrap();
    assert_eq!(hidden, OthersCommits { change_rows: true, add_rows: true, position: None });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_is_found_by_an_instant() {
    let place = Place::new();
    place.create("t", pairs_schema()).await;
    for (version, timestamp) in [(1, 1_000), (2, 3_000), (3, 2_000)] {
        commit(&place, version, json!({"timestamp": timestamp, "operation": "WRITE"}), &[]);
    }
    let table = place.open("t").await;
    for (instant, expected) in [(9_000, Some(3)), (2_000, Some(3)), (1_999, Some(1)), (1_000, Some(1)), (999, None)] {
        assert_eq!(table.version_at(instant).await.unwrap(), expected, "{instant}");
    }
}

/// A table of another engine, with an older protocol.
pub async fn foreign_table(place: &Place, protocol: Value) -> Table {
    let schema = json!({"type": "struct", "fields": [
        {"name": "k", "type": "long", "nullable": true, "metadata": {}},
        {"name": "v", "type": "string", "nullable": true, "metadata": {}},
    ]});
    let metadata = json!({"metaData": {
        "id": "00000000-0000-0000-0000-000000000001", "format": {"provider": "parquet", "options": {}},
        "schemaString": schema.to_string(), "partitionColumns": [], "configuration": {}, "createdTime": 0,
    }});
    commit(
        place,
        0,
        json!({"timestamp": 0, "operation": "CREATE TABLE"}),
        &[json!({ "protocol": protocol }), metadata],
    );
    place.open("t").await
}

fn protocols(place: &Place, version: u64) -> Vec<Value> {
    let text = std::fs::read_to_string(log(place, version)).unwrap();
    text.lines().filter_map(|line| serde_json::from_str::<Value>(line).unwrap().get("protocol").cloned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_of_another_engine_gets_the_feature_of_positions_with_the_first_one() {
    let place = Place::new();
    let mut table = foreign_table(&place, json!({"minReaderVersion": 1, "minWriterVersion": 2})).await;
    append(&mut table, &pairs(&[(1, "a")]), None, "run-1").await;
    assert_eq!(protocols(&place, 1), Vec::<Value>::new());
    append(&mut table, &pairs(&[(2, "b")]), Some("p"), "run-2").await;
    let features = ["appendOnly", "invariants", "domainMetadata"];
    let expected = json!({"minReaderVersion": 1, "minWriterVersion": 7, "writerFeatures": features});
    assert_eq!(protocols(&place, 2), [expected]);
    append(&mut table, &pairs(&[(3, "c")]), Some("q"), "run-3").await;
    assert_eq!(protocols(&place, 3), Vec::<Value>::new());
    let table = place.open("t").await;
    assert_eq!(table.position().await.unwrap().as_deref(), Some("q"));
    assert_eq!(table.num_rows().await.unwrap(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_protocol_stands_for_features_that_are_looked_at() {
    let place = Place::new();
    let mut table = foreign_table(&place, json!({"minReaderVersion": 2, "minWriterVersion": 6})).await;
    let error =
        table.commit(CommitRequest { position: Some("p".to_owned()), ..CommitRequest::default() }).await.unwrap_err();
    assert!(
        matches!(&error, LakeError::UnsupportedFeature { features, .. } if features == "identityColumns"),
        "{error:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_others_are_new_rows_whoever_they_name() {
    let place = Place::new();
    let mut table = place.create("t", pairs_schema()).await;
    append(&mut table, &pairs(&[(1, "a")]), None, "run-1").await;
    commit(&place, 2, json!({"operation": "WRITE"}), &[add("of-spark.parquet", true)]);
    let goldsmith_lake::Added::Known { files, run_ids, .. } = place.open("t").await.added_since(0).await.unwrap()
    else {
        panic!("the log is there");
    };
    assert_eq!((files.len(), run_ids), (2, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_position_can_be_confirmed_after_commits_of_others() {
    let place = Place::new();
    let mut table = place.create("t", pairs_schema()).await;
    append(&mut table, &pairs(&[(1, "a")]), Some("p"), "run-1").await;
    commit(&place, 2, json!({"operation": "WRITE"}), &[add("of-spark.parquet", true)]);
    for (confirm, expected) in [(false, true), (true, false)] {
        let mut table = place.open("t").await;
        let request = CommitRequest { position: Some("p".to_owned()), confirm, ..CommitRequest::default() };
        let _ = table.commit(request).await.unwrap();
        assert_eq!(place.open("t").await.since_own_position().await.unwrap().change_rows, expected, "{confirm}");
    }
}
