//! Tests of the crate on real tables in temporary directories.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, unreachable_pub)]

mod commits;
mod compacted;
mod conflicts;
mod contract;
mod copies;
mod delta_sources;
mod evolution;
mod guarded;
mod history;
mod intercepted;
mod maintenance;
mod memory;
mod mounts;
mod moved;
mod noted;
mod opening;
mod others;
mod parquet_sources;
mod pruning;
mod races;
mod random_races;
mod random_rows;
mod random_sequences;
mod random_upserts;
mod rewritten;
mod rules;
mod sql_scans;
mod staging;
mod stores;
mod support;
mod upserts;
mod vectors;
mod wide_batches;
mod wide_rows;
