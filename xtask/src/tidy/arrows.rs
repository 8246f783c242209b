//! Dependencies point downwards: what each crate may and must not know, read from the manifests.

use std::fs;

use toml::{Table, Value};

use super::Violation;
use crate::XtaskError;
use crate::repository::RepositoryFile;

/// What one crate may know.
struct Fence {
    package: &'static str,
    /// The crates of this workspace that it may use.
    may_use: &'static [&'static str],
    /// Libraries that it must not use.
    must_not_use: &'static [&'static str],
}

const FENCES: [Fence; 10] = [
    Fence {
        package: "goldsmith-model",
        may_use: &[],
        must_not_use: &["arrow", "clap", "datafusion", "deltalake", "object_store", "parquet", "pyo3", "tokio"],
    },
    Fence {
        package: "goldsmith-plan",
        may_use: &["goldsmith-model"],
        must_not_use: &["arrow", "clap", "datafusion", "deltalake", "object_store", "parquet", "pyo3", "tokio"],
    },
    Fence {
        package: "goldsmith-catalog",
        may_use: &["goldsmith-model"],
        must_not_use: &[
            "arrow",
            "clap",
            "datafusion",
            "deltalake",
            "object_store",
            "parquet",
            "pyo3",
            "sqlparser",
            "tokio",
        ],
    },
    Fence {
        package: "goldsmith-query",
        may_use: &["goldsmith-model"],
        must_not_use: &["clap", "deltalake", "object_store", "pyo3"],
    },
    Fence { package: "goldsmith-lake", may_use: &[], must_not_use: &["clap", "pyo3"] },
    Fence {
        package: "goldsmith",
        may_use: &["goldsmith-lake", "goldsmith-model", "goldsmith-plan", "goldsmith-query"],
        must_not_use: &["clap", "comfy-table", "deltalake", "indicatif", "object_store", "pyo3"],
    },
    Fence {
        package: "goldsmith-spark",
        may_use: &["goldsmith-model", "goldsmith-plan", "goldsmith-query"],
        must_not_use: &["clap", "deltalake", "object_store", "parquet", "pyo3", "tokio"],
    },
    Fence { package: "goldsmith-synth", may_use: &[], must_not_use: &["clap", "datafusion", "deltalake", "pyo3"] },
    Fence {
        package: "goldsmith-cli",
        may_use: &["goldsmith", "goldsmith-catalog", "goldsmith-model", "goldsmith-spark", "goldsmith-synth"],
        must_not_use: &["deltalake", "object_store", "pyo3"],
    },
    Fence {
        package: "goldsmith-py",
        may_use: &["goldsmith", "goldsmith-cli", "goldsmith-spark"],
        must_not_use: &["deltalake", "object_store"],
    },
];

/// Crates that only tests and maintainers build; they may use anything.
const UNFENCED: [&str; 1] = ["goldsmith-testkit"];

pub(super) fn check(files: &[RepositoryFile]) -> Result<Vec<Violation>, XtaskError> {
    let mut out = Vec::new();
    for file in files {
        let is_crate = file.name.starts_with("crates/") && file.name.matches('/').count() == 2;
        if !is_crate || !file.name.ends_with("/Cargo.toml") {
            continue;
        }
        let text = fs::read_to_string(&file.path).map_err(XtaskError::io(&file.path))?;
        let manifest: Table =
            text.parse().map_err(|source| XtaskError::Manifest { path: file.path.clone(), source })?;
        out.extend(of_manifest(&file.name, &manifest));
    }
    Ok(out)
}

fn of_manifest(path: &str, manifest: &Table) -> Vec<Violation> {
    let package =
        manifest.get("package").and_then(|package| package.get("name")).and_then(Value::as_str).unwrap_or_default();
    let Some(fence) = FENCES.iter().find(|fence| fence.package == package) else {
        let known = UNFENCED.contains(&package);
        let message = format!("no rule says what `{package}` may use; add one to the tidy check");
        return if known { Vec::new() } else { vec![Violation::of_file(path, message)] };
    };
    let mut out = Vec::new();
    for dependency in dependencies(manifest) {
        let is_ours = dependency == "goldsmith" || dependency.starts_with("goldsmith-");
        let is_wrong = if is_ours {
            !fence.may_use.contains(&dependency.as_str())
        } else {
            // A library in several packages (datafusion-expr, tokio-util) counts as one.
            fence.must_not_use.iter().any(|name| dependency == *name || dependency.starts_with(&format!("{name}-")))
        };
        if is_wrong {
            out.push(Violation::of_file(path, format!("`{package}` must not depend on `{dependency}`")));
        }
    }
    out
}

/// The packages that a crate needs to be built, on any platform. What only its tests need is not among them.
fn dependencies(manifest: &Table) -> Vec<String> {
    let mut tables = vec![manifest];
    let targets = manifest.get("target").and_then(Value::as_table);
    tables.extend(targets.into_iter().flat_map(|targets| targets.values().filter_map(Value::as_table)));
    let mut out = Vec::new();
    for table in tables {
        for kind in ["dependencies", "build-dependencies"] {
            for (name, value) in table.get(kind).and_then(Value::as_table).into_iter().flatten() {
                let renamed = value.get("package").and_then(Value::as_str);
                out.push(renamed.unwrap_or(name).to_owned());
            }
        }
    }
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn forbidden_dependencies_are_found_wherever_they_stand() {
        let cases = [
            (
                "[package]\nname = \"goldsmith-plan\"\n[dependencies]\ngoldsmith-model.workspace = true\nserde = \"1\"",
                0,
            ),
            ("[package]\nname = \"goldsmith-plan\"\n[dependencies]\ngoldsmith-lake.workspace = true", 1),
            ("[package]\nname = \"goldsmith-plan\"\n[dependencies]\ntokio-util = \"0.7\"", 1),
            (
                "[package]\nname = \"goldsmith-plan\"\n[dependencies]\nrenamed = {package = \"tokio\", version = \"1\"}",
                1,
            ),
            ("[package]\nname = \"goldsmith-plan\"\n[target.'cfg(unix)'.dependencies]\ntokio = \"1\"", 1),
            ("[package]\nname = \"goldsmith-plan\"\n[dev-dependencies]\ntokio = \"1\"", 0),
            ("[package]\nname = \"goldsmith-elsewhere\"", 1),
        ];
        for (manifest, expected) in cases {
            let found = of_manifest("Cargo.toml", &manifest.parse().unwrap());
            assert_eq!(found.len(), expected, "{manifest}: {found:?}");
        }
    }
}
