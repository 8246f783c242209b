//! Resolution of business keys of facts to surrogate keys of dimensions.
//!
//! | kind | which row |
//! |---|---|
//! | plain | the row of the key |
//! | as of | the last version with `start <= t`, else the first one; needs `t` |
//! | interval | of the rows with `start <= t < end` the one that starts last; needs `t` |
//!
//! A null in the key (for principals also an empty text), a `t` that is needed and null, and a key without a row
//! resolve to the unknown member, -1. The unknown member itself is never matched.

mod change;
mod versions;

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Int64Array, RecordBatch, TimestampMicrosecondArray, UInt64Array, new_empty_array,
};
use arrow::compute::{concat, take};
use arrow::datatypes::{DataType, Field, Int64Type, TimestampMicrosecondType};

use crate::aggregate::is_unknown;
use crate::columns::UNKNOWN_KEY;
use crate::normalize::{column, normalize_column, plain_type, sort_maps, widen};
use crate::types::timestamp;
use crate::{QueryError, Result};

pub use self::change::IndexChange;
pub(crate) use self::versions::{Resolution, Version, VersionColumns, VersionIndex};

/// Which columns of a dimension an index is made from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IndexSpec {
    /// Columns by which facts look up, in the order in which facts give them; without the start of an interval.
    pub key: Vec<String>,
    /// The surrogate key column.
    pub surrogate: String,
    /// Columns that facts fetch.
    pub fetch: Vec<String>,
}

/// An index over the rows of a dimension.
#[derive(Debug)]
pub struct DimensionIndex {
    key: Vec<Field>,
    versions: VersionIndex,
    fetched: Vec<(String, ArrayRef)>,
}

/// What [`DimensionIndex::resolve`] found: one entry in both arrays for each row of the keys that were given, in their order.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// The surrogate key of each row, -1 when there is none; never null.
    pub surrogate: Int64Array,
    /// The row of the index to fetch from, null when there is none.
    pub row: UInt64Array,
}

impl DimensionIndex {
    /// Indexes a dimension with one row per key.
    ///
    /// # Errors
    /// [`QueryError::MissingColumn`] when a batch lacks a column, [`QueryError::WrongType`] when the surrogate is no `BIGINT`
    /// or batches differ in their types.
    pub fn plain(batches: &[RecordBatch], spec: &IndexSpec) -> Result<Self> {
        Self::build(batches, spec, Resolution::Plain, None, None)
    }

    /// Indexes an SCD2 dimension; `start` is the column with the first instant of a version.
    ///
    /// # Errors
    /// As [`Self::plain`].
    pub fn as_of(batches: &[RecordBatch], spec: &IndexSpec, start: &str) -> Result<Self> {
        Self::build(batches, spec, Resolution::AsOf, Some(start), None)
    }

    /// Indexes an interval dimension by the columns with the first instant of an interval and the first one after it.
    ///
    /// # Errors
    /// As [`Self::plain`].
    pub fn interval(batches: &[RecordBatch], spec: &IndexSpec, start: &str, end: &str) -> Result<Self> {
        Self::build(batches, spec, Resolution::Interval, Some(start), Some(end))
    }

    /// About how many bytes of memory the index takes.
    pub fn bytes(&self) -> u64 {
        let fetched: usize = self.fetched.iter().map(|(_, values)| values.get_array_memory_size()).sum();
        (self.versions.bytes() + fetched) as u64
    }

    /// Number of indexed rows.
    pub fn len(&self) -> usize {
        self.versions.versions.len()
    }

    /// Whether nothing can be found.
    pub fn is_empty(&self) -> bool {
        self.versions.versions.is_empty()
    }

    /// Resolves keys, given as columns in the order of [`IndexSpec::key`].
    ///
    /// # Errors
    /// [`QueryError::MissingColumn`] when the number of columns is wrong or an instant is needed and not given,
    /// [`QueryError::WrongType`] when a key column does not go into the type that it has in the dimension.
    pub fn resolve(&self, keys: &[ArrayRef], as_of: Option<&ArrayRef>, empty_is_null: bool) -> Result<Resolved> {
        let rows = keys.first().map_or(0, |key| key.len());
        if self.is_empty() {
            return Ok(Resolved {
                surrogate: Int64Array::from(vec![UNKNOWN_KEY; rows]),
                row: UInt64Array::new_null(rows),
            });
        }
        let keys = self.plain_keys(keys)?;
        let instants = self.instants(as_of)?;
        let mut surrogate = Vec::with_capacity(rows);
        let mut found_rows = Vec::with_capacity(rows);
        let is_known = |row| !keys.iter().any(|key| is_unknown(key, row, empty_is_null));
        self.versions.find(&keys, instants.as_ref(), is_known, |version| {
            surrogate.push(version.map_or(UNKNOWN_KEY, |version| version.surrogate));
            found_rows.push(version.map(|version| version.row));
        })?;
        Ok(Resolved { surrogate: surrogate.into(), row: found_rows.into() })
    }

