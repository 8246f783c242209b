//! The committed SQL of the default model is what it compiles to.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use goldsmith_model::Model;
use goldsmith_spark::{CompileOptions, Target, compile};

/// The files that are committed for Databricks as well: one of each kind, since the others differ from those of Spark in the same.
const FOR_DATABRICKS: [&str; 4] =
    ["setup.sql", "bronze/access_workspaces_latest.sql", "gold/dim_warehouse.sql", "gold/fact_warehouse_events.sql"];

/// What makes a table of Databricks one that the native engine can write.
const PROPERTIES: &str = "\ntblproperties ('delta.feature.domainMetadata' = 'supported', \
                          'delta.enableRowTracking' = 'false', 'delta.enableDeletionVectors' = 'false')";

fn default_model() -> Model {
    goldsmith_model::load_embedded().expect("the default model").model
}

fn committed(root: &Path, directory: &Path, out: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            committed(root, &path, out);
        } else {
            let name = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
            out.insert(name, fs::read_to_string(&path).unwrap());
        }
    }
}

fn on_databricks() -> CompileOptions {
    CompileOptions {
        target: Target::Databricks,
        catalog: Some("main".to_owned()),
        bronze_schema: Some("bronze".to_owned()),
        gold_schema: Some("gold".to_owned()),
        quarantine_schema: Some("quarantine".to_owned()),
        ..CompileOptions::default()
    }
}

fn assert_current(directory: &str, expected: &BTreeMap<String, String>) {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../resources/sql").join(directory);
    let mut found = BTreeMap::new();
    committed(&root, &root, &mut found);
    let mut differing: Vec<&String> =
        expected.keys().chain(found.keys()).filter(|path| expected.get(*path) != found.get(*path)).collect();
    differing.dedup();
    assert!(differing.is_empty(), "not current: {differing:?}; run `cargo xtask generate` and commit what it writes");
}

#[test]
fn committed_sql_is_current() {
    let compiled = compile(&default_model(), &CompileOptions::default()).unwrap();
    assert_current("spark", &compiled.files().into_iter().collect());
}

#[test]
fn committed_sql_for_databricks_is_current() {
    let files = compile(&default_model(), &on_databricks()).unwrap().files();
    let is_committed = |(path, _): &(String, String)| FOR_DATABRICKS.contains(&path.as_str());
    let expected: BTreeMap<String, String> = files.into_iter().filter(is_committed).collect();
    assert_eq!(expected.len(), FOR_DATABRICKS.len(), "{:?}", expected.keys());
    assert_current("databricks", &expected);
}

#[test]
fn statements_for_databricks_differ_from_those_for_spark_in_the_properties_of_tables_alone() {
    let model = default_model();
    let plain = CompileOptions { target: Target::Databricks, ..CompileOptions::default() };
    let located = CompileOptions { location: Some("s3://bucket/lake".to_owned()), ..on_databricks() };
    for options in [plain, on_databricks(), located] {
        let databricks = compile(&model, &options).unwrap();
        let spark = compile(&model, &CompileOptions { target: Target::Spark, ..options }).unwrap();
        assert_eq!(databricks.scripts.len(), spark.scripts.len());
        let mut created = 0;
        for (script, mut expected) in databricks.scripts.iter().zip(spark.scripts) {
            let tables = expected.statements.iter_mut();
            for table in tables.filter(|one| one.name == "create" && one.sql.starts_with("create table ")) {
                table.sql.push_str(PROPERTIES);
                created += 1;
            }
            assert_eq!(script, &expected);
        }
        assert_eq!(created, 2 * model.bronze.len() + model.gold.len() + 1, "bronze, quarantine, gold, positions");
        let manifest = spark.manifest.replacen("\"target\": \"spark\"", "\"target\": \"databricks\"", 1);
        assert_eq!(databricks.manifest, manifest);
    }
}

#[test]
fn every_table_of_the_model_has_its_statements() {
    let model = default_model();
    let compiled = compile(&model, &CompileOptions::default()).unwrap();
    let tables = compiled.scripts.iter().filter(|script| script.path.contains('/')).count();
    assert_eq!(tables, model.bronze.len() + model.gold.len());
    for script in compiled.scripts.iter().filter(|script| script.path.contains('/')) {
        let names: Vec<&str> = script.statements.iter().map(|statement| statement.name.as_str()).collect();
        let expected: &[&str] = match script.path.starts_with("bronze/") {
            true => &["create", "create", "quarantine", "load"],
            false => &["create", "begin", "rebuild", "refresh", "end"],
        };
        assert_eq!(names, expected, "{}", script.path);
        assert!(script.statements.iter().all(|statement| !statement.sql.contains(goldsmith_spark::MARKER)));
    }
}

#[test]
fn tables_are_named_and_placed_as_asked() {
    let options = CompileOptions {
        catalog: Some("main".to_owned()),
        location: Some("s3://bucket/lake/".to_owned()),
        source_catalog: "shared".to_owned(),
        gold_schema: Some("Gold Layer".to_owned()),
        ..CompileOptions::default()
    };
    let compiled = compile(&default_model(), &options).unwrap();
    let text = |path: &str| compiled.scripts.iter().find(|script| script.path == path).unwrap().text();
    let fact = text("gold/fact_usage.sql");
    assert!(fact.contains("create table if not exists main.`Gold Layer`.fact_usage ("), "{fact}");
    assert!(fact.contains("location 's3://bucket/lake/system_gold/fact_usage'"), "{fact}");
    let known = "create table if not exists main.`Gold Layer`.fact_usage\nusing delta\nlocation 's3://bucket/lake/system_gold/fact_usage';";
    assert!(fact.contains(known), "a table that is there becomes known as it is: {fact}");
    assert!(fact.contains("from main.system_bronze.billing_usage"), "{fact}");
    assert!(text("bronze/billing_usage.sql").contains("from shared.billing.usage"));
}
