//! The query sessions with which tables are read.

use datafusion::prelude::{SessionConfig, SessionContext};

/// Rows per batch when reading and writing.
pub(crate) const BATCH_ROWS: usize = 8192;

/// A session whose scans give the table's own types, not views of them.
pub(crate) fn session(threads: usize) -> SessionContext {
    let config = SessionConfig::new()
        .with_target_partitions(threads.max(1))
        .with_batch_size(BATCH_ROWS)
        .with_information_schema(true)
        .set_bool("datafusion.execution.parquet.schema_force_view_types", false);
    SessionContext::new_with_config(config)
}
