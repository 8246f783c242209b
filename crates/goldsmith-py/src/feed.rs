//! Sources that a Python object reads.

use std::sync::Arc;

use arrow::datatypes::Schema;
use arrow::error::ArrowError;
use arrow_pyarrow::FromPyArrow;
use goldsmith::{BoxedReader, Feed, FeedPart, FeedRequest, FeedState};
use pyo3::prelude::*;

use crate::reader::{failure, reader};

/// A Python object with the methods of `goldsmith.Feed`.
pub(crate) struct PythonFeed(Py<PyAny>);

impl PythonFeed {
    pub(crate) fn of(object: Py<PyAny>) -> Arc<dyn Feed> {
        Arc::new(Self(object))
    }
}

impl Feed for PythonFeed {
    fn state(&self) -> Result<Option<FeedState>, ArrowError> {
        Python::attach(|py| {
            let state = self.0.bind(py).call_method0("state")?;
            if state.is_none() {
                return Ok(None);
            }
            let parts: Vec<(String, u64, i64)> = state.getattr("parts")?.extract()?;
            Ok(Some(FeedState {
                identity: state.getattr("identity")?.extract()?,
                schema: Arc::new(Schema::from_pyarrow_bound(&state.getattr("schema")?)?),
                parts: parts.into_iter().map(|(name, rows, digest)| FeedPart { name, rows, digest }).collect(),
            }))
        })
        .map_err(failure)
    }

    fn read(&self, request: &FeedRequest) -> Result<BoxedReader, ArrowError> {
        let bucket = request.bucket.map(|bucket| (bucket.number, bucket.of));
        Python::attach(|py| {
            let arguments = (request.parts.clone(), request.columns.clone(), bucket);
            reader(&self.0.bind(py).call_method1("read", arguments)?)
        })
        .map(|reader| Box::new(reader) as BoxedReader)
        .map_err(failure)
    }
}
