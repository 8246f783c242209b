//! A source that updates its rows in place rewrites files: bronze gains each new version once, and nothing that it holds.

use goldsmith::{DeliveryMode, Layer};
use goldsmith_testkit::{Row, ScratchLake, batch_of};
use serde_json::json;

use crate::support::*;

const SOURCE: &str = "mlflow.runs_latest";

/// A run, written as `id status day of its update`.
fn row(text: &str) -> Row {
    let words: Vec<&str> = text.split(' ').collect();
    let row = json!({
        "workspace_id": "1", "run_id": words[0], "status": words[1], "update_time": format!("2024-01-{}T00:00:00Z", words[2]),
    });
    row.as_object().unwrap().clone()
}

/// Rewrites the whole source.
async fn rewrite(lake: &ScratchLake, rows: &[&str]) {
    let bronze = lake.model().bronze.values().find(|bronze| bronze.source.to_string() == SOURCE).unwrap();
    let rows: Vec<Row> = rows.iter().map(|text| row(text)).collect();
    lake.deliver_batches(SOURCE, vec![batch_of(bronze, &rows).unwrap()], DeliveryMode::Snapshot).await.unwrap();
}

async fn versions(lake: &ScratchLake, table: &str) -> Vec<String> {
    let sql = format!("select concat(run_id, ' ', status) as version from {table} order by run_id, status");
    lake.query(&sql).await.unwrap().iter().map(|row| text(row, "version").to_owned()).collect()
}

/// What the source shows, how many versions of it are new, and what the tables hold then.
struct Step {
    source: &'static [&'static str],
    new: u64,
    bronze: &'static [&'static str],
    gold: &'static [&'static str],
}

#[tokio::test(flavor = "multi_thread")]
async fn only_new_versions_of_a_rewritten_source_are_appended() {
    let steps = [
        Step {
            source: &["a RUNNING 01", "b RUNNING 01"],
            new: 2,
            bronze: &["a RUNNING", "b RUNNING"],
            gold: &["a RUNNING", "b RUNNING"],
        },
        Step {
            source: &["a FINISHED 02", "b RUNNING 01", "b RUNNING 01"],
            new: 1,
            bronze: &["a FINISHED", "a RUNNING", "b RUNNING"],
            gold: &["a FINISHED", "b RUNNING"],
        },
        Step {
            source: &["b RUNNING 01", "a FINISHED 02"],
            new: 0,
            bronze: &["a FINISHED", "a RUNNING", "b RUNNING"],
            gold: &["a FINISHED", "b RUNNING"],
        },
        Step {
            source: &["a RUNNING 01", "c FAILED 03"],
            new: 1,
            bronze: &["a FINISHED", "a RUNNING", "b RUNNING", "c FAILED"],
            gold: &["a FINISHED", "b RUNNING", "c FAILED"],
        },
    ];
    let lake = ScratchLake::new().unwrap();
    for (step, Step { source, new, bronze, gold }) in steps.iter().enumerate() {
        rewrite(&lake, source).await;
        let report = lake.run(&["fact_mlflow_runs"]).await.unwrap();
        let books = report.table(Layer::Bronze, SOURCE).unwrap().rows;
        assert_eq!((books.inserted, books.read), (*new, source.len() as u64), "step {step}: {books:?}");
        assert_eq!(books.read, books.inserted + books.duplicates, "step {step}: {books:?}");
        assert_eq!(versions(&lake, "system_bronze.mlflow_runs_latest").await, *bronze, "step {step}");
        assert_eq!(versions(&lake, "fact_mlflow_runs").await, *gold, "step {step}");
    }
}
