//! Builders and runners for tests: a scratch lake with sources that rows are delivered to, and the data tests
//! of the model files, and storage that fails on purpose.

mod compare;
mod data_test;
mod error;
pub mod faults;
mod lake;
mod rows;

pub use data_test::run_case;
pub use error::{Result, TestkitError};
pub use lake::ScratchLake;
pub use rows::{Row, batch_of, rows_of};
