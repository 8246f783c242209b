//! Housekeeping of this repository: documents that are generated from the models, and the tidy check.
//!
//! `cargo xtask generate` writes the documents, `cargo xtask generate --check` and a test find any that are not
//! current. `cargo xtask tidy` and a test hold the fences between the crates and a few rules of the repository.

mod error;
pub mod generate;
mod repository;
pub mod tidy;

pub use error::XtaskError;
pub use repository::{load_model, root};
