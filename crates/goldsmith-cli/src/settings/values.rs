//! Names and values of settings.

use std::fmt;

use clap::ValueEnum;
use serde::Serialize;

/// A setting that a variable and the settings file can give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    Models,
    Source,
    Target,
    Currency,
    Threads,
    MemoryLimit,
    Format,
    Color,
    LogFormat,
}

impl Key {
    /// All keys, in the order in which they are shown.
    pub(crate) const ALL: [Self; 9] = [
        Self::Models,
        Self::Source,
        Self::Target,
        Self::Currency,
        Self::Threads,
        Self::MemoryLimit,
        Self::Format,
        Self::Color,
        Self::LogFormat,
    ];

    /// Name in the settings file.
    pub(crate) fn name(self) -> &'static str {
        self.names().0
    }

    /// Name of the flag.
    pub(crate) fn flag(self) -> &'static str {
        self.names().1
    }

    /// Name of the environment variable.
    pub(crate) fn variable(self) -> &'static str {
        self.names().2
    }

    fn names(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Models => ("models", "--models", "GOLDSMITH_MODELS"),
            Self::Source => ("source", "--source", "GOLDSMITH_SOURCE"),
            Self::Target => ("target", "--target", "GOLDSMITH_TARGET"),
            Self::Currency => ("currency", "--currency", "GOLDSMITH_CURRENCY"),
            Self::Threads => ("threads", "--threads", "GOLDSMITH_THREADS"),
            Self::MemoryLimit => ("memory_limit", "--memory-limit", "GOLDSMITH_MEMORY_LIMIT"),
            Self::Format => ("format", "--format", "GOLDSMITH_FORMAT"),
            Self::Color => ("color", "--color", "GOLDSMITH_COLOR"),
            Self::LogFormat => ("log_format", "--log-format", "GOLDSMITH_LOG_FORMAT"),
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Form of what goes to standard output.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    /// Tables and text
    #[default]
    #[value(alias = "table")]
    Human,
    /// One JSON document
    Json,
    /// Comma-separated values; `query` only
    Csv,
}

/// When to use colors.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ColorWhen {
    /// On terminals, unless NO_COLOR is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// Form of log lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// Lines for people
    #[default]
    Text,
    /// One JSON object for each line
    Json,
}

/// How much is told on standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verbosity {
    /// Errors.
    Quiet,
    /// Progress and warnings.
    Normal,
    /// Also each table, when it begins and ends, those with nothing to do too, and log lines of the engine.
    Verbose,
    /// Log lines in detail.
    VeryVerbose,
    /// All log lines, of libraries too.
    Everything,
}
