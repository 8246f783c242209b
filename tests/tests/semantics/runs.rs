//! Sliced runs: slices in any order over any number of runs give the run that they are slices of.

use goldsmith::Layer;
use goldsmith_testkit::{Row, ScratchLake};
use goldsmith_tests::seeds;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

use crate::support::*;

const FACT: &str = "fact_job_run_timeline";
const SOURCE: &str = "lakeflow.job_run_timeline";

/// A slice, written as `r 10:00-11:00` or, with the outcome of an attempt, `r 10:00-11:00 FAILED`.
fn slice(text: &str) -> Row {
    let mut words = text.split(' ');
    let (run, bounds) = (words.next().unwrap(), words.next().unwrap());
    let (start, end) = bounds.split_once('-').unwrap();
    let state = words.next().map_or(Value::Null, |state| json!(state));
    let row = json!({
        "workspace_id": "1", "job_id": "j", "run_id": run, "result_state": state,
        "period_start_time": format!("2024-01-01T{start}:00Z"), "period_end_time": format!("2024-01-01T{end}:00Z"),
    });
    row.as_object().unwrap().clone()
}

/// The runs: outcome, attempts, slices, seconds, and whether the run goes on.
async fn runs(lake: &ScratchLake) -> Vec<String> {
    let sql = format!(
        "select run_id, result_state, attempt_count, slice_count, run_duration_seconds, is_running, is_success \
         from {FACT} order by run_id"
    );
    let line = |row: &Row| {
        let state = row["result_state"].as_str().unwrap_or("-");
        let going_on = if row["is_running"] == true { " running" } else { "" };
        assert_eq!(row["is_success"].is_null(), row["is_running"] == true, "{row:?}");
        let (attempts, slices) = (&row["attempt_count"], &row["slice_count"]);
        format!("{} {state} {attempts} {slices} {}{going_on}", text(row, "run_id"), row["run_duration_seconds"])
    };
    lake.query(&sql).await.unwrap().iter().map(line).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_retries_and_late_ends_arrive_in_any_order() {
    let steps: &[(&str, &[&str], &[&str])] = &[
        ("the last slice comes first", &["r 12:00-12:30 SUCCEEDED"], &["r SUCCEEDED 1 1 1800"]),
        ("the attempt before it", &["r 11:00-11:20 FAILED", "r 10:00-11:00"], &["r SUCCEEDED 2 3 6600"]),
        ("a slice that was longer than it was told", &["r 11:00-11:25 FAILED"], &["r SUCCEEDED 2 3 6900"]),
        ("a run that never started", &["n 15:00-15:00 SKIPPED"], &["n SKIPPED 1 1 0", "r SUCCEEDED 2 3 6900"]),
        ("a retry begins", &["r 13:00-14:00"], &["n SKIPPED 1 1 0", "r SUCCEEDED 2 4 10500 running"]),
        (
            "a run without any outcome",
            &["o 16:00-17:00"],
            &["n SKIPPED 1 1 0", "o - 0 1 3600 running", "r SUCCEEDED 2 4 10500 running"],
        ),
        (
            "the retry ends",
            &["r 14:00-14:10 TIMED_OUT"],
            &["n SKIPPED 1 1 0", "o - 0 1 3600 running", "r TIMED_OUT 3 5 11100"],
        ),
        (
            "the slice comes again when it has ended",
            &["o 16:00-17:00 SUCCEEDED"],
            &["n SKIPPED 1 1 0", "o SUCCEEDED 1 1 3600", "r TIMED_OUT 3 5 11100"],
        ),
    ];
    let lake = ScratchLake::new().unwrap();
    for (when, slices, expected) in steps {
        let rows: Vec<Row> = slices.iter().map(|text| slice(text)).collect();
        for repeated in [false, true] {
            lake.deliver(SOURCE, &rows).await.unwrap();
            let report = lake.run(&[FACT]).await.unwrap();
            assert_eq!(runs(&lake).await, *expected, "{when}");
            let books = report.table(Layer::Gold, FACT).unwrap().rows;
            assert!(!repeated || books.written() + books.deleted == 0, "{when}, repeated: {books:?}");
        }
    }
    assert_equals_rebuild(&lake, &[FACT], "after all slices").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slices_in_any_order_over_any_number_of_runs_give_the_same_runs() {
    let slices = [
        "a 10:00-11:00",
        "a 11:00-11:20 FAILED",
        "a 12:00-12:30 SUCCEEDED",
        "b 09:00-10:00",
        "b 10:00-10:05 CANCELLED",
        "b 10:30-11:00",
        "c 08:00-08:00 SKIPPED",
        "a 12:00-12:10",
    ];
    let expected = ["a SUCCEEDED 2 3 6600", "b CANCELLED 1 3 5700 running", "c SKIPPED 1 1 0"];
    for seed in seeds(0..3) {
        println!("seed {seed}");
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let lake = ScratchLake::new().unwrap();
        let mut order = slices.to_vec();
        order.push(slices[rng.random_range(0..slices.len())]);
        order.shuffle(&mut rng);
        while !order.is_empty() {
            let piece: Vec<Row> = order.drain(..rng.random_range(1..=order.len().min(4))).map(slice).collect();
            lake.deliver(SOURCE, &piece).await.unwrap();
            lake.run(&[FACT]).await.unwrap();
        }
        assert_eq!(runs(&lake).await, expected, "seed {seed}");
        assert_equals_rebuild(&lake, &[FACT], &format!("seed {seed}")).await;
    }
}
