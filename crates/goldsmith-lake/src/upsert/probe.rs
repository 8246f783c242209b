//! Finding out which rows of one file have to go.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use futures::stream::BoxStream;
use futures::{Stream, StreamExt, TryStreamExt};
use object_store::ObjectStore;
use parquet::arrow::arrow_reader::RowSelection;

use super::rows::{NewRows, Verdict};
use crate::error::{LakeError, Result};
use crate::scan::{LiveFile, ranges};

/// Batches of one file that are looked at at the same time.
const BATCHES_AT_ONCE: usize = 4;

/// What has to happen to one file.
#[derive(Default)]
pub(crate) struct Verdicts {
    /// Physical rows that have to go, ascending.
    pub(crate) dropped: Vec<usize>,
    /// How many of them no new row replaces.
    pub(crate) deleted: u64,
    /// Physical rows of the file.
    pub(crate) rows: usize,
    /// How many of them were dead before.
    pub(crate) dead: usize,
}

impl Verdicts {
    /// Living rows that stay.
    pub(crate) fn kept(&self) -> u64 {
        (self.rows - self.dead - self.dropped.len()) as u64
    }
}

/// What every file is examined with.
pub(crate) struct Probe {
    pub(crate) table: String,
    pub(crate) store: Arc<dyn ObjectStore>,
    pub(crate) new_rows: NewRows,
    pub(crate) group_schema: SchemaRef,
    /// Key and compared columns.
    pub(crate) judged_schema: SchemaRef,
    pub(crate) delete_missing: bool,
}

impl Probe {
    /// Reads the group columns of a file, then the rest of just the touched rows.
    pub(crate) async fn examine(self: &Arc<Self>, candidate: &LiveFile) -> Result<Verdicts> {
        let mut rows = 0;
        let mut touched = Vec::new();
        let batches = candidate.file.read(&self.store, &self.group_schema, None).await?;
        let mut hits = self.look_at(batches, |new_rows, batch| new_rows.touches(batch));
        while let Some(hits) = hits.try_next().await? {
            touched.extend(
                hits.iter()
                    .enumerate()
                    .filter(|(row, hit)| **hit && candidate.is_alive(rows + row))
                    .map(|(row, _)| rows + row),
            );
            rows += hits.len();
        }
        let dead = candidate.dead.as_ref().map_or(0, |dead| usize::try_from(dead.len()).unwrap_or_default());
        let mut verdicts = Verdicts { rows, dead, ..Verdicts::default() };
        if touched.is_empty() {
            return Ok(verdicts);
        }
        let selection =
            (touched.len() < rows).then(|| RowSelection::from_consecutive_ranges(ranges(&touched).into_iter(), rows));
        let batches = candidate.file.read(&self.store, &self.judged_schema, selection).await?;
        let mut judged = self.look_at(batches, |new_rows, batch| new_rows.judge(batch));
        let mut positions = touched.into_iter();
        while let Some(batch) = judged.try_next().await? {
            for (verdict, row) in batch.into_iter().zip(&mut positions) {
                match verdict {
                    Verdict::Equal | Verdict::Outranks => {}
                    Verdict::Differs => verdicts.dropped.push(row),
                    Verdict::NotAmongNewRows if !self.delete_missing => {}
                    Verdict::NotAmongNewRows | Verdict::Duplicate => {
                        verdicts.dropped.push(row);
                        verdicts.deleted += 1;
                    }
                }
            }
        }
        Ok(verdicts)
    }

    /// Looks at the batches of one file in tasks of their own, while further ones are decoded; the answers keep their order.
    fn look_at<T: Send + 'static>(
        self: &Arc<Self>,
        batches: BoxStream<'static, Result<RecordBatch>>,
        look: fn(&NewRows, &RecordBatch) -> std::result::Result<T, ArrowError>,
    ) -> impl Stream<Item = Result<T>> + Unpin + use<T> {
        let probe = Arc::clone(self);
        let looking = batches.map(move |batch| {
            let probe = Arc::clone(&probe);
            async move {
                let task = {
                    let probe = Arc::clone(&probe);
                    tokio::spawn(async move {
                        look(&probe.new_rows, &batch?).map_err(|error| LakeError::arrow(&probe.table, error))
                    })
                };
                task.await.unwrap_or_else(|error| {
                    Err(LakeError::Task { location: probe.table.clone(), reason: error.to_string() })
                })
            }
        });
        Box::pin(looking.buffered(BATCHES_AT_ONCE))
    }
}
