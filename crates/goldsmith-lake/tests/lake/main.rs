//! Tests of the crate on real tables in temporary directories.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, unreachable_pub)]

mod commits;
mod delta_sources;
mod evolution;
mod maintenance;
mod memory;
mod opening;
mod parquet_sources;
mod staging;
mod stores;
mod support;
mod upserts;
mod vectors;
