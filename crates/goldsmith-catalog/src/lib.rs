//! SQL that makes a lake of goldsmith known to Unity Catalog, generated from the model.
//!
//! The engine writes Delta tables to a location; Databricks finds them once they are registered as external tables.
//! [`statements`] yields what it takes, in order: schemas, tables, comments, tags, and informational primary and foreign keys.
//! Every statement can be run again. [`script`] writes them as one text, [`check_query`] asks the catalog whether all of it is there.
//!
//! ```
//! use goldsmith_catalog::{Catalog, CatalogOptions, statements};
//!
//! let model = goldsmith_model::load_embedded().unwrap().model;
//! let catalog = Catalog::new("main", "s3://bucket/lake").unwrap();
//! let all = statements(&model, &catalog, &CatalogOptions::default());
//! assert!(all.iter().any(|statement| statement.sql.starts_with("CREATE TABLE IF NOT EXISTS `main`.`system_gold`.")));
//! ```
//!
//! The crate is text from the model and nothing else: it opens no table and talks to no workspace.

mod catalog;
mod check;
mod describe;
mod error;
mod keys;
mod register;
mod script;
mod statement;
mod tables;
mod text;

pub use catalog::{Catalog, CatalogOptions, KeyPolicy};
pub use check::check_query;
pub use error::CatalogError;
pub use script::script;
pub use statement::{Layer, Purpose, Statement, statements};
