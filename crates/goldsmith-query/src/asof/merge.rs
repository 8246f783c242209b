//! One pass over both sides of a partition.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, TimestampMicrosecondArray, new_null_array};
use arrow::compute::interleave;
use arrow::datatypes::SchemaRef;
use arrow::row::Rows;
use datafusion::common::Result;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::expressions::Column;
use datafusion::physical_plan::metrics::{BaselineMetrics, RecordOutput};
use futures::StreamExt;

use super::exec::{LeftColumns, RightColumns};
use super::side::{Keys, Version, VersionBatch, VersionStream, instants};

/// Batches of versions that one batch of the result may refer to; it ends early when it would need more.
const BATCHES_AT_ONCE: usize = 8;

/// The state of the join: where both sides are, and the versions of the key at hand that may still be met.
pub(super) struct Merge {
    schema: SchemaRef,
    left: SendableRecordBatchStream,
    keys: Keys,
    instant: Column,
    versions: VersionStream,
    is_interval: bool,
    key: Option<Box<[u8]>>,
    /// Those that started, the latest last. As of an instant only the last counts; intervals that started earlier count once
    /// those that started later have ended, so that each ends later than the next.
    started: Vec<Version>,
    pending: Option<Pending>,
    metrics: BaselineMetrics,
}

/// Rows of the left side that are being joined.
struct Pending {
    batch: RecordBatch,
    keys: Rows,
    instants: TimestampMicrosecondArray,
    next: usize,
}

/// Rows of the result: which version each one met, by number of the batch (from 1 on, 0 for none) and row.
#[derive(Default)]
struct Met {
    batches: Vec<Arc<VersionBatch>>,
    places: Vec<(usize, usize)>,
}

impl Met {
    /// Adds a row; false when that would need too many batches.
    fn push(&mut self, version: Option<&Version>) -> bool {
        let Some(version) = version else {
            self.places.push((0, 0));
            return true;
        };
        // Mostly the last one.
        let known = self.batches.iter().rposition(|batch| Arc::ptr_eq(batch, &version.batch));
        let number = match known {
            Some(number) => number,
            None if self.batches.len() == BATCHES_AT_ONCE => return false,
            None => {
                self.batches.push(Arc::clone(&version.batch));
                self.batches.len() - 1
            }
        };
        self.places.push((number + 1, version.row));
        true
    }
}

impl Merge {
    pub(super) fn try_new(
        schema: SchemaRef,
        left: SendableRecordBatchStream,
        right: SendableRecordBatchStream,
        left_columns: &LeftColumns,
        right_columns: &RightColumns,
        metrics: BaselineMetrics,
    ) -> Result<Self> {
        Ok(Self {
            schema,
            keys: Keys::try_new(&left.schema(), &left_columns.key)?,
            left,
            instant: left_columns.instant.clone(),
            versions: VersionStream::try_new(right, right_columns)?,
            is_interval: right_columns.end.is_some(),
            key: None,
            started: Vec::new(),
            pending: None,
            metrics,
        })
    }

    /// The next batch of the result.
    pub(super) async fn next(&mut self) -> Result<Option<RecordBatch>> {
        let mut pending = match self.pending.take() {
            Some(pending) => pending,
            None => match self.next_rows().await? {
                Some(pending) => pending,
                None => return Ok(None),
            },
        };
        let first = pending.next;
        let mut met = Met::default();
        while pending.next < pending.batch.num_rows() {
            self.advance(&pending).await?;
            let is_known = pending.instants.is_valid(pending.next) && !self.keys.has_null(&pending.batch, pending.next);
            if !met.push(self.started.last().filter(|_| is_known)) {
                break;
            }
            pending.next += 1;
        }
        let timer = self.metrics.elapsed_compute().timer();
        let batch = self.joined(&pending.batch.slice(first, pending.next - first), &met)?;
        timer.done();
        if pending.next < pending.batch.num_rows() {
            self.pending = Some(pending);
        }
        Ok(Some(batch.record_output(&self.metrics)))
    }

    async fn next_rows(&mut self) -> Result<Option<Pending>> {
        while let Some(batch) = self.left.next().await {
            let batch = batch?;
            if batch.num_rows() > 0 {
                let (keys, instants) = (self.keys.encode(&batch)?, instants(&batch, &self.instant)?);
                return Ok(Some(Pending { batch, keys, instants, next: 0 }));
            }
        }
        Ok(None)
    }

    /// Brings the versions to the next row, so that the one that it meets is the last that started.
    async fn advance(&mut self, pending: &Pending) -> Result<()> {
        let key = pending.keys.row(pending.next);
        let key = key.data();
        if pending.instants.is_null(pending.next) || self.keys.has_null(&pending.batch, pending.next) {
            return Ok(());
        }
        let instant = pending.instants.value(pending.next);
        if self.key.as_deref() != Some(key) {
            self.key = Some(key.into());
            self.started.clear();
            while self.versions.fill().await? && self.versions.is_before(key) {
                self.versions.take();
            }
            if !self.is_interval {
                self.start_first(key).await?;
            }
        }
        while self.versions.fill().await? && self.versions.of_key(key).is_some_and(|version| version.start() <= instant)
        {
            self.start_next();
        }
        while self.started.last().and_then(Version::end).is_some_and(|end| end <= instant) {
            self.started.pop();
        }
        Ok(())
    }

    /// The first version of a key holds for what came before it: of those that start together the last one.
    async fn start_first(&mut self, key: &[u8]) -> Result<()> {
        let mut first = None;
        while self.versions.fill().await?
            && let Some(version) = self.versions.of_key(key)
            && first.is_none_or(|first| version.start() == first)
        {
            first = Some(version.start());
            self.start_next();
        }
        Ok(())
    }

    fn start_next(&mut self) {
        let Some(version) = self.versions.take() else { return };
        // What ends no later than a version that starts later is never met again.
        let is_covered = |earlier: &Version| match (earlier.end(), version.end()) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(earlier), Some(end)) => earlier <= end,
        };
        while self.started.last().is_some_and(is_covered) {
            self.started.pop();
        }
        self.started.push(version);
    }

    fn joined(&self, rows: &RecordBatch, met: &Met) -> Result<RecordBatch> {
        let mut columns = rows.columns().to_vec();
        for (number, field) in self.schema.fields().iter().skip(rows.num_columns()).enumerate() {
            let nothing = new_null_array(field.data_type(), 1);
            let mut sources: Vec<&dyn Array> = vec![nothing.as_ref()];
            sources.extend(met.batches.iter().filter_map(|batch| batch.fetched.get(number)).map(AsRef::as_ref));
            let fetched: ArrayRef = interleave(&sources, &met.places)?;
            columns.push(fetched);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
        Ok(RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)?)
    }
}
