//! Bronze: the history of the sources.

mod append;
mod conform;
mod drift;
mod job;
mod merge;
mod presence;
mod quarantine;

pub(crate) use conform::conform;
pub use drift::DriftError;
pub(crate) use job::{look, run_bronze};
pub(crate) use quarantine::{unidentified_rows, write as write_quarantine, write_if_many};
