//! Keys of members, numbered in the order in which they appear.

use std::hash::Hash;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, StringArray};
use arrow::datatypes::{DataType, Field};
use arrow::row::RowConverter;
use datafusion::common::HashMap;

use super::is_unknown;
use crate::Result;
use crate::order::{OLDEST_FIRST, converter};

/// The number of each key.
#[derive(Debug)]
pub(super) enum Groups {
    /// A key that is one text needs no encoding.
    Text(HashMap<Box<str>, usize>),
    /// Any other key, encoded so that bytes compare like keys.
    Encoded(RowConverter, HashMap<Box<[u8]>, usize>),
}

impl Groups {
    pub(super) fn new(key: &[Field]) -> Result<Self> {
        if let [only] = key
            && only.data_type() == &DataType::Utf8
        {
            return Ok(Self::Text(HashMap::new()));
        }
        Ok(Self::Encoded(converter(key.iter().map(Field::data_type), OLDEST_FIRST)?, HashMap::new()))
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Text(groups) => groups.len(),
            Self::Encoded(_, groups) => groups.len(),
        }
    }

    /// The number of the key of each row; none where a part of it is null, or empty when that counts as null.
    pub(super) fn number(&mut self, keys: &[ArrayRef], rows: usize, empty_is_null: bool) -> Result<Vec<Option<usize>>> {
        match self {
            Self::Text(groups) => {
                let Some(key) = keys.first() else { return Ok(vec![None; rows]) };
                let key = key.as_string::<i32>();
                // Rows of one key often follow each other.
                let mut last: Option<(&str, usize)> = None;
                Ok(key
                    .iter()
                    .map(|text| {
                        let text = text.filter(|text| !(empty_is_null && text.is_empty()))?;
                        let group = match last {
                            Some((previous, group)) if previous == text => group,
                            _ => number_of(groups, text),
                        };
                        last = Some((text, group));
                        Some(group)
                    })
                    .collect())
            }
            Self::Encoded(converter, groups) => {
                let encoded = converter.convert_columns(keys)?;
                let is_known = |row: &usize| !keys.iter().any(|key| is_unknown(key, *row, empty_is_null));
                Ok((0..rows)
                    .map(|row| Some(row).filter(is_known).map(|row| number_of(groups, encoded.row(row).as_ref())))
                    .collect())
            }
        }
    }

    /// The key columns, sorted by key, and the number of each of these keys.
    pub(super) fn finish(self) -> Result<(Vec<ArrayRef>, Vec<usize>)> {
        match self {
            Self::Text(groups) => {
                let mut groups: Vec<(Box<str>, usize)> = groups.into_iter().collect();
                groups.sort_unstable();
                let texts = StringArray::from_iter_values(groups.iter().map(|(text, _)| text));
                Ok((vec![Arc::new(texts)], groups.into_iter().map(|(_, group)| group).collect()))
            }
            Self::Encoded(converter, groups) => {
                let mut groups: Vec<(Box<[u8]>, usize)> = groups.into_iter().collect();
                groups.sort_unstable();
                let parser = converter.parser();
                let columns = converter.convert_rows(groups.iter().map(|(bytes, _)| parser.parse(bytes)))?;
                Ok((columns, groups.into_iter().map(|(_, group)| group).collect()))
            }
        }
    }
}

fn number_of<K>(groups: &mut HashMap<Box<K>, usize>, key: &K) -> usize
where
    K: ?Sized + Hash + Eq,
    Box<K>: for<'a> From<&'a K>,
{
    match groups.get(key) {
        Some(group) => *group,
        None => {
            let group = groups.len();
            groups.insert(key.into(), group);
            group
        }
    }
}
