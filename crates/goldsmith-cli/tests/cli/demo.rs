//! The demo from beginning to end, and what can be done with its lake.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::program::Workplace;

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no number"))
}

/// What comes before the number of rows of a file in a log.
const NUMBER: &str = r#"\"numRecords\":"#;

/// The newest entry of a log that counts rows, and its text.
fn newest_statistics(log: &Path) -> (PathBuf, String) {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(log).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    let texts = entries.into_iter().rev().filter(|path| path.extension().is_some_and(|ending| ending == "json"));
    let mut texts = texts.map(|path| (path.clone(), std::fs::read_to_string(path).unwrap()));
    texts.find(|(_, text)| text.contains(NUMBER)).unwrap()
}

#[test]
fn a_demo_fills_a_lake_that_can_be_asked() {
    let place = Workplace::new();
    let output = place.run(&["demo", "--rows", "20000", "--batches", "2", "--format", "json"]);
    assert_eq!(output.status.code(), Some(0), "{}", place.text(&output));
    let demo: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(demo["success"], true);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("delivery 2 of 2: "), "{told}");
    assert!(
        told.lines().count() < 30 && !told.contains("started  "),
        "where there is no terminal, little is told: {told}"
    );
    assert_eq!(demo["deliveries"].as_array().unwrap().len(), 2);
    let tables = demo["tables"].as_array().unwrap();
    assert_eq!(tables.iter().filter(|table| table["layer"] == "bronze").count(), 35);
    assert_eq!(tables.iter().filter(|table| table["layer"] == "gold").count(), 38);
    let written = |name: &str| {
        let table = tables.iter().find(|table| table["name"] == name).unwrap();
        number(&table["rows"]["inserted"]) + number(&table["rows"]["updated"])
    };
    assert!(written("billing.usage") > 0 && written("fact_usage") > 0);
    let answers = demo["answers"].as_array().unwrap();
    assert_eq!(answers.len(), 5);
    for answer in answers {
        assert!(!answer["rows"].as_array().unwrap().is_empty(), "{} has no answer", answer["name"]);
    }

    let status = place.run(&["status", "--target", "goldsmith-demo/lake", "--format", "json"]);
    let status: Value = serde_json::from_slice(&status.stdout).unwrap();
    let usage = status["tables"].as_array().unwrap().iter().find(|table| table["name"] == "fact_usage").unwrap();
    assert!(usage["position"].is_object(), "{usage}");

    let sql = "select count(*) as rows, sum(list_cost) as cost from fact_usage where record_id is not null";
    let json = place.run(&["query", sql, "--target", "goldsmith-demo/lake", "--format", "json"]);
    let rows: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(rows[0]["rows"], usage["rows"]);
    let csv = place.run(&["query", sql, "--target", "goldsmith-demo/lake", "--format", "csv"]);
    assert!(String::from_utf8_lossy(&csv.stdout).starts_with("rows,cost\n"));

    let slip = place.run(&["query", "select * from fact_usag", "--target", "goldsmith-demo/lake"]);
    assert_eq!(slip.status.code(), Some(1));
    assert!(place.text(&slip).contains("did you mean `fact_usage`?"), "{}", place.text(&slip));
    let syntax = place.run(&["query", "selec 1", "--target", "goldsmith-demo/lake"]);
    assert_eq!(syntax.status.code(), Some(1));
    assert!(
        place.text(&syntax).contains("error: the query cannot be answered\n  caused by: "),
        "{}",
        place.text(&syntax)
    );

    // Two runs leave no four small files, but files that the second one replaced.
    let maintain = ["maintain", "--target", "goldsmith-demo/lake", "--retention", "0s", "--format", "json"];
    let refused = place.run(&maintain);
    assert_eq!(refused.status.code(), Some(1), "{}", place.text(&refused));
    assert!(place.text(&refused).contains("less than an hour"), "{}", place.text(&refused));
    let maintain = [&maintain[..], &["--force"]].concat();
    let garbage = |arguments: &[&str]| {
        let output = place.run(&[&maintain[..], arguments].concat());
        assert_eq!(output.status.code(), Some(0), "{}", place.text(&output));
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        report["tables"].as_array().unwrap().iter().map(|table| number(&table["garbage_files"])).sum::<u64>()
    };
    let found = garbage(&["--dry-run"]);
    assert!(found > 0);
    assert_eq!((garbage(&[]), garbage(&["--dry-run"])), (found, 0));
    let slip = place.run(&["maintain", "--target", "goldsmith-demo/lake", "--select", "fact_usag"]);
    assert_eq!(slip.status.code(), Some(1));
    assert!(place.text(&slip).contains("did you mean `fact_usage`?"), "{}", place.text(&slip));

    let verify = ["verify", "--target", "goldsmith-demo/lake", "--select", "fact_usage", "--sample", "0.2"];
    let output = place.run(&[&verify[..], &["--format", "json"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", place.text(&output));
    let verified: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&verified["success"], &verified["tables"][0]["outcome"]), (&true.into(), &"passed".into()));
    let compared = number(&verified["tables"][0]["compared"]);
    assert!(compared > 0 && compared < number(&usage["rows"]), "{verified:#}");
    let (entry, log) = newest_statistics(&place.path().join("goldsmith-demo/lake/system_gold/fact_usage/_delta_log"));
    std::fs::write(&entry, log.replacen(NUMBER, &format!("{NUMBER}9"), 1)).unwrap();
    let found = place.run(&verify);
    assert_eq!(found.status.code(), Some(1), "{}", place.text(&found));
    assert!(
        place.text(&found).contains("`fact_usage`: check `file_statistics` failed, 1 finding"),
        "{}",
        place.text(&found)
    );
    std::fs::write(&entry, log).unwrap();

    let locations = ["--source", "goldsmith-demo/source", "--target", "goldsmith-demo/lake"];
    let plan = place.run(&[&["plan", "--format", "json"], &locations[..]].concat());
    let plan: Value = serde_json::from_slice(&plan.stdout).unwrap();
    assert_eq!(plan["changes"], 0, "{plan:#}");
    let again = place.run(&[&["run", "--format", "json"], &locations[..]].concat());
    let again: Value = serde_json::from_slice(&again.stdout).unwrap();
    assert_eq!((&again["status"], &again["success"]), (&"up_to_date".into(), &true.into()), "{again:#}");
}

