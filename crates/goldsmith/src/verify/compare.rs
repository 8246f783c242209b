//! A gold table beside its rebuild, row by row.
//!
//! Both are streamed; of each key only the number of rows and a sum of digests of their whole content is held, and that
//! of one bucket of keys at a time. Digests are md5 over an encoding in which no two different rows are alike, so that
//! rows that differ in whatever bit are told apart. The few rows that are shown are read once more.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, new_null_array};
use arrow::compute::{cast, filter_record_batch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::row::{RowConverter, SortField};
use futures::{Stream, StreamExt, TryStreamExt};
use goldsmith_lake::Table;
use goldsmith_model::{GoldKind, GoldTable};
use goldsmith_query::columns::{AUDIT, VALID_FROM};
use goldsmith_query::normalize::{normalize_schema, sort_maps};
use goldsmith_query::order::KeyHasher;
use md5::{Digest, Md5};

use super::report::{Check, CheckName, Findings};
use super::rows::{in_bucket, scan};
use super::sample::Sample;
use crate::context::RunContext;
use crate::error::Result;

/// Keys that one pass holds at most, roughly.
const KEYS_AT_ONCE: u64 = 4_000_000;
/// What a key costs, with the reserve of a table that grows.
const KEY_BYTES: u64 = 112;

/// What a comparison found.
pub(super) struct Comparison {
    /// Rows of the gold table that took part.
    pub(super) compared: u64,
    /// The checks.
    pub(super) checks: Vec<Check>,
}

/// The columns that identify a row of a gold table.
pub(super) fn identity(table: &GoldTable) -> Vec<String> {
    let mut identity = table.key.clone();
    if matches!(table.kind, GoldKind::Scd2 { .. }) {
        identity.push(VALID_FROM.into());
    }
    identity
}

/// Compares a gold table with its rebuild, or the keys of both that belong to a sample.
pub(super) async fn compare(
    ctx: &RunContext,
    table: &GoldTable,
    held: &Table,
    rebuilt: &Table,
    sample: Option<Sample>,
    limit: usize,
) -> Result<Comparison> {
    let sides = Sides::new(ctx, table, held, rebuilt, sample)?;
    let at_once = (ctx.budget.query() / 2 / KEY_BYTES).clamp(1, KEYS_AT_ONCE);
    let buckets = held.num_rows().await?.max(rebuilt.num_rows().await?).div_ceil(at_once).max(1);
    let mut missing = Findings::new(CheckName::MissingRows, limit);
    let mut unexpected = Findings::new(CheckName::UnexpectedRows, limit);
    let mut different = Findings::new(CheckName::DifferentRows, limit);
    let mut shown: [BTreeSet<u64>; 3] = Default::default();
    let mut compared = 0;
    for bucket in 0..buckets {
        let mut tallies: HashMap<u64, Tally> = HashMap::new();
        compared += sides.tally(held, bucket, buckets, &mut tallies, Tally::add_held).await?;
        sides.tally(rebuilt, bucket, buckets, &mut tallies, Tally::add_rebuilt).await?;
        for (hash, tally) in tallies.iter().filter(|(_, tally)| !tally.is_even()) {
            let (findings, number, of) = if tally.held < tally.rebuilt {
                (&mut missing, tally.rebuilt - tally.held, 0)
            } else if tally.held > tally.rebuilt {
                (&mut unexpected, tally.held - tally.rebuilt, 1)
            } else {
                (&mut different, 1, 2)
            };
            findings.count(number);
            shown[of].insert(*hash);
            // The least hashes, so that two verifications show the same rows.
            if shown[of].len() > limit {
                shown[of].pop_last();
            }
        }
    }
    let shown: HashSet<u64> = shown.into_iter().flatten().collect();
    if !shown.is_empty() {
        let differing = (sides.pick(held, &shown).await?, sides.pick(rebuilt, &shown).await?);
        super::details::explain(&sides.identity, &differing, &mut missing, &mut unexpected, &mut different)?;
    }
    let mut checks = vec![sides.lacking(limit)];
    checks.extend([missing, unexpected, different].map(Findings::into_check));
    Ok(Comparison { compared, checks })
}

/// What is known of the rows whose key has one hash.
#[derive(Default)]
struct Tally {
    held: u64,
    rebuilt: u64,
    difference: u128,
}

impl Tally {
    fn add_held(&mut self, digest: u128) {
        self.held += 1;
        self.difference = self.difference.wrapping_add(digest);
    }

    fn add_rebuilt(&mut self, digest: u128) {
        self.rebuilt += 1;
        self.difference = self.difference.wrapping_sub(digest);
    }

    /// Whether both sides have the same rows.
    fn is_even(&self) -> bool {
        self.held == self.rebuilt && self.difference == 0
    }
}

/// The two tables in one form.
struct Sides<'a> {
    ctx: &'a RunContext,
    key: Vec<String>,
    identity: Vec<String>,
    /// All columns of either side but the audit columns, in the types of the gold table.
    schema: SchemaRef,
    /// Columns that only the rebuild has.
    lacking: Vec<String>,
    converter: RowConverter,
    hasher: KeyHasher,
    sample: Option<Sample>,
}

