//! The query sessions with which tables are read, and with which delta-rs writes them.

use std::sync::Arc;

use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};
use deltalake::delta_datafusion::DeltaSessionConfig;
use deltalake::delta_datafusion::planner::DeltaPlanner;

use crate::error::{LakeError, Result};
use crate::lake::LakeOptions;
use crate::memory::{MemoryBounds, QueryPool};

/// The catalog of sessions, which queries about tables show.
pub const CATALOG: &str = "goldsmith";
/// Rows per batch when reading and writing; files of wide rows are read and written in smaller ones.
pub(crate) const BATCH_ROWS: usize = 8192;
/// The setting by which DataFusion passes over files by the least and greatest values of columns that it has seen so far. It is off,
/// since version 55 does so even when a `min` or `max` of an expression stands in the same SELECT, which may need just these files.
const AGGREGATE_FILTERS: &str = "datafusion.optimizer.enable_aggregate_dynamic_filter_pushdown";

/// A session whose scans give the table's own types, not views of them, and whose operators keep to the memory of the options:
/// what does not fit goes to the temporary directory of the system.
pub(crate) fn session(options: &LakeOptions) -> Result<SessionContext> {
    let config = SessionConfig::new()
        .with_target_partitions(options.threads.max(1))
        .with_batch_size(BATCH_ROWS)
        .with_default_catalog_and_schema(CATALOG, "public")
        .with_information_schema(true)
        .set_bool(AGGREGATE_FILTERS, false)
        .set_bool("datafusion.execution.parquet.schema_force_view_types", false);
    let (config, runtime) = bounded(config, options, |memory| memory.queries)?;
    Ok(SessionContext::new_with_config_rt(config, runtime))
}

/// A session for operations of delta-rs, with its planner, whose operators keep to the memory of the options. Names in conditions of
/// tables are taken as they are written.
pub(crate) fn delta_session(options: &LakeOptions) -> Result<SessionContext> {
    let config: SessionConfig = DeltaSessionConfig::default().into();
    let config = config
        .with_target_partitions(options.files_at_once())
        .with_batch_size(BATCH_ROWS)
        // Joins hold the side that comes first, the rows handed over. What files hold is not known before they are decoded.
        .set_bool("datafusion.optimizer.join_reordering", false)
        .set_bool(AGGREGATE_FILTERS, false)
        .set_bool("datafusion.execution.parquet.schema_force_view_types", false);
    let (config, runtime) = bounded(config, options, MemoryBounds::merge)?;
    let state = SessionStateBuilder::new()
        .with_default_features()
        .with_config(config)
        .with_runtime_env(runtime)
        .with_query_planner(DeltaPlanner::new())
        .build();
    Ok(SessionContext::new_with_state(state))
}

/// The settings, and what a session runs on, with a pool of the bytes that `of` names of the bounds, if there are any.
fn bounded(
    config: SessionConfig,
    options: &LakeOptions,
    of: impl FnOnce(&MemoryBounds) -> u64,
) -> Result<(SessionConfig, Arc<RuntimeEnv>)> {
    let mut config = config;
    let mut builder = RuntimeEnvBuilder::new();
    if let Some(memory) = &options.memory {
        // The pool keeps a part for the merge of each sort, so none has to set aside what it might never need.
        config = config.with_sort_spill_reservation_bytes(0);
        builder = builder.with_memory_pool(QueryPool::new(of(memory)));
    }
    let runtime = builder.build_arc().map_err(|error| LakeError::query("the session", error))?;
    Ok((config, runtime))
}
