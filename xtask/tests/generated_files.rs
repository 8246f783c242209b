//! What is generated from the models and committed is current.
#![allow(clippy::unwrap_used)]

use xtask::generate::{Drift, drift, generated_files, schemas, write};
use xtask::{load_model, root};

const HELP: &str = "run `cargo xtask generate` and commit what it writes";

#[test]
fn committed_documents_are_current() {
    let files = generated_files(&load_model(&root()).unwrap()).unwrap();
    let found: Vec<String> = drift(&root(), &files).unwrap().iter().map(ToString::to_string).collect();
    assert!(found.is_empty(), "{}\n{HELP}", found.join("\n"));
}

#[test]
fn committed_json_schemas_are_current() {
    let found: Vec<String> = drift(&root(), &schemas().unwrap()).unwrap().iter().map(ToString::to_string).collect();
    assert!(found.is_empty(), "{}\n{HELP}", found.join("\n"));
}

#[test]
fn every_kind_of_drift_is_found_and_repaired() {
    let directory = tempfile::tempdir().unwrap();
    let schemas = schemas().unwrap();
    let [first, second, ..] = schemas.as_slice() else { unreachable!("there are several schemas") };
    write(directory.path(), &schemas).unwrap();
    std::fs::remove_file(directory.path().join(&first.path)).unwrap();
    std::fs::write(directory.path().join(&second.path), "{\n").unwrap();
    std::fs::write(directory.path().join("schemas/former.schema.json"), "{}").unwrap();

    let found = drift(directory.path(), &schemas).unwrap();
    assert_eq!(
        found,
        [
            Drift::Missing(first.path.clone()),
            Drift::Differs { path: second.path.clone(), line: 2 },
            Drift::Stale("schemas/former.schema.json".to_owned()),
        ]
    );
    write(directory.path(), &schemas).unwrap();
    assert_eq!(drift(directory.path(), &schemas).unwrap(), []);
}
