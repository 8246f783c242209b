//! Where things are in this repository.

use std::fs;
use std::path::{Path, PathBuf};

use goldsmith_model::{Model, load_dir};

use crate::XtaskError;

/// Directories that hold nothing of the repository itself, but what tools and the demo leave there.
const FOREIGN: [&str; 8] =
    [".git", ".pytest_cache", ".venv", "__pycache__", "dist", "goldsmith-demo", "node_modules", "target"];

/// The root directory of the repository.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// Loads the models of the repository.
///
/// # Errors
/// When a model file cannot be read, or the models have errors.
pub fn load_model(root: &Path) -> Result<Model, XtaskError> {
    match load_dir(&root.join("models")) {
        Ok(loaded) => Ok(loaded.model),
        Err(diagnostics) => Err(XtaskError::Model { diagnostics }),
    }
}

/// A file of the repository.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RepositoryFile {
    /// Path relative to the root, with `/` between its parts.
    pub(crate) name: String,
    /// Where it is.
    pub(crate) path: PathBuf,
}

impl RepositoryFile {
    /// The text of the file; none for a file that is no UTF-8 text.
    pub(crate) fn text(&self) -> Result<Option<String>, XtaskError> {
        let bytes = fs::read(&self.path).map_err(XtaskError::io(&self.path))?;
        Ok(String::from_utf8(bytes).ok())
    }
}

/// All files below `directory`, a path relative to `root`, sorted by name; none where there is no such directory.
pub(crate) fn files_below(root: &Path, directory: &str) -> Result<Vec<RepositoryFile>, XtaskError> {
    let mut out = Vec::new();
    let start = if directory.is_empty() { root.to_path_buf() } else { root.join(directory) };
    if start.is_dir() {
        collect(&start, directory, &mut out)?;
    }
    out.sort();
    Ok(out)
}

fn collect(directory: &Path, name: &str, out: &mut Vec<RepositoryFile>) -> Result<(), XtaskError> {
    for entry in fs::read_dir(directory).map_err(XtaskError::io(directory))? {
        let entry = entry.map_err(XtaskError::io(directory))?;
        // What a link leads to is looked at where it lies.
        if entry.file_type().map_err(XtaskError::io(directory))?.is_symlink() {
            continue;
        }
        let path = entry.path();
        let Some(last) = path.file_name().and_then(|last| last.to_str()) else { continue };
        let name = if name.is_empty() { last.to_owned() } else { format!("{name}/{last}") };
        if path.is_dir() {
            if !FOREIGN.contains(&last) {
                collect(&path, &name, out)?;
            }
        } else {
            out.push(RepositoryFile { name, path });
        }
    }
    Ok(())
}
