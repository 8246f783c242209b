//! The right side of the join, read whole: as an index while the memory pool grants it, else sorted.

use std::collections::VecDeque;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::common::utils::memory::RecordBatchMemoryCounter;
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, SpillFile, TaskContext};
use datafusion::physical_expr::LexOrdering;
use datafusion::physical_plan::SpillManager;
use datafusion::physical_plan::metrics::{ExecutionPlanMetricsSet, SpillMetrics};
use datafusion::physical_plan::stream::{EmptyRecordBatchStream, RecordBatchStreamAdapter};
use futures::future::{BoxFuture, Shared};
use futures::{StreamExt, TryStreamExt};

use super::exec::RightColumns;
use super::indexed::{IndexBuilder, IndexedVersions};
use super::metrics::VersionMetrics;
use super::sorting::sorted;

/// The name of what holds versions in a memory pool.
const CONSUMER: &str = "AsOfJoinExec";

/// Versions that were read, ready to be met.
pub(super) enum Dimension {
    Indexed(Arc<IndexedVersions>),
    Sorted(SendableRecordBatchStream),
}

/// Versions that every partition of the left side meets.
#[derive(Clone)]
pub(super) enum Collected {
    Indexed(Arc<IndexedVersions>),
    /// Sorted, in a file that each partition reads; none when there are no versions.
    Spilled(SpillManager, Option<Arc<dyn SpillFile>>),
}

/// Versions that are read once, by whichever partition is polled first.
pub(super) type Collecting = Shared<BoxFuture<'static, Result<Collected, Arc<DataFusionError>>>>;

impl Collected {
    /// The versions for one more partition.
    pub(super) fn open(&self) -> Result<Dimension> {
        Ok(match self {
            Self::Indexed(index) => Dimension::Indexed(Arc::clone(index)),
            Self::Spilled(manager, Some(file)) => {
                Dimension::Sorted(manager.read_spill_as_stream(Arc::clone(file), None)?)
            }
            Self::Spilled(manager, None) => {
                Dimension::Sorted(Box::pin(EmptyRecordBatchStream::new(Arc::clone(manager.schema()))))
            }
        })
    }
}

/// What it takes to read one partition of the right side.
pub(super) struct Reader {
    pub(super) columns: RightColumns,
    pub(super) order: LexOrdering,
    pub(super) context: Arc<TaskContext>,
    pub(super) metrics: ExecutionPlanMetricsSet,
    pub(super) partition: usize,
}

impl Reader {
    /// Reads versions for one partition of the left side.
    pub(super) async fn read(self, input: SendableRecordBatchStream) -> Result<Dimension> {
        let metrics = VersionMetrics::new(&self.metrics, self.partition);
        let (schema, counter) = (input.schema(), metrics.input_rows.clone());
        let counted = input.inspect_ok(move |batch| {
            counter.add(batch.num_rows());
        });
        let mut input: SendableRecordBatchStream = Box::pin(RecordBatchStreamAdapter::new(schema, counted));
        let consumer = MemoryConsumer::new(CONSUMER).with_can_spill(true);
        let mut held = Held::new(consumer.register(self.context.memory_pool()));
        let mut index = IndexBuilder::new(&input.schema(), &self.columns)?;
        while let Some(batch) = input.next().await {
            let batch = batch?;
            if batch.num_rows() == 0 {
                continue;
            }
            let timer = metrics.build_time.timer();
            let fits = held.push(batch.clone(), index.bytes()) && {
                index.add(&batch)?;
                held.fits_with(index.bytes())
            };
            timer.done();
            if !fits {
                drop(index);
                return self.sort(held, input);
            }
        }
        let timer = metrics.build_time.timer();
        // Once rows stream through it, an index cannot be given up, so that the pool must not count on it.
        let owner = MemoryConsumer::new(CONSUMER).register(self.context.memory_pool());
        let index = index.finish(held.batches(), owner);
        timer.done();
        match index {
            Ok(index) => {
                held.release();
                index.account();
                metrics.memory.set_max(index.bytes());
                Ok(Dimension::Indexed(Arc::new(index)))
            }
            // Texts whose offsets do not fit into one column, say: they are merged batch by batch.
            Err(_) => self.sort(held, input),
        }
    }

    /// Reads versions for all partitions of the left side.
    pub(super) async fn collect(self, input: SendableRecordBatchStream) -> Result<Collected, Arc<DataFusionError>> {
        let schema = input.schema();
        let (context, metrics, partition) = (Arc::clone(&self.context), self.metrics.clone(), self.partition);
        match self.read(input).await? {
            Dimension::Indexed(index) => Ok(Collected::Indexed(index)),
            Dimension::Sorted(versions) => Ok(spill(versions, schema, &context, &metrics, partition).await?),
        }
    }

    fn sort(self, held: Held, rest: SendableRecordBatchStream) -> Result<Dimension> {
        let schema = rest.schema();
        let input = RecordBatchStreamAdapter::new(Arc::clone(&schema), held.into_stream().chain(rest));
        let versions = sorted(Box::pin(input), self.order, &self.context, &self.metrics, self.partition)?;
        Ok(Dimension::Sorted(versions))
    }
}

async fn spill(
    mut versions: SendableRecordBatchStream,
    schema: SchemaRef,
    context: &TaskContext,
    metrics: &ExecutionPlanMetricsSet,
    partition: usize,
) -> Result<Collected> {
    let spills = SpillMetrics::new(metrics, partition);
    let manager = SpillManager::new(context.runtime_env(), spills, schema)
        .with_compression_type(context.session_config().spill_compression());
    let mut file = manager.create_in_progress_file("the sorted versions of an as-of join")?;
    while let Some(batch) = versions.next().await {
        file.append_batch(&batch?)?;
    }
    let file = file.finish()?;
    Ok(Collected::Spilled(manager, file))
}

/// Rows that were read, with the memory that they and what is made from them take.
struct Held {
    reservation: MemoryReservation,
    /// Each batch with the bytes that it takes beside those before it.
    batches: VecDeque<(RecordBatch, usize)>,
    counter: RecordBatchMemoryCounter,
}

impl Held {
    fn new(reservation: MemoryReservation) -> Self {
        Self { reservation, batches: VecDeque::new(), counter: RecordBatchMemoryCounter::new() }
    }

    /// Keeps a batch; whether the pool grants it beside so many bytes of an index.
    fn push(&mut self, batch: RecordBatch, index: usize) -> bool {
        let bytes = self.counter.count_batch(&batch);
        self.batches.push_back((batch, bytes));
        self.fits_with(index)
    }

    /// Whether the pool grants the rows, the copies of their columns that an index is made of, and the rest of the index.
    fn fits_with(&self, index: usize) -> bool {
        self.reservation.try_resize(2 * self.counter.memory_usage() + index).is_ok()
    }

    fn batches(&self) -> impl Iterator<Item = &RecordBatch> {
        self.batches.iter().map(|(batch, _)| batch)
    }

    /// Gives all rows and their memory up.
    fn release(self) {
        drop(self.batches);
        self.reservation.free();
    }

    /// Yields the rows, and gives the memory of each batch up with it.
    fn into_stream(self) -> impl futures::Stream<Item = Result<RecordBatch>> + Send {
        let Self { reservation, batches, counter } = self;
        let accounted = reservation.size().min(counter.memory_usage());
        reservation.shrink(reservation.size() - accounted);
        futures::stream::unfold((reservation, batches), |(reservation, mut batches)| async move {
            let (batch, bytes) = batches.pop_front()?;
            reservation.shrink(bytes.min(reservation.size()));
            Some((Ok(batch), (reservation, batches)))
        })
    }
}
