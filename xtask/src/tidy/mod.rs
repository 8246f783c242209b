//! The tidy check: fences and habits that neither the compiler nor clippy holds.

mod arrows;
mod models;
mod names;
mod text;
mod versions;
mod wheel;

use std::fmt;
use std::path::Path;

use crate::XtaskError;
use crate::repository::{RepositoryFile, files_below};

/// A place that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Violation {
    /// File or directory, relative to the root of the repository.
    pub path: String,
    /// Line from 1, for a rule about lines.
    pub line: Option<usize>,
    /// What is wrong and what to do about it.
    pub message: String,
}

impl Violation {
    fn of_file(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), line: None, message: message.into() }
    }

    fn of_line(path: impl Into<String>, line: usize, message: impl Into<String>) -> Self {
        Self { path: path.into(), line: Some(line), message: message.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.path, self.message),
            None => write!(f, "{}: {}", self.path, self.message),
        }
    }
}

/// Checks the repository against all rules.
///
/// # Errors
/// When a file cannot be read, or a Cargo.toml is no valid TOML.
pub fn violations(root: &Path) -> Result<Vec<Violation>, XtaskError> {
    let files = files_below(root, "")?;
    let mut out = arrows::check(&files)?;
    out.extend(models::check(&files));
    out.extend(names::check(&files)?);
    out.extend(text::check(root, &files)?);
    out.extend(versions::check(&files)?);
    out.extend(wheel::check(&files)?);
    Ok(out)
}

/// Names of the gold tables with a model file, and these files.
fn gold_tables(files: &[RepositoryFile]) -> Vec<(&str, &str)> {
    files_of(files, "models/gold/")
}

/// Stems and paths of the YAML files below a directory.
fn files_of<'f>(files: &'f [RepositoryFile], directory: &str) -> Vec<(&'f str, &'f str)> {
    let stem = |file: &'f RepositoryFile| {
        let below = file.name.strip_prefix(directory)?.strip_suffix(".yaml")?;
        Some((below.rsplit_once('/').map_or(below, |(_, stem)| stem), file.name.as_str()))
    };
    files.iter().filter_map(stem).collect()
}
