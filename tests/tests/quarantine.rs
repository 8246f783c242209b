//! Rows that cannot be identified are kept whole, once, counted, and reach no gold table.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Int32Builder, MapBuilder, RecordBatch, StringBuilder};
use arrow::datatypes::{Field, Schema};
use goldsmith::{DeliveryMode, Layer};
use goldsmith_testkit::{ScratchLake, batch_of};
use goldsmith_tests::rows;

#[tokio::test(flavor = "multi_thread")]
async fn a_row_without_a_key_goes_to_quarantine_once() {
    let lake = ScratchLake::new().unwrap();
    let good = r#"{"record_id": "r1", "sku_name": "A", "cloud": "AWS", "usage_quantity": "1", "usage_date": "2024-01-01", "identity_metadata": {"run_as": "a@example.com"}}"#;
    let bad = r#"{"sku_name": "B", "cloud": "AWS", "usage_quantity": "2", "usage_date": "2024-01-01", "identity_metadata": {"run_as": "b@example.com"}}"#;
    let delivery = rows(&format!("[{good}, {bad}]"));
    lake.deliver("billing.usage", &delivery).await.unwrap();
    let report = lake.run(&[]).await.unwrap();
    let books = report.table(Layer::Bronze, "billing.usage").unwrap().rows;
    assert_eq!((books.read, books.inserted, books.quarantined), (2, 1, 1));
    lake.deliver("billing.usage", &delivery).await.unwrap();
    lake.run(&[]).await.unwrap();
    let kept =
        lake.query("select sku_name, identity_metadata, _reason from system_quarantine.billing_usage").await.unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0]["sku_name"], "B");
    assert_eq!(kept[0]["identity_metadata"]["run_as"], "b@example.com");
    assert!(kept[0]["_reason"].as_str().unwrap().contains("record_id"));
    for (table, column) in [("dim_sku", "sku_name"), ("dim_user", "user_name"), ("fact_usage", "sku_name")] {
        let found = lake
            .query(&format!("select {column} as c from {table} where {column} in ('B', 'b@example.com')"))
            .await
            .unwrap();
        assert!(found.is_empty(), "{table}: {found:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_with_part_of_their_key_stay_apart_and_a_second_run_adds_nothing() {
    let lake = ScratchLake::new().unwrap();
    let delivery = rows(
        r#"[{"workspace_id": "1", "warehouse_id": null, "event_type": "RUNNING", "event_time": "2024-01-01T00:00:00Z"},
            {"workspace_id": "1", "warehouse_id": null, "event_type": "STOPPED", "event_time": "2024-01-01T00:00:00Z"},
            {"workspace_id": null, "warehouse_id": null, "event_type": "STOPPED", "event_time": "2024-01-01T00:00:00Z"}]"#,
    );
    for _ in 0..2 {
        lake.deliver("compute.warehouse_events", &delivery).await.unwrap();
        lake.run(&["fact_warehouse_events"]).await.unwrap();
        let found = lake.query("select warehouse_key from fact_warehouse_events").await.unwrap();
        assert_eq!(found.len(), 3);
        assert!(found.iter().all(|row| row["warehouse_key"] == -1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_with_a_map_by_number_can_be_put_aside() {
    let lake = ScratchLake::new().unwrap();
    let bronze = lake.model().bronze.values().find(|bronze| bronze.source.to_string() == "lakeflow.jobs").unwrap();
    let known = rows(r#"[{"workspace_id": "1", "job_id": "1", "change_time": "2024-03-01T00:00:00Z"}, {}]"#);
    let known = batch_of(bronze, &known).unwrap();
    let mut tags = MapBuilder::new(None, Int32Builder::new(), StringBuilder::new());
    for key in [1, 2] {
        tags.keys().append_value(key);
        tags.values().append_value("a");
        tags.append(true).unwrap();
    }
    let tags: ArrayRef = Arc::new(tags.finish());
    let mut fields: Vec<_> = known.schema().fields().iter().cloned().collect();
    fields.push(Arc::new(Field::new("tags_by_number", tags.data_type().clone(), true)));
    let columns = known.columns().iter().cloned().chain([tags]).collect();
    let delivered = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap();
    lake.deliver_batches("lakeflow.jobs", vec![delivered], DeliveryMode::Append).await.unwrap();
    let report = lake.run(&["dim_job"]).await.unwrap();
    let books = report.table(Layer::Bronze, "lakeflow.jobs").unwrap().rows;
    assert_eq!((books.read, books.inserted, books.quarantined), (2, 1, 1));
    assert_eq!(lake.query("select job_id from dim_job where job_key <> -1").await.unwrap().len(), 1);
}
