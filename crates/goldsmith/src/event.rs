//! What a run tells while it works.

use std::sync::Arc;

use crate::maintain::TableMaintenance;
use crate::report::{TableReport, TableStatus};
use crate::verify::TableVerification;

/// One thing that happened in a run.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum RunEvent {
    /// The run begins; `tables` tables will be looked at.
    RunStarted {
        /// Identifier of the run.
        run_id: String,
        /// Number of bronze and gold tables in the selection.
        tables: usize,
    },
    /// A table is being worked on.
    TableStarted {
        /// Full name, `system_gold.fact_usage`.
        table: String,
        /// What will be done and why, in a few words.
        what: String,
    },
    /// Rows went through; comes every few ten thousand rows of long work.
    TableProgress {
        /// Full name.
        table: String,
        /// Rows read so far.
        rows: u64,
    },
    /// A table is done, with whatever outcome.
    TableFinished(Box<TableReport>),
    /// A table was verified.
    TableVerified(Box<TableVerification>),
    /// A table was maintained, or looked at for it.
    TableMaintained(Box<TableMaintenance>),
    /// The run is over.
    RunFinished {
        /// The status of the whole; see [`RunReport::status`](crate::RunReport::status).
        status: TableStatus,
    },
}

/// Receives the events of a run, from several threads.
pub trait Observer: Send + Sync {
    /// Takes one event; must be quick.
    fn event(&self, event: RunEvent);
}

impl<F: Fn(RunEvent) + Send + Sync> Observer for F {
    fn event(&self, event: RunEvent) {
        self(event);
    }
}

/// An observer that hears nothing.
pub(crate) fn silent() -> Arc<dyn Observer> {
    Arc::new(|_: RunEvent| {})
}
