//! Nothing deletes from bronze but the command that is made for it, and that says what is lost before it does.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use goldsmith::ErrorKind;
use goldsmith_testkit::ScratchLake;
use goldsmith_tests::rows;

const USAGE: &str = r#"[
    {"record_id": "old", "account_id": "a", "workspace_id": "1", "usage_date": "2001-01-01", "usage_quantity": "1"},
    {"record_id": "new", "account_id": "a", "workspace_id": "1", "usage_date": "2999-01-01", "usage_quantity": "2"}
]"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_source_is_forgotten_only_when_told_so_and_comes_back_with_what_it_still_has() {
    let lake = ScratchLake::new().unwrap();
    lake.deliver("billing.usage", &rows(USAGE)).await.unwrap();
    lake.run(&["fact_usage"]).await.unwrap();
    let engine = lake.engine().unwrap();

    let preview = engine.forget("billing.usage", false).await.unwrap();
    assert_eq!((preview.rows, preview.beyond_retention, preview.deleted), (Some(2), Some(1), false));
    assert_eq!(preview.oldest.unwrap().to_string(), "2001-01-01");
    assert!(preview.gold.contains(&"fact_usage".to_string()), "{preview:?}");
    assert!(lake.run(&["fact_usage"]).await.unwrap().is_up_to_date(), "a look changes nothing");

    // The source has lost its old row by now.
    let kept = rows(USAGE).split_off(1);
    std::fs::remove_dir_all(lake.source().join("billing/usage")).unwrap();
    lake.deliver("billing.usage", &kept).await.unwrap();
    lake.run(&["fact_usage"]).await.unwrap();
    let count = "select count(*) as n from fact_usage";
    let engine = lake.engine().unwrap();
    assert_eq!(lake.rows_at(&engine, count).await.unwrap()[0]["n"], 2, "bronze keeps what the source has forgotten");

    assert!(engine.forget("billing.usage", true).await.unwrap().deleted);
    let log = std::fs::read_dir(lake.target().join("system_bronze/billing_usage/_delta_log"));
    assert!(log.is_err() || log.unwrap().next().is_none());
    assert_eq!(lake.rows_at(&engine, count).await.unwrap()[0]["n"], 2, "gold stays until the next run");
    lake.run(&["fact_usage"]).await.unwrap();
    assert_eq!(lake.rows_at(&engine, count).await.unwrap()[0]["n"], 1);
    assert_eq!(engine.forget("compute.clusters", true).await.unwrap().rows, None, "there is nothing to forget");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_lost_a_file_or_its_log_can_be_forgotten_and_loaded_anew() {
    for lost in ["parquet", "json"] {
        let lake = ScratchLake::new().unwrap();
        lake.deliver("billing.usage", &rows(USAGE)).await.unwrap();
        lake.run(&["fact_usage"]).await.unwrap();
        let table = lake.target().join("system_bronze/billing_usage");
        let directory = if lost == "json" { table.join("_delta_log") } else { table.clone() };
        for entry in std::fs::read_dir(directory).unwrap().flatten() {
            if entry.path().extension().is_some_and(|extension| extension == lost) {
                std::fs::remove_file(entry.path()).unwrap();
            }
        }
        let engine = lake.engine().unwrap();
        for delete in [false, true] {
            let forgetting = engine.forget("billing.usage", delete).await.unwrap();
            assert_eq!((forgetting.exists, forgetting.deleted), (true, delete), "{lost}: {forgetting:?}");
            assert_eq!((forgetting.beyond_retention, forgetting.irrecoverable()), (None, None), "{lost}");
            assert_eq!(forgetting.rows, (lost == "parquet").then_some(2), "the log alone has the number of rows");
            assert!(forgetting.unreadable.is_some(), "{lost}");
        }
        lake.run(&["fact_usage"]).await.unwrap();
        assert_eq!(lake.query("select count(*) as n from fact_usage").await.unwrap()[0]["n"], 2, "{lost}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_source_dropped_is_known_of_merged_sources_alone() {
    let types = r#"[{"account_id": "a", "node_type": "small"}, {"account_id": "a", "node_type": "large"}]"#;
    let requests = r#"[{"databricks_request_id": "r0", "request_time": "2024-01-01T00:00:00Z"},
        {"databricks_request_id": "r1", "request_time": "2024-01-01T00:00:00Z"}]"#;
    for (source, delivered, vanished) in
        [("compute.node_types", types, Some(1)), ("serving.endpoint_usage", requests, None)]
    {
        let lake = ScratchLake::new().unwrap();
        lake.deliver(source, &rows(delivered)).await.unwrap();
        // As Databricks calls it, with its catalog.
        let named = format!("system.{source}");
        lake.run(&[named.as_str()]).await.unwrap();
        std::fs::remove_dir_all(lake.source().join(source.replace('.', "/"))).unwrap();
        lake.deliver(source, &rows(delivered).split_off(1)).await.unwrap();
        lake.run(&[named.as_str()]).await.unwrap();
        let forgetting = lake.engine().unwrap().forget(&named, false).await.unwrap();
        assert_eq!((forgetting.source.as_str(), forgetting.rows), (source, Some(2)));
        assert_eq!((forgetting.vanished, forgetting.irrecoverable()), (vanished, vanished), "{source}");
        assert_eq!((forgetting.beyond_retention, forgetting.unreadable), (Some(0), None), "{source}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_source_is_named_with_the_nearest_one() {
    let lake = ScratchLake::new().unwrap();
    let error = lake.engine().unwrap().forget("billing.usgae", true).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Usage);
    assert_eq!(error.help().as_deref(), Some("did you mean `billing.usage`?"));
    let error = lake.engine().unwrap().forget("fact_usage", true).await.unwrap_err();
    assert!(error.to_string().contains("`fact_usage` is a gold table"), "{error}");
    assert_eq!(error.help().as_deref(), Some("what it is made from in bronze is `billing.usage`"));
}
