//! The error of the command line.

use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};

use arrow::error::ArrowError;
use goldsmith::ErrorKind;
use goldsmith::model::Diagnostic;
use goldsmith_synth::SynthError;

use crate::render::number::plural;

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
    /// The model has problems; all of them are listed.
    #[error("{} has {}", model_name(directory.as_deref()), plural(diagnostics.len() as u64, "problem"))]
    Model {
        /// Where its files are; none for the built-in model.
        directory: Option<PathBuf>,
        /// The problems, by file and line.
        diagnostics: Vec<Diagnostic>,
    },
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] goldsmith::Error),
    /// A query cannot be answered.
    #[error("the query cannot be answered")]
    Query {
        /// Why.
        cause: String,
        /// What to do.
        help: String,
    },
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
    #[error("internal error: {0}")]
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

    /// The error with the name of the model, if it is about the model that is set.
    pub(crate) fn of_model(self, directory: Option<&Path>) -> Self {
        match self {
            Self::Engine(goldsmith::Error::Model { diagnostics }) => {
                Self::Model { directory: directory.map(Path::to_path_buf), diagnostics }
            }
            other => other,
        }
    }

    /// An error of the file system.
    pub(crate) fn file(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::File { action, path: path.display().to_string(), source }
    }

    /// 1 when the user can fix it, 2 when it is unexpected.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Usage { .. }
            | Self::File { .. }
            | Self::Model { .. }
            | Self::Query { .. }
            | Self::Compile(_)
            | Self::Unshowable(_) => 1,
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
            Self::Engine(goldsmith::Error::DataFusion(_)) => "the query cannot be answered".into(),
            _ => self.to_string(),
        }
    }

    /// What to do about it.
    pub(crate) fn help(&self) -> Option<String> {
        match self {
            Self::Usage { help, .. } => help.clone(),
            Self::Query { help, .. } => Some(help.clone()),
            Self::File { action, source, .. } => of_file(action, source).map(str::to_owned),
            Self::Compile(error) => error.help().map(str::to_owned),
            Self::Model { .. } | Self::Engine(goldsmith::Error::Model { .. }) => {
                Some("run `goldsmith explain CODE` to read more about the code of a problem".into())
            }
            Self::Engine(error) if error.kind() == ErrorKind::Conflict => {
                Some("another writer was faster; run the command again".into())
            }
            Self::Engine(error) => error.help().map(Cow::into_owned),
            Self::Unshowable(_) => Some("use `--format human`, or cast the column to text in the query".into()),
            Self::Internal(_) => Some("please report it".into()),
            Self::Synth(_) | Self::Output(_) | Self::Runtime(_) => None,
        }
    }

    /// The problems of the model, if it is what is wrong.
    pub(crate) fn diagnostics(&self) -> Option<&[Diagnostic]> {
        match self {
            Self::Model { diagnostics, .. } | Self::Engine(goldsmith::Error::Model { diagnostics }) => {
                Some(diagnostics)
            }
            _ => None,
        }
    }

    /// What brought it about, from the outside in, without repetitions.
    pub(crate) fn causes(&self) -> Vec<String> {
        match self {
            Self::Engine(goldsmith::Error::DataFusion(cause)) => return vec![innermost(cause)],
            Self::Query { cause, .. } => return vec![cause.clone()],
            _ => {}
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
}

/// How a model is named.
fn model_name(directory: Option<&Path>) -> String {
    directory.map_or_else(|| "the built-in model".to_owned(), |path| format!("the model in `{}`", path.display()))
}

/// What to do about a file that cannot be read or written.
fn of_file(action: &str, error: &io::Error) -> Option<&'static str> {
    let is_read = action.contains("read");
    Some(match error.kind() {
        io::ErrorKind::NotFound if is_read => "check the path; a relative one starts at the working directory",
        io::ErrorKind::NotFound => "create the directory first, or give another path",
        io::ErrorKind::NotADirectory => "it is a file, or below one; give a directory",
        io::ErrorKind::IsADirectory => "it is a directory; give the path of a file",
        io::ErrorKind::AlreadyExists => "it is there already; give another path",
        io::ErrorKind::PermissionDenied => "check the rights on it",
        io::ErrorKind::ReadOnlyFilesystem => "give a path on a file system that can be written",
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "make room, or give another path",
        io::ErrorKind::InvalidData if is_read => "it must be text in UTF-8",
        _ => return None,
    })
}

/// The last cause of a chain, which in SQL errors is the one that quotes the query.
pub(crate) fn innermost(error: &dyn std::error::Error) -> String {
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

    #[test]
    fn a_file_that_cannot_be_used_is_told_with_what_to_do() {
        let cases = [
            ("write", io::ErrorKind::NotFound, Some("create the directory first, or give another path")),
            ("read", io::ErrorKind::NotFound, Some("check the path; a relative one starts at the working directory")),
            ("write", io::ErrorKind::IsADirectory, Some("it is a directory; give the path of a file")),
            ("write", io::ErrorKind::BrokenPipe, None),
        ];
        for (action, kind, help) in cases {
            let error = Error::file(action, Path::new("f"), kind.into());
            assert_eq!(error.help().as_deref(), help, "{action} {kind}");
        }
    }

    #[test]
    fn a_model_is_named_by_its_directory() {
        let problems = || goldsmith::Error::Model { diagnostics: Vec::new() };
        let error = Error::from(problems()).of_model(Some(Path::new("mine")));
        assert_eq!((error.message().as_str(), error.exit_code()), ("the model in `mine` has 0 problems", 1));
        assert_eq!(Error::from(problems()).of_model(None).message(), "the built-in model has 0 problems");
    }
}
