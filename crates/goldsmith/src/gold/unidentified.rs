//! Rows of bronze that a gold table cannot identify.
//!
//! Bronze splits off what no table of the model can identify. This is for rows that were in bronze before the
//! key of a gold table changed, or before the table was added to the model.

use arrow::array::RecordBatch;
use futures::TryStreamExt;
use goldsmith_lake::ScanRequest;
use goldsmith_model::SourceName;
use goldsmith_query::normalize::normalize_batch;

use super::job::GoldJob;
use super::read::identified;
use crate::bronze::{unidentified_rows, write_if_many, write_quarantine};
use crate::error::Result;

impl GoldJob<'_> {
    /// Leaves out the rows of a batch that this table cannot identify, and counts them.
    pub(crate) fn identified(&mut self, batch: &RecordBatch) -> Result<RecordBatch> {
        let split = identified(batch, &self.table.key, self.table.is_dimension())?;
        self.rows.quarantined += split.whole_null;
        self.rows.memberless += split.partly_null;
        Ok(split.rows)
    }

    /// Takes in a batch of a pass over all rows, without those that cannot be identified. Only the first pass counts: the rows are
    /// the same in the others.
    pub(crate) fn entering(&mut self, batch: &RecordBatch, is_first: bool) -> Result<RecordBatch> {
        if is_first {
            self.progress(batch.num_rows())?;
            return self.identified(batch);
        }
        self.ctx.check()?;
        Ok(identified(batch, &self.table.key, self.table.is_dimension())?.rows)
    }

    /// Puts the rows that were left out into the quarantine of their source, whole, each once. It comes before the commit: when that
    /// does not come about, the next run puts the same rows there, once, and the other way round nothing would look for them again.
    pub(crate) async fn flush_quarantine(&mut self, source: &SourceName) -> Result<()> {
        if self.rows.memberless > 0 {
            let key = self.table.key.join(", ");
            let warning =
                format!("{} row(s) with a null in the business key ({key}) make no member", self.rows.memberless);
            if !self.warnings.contains(&warning) {
                self.warnings.push(warning);
            }
        }
        if self.rows.quarantined == 0 {
            return Ok(());
        }
        let (Some(table), Some(bronze)) =
            (self.ctx.bronze(&source.to_string()).await, self.ctx.model.bronze.get(source))
        else {
            return Ok(());
        };
        let mut rows = Vec::new();
        let mut stream = table.scan(ScanRequest::default()).await?;
        while let Some(batch) = stream.try_next().await? {
            if let Some(bad) = unidentified_rows(&normalize_batch(&batch)?, &self.table.key)? {
                rows.push(bad);
                write_if_many(self.ctx, bronze, &mut rows, self.share).await?;
            }
        }
        write_quarantine(self.ctx, bronze, &rows).await
    }
}
