//! Helpers shared by the end-to-end tests.

pub mod arrival;
pub mod broken;
pub mod content;
pub mod crash;
pub mod log;
pub mod mount;
pub mod part;
pub mod points;
pub mod process;
pub mod python;
pub mod synth;

use goldsmith_testkit::ScratchLake;
use serde_json::Value;

/// Rows written as a JSON array of objects.
///
/// # Panics
/// The text is no such array: a mistake in the test.
#[expect(clippy::expect_used, reason = "a mistake in a test must stop it")]
pub fn rows(text: &str) -> Vec<serde_json::Map<String, Value>> {
    serde_json::from_str(text).expect("an array of objects")
}

/// The seeds of a randomised test: `GOLDSMITH_SEEDS` (`7` or `100..200`) or the given ones.
pub fn seeds(default: std::ops::Range<u64>) -> std::ops::Range<u64> {
    let Ok(text) = std::env::var("GOLDSMITH_SEEDS") else {
        return default;
    };
    match text.split_once("..") {
        Some((from, to)) => from.parse().unwrap_or(0)..to.parse().unwrap_or(0),
        None => text.parse().map_or(default, |seed| seed..seed + 1),
    }
}

/// Names of all gold tables.
pub fn gold_tables(lake: &ScratchLake) -> Vec<String> {
    lake.model().gold.keys().cloned().collect()
}
