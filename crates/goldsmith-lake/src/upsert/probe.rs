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
use super::steps::Steps;
use crate::error::{LakeError, Result};
use crate::parquet_file::OpenFile;
use crate::scan::{LiveFile, ranges};
use crate::table::project;

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
    /// Whether a living row belongs to a touched group.
    pub(crate) is_touched: bool,
    /// Whether a row goes because another one of its key was found first, maybe in another file.
    pub(crate) has_duplicates: bool,
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
    pub(crate) key: Vec<String>,
    pub(crate) steps: Steps,
}

/// A row of a file whose group is touched.
#[derive(Debug, Clone, Copy)]
struct Hit {
    /// Physical row.
    row: usize,
    /// The new row of its key, once that is known.
    number: Option<usize>,
}

impl Probe {
    /// Reads the group columns of a file, then the rest of just the touched rows: first the columns that cost little, and the others
    /// only of rows that are equal so far.
    ///
    /// Rows are kept in mind as found in the file of this number.
    pub(crate) async fn examine(self: &Arc<Self>, candidate: &LiveFile, number: u32) -> Result<Verdicts> {
        let mut file = candidate.file.open(&self.store).await?;
        let dead = candidate.dead.as_ref().map_or(0, |dead| usize::try_from(dead.len()).unwrap_or_default());
        let mut verdicts = Verdicts { dead, ..Verdicts::default() };
        let mut hits = Vec::new();
        let mut batches = self.look_at(file.read(&self.group_schema, None)?, |new_rows, batch| new_rows.touched(batch));
        while let Some(touched) = batches.try_next().await? {
            for (row, touched) in (verdicts.rows..).zip(&touched) {
                if let Some(number) = *touched
                    && candidate.is_alive(row)
                {
                    hits.push(Hit { row, number });
                }
            }
            verdicts.rows += touched.len();
        }
        if hits.is_empty() {
            return Ok(verdicts);
        }
        verdicts.is_touched = true;
        if !self.new_rows.has_rows() {
            // No new row has their keys, so that their other columns tell nothing.
            for hit in hits {
                self.enter(Verdict::NotAmongNewRows, hit.row, &mut verdicts);
            }
            return Ok(verdicts);
        }
        if hits.len() < verdicts.rows {
            file.load_page_index().await?;
        }
        match self.steps.split(&self.new_rows, &file) {
            Some((first, rest)) => {
                let equal = self.compare(&file, hits, number, first, &mut verdicts, false).await?;
                if !equal.is_empty() {
                    self.compare(&file, equal, number, rest, &mut verdicts, true).await?;
                    verdicts.dropped.sort_unstable();
                }
            }
            None => self.judge(&file, hits, number, &mut verdicts).await?,
        }
        Ok(verdicts)
    }

    /// Judges rows with all of their columns.
    async fn judge(
        self: &Arc<Self>,
        file: &OpenFile,
        hits: Vec<Hit>,
        number: u32,
        verdicts: &mut Verdicts,
    ) -> Result<()> {
        let batches = file.read(&self.judged_schema, selection(&hits, verdicts.rows))?;
        let mut judged = self.look_at(batches, move |new_rows, batch| new_rows.judge(batch, number));
        let mut hits = hits.into_iter();
        while let Some(batch) = judged.try_next().await? {
            for (verdict, hit) in batch.into_iter().zip(&mut hits) {
                self.enter(verdict, hit.row, verdicts);
            }
        }
        Ok(())
    }

    /// Compares some columns of rows. Those that differ are judged by it; returns those that are equal so far, unless they are judged
    /// to be equal too, as these are the last columns.
    async fn compare(
        self: &Arc<Self>,
        file: &OpenFile,
        hits: Vec<Hit>,
        file_number: u32,
        columns: Vec<String>,
        verdicts: &mut Verdicts,
        is_last: bool,
    ) -> Result<Vec<Hit>> {
        let tells_key = self.new_rows.group_is_key() || is_last;
        let wanted: Vec<String> = if tells_key { columns.clone() } else { [&self.key, &columns[..]].concat() };
        let schema = project(&self.judged_schema, &wanted, &self.table)?;
        let mut batches = file.read(&schema, selection(&hits, verdicts.rows))?;
        let looked = hits.len();
        let mut hits = hits.into_iter();
        let mut open = Vec::new();
        while let Some(batch) = batches.try_next().await? {
            let fail = |error| LakeError::arrow(&self.table, error);
            let mut looked_at: Vec<Hit> = hits.by_ref().take(batch.num_rows()).collect();
            if !tells_key {
                for (hit, number) in looked_at.iter_mut().zip(self.new_rows.numbers(&batch).map_err(fail)?) {
                    hit.number = number;
                }
            }
            let numbers: Vec<Option<usize>> = looked_at.iter().map(|hit| hit.number).collect();
            let equal = self.new_rows.equal(&batch, &numbers, &columns).map_err(fail)?;
            for (hit, is_equal) in looked_at.into_iter().zip(equal.iter()) {
                match hit.number {
                    None => self.enter(Verdict::NotAmongNewRows, hit.row, verdicts),
                    Some(_) if is_equal && !is_last => open.push(hit),
                    Some(number) => {
                        let verdict = if is_equal { Verdict::Equal } else { Verdict::Differs };
                        self.enter(self.new_rows.settle(number, verdict, file_number), hit.row, verdicts);
                    }
                }
            }
        }
        if !is_last {
            self.steps.learn(looked, open.len());
        }
        Ok(open)
    }

    fn enter(&self, verdict: Verdict, row: usize, verdicts: &mut Verdicts) {
        match verdict {
            Verdict::Equal | Verdict::Outranks => {}
            Verdict::Differs => verdicts.dropped.push(row),
            Verdict::NotAmongNewRows if !self.delete_missing => {}
            Verdict::NotAmongNewRows | Verdict::Duplicate => {
                verdicts.has_duplicates |= verdict == Verdict::Duplicate;
                verdicts.dropped.push(row);
                verdicts.deleted += 1;
            }
        }
    }

    /// Looks at the batches of one file in tasks of their own, while further ones are decoded; the answers keep their order.
    fn look_at<T: Send + 'static>(
        self: &Arc<Self>,
        batches: BoxStream<'static, Result<RecordBatch>>,
        look: impl Fn(&NewRows, &RecordBatch) -> std::result::Result<T, ArrowError> + Copy + Send + 'static,
    ) -> impl Stream<Item = Result<T>> + Unpin {
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

/// The rows of hits, unless they are all rows of their file.
fn selection(hits: &[Hit], rows: usize) -> Option<RowSelection> {
    let touched: Vec<usize> = hits.iter().map(|hit| hit.row).collect();
    (touched.len() < rows).then(|| RowSelection::from_consecutive_ranges(ranges(&touched).into_iter(), rows))
}
