//! The rows of one partition of the left side on their way through the join.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::LexOrdering;
use datafusion::physical_plan::metrics::{ExecutionPlanMetricsSet, RecordOutput};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::TryStreamExt;

use super::dimension::Dimension;
use super::exec::{LeftColumns, RightColumns};
use super::indexed::IndexedVersions;
use super::merge::Merge;
use super::metrics::RowMetrics;
use super::sorting::{in_order, numbered, sorted};

/// What it takes to join one partition of the left side.
pub(super) struct Joining {
    /// The schema of the result: the columns of the left side, then the fetched ones.
    pub(super) schema: SchemaRef,
    pub(super) columns: LeftColumns,
    /// How rows are sorted to be merged.
    pub(super) order: LexOrdering,
    /// Whether the order of the rows is known to others.
    pub(super) keeps_order: bool,
    pub(super) right: RightColumns,
    pub(super) context: Arc<TaskContext>,
    pub(super) metrics: ExecutionPlanMetricsSet,
    pub(super) partition: usize,
}

impl Joining {
    /// The joined rows.
    pub(super) fn join(
        self,
        left: SendableRecordBatchStream,
        versions: Dimension,
    ) -> Result<SendableRecordBatchStream> {
        let metrics = RowMetrics::new(&self.metrics, self.partition);
        let (schema, counter) = (left.schema(), metrics.input_rows.clone());
        let counted = left.inspect_ok(move |batch| {
            counter.add(batch.num_rows());
        });
        let left: SendableRecordBatchStream = Box::pin(RecordBatchStreamAdapter::new(schema, counted));
        match versions {
            Dimension::Indexed(index) => {
                metrics.indexed.add(1);
                Ok(self.stream(left, index, metrics))
            }
            Dimension::Sorted(versions) => {
                metrics.merged.add(1);
                self.merge(left, versions, metrics)
            }
        }
    }

    /// Looks each batch up, in the order in which they come.
    fn stream(
        self,
        left: SendableRecordBatchStream,
        index: Arc<IndexedVersions>,
        metrics: RowMetrics,
    ) -> SendableRecordBatchStream {
        let schema = Arc::clone(&self.schema);
        let joined = left.and_then(move |rows| {
            let timer = metrics.baseline.elapsed_compute().timer();
            let joined = index.join(&self.schema, &rows, &self.columns);
            timer.done();
            futures::future::ready(joined.map(|joined| joined.record_output(&metrics.baseline)))
        });
        Box::pin(RecordBatchStreamAdapter::new(schema, joined))
    }

    /// Sorts the rows, merges them with the versions, and brings their order back when somebody may rely on it.
    fn merge(
        self,
        left: SendableRecordBatchStream,
        versions: SendableRecordBatchStream,
        metrics: RowMetrics,
    ) -> Result<SendableRecordBatchStream> {
        let width = left.schema().fields().len();
        let left = if self.keeps_order { numbered(left) } else { left };
        let fetched = self.schema.fields().iter().skip(width);
        let fields: Vec<_> = left.schema().fields().iter().chain(fetched).cloned().collect();
        let schema = Arc::new(Schema::new_with_metadata(fields, self.schema.metadata().clone()));
        let rows = sorted(left, self.order, &self.context, &self.metrics, self.partition)?;
        let merge = Merge::try_new(Arc::clone(&schema), rows, versions, &self.columns, &self.right, metrics.baseline)?;
        let merged = futures::stream::try_unfold(merge, |mut merge| async move {
            Ok::<_, DataFusionError>(merge.next().await?.map(|batch: RecordBatch| (batch, merge)))
        });
        let merged: SendableRecordBatchStream = Box::pin(RecordBatchStreamAdapter::new(schema, merged));
        if !self.keeps_order {
            return Ok(merged);
        }
        in_order(merged, width, &self.context, &self.metrics, self.partition)
    }
}
