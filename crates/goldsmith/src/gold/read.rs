//! Reading bronze and gold tables as carried rows.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{Array, BooleanArray, RecordBatch, StringArray};
use arrow::compute::{and, filter_record_batch, is_null};
use arrow::error::ArrowError;
use futures::stream::BoxStream;
use futures::{Stream, StreamExt, TryStreamExt};
use goldsmith_lake::{RowProbe, ScanRequest, Table};
use goldsmith_model::BronzeTable;
use goldsmith_query::columns;
use goldsmith_query::flatten::Carried;
use goldsmith_query::memory::batch_bytes;
use goldsmith_query::normalize::{normalize_batch, normalize_schema};
use goldsmith_query::order::{KeyHasher, KeySet, Part};

use super::pipeline::column_arrays;
use crate::error::{Error, Result};
use crate::memory::Share;

/// Column under which a scan shows the file of each row.
pub(crate) const FILE_COLUMN: &str = "_file";

/// A Delta table read as carried rows: structs flattened, deep values as JSON text.
#[derive(Clone)]
pub(crate) struct CarriedTable {
    pub(crate) table: Table,
    pub(crate) carried: Carried,
}

impl CarriedTable {
    /// All columns of `table` but `exclude`; of the metadata columns those of `keep`.
    pub(crate) fn new(table: Table, exclude: &[String], keep: &[&str]) -> Result<Self> {
        let schema = normalize_schema(table.schema()?.as_ref());
        let carried = Carried::new(&schema, exclude, keep)?;
        Ok(Self { table, carried })
    }

    /// All columns of a bronze table, those too whose names a gold table cannot give them; of the metadata columns those of `keep`.
    pub(crate) fn whole(table: Table, bronze: &BronzeTable, keep: &[&str]) -> Result<Self> {
        let schema = normalize_schema(table.schema()?.as_ref());
        let carried = Carried::whole(&schema, bronze, keep)?;
        Ok(Self { table, carried })
    }

    /// The same table with fewer columns.
    pub(crate) fn narrow(&self, names: &[String]) -> Result<Self> {
        Ok(Self { table: self.table.clone(), carried: self.carried.narrow(names)? })
    }

    /// Streams the rows of all files, or of `files`.
    pub(crate) async fn stream(
        &self,
        files: Option<Vec<String>>,
    ) -> Result<impl Stream<Item = Result<RecordBatch>> + Send + use<>> {
        self.read(ScanRequest { files, ..ScanRequest::default() }).await
    }

    async fn read(&self, request: ScanRequest) -> Result<impl Stream<Item = Result<RecordBatch>> + Send + use<>> {
        let stream = self.table.scan(ScanRequest { columns: Some(self.carried.source_columns()), ..request }).await?;
        let carried = self.carried.clone();
        Ok(stream.map(move |batch| -> Result<RecordBatch> { Ok(carried.apply(&normalize_batch(&batch?)?)?) }))
    }

    /// Streams the rows that `probe` accepts. Files may be left out in which all the time columns of `bounds` lie before their
    /// instants.
    pub(crate) async fn accepted(
        &self,
        probe: RowProbe,
        bounds: Vec<(String, i64)>,
    ) -> Result<impl Stream<Item = Result<RecordBatch>> + Send + use<>> {
        self.read(ScanRequest { probe: Some(probe), at_or_after: bounds, ..ScanRequest::default() }).await
    }

