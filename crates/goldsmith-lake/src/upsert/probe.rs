//! Finding out which rows of one file have to go.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use futures::TryStreamExt;
use object_store::ObjectStore;
use parquet::arrow::arrow_reader::RowSelection;

use super::rows::{NewRows, Verdict};
use crate::error::{LakeError, Result};
use crate::scan::{LiveFile, ranges};

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
    pub(crate) async fn examine(&self, candidate: &LiveFile) -> Result<Verdicts> {
        let fail = |error| LakeError::arrow(&self.table, error);
        let mut rows = 0;
        let mut touched = Vec::new();
        let mut batches = candidate.file.read(&self.store, &self.group_schema, None).await?;
        while let Some(batch) = batches.try_next().await? {
            let hits = self.new_rows.touches(&batch).map_err(fail)?;
            touched.extend(
                hits.iter()
                    .enumerate()
                    .filter(|(row, hit)| **hit && candidate.is_alive(rows + row))
                    .map(|(row, _)| rows + row),
            );
            rows += batch.num_rows();
        }
        let dead = (0..rows).filter(|row| !candidate.is_alive(*row)).count();
        let mut verdicts = Verdicts { rows, dead, ..Verdicts::default() };
        if touched.is_empty() {
            return Ok(verdicts);
        }
        let selection =
            (touched.len() < rows).then(|| RowSelection::from_consecutive_ranges(ranges(&touched).into_iter(), rows));
        let mut judged = candidate.file.read(&self.store, &self.judged_schema, selection).await?;
        let mut positions = touched.into_iter();
        while let Some(batch) = judged.try_next().await? {
            for (verdict, row) in self.new_rows.judge(&batch).map_err(fail)?.into_iter().zip(&mut positions) {
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
}
