//! What users get wrong, and what they are told.

use serde_json::Value;

use crate::program::{Workplace, assert_output};

#[test]
fn a_wrong_flag_is_a_failure_that_the_user_can_fix() {
    let place = Workplace::new();
    assert_output!("unknown_flag", place.snapshot(&["run", "--taget", "lake"]));
    assert_output!("csv_for_a_run", place.snapshot(&["status", "--target", "lake", "--format", "csv"]));
}

#[test]
fn missing_and_wrong_locations_are_told_with_what_to_do() {
    let place = Workplace::new();
    assert_output!("no_source", place.snapshot(&["run", "--target", "lake"]));
    assert_output!("no_target", place.snapshot(&["plan", "--source", "system"]));
    assert_output!("absent_source", place.snapshot(&["run", "--source", "nowhere", "--target", "lake"]));
    place.write("usage.csv", "a,b\n");
    let text = place.snapshot(&["run", "--source", "usage.csv", "--target", "lake"]);
    assert!(text.contains("[DIR]/usage.csv` is not a usable location: it is a file"), "{text}");
    let text = place.snapshot(&["run", "--source", "s3:///system", "--target", "lake"]);
    assert!(text.contains("the bucket or container is missing\n  help: write `s3://BUCKET/PATH`"), "{text}");
    assert!(!place.path().join("lake").exists(), "a failed run left a target behind");
    for command in [
        &["run", "--source", "usage.csv", "--target", "a%20lake"][..],
        &["demo", "--dir", "a%20lake", "--rows", "300"],
        &["synth", "--out", "a%20lake", "--rows", "300"],
    ] {
        let text = place.snapshot(command);
        assert!(text.contains("is not a usable location: `%20` in the name of a directory"), "{command:?}: {text}");
        assert!(!place.path().join("a%20lake").exists(), "{command:?}");
    }
    assert_output!("absent_target", place.snapshot(&["status", "--target", "nowhere"]));
    assert_output!("absent_models", place.snapshot(&["validate", "--models", "nowhere"]));
    place.write("photos/holiday/beach.jpg", "");
    place.write("system/billing/readme.txt", "");
    assert_output!("foreign_target", place.snapshot(&["run", "--source", "system", "--target", "photos"]));
}

#[test]
fn a_verification_that_cannot_be_made_is_told_from_one_that_found_something() {
    let place = Workplace::new();
    std::fs::create_dir(place.path().join("lake")).unwrap();
    assert_output!("verify_unknown_flag", place.snapshot(&["verify", "--target", "lake", "--sampel", "0.1"]));
    assert_output!("verify_empty_target", place.snapshot(&["verify", "--target", "lake"]));
    assert_output!("verify_no_share", place.snapshot(&["verify", "--target", "lake", "--sample", "10"]));
}

#[test]
fn a_quiet_run_tells_nothing_but_errors() {
    let place = Workplace::new();
    assert!(place.run(&["synth", "--out", "system", "--rows", "300", "--batches", "1"]).status.success());
    let args =
        ["run", "--source", "system", "--target", "lake", "-q", "--select", "dim_sku", "--select", "access.audit"];
    let output = place.run(&args);
    assert_eq!(place.text(&output), "exit code: 0\n--- stdout ---\n--- stderr ---\n");
    // One source is gone, which is a warning, and one is damaged, which is an error.
    std::fs::remove_dir_all(place.path().join("system/access")).unwrap();
    place.write("system/billing/usage/_delta_log/00000000000000000000.json", "garbage");
    let output = place.run(&args);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{}", place.text(&output));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.starts_with("error: bronze table `billing.usage` failed\n  caused by: "), "{told}");
    assert!(["warning", "absent", "failed in"].iter().all(|part| !told.contains(part)), "{told}");
    let verified = place.run(&["verify", "--target", "lake", "-q", "--select", "dim_sku"]);
    assert_eq!(place.text(&verified), "exit code: 0\n--- stdout ---\n--- stderr ---\n");
    let output = place.run(&[&args[..], &["--format", "json"]].concat());
    assert!(serde_json::from_slice::<Value>(&output.stdout).unwrap()["tables"].is_array());
}

#[test]
fn an_error_of_the_settings_is_json_when_a_variable_asks_for_it() {
    let place = Workplace::new();
    let output = place.run_with(&["config"], &[("GOLDSMITH_FORMAT", "json"), ("GOLDSMITH_THREADS", "0")]);
    assert_eq!(output.status.code(), Some(1));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(document["error"]["message"].as_str().unwrap().contains("`threads` must be"), "{document}");
}

