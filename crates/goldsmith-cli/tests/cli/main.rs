//! The program as its users see it: exit code, standard output and standard error.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod catalog;
mod crash;
mod demo;
mod describe;
mod errors;
mod object_store;
mod packaged_settings;
mod program;
#[cfg(unix)]
mod unwritable;
