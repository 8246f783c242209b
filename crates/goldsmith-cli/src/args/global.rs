//! Flags of every command.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{ArgAction, Args};

use crate::settings::{ColorWhen, Format, LogFormat, Verbosity};

#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct GlobalArgs {
    /// Directory of model files; without it the built-in model is used [env: GOLDSMITH_MODELS]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) models: Option<PathBuf>,

    /// Settings file [env: GOLDSMITH_CONFIG] [default: goldsmith.toml in the working directory, if it exists]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Format of standard output; csv is for `query` only [env: GOLDSMITH_FORMAT] [default: human]
    #[arg(long, global = true, value_enum, value_name = "human|json|csv", hide_possible_values = true)]
    pub(crate) format: Option<Format>,

    /// Option of the object store, such as `aws_region`; `source.aws_region` applies to the source only,
    /// `target.aws_region` to the target only; may be repeated
    #[arg(long, global = true, value_name = "KEY=VALUE")]
    pub(crate) storage_option: Vec<KeyValue>,

    /// When to use colors; auto is on terminals, unless NO_COLOR is set [env: GOLDSMITH_COLOR] [default: auto]
    #[arg(long, global = true, value_enum, value_name = "auto|always|never", hide_possible_values = true)]
    pub(crate) color: Option<ColorWhen>,

    /// Format of log lines; the variable GOLDSMITH_LOG selects which, for instance `goldsmith=debug` [env:
    /// GOLDSMITH_LOG_FORMAT] [default: text]
    #[arg(long, global = true, value_enum, value_name = "text|json", hide_possible_values = true)]
    pub(crate) log_format: Option<LogFormat>,

    /// Report more; repeat for more detailed log lines
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,

    /// Report only errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
}

impl GlobalArgs {
    /// How much to tell.
    pub(crate) fn verbosity(&self) -> Verbosity {
        match (self.quiet, self.verbose) {
            (true, _) => Verbosity::Quiet,
            (false, 0) => Verbosity::Normal,
            (false, 1) => Verbosity::Verbose,
            (false, 2) => Verbosity::VeryVerbose,
            (false, _) => Verbosity::Everything,
        }
    }
}

/// `KEY=VALUE`. Has no `Debug` that would show the value.
#[derive(Clone)]
pub(crate) struct KeyValue {
    pub(crate) key: String,
    pub(crate) value: String,
}

impl std::fmt::Debug for KeyValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}=****", self.key)
    }
}

impl FromStr for KeyValue {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('=') {
            Some((key, value)) if !key.trim().is_empty() => {
                Ok(Self { key: key.trim().to_string(), value: value.to_string() })
            }
            _ => Err("write it as `KEY=VALUE`"),
        }
    }
}
