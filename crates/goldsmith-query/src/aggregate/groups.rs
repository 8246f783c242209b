//! Keys of members, numbered in the order in which they appear.

use std::hash::Hash;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BooleanArray, StringArray};
use arrow::datatypes::{DataType, Field};
use arrow::row::RowConverter;
use datafusion::common::HashMap;

use super::is_unknown;
use crate::Result;
use crate::order::{OLDEST_FIRST, Part, converter, hash_bytes};

/// What a key costs beside its own bytes: its place with the usual reserve, and what the allocator adds.
const KEY_OVERHEAD: u64 = 48;

/// The number of each key that belongs to a part.
#[derive(Debug)]
pub(super) struct Groups {
    keys: Keys,
    part: Part,
    /// Bytes of the keys.
    bytes: u64,
}

#[derive(Debug)]
enum Keys {
    /// A key that is one text needs no encoding.
    Text(HashMap<Box<str>, usize>),
    /// Any other key, encoded so that bytes compare like keys.
    Encoded(RowConverter, HashMap<Box<[u8]>, usize>),
}

impl Groups {
    pub(super) fn new(key: &[Field]) -> Result<Self> {
        let keys = match key {
            [only] if only.data_type() == &DataType::Utf8 => Keys::Text(HashMap::new()),
            _ => Keys::Encoded(converter(key.iter().map(Field::data_type), OLDEST_FIRST)?, HashMap::new()),
        };
        Ok(Self { keys, part: Part::ALL, bytes: 0 })
    }

    pub(super) fn of_part(self, part: Part) -> Self {
        Self { part, ..self }
    }

    pub(super) fn len(&self) -> usize {
        match &self.keys {
            Keys::Text(groups) => groups.len(),
            Keys::Encoded(_, groups) => groups.len(),
        }
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes + self.len() as u64 * KEY_OVERHEAD
    }

    /// Keeps one half of the part. Returns the other, and the former numbers of the keys that are kept; none when the part is as
    /// small as it goes.
    pub(super) fn halve(&mut self) -> Option<(Part, Vec<usize>)> {
        let [kept, left] = self.part.halves()?;
        self.part = kept;
        let (order, bytes) = match &mut self.keys {
            Keys::Text(groups) => keep(groups, kept, str::as_bytes),
            Keys::Encoded(_, groups) => keep(groups, kept, |key| key),
        };
        self.bytes = bytes;
        Some((left, order))
    }

    /// For each row whether its key belongs to the part, whatever is null in it.
    pub(super) fn gathers(&self, keys: &[ArrayRef]) -> Result<BooleanArray> {
        match (&self.keys, keys.first()) {
            (Keys::Text(_), Some(key)) => Ok(key
                .as_string::<i32>()
                .iter()
                .map(|text| Some(self.part.has(hash_bytes(text.unwrap_or_default().as_bytes()))))
                .collect()),
            (Keys::Text(_), None) => Ok(BooleanArray::from(Vec::<bool>::new())),
            (Keys::Encoded(converter, _), _) => {
                let encoded = converter.convert_columns(keys)?;
                Ok(encoded.iter().map(|key| Some(self.part.has(hash_bytes(key.as_ref())))).collect())
            }
        }
    }

    /// The number of the key of each row; none where a part of it is null, or empty when that counts as null, and where it
    /// belongs to another part.
    pub(super) fn number(&mut self, keys: &[ArrayRef], rows: usize, empty_is_null: bool) -> Result<Vec<Option<usize>>> {
        let (part, bytes) = (self.part, &mut self.bytes);
        match &mut self.keys {
            Keys::Text(groups) => {
                let Some(key) = keys.first() else { return Ok(vec![None; rows]) };
                let key = key.as_string::<i32>();
                // Rows of one key often follow each other.
                let mut last: Option<(&str, Option<usize>)> = None;
                Ok(key
                    .iter()
                    .map(|text| {
                        let text = text.filter(|text| !(empty_is_null && text.is_empty()))?;
                        let group = match last {
                            Some((previous, group)) if previous == text => group,
                            _ => number_of(groups, text, text.as_bytes(), part, bytes),
                        };
                        last = Some((text, group));
                        group
                    })
                    .collect())
            }
            Keys::Encoded(converter, groups) => {
                let encoded = converter.convert_columns(keys)?;
                let is_known = |row: &usize| !keys.iter().any(|key| is_unknown(key, *row, empty_is_null));
                Ok((0..rows)
                    .map(|row| {
                        let row = Some(row).filter(is_known)?;
                        let key = encoded.row(row);
                        number_of(groups, key.as_ref(), key.as_ref(), part, bytes)
                    })
                    .collect())
            }
        }
    }

    /// The number of each of these keys; none of those that are not there.
    pub(super) fn find(&self, keys: &[ArrayRef]) -> Result<Vec<Option<usize>>> {
        match (&self.keys, keys.first()) {
            (Keys::Text(groups), Some(key)) => {
                Ok(key.as_string::<i32>().iter().map(|text| groups.get(text?).copied()).collect())
            }
            (Keys::Text(_), None) => Ok(Vec::new()),
            (Keys::Encoded(converter, groups), _) => {
                let encoded = converter.convert_columns(keys)?;
                Ok(encoded.iter().map(|key| groups.get(key.as_ref()).copied()).collect())
            }
        }
    }

    /// The key columns, sorted by key, and the number of each of these keys.
    pub(super) fn sorted(&self) -> Result<(Vec<ArrayRef>, Vec<usize>)> {
        match &self.keys {
            Keys::Text(groups) => {
                let mut groups: Vec<(&str, usize)> = groups.iter().map(|(text, group)| (&**text, *group)).collect();
                groups.sort_unstable();
                let texts = StringArray::from_iter_values(groups.iter().map(|(text, _)| text));
                Ok((vec![Arc::new(texts)], groups.into_iter().map(|(_, group)| group).collect()))
            }
            Keys::Encoded(converter, groups) => {
                let mut groups: Vec<(&[u8], usize)> = groups.iter().map(|(bytes, group)| (&**bytes, *group)).collect();
                groups.sort_unstable();
                let parser = converter.parser();
                let columns = converter.convert_rows(groups.iter().map(|(bytes, _)| parser.parse(bytes)))?;
                Ok((columns, groups.into_iter().map(|(_, group)| group).collect()))
            }
        }
    }
}

/// Keeps the keys of a part, numbered anew. Returns their former numbers, and their bytes.
fn keep<K>(groups: &mut HashMap<Box<K>, usize>, part: Part, bytes_of: impl Fn(&K) -> &[u8]) -> (Vec<usize>, u64)
where
    K: ?Sized + Hash + Eq,
{
    let (mut order, mut bytes) = (Vec::new(), 0);
    groups.retain(|key, number| {
        let key = bytes_of(&**key);
        let is_kept = part.has(hash_bytes(key));
        if is_kept {
            bytes += key.len() as u64;
            order.push(std::mem::replace(number, order.len()));
        }
        is_kept
    });
    groups.shrink_to_fit();
    (order, bytes)
}

fn number_of<K>(
    groups: &mut HashMap<Box<K>, usize>,
    key: &K,
    encoded: &[u8],
    part: Part,
    bytes: &mut u64,
) -> Option<usize>
where
    K: ?Sized + Hash + Eq,
    Box<K>: for<'a> From<&'a K>,
{
    match groups.get(key) {
        Some(group) => Some(*group),
        None if !part.is_all() && !part.has(hash_bytes(encoded)) => None,
        None => {
            let group = groups.len();
            *bytes += encoded.len() as u64;
            groups.insert(key.into(), group);
            Some(group)
        }
    }
}
