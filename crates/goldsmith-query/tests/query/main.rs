//! Tests over the public interface: tables of cases, and randomised properties against references that are written
//! differently from the code. A property prints its seed when it fails; `GOLDSMITH_SEED` replays one.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, missing_docs)]

mod aggregates;
mod asof;
mod asof_random;
mod asof_ways;
mod checks;
mod expressions;
mod flattening;
mod folds;
mod laws;
mod lookups;
mod orders;
mod properties;
mod surrogates;
mod timelines;
mod world;
