//! Whole numbers that do not fit: their sum is null, in one run as in several, and everything else is there.

use goldsmith::VerifyOptions;
use goldsmith_testkit::{Row, ScratchLake};
use serde_json::{Value, json};

use crate::support::*;

const SOURCE: &str = "serving.endpoint_usage";
const FACT: &str = "fact_endpoint_usage";

/// A request with its tokens, and their sum in gold.
const REQUESTS: [(&str, i64, i64, Option<i64>); 5] = [
    ("fits", 1, 2, Some(3)),
    ("most", i64::MAX - 1, 1, Some(i64::MAX)),
    ("beyond", i64::MAX, 1, None),
    ("far beyond", i64::MAX, i64::MAX, None),
    ("below", i64::MIN, -1, None),
];

fn row((id, input, output, _): (&str, i64, i64, Option<i64>)) -> Row {
    let row = json!({
        "workspace_id": "1", "databricks_request_id": id, "served_entity_id": "e", "status_code": 200,
        "request_time": "2024-01-01T00:00:00Z", "input_token_count": input, "output_token_count": output,
    });
    row.as_object().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sum_that_does_not_fit_is_null_and_its_row_and_the_others_are_there() {
    let mut backwards = REQUESTS;
    backwards.reverse();
    let mut seen: Option<Vec<String>> = None;
    // All at once, and one after the other, in both orders.
    for (requests, deliveries) in [(REQUESTS, 1), (REQUESTS, 5), (backwards, 1), (backwards, 5)] {
        let lake = ScratchLake::new().unwrap();
        for rows in requests.chunks(requests.len() / deliveries) {
            let rows: Vec<Row> = rows.iter().map(|request| row(*request)).collect();
            lake.deliver(SOURCE, &rows).await.unwrap();
            // The laws count tokens beyond 64 bits.
            lake.run(&[FACT]).await.unwrap();
        }
        let engine = lake.engine().unwrap();
        let proof = engine.verify(&VerifyOptions { select: vec![FACT.into()], ..Default::default() }).await.unwrap();
        assert!(proof.is_success(), "{proof:#?}");
        for (id, input, output, total) in REQUESTS {
            let sql = format!(
                "select input_token_count, output_token_count, total_token_count from {FACT} where databricks_request_id = '{id}'"
            );
            let found = lake.query(&sql).await.unwrap();
            let expected = [json!(input), json!(output), total.map_or(Value::Null, Value::from)];
            assert_eq!(found.len(), 1, "{id}");
            assert_eq!(found[0].values().cloned().collect::<Vec<_>>(), expected, "{id}");
        }
        let found = dump(&lake, &engine, FACT, None).await;
        assert_eq!(seen.get_or_insert_with(|| found.clone()), &found);
    }
}
