//! What became different between two states of a dimension, as look-ups see it.

use arrow::array::{Array, ArrayRef, BooleanArray, BooleanBufferBuilder, UInt64Array};
use arrow::compute::take;
use arrow::row::RowConverter;
use datafusion::common::{HashMap, HashSet};

use super::{DimensionIndex, Resolution, Version};
use crate::order::{KeyHasher, OLDEST_FIRST, converter};
use crate::{QueryError, Result};

/// Keys that may resolve differently, and from when on.
#[derive(Debug, Clone)]
pub struct IndexChange {
    /// The first instant at which each key can resolve differently; none when it can at any.
    keys: HashMap<Box<[u8]>, Option<i64>>,
    /// Hashes of the keys: most rows that nothing touches are told by them, and need no encoding.
    hashes: HashSet<u64>,
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
        self.keys.values().copied().min().flatten()
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
        if !same_types || self.versions.resolution != before.versions.resolution {
            return Ok(None);
        }
        let fetched = Fetched::new(self, before)?;
        let mut change = IndexChange { keys: HashMap::new(), hashes: HashSet::new() };
        for (key, group) in &self.versions.groups {
            let old = before.versions.groups.get(key).map_or(&[][..], |group| before.versions.of_group(*group));
            self.compare(key, self.versions.of_group(*group), old, &fetched, &mut change);
        }
        for (key, group) in &before.versions.groups {
            if !self.versions.groups.contains_key(key) {
                self.compare(key, &[], before.versions.of_group(*group), &fetched, &mut change);
            }
        }
        // Keys of an index that was never filled have no type, and then nothing is hashed.
        let parser = self.versions.converter.parser();
        if !self.key.iter().any(|field| field.data_type().is_null()) {
            let keys = self.versions.converter.convert_rows(change.keys.keys().map(|key| parser.parse(key)))?;
            change.hashes = KeyHasher::default().hash_columns(&keys, change.len())?.into_iter().collect();
        }
        Ok(Some(change))
    }

    /// For each key, given as columns in the order of [`super::IndexSpec::key`], whether it may resolve differently after
    /// `change`; with instants where versions are told apart by them. No key that does is missed.
    ///
    /// # Errors
    /// As [`Self::resolve`].
    pub fn touched(&self, change: &IndexChange, keys: &[ArrayRef], as_of: Option<&ArrayRef>) -> Result<BooleanArray> {
        let rows = keys.first().map_or(0, |key| key.len());
        if change.is_empty() || self.key.iter().any(|field| field.data_type().is_null()) {
            // Without a type for its keys the index was empty; what went from it touches every row.
            return Ok(BooleanArray::from(vec![!change.is_empty(); rows]));
        }
        let instants = self.instants(as_of)?;
        let keys = self.plain_keys(keys)?;
        let from = change.from();
        let hashes = KeyHasher::default().hash_columns(&keys, rows)?;
        let can_be = |row: usize| {
            let is_late = match (&instants, from) {
                (Some(instants), Some(from)) => instants.is_valid(row) && instants.value(row) >= from,
                _ => true,
            };
            is_late && change.hashes.contains(&hashes[row])
        };
        let likely: Vec<u64> = (0..rows).filter(|row| can_be(*row)).map(|row| row as u64).collect();
        let mut touched = BooleanBufferBuilder::new(rows);
        touched.append_n(rows, false);
        if !likely.is_empty() {
            let likely = UInt64Array::from(likely);
            let keys = keys.iter().map(|key| Ok(take(key, &likely, None)?)).collect::<Result<Vec<_>>>()?;
            let encoded = self.versions.converter.convert_columns(&keys)?;
            for (row, key) in likely.values().iter().zip(encoded.iter()) {
                let row = *row as usize;
                let is_touched = change.keys.get(key.as_ref()).is_some_and(|from| match (&instants, from) {
                    (Some(instants), Some(from)) => instants.is_valid(row) && instants.value(row) >= *from,
                    _ => true,
                });
                touched.set_bit(row, is_touched);
            }
        }
        Ok(BooleanArray::new(touched.finish(), None))
    }

    fn compare(&self, key: &[u8], new: &[Version], old: &[Version], fetched: &Fetched, change: &mut IndexChange) {
        let same = |(new, old): (&Version, &Version)| {
            (new.start, new.end, new.surrogate) == (old.start, old.end, old.surrogate) && fetched.same(new.row, old.row)
        };
        let first = new.iter().zip(old).position(|pair| !same(pair)).unwrap_or(new.len().min(old.len()));
        if first == new.len() && first == old.len() {
            return;
        }
        let start = new.get(first).into_iter().chain(old.get(first)).map(|version| version.start).min();
        let from = match self.versions.resolution {
            Resolution::Plain => None,
            // The first version counts for everything before it too.
            Resolution::AsOf if first == 0 => None,
            Resolution::AsOf | Resolution::Interval => start,
        };
        change.keys.insert(key.into(), from);
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
