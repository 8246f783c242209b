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

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Int64Array, RecordBatch, TimestampMicrosecondArray, UInt64Array, new_empty_array,
};
use arrow::compute::{concat, take};
use arrow::datatypes::{DataType, Field, Int64Type, TimestampMicrosecondType};
use arrow::row::RowConverter;
use datafusion::common::HashMap;

use crate::aggregate::is_unknown;
use crate::columns::UNKNOWN_KEY;
use crate::normalize::{column, normalize_column, plain_type, sort_maps, widen};
use crate::order::{OLDEST_FIRST, converter};
use crate::types::timestamp;
use crate::{QueryError, Result};

pub use self::change::IndexChange;

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

/// How versions of one key are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Resolution {
    Plain,
    AsOf,
    Interval,
}

/// One row of the dimension. Instants are microseconds; the bounds of plain rows are not looked at.
#[derive(Debug, Clone, Copy)]
struct Version {
    group: u32,
    start: i64,
    end: Option<i64>,
    /// Greatest end among the versions of the key up to this one: bounds the search among overlapping intervals.
    reach: Option<i64>,
    surrogate: i64,
    row: u64,
}

impl Version {
    fn contains(&self, instant: i64) -> bool {
        self.start <= instant && self.end.is_none_or(|end| instant < end)
    }
}

/// An index over the rows of a dimension.
#[derive(Debug)]
pub struct DimensionIndex {
    resolution: Resolution,
    key: Vec<Field>,
    converter: RowConverter,
    groups: HashMap<Box<[u8]>, u32>,
    /// Sorted by key group, start, and what breaks ties; the greatest comes last.
    versions: Vec<Version>,
    /// Where the versions of each group begin, and the end of the last.
    offsets: Vec<usize>,
    fetched: Vec<(String, ArrayRef)>,
}

