//! What a run means, end to end: rows written by hand arrive in one order or another, and after every run the tables hold
//! what one build from all of bronze gives.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod calendar;
mod chains;
mod histories;
mod keys;
mod lookups;
mod members;
mod mirrors;
mod models;
mod overflow;
mod presence;
mod prices;
mod readers;
mod rewrites;
mod runs;
mod support;
mod ties;
