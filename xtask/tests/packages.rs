//! The public crates can be packed, and what they are built from is in the package.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
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

/// Categories of crates.io that fit; what is none of its slugs is left out there without an error.
const CATEGORIES: [&str; 5] =
    ["command-line-utilities", "data-structures", "database", "database-implementations", "development-tools"];

fn cargo(arguments: &[&str]) -> String {
    run_cargo(arguments).0
}

/// What cargo prints, and what it tells.
fn run_cargo(arguments: &[&str]) -> (String, String) {
    let output = Command::new(env!("CARGO")).args(arguments).current_dir(root()).output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "cargo {}:\n{told}", arguments.join(" "));
    (String::from_utf8(output.stdout).unwrap(), told)
}

/// The files of a package.
fn files(package: &str) -> BTreeSet<String> {
    let list = cargo(&["package", "--list", "--allow-dirty", "--offline", "--locked", "--package", package]);
    list.lines().map(|line| line.replace('\\', "/")).collect()
}

/// What cargo knows of the crates of the workspace.
fn packages() -> Vec<Value> {
    let metadata = cargo(&["metadata", "--no-deps", "--format-version", "1", "--offline", "--locked"]);
    let mut metadata: Value = serde_json::from_str(&metadata).unwrap();
    match metadata["packages"].take() {
        Value::Array(packages) => packages,
        other => panic!("{other}"),
    }
}

fn is_public(package: &Value) -> bool {
    package["publish"].is_null()
}

fn name(package: &Value) -> String {
    package["name"].as_str().unwrap().to_owned()
}

/// The texts of a list.
fn texts<'v>(package: &'v Value, key: &str) -> Vec<&'v str> {
    package[key].as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect()
}

/// Whether crates.io takes a word as a keyword.
fn is_keyword(word: &str) -> bool {
    word.len() <= 20
        && word.starts_with(|c: char| c.is_ascii_alphanumeric())
        && word.chars().all(|c| c.is_ascii_alphanumeric() || "_-+".contains(c))
}

#[test]
fn every_public_crate_is_packed_with_what_it_needs() {
    let known: BTreeSet<String> = NEEDED.iter().map(|(name, _)| (*name).to_owned()).collect();
    let public: BTreeSet<String> = packages().iter().filter(|package| is_public(package)).map(name).collect();
    assert_eq!(public, known, "a crate is public unless it says `publish = false`");
    for (package, needed) in NEEDED {
        let files = files(package);
        for file in needed.iter().chain(&["LICENSE"]) {
            assert!(files.contains(*file), "{package} is packed without {file}: {files:#?}");
        }
    }
}

/// What `cargo publish` refuses, without a registry: versions that depend on nothing that is there, readme files and build scripts that are
/// not, manifests that cannot be rewritten. It packs the files, and builds none of them.
#[test]
fn public_crates_can_be_packed() {
    let out = tempfile::tempdir().unwrap();
    let out = out.path().to_str().unwrap();
    let mut arguments = vec!["package", "--no-verify", "--exclude-lockfile", "--allow-dirty", "--offline", "--locked"];
    arguments.extend(["--target-dir", out]);
    arguments.extend(NEEDED.iter().flat_map(|(package, _)| ["--package", *package]));
    let (_, told) = run_cargo(&arguments);
    for problem in ["manifest has no ", "ignoring example ", "ignoring binary ", "ignoring library "] {
        assert!(!told.contains(problem), "{told}");
    }
    let packed: BTreeSet<String> = std::fs::read_dir(Path::new(out).join("package"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".crate"))
        .collect();
    let expected = NEEDED.iter().map(|(package, _)| format!("{package}-{}.crate", env!("CARGO_PKG_VERSION")));
    assert_eq!(packed, expected.collect::<BTreeSet<_>>());
}

/// What crates.io refuses, which cargo asks only when it uploads.
#[test]
fn crates_io_takes_the_metadata_of_public_crates() {
    let packages = packages();
    let public: BTreeSet<String> = packages.iter().filter(|package| is_public(package)).map(name).collect();
    for package in packages.iter().filter(|package| is_public(package)) {
        let crate_name = name(package);
        for key in ["description", "license", "documentation"] {
            let text = package[key].as_str().unwrap_or_else(|| panic!("{crate_name} has no {key}"));
            assert!((1..=1_000).contains(&text.trim().len()), "{crate_name}: {key}");
        }
        let (keywords, categories) = (texts(package, "keywords"), texts(package, "categories"));
        assert!((1..=5).contains(&keywords.len()), "{crate_name}: {keywords:?}");
        assert!(keywords.iter().all(|word| is_keyword(word)), "{crate_name}: {keywords:?}");
        assert!((1..=5).contains(&categories.len()), "{crate_name}: {categories:?}");
        assert!(categories.iter().all(|slug| CATEGORIES.contains(slug)), "{crate_name}: {categories:?}");
        for dependency in package["dependencies"].as_array().unwrap() {
            // One of the workspace without a version is left out where it is for tests, and refused otherwise.
            let (other, requirement) = (name(dependency), dependency["req"].as_str().unwrap());
            let is_asked_for = dependency["kind"] != "dev" || requirement != "*";
            if dependency["path"].is_string() && is_asked_for {
                assert!(public.contains(&other), "{crate_name} asks for {other}, which nobody can download");
                assert_ne!(requirement, "*", "{crate_name} asks for any version of {other}");
            }
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
