//! The set of model files is complete, and each domain has its design notes.

use std::collections::BTreeSet;

use super::{Violation, files_of, gold_tables};
use crate::repository::RepositoryFile;

/// The system tables that the default model takes in.
const SOURCES: usize = 35;
/// The gold tables that it makes of them.
const GOLD_TABLES: usize = 38;

pub(super) fn check(files: &[RepositoryFile]) -> Vec<Violation> {
    let mut out = Vec::new();
    let gold = gold_tables(files);
    for (directory, found, expected) in
        [("models/bronze", files_of(files, "models/bronze/").len(), SOURCES), ("models/gold", gold.len(), GOLD_TABLES)]
    {
        if found != expected {
            out.push(Violation::of_file(directory, format!("{expected} files are expected, {found} are there")));
        }
    }
    let domains: BTreeSet<&str> = gold.iter().filter_map(|(_, path)| path.split('/').nth(2)).collect();
    for domain in domains {
        let notes = format!("gold_layer_design/notes/{domain}.md");
        if files.iter().all(|file| file.name != notes) {
            out.push(Violation::of_file(notes, "the domain has no design notes"));
        }
    }
    let tested = files_of(files, "models/tests/");
    let tested_names: BTreeSet<&str> = tested.iter().map(|(table, _)| *table).collect();
    let gold_names: BTreeSet<&str> = gold.iter().map(|(table, _)| *table).collect();
    for (table, path) in gold {
        if !tested_names.contains(table) {
            out.push(Violation::of_file(path, format!("the table has no data test; add models/tests/{table}.yaml")));
        }
    }
    for (table, path) in tested {
        if !gold_names.contains(table) {
            out.push(Violation::of_file(path, format!("there is no gold table `{table}`")));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_or_left_over_is_found() {
        let file = |name: &str| RepositoryFile { name: name.to_owned(), path: name.into() };
        let files = [file("models/gold/billing/dim_a.yaml"), file("models/tests/dim_b.yaml")];
        let found: Vec<String> = check(&files).into_iter().map(|violation| violation.path).collect();
        let expected = [
            "models/bronze",
            "models/gold",
            "gold_layer_design/notes/billing.md",
            "models/gold/billing/dim_a.yaml",
            "models/tests/dim_b.yaml",
        ];
        assert_eq!(found, expected);
    }
}
