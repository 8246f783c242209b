//! Files of statements.

use serde::Serialize;

/// Starts the line before each statement of a file, so that a file can be taken apart without reading SQL.
pub const MARKER: &str = "-- statement: ";

/// The run that a statement stands for: the same for all rows that it writes. Who runs the statements may put the name of a run
/// in its place.
pub(crate) const RUN: &str = "concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS'))";

/// One SQL statement of a [`Script`]. It can be repeated, for instance by a run that was interrupted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Statement {
    /// What it is for: `create`, `attach`, `quarantine`, `load`, `begin`, `refresh`, `rebuild`, `end`. A run executes those that it
    /// needs, in this order.
    pub name: String,
    /// What it does, for a reader.
    pub comment: String,
    /// The statement, without a semicolon.
    pub sql: String,
}

impl Statement {
    pub(crate) fn new(name: &str, comment: impl Into<String>, sql: String) -> Self {
        Self { name: name.to_owned(), comment: comment.into(), sql }
    }
}

/// The statements of one table, or those that come before all tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// Path of the file, with `/` between its parts.
    pub path: String,
    /// The table, by its name in the model.
    pub table: String,
    /// What the table is, for a reader.
    pub heading: String,
    /// The table in SQL; none for what comes before all tables.
    pub relation: Option<String>,
    /// The system table in SQL that a bronze table is loaded from.
    pub source: Option<String>,
    /// Fingerprint of the model of a gold table.
    pub fingerprint: Option<String>,
    /// The statements.
    pub statements: Vec<Statement>,
}

impl Script {
    /// The text of the file.
    pub fn text(&self) -> String {
        let mut out: String = self.heading.lines().map(|line| format!("-- {line}\n")).collect();
        for statement in &self.statements {
            out.push_str(&format!("\n{MARKER}{}\n", statement.name));
            out.extend(statement.comment.lines().map(|line| format!("-- {line}\n")));
            out.push_str(&statement.sql);
            out.push_str(";\n");
        }
        out
    }
}
