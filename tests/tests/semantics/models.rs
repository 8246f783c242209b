//! A changed model: `plan` says what is built anew and why, `run` builds just that, and the result is that of a new lake.

use std::collections::BTreeSet;

use goldsmith::{Engine, Layer, ModelSource, TableStatus};
use goldsmith_model::load_files;
use goldsmith_testkit::{Row, ScratchLake};
use goldsmith_tests::rows;
use tempfile::TempDir;

use crate::support::*;

const TABLES: [&str; 3] = ["fact_usage", "fact_job_run_timeline", "fact_node_timeline"];

/// Rows for each kind of table: prices and what they are for, runs and their jobs, nodes and their clusters.
fn deliveries() -> Vec<(&'static str, Vec<Row>)> {
    vec![
        (
            "billing.usage",
            rows(
                r#"[{"record_id": "r1", "account_id": "a", "sku_name": "S", "cloud": "AWS", "usage_unit": "DBU", "usage_quantity": "2",
                     "usage_start_time": "2024-02-01T10:00:00Z", "usage_date": "2024-02-01", "custom_tags": {"team": "x"},
                     "identity_metadata": {"run_as": "a@example.com"}, "usage_metadata": {"job_id": "j"}, "workspace_id": "1"},
                    {"record_id": "r2", "account_id": "a", "sku_name": "S", "cloud": "AWS", "usage_unit": "DBU", "usage_quantity": "3",
                     "usage_start_time": "2024-02-02T10:00:00Z", "usage_date": "2024-02-02"}]"#,
            ),
        ),
        (
            "billing.list_prices",
            rows(
                r#"[{"account_id": "a", "sku_name": "S", "cloud": "AWS", "usage_unit": "DBU", "currency_code": "USD",
                     "price_start_time": "2024-01-01T00:00:00Z", "pricing": {"default": "0.5", "promotional": {"default": "0.4"}}}]"#,
            ),
        ),
        (
            "lakeflow.jobs",
            rows(
                r#"[{"workspace_id": "1", "job_id": "j", "name": "old", "change_time": "2024-01-01T00:00:00Z"},
                    {"workspace_id": "1", "job_id": "j", "name": "old", "run_as": "a@example.com", "change_time": "2024-01-31T00:00:00Z"}]"#,
            ),
        ),
        (
            "lakeflow.job_run_timeline",
            rows(
                r#"[{"workspace_id": "1", "job_id": "j", "run_id": "r", "run_name": "a@example.com", "period_start_time": "2024-02-01T10:00:00Z",
                     "period_end_time": "2024-02-01T11:00:00Z"},
                    {"workspace_id": "1", "job_id": "j", "run_id": "r", "period_start_time": "2024-02-01T11:00:00Z",
                     "period_end_time": "2024-02-01T11:30:00Z", "result_state": "FAILED"}]"#,
            ),
        ),
        (
            "compute.clusters",
            rows(
                r#"[{"workspace_id": "1", "cluster_id": "c", "dbr_version": "15.4.x", "change_time": "2024-01-01T00:00:00Z"}]"#,
            ),
        ),
        (
            "compute.node_timeline",
            rows(
                r#"[{"workspace_id": "1", "cluster_id": "c", "instance_id": "i", "node_type": "n", "start_time": "2024-02-01T10:00:00Z",
                     "end_time": "2024-02-01T10:01:00Z", "cpu_user_percent": 1.0, "cpu_system_percent": 2.0}]"#,
            ),
        ),
    ]
}

/// One change of a model file.
struct Change {
    what: &'static str,
    file: &'static str,
    from: &'static str,
    to: &'static str,
    /// The tables that are built anew because their model changed.
    rebuilt: &'static [&'static str],
    /// The tables that follow because a table that they read was written.
    follow: &'static [&'static str],
}

const JOB_RUNS: &str = "gold/lakeflow/fact_job_run_timeline.yaml";
const USAGE: &str = "gold/billing/fact_usage.yaml";

