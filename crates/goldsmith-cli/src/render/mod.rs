//! Results as tables, JSON and CSV. Nothing here writes anywhere.

pub(crate) mod batches;
pub(crate) mod diagnostics;
pub(crate) mod error;
pub(crate) mod number;
pub(crate) mod report;
mod style;
pub(crate) mod table;

pub(crate) use style::Paint;
