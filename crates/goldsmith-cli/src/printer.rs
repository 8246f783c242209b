//! The only place that writes to standard output and standard error.

use std::io::{self, IsTerminal, Write};

use serde::Serialize;

use crate::error::{Error, Result};
use crate::settings::{ColorWhen, Format, Verbosity};

/// Knows which stream may have what: data on standard output, talk on standard error.
#[derive(Debug, Clone)]
pub(crate) struct Printer {
    format: Format,
    verbosity: Verbosity,
    stdout_color: bool,
    stderr_color: bool,
    stderr_terminal: bool,
}

impl Printer {
    pub(crate) fn new(format: Format, color: ColorWhen, verbosity: Verbosity) -> Self {
        let stderr_terminal = io::stderr().is_terminal();
        Self {
            format,
            verbosity,
            stdout_color: colored(color, io::stdout().is_terminal()),
            stderr_color: colored(color, stderr_terminal),
            stderr_terminal,
        }
    }

    pub(crate) fn format(&self) -> Format {
        self.format
    }

    pub(crate) fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    pub(crate) fn verbosity(&self) -> Verbosity {
        self.verbosity
    }

    pub(crate) fn stdout_color(&self) -> bool {
        self.stdout_color
    }

    pub(crate) fn stderr_color(&self) -> bool {
        self.stderr_color
    }

    /// Whether bars that redraw themselves make sense.
    pub(crate) fn can_redraw(&self) -> bool {
        self.stderr_terminal && self.verbosity == Verbosity::Normal
    }

    /// Writes text to standard output, with a line end when it has none.
    ///
    /// # Errors
    /// Standard output is closed or full.
    pub(crate) fn data(&self, text: &str) -> Result<()> {
        let mut out = io::stdout().lock();
        let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        out.write_all(text.as_bytes())
            .and_then(|()| out.write_all(end.as_bytes()))
            .and_then(|()| out.flush())
            .map_err(Error::Output)
    }

    /// Writes one JSON document to standard output.
    ///
    /// # Errors
    /// Standard output is closed or full.
    pub(crate) fn json(&self, document: &impl Serialize) -> Result<()> {
        let text = serde_json::to_string_pretty(document).map_err(|error| Error::Internal(error.to_string()))?;
        self.data(&text)
    }

    /// Tells something on standard error, unless the user wants quiet.
    pub(crate) fn say(&self, text: &str) {
        if self.verbosity != Verbosity::Quiet {
            self.error(text);
        }
    }

    /// Tells something on standard error that even a quiet user must know.
    pub(crate) fn error(&self, text: &str) {
        // There is nobody left to tell when standard error is gone.
        let _ = writeln!(io::stderr().lock(), "{text}");
    }
}

fn colored(when: ColorWhen, terminal: bool) -> bool {
    let unwanted = || {
        std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || std::env::var_os("TERM").is_some_and(|value| value == "dumb")
    };
    match when {
        ColorWhen::Always => true,
        ColorWhen::Never => false,
        ColorWhen::Auto => terminal && !unwanted(),
    }
}