/// What keys resolve to.
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
        // The place of a key in the map with the usual reserve, and what the allocator adds.
        const KEY_OVERHEAD: usize = 48;
        let keys: usize = self.groups.keys().map(|key| key.len() + KEY_OVERHEAD).sum();
        let versions = self.versions.capacity() * size_of::<Version>() + self.offsets.capacity() * size_of::<usize>();
        let fetched: usize = self.fetched.iter().map(|(_, values)| values.get_array_memory_size()).sum();
        (keys + versions + fetched) as u64
    }

    /// Number of indexed rows.
    pub fn len(&self) -> usize {
        self.versions.len()
    }

    /// Whether nothing can be found.
    pub fn is_empty(&self) -> bool {
        self.versions.is_empty()
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
        let encoded = self.converter.convert_columns(&keys)?;
        let mut surrogate = Vec::with_capacity(rows);
        let mut found_rows = Vec::with_capacity(rows);
        // Facts come clustered by key, so the last key is often the next one too.
        let mut last: Option<(arrow::row::Row<'_>, Option<u32>)> = None;
        for row in 0..rows {
            let instant = match &instants {
                Some(instants) if instants.is_null(row) => None,
                Some(instants) => Some(instants.value(row)),
                None => Some(0),
            };
            let known = !keys.iter().any(|key| is_unknown(key, row, empty_is_null));
            let version = match instant {
                Some(instant) if known => {
                    let bytes = encoded.row(row);
                    let group = match last {
                        Some((previous, group)) if previous == bytes => group,
                        _ => self.groups.get(bytes.as_ref()).copied(),
                    };
                    last = Some((bytes, group));
                    group.and_then(|group| self.version(group, instant))
                }
                _ => None,
            };
            surrogate.push(version.map_or(UNKNOWN_KEY, |version| version.surrogate));
            found_rows.push(version.map(|version| version.row));
        }
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

    fn version(&self, group: u32, instant: i64) -> Option<&Version> {
        let group = group as usize;
        let versions = self.versions.get(*self.offsets.get(group)?..*self.offsets.get(group + 1)?)?;
        if self.resolution == Resolution::Plain {
            return versions.last();
        }
        let started = versions.partition_point(|version| version.start <= instant);
        let candidates = versions.get(..started)?;
        match self.resolution {
            Resolution::Plain | Resolution::AsOf => candidates.last().or_else(|| self.earliest(versions)),
            Resolution::Interval => candidates
                .iter()
                .rev()
                .take_while(|version| version.reach.is_none_or(|reach| instant < reach))
                .find(|version| version.contains(instant)),
        }
    }

    /// The first version; of several that start together the one that would be found as of their start.
    fn earliest<'a>(&self, versions: &'a [Version]) -> Option<&'a Version> {
        let start = versions.first()?.start;
        versions.iter().take_while(|version| version.start == start).last()
    }

    fn plain_keys(&self, keys: &[ArrayRef]) -> Result<Vec<ArrayRef>> {
        if keys.len() != self.key.len() {
            let column = self.key.iter().map(|field| field.name().as_str()).collect::<Vec<_>>().join(", ");
            return Err(QueryError::MissingColumn { column, context: "the look-up's key".to_owned() });
        }
        self.key.iter().zip(keys).map(|(field, key)| sort_maps(&widen(field.name(), key, field.data_type())?)).collect()
    }

    fn instants(&self, as_of: Option<&ArrayRef>) -> Result<Option<TimestampMicrosecondArray>> {
        match (self.resolution, as_of) {
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
        let converter = converter(key.iter().map(Field::data_type), OLDEST_FIRST)?;
        let mut index = Self {
            resolution,
            key,
            converter,
            groups: HashMap::new(),
            versions: Vec::new(),
            offsets: Vec::new(),
            fetched: Vec::new(),
        };
        let mut before = 0;
        for batch in batches {
            index.add(batch, spec, start, end, before)?;
            before += batch.num_rows() as u64;
        }
        index.fetched = spec.fetch.iter().map(|name| gather(batches, name)).collect::<Result<_>>()?;
        index.sort();
        Ok(index)
    }

    fn add(
        &mut self,
        batch: &RecordBatch,
        spec: &IndexSpec,
        start: Option<&str>,
        end: Option<&str>,
        before: u64,
    ) -> Result<()> {
        let keys = spec
            .key
            .iter()
            .map(|name| column(batch, name, "the dimension").cloned())
            .collect::<Result<Vec<ArrayRef>>>()?;
        let keys = self.plain_keys(&keys)?;
        let surrogates = widen(&spec.surrogate, column(batch, &spec.surrogate, "the dimension")?, &DataType::Int64)?;
        let surrogates = surrogates.as_primitive::<Int64Type>();
        let bound = |name: Option<&str>| -> Result<Option<TimestampMicrosecondArray>> {
            name.map(|name| instants(name, column(batch, name, "the dimension")?)).transpose()
        };
        let (starts, ends) = (bound(start)?, bound(end)?);
        let encoded = self.converter.convert_columns(&keys)?;
        for row in 0..batch.num_rows() {
            let unstarted = starts.as_ref().is_some_and(|starts| starts.is_null(row));
            let unknown = surrogates.is_null(row) || surrogates.value(row) == UNKNOWN_KEY;
            if unknown || unstarted || keys.iter().any(|key| key.is_null(row)) {
                continue;
            }
            let bytes = encoded.row(row);
            let group = match self.groups.get(bytes.as_ref()) {
                Some(group) => *group,
                None => {
                    let group = self.groups.len() as u32;
                    self.groups.insert(bytes.as_ref().into(), group);
                    group
                }
            };
            self.versions.push(Version {
                group,
                start: starts.as_ref().map_or(0, |starts| starts.value(row)),
                end: ends.as_ref().and_then(|ends| ends.is_valid(row).then(|| ends.value(row))),
                reach: None,
                surrogate: surrogates.value(row),
                row: before + row as u64,
            });
        }
        Ok(())
    }

    fn sort(&mut self) {
        self.versions.sort_unstable_by_key(|version| (version.group, version.start, version.surrogate, version.row));
        self.offsets = vec![0; self.groups.len() + 1];
        let mut previous: Option<(u32, Option<i64>)> = None;
        for version in &mut self.versions {
            version.reach = match previous {
                Some((group, reach)) if group == version.group => match (reach, version.end) {
                    (Some(reach), Some(end)) => Some(reach.max(end)),
                    _ => None,
                },
                _ => version.end,
            };
            previous = Some((version.group, version.reach));
            if let Some(offset) = self.offsets.get_mut(version.group as usize + 1) {
                *offset += 1;
            }
        }
        for index in 1..self.offsets.len() {
            self.offsets[index] += self.offsets[index - 1];
        }
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
