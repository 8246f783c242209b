//! SQL for Unity Catalog.

use goldsmith_testkit::S3Server;
use serde_json::Value;

use crate::program::{Workplace, assert_output};

const MODEL: [(&str, &str); 4] = [
    ("models/project.yaml", "version: 1\nname: small\ndescription: One fact.\n"),
    (
        "models/bronze/access/workspaces_latest.yaml",
        "source: access.workspaces_latest\ndescription: Workspaces.\nmutability: latest_snapshot\nload: merge\nscope: global\n\
         natural_key: [workspace_id]\ncolumns:\n  workspace_id: {type: string, description: The workspace.}\n  \
         owner: {type: string, description: Who it is of., tags: [pii]}\n  made: {type: timestamp, description: When it was made.}\n",
    ),
    (
        "models/gold/shared/dim_workspace.yaml",
        "table: dim_workspace\nkind: dimension\nscd: 1\ndomain: shared\ndescription: The account's workspaces.\n\
         grain: one workspace\nsource: access.workspaces_latest\nkey: [workspace_id]\n",
    ),
    (
        "models/gold/shared/fact_workspaces.yaml",
        "table: fact_workspaces\nkind: fact\ndomain: shared\ndescription: Workspaces counted.\ngrain: one workspace\n\
         source: access.workspaces_latest\nkey: [workspace_id]\nevent_time: made\nexclude: [owner]\n\
         dimensions:\n  - {dimension: dim_workspace}\n",
    ),
];

fn small() -> Workplace {
    let place = Workplace::new();
    for (path, text) in MODEL {
        place.write(path, text);
    }
    place
}

#[test]
fn the_sql_of_a_small_model_is_printed() {
    let place = small();
    let args = ["catalog", "--models", "models", "--catalog", "main", "--gold-schema", "my_gold", "--target"];
    assert_output!("catalog", place.snapshot(&[&args[..], &["s3://bucket/lake"]].concat()));
}

#[test]
fn places_and_names_that_unity_catalog_has_not_are_told() {
    let place = Workplace::new();
    assert_output!(
        "catalog_in_a_volume",
        place.snapshot(&["catalog", "--catalog", "main", "--target", "/Volumes/main/default/lake"])
    );
    assert_output!(
        "catalog_with_a_period",
        place.snapshot(&["catalog", "--catalog", "main.gold", "--target", "s3://bucket/lake"])
    );
}

#[test]
fn tables_of_two_layers_do_not_end_in_one_schema() {
    let place = Workplace::new();
    let names = ["--catalog", "main", "--bronze-schema", "lake", "--gold-schema", "Lake"];
    for command in [&["catalog", "--target", "s3://bucket/lake"][..], &["compile", "--target", "spark", "--out", "sql"]]
    {
        let output = place.run(&[command, &names].concat());
        let text = place.text(&output);
        assert_eq!(output.status.code(), Some(1), "{text}");
        assert!(text.contains("error: two layers have the schema `lake`\n  help: give bronze"), "{text}");
    }
    for flag in ["--dialect", "--target"] {
        let output = place.run(&["compile", flag, "spark", "--out", "sql", "--location", ""]);
        let text = place.text(&output);
        assert_eq!(output.status.code(), Some(1), "{text}");
        assert!(text.contains("error: the location of the tables is empty\n  help: give"), "{text}");
    }
    assert!(!place.path().join("sql").exists());
}

#[test]
fn a_program_gets_one_statement_after_the_other_in_a_file() {
    let place = small();
    let args = ["catalog", "--models", "models", "--catalog", "main", "--target", "gs://bucket", "--format", "json"];
    let output =
        place.run(&[&args[..], &["--layer", "gold", "--layer", "gold", "--rely", "--out", "all.json"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stdout.is_empty());
    let document: Value = serde_json::from_slice(&std::fs::read(place.path().join("all.json")).unwrap()).unwrap();
    let statements = document["statements"].as_array().unwrap();
    assert!(statements.iter().all(|statement| statement["layer"] == "gold"));
    let foreign: Vec<&Value> = statements.iter().filter(|statement| statement["purpose"] == "foreign_key").collect();
    assert_eq!(foreign.len(), 1, "{document:#}");
    assert_eq!((&foreign[0]["table"], &foreign[0]["references"]), (&"fact_workspaces".into(), &"dim_workspace".into()));
    let count = format!("{} statements written to `all.json`", statements.len());
    assert_eq!(String::from_utf8_lossy(&output.stderr).trim(), count);
}

#[test]
fn tables_that_the_target_lacks_are_left_out_when_asked() {
    let server = S3Server::start(&["data"]).unwrap();
    let place = Workplace::new();
    let variables = server.variables();
    let variables: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let run = |args: &[&str]| {
        let output = place.run_with(args, &variables);
        assert_eq!(output.status.code(), Some(0), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    run(&["synth", "--out", "s3://data/system", "--rows", "300", "--batches", "1"]);
    run(&["run", "--source", "s3://data/system", "--target", "s3://data/lake", "--select", "dim_workspace"]);
    let text = run(&["catalog", "--catalog", "main", "--target", "s3://data/lake", "--present"]);
    let created: Vec<&str> = text.lines().filter(|line| line.starts_with("CREATE TABLE")).collect();
    let expected = [
        "CREATE TABLE IF NOT EXISTS `main`.`system_bronze`.`access_workspaces_latest` USING DELTA LOCATION 's3://data/lake/system_bronze/access_workspaces_latest';",
        "CREATE TABLE IF NOT EXISTS `main`.`system_gold`.`dim_workspace` USING DELTA LOCATION 's3://data/lake/system_gold/dim_workspace';",
    ];
    assert_eq!(created, expected);
    assert!(!text.contains("FOREIGN KEY"), "{text}");
}