    /// Streams the rows whose `key` belongs to a part of all keys: the key columns are read first, and of the others only the rows
    /// of the part.
    pub(crate) async fn part_of(&self, key: &[String], part: Part) -> Result<BoxStream<'static, Result<RecordBatch>>> {
        if part.is_all() {
            return Ok(self.stream(None).await?.boxed());
        }
        let (hasher, names) = (KeyHasher::default(), key.to_vec());
        let probe = self
            .narrow(key)?
            .probe(move |batch| Ok(hasher.hash(batch, &names)?.into_iter().map(|hash| Some(part.has(hash))).collect()));
        Ok(self.accepted(probe, Vec::new()).await?.boxed())
    }

    /// Collects the rows whose `key` is in `keys`, unless they are more than the share has for rows.
    pub(crate) async fn matching(&self, key: &[String], keys: KeySet, share: &Share) -> Result<Matching> {
        let keys = Arc::new(keys);
        Matching::collect(self.rows_of(key, &keys).await?, &keys, share).await
    }

    /// Streams the rows whose `key` is in `keys`: the key columns are read first, and of the others only the rows that match.
    pub(crate) async fn rows_of(
        &self,
        key: &[String],
        keys: &Arc<KeySet>,
    ) -> Result<impl Stream<Item = Result<RecordBatch>> + Send + use<>> {
        let probed = self.narrow(key)?;
        // Statistics tell of columns as they are stored, so only keys that are carried as they are can exclude a file.
        let values = keys.to_batch()?;
        let stored = |name: &str| probed.carried.source_path(name).as_deref() == Some(name);
        let prunable: Vec<usize> =
            (0..values.num_columns()).filter(|index| stored(values.schema_ref().field(*index).name())).collect();
        let values = (!prunable.is_empty()).then(|| values.project(&prunable)).transpose()?;
        let wanted = Arc::clone(keys);
        let probe = RowProbe { values, ..probed.probe(move |batch| Ok(wanted.contains_mask(batch)?)) };
        self.accepted(probe, Vec::new()).await
    }

    /// A probe that sees the rows of this table as they are carried.
    pub(crate) fn probe(
        &self,
        accept: impl Fn(&RecordBatch) -> Result<BooleanArray> + Send + Sync + 'static,
    ) -> RowProbe {
        let carried = self.carried.clone();
        let filter = move |batch: &RecordBatch| {
            let normal = normalize_batch(batch).and_then(|batch| carried.apply(&batch));
            normal
                .map_err(Error::from)
                .and_then(|batch| accept(&batch))
                .map_err(|error| ArrowError::ExternalError(Box::new(error)))
        };
        RowProbe { columns: self.carried.source_columns(), filter: Arc::new(filter), values: None }
    }
}

/// The rows of some keys.
pub(crate) enum Matching {
    /// All of them.
    Rows(Vec<RecordBatch>),
    /// They are more than may be held: the keys in two halves, for which it can be tried again.
    TooMany(Box<[KeySet; 2]>),
}

impl Matching {
    /// Collects the rows of `keys`, as far as they fit into the share.
    pub(crate) async fn collect(
        rows: impl Stream<Item = Result<RecordBatch>> + Send,
        keys: &KeySet,
        share: &Share,
    ) -> Result<Self> {
        let mut rows = std::pin::pin!(rows);
        let (mut held, mut bytes) = (Vec::new(), 0);
        while let Some(batch) = rows.try_next().await? {
            bytes += batch_bytes(&batch);
            held.push(batch);
            if bytes > share.rows() {
                share.grow();
            }
            // One key has to be held whole.
            if bytes > share.rows()
                && let Some(halves) = keys.halves()?
            {
                return Ok(Self::TooMany(Box::new(halves)));
            }
        }
        Ok(Self::Rows(held))
    }
}

/// The file of each row of a scan that asked for it as [`FILE_COLUMN`].
pub(crate) fn file_names(batch: &RecordBatch) -> Result<StringArray> {
    let arrays = column_arrays(batch, &[FILE_COLUMN.to_string()])?;
    arrays[0]
        .as_any()
        .downcast_ref::<StringArray>()
        .cloned()
        .ok_or_else(|| Error::Internal("the file column of a scan is no text".into()))
}

