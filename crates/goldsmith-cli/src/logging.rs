//! Log lines on standard error.

use std::io;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::time::SystemTime;

use crate::error::{Error, Result};
use crate::settings::{Environment, LogFormat, Verbosity};

/// Variable that overrides which log lines are written, in the syntax of `tracing`'s `EnvFilter`.
const FILTER_VARIABLE: &str = "GOLDSMITH_LOG";

/// Starts writing log lines. A second start in one process (an embedding program) changes nothing.
///
/// # Errors
/// The variable that selects them cannot be understood.
pub(crate) fn start(format: LogFormat, verbosity: Verbosity, environment: &dyn Environment) -> Result<()> {
    let filter = match environment.variable(FILTER_VARIABLE)? {
        Some(text) => EnvFilter::try_new(&text).map_err(|error| not_understood(&text, &error))?,
        None => EnvFilter::new(default_filter(verbosity)),
    };
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_timer(SystemTime);
    let started = match format {
        LogFormat::Text => builder.with_ansi(false).try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
    if started.is_err() {
        tracing::debug!("logging was started before");
    }
    Ok(())
}

fn not_understood(text: &str, error: &dyn std::error::Error) -> Error {
    Error::usage(
        format!("`{FILTER_VARIABLE}` is `{text}`, which selects no log lines: {error}"),
        "name a level, or parts of the program with theirs, such as `goldsmith=debug` or `warn,goldsmith_lake=trace`",
    )
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
