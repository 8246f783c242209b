//! The Python extension of goldsmith: `goldsmith._goldsmith`.
//!
//! It is as thin as it can be. Reports go to Python as JSON, which the pure-Python layer turns into typed objects; rows go
//! both ways through the Arrow C stream; errors become exceptions by their kind. The interpreter is free while the
//! engine works, and an interrupt stops the engine at the next safe point.

mod compile;
mod engine;
mod errors;
mod events;
mod feed;
mod reader;
mod runtime;
mod table;

use pyo3::prelude::*;

/// Native part of the package; use the package `goldsmith` instead.
#[pymodule]
mod _goldsmith {
    use std::ffi::OsString;

    use pyo3::prelude::*;

    #[pymodule_export]
    use crate::engine::Engine;
    #[pymodule_export]
    use crate::table::ArrowTable;

    /// Version of the package.
    #[pymodule_export]
    const VERSION: &str = env!("CARGO_PKG_VERSION");

    /// Runs the command line with `arguments`, the first of which is the name of the program, and returns the exit code.
    #[pyfunction]
    fn command_line(py: Python<'_>, arguments: Vec<OsString>) -> u8 {
        py.detach(|| goldsmith_cli::run_with(arguments))
    }
}
