//! Deletion vectors: which rows of a data file are deleted although the file still holds them.
//!
//! The forms are those of the Delta protocol, section "Deletion Vectors": a small vector stands in the log itself, larger ones of
//! one commit share a file beside the data.

mod format;

use std::sync::Arc;

use arrow::array::{BooleanArray, BooleanBufferBuilder};
use deltalake::kernel::{DeletionVectorDescriptor, StorageType};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::arrow_reader::RowSelection;
use roaring::RoaringTreemap;
use uuid::Uuid;

use crate::error::{LakeError, Result};
use crate::log::object_path;
use crate::scan::ranges;

/// Bytes up to which a vector is written into the log. Every reader of the log pays for them, so larger ones get a file.
const INLINE_BYTES: usize = 2048;
/// Length of the encoded id of a vector file; what stands before it is the directory.
const ENCODED_ID: usize = 20;

/// Physical row numbers of the deleted rows of one file.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct DeadRows(RoaringTreemap);

impl DeadRows {
    pub(crate) fn contains(&self, row: usize) -> bool {
        self.0.contains(row as u64)
    }

    pub(crate) fn len(&self) -> u64 {
        self.0.len()
    }

    /// These rows and further ones. Ascending ones are put together without a search for each.
    pub(crate) fn with(&self, rows: &[usize]) -> Self {
        let further = || rows.iter().map(|row| *row as u64);
        let further = RoaringTreemap::from_sorted_iter(further()).unwrap_or_else(|_| further().collect());
        Self(&self.0 | &further)
    }

    /// True for the living ones among `count` rows that begin at `start`.
    pub(crate) fn living(&self, start: usize, count: usize) -> BooleanArray {
        let mut living = BooleanBufferBuilder::new(count);
        living.append_n(count, true);
        let mut dead = self.0.iter();
        dead.advance_to(start as u64);
        // Far fewer rows are dead than alive.
        for row in dead.map_while(|row| usize::try_from(row).ok()?.checked_sub(start).filter(|row| *row < count)) {
            living.set_bit(row, false);
        }
        BooleanArray::new(living.finish(), None)
    }

    /// The living ones among the first `count` rows, which are all of the file.
    pub(crate) fn selection(&self, count: usize) -> RowSelection {
        let mut living = Vec::new();
        let mut start = 0;
        for dead in self.0.iter().map_while(|row| usize::try_from(row).ok().filter(|row| *row < count)) {
            if start < dead {
                living.push(start..dead);
            }
            start = dead + 1;
        }
        if start < count {
            living.push(start..count);
        }
        RowSelection::from_consecutive_ranges(living.into_iter(), count)
    }

    /// Those among the first `count` rows, which are all of the file, that are dead here and were not before.
    pub(crate) fn since(&self, before: Option<&Self>, count: usize) -> RowSelection {
        let is_new = |row: &usize| before.is_none_or(|before| !before.contains(*row));
        let dead = self.0.iter().map_while(|row| usize::try_from(row).ok().filter(|row| *row < count));
        let rows: Vec<usize> = dead.filter(is_new).collect();
        RowSelection::from_consecutive_ranges(ranges(&rows).into_iter(), count)
    }

    /// Reads what a descriptor stands for.
    pub(crate) async fn load(
        store: &Arc<dyn ObjectStore>,
        location: &str,
        vector: &DeletionVectorDescriptor,
    ) -> Result<Self> {
        let broken = |reason: String| LakeError::DeletionVector { location: location.to_owned(), reason };
        let size = usize::try_from(vector.size_in_bytes).map_err(|_| broken("its size is negative".to_owned()))?;
        let bitmap = match vector.storage_type {
            StorageType::Inline => {
                let bytes = z85::decode(&vector.path_or_inline_dv).map_err(|error| broken(error.to_string()))?;
                let bytes = bytes.get(..size).ok_or_else(|| broken("it is shorter than its size".to_owned()))?;
                format::decode(bytes).map_err(broken)?
            }
            StorageType::UuidRelativePath => {
                let path = relative_path(&vector.path_or_inline_dv).map_err(broken)?;
                let start = u64::try_from(vector.offset.unwrap_or(format::FIRST_OFFSET))
                    .map_err(|_| broken("its offset is negative".to_owned()))?;
                let end = start + (size + format::FRAME_BYTES) as u64;
                let bytes = store
                    .get_range(&path, start..end)
                    .await
                    .map_err(|error| LakeError::storage(&format!("{location}/{path}"), error))?;
                format::decode_framed(&bytes, size).map_err(broken)?
            }
            StorageType::AbsolutePath => return Err(broken("it is stored outside of the table".to_owned())),
        };
        if i64::try_from(bitmap.len()) != Ok(vector.cardinality) {
            return Err(broken(format!("it holds {} rows instead of {}", bitmap.len(), vector.cardinality)));
        }
        Ok(Self(bitmap))
    }

