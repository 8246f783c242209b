//! What became different between two states of a dimension, as look-ups see it.

use std::collections::HashSet;

use arrow::array::{Array, ArrayRef, BooleanArray};
use arrow::row::RowConverter;

use super::{DimensionIndex, Resolution, Version};
use crate::order::{OLDEST_FIRST, converter};
use crate::{QueryError, Result};

/// Keys that may resolve differently, and from when on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexChange {
    keys: HashSet<Box<[u8]>>,
    from: Option<i64>,
}

impl IndexChange {
    /// Whether every look-up comes out as before.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Number of keys that may resolve differently.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// The first instant, in microseconds, at which a look-up can come out differently; none when any can.
    pub fn from(&self) -> Option<i64> {
        self.from
    }
}

impl DimensionIndex {
    /// The keys that may resolve to another row, surrogate key or fetched value than in `before`. None when the two cannot be
    /// compared, because the types of their columns differ: then any look-up may come out differently.
    ///
    /// # Errors
    /// [`QueryError::Arrow`] when fetched columns cannot be compared.
    pub fn changes_since(&self, before: &Self) -> Result<Option<IndexChange>> {
        let same_types = self.is_empty()
            || before.is_empty()
            || self.key.iter().map(|field| field.data_type()).eq(before.key.iter().map(|field| field.data_type()))
                && types(&self.fetched).eq(types(&before.fetched));
        if !same_types || self.resolution != before.resolution {
            return Ok(None);
        }
        let fetched = Fetched::new(self, before)?;
        let mut change = IndexChange { keys: HashSet::new(), from: Some(i64::MAX) };
        for (key, group) in &self.groups {
            let old = before.groups.get(key).map_or(&[][..], |group| before.of_group(*group));
            self.compare(key, self.of_group(*group), old, &fetched, &mut change);
        }
        for (key, group) in &before.groups {
            if !self.groups.contains_key(key) {
                self.compare(key, &[], before.of_group(*group), &fetched, &mut change);
            }
        }
        Ok(Some(change))
    }

    /// For each key, given as columns in the order of [`super::IndexSpec::key`], whether `change` touches it.
    ///
    /// # Errors
    /// As [`Self::resolve`].
    pub fn touched(&self, change: &IndexChange, keys: &[ArrayRef]) -> Result<BooleanArray> {
        let rows = keys.first().map_or(0, |key| key.len());
        if change.is_empty() || self.key.iter().any(|field| field.data_type().is_null()) {
            // Without a type for its keys the index was empty; what went from it touches every row.
            return Ok(BooleanArray::from(vec![!change.is_empty(); rows]));
        }
        let encoded = self.converter.convert_columns(&self.plain_keys(keys)?)?;
        Ok(encoded.iter().map(|key| Some(change.keys.contains(key.as_ref()))).collect())
    }

    fn of_group(&self, group: u32) -> &[Version] {
        let group = group as usize;
        let bounds = self.offsets.get(group).zip(self.offsets.get(group + 1));
        bounds.and_then(|(start, end)| self.versions.get(*start..*end)).unwrap_or_default()
    }

    fn compare(&self, key: &[u8], new: &[Version], old: &[Version], fetched: &Fetched, change: &mut IndexChange) {
        let same = |(new, old): (&Version, &Version)| {
            (new.start, new.end, new.surrogate) == (old.start, old.end, old.surrogate) && fetched.same(new.row, old.row)
        };
        let first = new.iter().zip(old).position(|pair| !same(pair)).unwrap_or(new.len().min(old.len()));
        if first == new.len() && first == old.len() {
            return;
        }
        change.keys.insert(key.into());
        let start = new.get(first).into_iter().chain(old.get(first)).map(|version| version.start).min();
        change.from = match self.resolution {
            Resolution::Plain => None,
            // The first version counts for everything before it too.
            Resolution::AsOf if first == 0 => None,
            Resolution::AsOf | Resolution::Interval => change.from.zip(start).map(|(from, start)| from.min(start)),
        };
    }
}

fn types(columns: &[(String, ArrayRef)]) -> impl Iterator<Item = (&str, &arrow::datatypes::DataType)> {
    columns.iter().map(|(name, values)| (name.as_str(), values.data_type()))
}

/// Fetched columns of two indexes, row by row.
struct Fetched {
    new: Option<arrow::row::Rows>,
    old: Option<arrow::row::Rows>,
}

impl Fetched {
    fn new(new: &DimensionIndex, old: &DimensionIndex) -> Result<Self> {
        if new.fetched.is_empty() || new.is_empty() || old.is_empty() {
            return Ok(Self { new: None, old: None });
        }
        let converter = converter(new.fetched.iter().map(|(_, values)| values.data_type()), OLDEST_FIRST)?;
        let rows = |converter: &RowConverter, index: &DimensionIndex| -> Result<arrow::row::Rows, QueryError> {
            let columns: Vec<ArrayRef> = index.fetched.iter().map(|(_, values)| values.clone()).collect();
            Ok(converter.convert_columns(&columns)?)
        };
        Ok(Self { new: Some(rows(&converter, new)?), old: Some(rows(&converter, old)?) })
    }

    fn same(&self, new: u64, old: u64) -> bool {
        match (&self.new, &self.old) {
            (Some(new_rows), Some(old_rows)) => new_rows.row(new as usize) == old_rows.row(old as usize),
            _ => true,
        }
    }
}
