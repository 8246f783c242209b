//! Loading a model: from a directory, from the files built into the library, or from texts.

mod assemble;
mod files;

use std::path::Path;

use crate::diagnostic::{Code, Diagnostic};
use crate::domain::{DataTest, Model};
use crate::locator::{Locator, Place};

/// A model that has passed all checks of this crate.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The model.
    pub model: Model,
    /// The data tests, sorted by table.
    pub tests: Vec<DataTest>,
    /// What looks wrong without being an error.
    pub warnings: Vec<Diagnostic>,
    /// Where everything stands.
    pub locator: Locator,
}

/// The files of the default model: paths relative to the models directory, and texts.
pub fn embedded_files() -> &'static [(&'static str, &'static str)] {
    include!(concat!(env!("OUT_DIR"), "/embedded.rs"))
}

/// Loads the default model, which is built into the library.
///
/// # Errors
/// All problems of all files, in their order.
pub fn load_embedded() -> Result<Loaded, Vec<Diagnostic>> {
    load_files(embedded_files().iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect())
}

/// Loads the model of a directory: `project.yaml`, `bronze/`, `gold/` and `tests/`. Files that are no YAML, and those
/// whose name starts with a dot, are left alone.
///
/// # Errors
/// All problems of all files, in their order; a directory or file that cannot be read is one of them.
pub fn load_dir(directory: &Path) -> Result<Loaded, Vec<Diagnostic>> {
    let mut files = Vec::new();
    let mut problems = Vec::new();
    collect(directory, "", &mut files, &mut problems);
    if files.is_empty() && !problems.is_empty() {
        return Err(problems);
    }
    assemble::assemble(files, problems)
}

/// Loads a model from texts: paths relative to the models directory, with `/` between their parts.
///
/// # Errors
/// All problems of all files, in their order.
pub fn load_files(files: Vec<(String, String)>) -> Result<Loaded, Vec<Diagnostic>> {
    assemble::assemble(files, Vec::new())
}

fn collect(directory: &Path, prefix: &str, files: &mut Vec<(String, String)>, problems: &mut Vec<Diagnostic>) {
    let mut unreadable = |path: &str, what: &str, error: &dyn std::fmt::Display| {
        let path = if path.is_empty() { "." } else { path };
        problems.push(Diagnostic::new(
            Code::UnreadableFile,
            Place::start_of(path),
            format!("the {what} cannot be read: {error}"),
        ));
    };
    let entries = match std::fs::read_dir(directory).and_then(Iterator::collect::<std::io::Result<Vec<_>>>) {
        Ok(entries) => entries,
        Err(error) => return unreadable(prefix.trim_end_matches('/'), "directory", &error),
    };
    let mut directories = Vec::new();
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = entry.path();
        if name.starts_with('.') {
            continue;
        }
        let shown = format!("{prefix}{name}");
        if path.is_dir() {
            directories.push((path, format!("{shown}/")));
        } else if name.ends_with(".yaml") || name.ends_with(".yml") {
            match std::fs::read_to_string(&path) {
                Ok(text) => files.push((shown, text)),
                Err(error) => unreadable(&shown, "file", &error),
            }
        }
    }
    for (path, prefix) in directories {
        collect(&path, &prefix, files, problems);
    }
}