    /// Makes the vectors of one commit readable, in the order given. Returns the file that was written for them, if any.
    pub(crate) async fn store(
        store: &Arc<dyn ObjectStore>,
        location: &str,
        vectors: &[Self],
    ) -> Result<(Vec<DeletionVectorDescriptor>, Option<Path>)> {
        let fail = |error: std::io::Error| LakeError::DeletionVector {
            location: location.to_owned(),
            reason: error.to_string(),
        };
        let id = Uuid::new_v4();
        let mut file = format::File::new();
        let mut descriptors = Vec::with_capacity(vectors.len());
        for Self(bitmap) in vectors {
            let bytes = format::encode(bitmap).map_err(fail)?;
            let size_in_bytes = i32::try_from(bytes.len()).map_err(|error| fail(std::io::Error::other(error)))?;
            let cardinality = i64::try_from(bitmap.len()).map_err(|error| fail(std::io::Error::other(error)))?;
            descriptors.push(if bytes.len() <= INLINE_BYTES {
                DeletionVectorDescriptor {
                    storage_type: StorageType::Inline,
                    path_or_inline_dv: z85::encode(format::padded(bytes)),
                    offset: None,
                    size_in_bytes,
                    cardinality,
                }
            } else {
                DeletionVectorDescriptor {
                    storage_type: StorageType::UuidRelativePath,
                    path_or_inline_dv: z85::encode(id.as_bytes()),
                    offset: Some(file.push(&bytes).map_err(fail)?),
                    size_in_bytes,
                    cardinality,
                }
            });
        }
        let Some(bytes) = file.finish() else {
            return Ok((descriptors, None));
        };
        let path = file_path("", &id);
        store
            .put(&path, bytes.into())
            .await
            .map_err(|error| LakeError::storage(&format!("{location}/{path}"), error))?;
        Ok((descriptors, Some(path)))
    }
}

/// The file of vectors that a descriptor names: an optional directory, then the encoded id.
fn relative_path(text: &str) -> std::result::Result<Path, String> {
    let split = text.len().checked_sub(ENCODED_ID).filter(|split| text.is_char_boundary(*split));
    let (directory, id) = text.split_at(split.ok_or_else(|| format!("`{text}` names no file of vectors"))?);
    let bytes = z85::decode(id).map_err(|error| format!("`{text}` names no file of vectors: {error}"))?;
    let id = Uuid::from_slice(&bytes).map_err(|error| format!("`{text}` names no file of vectors: {error}"))?;
    Ok(file_path(directory, &id))
}

/// The file that holds a deletion vector, unless the log itself does.
pub(crate) fn vector_file(vector: &DeletionVectorDescriptor) -> Option<Path> {
    let has_file = vector.storage_type == StorageType::UuidRelativePath;
    has_file.then(|| relative_path(&vector.path_or_inline_dv).ok()).flatten()
}

