//! Dimensions gathered from several sources by aggregates.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::{concat_batches, filter_record_batch};
use arrow::datatypes::Schema;
use futures::TryStreamExt;
use goldsmith_lake::Added;
use goldsmith_model::{Aggregate, GoldKind, SourceName};
use goldsmith_plan::InputName;
use goldsmith_query::aggregate::Aggregator;
use goldsmith_query::columns;
use goldsmith_query::expression::Projection;
use goldsmith_query::order::{KeySet, Part};
use indexmap::IndexMap;

use super::job::{GoldJob, Upsert};
use super::read::{CarriedTable, written_by};
use crate::error::{Error, Result};
use crate::memory::Share;

/// How the members of a dimension are read.
struct Members<'a> {
    schema: Schema,
    aggregates: &'a IndexMap<String, Aggregate>,
    empty_is_null: bool,
    /// Members of one source are computed in one pass over it.
    by_source: IndexMap<&'a SourceName, Vec<Projection>>,
}

impl<'a> Members<'a> {
    async fn of(job: &GoldJob<'a>) -> Result<Self> {
        let GoldKind::Aggregate { members, aggregates, empty_is_null } = &job.table.kind else {
            return Err(Error::Internal(format!("`{}` is not gathered", job.table.name)));
        };
        let projections = super::shape::member_projections(job.ctx, job.table, members).await?;
        let schema = super::shape::member_schema_of(&projections)?;
        let mut by_source: IndexMap<&SourceName, Vec<Projection>> = IndexMap::new();
        for (member, projection) in members.iter().zip(projections) {
            by_source.entry(&member.source).or_default().push(projection);
        }
        Ok(Self { schema, aggregates, empty_is_null: *empty_is_null, by_source })
    }

    fn aggregator(&self, job: &GoldJob<'_>) -> Result<Aggregator> {
        Ok(Aggregator::new(&job.table.key, self.aggregates, &self.schema, self.empty_is_null)?)
    }
}

/// The columns that the members of a source need.
fn inputs(projections: &[Projection]) -> Vec<String> {
    let inputs: BTreeSet<String> = projections.iter().flat_map(|projection| projection.inputs()).collect();
    inputs.into_iter().collect()
}

/// Takes over what changed in bronze since the versions of `changed`: least, greatest and last values of the members that came, combined
/// with those that the table holds. Where these do not tell, the whole dimension is computed.
pub(crate) async fn incremental(job: &mut GoldJob<'_>, changed: &BTreeMap<InputName, Option<u64>>) -> Result<()> {
    let Some((rows, read)) = combined(job, changed).await? else {
        return recompute(job).await;
    };
    job.progress(read)?;
    job.rows.duplicates += (read as u64).saturating_sub(rows.num_rows() as u64);
    let finished = job.pipeline.finish(&rows).await?;
    job.upsert(Upsert { rows: vec![finished], ..Upsert::default() }).await?;
    job.commit("MERGE").await
}

/// The rows of all keys of members that came, and how many members these are; none when they do not tell.
async fn combined(
    job: &GoldJob<'_>,
    changed: &BTreeMap<InputName, Option<u64>>,
) -> Result<Option<(RecordBatch, usize)>> {
    let members = Members::of(job).await?;
    let (mut came, mut went) = (members.aggregator(job)?, members.aggregator(job)?);
    let mut read = 0;
    for (source, projections) in &members.by_source {
        let name = InputName::Bronze(source.to_string());
        let Some(since) = changed.get(&name) else { continue };
        let (Some(since), Some(bronze)) = (*since, job.bronze(source).await?) else { return Ok(None) };
        let Some(files) = Files::since(&bronze, since).await? else { return Ok(None) };
        if let Some((before, gone)) = files.before {
            match gather(job, &before, gone, None, projections, &mut went).await {
                Ok(Some(_)) => {}
                Ok(None) => return Ok(None),
                Err(error @ Error::Cancelled) => return Err(error),
                // Files that went are deleted some day.
                Err(error) => {
                    tracing::info!(table = %job.table.name, %source, error = %error.chain(), "all members are gathered again");
                    return Ok(None);
                }
            }
        }
        match gather(job, &bronze, files.come, files.run_ids.as_ref(), projections, &mut came).await? {
            Some(rows) => read += rows,
            None => return Ok(None),
        }
    }
    let keys_of = came.keys()?;
    let mut keys = KeySet::new(&keys_of.schema(), &job.table.key)?;
    keys.insert_batch(&keys_of)?;
    let names: Vec<String> = came.schema().fields().iter().map(|field| field.name().clone()).collect();
    let target = CarriedTable::new(job.target.clone(), &[], &[])?.narrow(&names)?;
    let held: Vec<RecordBatch> = target.rows_of(&job.table.key, &Arc::new(keys)).await?.try_collect().await?;
    let held = concat_batches(target.carried.schema(), &held)?;
    Ok(came.finish_over(&held, &went)?.map(|rows| (rows, read)))
}

/// The files of a bronze table whose members came or went.
struct Files {
    come: Vec<String>,
    /// The runs that wrote the rows of these that are new; all rows are when absent.
    run_ids: Option<HashSet<String>>,
    /// The version that had other files, and those; absent when rows only came.
    before: Option<(CarriedTable, Vec<String>)>,
}

impl Files {
    /// None when the log does not tell.
    async fn since(bronze: &CarriedTable, since: u64) -> Result<Option<Self>> {
        match bronze.table.added_since(since).await? {
            Added::Unknown => return Ok(None),
            Added::Known { files, run_ids, lost_rows: false, .. } => {
                let come = files.into_iter().map(|file| file.path).collect();
                return Ok(Some(Self { come, run_ids, before: None }));
            }
            Added::Known { .. } => {}
        }
        let Ok(changed) = bronze.table.changed_since(since).await else {
            return Ok(None);
        };
        let before = CarriedTable { table: changed.before, carried: bronze.carried.clone() };
        Ok(Some(Self { come: changed.come, run_ids: None, before: Some((before, changed.gone)) }))
    }
}

/// Gathers the members that files of a table hold. Returns their number; none when their states are too much to hold.
async fn gather(
    job: &GoldJob<'_>,
    bronze: &CarriedTable,
    files: Vec<String>,
    run_ids: Option<&HashSet<String>>,
    projections: &[Projection],
    into: &mut Aggregator,
) -> Result<Option<usize>> {
    let mut narrow = inputs(projections);
    narrow.push(columns::RUN_ID.into());
    let mut members = 0;
    let mut stream = Box::pin(bronze.narrow(&narrow)?.stream(Some(files)).await?);
    while let Some(batch) = stream.try_next().await? {
        job.ctx.check()?;
        let batch = written_by(&batch, run_ids)?;
        for projection in projections {
            members += batch.num_rows();
            into.push(&projection.apply(&batch)?)?;
        }
        if is_too_much(into, job.share) {
            return Ok(None);
        }
    }
    Ok(Some(members))
}

/// Computes the whole dimension from bronze, and writes what differs; part of the keys by part, when their states do not fit.
pub(crate) async fn recompute(job: &mut GoldJob<'_>) -> Result<()> {
    let members = Members::of(job).await?;
    let unknown = job.unknown_member()?;
    let mut count = 0;
    let mut waiting = vec![Part::ALL];
    let mut is_first = true;
    while let Some(part) = waiting.pop() {
        let mut aggregator = members.aggregator(job)?.of_part(part);
        for (source, projections) in &members.by_source {
            let Some(bronze) = job.bronze(source).await? else { continue };
            let narrow = bronze.narrow(&inputs(projections))?;
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
