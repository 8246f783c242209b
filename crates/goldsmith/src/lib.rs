//! Goldsmith turns the Databricks system tables into a star schema on Delta Lake.
//!
//! An [`Engine`] is built from a model (the embedded one, or one's own YAML files) and two locations, and
//! [run](Engine::run): it appends or merges what is new in the sources to bronze, exactly once, and brings
//! the gold tables up to date by their affected keys. Each table records in the same commit what it was
//! built from; there is no other state.
//!
//! # A run
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
//!
//! A table that fails is in the report with its error, and the others are built all the same: look at
//! [`RunReport::tables`]. The run itself fails only when nothing can be done, for instance because the target cannot be
//! reached. It can be stopped from elsewhere with [`Engine::cancellation`], and watched with an [`Observer`].
//!
//! # Before and after
//!
//! ```no_run
//! # async fn demo() -> Result<(), goldsmith::Error> {
//! use goldsmith::{Engine, RunOptions, VerifyOptions};
//!
//! let engine = Engine::builder().source("data/system").target("data/lake").build()?;
//! // What would a run do, and why? Changes nothing.
//! let options = RunOptions { select: vec!["billing".to_owned()], ..RunOptions::default() };
//! for table in engine.plan(&options).await?.iter().filter(|table| table.changes) {
//!     println!("{}: {}", table.name, table.what);
//! }
//! // What is there?
//! let rows = engine.query("select sku_name, sum(list_cost) as cost from fact_usage group by 1").await?;
//! // Is it right? Builds gold once more from bronze, beside the target, and compares.
//! assert!(engine.verify(&VerifyOptions::default()).await?.is_success());
//! # Ok(()) }
//! ```
//!
//! # One's own model, one's own rows
//!
//! A model is data: files, or texts of a program ([`ModelSource`]). What is wrong with it comes back all at once, as
//! [`Error::Model`] with a diagnostic for each problem. Rows may be handed over as Arrow batches in place of a source table;
//! the number of the delivery makes sure that none is taken over twice.
//!
//! ```no_run
//! use goldsmith::{Engine, Error, ModelSource};
//!
//! let files = vec![("project.yaml".to_owned(), "version: 1\nname: small\n".to_owned())];
//! match Engine::builder().model(ModelSource::Files(files)).target("lake").build() {
//!     // error[missing-description]: the file has no `description`
//!     Err(Error::Model { diagnostics }) => diagnostics.iter().for_each(|problem| println!("{problem}")),
//!     Err(other) => println!("{other}"),
//!     Ok(engine) => println!("{} gold tables", engine.model().gold.len()),
//! }
//! ```
//!
//! # Where to go on
//!
//! - `examples/default_model.rs` runs the default model, `examples/own_model.rs` one of its own with batches handed over.
//! - [`data_tests`] carries out the data tests of a model.
//! - [`model`] is the language of the models: load, check and look at them without an engine.
//! - The crate `goldsmith-lake` is the upsert core alone, without any model; its example is `upsert_alone.rs`.
//! - [`LakeOptions`] has the storage: credentials of S3, Azure and Google, file sizes, threads.
//! - [`EngineBuilder::memory_limit`] bounds the memory of everything that an engine does.
//! - Errors tell their [`ErrorKind`], by which a caller decides whether to try again.

mod bronze;
mod check;
mod context;
mod damage;
pub mod data_tests;
mod delivery;
mod engine;
mod error;
mod event;
mod feed;
mod forget;
mod gold;
mod input;
mod layout;
mod maintain;
mod memory;
mod model_source;
mod plan;
mod query;
mod report;
mod run;
mod sources;
mod status;
mod verify;

pub use bronze::DriftError;
pub use delivery::{DeliveryMode, merge_delivery, write_delivery};
pub use engine::{Engine, EngineBuilder, RunOptions, check_currency};
pub use error::{Error, ErrorKind, Result};
pub use event::{Observer, RunEvent};
pub use feed::{BoxedReader, Bucket, Feed, FeedPart, FeedRequest, FeedState};
pub use forget::Forgetting;
pub use goldsmith_lake::{CATALOG, LakeOptions, Location, StoreLayer, check_storage_option};
pub use goldsmith_model as model;
pub use input::OpenBatches;
pub use layout::Layout;
pub use maintain::{MaintainOptions, MaintainReport, TableMaintenance};
pub use memory::MemoryLimit;
pub use model_source::ModelSource;
pub use plan::TablePlan;
pub use report::{Layer, RowCounts, RunReport, TableReport, TableStatus};
pub use status::TableInfo;
pub use verify::{
    BehindInput, Check, CheckName, CheckOutcome, ColumnDifference, Example, TableVerification, VerifyOptions,
    VerifyReport,
};
