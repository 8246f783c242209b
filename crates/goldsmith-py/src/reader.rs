//! Arrow batches of Python objects.

use std::sync::{Arc, Mutex};

use arrow::array::RecordBatchReader;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::ffi_stream::ArrowArrayStreamReader;
use arrow_pyarrow::FromPyArrow;
use goldsmith::{BoxedReader, OpenBatches};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;

/// The batches of an object with `__arrow_c_stream__`.
pub(crate) fn reader(object: &Bound<'_, PyAny>) -> PyResult<ArrowArrayStreamReader> {
    if !object.hasattr("__arrow_c_stream__")? {
        return Err(PyTypeError::new_err(format!(
            "{} has no rows in Arrow; give an object with `__arrow_c_stream__`, such as a table of pyarrow, Polars or pandas",
            object.get_type().fully_qualified_name()?
        )));
    }
    ArrowArrayStreamReader::from_pyarrow_bound(object)
}

/// The columns of an object with `__arrow_c_stream__`, and how to read it. An object that can be read once alone is read once.
pub(crate) fn batches(object: &Bound<'_, PyAny>) -> PyResult<(SchemaRef, OpenBatches)> {
    let first = reader(object)?;
    let schema = first.schema();
    let first = Mutex::new(Some(first));
    let object = object.clone().unbind();
    let open: OpenBatches = Arc::new(move || {
        let first = first.lock().map(|mut first| first.take()).unwrap_or_default();
        if let Some(first) = first {
            return Ok(Box::new(first) as BoxedReader);
        }
        Python::attach(|py| reader(object.bind(py))).map(|reader| Box::new(reader) as BoxedReader).map_err(failure)
    });
    Ok((schema, open))
}

/// An exception as an error of Arrow.
pub(crate) fn failure(error: PyErr) -> ArrowError {
    ArrowError::ExternalError(Box::new(error))
}
