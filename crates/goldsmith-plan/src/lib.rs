//! Decides what a run must do. Everything here is pure and synchronous: it reads a
//! [`Model`](goldsmith_model::Model) and descriptions of table states, and returns typed steps.
//! No table is opened here.
//!
//! - [`dag`]: the order in which gold tables are built, from their look-ups.
//! - [`position`]: what a table records in each commit about the inputs it was built from.
//! - [`decide`]: whether a gold table is up to date, needs its affected keys, or a rebuild, and why.

pub mod dag;
pub mod decide;
pub mod position;

pub use dag::{Dag, DagError, Selection};
pub use decide::{GoldAction, GoldState, InputState, LastWriter, RebuildReason, decide_gold};
pub use position::{GoldPosition, InputName, InputPosition, POSITION_FORMAT, SharedPosition};
