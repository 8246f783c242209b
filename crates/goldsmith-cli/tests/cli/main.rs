//! The program as its users see it: exit code, standard output and standard error.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod catalog;
mod crash;
mod data_tests;
mod demo;
mod describe;
mod errors;
#[cfg(target_os = "linux")]
mod memory;
mod numbers;
mod object_store;
mod packaged_settings;
mod program;
mod query;
#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod restart;
#[cfg(unix)]
mod unwritable;
