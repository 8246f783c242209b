//! What goldsmith's cores do, beside peers that do the same on the same data.
//!
//! A [`Case`] is one piece of work on one set of data, with a [`Side`] for each way to do it: ours, and a reference (SQL of
//! DataFusion, `MERGE` of delta-rs). The sides of a case start from the same rows and must end with the same rows, which
//! [`Case::check`] holds against each other before anything is timed. The bench `peers` times the sides with Criterion, and
//! measures in a process of its own what memory one of them takes ([`peak::measure`]).
//!
//! All data is made up from row numbers alone, so that equal sizes give equal rows on every machine.

mod case;
mod cases;
mod data;
mod directory;
mod fingerprint;
pub mod large;
mod merge;
pub mod peak;
mod sizes;
mod sql;

pub use case::{Case, Job, Lab, Output, Result, Role, Side, Work};
pub use cases::cases;
pub use fingerprint::Fingerprint;
pub use sizes::{SIZE_VARIABLE, Sizes};
