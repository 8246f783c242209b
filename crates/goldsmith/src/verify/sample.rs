//! Part of the keys, the same on both sides of a comparison.

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use futures::TryStreamExt;
use goldsmith_lake::{CommitRequest, Location, ScanRequest, Table, TableSpec};
use goldsmith_model::{GoldKind, GoldTable, SourceName};
use goldsmith_query::normalize::normalize_batch;
use goldsmith_query::order::KeyHasher;

use crate::context::RunContext;
use crate::error::{Error, Result};
use crate::gold::carried_table;

/// Keys whose hash falls into a share of all hashes.
#[derive(Debug, Clone)]
pub(super) struct Sample {
    below: u64,
    hasher: KeyHasher,
}

impl Sample {
    /// A sample of a fraction of the keys.
    ///
    /// # Errors
    /// [`Error::Configuration`] when it is not above 0 and at most 1.
    pub(super) fn new(fraction: f64) -> Result<Self> {
        if !(fraction > 0.0 && fraction <= 1.0) {
            return Err(Error::Configuration {
                what: format!("a sample of {fraction} is no share of the keys"),
                help: "give a number above 0 and up to 1, such as 0.1".into(),
            });
        }
        Ok(Self { below: (fraction * (1_u64 << 32) as f64).ceil() as u64, hasher: KeyHasher::default() })
    }

    /// Which rows belong to the sample. The upper half of the hash decides, because buckets go by its remainder.
    pub(super) fn mask(&self, batch: &RecordBatch, key: &[String]) -> Result<BooleanArray> {
        Ok(self.hasher.hash(batch, key)?.into_iter().map(|hash| Some((hash >> 32) < self.below)).collect())
    }
}

/// Whether a table can be built from part of its keys: gathered dimensions and the calendar are made as a whole.
pub(super) fn applies_to(table: &GoldTable) -> bool {
    !matches!(table.kind, GoldKind::Aggregate { .. } | GoldKind::Calendar(_))
}

/// Copies the rows of a bronze table that belong to sampled keys of a gold table.
pub(super) async fn copy(
    ctx: &RunContext,
    table: &GoldTable,
    (source, bronze): (&SourceName, &Table),
    sample: &Sample,
    location: &Location,
) -> Result<Table> {
    let spec = TableSpec {
        name: table.name.clone(),
        description: None,
        schema: bronze.schema()?,
        run_id: ctx.stamp.run_id.clone(),
    };
    let mut copy = ctx.lake.create(location, spec).await?;
    let mut writer = copy.writer()?;
    let key = carried_table(ctx, table, source, bronze.clone(), &[])?.narrow(&table.key)?.carried;
    let mut stream = bronze.scan(ScanRequest::default()).await?;
    while let Some(batch) = stream.try_next().await? {
        ctx.check()?;
        let mask = sample.mask(&key.apply(&normalize_batch(&batch)?)?, &table.key)?;
        if mask.true_count() > 0 {
            writer.write(&filter_record_batch(&batch, &mask)?).await?;
        }
    }
    let request = CommitRequest {
        added: writer.finish().await?,
        run_id: ctx.stamp.run_id.clone(),
        operation: "WRITE".into(),
        blind_append: true,
        ..CommitRequest::default()
    };
    let _ = copy.commit(request).await?;
    Ok(copy)
}
