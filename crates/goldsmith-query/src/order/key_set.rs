//! Exact sets of keys.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, RecordBatch};
use arrow::buffer::BooleanBuffer;
use arrow::compute::filter;
use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::row::RowConverter;
use datafusion::common::HashSet;

use super::{KeyHasher, OLDEST_FIRST, Part, converter, hash_bytes};
use crate::normalize::{column, field, new_batch, normalize_schema, sort_maps, widen};
use crate::{QueryError, Result};

/// What a key costs beside its own bytes: its place and that of its hash with the usual reserve, and what the allocator adds.
const KEY_OVERHEAD: u64 = 64;

/// A set of keys, null-safe and exact: two different keys are never taken for one.
#[derive(Debug)]
pub struct KeySet {
    schema: SchemaRef,
    converter: RowConverter,
    keys: HashSet<Box<[u8]>>,
    /// Hashes of the keys: most rows that are not in the set are told by them, and need no encoding. None for nested keys.
    hashes: Option<(KeyHasher, HashSet<u64>)>,
    /// Bytes of the encoded keys.
    encoded: u64,
    part: Part,
}

impl KeySet {
    /// An empty set of keys with the names and types that `key` has in `schema`.
    ///
    /// # Errors
    /// [`QueryError::MissingColumn`] when a key column is not there.
    pub fn new(schema: &Schema, key: &[String]) -> Result<Self> {
        let fields = key
            .iter()
            .map(|name| Ok(field(schema, name, "the schema of keys")?.clone()))
            .collect::<Result<Vec<Field>>>()?;
        let schema = normalize_schema(&Schema::new(fields));
        let converter = converter(schema.fields().iter().map(|field| field.data_type()), OLDEST_FIRST)?;
        let is_flat = !schema.fields().iter().any(|field| field.data_type().is_nested());
        let hashes = is_flat.then(|| (KeyHasher::default(), HashSet::new()));
        Ok(Self { schema: Arc::new(schema), converter, keys: HashSet::new(), hashes, encoded: 0, part: Part::ALL })
    }

    /// The same set for a part of all keys; it does not take in others.
    #[must_use]
    pub fn of_part(self, part: Part) -> Self {
        let hashes = if part.is_all() { self.hashes } else { None };
        Self { part, hashes, ..self }
    }

    /// The key columns.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Number of distinct keys.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether the set has no key.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// About how many bytes of memory the set takes.
    pub fn bytes(&self) -> u64 {
        self.encoded + self.keys.len() as u64 * KEY_OVERHEAD
    }

    /// The same keys in two sets of about equal size; none when there is but one key.
    ///
    /// # Errors
    /// [`QueryError::Arrow`], only by a fault of the engine.
    pub fn halves(&self) -> Result<Option<[Self; 2]>> {
        if self.keys.len() < 2 {
            return Ok(None);
        }
        let keys = self.to_batch()?;
        let names: Vec<String> = self.schema.fields().iter().map(|field| field.name().clone()).collect();
        let half = |from: usize, rows: usize| -> Result<Self> {
            let mut half = Self::new(&self.schema, &names)?;
            half.insert_columns(keys.slice(from, rows).columns(), rows)?;
            Ok(half)
        };
        let middle = keys.num_rows() / 2;
        Ok(Some([half(0, middle)?, half(middle, keys.num_rows() - middle)?]))
    }

    /// Adds the keys of a batch, which has the key columns under their names; returns how many were new.
    ///
    /// # Errors
    /// [`QueryError::MissingColumn`], or [`QueryError::WrongType`] when a column does not go into the key's type.
    pub fn insert_batch(&mut self, batch: &RecordBatch) -> Result<usize> {
        self.insert_columns(&self.columns_of(batch)?, batch.num_rows())
    }

    /// Adds keys given as columns in the order of the key, whatever their names; returns how many were new.
    ///
    /// # Errors
    /// As [`Self::insert_batch`].
    pub fn insert_columns(&mut self, columns: &[ArrayRef], rows: usize) -> Result<usize> {
        let before = self.keys.len();
        let columns = self.plain(columns)?;
        if columns.is_empty() {
            return Ok(0);
        }
        if let Some((hasher, hashes)) = &mut self.hashes
            && self.part.is_all()
        {
            hashes.extend(hasher.hash_columns(&columns, rows)?);
        }
        let encoded = self.converter.convert_columns(&columns)?;
        for row in encoded.iter().take(rows) {
            let is_ours = self.part.is_all() || self.part.has(hash_bytes(row.as_ref()));
            if is_ours && !self.keys.contains(row.as_ref()) {
                self.encoded += row.as_ref().len() as u64;
                self.keys.insert(row.as_ref().into());
            }
        }
        Ok(self.keys.len() - before)
    }

