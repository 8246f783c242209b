//! The public crates can be packed, and what they are built from is in the package.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use xtask::root;

/// Crates and the part of their files without which they are not what they are.
const NEEDED: [(&str, &[&str]); 9] = [
    ("goldsmith", &["src/lib.rs", "examples/default_model.rs", "examples/own_model.rs", "README.md"]),
    ("goldsmith-catalog", &["src/lib.rs"]),
    ("goldsmith-cli", &["src/main.rs", "src/args/help/query.txt", "src/commands/demo/spend.sql", "README.md"]),
    ("goldsmith-lake", &["src/lib.rs", "examples/upsert_alone.rs"]),
    ("goldsmith-model", &["src/lib.rs", "build.rs", "explain/unknown-column.md", "models/project.yaml"]),
    ("goldsmith-plan", &["src/lib.rs"]),
    ("goldsmith-query", &["src/lib.rs"]),
    ("goldsmith-spark", &["src/lib.rs"]),
    ("goldsmith-synth", &["src/lib.rs", "src/system_tables.txt"]),
];

fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO")).args(arguments).current_dir(root()).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo {}:\n{errors}", arguments.join(" "));
    String::from_utf8(output.stdout).unwrap()
}

/// The files of a package.
fn files(package: &str) -> BTreeSet<String> {
    let list = cargo(&["package", "--list", "--allow-dirty", "--offline", "--locked", "--package", package]);
    list.lines().map(|line| line.replace('\\', "/")).collect()
}

/// The names of the crates that may be published.
fn public_crates() -> BTreeSet<String> {
    let metadata = cargo(&["metadata", "--no-deps", "--format-version", "1", "--offline", "--locked"]);
    let metadata: serde_json::Value = serde_json::from_str(&metadata).unwrap();
    let packages = metadata["packages"].as_array().unwrap().iter();
    let public = packages.filter(|package| package["publish"].is_null());
    public
        .map(|package| {
            for key in ["description", "license", "documentation"] {
                assert!(package[key].is_string(), "{} has no {key}", package["name"]);
            }
            for key in ["keywords", "categories"] {
                assert_ne!(package[key].as_array().unwrap().len(), 0, "{} has no {key}", package["name"]);
            }
            package["name"].as_str().unwrap().to_owned()
        })
        .collect()
}

#[test]
fn every_public_crate_is_packed_with_what_it_needs() {
    let known: BTreeSet<String> = NEEDED.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(public_crates(), known, "a crate is public unless it says `publish = false`");
    for (package, needed) in NEEDED {
        let files = files(package);
        for file in needed.iter().chain(&["LICENSE"]) {
            assert!(files.contains(*file), "{package} is packed without {file}: {files:#?}");
        }
    }
}

#[test]
fn the_default_model_is_packed_whole() {
    let files = files("goldsmith-model");
    let packed: BTreeSet<&str> = files.iter().filter_map(|file| file.strip_prefix("models/")).collect();
    let mut model = BTreeSet::new();
    collect(&root().join("models"), "", &mut model);
    assert!(model.len() > 100, "{model:?}");
    assert_eq!(packed, model.iter().map(String::as_str).collect());
}

fn collect(directory: &Path, prefix: &str, out: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            collect(&entry.path(), &format!("{name}/"), out);
        } else {
            out.insert(name);
        }
    }
}
