//! Indexes of dimensions, for look-ups.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch};
use futures::TryStreamExt;
use goldsmith_lake::Table;
use goldsmith_model::{GoldKind, GoldTable, LookupKind, Model};
use goldsmith_query::columns::VALID_FROM;
use goldsmith_query::lookup::{DimensionIndex, IndexSpec};
use goldsmith_query::order::KeySet;

use super::pipeline::column_arrays;
use super::read::CarriedTable;
use crate::error::Result;

/// The rows of a dimension, as look-ups find them.
#[derive(Clone)]
pub(crate) enum Members {
    /// All of them, in memory.
    Indexed(Arc<DimensionIndex>),
    /// In the table, because they do not fit: those that are asked for are read each time.
    Probed(Arc<Dimension>),
}

impl Members {
    /// An index that has all members with one of the given keys.
    pub(crate) async fn of(&self, keys: &[ArrayRef]) -> Result<Arc<DimensionIndex>> {
        match self {
            Self::Indexed(index) => Ok(index.clone()),
            Self::Probed(dimension) => Ok(Arc::new(dimension.index_of(keys).await?)),
        }
    }

    /// The texts that members have in a column of the look-up's key.
    pub(crate) async fn key_texts(&self, column: &str) -> Result<BTreeSet<String>> {
        match self {
            Self::Indexed(index) => Ok(texts(&index.key_values(column)?).collect()),
            Self::Probed(dimension) => dimension.key_texts(column).await,
        }
    }
}

/// A dimension with the columns that look-ups need.
pub(crate) struct Dimension {
    table: CarriedTable,
    spec: IndexSpec,
    start: Option<String>,
    end: Option<String>,
}

impl Dimension {
    /// The columns of `table` that the look-ups of the model need.
    pub(crate) fn new(model: &Model, dimension: &GoldTable, table: Table) -> Result<Self> {
        let key: Vec<String> = match &dimension.kind {
            GoldKind::Interval { start, .. } => {
                dimension.key.iter().filter(|column| *column != start).cloned().collect()
            }
            _ => dimension.key.clone(),
        };
        let mut fetch: Vec<String> = Vec::new();
        for lookup in model.gold.values().flat_map(|fact| &fact.dimensions) {
            if lookup.dimension == dimension.name && !matches!(lookup.kind, LookupKind::Calendar { .. }) {
                for fetched in lookup.fetch.values() {
                    if !fetch.contains(&fetched.column) {
                        fetch.push(fetched.column.clone());
                    }
                }
            }
        }
        let (start, end) = match &dimension.kind {
            GoldKind::Scd2 { .. } => (Some(VALID_FROM.to_string()), None),
            GoldKind::Interval { start, end, .. } => (Some(start.clone()), Some(end.clone())),
            _ => (None, None),
        };
        let spec = IndexSpec { key, surrogate: dimension.surrogate_key(), fetch };
        let mut names = spec.key.clone();
        names.push(spec.surrogate.clone());
        for name in spec.fetch.iter().chain(&start).chain(&end) {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        let table = CarriedTable::new(table, &[], &[])?.narrow(&names)?;
        Ok(Self { table, spec, start, end })
    }

    /// An index of all rows.
    pub(crate) async fn index(&self) -> Result<DimensionIndex> {
        self.indexed(self.table.stream(None).await?.try_collect().await?)
    }

    /// An index of the rows with one of the given keys, whose columns are in the order of the look-up's key.
    async fn index_of(&self, keys: &[ArrayRef]) -> Result<DimensionIndex> {
        let mut wanted = KeySet::new(self.table.carried.schema(), &self.spec.key)?;
        wanted.insert_columns(keys, keys.first().map_or(0, |key| key.len()))?;
        let rows = self.table.rows_of(&self.spec.key, &Arc::new(wanted)).await?;
        self.indexed(rows.try_collect().await?)
    }

    async fn key_texts(&self, column: &str) -> Result<BTreeSet<String>> {
        let name = [column.to_string()];
        let mut rows = std::pin::pin!(self.table.narrow(&name)?.stream(None).await?);
        let mut found = BTreeSet::new();
        while let Some(batch) = rows.try_next().await? {
            found.extend(column_arrays(&batch, &name)?.iter().flat_map(texts));
        }
        Ok(found)
    }

    fn indexed(&self, rows: Vec<RecordBatch>) -> Result<DimensionIndex> {
        Ok(match (&self.start, &self.end) {
            (Some(start), Some(end)) => DimensionIndex::interval(&rows, &self.spec, start, end)?,
            (Some(start), None) => DimensionIndex::as_of(&rows, &self.spec, start)?,
            _ => DimensionIndex::plain(&rows, &self.spec)?,
        })
    }
}

/// The texts of a column; none when it holds something else.
fn texts(column: &ArrayRef) -> impl Iterator<Item = String> {
    column.as_string_opt::<i32>().into_iter().flatten().flatten().map(str::to_string)
}
