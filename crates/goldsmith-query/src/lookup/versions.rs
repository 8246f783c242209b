//! Versions by key, and which of them an instant meets: what look-ups and as-of joins have in common.

use std::ops::Range;

use arrow::array::{Array, ArrayRef, Int64Array, TimestampMicrosecondArray};
use arrow::datatypes::DataType;
use arrow::row::{Row, RowConverter};
use datafusion::common::HashMap;

use crate::Result;
use crate::columns::UNKNOWN_KEY;
use crate::order::{OLDEST_FIRST, converter};

/// How versions of one key are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resolution {
    Plain,
    AsOf,
    Interval,
}

/// One row of the dimension. Instants are microseconds; the bounds of plain rows are not looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Version {
    group: u32,
    pub(super) start: i64,
    pub(super) end: Option<i64>,
    /// Greatest end among the versions of the key up to this one: bounds the search among overlapping intervals.
    reach: Option<i64>,
    pub(crate) surrogate: i64,
    /// Its number among the rows that were added.
    pub(crate) row: u64,
}

impl Version {
    fn contains(&self, instant: i64) -> bool {
        self.start <= instant && self.end.is_none_or(|end| instant < end)
    }
}

/// Rows of a dimension, column by column.
pub(crate) struct VersionColumns<'a> {
    pub(crate) key: &'a [ArrayRef],
    /// None where versions are not told apart by time.
    pub(crate) starts: Option<&'a TimestampMicrosecondArray>,
    pub(crate) ends: Option<&'a TimestampMicrosecondArray>,
    pub(crate) surrogates: &'a Int64Array,
}

/// The versions of each key, sorted. Keys are told apart by the columns as they are.
#[derive(Debug)]
pub(crate) struct VersionIndex {
    pub(super) resolution: Resolution,
    pub(super) converter: RowConverter,
    pub(super) groups: HashMap<Box<[u8]>, u32>,
    /// Bytes of the keys in `groups`.
    key_bytes: usize,
    /// Rows that were added, those that cannot be met among them.
    rows: u64,
    /// Sorted by key group, start, and what breaks ties; the greatest comes last.
    pub(super) versions: Vec<Version>,
    /// The start of each version, side by side for the search.
    starts: Vec<i64>,
    /// Where the versions of each group begin, and the end of the last.
    offsets: Vec<usize>,
}

