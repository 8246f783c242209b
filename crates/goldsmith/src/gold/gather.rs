//! Dimensions gathered from several sources by aggregates.

use std::collections::BTreeSet;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use futures::TryStreamExt;
use goldsmith_model::{GoldKind, SourceName};
use goldsmith_query::aggregate::Aggregator;
use goldsmith_query::expression::Projection;
use indexmap::IndexMap;

use super::job::GoldJob;
use crate::error::{Error, Result};

/// Computes the whole dimension from bronze, and writes what differs.
pub(crate) async fn recompute(job: &mut GoldJob<'_>) -> Result<()> {
    let GoldKind::Aggregate { members, aggregates, empty_is_null } = &job.table.kind else {
        return Err(Error::Internal(format!("`{}` is not gathered", job.table.name)));
    };
    let projections = super::shape::member_projections(job.ctx, job.table, members).await?;
    let schema = super::shape::member_schema_of(&projections)?;
    let mut aggregator = Aggregator::new(&job.table.key, aggregates, &schema, *empty_is_null)?;
    // Members of one source are computed in one pass over it.
    let mut by_source: IndexMap<&SourceName, Vec<&Projection>> = IndexMap::new();
    for (member, projection) in members.iter().zip(&projections) {
        by_source.entry(&member.source).or_default().push(projection);
    }
    for (source, projections) in by_source {
        let Some(bronze) = job.bronze(source).await? else { continue };
        let inputs: BTreeSet<String> = projections.iter().flat_map(|projection| projection.inputs()).collect();
        let narrow = bronze.narrow(&inputs.into_iter().collect::<Vec<_>>())?;
        let mut stream = Box::pin(narrow.stream(None).await?);
        while let Some(batch) = stream.try_next().await? {
            for projection in &projections {
                job.progress(batch.num_rows())?;
                aggregator.push(&projection.apply(&batch)?)?;
            }
        }
    }
    let gathered: RecordBatch = aggregator.finish()?;
    job.rows.duplicates += job.rows.read.saturating_sub(gathered.num_rows() as u64);
    let finished = job.pipeline.finish(&gathered)?;
    let unknown = job.unknown_member()?;
    let rows = concat_batches(&finished.schema(), [&unknown, &finished])?;
    job.upsert_whole(rows).await
}
