//! What the generator knows of a table: how its records are numbered, delivered and written.

use arrow::array::ArrayRef;
use arrow::datatypes::Fields;

use crate::SynthError;
use crate::delivery::{Deliveries, Pick};
use crate::world::World;

/// How the records of a table are numbered.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Numbering {
    /// In order of their time; `tail` is how long after it the last row of a record can be.
    ByTime { tail: i64 },
    /// Likewise, but in rounds that share one time, rounded down to the minute.
    InRounds { size: fn(&World) -> u64 },
    /// In no order of time: every delivery looks at all of them.
    Free,
}

/// Writes rows as arrays in the order of the fields.
pub(crate) type Build = fn(&World, &[Pick], &Fields) -> Result<Vec<ArrayRef>, SynthError>;

/// One of the 35 tables.
pub(crate) struct Source {
    pub(crate) table: Table,
    pub(crate) numbering: Numbering,
    /// Says which deliveries bring which rows of a record.
    pub(crate) schedule: fn(&World, u64, &mut Deliveries<'_>),
    pub(crate) build: Build,
    /// The time from which retention counts, for tables that are read as snapshots and forget.
    pub(crate) ages_from: Option<fn(&World, u64) -> i64>,
}

macro_rules! tables {
    ($($variant:ident $name:literal $streamed:literal $share:literal,)*) => {
        /// The 35 tables.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Table { $($variant,)* }

        impl Table {
            pub(crate) const ALL: &[Self] = &[$(Self::$variant,)*];
            pub(crate) const NAMES: &[&str] = &[$($name,)*];

            /// Whether the table is read as a stream of appends.
            pub(crate) fn is_streamed(self) -> bool {
                match self { $(Self::$variant => $streamed,)* }
            }

            /// The table's part of all rows, in thousandths.
            pub(crate) fn share(self) -> f64 {
                match self { $(Self::$variant => $share,)* }
            }
        }
    };
}

tables! {
    PayloadLogs "__internal_logging.payload_logs" true 20.0,
    AssistantEvents "access.assistant_events" false 4.0,
    Audit "access.audit" true 200.0,
    CleanRoomEvents "access.clean_room_events" true 1.5,
    ColumnLineage "access.column_lineage" true 80.0,
    InboundNetwork "access.inbound_network" true 4.0,
    OutboundNetwork "access.outbound_network" true 4.0,
    Lineage "access.table_lineage" true 80.0,
    WorkspacesLatest "access.workspaces_latest" false 0.1,
    AccountPrices "billing.account_prices" true 0.5,
    ListPrices "billing.list_prices" false 1.0,
    Usage "billing.usage" true 120.0,
    Clusters "compute.clusters" true 4.0,
    NodeTimeline "compute.node_timeline" true 150.0,
    NodeTypes "compute.node_types" false 0.2,
    WarehouseEvents "compute.warehouse_events" true 6.0,
    Warehouses "compute.warehouses" true 0.6,
    Classification "data_classification.results" false 1.5,
    QualityResults "data_quality_monitoring.table_results" false 4.0,
    JobRuns "lakeflow.job_run_timeline" true 50.0,
    TaskRuns "lakeflow.job_task_run_timeline" true 80.0,
    JobTasks "lakeflow.job_tasks" true 6.0,
    Jobs "lakeflow.jobs" true 3.0,
    PipelineUpdates "lakeflow.pipeline_update_timeline" true 7.0,
    Pipelines "lakeflow.pipelines" true 1.0,
    ListingAccess "marketplace.listing_access_events" true 1.0,
    ListingFunnel "marketplace.listing_funnel_events" true 2.0,
    Experiments "mlflow.experiments_latest" true 0.8,
    Metrics "mlflow.run_metrics_history" true 6.0,
    Runs "mlflow.runs_latest" true 3.0,
    QueryHistory "query.history" false 120.0,
    EndpointUsage "serving.endpoint_usage" true 40.0,
    ServedEntities "serving.served_entities" true 0.5,
    Materializations "sharing.materialization_history" true 1.0,
    PredictiveOptimization "storage.predictive_optimization_operations_history" false 4.0,
}

impl Table {
    pub(crate) fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    /// What keeps this table's random numbers apart from the others'.
    pub(crate) fn salt(self) -> u64 {
        0x7AB1_E000 + self as u64
    }
}
