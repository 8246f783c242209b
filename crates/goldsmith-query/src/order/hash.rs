//! Hashes of keys, for passes over data that is too large to keep its keys.

use std::hash::BuildHasher;

use arrow::array::{ArrayRef, RecordBatch};
use datafusion::common::hash_utils::{RandomState, create_hashes};

use super::named;
use crate::Result;

/// The seed of all hashes: passes of one process must agree.
const SEED: u64 = 0x676f_6c64;

/// The hash of an encoded key, by which it belongs to a [`Part`](super::Part).
pub(crate) fn hash_bytes(key: &[u8]) -> u64 {
    RandomState::with_seed(SEED).hash_one(key)
}

/// Hashes keys. Equal keys (null-safe) have equal hashes; the seed is fixed, so that two passes of one process agree.
///
/// Hashes are for finding candidates: keys with equal hashes may differ. They are no part of any stored result.
#[derive(Debug, Clone)]
pub struct KeyHasher {
    state: RandomState,
}

impl KeyHasher {
    /// A hasher with the fixed seed.
    pub fn new() -> Self {
        Self { state: RandomState::with_seed(SEED) }
    }

    /// The hash of the key of each row.
    ///
    /// # Errors
    /// [`crate::QueryError::MissingColumn`] when a key column is not there.
    pub fn hash(&self, batch: &RecordBatch, key: &[String]) -> Result<Vec<u64>> {
        self.hash_columns(&named(batch, key)?, batch.num_rows())
    }

    /// The hash of each row of plain columns.
    pub(crate) fn hash_columns(&self, columns: &[ArrayRef], rows: usize) -> Result<Vec<u64>> {
        let mut hashes = vec![0_u64; rows];
        create_hashes(columns, &self.state, &mut hashes)?;
        Ok(hashes)
    }
}

impl Default for KeyHasher {
    fn default() -> Self {
        Self::new()
    }
}
