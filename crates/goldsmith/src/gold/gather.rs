//! Dimensions gathered from several sources by aggregates.

use std::collections::BTreeSet;

use arrow::array::RecordBatch;
use arrow::compute::{concat_batches, filter_record_batch};
use futures::TryStreamExt;
use goldsmith_model::{GoldKind, SourceName};
use goldsmith_query::aggregate::Aggregator;
use goldsmith_query::expression::Projection;
use goldsmith_query::order::Part;
use indexmap::IndexMap;

use super::job::{GoldJob, Upsert};
use crate::error::{Error, Result};
use crate::memory::Share;

/// Computes the whole dimension from bronze, and writes what differs; part of the keys by part, when their states do not fit.
pub(crate) async fn recompute(job: &mut GoldJob<'_>) -> Result<()> {
    let GoldKind::Aggregate { members, aggregates, empty_is_null } = &job.table.kind else {
        return Err(Error::Internal(format!("`{}` is not gathered", job.table.name)));
    };
    let projections = super::shape::member_projections(job.ctx, job.table, members).await?;
    let schema = super::shape::member_schema_of(&projections)?;
    // Members of one source are computed in one pass over it.
    let mut by_source: IndexMap<&SourceName, Vec<&Projection>> = IndexMap::new();
    for (member, projection) in members.iter().zip(&projections) {
        by_source.entry(&member.source).or_default().push(projection);
    }
    let unknown = job.unknown_member()?;
    let mut count = 0;
    let mut waiting = vec![Part::ALL];
    let mut is_first = true;
    while let Some(part) = waiting.pop() {
        let mut aggregator = Aggregator::new(&job.table.key, aggregates, &schema, *empty_is_null)?.of_part(part);
        for (source, projections) in &by_source {
            let Some(bronze) = job.bronze(source).await? else { continue };
            let inputs: BTreeSet<String> = projections.iter().flat_map(|projection| projection.inputs()).collect();
            let narrow = bronze.narrow(&inputs.into_iter().collect::<Vec<_>>())?;
            let mut stream = Box::pin(narrow.stream(None).await?);
            while let Some(batch) = stream.try_next().await? {
                job.ctx.check()?;
                for projection in projections {
                    // The rows are the same in every pass.
                    if is_first {
                        job.progress(batch.num_rows())?;
                    }
                    aggregator.push(&projection.apply(&batch)?)?;
                }
                while is_too_much(&aggregator, job.share)
                    && let Some(left) = aggregator.halve()
                {
                    waiting.push(left);
                }
            }
        }
        is_first = false;
        let unknown = filter_record_batch(&unknown, &aggregator.gathers(&unknown)?)?;
        let held = job.held_keys(|batch| Ok(aggregator.gathers(batch)?)).await?;
        let gathered: RecordBatch = aggregator.finish()?;
        count += gathered.num_rows() as u64;
        let finished = job.pipeline.finish(&gathered).await?;
        let rows = concat_batches(&finished.schema(), [&unknown, &finished])?;
        job.upsert(Upsert { rows: vec![rows], delete_missing: true, extra_groups: Some(held), preference: None })
            .await?;
    }
    job.rows.duplicates += job.rows.read.saturating_sub(count);
    job.commit("MERGE").await
}

fn is_too_much(aggregator: &Aggregator, share: &Share) -> bool {
    if aggregator.bytes() > share.keys() {
        share.grow();
    }
    aggregator.bytes() > share.keys()
}
