//! The goldsmith model language: YAML to a validated dimensional model, with diagnostics.
//!
//! A model is a directory of YAML files that say what the sources and the gold tables are, never how they are loaded.
//! [`load_dir`] reads it in stages, none of which stops at a problem: text to tree, tree against the shape of its file,
//! and then the checks between files. What comes out is either a [`Model`] that every other crate can trust, or all
//! [`Diagnostic`]s of all files.
//!
//! ```
//! let files = vec![("project.yaml".to_owned(), "version: 1\nname: empty\ndescripton: Nothing yet.\n".to_owned())];
//! let found = goldsmith_model::load_files(files).unwrap_err();
//! assert_eq!(found[0].to_string().lines().next(), Some("error[missing-description]: the file has no `description`"));
//! assert_eq!(found[1].help.as_deref(), Some("did you mean `description`?"));
//! ```
//!
//! Expressions are texts here; that they are valid SQL over the columns they can see is checked where the SQL engine
//! is, and comes back through [`Diagnostic::from_problem`]. This crate knows neither the engine nor any table format.

mod check;
pub mod columns;
pub mod diagnostic;
pub mod domain;
mod fingerprint;
pub mod flatten;
pub mod load;
mod locator;
mod read;
mod shape;
pub mod sql;
mod suggest;
mod syntax;

pub use columns::{ColumnRole, GoldColumn, gold_columns};
pub use diagnostic::{Code, Diagnostic, Severity};
pub use domain::*;
pub use fingerprint::gold_fingerprint;
pub use flatten::{CarriedColumn, carried_columns};
pub use load::{Loaded, load_dir, load_embedded, load_files};
pub use locator::{Locator, Place};
pub use shape::{FileKind, json_schema};
pub use suggest::nearest;