/// Rows of a batch that runs of `run_ids` wrote. A rewritten file holds older rows too; when it is not known who wrote the new ones,
/// all are taken for new, since taking a row over once more changes nothing.
pub(crate) fn written_by(batch: &RecordBatch, run_ids: Option<&HashSet<String>>) -> Result<RecordBatch> {
    let Some(run_ids) = run_ids else {
        return Ok(batch.clone());
    };
    let arrays = column_arrays(batch, &[columns::RUN_ID.to_string()])?;
    let ids = arrays[0]
        .as_any()
        .downcast_ref::<StringArray>()
        .ok_or_else(|| Error::Internal("the run id column is no text".into()))?;
    let mask: BooleanArray = ids.iter().map(|id| Some(id.is_none_or(|id| run_ids.contains(id)))).collect();
    Ok(filter_record_batch(batch, &mask)?)
}

/// Rows of a batch by what their key tells.
pub(crate) struct Identified {
    /// Rows that can be identified.
    pub(crate) rows: RecordBatch,
    /// Number of rows whose whole key is null; they belong into quarantine.
    pub(crate) whole_null: u64,
    /// Number of rows of a dimension with a null in the key; they make no member.
    pub(crate) partly_null: u64,
}

/// Splits off the rows that cannot be identified by `key`. A dimension needs every part of its key.
pub(crate) fn identified(batch: &RecordBatch, key: &[String], is_dimension: bool) -> Result<Identified> {
    let arrays = column_arrays(batch, key)?;
    if arrays.iter().any(|array| array.null_count() == 0) && !is_dimension
        || arrays.iter().all(|array| array.null_count() == 0)
    {
        return Ok(Identified { rows: batch.clone(), whole_null: 0, partly_null: 0 });
    }
    let mut all: Option<BooleanArray> = None;
    let mut any: Option<BooleanArray> = None;
    for array in &arrays {
        let nulls = is_null(array)?;
        all = Some(match all {
            Some(all) => and(&all, &nulls)?,
            None => nulls.clone(),
        });
        any = Some(match any {
            Some(any) => arrow::compute::or(&any, &nulls)?,
            None => nulls,
        });
    }
    let (Some(all), Some(any)) = (all, any) else {
        return Err(Error::Internal("a table without a key".into()));
    };
    let whole_null = all.true_count() as u64;
    let (drop, partly_null) = if is_dimension { (&any, any.true_count() as u64 - whole_null) } else { (&all, 0) };
    let rows = filter_record_batch(batch, &arrow::compute::not(drop)?)?;
    Ok(Identified { rows, whole_null, partly_null })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use arrow::array::{ArrayRef, Int64Array};
    use futures::stream;

    use super::*;
    use crate::memory::Budget;

    fn rows(keys: impl Iterator<Item = i64>) -> RecordBatch {
        let column: ArrayRef = Arc::new(Int64Array::from_iter_values(keys));
        RecordBatch::try_from_iter([("k", column)]).unwrap()
    }

    #[tokio::test]
    async fn rows_that_do_not_fit_are_asked_for_in_two_halves() {
        let batches = [rows(0..2_000), rows(2_000..4_000)];
        let key = ["k".to_string()];
        for (share, fits) in [(64 * 1024 * 1024, true), (1_000, false)] {
            let lease = Budget::of_shares(share).lease(1);
            let mut keys = KeySet::new(batches[0].schema_ref(), &key).unwrap();
            for batch in &batches {
                keys.insert_batch(batch).unwrap();
            }
            let found = stream::iter(batches.clone().map(Ok));
            match Matching::collect(found, &keys, &lease).await.unwrap() {
                Matching::Rows(held) => {
                    assert!(fits, "{share}");
                    assert_eq!(held.iter().map(RecordBatch::num_rows).sum::<usize>(), 4_000);
                }
                Matching::TooMany(halves) => {
                    assert!(!fits, "{share}");
                    assert!(halves.iter().all(|half| !half.is_empty()));
                    assert_eq!(halves.iter().map(KeySet::len).sum::<usize>(), 4_000);
                }
            }
        }
    }
}
