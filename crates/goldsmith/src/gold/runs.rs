//! Facts folded from the slices of runs.

use arrow::array::RecordBatch;
use goldsmith_model::{Fold, GoldKind, SourceName};
use goldsmith_query::fold::{FoldSpec, distinct_slices, fold};

use super::affected::{self, Recompute};
use super::job::GoldJob;
use crate::error::{Error, Result};

struct FoldRuns {
    spec: FoldSpec,
    fold: Fold,
}

impl Recompute for FoldRuns {
    fn recompute(&self, rows: &RecordBatch) -> Result<(RecordBatch, u64)> {
        let runs = fold(rows, &self.spec, &self.fold)?;
        let absorbed = (rows.num_rows() - runs.num_rows()) as u64;
        Ok((runs, absorbed))
    }

    fn counted(&self, rows: &RecordBatch) -> Result<RecordBatch> {
        Ok(distinct_slices(rows, &self.spec, &self.fold)?)
    }
}

fn fold_of(job: &GoldJob<'_>) -> Result<(SourceName, FoldRuns)> {
    let GoldKind::SlicedRunFact { source, fold } = &job.table.kind else {
        return Err(Error::Internal(format!("`{}` is not folded", job.table.name)));
    };
    let fold = fold.clone();
    let bronze = job
        .ctx
        .model
        .bronze
        .get(source)
        .ok_or_else(|| Error::Internal(format!("source `{source}` is not in the model")))?;
    let spec = FoldSpec {
        key: job.table.key.clone(),
        natural_key: bronze.natural_key.clone(),
        sequence: bronze.sequence_by.clone(),
    };
    Ok((source.clone(), FoldRuns { spec, fold }))
}

/// Folds all runs from all of bronze.
pub(crate) async fn rebuild(job: &mut GoldJob<'_>) -> Result<()> {
    let (source, fold) = fold_of(job)?;
    let mut writer = job.writer()?;
    if let Some(bronze) = job.bronze(&source).await? {
        affected::rebuild(job, &bronze, &mut writer, &fold).await?;
    }
    job.flush_quarantine(&source).await?;
    job.replace(writer).await
}

/// Folds again the runs that bronze gained slices for.
pub(crate) async fn incremental(job: &mut GoldJob<'_>, since: Option<u64>) -> Result<()> {
    let (source, fold) = fold_of(job)?;
    let Some(bronze) = job.bronze(&source).await? else {
        return Ok(());
    };
    if !affected::incremental(job, &bronze, since, &fold).await? {
        return rebuild(job).await;
    }
    job.flush_quarantine(&source).await
}