    /// The values that a fetched column has in resolved rows; null where nothing was found.
    ///
    /// # Errors
    /// [`QueryError::MissingColumn`] when the column is not among [`IndexSpec::fetch`].
    pub fn fetch(&self, column: &str, rows: &UInt64Array) -> Result<ArrayRef> {
        let (_, values) = self.fetched.iter().find(|(name, _)| name == column).ok_or_else(|| {
            QueryError::MissingColumn { column: column.to_owned(), context: "the fetched columns".to_owned() }
        })?;
        Ok(take(values, rows, None)?)
    }

    /// What the keys that can be found have in one of their columns, in no order; of no row when nothing can be found.
    ///
    /// # Errors
    /// [`QueryError::MissingColumn`] when the column is not in the key.
    pub fn key_values(&self, column: &str) -> Result<ArrayRef> {
        let position = self.key.iter().position(|field| field.name() == column);
        let mut keys = self.versions.keys()?;
        match position.filter(|position| *position < keys.len()) {
            Some(position) => Ok(keys.swap_remove(position)),
            None => {
                Err(QueryError::MissingColumn { column: column.to_owned(), context: "the look-up's key".to_owned() })
            }
        }
    }

    fn plain_keys(&self, keys: &[ArrayRef]) -> Result<Vec<ArrayRef>> {
        if keys.len() != self.key.len() {
            let column = self.key.iter().map(|field| field.name().as_str()).collect::<Vec<_>>().join(", ");
            return Err(QueryError::MissingColumn { column, context: "the look-up's key".to_owned() });
        }
        self.key.iter().zip(keys).map(|(field, key)| sort_maps(&widen(field.name(), key, field.data_type())?)).collect()
    }

    fn instants(&self, as_of: Option<&ArrayRef>) -> Result<Option<TimestampMicrosecondArray>> {
        match (self.versions.resolution, as_of) {
            (Resolution::Plain, _) => Ok(None),
            (_, Some(column)) => Ok(Some(instants("as_of", column)?)),
            (_, None) => {
                Err(QueryError::MissingColumn { column: "as_of".to_owned(), context: "the look-up".to_owned() })
            }
        }
    }

    fn build(
        batches: &[RecordBatch],
        spec: &IndexSpec,
        resolution: Resolution,
        start: Option<&str>,
        end: Option<&str>,
    ) -> Result<Self> {
        let key = match batches.first() {
            Some(batch) => key_fields(batch, &spec.key)?,
            None => spec.key.iter().map(|name| Field::new(name, DataType::Null, true)).collect(),
        };
        let versions = VersionIndex::new(resolution, key.iter().map(Field::data_type))?;
        let mut index = Self { key, versions, fetched: Vec::new() };
        for batch in batches {
            index.add(batch, spec, start, end)?;
        }
        index.fetched = spec.fetch.iter().map(|name| gather(batches, name)).collect::<Result<_>>()?;
        index.versions.finish();
        Ok(index)
    }

    fn add(&mut self, batch: &RecordBatch, spec: &IndexSpec, start: Option<&str>, end: Option<&str>) -> Result<()> {
        let keys = spec
            .key
            .iter()
            .map(|name| column(batch, name, "the dimension").cloned())
            .collect::<Result<Vec<ArrayRef>>>()?;
        let keys = self.plain_keys(&keys)?;
        let surrogates = widen(&spec.surrogate, column(batch, &spec.surrogate, "the dimension")?, &DataType::Int64)?;
        let bound = |name: Option<&str>| -> Result<Option<TimestampMicrosecondArray>> {
            name.map(|name| instants(name, column(batch, name, "the dimension")?)).transpose()
        };
        let (starts, ends) = (bound(start)?, bound(end)?);
        self.versions.add(&VersionColumns {
            key: &keys,
            starts: starts.as_ref(),
            ends: ends.as_ref(),
            surrogates: surrogates.as_primitive::<Int64Type>(),
        })
    }
}

fn key_fields(batch: &RecordBatch, key: &[String]) -> Result<Vec<Field>> {
    key.iter()
        .map(|name| Ok(Field::new(name, plain_type(column(batch, name, "the dimension")?.data_type()), true)))
        .collect()
}

/// Dates count as their first instant.
fn instants(name: &str, column: &ArrayRef) -> Result<TimestampMicrosecondArray> {
    let column = match column.data_type() {
        DataType::Date32 | DataType::Date64 => arrow::compute::cast(column, &timestamp())?,
        _ => widen(name, column, &timestamp())?,
    };
    Ok(column.as_primitive::<TimestampMicrosecondType>().clone())
}

fn gather(batches: &[RecordBatch], name: &str) -> Result<(String, ArrayRef)> {
    let parts = batches
        .iter()
        .map(|batch| normalize_column(column(batch, name, "the dimension")?))
        .collect::<Result<Vec<_>>>()?;
    let parts: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
    let values: ArrayRef =
        if parts.is_empty() { new_empty_array(&DataType::Null) } else { Arc::clone(&concat(&parts)?) };
    Ok((name.to_owned(), values))
}