#[test]
fn wrong_arguments_are_json_when_they_or_a_variable_ask_for_it() {
    let place = Workplace::new();
    let by_flag = place.run(&["run", "--taget", "lake", "--format", "json"]);
    let by_variable = place.run_with(&["run", "--taget", "lake"], &[("GOLDSMITH_FORMAT", "json")]);
    for output in [by_flag, by_variable] {
        assert_eq!(output.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&output.stderr).starts_with("error: unexpected argument"));
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(document["error"]["message"], "unexpected argument '--taget' found");
        assert!(document["error"]["help"].as_str().unwrap().contains("--target"), "{document}");
    }
    let output = place.run(&["verify", "--sampel", "0.1", "--format=json"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(serde_json::from_slice::<Value>(&output.stdout).unwrap()["error"].is_object());
    assert!(place.run(&["run", "--taget", "lake"]).stdout.is_empty());
}

#[test]
fn a_directory_without_a_lake_is_told() {
    let place = Workplace::new();
    std::fs::create_dir(place.path().join("empty")).unwrap();
    assert_output!("maintain_empty_target", place.snapshot(&["maintain", "--target", "empty"]));
    assert_output!("status_empty_target", place.snapshot(&["status", "--target", "empty"]));
    let output = place.run(&["status", "--target", "empty", "--format", "json"]);
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &document["lake"]), (Some(0), &false.into()));
}

#[test]
fn a_verification_in_which_nothing_was_compared_could_not_be_made() {
    let place = Workplace::new();
    assert!(place.run(&["synth", "--out", "system", "--rows", "300", "--batches", "1"]).status.success());
    assert!(place.run(&["run", "--source", "system", "--target", "lake", "--select", "dim_sku"]).status.success());
    let code = |select: &[&str]| {
        let mut args = vec!["verify", "--target", "lake"];
        args.extend(select.iter().flat_map(|name| ["--select", *name]));
        let output = place.run(&args);
        (output.status.code(), place.text(&output))
    };
    let (found, text) = code(&["dim_sku", "fact_usage"]);
    assert_eq!(found, Some(2), "`fact_usage` was named, and is not there: {text}");
    assert!(text.contains("could not be made"), "{text}");
    for select in [&["dim_sku"][..], &["billing"], &["billing", "dim_sku"]] {
        let (found, text) = code(select);
        assert_eq!(found, Some(0), "{select:?}: {text}");
    }
    // The version that gold was built from is gone, so that no table can be compared.
    std::fs::remove_dir_all(place.path().join("lake/system_bronze")).unwrap();
    let (found, text) = code(&[]);
    assert_eq!(found, Some(2), "{text}");
}

#[test]
fn a_source_that_is_no_delta_table_fails_its_own_table_only() {
    let place = Workplace::new();
    place.write("system/billing/usage/readme.txt", "not a table");
    let args = ["run", "--source", "system", "--target", "lake", "--select", "billing.usage"];
    assert_output!("not_a_delta_table", place.snapshot(&args));
}

#[test]
fn sources_that_are_absent_are_counted_and_named() {
    let place = Workplace::new();
    assert!(place.run(&["synth", "--out", "system", "--rows", "300", "--batches", "1"]).status.success());
    std::fs::remove_dir_all(place.path().join("system/access")).unwrap();
    let sources = ["access.audit", "access.table_lineage", "access.column_lineage", "access.outbound_network"];
    let mut args = vec!["run", "--source", "system", "--target", "lake", "--select", "billing.usage"];
    args.extend(sources.iter().flat_map(|source| ["--select", *source]));
    let text = place.text(&place.run(&args));
    assert!(text.contains("4 skipped") && text.contains("; 4 sources are absent: `access."), "{text}");
    assert!(text.contains(" and 1 more"), "{text}");
    let text = place.text(&place.run(&args));
    assert!(text.contains("nothing new: ") && text.contains("; 4 sources are absent: "), "{text}");
    let output = place.run(&[&args[..], &["--format", "json"]].concat());
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["absent"].as_array().unwrap().len(), 4);
    // One level too deep.
    let output = place.run(&["run", "--source", "system/billing", "--target", "other", "--format", "json"]);
    assert_eq!(output.status.code(), Some(1));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(document["error"]["help"].as_str().unwrap().contains("one level too deep: give "), "{document}");
    assert!(!place.path().join("other").exists());
}

#[test]
fn a_directory_without_a_model_is_told_from_a_model_with_problems() {
    let place = Workplace::new();
    std::fs::create_dir(place.path().join("empty")).unwrap();
    for command in [&["validate"][..], &["run", "--source", "system", "--target", "lake"]] {
        let text = place.snapshot(&[command, &["--models", "empty"]].concat());
        assert!(
            text.contains("error: no model files in `empty` (flag `--models`)\n  help: give the directory"),
            "{text}"
        );
    }
    place.write("mine/project.yaml", "version: 1\nname: small\n");
    let text = place.snapshot(&["run", "--source", "system", "--target", "lake", "--models", "mine"]);
    assert!(text.contains("error: the model in `mine` has 1 problem\n"), "{text}");
}

