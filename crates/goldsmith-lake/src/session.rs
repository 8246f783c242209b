//! The query sessions with which tables are read.

use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};

use crate::error::{LakeError, Result};
use crate::lake::LakeOptions;
use crate::memory::QueryPool;

/// Rows per batch when reading and writing.
pub(crate) const BATCH_ROWS: usize = 8192;

/// A session whose scans give the table's own types, not views of them, and whose operators keep to the memory of the options:
/// what does not fit goes to the temporary directory of the system.
pub(crate) fn session(options: &LakeOptions) -> Result<SessionContext> {
    let mut config = SessionConfig::new()
        .with_target_partitions(options.threads.max(1))
        .with_batch_size(BATCH_ROWS)
        .with_information_schema(true)
        .set_bool("datafusion.execution.parquet.schema_force_view_types", false);
    let mut runtime = RuntimeEnvBuilder::new();
    if let Some(memory) = options.memory {
        runtime = runtime.with_memory_pool(QueryPool::new(memory.queries));
        config = config.with_sort_spill_reservation_bytes(memory.merge_reservation(options.threads));
    }
    let runtime = runtime.build_arc().map_err(|error| LakeError::query("the session", error))?;
    Ok(SessionContext::new_with_config_rt(config, runtime))
}
