//! Results as tables, JSON and CSV. Nothing here writes anywhere.

pub(crate) mod batches;
pub(crate) mod data_tests;
pub(crate) mod diagnostics;
pub(crate) mod error;
mod map_keys;
pub(crate) mod number;
pub(crate) mod query_plan;
pub(crate) mod report;
mod style;
pub(crate) mod table;
pub(crate) mod verification;

pub(crate) use style::Paint;

/// A text of at most `width` characters; a cut one ends in an ellipsis.
pub(crate) fn shortened(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_string();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}
