//! Work of the engine on behalf of a Python thread.

use std::pin::pin;
use std::time::Duration;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::{errors, events};

/// Stack of a worker thread: plans of deep expressions recurse, and do so deeply in unoptimised builds.
const STACK_BYTES: usize = 16 << 20;

/// How long an interrupt or a line of the log waits at most.
const TICK: Duration = Duration::from_millis(50);

/// Does `work` while other Python threads go on, and logs what the engine tells. On an interrupt `cancellation` is
/// cancelled, the work is waited for, and the interrupt is raised; without one the work is dropped at once.
///
/// The threads live as long as the work, so that a process may fork between two calls.
pub(crate) fn block_on<T: Send>(
    py: Python<'_>,
    cancellation: Option<&CancellationToken>,
    work: impl Future<Output = Result<T, goldsmith::Error>> + Send,
) -> PyResult<T> {
    events::listen(py)?;
    let outcome = py.detach(|| {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .thread_stack_size(STACK_BYTES)
            .build()
            .map_err(|error| PyRuntimeError::new_err(format!("cannot start worker threads: {error}")))?;
        runtime.block_on(attended(cancellation, work))
    });
    events::deliver(py)?;
    match outcome? {
        Ok(value) => Ok(value),
        Err(error) => Err(errors::exception(py, &error)),
    }
}

/// Outcome of the work, or the exception that a signal handler or a handler of the log raised meanwhile.
async fn attended<T>(
    cancellation: Option<&CancellationToken>,
    work: impl Future<Output = Result<T, goldsmith::Error>>,
) -> PyResult<Result<T, goldsmith::Error>> {
    let mut work = pin!(work);
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut raised: Option<PyErr> = None;
    loop {
        tokio::select! {
            outcome = &mut work => return raised.map_or(Ok(outcome), Err),
            _ = ticks.tick() => {}
        }
        let attention = Python::attach(|py| py.check_signals().and_then(|()| events::deliver(py)));
        if let (Err(error), None) = (attention, &raised) {
            let Some(cancellation) = cancellation else { return Err(error) };
            cancellation.cancel();
            raised = Some(error);
        }
    }
}
