//! The model that is built into the library.
#![allow(clippy::unwrap_used, clippy::panic)]

use goldsmith_model::{gold_columns, load_dir, load_embedded};
use std::path::Path;

#[test]
fn the_default_model_loads_without_a_problem() {
    let loaded = load_embedded().unwrap_or_else(|problems| {
        let texts: Vec<String> = problems.iter().map(ToString::to_string).collect();
        panic!("{} problems\n\n{}", texts.len(), texts.join("\n\n"));
    });
    assert_eq!(loaded.warnings, []);
    assert!(!loaded.model.gold.is_empty());
}

#[test]
fn directory_and_embedded_files_are_the_same_model() {
    let directory = load_dir(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models")).unwrap();
    assert_eq!(directory.model, load_embedded().unwrap().model);
}

#[test]
fn every_column_of_the_default_model_is_described_and_typed() {
    let model = load_embedded().unwrap().model;
    for table in model.gold.values() {
        for column in gold_columns(&model, table) {
            assert!(!column.description.is_empty(), "{}.{}", table.name, column.name);
            assert!(column.data_type.is_some(), "{}.{}", table.name, column.name);
        }
    }
}
