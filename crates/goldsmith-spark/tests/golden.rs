//! The committed SQL of the default model is what it compiles to.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use goldsmith_model::Model;
use goldsmith_spark::{CompileOptions, compile};

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

#[test]
fn committed_sql_is_current() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../resources/sql/spark");
    let compiled = compile(&default_model(), &CompileOptions::default()).unwrap();
    let expected: BTreeMap<String, String> = compiled.files().into_iter().collect();
    let mut found = BTreeMap::new();
    committed(&root, &root, &mut found);
    let mut differing: Vec<&String> =
        expected.keys().chain(found.keys()).filter(|path| expected.get(*path) != found.get(*path)).collect();
    differing.dedup();
    assert!(differing.is_empty(), "not current: {differing:?}; run `cargo xtask generate` and commit what it writes");
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
