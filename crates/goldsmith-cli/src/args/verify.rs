//! Arguments of `goldsmith verify`.

use std::path::PathBuf;

use clap::Args;
use goldsmith::VerifyOptions;

use super::engine::{MemoryArgs, TargetArgs};
use crate::settings::Overrides;

/// Prove that gold equals a rebuild from bronze
#[derive(Debug, Args)]
#[command(
    long_about = "Builds each gold table once more from bronze, beside the target, and compares it with what the target \
                  holds: rows that are missing, unexpected or different, with the columns and both values. Beside that it \
                  checks what the model promises: unique keys, surrogate keys that follow from business keys, look-ups that \
                  exist, histories without gap or overlap, one unknown member, a calendar without hole, file statistics \
                  that are right.\n\n\
                  The target is only read, and sources are not needed. Each table is compared as of the versions of its \
                  inputs that it records, so that new rows in bronze that it has not taken over yet are no difference; the \
                  report says which tables lie behind their inputs, and by how many versions, and the exit code does \
                  not change by it. A check that cannot be made is skipped with its reason.",
    after_long_help = include_str!("help/verify.txt")
)]
pub(crate) struct VerifyArgs {
    #[command(flatten)]
    pub(crate) target: TargetArgs,

    /// Currency of prices with which the target was filled, in place of the model's (ISO 4217) [env:
    /// GOLDSMITH_CURRENCY]
    #[arg(long, value_name = "CODE")]
    pub(crate) currency: Option<String>,

    #[command(flatten)]
    pub(crate) memory: MemoryArgs,

    /// Gold table, source (`billing.usage`: the tables that read it) or domain; may be repeated, or name several with
    /// commas between them [default: every gold table]
    #[arg(long, short = 's', value_name = "NAME", value_delimiter = ',')]
    pub(crate) select: Vec<String>,

    /// Rebuild and compare only this share of the keys of each table, above 0 and up to 1; look-ups then go to the
    /// dimensions of the target. Always the same keys are taken [default: all keys]
    #[arg(long, value_name = "FRACTION", value_parser = share)]
    pub(crate) sample: Option<f64>,

    /// Existing local directory for the rebuilt tables, which are removed again [default: that of the system]
    #[arg(long, value_name = "DIR")]
    pub(crate) scratch: Option<PathBuf>,

    /// Offending rows shown of each check; all are counted [default: 5]
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
