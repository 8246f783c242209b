//! Errors of the engine as Python exceptions.

use goldsmith::{Error, ErrorKind};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

/// The module that defines the exceptions.
const MODULE: &str = "goldsmith._errors";

/// The exception for an error: its class follows from the kind, its message has all causes.
pub(crate) fn exception(py: Python<'_>, error: &Error) -> PyErr {
    let diagnostics = match error {
        Error::Model { diagnostics } => serde_json::to_string(diagnostics).unwrap_or_else(|_| "[]".into()),
        _ => "[]".into(),
    };
    let arguments = (code(error), error.chain(), error.is_retryable(), diagnostics);
    let made = py.import(MODULE).and_then(|module| module.getattr("exception_of")?.call1(arguments));
    match made {
        Ok(value) => PyErr::from_value(value),
        Err(failure) => failure,
    }
}

/// The stable name of the kind of an error.
fn code(error: &Error) -> &'static str {
    match (error, error.kind()) {
        (Error::Model { .. }, _) => "model",
        (_, ErrorKind::Usage) => "configuration",
        (_, ErrorKind::Data) => "data",
        (_, ErrorKind::Access) => "access",
        (_, ErrorKind::Conflict) => "conflict",
        (_, ErrorKind::Cancelled) => "cancelled",
        _ => "internal",
    }
}

/// A report as JSON.
pub(crate) fn json(value: &impl serde::Serialize) -> PyResult<String> {
    serde_json::to_string(value).map_err(|error| PyRuntimeError::new_err(error.to_string()))
}
