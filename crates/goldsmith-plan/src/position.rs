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

/// How far a gold table has come, in terms that every engine can give and read: versions of tables are told by some servers only.
///
/// A run of this engine puts it beside its own [`GoldPosition`], another engine into a property of the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedPosition {
    /// See [`POSITION_FORMAT`].
    pub format: u32,
    /// Fingerprint of the table's model when it was built.
    pub fingerprint: String,
    /// The table contains all that bronze held at this instant (milliseconds since the epoch, by the clock of the engine).
    pub read_at: i64,
}

impl SharedPosition {
    /// How far the clocks of engines may differ.
    const CLOCKS: i64 = 60 * 60 * 1000;

    /// A position of this format.
    pub fn new(fingerprint: String, read_at: i64) -> Self {
        Self { format: POSITION_FORMAT, fingerprint, read_at }
    }

    /// Reads what an engine took down; none when this version does not understand it.
    pub fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok().filter(|position: &Self| position.format <= POSITION_FORMAT)
    }

    /// The text to take down.
    pub fn to_text(&self) -> String {
        serde_json::json!(self).to_string()
    }

    /// What was committed to bronze until this instant (milliseconds since the epoch) is certainly contained.
    pub fn certain_until(&self) -> i64 {
        self.read_at - Self::CLOCKS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shared_position_is_read_as_it_was_taken_down_and_allows_for_clocks() {
        let position = SharedPosition::new("f".into(), 7_200_000);
        let text = r#"{"fingerprint":"f","format":1,"read_at":7200000}"#;
        assert_eq!(SharedPosition::parse(text), Some(position.clone()));
        assert_eq!(SharedPosition::parse(&position.to_text()), Some(position.clone()));
        assert_eq!(position.certain_until(), 3_600_000);
        for unknown in [r#"{"fingerprint":"f","format":2,"read_at":1}"#, r#"{"format":1}"#, "", "x"] {
            assert_eq!(SharedPosition::parse(unknown), None, "{unknown}");
        }
    }
}
