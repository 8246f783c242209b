//! Documents and schemas that are generated from the models.

mod bus_matrix;
mod data_dictionary;
mod describe;
mod erd;
mod lineage;
mod markdown;
mod origin;
mod sql;
mod unity_catalog;

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;

use goldsmith_model::diagnostic::error_index;
use goldsmith_model::{FileKind, GoldTable, Model, json_schema};

use crate::XtaskError;
use crate::repository::files_below;

pub use sql::compiled_sql;

/// Directories in which every file is generated.
const GENERATED_DIRECTORIES: [&str; 7] = [
    "gold_layer_design/erd",
    "gold_layer_design/data_dictionary",
    "gold_layer_design/lineage",
    "resources/sql/unity_catalog",
    "resources/sql/spark",
    "resources/sql/databricks",
    "schemas",
];

/// A generated file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GeneratedFile {
    /// Path relative to the root of the repository, with `/` between its parts.
    pub path: String,
    /// What the file holds.
    pub content: String,
}

impl GeneratedFile {
    fn new(path: impl Into<String>, content: String) -> Self {
        Self { path: path.into(), content }
    }
}

/// A generated file that is not current.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Drift {
    /// The file is not there.
    Missing(String),
    /// The file holds something else than would be generated.
    Differs {
        /// The file.
        path: String,
        /// First line that differs, from 1.
        line: usize,
    },
    /// Nothing generates the file any more.
    Stale(String),
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(path) => write!(f, "{path}: missing"),
            Self::Differs { path, line } => write!(f, "{path}:{line}: not current"),
            Self::Stale(path) => write!(f, "{path}: no longer generated"),
        }
    }
}

/// Everything that is generated from a model: diagrams, bus matrix, data dictionary, lineage, the list of diagnostics,
/// the SQL for Unity Catalog and the JSON Schemas of the model files.
///
/// # Errors
/// When a schema does not serialize, or there is no SQL for the example's catalog.
pub fn generated_files(model: &Model) -> Result<Vec<GeneratedFile>, XtaskError> {
    let mut files = Vec::new();
    files.extend(erd::files(model));
    files.push(bus_matrix::file(model));
    files.extend(data_dictionary::files(model));
    files.extend(lineage::files(model));
    files.push(GeneratedFile::new("docs/error_codes.md", error_codes()));
    files.extend(unity_catalog::files(model)?);
    files.extend(schemas()?);
    Ok(files)
}

/// The JSON Schemas of the model files, one per kind of file.
///
/// # Errors
/// When a schema does not serialize.
pub fn schemas() -> Result<Vec<GeneratedFile>, XtaskError> {
    let mut files = Vec::new();
    for kind in FileKind::ALL {
        let content = serde_json::to_string_pretty(&json_schema(kind))? + "\n";
        files.push(GeneratedFile::new(format!("schemas/{}.schema.json", kind.name()), content));
    }
    Ok(files)
}

/// Writes the files that are missing or differ, removes those that are no longer generated, and returns the paths of both.
///
/// # Errors
/// When a file cannot be read, written or removed.
pub fn write(root: &Path, files: &[GeneratedFile]) -> Result<Vec<String>, XtaskError> {
    let mut changed = Vec::new();
    for found in drift(root, files)? {
        let path = match found {
            Drift::Missing(path) | Drift::Differs { path, .. } => {
                let file = files.iter().find(|file| file.path == path);
                if let Some(file) = file {
                    write_file(&root.join(&path), &file.content)?;
                }
                path
            }
            Drift::Stale(path) => {
                let full = root.join(&path);
                fs::remove_file(&full).map_err(XtaskError::io(full))?;
                path
            }
        };
        changed.push(path);
    }
    Ok(changed)
}

fn write_file(path: &Path, content: &str) -> Result<(), XtaskError> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory).map_err(XtaskError::io(directory))?;
    }
    fs::write(path, content).map_err(XtaskError::io(path))
}

/// Compares the files with those in the repository.
///
/// # Errors
/// When a file cannot be read.
pub fn drift(root: &Path, files: &[GeneratedFile]) -> Result<Vec<Drift>, XtaskError> {
    let mut out = Vec::new();
    for file in files {
        let path = root.join(&file.path);
        match fs::read_to_string(&path) {
            Ok(found) if found == file.content => {}
            Ok(found) => {
                let same = found.lines().zip(file.content.lines()).take_while(|(a, b)| a == b).count();
                out.push(Drift::Differs { path: file.path.clone(), line: same + 1 });
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => out.push(Drift::Missing(file.path.clone())),
            Err(source) => return Err(XtaskError::Io { path, source }),
        }
    }
    for directory in GENERATED_DIRECTORIES {
        let owned = files.iter().any(|file| file.path.starts_with(&format!("{directory}/")));
        for found in files_below(root, directory)? {
            if owned && files.iter().all(|file| file.path != found.name) {
                out.push(Drift::Stale(found.name));
            }
        }
    }
    Ok(out)
}

fn error_codes() -> String {
    let index = error_index();
    match index.split_once('\n') {
        Some((title, rest)) => {
            format!("{title}\n\n{}{rest}", markdown::generated_note("crates/goldsmith-model/explain/"))
        }
        None => index,
    }
}

/// The gold tables by domain, both in alphabetical order.
fn by_domain(model: &Model) -> BTreeMap<&str, Vec<&GoldTable>> {
    let mut out: BTreeMap<&str, Vec<&GoldTable>> = BTreeMap::new();
    for table in model.gold.values() {
        out.entry(&table.domain).or_default().push(table);
    }
    out
}
