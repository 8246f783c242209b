//! Goldsmith turns the Databricks system tables into a star schema on Delta Lake.
//!
//! An [`Engine`] is built from a model (the embedded one, or one's own YAML files) and two locations, and
//! [run](Engine::run): it appends or merges what is new in the sources to bronze, exactly once, and brings
//! the gold tables up to date by their affected keys. Each table records in the same commit what it was
//! built from; there is no other state.
//!
//! ```no_run
//! # async fn demo() -> Result<(), goldsmith::Error> {
//! use goldsmith::{Engine, RunOptions};
//!
//! let engine = Engine::builder().source("data/system").target("data/lake").build()?;
//! let report = engine.run(&RunOptions::default()).await?;
//! for table in &report.tables {
//!     println!("{} {:?} {}", table.name, table.status, table.rows.written());
//! }
//! # Ok(()) }
//! ```

mod bronze;
mod check;
mod context;
mod delivery;
mod engine;
mod error;
mod event;
mod feed;
mod forget;
mod gold;
mod input;
mod layout;
mod plan;
mod query;
mod report;
mod run;
mod status;
mod verify;

pub use bronze::DriftError;
pub use delivery::{DeliveryMode, merge_delivery, write_delivery};
pub use engine::{Engine, EngineBuilder, ModelSource, RunOptions};
pub use error::{Error, ErrorKind, Result};
pub use event::{Observer, RunEvent};
pub use feed::{BoxedReader, Bucket, Feed, FeedPart, FeedRequest, FeedState};
pub use forget::Forgetting;
pub use goldsmith_lake::{LakeOptions, StoreLayer, check_storage_option};
pub use goldsmith_model as model;
pub use input::OpenBatches;
pub use layout::Layout;
pub use plan::TablePlan;
pub use report::{Layer, RowCounts, RunReport, TableReport, TableStatus};
pub use status::TableInfo;
pub use verify::{
    Check, CheckName, CheckOutcome, ColumnDifference, Example, TableVerification, VerifyOptions, VerifyReport,
};
