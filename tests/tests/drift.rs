//! Sources change their schema: new columns are taken over, everything else is a clear error for one table.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, StructArray, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Field};
use goldsmith::{DeliveryMode, Layer, RunOptions, TableStatus};
use goldsmith_testkit::ScratchLake;
use goldsmith_tests::rows;

fn text(values: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

fn time(micros: i64) -> ArrayRef {
    Arc::new(TimestampMicrosecondArray::from(vec![micros]).with_timezone("UTC"))
}

/// One pipeline change with a new top-level column and a new field in a struct.
fn pipeline_with_news() -> RecordBatch {
    let settings = StructArray::from(vec![
        (Arc::new(Field::new("edition", DataType::Utf8, true)), text(&["CORE"])),
        (Arc::new(Field::new("budget", DataType::Int64, true)), Arc::new(Int64Array::from(vec![7])) as ArrayRef),
    ]);
    RecordBatch::try_from_iter_with_nullable(vec![
        ("workspace_id", text(&["1"]), true),
        ("pipeline_id", text(&["p"]), true),
        ("name", text(&["load"]), true),
        ("settings", Arc::new(settings) as ArrayRef, true),
        ("change_time", time(2_000_000), true),
        ("region", text(&["eu"]), true),
    ])
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn new_columns_and_nested_fields_reach_gold_and_are_tracked() {
    let lake = ScratchLake::new().unwrap();
    let first = rows(
        r#"[{"workspace_id": "1", "pipeline_id": "p", "name": "load", "settings": {"edition": "CORE"}, "change_time": "1970-01-01T00:00:01Z"}]"#,
    );
    lake.deliver("lakeflow.pipelines", &first).await.unwrap();
    lake.run(&["dim_pipeline"]).await.unwrap();
    lake.deliver_batches("lakeflow.pipelines", vec![pipeline_with_news()], DeliveryMode::Append).await.unwrap();
    let report = lake.run(&["dim_pipeline"]).await.unwrap();
    assert!(report.table(Layer::Bronze, "lakeflow.pipelines").unwrap().warnings[0].contains("settings.budget"));
    let versions = lake
        .query(
            "select region, settings_budget, is_current from dim_pipeline where pipeline_key <> -1 order by valid_from",
        )
        .await
        .unwrap();
    assert_eq!(versions.len(), 2, "{versions:?}");
    assert!(versions[0]["region"].is_null() && versions[0]["settings_budget"].is_null());
    assert_eq!(versions[1]["region"], "eu");
    assert_eq!(versions[1]["settings_budget"], 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_type_fails_its_table_alone() {
    let lake = ScratchLake::new().unwrap();
    let wrong = RecordBatch::try_from_iter_with_nullable(vec![
        ("event_id", text(&["e1"]), true),
        ("event_time", text(&["yesterday"]), true),
    ])
    .unwrap();
    lake.deliver_batches("access.audit", vec![wrong], DeliveryMode::Append).await.unwrap();
    lake.deliver("billing.usage", &rows(r#"[{"record_id": "r1"}]"#)).await.unwrap();
    let report = lake.engine().unwrap().run(&RunOptions::default()).await.unwrap();
    let audit = report.table(Layer::Bronze, "access.audit").unwrap();
    assert_eq!(audit.status, TableStatus::Failed);
    let message = audit.error.as_ref().unwrap();
    assert!(
        message.contains("`event_time`") && message.contains("string") && message.contains("timestamp"),
        "{message}"
    );
    assert_eq!(report.tables.iter().filter(|table| table.status == TableStatus::Failed).count(), 1);
    assert_eq!(report.table(Layer::Gold, "fact_usage").unwrap().rows.inserted, 1);
}

/// A statement whose source has gained columns under names that the fact uses itself: one it derives, one is a surrogate key.
fn statement_with_taken_names(status: &str, micros: i64) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable(vec![
        ("workspace_id", text(&["1"]), true),
        ("statement_id", text(&["s"]), true),
        ("execution_status", text(&[status]), true),
        ("update_time", time(micros), true),
        ("is_final", text(&["perhaps"]), true),
        ("user_key", text(&["key"]), true),
        ("region", text(&["eu"]), true),
    ])
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_column_under_a_name_of_the_table_is_left_out_and_told() {
    let lake = ScratchLake::new().unwrap();
    let first = r#"[{"workspace_id": "1", "statement_id": "s", "execution_status": "QUEUED", "update_time": "1970-01-01T00:00:01Z"}]"#;
    lake.deliver("query.history", &rows(first)).await.unwrap();
    lake.run(&["fact_query_history"]).await.unwrap();
    for (status, micros, is_final) in [("RUNNING", 2_000_000, false), ("FINISHED", 3_000_000, true)] {
        let batch = statement_with_taken_names(status, micros);
        lake.deliver_batches("query.history", vec![batch], DeliveryMode::Snapshot).await.unwrap();
        let report = lake.run(&["fact_query_history"]).await.unwrap();
        let warnings = &report.table(Layer::Gold, "fact_query_history").unwrap().warnings;
        for name in ["`is_final`", "`user_key`"] {
            assert!(
                warnings.iter().any(|warning| warning.contains(name) && warning.contains("not carried")),
                "{warnings:?}"
            );
        }
        let found = lake.query("select is_final, user_key, region from fact_query_history").await.unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!((&found[0]["is_final"], &found[0]["user_key"]), (&is_final.into(), &(-1).into()), "{found:?}");
        assert_eq!(found[0]["region"], "eu");
    }
    let verified = lake.engine().unwrap().verify(&goldsmith::VerifyOptions::default()).await.unwrap();
    assert!(verified.is_success(), "{verified:?}");
}
