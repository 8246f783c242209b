//! Sorting inside of the join, for what does not fit into memory.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{ArrayRef, RecordBatch, UInt64Array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::Result;
use datafusion::common::exec_datafusion_err;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::expressions::Column;
use datafusion::physical_plan::metrics::{ExecutionPlanMetricsSet, SpillMetrics};
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use futures::{StreamExt, TryStreamExt};

use super::exec::ORDER;

/// The name of the column that numbers rows.
const NUMBER: &str = "__asof_row";

/// The rows of a stream in this order; what is spilled counts among the metrics of the join.
pub(super) fn sorted(
    input: SendableRecordBatchStream,
    order: LexOrdering,
    context: &Arc<TaskContext>,
    metrics: &ExecutionPlanMetricsSet,
    partition: usize,
) -> Result<SendableRecordBatchStream> {
    let schema = input.schema();
    let input: Arc<dyn PartitionStream> =
        Arc::new(Input { schema: Arc::clone(&schema), rows: Mutex::new(Some(input)) });
    let input = StreamingTableExec::try_new(Arc::clone(&schema), vec![input], None, [], false, None)?;
    let sort = Arc::new(SortExec::new(order, Arc::new(input)));
    let rows = sort.execute(0, Arc::clone(context))?;
    let sorting = Sorting { rows, sort, spills: SpillMetrics::new(metrics, partition) };
    let rows = futures::stream::try_unfold(sorting, |mut sorting| async move {
        Ok(sorting.rows.try_next().await?.map(|batch| (batch, sorting)))
    });
    Ok(Box::pin(RecordBatchStreamAdapter::new(schema, rows)))
}

/// The rows of a stream with their number as a further column, by which [`in_order`] brings their order back.
pub(super) fn numbered(input: SendableRecordBatchStream) -> SendableRecordBatchStream {
    let mut fields: Vec<_> = input.schema().fields().iter().cloned().collect();
    fields.push(Arc::new(Field::new(NUMBER, DataType::UInt64, false)));
    let schema: SchemaRef = Arc::new(Schema::new_with_metadata(fields, input.schema().metadata().clone()));
    let mut next = 0;
    let with_number = Arc::clone(&schema);
    let rows = input.map(move |batch| {
        let batch = batch?;
        let first = next;
        next += batch.num_rows() as u64;
        let numbers: ArrayRef = Arc::new(UInt64Array::from_iter_values(first..next));
        let columns = batch.columns().iter().cloned().chain([numbers]).collect();
        Ok(RecordBatch::try_new(Arc::clone(&with_number), columns)?)
    });
    Box::pin(RecordBatchStreamAdapter::new(schema, rows))
}

/// The rows of a stream by the number that they have in this column, without it.
pub(super) fn in_order(
    input: SendableRecordBatchStream,
    number: usize,
    context: &Arc<TaskContext>,
    metrics: &ExecutionPlanMetricsSet,
    partition: usize,
) -> Result<SendableRecordBatchStream> {
    let others: Vec<usize> = (0..input.schema().fields().len()).filter(|column| *column != number).collect();
    let schema: SchemaRef = Arc::new(input.schema().project(&others)?);
    let order = LexOrdering::from([PhysicalSortExpr::new(Arc::new(Column::new(NUMBER, number)), ORDER)]);
    let rows = sorted(input, order, context, metrics, partition)?;
    let rows = rows.map(move |batch| Ok(batch?.project(&others)?));
    Ok(Box::pin(RecordBatchStreamAdapter::new(schema, rows)))
}

/// Rows being sorted. What was spilled is told when they end or are given up.
struct Sorting {
    rows: SendableRecordBatchStream,
    sort: Arc<SortExec>,
    spills: SpillMetrics,
}

impl Drop for Sorting {
    fn drop(&mut self) {
        if let Some(metrics) = self.sort.metrics() {
            self.spills.spill_file_count.add(metrics.spill_count().unwrap_or_default());
            self.spills.spilled_bytes.add(metrics.spilled_bytes().unwrap_or_default());
            self.spills.spilled_rows.add(metrics.spilled_rows().unwrap_or_default());
        }
    }
}

/// A stream as the input of an operator, which can be read once.
struct Input {
    schema: SchemaRef,
    rows: Mutex<Option<SendableRecordBatchStream>>,
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Input").field("schema", &self.schema).finish_non_exhaustive()
    }
}

impl PartitionStream for Input {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner).take();
        rows.unwrap_or_else(|| {
            let again = exec_datafusion_err!("the input of an as-of join was asked for its rows twice");
            let failed = futures::stream::once(futures::future::err(again));
            Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), failed))
        })
    }
}
