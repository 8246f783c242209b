//! Arguments of the commands that generate data.

use std::path::PathBuf;

use clap::Args;
use goldsmith_synth::SynthConfig;

/// What is generated.
#[derive(Debug, Args)]
pub(crate) struct GeneratorArgs {
    /// Source rows of all tables together, approximately. Tables have a least size, some 3,000 rows in sum, and those of
    /// the latest state come whole with each delivery, so that few rows or many deliveries make more
    #[arg(long, value_name = "N", default_value_t = 60_000)]
    pub(crate) rows: u64,

    /// Deliveries that the rows are split into
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub(crate) batches: usize,

    /// Everything random follows from it
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

    /// Keep the tables of a former demo in DIR and deliver on top of them, in place of starting anew
    #[arg(long)]
    pub(crate) keep: bool,
}

/// Generate system tables
#[derive(Debug, Args)]
#[command(
    long_about = "Generates the system tables of a made-up account as Delta tables, one commit for each delivery, to try out \
                  models, runs and tools on. The same numbers always give the same rows.",
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
