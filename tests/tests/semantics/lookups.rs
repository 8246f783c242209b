//! As-of look-ups: a version that arrives late re-keys exactly the facts of its interval.

use goldsmith_testkit::{Row, ScratchLake};
use serde_json::json;

use crate::support::*;

const FACT: &str = "fact_node_timeline";

fn cluster(hour: u32) -> Row {
    let row = json!({
        "workspace_id": "1", "cluster_id": "c", "cluster_name": format!("since {hour:02}"),
        "change_time": format!("2024-01-01T{hour:02}:00:00Z"),
    });
    row.as_object().unwrap().clone()
}

/// One period of a node from each hour on.
fn nodes(hours: std::ops::RangeInclusive<u32>) -> Vec<Row> {
    hours
        .map(|hour| {
            let row = json!({
                "workspace_id": "1", "cluster_id": "c", "instance_id": format!("{hour:02}"),
                "start_time": format!("2024-01-01T{hour:02}:00:00Z"), "end_time": format!("2024-01-01T{hour:02}:30:00Z"),
            });
            row.as_object().unwrap().clone()
        })
        .collect()
}

/// The version that each period refers to, by hour.
async fn versions(lake: &ScratchLake) -> Vec<String> {
    let sql = format!(
        "select f.instance_id as hour, c.cluster_name as version from {FACT} f \
         left join dim_cluster c on c.cluster_key = f.cluster_key order by f.instance_id"
    );
    let rows = lake.query(&sql).await.unwrap();
    rows.iter().map(|row| format!("{} {}", text(row, "hour"), text(row, "version"))).collect()
}

/// What each hour refers to when the versions start at `starts`: the last one before it, else the first.
fn expected(starts: &[u32]) -> Vec<String> {
    (1..=12)
        .map(|hour| {
            let version = starts.iter().filter(|start| **start <= hour).max().or(starts.iter().min());
            format!("{hour:02} {}", version.map_or_else(String::new, |start| format!("since {start:02}")))
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_arrives_late_re_keys_exactly_the_facts_of_its_interval() {
    let lake = ScratchLake::new().unwrap();
    for hours in [1..=6, 7..=12] {
        lake.deliver("compute.node_timeline", &nodes(hours)).await.unwrap();
        lake.run(&[FACT]).await.unwrap();
    }
    let mut starts = Vec::new();
    assert_eq!(versions(&lake).await, expected(&starts), "no version is known yet");
    let hours = |hours: std::ops::RangeInclusive<u32>| hours.map(|hour| format!("{hour:02}")).collect::<Vec<_>>();
    let steps: [(&str, u32, Vec<String>); 5] = [
        ("the first version repairs all facts, also those before it", 4, hours(1..=12)),
        ("a later version takes what begins with it or after it", 9, hours(9..=12)),
        ("a version between the two takes its interval", 6, hours(6..=8)),
        ("a version before the first one takes what was before the first one", 2, hours(1..=3)),
        ("a version after all facts takes none", 13, Vec::new()),
    ];
    for (when, start, affected) in steps {
        starts.push(start);
        let before = writers(&lake, FACT, "instance_id").await;
        lake.deliver("compute.clusters", &[cluster(start)]).await.unwrap();
        let report = lake.run(&[FACT]).await.unwrap();
        assert_eq!(versions(&lake).await, expected(&starts), "{when}");
        let after = writers(&lake, FACT, "instance_id").await;
        assert_eq!(written_by(&after, &report), affected, "{when}");
        for (hour, run) in &after {
            assert!(affected.contains(hour) || before[hour] == *run, "{when}: {hour} was written again");
        }
    }
    assert_equals_rebuild(&lake, &[FACT, "dim_cluster"], "after all versions").await;
}
