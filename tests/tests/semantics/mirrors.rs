//! Sources that are mirrored, overwritten or created anew: what is new comes over, what bronze has comes no second time.

use goldsmith::{DeliveryMode, TableStatus};
use goldsmith_testkit::{Row, ScratchLake, batch_of};
use serde_json::json;

use crate::support::*;

const SOURCE: &str = "access.table_lineage";
const FACT: &str = "fact_table_lineage";

fn records(ids: &[&str]) -> Vec<Row> {
    let row = |id: &&str| {
        let row = json!({"record_id": id, "event_time": "2024-03-01T10:00:00Z", "event_date": "2024-03-01"});
        row.as_object().unwrap().clone()
    };
    ids.iter().map(row).collect()
}

async fn deliver(lake: &ScratchLake, source: &str, rows: &[Row], mode: DeliveryMode) {
    let bronze = lake.model().bronze.values().find(|bronze| bronze.source.to_string() == source).unwrap();
    lake.deliver_batches(source, vec![batch_of(bronze, rows).unwrap()], mode).await.unwrap();
}

/// Rows of bronze and of gold, and how many different ones they are.
async fn counts(lake: &ScratchLake) -> [i64; 4] {
    let sql = format!(
        "select b.n, b.d, g.n as m, g.d as e from
        (select count(*) as n, count(distinct record_id) as d from system_bronze.access_table_lineage) b
        cross join (select count(*) as n, count(distinct record_id) as d from {FACT}) g"
    );
    let row = lake.query(&sql).await.unwrap().remove(0);
    ["n", "d", "m", "e"].map(|name| row[name].as_i64().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_overwritten_brings_what_is_new_and_loses_nothing() {
    let lake = ScratchLake::new().unwrap();
    deliver(&lake, SOURCE, &records(&["a", "b"]), DeliveryMode::Append).await;
    lake.run(&[FACT]).await.unwrap();
    // `b` is expired by whoever mirrors the table, the others are new.
    deliver(&lake, SOURCE, &records(&["a", "c", "d"]), DeliveryMode::Snapshot).await;
    lake.run(&[FACT]).await.unwrap();
    assert_eq!(counts(&lake).await, [4, 4, 4, 4]);
    deliver(&lake, SOURCE, &records(&["e"]), DeliveryMode::Append).await;
    lake.run(&[FACT]).await.unwrap();
    assert_eq!(counts(&lake).await, [5, 5, 5, 5]);
    assert_equals_rebuild(&lake, &[FACT], "after an overwrite").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_is_created_anew_may_come_in_parts() {
    let lake = ScratchLake::new().unwrap();
    deliver(&lake, SOURCE, &records(&["a", "b"]), DeliveryMode::Append).await;
    lake.run(&[FACT]).await.unwrap();
    std::fs::remove_dir_all(lake.source().join("access/table_lineage")).unwrap();
    for part in [&["a"][..], &["b", "c"], &["c", "d"]] {
        deliver(&lake, SOURCE, &records(part), DeliveryMode::Append).await;
        lake.run(&[FACT]).await.unwrap();
    }
    assert_eq!(counts(&lake).await, [4, 4, 4, 4]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_price_that_goes_back_to_what_it_was_is_taken_over() {
    let lake = ScratchLake::new().unwrap();
    let usage = json!({
        "record_id": "r", "account_id": "a", "sku_name": "S", "cloud": "AWS", "usage_unit": "DBU", "usage_quantity": "10",
        "usage_start_time": "2024-01-15T00:00:00Z", "usage_date": "2024-01-15",
    });
    deliver(&lake, "billing.usage", &[usage.as_object().unwrap().clone()], DeliveryMode::Append).await;
    for (amount, end) in [("2", None), ("5", None), ("2", None), ("2", Some("2024-01-10T00:00:00Z")), ("2", None)] {
        let price = json!({
            "account_id": "a", "sku_name": "S", "cloud": "AWS", "usage_unit": "DBU", "currency_code": "USD",
            "price_start_time": "2024-01-01T00:00:00Z", "price_end_time": end, "pricing": {"default": amount},
        });
        let price = [price.as_object().unwrap().clone()];
        deliver(&lake, "billing.account_prices", &price, DeliveryMode::Snapshot).await;
        lake.run(&["fact_usage"]).await.unwrap();
        let cost = "select cast(account_cost as double) as cost from fact_usage";
        let expected = if end.is_some() { None } else { Some(10.0 * amount.parse::<f64>().unwrap()) };
        assert_eq!(lake.query(cost).await.unwrap()[0]["cost"].as_f64(), expected, "{amount} until {end:?}");
    }
    assert_equals_rebuild(&lake, &["fact_usage"], "after a price went back").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_node_types_with_one_name_the_last_delivered_stands_for_it_even_when_it_came_before() {
    let lake = ScratchLake::new().unwrap();
    let tables = ["dim_node_type"];
    let node = |account: &str, cores: i64| {
        let row = json!({"account_id": account, "node_type": "m5", "core_count": cores});
        row.as_object().unwrap().clone()
    };
    let deliveries = [
        (vec![node("a", 4)], DeliveryMode::Append, "a", 4),
        (vec![node("b", 8)], DeliveryMode::Append, "b", 8),
        (vec![node("a", 4)], DeliveryMode::Append, "a", 4),
        // An overwrite writes both anew, and brings one.
        (vec![node("a", 4), node("b", 16)], DeliveryMode::Snapshot, "b", 16),
        (vec![node("a", 4), node("b", 16)], DeliveryMode::Snapshot, "b", 16),
        (vec![node("a", 2), node("b", 16)], DeliveryMode::Snapshot, "a", 2),
    ];
    for (index, (rows, mode, account, cores)) in deliveries.into_iter().enumerate() {
        deliver(&lake, "compute.node_types", &rows, mode).await;
        lake.run(&tables).await.unwrap();
        let sql = "select account_id, cast(core_count as bigint) as cores from dim_node_type where node_type = 'm5'";
        let shown = lake.query(sql).await.unwrap();
        let expected = json!({"account_id": account, "cores": cores});
        assert_eq!(shown, [expected.as_object().unwrap().clone()], "after delivery {index}");
        assert_equals_rebuild(&lake, &tables, &format!("after delivery {index}")).await;
    }
    let again = lake.run(&tables).await.unwrap();
    assert!(again.tables.iter().all(|table| table.status == TableStatus::UpToDate), "{again:#?}");
}
