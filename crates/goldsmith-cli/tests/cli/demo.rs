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

/// Where the demo puts its lake.
const LAKE: [&str; 2] = ["--target", "goldsmith-demo/lake"];

/// What the program writes as JSON when it is told so, and succeeds.
fn json(place: &Workplace, arguments: &[&str]) -> Value {
    let output = place.run(&[arguments, &LAKE, &["--format", "json"]].concat());
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", place.text(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What the program says when it fails because of its user.
fn refusal(place: &Workplace, arguments: &[&str]) -> String {
    let output = place.run(&[arguments, &LAKE].concat());
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {}", place.text(&output));
    place.text(&output)
}

#[test]
fn a_demo_fills_a_lake_that_can_be_asked() {
    let place = Workplace::new();
    assert_the_demo_tells_what_it_did(&place);
    let usage = assert_the_status_has_the_position_of_a_fact(&place);
    assert_queries_are_answered(&place, &usage);
    assert_maintenance_deletes_what_nothing_shows(&place);
    assert_verification_finds_a_wrong_number(&place, &usage);
    assert_nothing_is_left_to_do(&place);
}

fn assert_the_demo_tells_what_it_did(place: &Workplace) {
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
}

/// What is told of `fact_usage`.
fn assert_the_status_has_the_position_of_a_fact(place: &Workplace) -> Value {
    let status = json(place, &["status"]);
    let usage = status["tables"].as_array().unwrap().iter().find(|table| table["name"] == "fact_usage").unwrap();
    assert!(usage["position"].is_object(), "{usage}");
    usage.clone()
}

fn assert_queries_are_answered(place: &Workplace, usage: &Value) {
    let sql = "select count(*) as rows, sum(list_cost) as cost from fact_usage where record_id is not null";
    assert_eq!(json(place, &["query", sql])[0]["rows"], usage["rows"]);
    let csv = place.run(&[&["query", sql, "--format", "csv"], &LAKE[..]].concat());
    assert!(String::from_utf8_lossy(&csv.stdout).starts_with("rows,cost\n"));
    let slip = refusal(place, &["query", "select * from fact_usag"]);
    assert!(slip.contains("did you mean `fact_usage`?"), "{slip}");
    let syntax = refusal(place, &["query", "selec 1"]);
    assert!(syntax.contains("error: the query cannot be answered\n  caused by: "), "{syntax}");
}

/// Two runs leave no four small files, but files that the second one replaced.
fn assert_maintenance_deletes_what_nothing_shows(place: &Workplace) {
    let maintain = ["maintain", "--retention", "0s"];
    let refused = refusal(place, &maintain);
    assert!(refused.contains("less than an hour"), "{refused}");
    let garbage = |arguments: &[&str]| {
        let report = json(place, &[&maintain[..], &["--force"], arguments].concat());
        report["tables"].as_array().unwrap().iter().map(|table| number(&table["garbage_files"])).sum::<u64>()
    };
    let found = garbage(&["--dry-run"]);
    assert!(found > 0);
    assert_eq!((garbage(&[]), garbage(&["--dry-run"])), (found, 0));
    let slip = refusal(place, &["maintain", "--select", "fact_usag"]);
    assert!(slip.contains("did you mean `fact_usage`?"), "{slip}");
}

fn assert_verification_finds_a_wrong_number(place: &Workplace, usage: &Value) {
    let verify = ["verify", "--select", "fact_usage", "--sample", "0.2"];
    let verified = json(place, &verify);
    assert_eq!((&verified["success"], &verified["tables"][0]["outcome"]), (&true.into(), &"passed".into()));
    let compared = number(&verified["tables"][0]["compared"]);
    assert!(compared > 0 && compared < number(&usage["rows"]), "{verified:#}");
    let (entry, log) = newest_statistics(&place.path().join("goldsmith-demo/lake/system_gold/fact_usage/_delta_log"));
    std::fs::write(&entry, log.replacen(NUMBER, &format!("{NUMBER}9"), 1)).unwrap();
    let found = refusal(place, &verify);
    assert!(found.contains("`fact_usage`: check `file_statistics` failed, 1 finding"), "{found}");
    std::fs::write(&entry, log).unwrap();
}

fn assert_nothing_is_left_to_do(place: &Workplace) {
    let plan = json(place, &["plan", "--source", "goldsmith-demo/source"]);
    assert_eq!(plan["changes"], 0, "{plan:#}");
    let again = json(place, &["run", "--source", "goldsmith-demo/source"]);
    assert_eq!((&again["status"], &again["success"]), (&"up_to_date".into(), &true.into()), "{again:#}");
}

#[cfg(unix)]
#[test]
fn an_interrupted_generation_says_that_the_source_is_partial() {
    let place = Workplace::new();
    let args = ["synth", "--out", "system", "--rows", "300", "--batches", "500"];
    let (code, told) = place.interrupted(&args, &[], "-INT", "delivery 1 of 500");
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("cancelling: the table that is being written is finished"), "{told}");
    assert!(told.contains(" of 500: `system` is partial\n  help: remove it"), "{told}");
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_is_completed_by_the_next_one() {
    let place = Workplace::new();
    let args = ["demo", "-v", "--rows", "20000", "--batches", "2"];
    let (code, told) = place.interrupted(&args, &[], "-INT", "finished bronze");
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("cancelling") && told.contains("cancelled"), "{told}");
    assert!(!told.contains("delivery 2"), "{told}");

    let args = ["run", "--source", "goldsmith-demo/source", "--target", "goldsmith-demo/lake", "--format", "json"];
    let run: Value = serde_json::from_slice(&place.run(&args).stdout).unwrap();
    assert_eq!(run["success"], true, "{run:#}");
    let again: Value = serde_json::from_slice(&place.run(&args).stdout).unwrap();
    assert_eq!(again["status"], "up_to_date", "{again:#}");
}