#[test]
fn files_in_the_place_of_directories_are_told() {
    let place = Workplace::new();
    place.write("file", "");
    for (args, told) in [
        (&["status", "--target", "file"][..], "error: the target `file` is a file"),
        (&["compile", "--target", "spark", "--out", "file"], "error: `file` is a file, or lies below one"),
        (&["synth", "--out", "file"], "error: `file` is a file, or lies below one"),
        (&["demo", "--dir", "file"], "help: it is a file, or below one; give a directory"),
        (&["--config", "nope.toml", "config"], "help: check the path; a relative one starts at the working directory"),
        (
            &["catalog", "--catalog", "main", "--target", "s3://b/l", "--out", "no/such.sql"],
            "help: create the directory first, or give another path",
        ),
        (
            &["catalog", "--catalog", "main", "--target", "s3://b/l", "--out", "."],
            "help: it is a directory; give the path of a file",
        ),
    ] {
        let output = place.run(args);
        let text = place.text(&output);
        assert_eq!(output.status.code(), Some(1), "{text}");
        assert!(text.contains(told), "{args:?}: {text}");
    }
}

#[test]
fn an_unknown_selection_is_answered_with_a_suggestion() {
    let place = Workplace::new();
    std::fs::create_dir(place.path().join("system")).unwrap();
    let args = ["run", "--source", "system", "--target", "lake", "--select", "fact_usag"];
    assert_output!("unknown_selection", place.snapshot(&args));
    let output = place.run(&[&args[..], &["--format", "json"]].concat());
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["error"]["help"], "did you mean `fact_usage`?");
    let text = place.snapshot(&["run", "--source", "system", "--target", "lake", "--select", ""]);
    assert!(text.contains("help: name a gold table, a source or a domain, or leave the selection out"), "{text}");
    let output = place.run(&["plan", "--source", "system", "--target", "lake", "--select", "nosuch"]);
    let text = place.text(&output);
    assert!(
        text.contains("help: domains are `") && text.contains("`billing`") && text.contains("plan --all"),
        "{text}"
    );
}

#[test]
fn a_selection_may_name_several_with_commas() {
    let place = Workplace::new();
    assert!(place.run(&["synth", "--out", "system", "--rows", "300", "--batches", "1"]).status.success());
    let args =
        ["plan", "--source", "system", "--target", "lake", "--select", "fact_usage,lakeflow.jobs", "-s", "dim_job"];
    let output = place.run(&[&args[..], &["--format", "json"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", place.text(&output));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let tables: Vec<&str> =
        document["tables"].as_array().unwrap().iter().filter_map(|table| table["name"].as_str()).collect();
    for name in ["fact_usage", "lakeflow.jobs", "dim_job"] {
        assert!(tables.contains(&name), "{tables:?}");
    }
}

#[test]
fn log_lines_that_cannot_be_selected_are_told() {
    let place = Workplace::new();
    let output = place.run_with(&["config"], &[("GOLDSMITH_LOG", "goldsmith=loud")]);
    let text = place.text(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(
        text.contains("error: `GOLDSMITH_LOG` is `goldsmith=loud`") && text.contains("`goldsmith=debug`"),
        "{text}"
    );
    let output = place.run_with(&["config"], &[("GOLDSMITH_LOG", "goldsmith=debug")]);
    assert!(place.text(&output).contains("goldsmith starts"));
}

#[test]
fn a_slip_in_the_settings_file_is_told_with_its_line() {
    let place = Workplace::new();
    place.write("goldsmith.toml", "# where the lake is\ntraget = \"lake\"\n");
    assert_output!("unknown_setting", place.snapshot(&["config"]));
}

#[test]
fn a_memory_limit_with_which_nothing_can_be_done_is_refused() {
    let place = Workplace::new();
    let args = ["run", "--source", "system", "--target", "lake", "--memory-limit", "100MB"];
    assert_output!("little_memory", place.snapshot(&args));
    for limit in ["much", "512", "0%"] {
        let output = place.run(&["config", "--memory-limit", limit]);
        let text = place.text(&output);
        assert_eq!(output.status.code(), Some(1), "{text}");
        assert!(text.contains(&format!("`{limit}` is no memory limit")) && text.contains("512MB"), "{text}");
    }
}

#[test]
fn a_directory_of_somebody_else_is_no_demo() {
    let place = Workplace::new();
    place.write("mine/thesis.txt", "");
    assert_output!("demo_in_foreign_directory", place.snapshot(&["demo", "--dir", "mine"]));
    assert_output!("synth_into_content", place.snapshot(&["synth", "--out", "mine"]));
    assert!(place.path().join("mine/thesis.txt").exists());
}
