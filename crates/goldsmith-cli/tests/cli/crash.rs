//! The process is killed at random moments; the run after it completes to what an undisturbed run gives.

use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::program::Workplace;

const SOURCE: &str = "source";

/// Gold tables whose whole content is compared: an event fact with prices and as-of keys, folded runs, a
/// timeline, a gathered dimension, the calendar.
const COMPARED: [&str; 6] =
    ["fact_usage", "fact_job_run_timeline", "fact_query_history", "dim_cluster", "dim_user", "dim_date"];

fn rows(place: &Workplace, target: &str, sql: &str) -> Vec<String> {
    let output = place.run(&["query", sql, "--target", target, "--format", "json"]);
    let rows: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", place.text(&output)));
    let mut texts: Vec<String> = rows
        .into_iter()
        .map(|mut row| {
            let columns = row.as_object_mut().unwrap();
            columns.remove("_run_id");
            columns.remove("_loaded_at");
            row.to_string()
        })
        .collect();
    texts.sort();
    texts
}

#[test]
fn a_killed_run_is_completed_by_the_next_one() {
    let place = Workplace::new();
    let made = place.run(&["synth", "--out", SOURCE, "--rows", "8000", "--batches", "2", "--quiet"]);
    assert_eq!(made.status.code(), Some(0), "{}", place.text(&made));
    let undisturbed = place.run(&["run", "--source", SOURCE, "--target", "undisturbed", "--quiet"]);
    assert_eq!(undisturbed.status.code(), Some(0), "{}", place.text(&undisturbed));

    // Fixed moments, spread over a run: how far each gets differs from machine to machine, the outcome must not.
    for milliseconds in [150, 400, 700, 1_000, 1_400, 1_900, 2_500] {
        let mut run = Command::new(env!("CARGO_BIN_EXE_goldsmith"))
            .args(["run", "--source", SOURCE, "--target", "killed", "--quiet"])
            .current_dir(place.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(milliseconds));
        run.kill().unwrap();
        run.wait().unwrap();
    }
    let last = place.run(&["run", "--source", SOURCE, "--target", "killed", "--quiet"]);
    assert_eq!(last.status.code(), Some(0), "{}", place.text(&last));
    for table in COMPARED {
        let sql = format!("select * from {table}");
        let expected = rows(&place, "undisturbed", &sql);
        assert!(expected.len() > 1, "`{table}` is empty");
        assert_eq!(expected, rows(&place, "killed", &sql), "{table}");
    }
    let count = "select count(*) as n from system_bronze.access_audit";
    assert_eq!(rows(&place, "undisturbed", count), rows(&place, "killed", count));
}
