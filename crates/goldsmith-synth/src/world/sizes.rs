use crate::SynthConfig;
use crate::source::Table;

/// There are only so many types of nodes, however many rows are asked for.
const NODE_TYPES: u64 = 24;

/// How many records a table gets, so that its rows come near its share.
pub(super) fn records(table: Table, config: &SynthConfig) -> u64 {
    if table == Table::NodeTypes {
        return NODE_TYPES;
    }
    let rows = config.rows as f64 * table.share() / 1_000.0;
    ((rows / rows_per_record(table, config)) as u64).max(least(table))
}

/// Rows that one record leads to, on average over a month of deliveries.
fn rows_per_record(table: Table, config: &SynthConfig) -> f64 {
    let rows = match table {
        Table::Usage => 1.0 + 2.0 * config.correction_share + config.tie_share,
        Table::QueryHistory | Table::Runs => 1.0 + 1.3 * config.update_share + config.tie_share,
        Table::JobRuns => 1.9,
        Table::PipelineUpdates => 2.2,
        Table::Jobs | Table::Clusters | Table::Warehouses | Table::Pipelines | Table::ServedEntities => 2.6,
        Table::Experiments => 2.0,
        _ => 1.0,
    };
    rows + config.duplicate_share + config.redelivery_share
}

/// Enough records that everything that can happen to them does happen.
fn least(table: Table) -> u64 {
    match table {
        Table::Jobs | Table::Clusters => 60,
        Table::Warehouses | Table::Pipelines | Table::ServedEntities | Table::Experiments => 40,
        _ => 60,
    }
}
