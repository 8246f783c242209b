//! A seeded generator of realistic Databricks system tables, for demos, tests and benches.
//!
//! One made-up account with its workspaces, principals, jobs, clusters and prices is derived from a
//! seed, and 35 system tables are told about it, split into deliveries: late rows, duplicates,
//! corrections, rows updated in place, versions out of order, runs that are still going on. Each row
//! is a pure function of the seed, the table and the row's number, so any delivery of any table can be
//! asked for at any time and in any order, in little memory, and always holds the same rows.
//!
//! ```
//! use goldsmith_synth::{Generator, SynthConfig};
//!
//! let generator = Generator::new(SynthConfig { rows: 20_000, ..SynthConfig::default() })?;
//! for batch in generator.batch("billing.usage", 0)? {
//!     assert!(batch?.num_rows() > 0);
//! }
//! # Ok::<(), goldsmith_synth::SynthError>(())
//! ```

mod access;
mod billing;
mod calendar;
mod changes;
mod columns;
mod compute;
mod config;
mod delivery;
mod error;
mod generator;
mod lakeflow;
mod marketplace;
mod mlflow;
mod quality;
mod query;
mod rng;
mod schema;
mod serving;
mod sharing;
mod source;
mod storage;
mod summary;
mod text;
mod world;

pub use config::SynthConfig;
pub use error::SynthError;
pub use generator::{Batches, Generator};
pub use summary::TableSummary;
