//! A key is found again whatever its values are: statistics of files hold bounds that are cut off, and must exclude no file
//! that has the key.

use goldsmith::Layer;
use goldsmith_testkit::{Row, ScratchLake};
use serde_json::{Value, json};

use crate::support::*;

const FACT: &str = "fact_node_timeline";
const LONG: &str = "a text that is longer than the bounds that statistics keep of texts, and";

fn nodes(end: &str) -> Vec<Row> {
    let starts = [
        "1969-12-31T23:59:59.999999Z",
        "2024-01-01T00:00:00Z",
        "2024-01-01T00:00:00.000001Z",
        "2024-01-01T00:00:00.000999Z",
        "2024-01-01T00:00:00.001Z",
        "2024-01-01T00:00:00.001001Z",
    ];
    let instances =
        [json!(null), json!(""), json!("ä"), json!(format!("{LONG} a")), json!(format!("{LONG} \u{10ffff}"))];
    let row = |start: &str, instance: &Value| {
        let row = json!({
            "workspace_id": null, "cluster_id": "c", "instance_id": instance, "start_time": start, "end_time": end,
        });
        row.as_object().unwrap().clone()
    };
    starts.iter().flat_map(|start| instances.iter().map(move |instance| row(start, instance))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn later_versions_replace_rows_whatever_their_keys_are() {
    let lake = ScratchLake::new().unwrap();
    // Each row alone in a file of its own for some, all in one file for the others.
    let rows = nodes("2024-01-02T00:00:00Z");
    let (alone, together) = rows.split_at(6);
    for piece in alone.chunks(1).chain([together]) {
        lake.deliver("compute.node_timeline", piece).await.unwrap();
        lake.run(&[FACT]).await.unwrap();
    }
    let later = nodes("2024-01-03T00:00:00.000001Z");
    lake.deliver("compute.node_timeline", &later).await.unwrap();
    let report = lake.run(&[FACT]).await.unwrap();
    let books = report.table(Layer::Gold, FACT).unwrap().rows;
    assert_eq!((books.inserted, books.updated), (0, later.len() as u64), "{books:?}");
    let sql = format!("select count(*) as n, count(distinct end_time) as ends from {FACT}");
    let found = lake.query(&sql).await.unwrap().remove(0);
    assert_eq!((&found["n"], &found["ends"]), (&json!(rows.len()), &json!(1)));
    assert_equals_rebuild(&lake, &[FACT], "after the later versions").await;
}