fn file_path(directory: &str, id: &Uuid) -> Path {
    let name = format!("deletion_vector_{id}.bin");
    if directory.is_empty() { Path::from(name) } else { object_path(&format!("{directory}/{name}")) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use object_store::memory::InMemory;

    use super::*;

    fn rows(numbers: impl IntoIterator<Item = usize>) -> DeadRows {
        DeadRows::default().with(&numbers.into_iter().collect::<Vec<_>>())
    }

    #[tokio::test]
    async fn what_is_stored_is_loaded_again() {
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let vectors = [rows([0]), rows((0..90_000).step_by(3)), rows([7, 1 << 33]), rows((5..400_000).step_by(7))];
        let (descriptors, file) = DeadRows::store(&store, "t", &vectors).await.unwrap();
        let kinds: Vec<&str> = descriptors.iter().map(|vector| vector.storage_type.as_ref()).collect();
        assert_eq!(kinds, ["i", "u", "i", "u"]);
        assert!(file.is_some());
        for (vector, descriptor) in vectors.iter().zip(&descriptors) {
            assert_eq!(DeadRows::load(&store, "t", descriptor).await.unwrap(), *vector);
            assert_eq!(u64::try_from(descriptor.cardinality).unwrap(), vector.len());
        }
    }

    #[test]
    fn a_selection_has_the_living_rows_of_the_file_and_no_others() {
        for (dead, count, expected) in [
            (vec![], 3, vec![0, 1, 2]),
            (vec![0, 1, 4], 6, vec![2, 3, 5]),
            (vec![5], 6, vec![0, 1, 2, 3, 4]),
            (vec![0, 1, 2], 3, vec![]),
            (vec![1, 7, 1 << 33], 3, vec![0, 2]),
            (vec![0], 0, vec![]),
        ] {
            let selection = rows(dead.clone()).selection(count);
            let mut found = Vec::new();
            let mut row = 0;
            for part in selection.iter() {
                found.extend((row..row + part.row_count).filter(|_| !part.skip));
                row += part.row_count;
            }
            assert_eq!((found, row), (expected, count), "{dead:?} of {count}");
        }
    }

    #[test]
    fn rows_that_died_since_are_those_that_were_not_dead_before() {
        for (before, now, expected) in [
            (None, vec![0, 1, 4], vec![0, 1, 4]),
            (Some(vec![1, 2]), vec![0, 1, 2, 5], vec![0, 5]),
            (Some(vec![0]), vec![0], vec![]),
            (None, vec![3, 9], vec![3]),
        ] {
            let known = before.clone().map(rows);
            let selection = rows(now.clone()).since(known.as_ref(), 6);
            let mut found = Vec::new();
            let mut row = 0;
            for part in selection.iter() {
                found.extend((row..row + part.row_count).filter(|_| !part.skip));
                row += part.row_count;
            }
            assert_eq!((found, row), (expected, 6), "{now:?} after {before:?}");
        }
    }

    #[tokio::test]
    async fn small_vectors_need_no_file() {
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let (descriptors, file) = DeadRows::store(&store, "t", &[rows([1, 2, 3])]).await.unwrap();
        assert_eq!((descriptors.len(), file), (1, None));
    }

    /// The inline example of the Delta protocol, section "Deletion Vector Descriptor Schema".
    #[tokio::test]
    async fn the_example_of_the_protocol_is_understood() {
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let descriptor = DeletionVectorDescriptor {
            storage_type: StorageType::Inline,
            path_or_inline_dv: "^Bg9^0rr910000000000iXQKl0rr91000f55c8Xg0@@D72lkbi5=-{L".to_owned(),
            offset: None,
            size_in_bytes: 44,
            cardinality: 6,
        };
        assert_eq!(DeadRows::load(&store, "t", &descriptor).await.unwrap(), rows([3, 4, 7, 11, 18, 29]));
    }

    #[tokio::test]
    async fn a_damaged_vector_is_refused() {
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let vectors = [rows((0..90_000).step_by(3))];
        let (mut descriptors, file) = DeadRows::store(&store, "t", &vectors).await.unwrap();
        let path = file.unwrap();
        let mut bytes = store.get(&path).await.unwrap().bytes().await.unwrap().to_vec();
        bytes[100] ^= 1;
        store.put(&path, bytes.into()).await.unwrap();
        let error = DeadRows::load(&store, "t", &descriptors[0]).await.unwrap_err();
        assert!(error.to_string().contains("checksum"), "{error}");

        descriptors[0].path_or_inline_dv = "short".to_owned();
        let error = DeadRows::load(&store, "t", &descriptors[0]).await.unwrap_err();
        assert!(error.to_string().contains("`short` names no file"), "{error}");
    }
}