impl<'a> Sides<'a> {
    fn new(
        ctx: &'a RunContext,
        table: &GoldTable,
        held: &Table,
        rebuilt: &Table,
        sample: Option<Sample>,
    ) -> Result<Self> {
        let plain = |table: &Table| -> Result<Schema> { Ok(normalize_schema(table.data_schema()?.as_ref())) };
        let (held, rebuilt) = (plain(held)?, plain(rebuilt)?);
        let is_compared = |field: &Field| !AUDIT.contains(&field.name().as_str());
        let mut fields: Vec<Field> =
            held.fields().iter().filter(|field| is_compared(field)).map(|field| field.as_ref().clone()).collect();
        let mut lacking = Vec::new();
        for field in rebuilt.fields().iter().filter(|field| is_compared(field)) {
            if held.column_with_name(field.name()).is_none() {
                lacking.push(field.name().clone());
                fields.push(field.as_ref().clone());
            }
        }
        let sorted = fields.iter().map(|field| SortField::new(field.data_type().clone())).collect();
        Ok(Self {
            ctx,
            key: table.key.clone(),
            identity: identity(table),
            schema: Arc::new(Schema::new(fields)),
            lacking,
            converter: RowConverter::new(sorted)?,
            hasher: KeyHasher::default(),
            sample,
        })
    }

    /// Streams the rows of a side that take part. A column that the side lacks is null: a rebuild does not have the
    /// columns that the model gave up, and they are null in gold.
    async fn rows(&self, side: &Table) -> Result<impl Stream<Item = Result<RecordBatch>> + Send + use<>> {
        let own = side.data_schema()?;
        let names = self.schema.fields().iter().map(|field| field.name().clone());
        let names: Vec<String> = names.filter(|name| own.column_with_name(name).is_some()).collect();
        let (schema, sample, key) = (self.schema.clone(), self.sample.clone(), self.key.clone());
        let stream = scan(side, &names).await?;
        Ok(stream.map(move |batch| {
            let batch = aligned(&batch?, &schema)?;
            match &sample {
                Some(sample) => Ok(filter_record_batch(&batch, &sample.mask(&batch, &key)?)?),
                None => Ok(batch),
            }
        }))
    }

    /// Adds the rows of a side that fall into a bucket to `tallies`; returns their number.
    async fn tally(
        &self,
        side: &Table,
        bucket: u64,
        buckets: u64,
        tallies: &mut HashMap<u64, Tally>,
        add: fn(&mut Tally, u128),
    ) -> Result<u64> {
        let mut rows = 0;
        let mut stream = Box::pin(self.rows(side).await?);
        while let Some(batch) = stream.try_next().await? {
            self.ctx.check()?;
            let hashes = self.hasher.hash(&batch, &self.identity)?;
            let batch = if buckets == 1 { batch } else { in_bucket(&batch, &hashes, bucket, buckets)? };
            let hashes = hashes.into_iter().filter(|hash| hash % buckets == bucket);
            rows += batch.num_rows() as u64;
            let encoded = self.converter.convert_columns(batch.columns())?;
            for (hash, row) in hashes.zip(encoded.iter()) {
                let digest: [u8; 16] = Md5::digest(row.as_ref()).into();
                add(tallies.entry(hash).or_default(), u128::from_be_bytes(digest));
            }
        }
        Ok(rows)
    }

    /// The rows of a side whose key has one of the hashes.
    async fn pick(&self, side: &Table, shown: &HashSet<u64>) -> Result<Vec<RecordBatch>> {
        let mut out = Vec::new();
        let mut stream = Box::pin(self.rows(side).await?);
        while let Some(batch) = stream.try_next().await? {
            self.ctx.check()?;
            let hashes = self.hasher.hash(&batch, &self.identity)?;
            let mask = hashes.iter().map(|hash| Some(shown.contains(hash))).collect();
            let picked = filter_record_batch(&batch, &mask)?;
            if picked.num_rows() > 0 {
                out.push(picked);
            }
        }
        Ok(out)
    }

    /// The check that the gold table has all columns.
    fn lacking(&self, limit: usize) -> Check {
        let mut findings = Findings::new(CheckName::Columns, limit);
        for name in &self.lacking {
            let problem = "a rebuild has this column, the table has not".to_string();
            let _infallible = findings.add(|| Ok::<_, std::convert::Infallible>((name.clone(), problem)));
        }
        findings.into_check()
    }
}

/// A batch with the columns and types of `schema`.
fn aligned(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    let columns = schema
        .fields()
        .iter()
        .map(|field| -> Result<ArrayRef> {
            match batch.column_by_name(field.name()) {
                Some(column) => Ok(sort_maps(&in_type(column, field.data_type())?)?),
                None => Ok(new_null_array(field.data_type(), batch.num_rows())),
            }
        })
        .collect::<Result<Vec<_>>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(schema.clone(), columns, &options)?)
}

fn in_type(column: &ArrayRef, data_type: &DataType) -> Result<ArrayRef> {
    if column.data_type() == data_type { Ok(column.clone()) } else { Ok(cast(column, data_type)?) }
}