const CHANGES: [Change; 11] = [
    Change {
        what: "a new derived column",
        file: USAGE,
        from: "derived:\n",
        to: "derived:\n  is_negative: {type: boolean, expr: usage_quantity < 0, description: Whether it takes something back.}\n",
        rebuilt: &["fact_usage"],
        follow: &["dim_date"],
    },
    Change {
        what: "a changed expression",
        file: USAGE,
        from: "expr: tag_count > 0",
        to: "expr: tag_count > 1",
        rebuilt: &["fact_usage"],
        follow: &["dim_date"],
    },
    Change {
        what: "a new look-up",
        file: JOB_RUNS,
        from: "  - {dimension: dim_job}\n",
        to: "  - {dimension: dim_job}\n  - {dimension: dim_user, key: {user_name: run_name}, empty_is_null: true}\n",
        rebuilt: &["fact_job_run_timeline"],
        follow: &["dim_date"],
    },
    Change {
        what: "a look-up that is gone",
        file: JOB_RUNS,
        from: "  - {dimension: dim_job}\n",
        to: "",
        rebuilt: &["fact_job_run_timeline"],
        follow: &["dim_date"],
    },
    Change {
        what: "a changed fold rule",
        file: JOB_RUNS,
        from: "      function: last\n      column: result_state\n",
        to: "      function: min\n      column: result_state\n",
        rebuilt: &["fact_job_run_timeline"],
        follow: &["dim_date"],
    },
    Change {
        what: "a changed expression of a dimension that a fact fetches",
        file: "gold/billing/dim_list_price.yaml",
        from: "coalesce(pricing_effective_list_default, pricing_promotional_default, pricing_default)",
        to: "pricing_default",
        rebuilt: &["dim_list_price", "fact_usage"],
        follow: &["dim_date"],
    },
    Change {
        what: "a changed expression of a dimension that no fact fetches",
        file: "gold/compute/dim_cluster.yaml",
        from: "expr: max_autoscale_workers is not null",
        to: "expr: max_autoscale_workers is null",
        rebuilt: &["dim_cluster"],
        follow: &["dim_date", "fact_node_timeline", "fact_usage"],
    },
    Change {
        what: "a column of a history that makes no version any more",
        file: "gold/lakeflow/dim_job.yaml",
        from: "delete_time: delete_time\n",
        to: "delete_time: delete_time\nuntracked: [run_as]\n",
        rebuilt: &["dim_job"],
        follow: &["dim_date", "fact_job_run_timeline", "fact_usage"],
    },
    Change {
        what: "a changed description",
        file: USAGE,
        from: "description: Number of custom tags; 0 when there are none, never null.",
        to: "description: How many tags there are.",
        rebuilt: &[],
        follow: &[],
    },
    Change {
        what: "a changed description of a table",
        file: "gold/lakeflow/dim_job.yaml",
        from: "description: Jobs with",
        to: "description: All jobs with",
        rebuilt: &[],
        follow: &[],
    },
    Change {
        what: "a changed data test",
        file: "tests/dim_job.yaml",
        from: "- name: ",
        to: "- name: (changed) ",
        rebuilt: &[],
        follow: &[],
    },
];

async fn delivered(lake: &ScratchLake) {
    for (source, rows) in deliveries() {
        lake.deliver(source, &rows).await.unwrap();
    }
}

/// The tables that a plan builds anew because their model changed, and the others that it touches.
async fn planned(engine: &Engine) -> (BTreeSet<String>, BTreeSet<String>) {
    let plan = engine.plan(&select(&TABLES)).await.unwrap();
    let changed: Vec<_> = plan.into_iter().filter(|table| table.changes).collect();
    assert!(changed.iter().all(|table| table.layer == Layer::Gold), "no source moved: {changed:?}");
    let (rebuilt, others): (Vec<_>, Vec<_>) =
        changed.into_iter().partition(|table| table.what == "build from all of bronze: its model changed");
    let names = |tables: Vec<goldsmith::TablePlan>| tables.into_iter().map(|table| table.name).collect();
    (names(rebuilt), names(others))
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(ToString::to_string).collect()
}

/// The calendar is built after all facts, so a selection of facts leaves it alone.
fn without_calendar(names: &[&str]) -> BTreeSet<String> {
    set(names).into_iter().filter(|name| name != "dim_date").collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_model_rebuilds_just_what_it_must() {
    let first = ScratchLake::new().unwrap();
    delivered(&first).await;
    first.run(&TABLES).await.unwrap();
    let covers_calendar = first.target().join("system_gold/dim_date").exists();
    let expected = |names| if covers_calendar { set(names) } else { without_calendar(names) };
    for change in &CHANGES {
        let what = change.what;
        let lake = lake_with(edited(change.file, change.from, change.to));
        let (target, fresh) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        copy(&first.target(), target.path());
        let engine = lake.engine_on(&first.source(), target.path()).unwrap();

        let (rebuilt, follow) = planned(&engine).await;
        assert_eq!((rebuilt, follow), (expected(change.rebuilt), expected(change.follow)), "{what}, planned");

        let report = run(&engine, &select(&TABLES)).await;
        let touched = |prefix: &str| -> BTreeSet<String> {
            let is_touched = |table: &&goldsmith::TableReport| {
                table.status == TableStatus::Changed && table.what.starts_with(prefix)
            };
            report.tables.iter().filter(is_touched).map(|table| table.name.clone()).collect()
        };
        assert_eq!(touched("build from all of bronze: its model changed"), expected(change.rebuilt), "{what}, done");
        assert_eq!(touched("recompute"), expected(change.follow), "{what}, done");

        if change.rebuilt.is_empty() {
            continue;
        }
        copy(&first.target().join("system_bronze"), &fresh.path().join("system_bronze"));
        let new = lake.engine_on(&first.source(), fresh.path()).unwrap();
        run(&new, &select(&TABLES)).await;
        for table in TABLES.iter().chain(change.rebuilt).chain(change.follow) {
            // A column that the model has no more stays in an old table.
            let columns = columns(&lake, &new, table).await;
            let held = dump(&lake, &engine, table, Some(&columns)).await;
            assert_eq!(held, dump(&lake, &new, table, None).await, "{what}: `{table}` differs from a new lake's");
        }
    }
}

async fn columns(lake: &ScratchLake, engine: &Engine, table: &str) -> Vec<String> {
    let rows = lake.rows_at(engine, &format!("select * from {table} limit 1")).await.unwrap();
    rows[0].keys().cloned().collect()
}

#[test]
fn every_change_is_a_model() {
    for change in &CHANGES {
        let files = edited(change.file, change.from, change.to);
        assert!(load_files(files.clone()).is_ok(), "{}", change.what);
        assert!(ModelSource::Files(files).load().is_ok(), "{}", change.what);
    }
}
