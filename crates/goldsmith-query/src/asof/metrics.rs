//! What the join counts, as `EXPLAIN ANALYZE` shows it.

use datafusion::physical_plan::metrics::{BaselineMetrics, Count, ExecutionPlanMetricsSet, Gauge, MetricBuilder, Time};

/// How versions were read.
pub(super) struct VersionMetrics {
    /// Time to make the index, without that of its input.
    pub(super) build_time: Time,
    /// Versions that were read.
    pub(super) input_rows: Count,
    /// Bytes of the finished index.
    pub(super) memory: Gauge,
}

impl VersionMetrics {
    pub(super) fn new(metrics: &ExecutionPlanMetricsSet, partition: usize) -> Self {
        let builder = || MetricBuilder::new(metrics);
        Self {
            build_time: builder().subset_time("build_time", partition),
            input_rows: builder().counter("build_input_rows", partition),
            memory: builder().gauge("build_mem_used", partition),
        }
    }
}

/// How the rows of one partition of the left side were joined.
pub(super) struct RowMetrics {
    pub(super) baseline: BaselineMetrics,
    /// Rows that were read.
    pub(super) input_rows: Count,
    /// One when the rows streamed through an index.
    pub(super) indexed: Count,
    /// One when the rows were sorted and merged.
    pub(super) merged: Count,
}

impl RowMetrics {
    pub(super) fn new(metrics: &ExecutionPlanMetricsSet, partition: usize) -> Self {
        let counter = |name: &'static str| MetricBuilder::new(metrics).counter(name, partition);
        Self {
            baseline: BaselineMetrics::new(metrics, partition),
            input_rows: counter("input_rows"),
            indexed: counter("indexed_partitions"),
            merged: counter("merged_partitions"),
        }
    }
}