impl VersionIndex {
    /// An index without rows, for keys of these types.
    ///
    /// # Errors
    /// [`crate::QueryError::Arrow`] for a type that has no order.
    pub(crate) fn new<'a>(resolution: Resolution, types: impl Iterator<Item = &'a DataType>) -> Result<Self> {
        Ok(Self {
            resolution,
            converter: converter(types, OLDEST_FIRST)?,
            groups: HashMap::new(),
            key_bytes: 0,
            rows: 0,
            versions: Vec::new(),
            starts: Vec::new(),
            offsets: Vec::new(),
        })
    }

    /// The keys that were added, once each, column by column.
    ///
    /// # Errors
    /// [`crate::QueryError::Arrow`] should they not be what was encoded.
    pub(crate) fn keys(&self) -> Result<Vec<ArrayRef>> {
        let parser = self.converter.parser();
        Ok(self.converter.convert_rows(self.groups.keys().map(|key| parser.parse(key)))?)
    }

    /// Adds rows; those without a start, a part of the key or a surrogate key, and the unknown member, are never met.
    ///
    /// # Errors
    /// [`crate::QueryError::Arrow`] when the keys have other types.
    pub(crate) fn add(&mut self, columns: &VersionColumns<'_>) -> Result<()> {
        let VersionColumns { key, starts, ends, surrogates } = columns;
        let encoded = self.converter.convert_columns(key)?;
        for row in 0..surrogates.len() {
            let is_unstarted = starts.is_some_and(|starts| starts.is_null(row));
            let is_unknown = surrogates.is_null(row) || surrogates.value(row) == UNKNOWN_KEY;
            if is_unknown || is_unstarted || key.iter().any(|key| key.is_null(row)) {
                continue;
            }
            let bytes = encoded.row(row);
            let group = match self.groups.get(bytes.as_ref()) {
                Some(group) => *group,
                None => {
                    let group = self.groups.len() as u32;
                    self.key_bytes += bytes.as_ref().len();
                    self.groups.insert(bytes.as_ref().into(), group);
                    group
                }
            };
            self.versions.push(Version {
                group,
                start: starts.map_or(0, |starts| starts.value(row)),
                end: ends.and_then(|ends| ends.is_valid(row).then(|| ends.value(row))),
                reach: None,
                surrogate: surrogates.value(row),
                row: self.rows + row as u64,
            });
        }
        self.rows += surrogates.len() as u64;
        Ok(())
    }

    /// Sorts what was added, so that it can be searched.
    pub(crate) fn finish(&mut self) {
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
        self.starts = self.versions.iter().map(|version| version.start).collect();
    }

    /// About how many bytes of memory it takes, the columns that [`Self::finish`] adds included.
    pub(crate) fn bytes(&self) -> usize {
        // The place of a key in the map with the usual reserve, and what the allocator adds.
        const KEY_OVERHEAD: usize = 48;
        self.key_bytes
            + self.groups.len() * (KEY_OVERHEAD + size_of::<usize>())
            + self.versions.capacity() * (size_of::<Version>() + size_of::<i64>())
    }

    /// Calls `met` for each row with the version that it meets; rows that are not `known` meet none, nor do instants that are
    /// needed and null.
    ///
    /// # Errors
    /// [`crate::QueryError::Arrow`] when the keys have other types than those that were added.
    pub(crate) fn find(
        &self,
        key: &[ArrayRef],
        instants: Option<&TimestampMicrosecondArray>,
        is_known: impl Fn(usize) -> bool,
        mut met: impl FnMut(Option<&Version>),
    ) -> Result<()> {
        let encoded = self.converter.convert_columns(key)?;
        // Facts come clustered by key, so the last key is often the next one too.
        let mut last: Option<(Row<'_>, Option<u32>)> = None;
        for row in 0..encoded.num_rows() {
            let instant = match instants {
                Some(instants) if instants.is_null(row) => None,
                Some(instants) => Some(instants.value(row)),
                None => Some(0),
            };
            let Some(instant) = instant.filter(|_| is_known(row)) else {
                met(None);
                continue;
            };
            let bytes = encoded.row(row);
            let group = match last {
                Some((previous, group)) if previous == bytes => group,
                _ => self.groups.get(bytes.as_ref()).copied(),
            };
            last = Some((bytes, group));
            met(group.and_then(|group| self.version(group, instant)));
        }
        Ok(())
    }

    pub(super) fn of_group(&self, group: u32) -> &[Version] {
        self.versions.get(self.range(group)).unwrap_or_default()
    }

    fn range(&self, group: u32) -> Range<usize> {
        let group = group as usize;
        let bounds = self.offsets.get(group).zip(self.offsets.get(group + 1));
        bounds.map_or(0..0, |(start, end)| *start..*end)
    }

    fn version(&self, group: u32, instant: i64) -> Option<&Version> {
        let range = self.range(group);
        let (versions, starts) = (self.versions.get(range.clone())?, self.starts.get(range)?);
        if self.resolution == Resolution::Plain {
            return versions.last();
        }
        let candidates = versions.get(..starts.partition_point(|start| *start <= instant))?;
        match self.resolution {
            Resolution::Plain | Resolution::AsOf => candidates.last().or_else(|| earliest(versions, starts)),
            Resolution::Interval => candidates
                .iter()
                .rev()
                .take_while(|version| version.reach.is_none_or(|reach| instant < reach))
                .find(|version| version.contains(instant)),
        }
    }
}

/// The first version; of several that start together the one that would be found as of their start.
fn earliest<'a>(versions: &'a [Version], starts: &[i64]) -> Option<&'a Version> {
    let first = starts.first()?;
    versions.get(..starts.partition_point(|start| start == first))?.last()
}
