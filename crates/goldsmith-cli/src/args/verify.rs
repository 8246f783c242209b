//! Arguments of `goldsmith verify`.

use std::path::PathBuf;

use clap::Args;
use goldsmith::VerifyOptions;

use super::engine::{MemoryArgs, TargetArgs};
use crate::settings::Overrides;

/// Prove that gold equals a rebuild from bronze
#[derive(Debug, Args)]
#[command(
    long_about = "Rebuilds each gold table from bronze, outside the target, and compares it with what the target \
                  holds: rows that are missing, unexpected or different, with the columns and both values. It also \
                  checks what the model promises: unique keys, surrogate keys that follow from business keys, look-ups \
                  that exist, histories without gaps or overlaps, one unknown member, a calendar without gaps, correct \
                  file statistics.\n\n\
                  The target is only read, and sources are not needed. Each table is compared as of the versions of \
                  its inputs that it records, so new rows in bronze that it has not loaded yet do not count as \
                  differences. The report says which tables are behind their inputs, and by how many versions; this \
                  does not change the exit code. A check that cannot be made is skipped, with the reason.",
    after_long_help = include_str!("help/verify.txt")
)]
pub(crate) struct VerifyArgs {
    #[command(flatten)]
    pub(crate) target: TargetArgs,

    /// Currency of prices with which the target was filled, instead of the model's (ISO 4217) [env: GOLDSMITH_CURRENCY]
    #[arg(long, value_name = "CODE")]
    pub(crate) currency: Option<String>,

    #[command(flatten)]
    pub(crate) memory: MemoryArgs,

    /// Gold table, source (`billing.usage`: the tables that read it) or domain; may be repeated, or list several
    /// separated by commas [default: every gold table]
    #[arg(long, short = 's', value_name = "NAME", value_delimiter = ',')]
    pub(crate) select: Vec<String>,

    /// Rebuild and compare only this share of the keys of each table, above 0 and up to 1; look-ups then use the
    /// dimensions of the target. The sample always has the same keys [default: all keys]
    #[arg(long, value_name = "FRACTION", value_parser = share)]
    pub(crate) sample: Option<f64>,

    /// Existing local directory for the rebuilt tables, which are removed afterwards [default: the temporary directory
    /// of the system]
    #[arg(long, value_name = "DIR")]
    pub(crate) scratch: Option<PathBuf>,

    /// Offending rows shown for each check; all are counted [default: 5]
    #[arg(long, value_name = "N", default_value_t = VerifyOptions::default().examples, hide_default_value = true)]
    pub(crate) examples: usize,
}

/// A number; whether it is a share of the keys is checked where it is used.
fn share(text: &str) -> Result<f64, &'static str> {
    text.trim().parse().map_err(|_| "give a number above 0 and up to 1, such as 0.1")
}

impl VerifyArgs {
    pub(crate) fn overrides(&self) -> Overrides {
        Overrides {
            currency: self.currency.clone(),
            memory_limit: self.memory.memory_limit.clone(),
            ..self.target.overrides()
        }
    }

    pub(crate) fn options(&self) -> VerifyOptions {
        VerifyOptions {
            select: self.select.clone(),
            sample: self.sample,
            scratch: self.scratch.clone(),
            examples: self.examples,
        }
    }
}
