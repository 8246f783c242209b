//! Arguments of the commands that generate data.

use std::path::PathBuf;

use clap::Args;
use goldsmith_synth::SynthConfig;

/// What is generated.
#[derive(Debug, Args)]
pub(crate) struct GeneratorArgs {
    /// Approximate number of source rows in all tables together. Tables have a minimum size, some 3,000 rows in total,
    /// and tables of the latest state are delivered in full each time, so few rows or many deliveries make more
    #[arg(long, value_name = "N", default_value_t = 60_000)]
    pub(crate) rows: u64,

    /// Deliveries that the rows are split into
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub(crate) batches: usize,

    /// Seed of everything random
    #[arg(long, value_name = "N", default_value_t = 42)]
    pub(crate) seed: u64,
}

impl GeneratorArgs {
    pub(crate) fn config(&self) -> SynthConfig {
        SynthConfig { rows: self.rows, batches: self.batches, seed: self.seed, ..SynthConfig::default() }
    }
}

/// See it work on generated data
#[derive(Debug, Args)]
#[command(
    long_about = "Generates the system tables of a made-up account, delivers them in several batches with late rows, \
                  duplicates and corrections, runs after each, and answers five questions from the gold tables.",
    after_long_help = include_str!("help/demo.txt")
)]
pub(crate) struct DemoArgs {
    /// Directory for the source tables (DIR/source) and the lake (DIR/lake)
    #[arg(long, value_name = "DIR", default_value = "goldsmith-demo")]
    pub(crate) dir: PathBuf,

    #[command(flatten)]
    pub(crate) generator: GeneratorArgs,

    /// Keep the tables of an earlier demo in DIR and deliver on top of them, instead of starting again
    #[arg(long)]
    pub(crate) keep: bool,
}

/// Generate system tables
#[derive(Debug, Args)]
#[command(
    long_about = "Generates the system tables of a made-up account as Delta tables, one commit for each delivery, for \
                  trying out models, runs and tools. The same numbers always give the same rows.",
    after_long_help = "Example: a million rows in ten deliveries, and a run over them.\n\n  \
                       $ goldsmith synth --out SYSTEM --rows 1000000 --batches 10\n  \
                       $ goldsmith run --source SYSTEM --target LAKE"
)]
pub(crate) struct SynthArgs {
    /// Directory or URL for the tables, empty or absent
    #[arg(long, value_name = "PATH")]
    pub(crate) out: String,

    #[command(flatten)]
    pub(crate) generator: GeneratorArgs,
}
