//! Log lines on standard error.

use std::io;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::time::SystemTime;

use crate::settings::{LogFormat, Verbosity};

/// Variable that overrides which log lines are written, in the syntax of `tracing`'s `EnvFilter`.
pub(crate) const FILTER_VARIABLE: &str = "GOLDSMITH_LOG";

/// Starts writing log lines. A second start in one process (an embedding program) changes nothing.
pub(crate) fn start(format: LogFormat, verbosity: Verbosity) {
    let filter = EnvFilter::try_from_env(FILTER_VARIABLE).unwrap_or_else(|_| EnvFilter::new(default_filter(verbosity)));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_timer(SystemTime);
    let started = match format {
        LogFormat::Text => builder.with_ansi(false).try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
    if started.is_err() {
        tracing::debug!("logging was started before");
    }
}

/// Target prefixes cover the engine's crates, which all begin with its name.
fn default_filter(verbosity: Verbosity) -> &'static str {
    match verbosity {
        Verbosity::Quiet => "off",
        Verbosity::Normal => "off,goldsmith=warn",
        Verbosity::Verbose => "error,goldsmith=info",
        Verbosity::VeryVerbose => "warn,goldsmith=debug",
        Verbosity::Everything => "trace",
    }
}
