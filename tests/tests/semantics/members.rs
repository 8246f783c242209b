//! Gathered dimensions: new rows alone tell what changes, as long as nothing that was gathered went.

use goldsmith::Layer;
use goldsmith_testkit::{Row, ScratchLake, batch_of};
use serde_json::json;

use crate::support::*;

const USERS: &str = "dim_user";
const SKUS: &str = "dim_sku";

/// A statement, written as `id user user-id hour`; `-` is a user id that is not told.
fn statement(text: &str) -> Row {
    let words: Vec<&str> = text.split(' ').collect();
    let time = format!("2024-01-01T{}:00:00Z", words[3]);
    let mut row = json!({
        "workspace_id": "1", "statement_id": words[0], "executed_by": words[1], "executed_by_user_id": words[2],
        "start_time": time, "update_time": time,
    });
    if words[2] == "-" {
        row["executed_by_user_id"] = serde_json::Value::Null;
    }
    row.as_object().unwrap().clone()
}

async fn users(lake: &ScratchLake) -> Vec<String> {
    let sql = "select concat(user_name, ' ', coalesce(user_id, '-'), ' ', date_part('hour', first_seen_time), ' ', \
               date_part('hour', last_seen_time)) as u from dim_user where user_key <> -1 order by user_name";
    lake.query(sql).await.unwrap().iter().map(|row| text(row, "u").to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn users_grow_by_new_rows_alone_until_one_last_id_has_to_be_put_in_order_with_another() {
    let lake = ScratchLake::new().unwrap();
    // New statements, whether all members are gathered, and the users then.
    let steps: [(&[&str], bool, &[&str]); 5] = [
        (&["1 ada 7 10", "2 bob - 11"], true, &["ada 7 10 10", "bob - 11 11"]),
        (&["3 ada - 08", "4 bob 9 09"], false, &["ada 7 8 10", "bob 9 9 11"]),
        (&["5 ada 7 20", "6 cyd 1 12"], false, &["ada 7 8 20", "bob 9 9 11", "cyd 1 12 12"]),
        // An older one: only the time of the id that is held tells.
        (&["7 bob 5 06"], true, &["ada 7 8 20", "bob 9 6 11", "cyd 1 12 12"]),
        (&["8 bob 6 13"], true, &["ada 7 8 20", "bob 6 6 13", "cyd 1 12 12"]),
    ];
    for (step, (statements, whole, expected)) in steps.iter().enumerate() {
        let rows: Vec<Row> = statements.iter().map(|text| statement(text)).collect();
        lake.deliver("query.history", &rows).await.unwrap();
        let report = lake.run(&[USERS]).await.unwrap();
        // The unknown member is made when everything is.
        assert_eq!(report.table(Layer::Gold, USERS).unwrap().rows.generated == 1, *whole, "step {step}");
        assert_eq!(users(&lake).await, *expected, "step {step}");
        assert_equals_rebuild(&lake, &[USERS], &format!("step {step}")).await;
    }
}

/// A price, written as `sku unit day`.
fn price(text: &str) -> Row {
    let words: Vec<&str> = text.split(' ').collect();
    let row = json!({
        "sku_name": words[0], "cloud": "AWS", "currency_code": "USD", "usage_unit": words[1],
        "price_start_time": format!("2024-01-{}T00:00:00Z", words[2]), "pricing": {"default": "1"},
    });
    row.as_object().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_was_gathered_and_is_replaced_leaves_nothing_behind() {
    let lake = ScratchLake::new().unwrap();
    let prices =
        lake.model().bronze.values().find(|bronze| bronze.source.to_string() == "billing.list_prices").unwrap();
    for (step, (shown, unit)) in [("A DBU 01", "DBU"), ("A GB 01", "GB"), ("A HOUR 02", "HOUR")].iter().enumerate() {
        let batch = batch_of(prices, &[price(shown)]).unwrap();
        lake.deliver_batches("billing.list_prices", vec![batch], goldsmith::DeliveryMode::Snapshot).await.unwrap();
        lake.run(&[SKUS]).await.unwrap();
        let found = lake.query("select usage_unit as u from dim_sku where sku_key <> -1").await.unwrap();
        assert_eq!(found.iter().map(|row| text(row, "u")).collect::<Vec<_>>(), [*unit], "step {step}");
        assert_equals_rebuild(&lake, &[SKUS], &format!("step {step}")).await;
    }
}
