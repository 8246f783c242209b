//! Pure, vectorised cores over Arrow: what a gold table's rows are, given the rows it is made from.
//!
//! Nothing here reads or writes a table, waits for anything or knows how often it is called. Every module takes
//! record batches and returns record batches, and every result depends only on the set of rows that goes in,
//! never on their order or on how they are split:
//!
//! - [`types`] and [`normalize`] translate between declared types and Arrow, and remove the physical variants
//!   (views, dictionaries, other time units) in which scans deliver columns;
//! - [`flatten`] turns source rows into rows of carried columns;
//! - [`order`] holds the total order of versions, grouping and exact sets of keys;
//! - [`fold`] folds slices into runs, [`timeline`] builds SCD2 versions, [`aggregate`] gathers members,
//!   [`calendar`] makes days;
//! - [`memory`] tells what rows take;
//! - [`law`] holds the conservation laws of a model against what enters and what leaves;
//! - [`surrogate`] computes surrogate keys and [`lookup`] resolves them; [`asof`] does the same as a join in a DataFusion plan;
//! - [`functions`] and [`expression`] compile and run the SQL expressions of a model;
//! - [`gold`] says which columns a gold table has, and [`check`] type-checks a whole model offline.

pub mod aggregate;
pub mod asof;
pub mod calendar;
pub mod check;
pub mod columns;
mod error;
pub mod expression;
pub mod flatten;
pub mod fold;
pub mod functions;
pub mod gold;
pub mod json;
pub mod law;
pub mod lookup;
pub mod memory;
pub mod normalize;
pub mod order;
pub mod surrogate;
pub mod timeline;
pub mod types;

pub use error::{ErrorKind, QueryError, Result};
