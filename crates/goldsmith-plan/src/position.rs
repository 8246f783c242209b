//! The position that a gold table records in the same Delta commit as its rows.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

/// Format of the recorded position. A table with a greater one was written by a newer engine.
pub const POSITION_FORMAT: u32 = 1;

/// Name of an input of a gold table.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum InputName {
    /// A bronze table, by the name of its source.
    Bronze(String),
    /// Another gold table.
    Gold(String),
}

impl fmt::Display for InputName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bronze(name) => write!(f, "bronze:{name}"),
            Self::Gold(name) => write!(f, "gold:{name}"),
        }
    }
}

/// How far one input had come when the table was built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputPosition {
    /// Delta table id of the input; another id means that the input was dropped and created anew.
    pub table_id: String,
    /// Delta version of the input up to which everything is contained.
    pub version: u64,
}

/// What a gold table was built from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoldPosition {
    /// See [`POSITION_FORMAT`].
    pub format: u32,
    /// Fingerprint of the table's model when it was built.
    pub fingerprint: String,
    /// Inputs by the text of their [`InputName`]; an input that did not exist is absent.
    pub inputs: BTreeMap<String, InputPosition>,
}

impl GoldPosition {
    /// A position over `inputs`.
    pub fn new(fingerprint: String, inputs: BTreeMap<String, InputPosition>) -> Self {
        Self { format: POSITION_FORMAT, fingerprint, inputs }
    }

    /// Reads the text recorded in a table.
    ///
    /// # Errors
    /// The text is no position of this format.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// The text to record; keys are sorted, so that equal positions have equal texts.
    pub fn to_text(&self) -> String {
        serde_json::json!(self).to_string()
    }
}
