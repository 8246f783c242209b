//! Two versions of a row with the same sequence: their content decides, however they arrive, together or one after the other.

use goldsmith_testkit::{Row, ScratchLake};
use serde_json::{Value, json};

use crate::support::*;

/// A source that is merged, its fact, and two versions of one row.
struct Tie {
    source: &'static str,
    fact: &'static str,
    versions: [Value; 2],
}

/// Versions that an order of their nested columns and one of their flattened columns tell apart differently, or of which gold does not
/// carry all that tells them apart.
fn ties() -> Vec<Tie> {
    let statement = |kind: &str, compute: Value| {
        json!({
            "workspace_id": "1", "statement_id": "s", "statement_type": kind, "compute": compute,
            "update_time": "2024-01-01T00:00:00Z", "start_time": "2024-01-01T00:00:00Z",
        })
    };
    let check = |status: &str, is_static: bool, jobs: Value| {
        json!({
            "catalog_id": "c", "table_id": "t", "event_time": "2024-01-01T00:00:00Z", "status": status,
            "_internal_debug_info": {"is_static": is_static}, "root_cause_analysis": {"upstream_jobs": jobs},
        })
    };
    vec![
        Tie {
            source: "query.history",
            fact: "fact_query_history",
            versions: [
                statement("A", json!({"type": "a", "cluster_id": "z"})),
                statement("B", json!({"type": "b", "cluster_id": "c"})),
            ],
        },
        Tie {
            source: "data_quality_monitoring.table_results",
            fact: "fact_data_quality_monitoring_table_results",
            versions: [check("B", false, Value::Null), check("A", true, Value::Null)],
        },
        Tie {
            source: "data_quality_monitoring.table_results",
            fact: "fact_data_quality_monitoring_table_results",
            versions: [check("A", true, json!([{"workspace_id": "w"}])), check("A", true, json!([{"job_id": "j"}]))],
        },
    ]
}

fn row(value: &Value) -> Row {
    value.as_object().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_version_wins_whether_they_come_together_or_apart() {
    for Tie { source, fact, versions: [one, other] } in ties() {
        let (one, other) = (row(&one), row(&other));
        let together = vec![one.clone(), other.clone()];
        let back = vec![other.clone(), one.clone()];
        let arrivals =
            [vec![together], vec![back], vec![vec![one.clone()], vec![other.clone()]], vec![vec![other], vec![one]]];
        let mut seen: Option<Vec<String>> = None;
        for arrival in arrivals {
            let lake = ScratchLake::new().unwrap();
            for delivery in &arrival {
                lake.deliver(source, delivery).await.unwrap();
                lake.run(&[fact]).await.unwrap();
            }
            assert_equals_rebuild(&lake, &[fact], &format!("{arrival:?}")).await;
            let found = dump(&lake, &lake.engine().unwrap(), fact, None).await;
            assert_eq!(found.len(), 1, "{found:?}");
            assert_eq!(seen.get_or_insert_with(|| found.clone()), &found, "{arrival:?}");
        }
    }
}