/// Exit code and standard error of the program, which is interrupted once it has said something. Signals are sent with
/// `kill`, which every Unix has.
#[cfg(unix)]
fn interrupted(place: &Workplace, args: &[&str], after: &str) -> (Option<i32>, String) {
    use std::io::{BufRead, BufReader, Read};
    use std::process::{Command, Stdio};

    let mut process = Command::new(env!("CARGO_BIN_EXE_goldsmith"))
        .args(args)
        .current_dir(place.path())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(process.stderr.take().unwrap());
    let mut told = String::new();
    while !told.contains(after) {
        assert!(lines.read_line(&mut told).unwrap() > 0, "it ended early: {told}");
    }
    assert!(Command::new("kill").args(["-INT", &process.id().to_string()]).status().unwrap().success());
    lines.read_to_string(&mut told).unwrap();
    (process.wait().unwrap().code(), told)
}

#[cfg(unix)]
#[test]
fn an_interrupted_generation_says_that_the_source_is_partial() {
    let place = Workplace::new();
    let args = ["synth", "--out", "system", "--rows", "300", "--batches", "500"];
    let (code, told) = interrupted(&place, &args, "delivery 1 of 500");
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("cancelling: the table that is being written is finished"), "{told}");
    assert!(told.contains(" of 500: `system` is partial\n  help: remove it"), "{told}");
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_is_completed_by_the_next_one() {
    let place = Workplace::new();
    let (code, told) = interrupted(&place, &["demo", "-v", "--rows", "20000", "--batches", "2"], "finished bronze");
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("cancelling") && told.contains("cancelled"), "{told}");
    assert!(!told.contains("delivery 2"), "{told}");

    let args = ["run", "--source", "goldsmith-demo/source", "--target", "goldsmith-demo/lake", "--format", "json"];
    let run: Value = serde_json::from_slice(&place.run(&args).stdout).unwrap();
    assert_eq!(run["success"], true, "{run:#}");
    let again: Value = serde_json::from_slice(&place.run(&args).stdout).unwrap();
    assert_eq!(again["status"], "up_to_date", "{again:#}");
}
