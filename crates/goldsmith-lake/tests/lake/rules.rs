//! Rules of tables are kept: what breaks them is refused, what follows from them is there.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use goldsmith_lake::{CommitOutcome, CommitRequest, ErrorKind, LakeError, Table, upsert};
use serde_json::json;

use crate::guarded::{Rule, actions, change, change_field, create_with, feed, stored_files};
use crate::support::{Place, append, apply, pairs, pairs_schema, request, rows};

fn broken_rules(error: &LakeError) -> &str {
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error:?}");
    let LakeError::BrokenRule { rules, .. } = error else {
        panic!("{error:?}");
    };
    rules
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_break_a_rule_are_an_error_that_names_it_and_nothing_is_written() {
    for (rule, named) in [(Rule::Constraint, "`allowed`: v <> 'forbidden'"), (Rule::Invariant, "`v`: ")] {
        let place = Place::new();
        let mut table = create_with(&place, "t", pairs_schema(), rule).await;
        append(&mut table, &pairs(&[(1, "a"), (2, "b")]), Some("p"), "r").await;
        let files = stored_files(&place, "t");
        let error = upsert(&mut table, request(vec![pairs(&[(1, "forbidden"), (3, "c")])])).await.unwrap_err();
        assert!(broken_rules(&error).contains(named), "{error}");
        assert!(!error.to_string().contains("| 1 "), "rows are nobody else's business: {error}");

        let mut writer = table.writer().unwrap();
        writer.write(&pairs(&[(7, "fine"), (8, "forbidden")])).await.unwrap();
        let error = writer.finish().await.err().unwrap();
        assert!(broken_rules(&error).contains(named), "{error}");
        assert_eq!(stored_files(&place, "t"), files, "{rule:?}");
        assert!(!table.has_staged());
        let table = place.open("t").await;
        assert_eq!((table.version(), table.position().await.unwrap().as_deref()), (1, Some("p")));
        assert_eq!(rows(&table).await, ["1|a", "2|b"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_change_data_feed_tells_appends_upserts_and_replaced_content() {
    let place = Place::new();
    let mut table = create_with(&place, "t", pairs_schema(), Rule::ChangeDataFeed).await;
    append(&mut table, &pairs(&[(1, "a"), (2, "b"), (3, "c")]), None, "r").await;
    assert_eq!(feed(&place, "t", 1).await, ["1|a|insert", "2|b|insert", "3|c|insert"]);

    apply(&mut table, request(vec![pairs(&[(2, "B"), (3, "c"), (4, "d")])])).await;
    assert_eq!(feed(&place, "t", 2).await, ["2|B|update_postimage", "2|b|update_preimage", "4|d|insert"]);
    assert_eq!(actions(&place, "t", 2, "cdc").len(), 1);

    // Whole new content: all rows go, and all come.
    let mut writer = table.writer().unwrap();
    writer.write(&pairs(&[(9, "z")])).await.unwrap();
    let added = writer.finish().await.unwrap();
    let removed = table.files().unwrap().into_iter().map(|file| file.path).collect();
    let outcome = table.commit(CommitRequest { added, removed, ..CommitRequest::default() }).await.unwrap();
    assert_eq!(outcome, CommitOutcome::Committed { version: 3 });
    assert_eq!(feed(&place, "t", 3).await, ["1|a|delete", "2|B|delete", "3|c|delete", "4|d|delete", "9|z|insert"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_of_upserts_and_other_files_tells_rows_by_files() {
    let place = Place::new();
    let mut table = create_with(&place, "t", pairs_schema(), Rule::ChangeDataFeed).await;
    append(&mut table, &pairs(&[(1, "a"), (2, "b")]), None, "r").await;
    let staged = goldsmith_lake::UpsertRequest { stage: true, ..request(vec![pairs(&[(2, "B")])]) };
    apply(&mut table, staged).await;
    append(&mut table, &pairs(&[(3, "c")]), None, "r").await;
    assert!(actions(&place, "t", 2, "cdc").is_empty());
    assert_eq!(feed(&place, "t", 2).await, ["1|a|delete", "1|a|insert", "2|B|insert", "2|b|delete", "3|c|insert"]);
    assert!(stored_files(&place, "t").iter().all(|file| !file.to_string_lossy().contains("_change_data")));
}

fn amounts_schema() -> SchemaRef {
    Arc::new(Schema::new(["k", "amount", "doubled"].map(|name| Field::new(name, DataType::Int64, true)).to_vec()))
}

fn amounts(rows: &[(i64, i64)]) -> RecordBatch {
    let keys: ArrayRef = Arc::new(rows.iter().map(|row| row.0).collect::<Int64Array>());
    let values: ArrayRef = Arc::new(rows.iter().map(|row| row.1).collect::<Int64Array>());
    RecordBatch::try_from_iter([("k", keys), ("amount", values)]).unwrap()
}

/// A table in which `doubled` is computed.
async fn create_generated(place: &Place) -> Table {
    place.create("t", amounts_schema()).await;
    change(place, "t", &["generatedColumns"], &[], |metadata| {
        change_field(metadata, "doubled", |field| {
            field["metadata"]["delta.generationExpression"] = json!("amount * 2");
        });
    });
    place.open("t").await
}

#[tokio::test(flavor = "multi_thread")]
async fn generated_columns_are_computed_for_new_and_for_changed_rows() {
    let place = Place::new();
    let mut table = create_generated(&place).await;
    append(&mut table, &amounts(&[(1, 10), (2, 20)]), None, "r").await;
    assert_eq!(rows(&table).await, ["1|10|20", "2|20|40"]);
    let report = apply(&mut table, request(vec![amounts(&[(1, 10), (2, 21), (3, 30)])])).await;
    assert_eq!((report.inserted, report.updated, report.unchanged), (1, 1, 1));
    assert_eq!(rows(&place.open("t").await).await, ["1|10|20", "2|21|42", "3|30|60"]);
    assert_eq!(apply(&mut table, request(vec![amounts(&[(2, 21)])])).await.version, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn values_of_a_generated_column_must_be_what_it_computes() {
    let place = Place::new();
    let mut table = create_generated(&place).await;
    let with = |doubled: i64| {
        let batch = amounts(&[(1, 5)]);
        let mut columns = batch.columns().to_vec();
        columns.push(Arc::new(Int64Array::from(vec![doubled])));
        RecordBatch::try_new(amounts_schema(), columns).unwrap()
    };
    let error = upsert(&mut table, request(vec![with(11)])).await.unwrap_err();
    assert!(broken_rules(&error).contains("`doubled` is amount * 2"), "{error}");
    assert_eq!(apply(&mut table, request(vec![with(10)])).await.inserted, 1);
    assert_eq!(rows(&table).await, ["1|5|10"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_delta_rs_cannot_write_is_refused_by_name() {
    for feature in ["identityColumns", "rowTracking", "clustering", "inCommitTimestamp"] {
        let place = Place::new();
        create_with(&place, "t", pairs_schema(), Rule::ChangeDataFeed).await;
        change(&place, "t", &[feature], &[], |_| {});
        let mut table = place.open("t").await;
        let error = upsert(&mut table, request(vec![pairs(&[(1, "a")])])).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.to_string().contains(feature), "{error}");
        assert!(table.writer().is_err());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn several_rows_of_a_key_in_the_table_are_an_error_on_the_fallback() {
    let place = Place::new();
    let mut table = create_with(&place, "t", pairs_schema(), Rule::ChangeDataFeed).await;
    append(&mut table, &pairs(&[(1, "a"), (1, "b")]), None, "r").await;
    let error = upsert(&mut table, request(vec![pairs(&[(1, "c")])])).await.unwrap_err();
    assert!(matches!(error, LakeError::InvalidRequest { .. }), "{error:?}");
    assert_eq!(table.version(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_columns_of_a_table_with_mapped_ones_stay_as_they_are() {
    let place = Place::new();
    let mut table = create_with(&place, "t", pairs_schema(), Rule::ColumnMapping).await;
    let known: Vec<_> = pairs_schema().fields().iter().cloned().collect();
    assert!(!table.add_columns(&known).unwrap());
    let error = table.add_columns(&[Arc::new(Field::new("n", DataType::Int64, true))]).unwrap_err();
    assert!(error.to_string().contains("columnMapping"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_schema_keeps_how_columns_are_computed() {
    let place = Place::new();
    let mut table = create_generated(&place).await;
    append(&mut table, &amounts(&[(1, 10)]), None, "r").await;
    let mut fields: Vec<_> = amounts_schema().fields().iter().cloned().collect();
    fields.push(Arc::new(Field::new("note", DataType::Utf8, true)));
    assert!(table.replace_schema(&Schema::new(fields)).unwrap());
    assert!(table.guards().unwrap().generated_columns);
}

#[tokio::test(flavor = "multi_thread")]
async fn compaction_keeps_rules_and_leaves_other_layouts_alone() {
    for rule in [Rule::Constraint, Rule::ChangeDataFeed, Rule::ColumnMapping, Rule::Partitions] {
        let place = Place::new();
        let mut table = create_with(&place, "t", pairs_schema(), rule).await;
        for key in 0..5 {
            append(&mut table, &pairs(&[(key, "a")]), None, "r").await;
        }
        let before = rows(&table).await;
        let is_plain = [Rule::Constraint, Rule::ChangeDataFeed].contains(&rule);
        match table.compact("r", false).await {
            Ok(report) => assert!(is_plain && report.version == Some(6) && report.files_after == 1, "{report:?}"),
            Err(error) => assert!(!is_plain && error.kind() == ErrorKind::Unsupported, "{rule:?}: {error}"),
        }
        assert_eq!(rows(&place.open("t").await).await, before, "{rule:?}");
        if is_plain {
            assert!(actions(&place, "t", 6, "cdc").is_empty());
            assert!(actions(&place, "t", 6, "add").iter().all(|add| add["dataChange"] == false));
        }
    }
}
