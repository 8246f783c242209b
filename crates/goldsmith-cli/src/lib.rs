//! The goldsmith command line, as a library, so that every packaging runs the same program.
//!
//! Three layers, each ignorant of the one before it: `args` knows clap and nothing else, `settings`
//! resolves flags, environment, file and defaults to values that know where they came from, and
//! `commands` do the work, one file each. `render` turns results into tables, JSON and CSV.
//! Data goes to standard output, everything else to standard error.
//!
//! Exit codes: 0 done, 1 the user can fix it, 2 unexpected.

mod args;
mod commands;
mod error;
mod interrupt;
mod logging;
mod printer;
mod progress;
mod render;
mod runner;
mod settings;

pub use runner::{is_short_of_memory, main_with, run_with};