    /// Takes out the keys of a batch, which has the key columns under their names.
    ///
    /// # Errors
    /// As [`Self::insert_batch`].
    pub fn remove_batch(&mut self, batch: &RecordBatch) -> Result<()> {
        let held = self.contains_mask(batch)?;
        if held.true_count() == 0 {
            return Ok(());
        }
        let columns = self.plain(&self.columns_of(batch)?)?;
        let columns = columns.iter().map(|column| Ok(filter(column, &held)?)).collect::<Result<Vec<_>>>()?;
        // Hashes stay: keys that are left may have them too, and one too many only costs a comparison.
        for row in &self.converter.convert_columns(&columns)? {
            if self.keys.remove(row.as_ref()) {
                self.encoded -= row.as_ref().len() as u64;
            }
        }
        Ok(())
    }

    /// Adds all keys of a set over the same columns.
    ///
    /// # Errors
    /// [`QueryError::WrongType`] when the types of the keys differ.
    pub fn extend(&mut self, other: &Self) -> Result<()> {
        let batch = other.to_batch()?;
        self.insert_columns(batch.columns(), batch.num_rows())?;
        Ok(())
    }

    /// Whether the key of each row is in the set; the batch has the key columns under their names.
    ///
    /// # Errors
    /// As [`Self::insert_batch`].
    pub fn contains_mask(&self, batch: &RecordBatch) -> Result<BooleanArray> {
        self.contains_columns(&self.columns_of(batch)?, batch.num_rows())
    }

    /// Whether each key, given as columns in the order of the key, is in the set.
    ///
    /// # Errors
    /// As [`Self::insert_batch`].
    pub fn contains_columns(&self, columns: &[ArrayRef], rows: usize) -> Result<BooleanArray> {
        let columns = self.plain(columns)?;
        if columns.is_empty() || self.keys.is_empty() {
            return Ok(BooleanArray::from(vec![false; rows]));
        }
        let Some((hasher, hashes)) = &self.hashes else {
            return self.contains_exactly(&columns);
        };
        let found = hasher.hash_columns(&columns, rows)?;
        let likely = BooleanArray::new(BooleanBuffer::collect_bool(rows, |row| hashes.contains(&found[row])), None);
        if likely.true_count() == 0 {
            return Ok(likely);
        }
        let columns = columns.iter().map(|column| Ok(filter(column, &likely)?)).collect::<Result<Vec<_>>>()?;
        let contained = self.contains_exactly(&columns)?;
        let mut among_likely = contained.values().iter();
        let contained = likely.values().iter().map(|likely| likely && among_likely.next() == Some(true));
        Ok(BooleanArray::new(contained.collect(), None))
    }

    fn contains_exactly(&self, columns: &[ArrayRef]) -> Result<BooleanArray> {
        let encoded = self.converter.convert_columns(columns)?;
        Ok(encoded.iter().map(|row| Some(self.keys.contains(row.as_ref()))).collect())
    }

    /// The set of the parts of the keys named by `key`.
    ///
    /// # Errors
    /// [`QueryError::MissingColumn`] when a name is not part of the key.
    pub fn project(&self, key: &[String]) -> Result<Self> {
        let mut projected = Self::new(&self.schema, key)?;
        projected.insert_batch(&self.to_batch()?)?;
        Ok(projected)
    }

    /// The keys as rows, sorted, nulls first.
    ///
    /// # Errors
    /// [`QueryError::Arrow`] when rows cannot be decoded.
    pub fn to_batch(&self) -> Result<RecordBatch> {
        let mut sorted: Vec<&[u8]> = self.keys.iter().map(AsRef::as_ref).collect();
        sorted.sort_unstable();
        let parser = self.converter.parser();
        let columns = self.converter.convert_rows(sorted.iter().map(|bytes| parser.parse(bytes)))?;
        new_batch(Arc::clone(&self.schema), columns, self.keys.len())
    }

    fn columns_of(&self, batch: &RecordBatch) -> Result<Vec<ArrayRef>> {
        self.schema.fields().iter().map(|field| Ok(Arc::clone(column(batch, field.name(), "the rows")?))).collect()
    }

    fn plain(&self, columns: &[ArrayRef]) -> Result<Vec<ArrayRef>> {
        if columns.len() != self.schema.fields().len() {
            let column = self.schema.fields().iter().map(|field| field.name().as_str()).collect::<Vec<_>>().join(", ");
            return Err(QueryError::MissingColumn { column, context: "the given key columns".to_owned() });
        }
        self.schema
            .fields()
            .iter()
            .zip(columns)
            .map(|(field, column)| sort_maps(&widen(field.name(), column, field.data_type())?))
            .collect()
    }
}
