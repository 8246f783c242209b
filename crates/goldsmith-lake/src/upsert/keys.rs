//! Keys of rows: found by hash, told apart by their bytes.

use arrow::array::{BooleanArray, RecordBatch};
use arrow::buffer::BooleanBuffer;
use arrow::compute::filter_record_batch;
use arrow::datatypes::Schema;
use arrow::error::ArrowError;
use arrow::row::Rows;
use datafusion::common::HashMap;
use datafusion::common::hash_map::Entry;

use super::encode::RowEncoder;

type ArrowResult<T> = std::result::Result<T, ArrowError>;

/// Ends a chain of keys that have a hash in common.
const END: usize = usize::MAX;

/// A set of keys, numbered in the order in which they came.
pub(super) struct KeyIndex {
    encoder: RowEncoder,
    keys: Rows,
    /// The last key with a hash.
    heads: HashMap<u64, usize>,
    /// For each key, the one before it with the same hash.
    before: Vec<usize>,
}

impl KeyIndex {
    /// An index without keys, for rows of this schema and these columns of it.
    pub(super) fn new(schema: &Schema, columns: &[String]) -> ArrowResult<Self> {
        let encoder = RowEncoder::new(schema, columns)?;
        Ok(Self { keys: encoder.no_rows(), encoder, heads: HashMap::new(), before: Vec::new() })
    }

    pub(super) fn len(&self) -> usize {
        self.before.len()
    }

    /// Forgets all keys, and frees what they took.
    pub(super) fn clear(&mut self) {
        self.keys = self.encoder.no_rows();
        self.heads = HashMap::new();
        self.before = Vec::new();
    }

    /// Bytes in memory, roughly.
    pub(super) fn bytes(&self) -> usize {
        self.keys.size() + self.heads.capacity() * size_of::<(u64, usize)>() + self.before.len() * size_of::<usize>()
    }

    /// Adds the keys of a batch that are not there yet. Returns the rows that have another key.
    pub(super) fn insert(&mut self, batch: &RecordBatch) -> ArrowResult<Vec<usize>> {
        let keys = self.encoder.encode(batch)?;
        let hashes = self.encoder.hash_encoded(batch, &keys)?;
        self.heads.reserve(batch.num_rows());
        self.before.reserve(batch.num_rows());
        self.keys.reserve(batch.num_rows(), keys.size());
        let mut known = Vec::new();
        for (row, (key, hash)) in keys.iter().zip(hashes).enumerate() {
            let number = self.before.len();
            let before = match self.heads.entry(hash) {
                Entry::Vacant(head) => {
                    head.insert(number);
                    END
                }
                Entry::Occupied(head) if in_chain(&self.keys, &self.before, *head.get(), key.data()).is_some() => {
                    known.push(row);
                    continue;
                }
                Entry::Occupied(mut head) => head.insert(number),
            };
            self.before.push(before);
            self.keys.push(key);
        }
        Ok(known)
    }

    /// For each row of a batch, the number of its key.
    pub(super) fn find(&self, batch: &RecordBatch) -> ArrowResult<Vec<Option<usize>>> {
        let Some(hashes) = self.encoder.hash(batch)? else {
            let keys = self.encoder.encode(batch)?;
            let hashes = self.encoder.hash_encoded(batch, &keys)?;
            return Ok(keys.iter().zip(hashes).map(|(key, hash)| self.number(hash, key.data())).collect());
        };
        let likely = BooleanBuffer::collect_bool(hashes.len(), |row| self.heads.contains_key(&hashes[row]));
        let mut found = vec![None; batch.num_rows()];
        let count = likely.count_set_bits();
        if count == 0 {
            return Ok(found);
        }
        let rows: Vec<usize> = likely.set_indices().collect();
        // Most rows of a table are told by their hash, and need no encoding.
        let keys = if count == batch.num_rows() {
            self.encoder.encode(batch)?
        } else {
            self.encoder.encode(&filter_record_batch(batch, &BooleanArray::new(likely, None))?)?
        };
        for (key, row) in keys.iter().zip(rows) {
            found[row] = self.number(hashes[row], key.data());
        }
        Ok(found)
    }

    fn number(&self, hash: u64, key: &[u8]) -> Option<usize> {
        in_chain(&self.keys, &self.before, *self.heads.get(&hash)?, key)
    }
}

/// The number of a key among those with one hash, of which `number` came last.
fn in_chain(keys: &Rows, before: &[usize], mut number: usize, key: &[u8]) -> Option<usize> {
    while number != END {
        if keys.row(number).data() == key {
            return Some(number);
        }
        number = before.get(number).copied().unwrap_or(END);
    }
    None
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Array, ArrayRef, Int64Array, ListArray, StringArray};
    use arrow::datatypes::Int64Type;

    use super::*;

    fn index(batch: &RecordBatch, columns: &[&str]) -> KeyIndex {
        let columns: Vec<String> = columns.iter().map(|name| (*name).to_owned()).collect();
        KeyIndex::new(&batch.schema(), &columns).unwrap()
    }

    fn batch(a: Vec<Option<i64>>, b: Vec<Option<&str>>) -> RecordBatch {
        let a: ArrayRef = Arc::new(Int64Array::from(a));
        let b: ArrayRef = Arc::new(StringArray::from(b));
        RecordBatch::try_from_iter_with_nullable([("a", a, true), ("b", b, true)]).unwrap()
    }

    #[test]
    fn keys_are_numbered_once_nulls_included() {
        let rows = batch(vec![Some(1), None, Some(1), None], vec![Some("x"), None, Some("x"), Some("")]);
        let mut keys = index(&rows, &["a", "b"]);
        assert_eq!(keys.insert(&rows).unwrap(), [2]);
        assert_eq!(keys.len(), 3);
        let asked = batch(vec![None, Some(1), Some(1)], vec![Some(""), Some("y"), Some("x")]);
        assert_eq!(keys.find(&asked).unwrap(), [Some(2), None, Some(0)]);
        assert_eq!(keys.insert(&asked).unwrap(), [0, 2]);
        assert_eq!(keys.find(&asked).unwrap(), [Some(2), Some(3), Some(0)]);
    }

    #[test]
    fn keys_with_one_hash_are_told_apart() {
        let rows = batch(vec![Some(1), Some(2)], vec![Some("x"), Some("x")]);
        let mut keys = index(&rows, &["a", "b"]);
        keys.insert(&rows).unwrap();
        // As if both had the hash of the second.
        let hashes = keys.encoder.hash(&rows).unwrap().unwrap();
        keys.heads.remove(&hashes[0]);
        keys.before[1] = 0;
        let first = keys.encoder.encode(&rows).unwrap();
        assert_eq!(keys.number(hashes[1], first.row(0).data()), Some(0));
        assert_eq!(keys.number(hashes[1], first.row(1).data()), Some(1));
        assert_eq!(keys.number(hashes[0], first.row(0).data()), None);
    }

    #[test]
    fn nested_keys_are_found() {
        let lists = |values: Vec<Vec<i64>>| {
            let lists = values.into_iter().map(|list| Some(list.into_iter().map(Some)));
            let lists = ListArray::from_iter_primitive::<Int64Type, _, _>(lists);
            RecordBatch::try_from_iter([("l", Arc::new(lists) as Arc<dyn Array>)]).unwrap()
        };
        let rows = lists(vec![vec![1], vec![1, 2]]);
        let mut keys = index(&rows, &["l"]);
        assert!(keys.insert(&rows).unwrap().is_empty());
        assert_eq!(keys.find(&lists(vec![vec![1, 2], vec![2], vec![1]])).unwrap(), [Some(1), None, Some(0)]);
    }
}
