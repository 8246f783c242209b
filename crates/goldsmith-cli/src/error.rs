//! The error of the command line.

use std::io;
use std::path::Path;

use arrow::error::ArrowError;
use goldsmith::ErrorKind;
use goldsmith_synth::SynthError;

/// Why a command could not be carried out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// Arguments, settings or directories are not as they must be.
    #[error("{what}")]
    Usage {
        /// What is wrong.
        what: String,
        /// What to do.
        help: Option<String>,
    },
    /// A file or directory could not be read, written or removed.
    #[error("cannot {action} `{path}`")]
    File {
        /// A verb.
        action: &'static str,
        /// Which one.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] goldsmith::Error),
    /// The model cannot be said in SQL.
    #[error(transparent)]
    Compile(#[from] goldsmith_spark::SparkError),
    /// Data could not be generated.
    #[error(transparent)]
    Synth(#[from] SynthError),
    /// A query result has values that the format cannot show.
    #[error("cannot show the result in this format")]
    Unshowable(#[source] ArrowError),
    /// Standard output is closed or full.
    #[error("cannot write to standard output")]
    Output(#[source] io::Error),
    /// The process could not start its threads.
    #[error("cannot start worker threads")]
    Runtime(#[source] io::Error),
    /// A broken invariant of the program itself.
    #[error("internal error: {0}; please report it")]
    Internal(String),
}

/// Result of a command.
pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error that the user can fix, and how.
    pub(crate) fn usage(what: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Usage { what: what.into(), help: Some(help.into()) }
    }

    /// What a command that is no run tells when it was cancelled: no next run goes on from there.
    pub(crate) fn cancelled(error: goldsmith::Error, what: &str) -> Self {
        match error {
            goldsmith::Error::Cancelled => Self::Usage { what: format!("cancelled; {what}"), help: None },
            other => Self::Engine(other),
        }
    }

    /// An error of the file system.
    pub(crate) fn file(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::File { action, path: path.display().to_string(), source }
    }

    /// 1 when the user can fix it, 2 when it is unexpected.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Usage { .. } | Self::File { .. } | Self::Compile(_) | Self::Unshowable(_) => 1,
            Self::Engine(error) if error.kind() == ErrorKind::Internal => 2,
            Self::Engine(_) | Self::Synth(SynthError::InvalidConfig { .. }) => 1,
            Self::Synth(_) | Self::Output(_) | Self::Runtime(_) | Self::Internal(_) => 2,
        }
    }

    /// Whether the reader of standard output went away, as `head` does.
    pub(crate) fn is_closed_output(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }

    /// What failed, without causes and advice.
    pub(crate) fn message(&self) -> String {
        match self {
            Self::Engine(goldsmith::Error::Configuration { what, .. }) => what.clone(),
            Self::Engine(goldsmith::Error::DataFusion(_)) => "the query cannot be answered".into(),
            _ => self.split().0,
        }
    }

    /// What to do about it.
    pub(crate) fn help(&self) -> Option<String> {
        match self {
            Self::Usage { help, .. } => help.clone(),
            Self::Compile(error) => error.help().map(str::to_owned),
            Self::Engine(goldsmith::Error::Configuration { help, .. }) => Some(help.clone()),
            Self::Engine(goldsmith::Error::Model { .. }) => {
                Some("run `goldsmith explain CODE` to read more about the code of a problem".into())
            }
            Self::Engine(error) if error.kind() == ErrorKind::Conflict => {
                Some("another writer was faster; run the command again".into())
            }
            Self::Unshowable(_) => Some("use `--format human`, or cast the column to text in the query".into()),
            _ => self.split().1,
        }
    }

    /// What brought it about, from the outside in, without repetitions.
    pub(crate) fn causes(&self) -> Vec<String> {
        if let Self::Engine(goldsmith::Error::DataFusion(cause)) = self {
            return vec![innermost(cause)];
        }
        let mut causes: Vec<String> = Vec::new();
        let outer = self.to_string();
        let mut source = std::error::Error::source(self);
        while let Some(cause) = source {
            let text = cause.to_string();
            if !outer.contains(&text) && !causes.iter().any(|known| known.contains(&text)) {
                causes.push(text);
            }
            source = cause.source();
        }
        causes
    }

    /// The libraries put what to do behind the last semicolon of a message; it becomes the help line.
    fn split(&self) -> (String, Option<String>) {
        let text = self.to_string();
        let advises = matches!(self, Self::Engine(goldsmith::Error::Lake(_) | goldsmith::Error::Dag(_)));
        match text.rsplit_once("; ") {
            Some((what, help)) if advises => (what.to_string(), Some(help.to_string())),
            _ => (text, None),
        }
    }
}

/// The last cause of a chain, which in SQL errors is the one that quotes the query.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_run_says_that_the_next_one_goes_on() {
        let run = Error::Engine(goldsmith::Error::Cancelled);
        assert!(run.message().contains("the next run goes on"), "{}", run.message());
        let other = Error::cancelled(goldsmith::Error::Cancelled, "nothing was changed");
        assert_eq!((other.message().as_str(), other.exit_code()), ("cancelled; nothing was changed", 1));
        let failed = Error::cancelled(goldsmith::Error::Internal("x".into()), "nothing was changed");
        assert_eq!(failed.exit_code(), 2);
    }
}
