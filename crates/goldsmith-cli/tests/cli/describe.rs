//! Commands that touch no data.

use serde_json::Value;

use crate::program::{Workplace, assert_output};

#[test]
fn help_teaches_every_command() {
    let place = Workplace::new();
    assert_output!("help", place.snapshot(&["--help"]));
    for command in [
        "demo", "validate", "test", "plan", "run", "status", "query", "verify", "catalog", "compile", "synth",
        "config", "schema", "explain", "maintain", "models",
    ] {
        let output = place.run(&[command, "--help"]);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{command}");
        assert!(text.contains("Example") && text.contains("$ goldsmith "), "`{command} --help` has no example");
    }
    assert_output!("help_run", place.snapshot(&["run", "--help"]));
    assert_output!("help_catalog", place.snapshot(&["catalog", "--help"]));
    assert_output!("help_verify", place.snapshot(&["verify", "--help"]));
}

#[test]
fn the_built_in_model_is_valid() {
    let place = Workplace::new();
    assert_output!("validate", place.snapshot(&["validate"]));
    let output = place.run(&["validate", "--format", "json"]);
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["valid"], true);
    assert_eq!((document["sources"].as_u64(), document["gold_tables"].as_u64()), (Some(35), Some(38)));
}

#[test]
fn the_files_of_the_built_in_model_can_be_had() {
    let place = Workplace::new();
    let text = place.snapshot(&["models", "--out", "mine"]);
    assert!(text.starts_with("exit code: 0\n") && text.contains(" files below mine\n"), "{text}");
    let written = std::fs::read_to_string(place.path().join("mine/project.yaml")).unwrap();
    let models = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models");
    assert_eq!(written, std::fs::read_to_string(models.join("project.yaml")).unwrap());
    for directory in ["bronze", "gold", "tests"] {
        assert!(place.path().join("mine").join(directory).is_dir(), "{directory}");
    }
    let text = place.snapshot(&["validate", "--models", "mine"]);
    assert!(text.contains("35 sources, 38 gold tables, no problems"), "{text}");
    assert_output!("models_into_content", place.snapshot(&["models", "--out", "mine"]));
    place.write("file", "");
    assert_output!("models_into_a_file", place.snapshot(&["models", "--out", "file"]));
    let document: Value =
        serde_json::from_slice(&place.run(&["models", "--out", "other", "--format", "json"]).stdout).unwrap();
    assert!(document["files"].as_array().unwrap().contains(&"project.yaml".into()), "{document}");
}

#[test]
fn all_problems_of_a_model_are_told_at_once() {
    let place = Workplace::new();
    place.write("models/project.yaml", "version: 1\nname: small\ndescripton: A slip.\n");
    place.write(
        "models/bronze/billing/usage.yaml",
        "source: billing.usage\ndescription: Usage.\nmutability: appendevent\n",
    );
    assert_output!("validate_problems", place.snapshot(&["validate", "--models", "models"]));
    let output = place.run(&["validate", "--models", "models", "--format", "json"]);
    assert_eq!(output.status.code(), Some(1));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["valid"], false);
    assert!(document["diagnostics"].as_array().unwrap().len() > 1);
}

#[test]
fn config_names_the_origin_of_each_value() {
    let place = Workplace::new();
    // The size of the machine would change the widths.
    assert_output!("config_defaults", place.snapshot(&["config", "--memory-limit", "2GiB"]));
    let output = place.run(&["config", "--format", "json"]);
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let settings = document["settings"].as_array().unwrap();
    let memory = settings.iter().find(|setting| setting["name"] == "memory_limit").unwrap();
    let shown = memory["value"].as_str().unwrap();
    assert!(shown.starts_with("60% (") && shown.ends_with("iB)"), "{memory}");
    place.write(
        "etc/lake.toml",
        "source = \"data/system\"\nthreads = 3\nmemory_limit = \"4GiB\"\nformat = \"json\"\n\n[storage]\naws_secret_access_key = \"not-for-your-eyes\"\n",
    );
    let args = ["config", "--config", "etc/lake.toml", "--target", "s3://bucket/lake", "--format", "human"];
    let output = place.run_with(&args, &[("GOLDSMITH_CURRENCY", "EUR"), ("GOLDSMITH_TARGET", "unused")]);
    let text = place.text(&output);
    assert!(!text.contains("not-for-your-eyes"));
    assert_output!("config_layers", text);
    let output = place.run(&["config", "--config", "etc/lake.toml"]);
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let source = document["settings"].as_array().unwrap().iter().find(|setting| setting["name"] == "source").unwrap();
    assert_eq!(source["origin"]["at"]["line"], 1);
}

#[test]
fn schema_and_explain_print_what_is_documented() {
    let place = Workplace::new();
    for kind in ["project", "bronze", "gold", "test"] {
        let output = place.run(&["schema", kind]);
        let schema: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema", "{kind}");
        assert_eq!(place.run(&["validate", "--schema", kind]).stdout, output.stdout, "{kind}");
    }
    let list = place.run(&["explain"]);
    assert!(String::from_utf8_lossy(&list.stdout).contains("unknown-column"));
    let one = place.run(&["explain", "unknown-column"]);
    assert!(String::from_utf8_lossy(&one.stdout).starts_with("unknown-column: "));
    assert_output!("explain_unknown", place.snapshot(&["explain", "unknown-colum"]));
}
