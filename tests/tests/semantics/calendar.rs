//! The calendar, whose days come from the statistics of files where these tell them.

use goldsmith_testkit::Row;
use serde_json::json;

use crate::support::*;

const SOURCE: &str = "query.history";
const FACT: &str = "fact_query_history";
const MODEL: &str = "gold/query/fact_query_history.yaml";

fn statement(id: &str, day: &str, changed: &str) -> Row {
    let row = json!({
        "workspace_id": "1", "statement_id": id,
        "start_time": format!("{day}T12:00:00Z"), "update_time": format!("{changed}T12:00:00Z"),
    });
    row.as_object().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_calendar_gives_up_days_that_no_fact_holds_any_more() {
    for mode in ["merge_on_read", "copy_on_write"] {
        let key = "key: [workspace_id, statement_id]";
        let lake = lake_with(edited(MODEL, key, &format!("{key}\nwrite_mode: {mode}")));
        let days = async || {
            let rows = lake.query("select cast(date as varchar) as day from dim_date where date is not null").await;
            let mut days: Vec<String> = rows.unwrap().iter().map(|row| text(row, "day").to_owned()).collect();
            days.sort();
            days
        };
        let mut rows: Vec<Row> = (1..=9).map(|id| statement(&id.to_string(), "2024-01-02", "2025-01-01")).collect();
        // The last one but one is so far away that no days are made up between it and the others.
        for (number, (day, found)) in [
            ("2024-01-05", vec!["2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05"]),
            ("2023-12-31", vec!["2023-12-31", "2024-01-01", "2024-01-02"]),
            ("1815-06-18", vec!["1815-06-18", "2024-01-02"]),
            ("2024-01-02", vec!["2024-01-02"]),
        ]
        .into_iter()
        .enumerate()
        {
            rows.retain(|row| row["statement_id"] != "moving");
            rows.push(statement("moving", day, &format!("2025-01-0{}", number + 1)));
            lake.deliver(SOURCE, &rows).await.unwrap();
            lake.run(&[FACT, "dim_date"]).await.unwrap();
            assert_eq!(days().await, found, "{mode}");
            assert_equals_rebuild(&lake, &[FACT, "dim_date"], mode).await;
        }
    }
}
