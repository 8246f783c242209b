//! SCD2 dimensions: timelines from change logs.

use arrow::array::RecordBatch;
use goldsmith_model::{GoldKind, SourceName};
use goldsmith_query::timeline::{Scd2Spec, timeline};

use super::affected::{self, Recompute};
use super::job::GoldJob;
use crate::error::{Error, Result};

struct Timelines {
    spec: Scd2Spec,
}

impl Recompute for Timelines {
    fn recompute(&self, rows: &RecordBatch) -> Result<(RecordBatch, u64)> {
        let versions = timeline(rows, &self.spec)?;
        let coalesced = (rows.num_rows() - versions.num_rows()) as u64;
        Ok((versions, coalesced))
    }

    fn counted(&self, rows: &RecordBatch) -> Result<RecordBatch> {
        Ok(rows.clone())
    }
}

fn timelines_of(job: &GoldJob<'_>) -> Result<(SourceName, Timelines)> {
    let GoldKind::Scd2 { source, sequence_by, delete_time, untracked } = &job.table.kind else {
        return Err(Error::Internal(format!("`{}` has no history", job.table.name)));
    };
    let mut untracked = untracked.clone();
    untracked.extend(job.ctx.model.bronze.get(source).and_then(|bronze| bronze.date_column.clone()));
    let spec =
        Scd2Spec { key: job.table.key.clone(), sequence: sequence_by.clone(), delete: delete_time.clone(), untracked };
    Ok((source.clone(), Timelines { spec }))
}

/// Builds all timelines from all of bronze.
pub(crate) async fn rebuild(job: &mut GoldJob<'_>) -> Result<()> {
    let (source, timelines) = timelines_of(job)?;
    let mut writer = job.writer()?;
    writer.write(&job.unknown_member()?).await?;
    if let Some(bronze) = job.bronze(&source).await? {
        affected::rebuild(job, &bronze, &mut writer, &timelines).await?;
    }
    job.flush_quarantine(&source).await?;
    job.replace(writer).await
}

/// Builds again the timelines of the keys that bronze gained changes for.
pub(crate) async fn incremental(job: &mut GoldJob<'_>, since: Option<u64>) -> Result<()> {
    let (source, timelines) = timelines_of(job)?;
    let Some(bronze) = job.bronze(&source).await? else {
        return Ok(());
    };
    if !affected::incremental(job, &bronze, since, &timelines).await? {
        return rebuild(job).await;
    }
    job.flush_quarantine(&source).await
}
