//! Builders and runners for tests: a scratch lake with sources that rows are delivered to, and storage that fails on purpose.

mod azure;
mod error;
pub mod faults;
mod lake;
mod requests;
mod rows;
mod s3;
mod server;

pub use azure::AzureServer;
pub use error::{Result, TestkitError};
pub use lake::{ScratchLake, dump};
pub use requests::{Request, RequestKind, Requests};
pub use rows::{Row, batch_of, rows_of};
pub use s3::S3Server;
