//! `manifest.json`: what a program needs to run the compiled statements.

use serde::Serialize;

use crate::error::Result;
use crate::merge::positions;
use crate::names::Names;
use crate::options::CompileOptions;
use crate::script::{MARKER, RUN, Script};

/// Name of the manifest's file.
pub const MANIFEST: &str = "manifest.json";

/// Format of the manifest.
const FORMAT: u32 = 2;

/// Order and files of a compiled model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Manifest {
    /// Format of this file.
    pub format: u32,
    /// The dialect.
    pub target: &'static str,
    /// Settings that a session must have: dates of instants are those in UTC.
    pub session: Vec<(&'static str, &'static str)>,
    /// What the line before each statement starts with.
    pub marker: &'static str,
    /// The expression that names a run in the rows that a statement writes; a literal can stand in its place.
    pub run: &'static str,
    /// The table of positions, in SQL.
    pub positions: String,
    /// The files in the order in which they are run.
    pub scripts: Vec<Entry>,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Path below the manifest's directory.
    pub file: String,
    /// `setup`, `bronze` or `gold`.
    pub layer: String,
    /// The table, by its name in the model.
    pub table: String,
    /// The table in SQL; none for what comes before all tables.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relation: Option<String>,
    /// The system table in SQL that a bronze table is loaded from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Fingerprint of the model of a gold table: rows that another one made have to be built anew.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// Names of the statements, in the order of the file.
    pub statements: Vec<String>,
}

impl Manifest {
    /// The manifest of compiled files.
    pub(crate) fn new(options: &CompileOptions, names: &Names, scripts: &[Script]) -> Self {
        let entries = scripts
            .iter()
            .map(|script| Entry {
                file: script.path.clone(),
                layer: script.path.split_once('/').map_or("setup", |(layer, _)| layer).to_owned(),
                table: script.table.clone(),
                relation: script.relation.clone(),
                source: script.source.clone(),
                fingerprint: script.fingerprint.clone(),
                statements: script.statements.iter().map(|statement| statement.name.clone()).collect(),
            })
            .collect();
        Self {
            format: FORMAT,
            target: options.target.name(),
            session: vec![("spark.sql.session.timeZone", "UTC")],
            marker: MARKER,
            run: RUN,
            positions: positions(names),
            scripts: entries,
        }
    }

    pub(crate) fn text(&self) -> Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }
}
