//! Diagnostics: problems of the user's model files, each with its place.

mod code;
mod render;

use serde::Serialize;

pub use code::{Code, UnknownCode, error_index};

use crate::locator::{Locator, Place};

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The model cannot be used.
    Error,
    /// The model can be used, but something looks wrong.
    Warning,
}

/// One problem of a model file.
///
/// `Display` renders it as plain text in several lines: code and message, place, the offending line with carets
/// below it, and a help line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// What kind of problem.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// File, relative to the models directory, with `/` between its parts.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Number of characters on that line, at least 1.
    pub length: usize,
    /// What is wrong, in lower case, names in backticks.
    pub message: String,
    /// The offending line of the file.
    pub snippet: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Diagnostic {
    /// An error at a place.
    pub fn new(code: Code, place: Place, message: impl Into<String>) -> Self {
        let Place { file, line, column, length, snippet } = place;
        let severity = if code == Code::UnusedSource { Severity::Warning } else { Severity::Error };
        Self { code, severity, file, line, column, length, message: message.into(), snippet, help: None }
    }

    /// The same with a help line.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<Option<String>>) -> Self {
        self.help = help.into();
        self
    }

    /// Turns a problem found elsewhere (the type check of expressions) into a diagnostic, by looking its place up.
    ///
    /// A pointer that leads nowhere gives the nearest place above it; an unknown table gives the first line of
    /// `project.yaml`, so that no problem is ever lost.
    pub fn from_problem(locator: &Locator, problem: Problem<'_>) -> Self {
        let place = match problem.range {
            Some(range) => locator.locate_within(problem.table, problem.pointer, range),
            None => locator.locate(problem.table, problem.pointer),
        };
        let place = place.unwrap_or_else(|| Place::start_of("project.yaml"));
        Self::new(problem.code, place, problem.message).with_help(problem.help)
    }

    fn sort_key(&self) -> (&str, usize, usize, Code, &str) {
        (&self.file, self.line, self.column, self.code, &self.message)
    }
}

/// A problem that is known by table and pointer, not yet by file and line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem<'a> {
    /// Gold table, or source (`billing.usage`).
    pub table: &'a str,
    /// Path of keys and indices within the file, for instance `derived.list_cost.expr` or `dimensions[2]`.
    pub pointer: &'a str,
    /// Part of the text at the pointer, in bytes, when only that part is meant.
    pub range: Option<std::ops::Range<usize>>,
    /// What kind of problem.
    pub code: Code,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// Puts diagnostics into their order, by file and place, and drops exact repetitions.
pub fn sort(diagnostics: &mut Vec<Diagnostic>) {
    diagnostics.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
    diagnostics.dedup();
}
