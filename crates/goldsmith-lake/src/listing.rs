//! What stands at a location, without opening a table.

use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use crate::error::{LakeError, Result};
use crate::lake::{Lake, check_no_file};
use crate::location::Location;

impl Lake {
    /// Whether there is anything at a location: a directory, also an empty one, or objects below it.
    ///
    /// # Errors
    /// [`LakeError::InvalidLocation`] for a file, a volume that is not there, and errors of the storage.
    pub async fn exists(&self, location: &Location) -> Result<bool> {
        location.check_volume()?;
        check_no_file(location)?;
        if let Some(path) = location.local_path() {
            return Ok(path.is_dir());
        }
        let text = location.to_string();
        let store = self.log_store(location)?.object_store(None);
        let first = store.list(None).try_next().await;
        Ok(first.map_err(|error| LakeError::storage(&text, error))?.is_some())
    }

    /// Names of the directories and files directly below a location, sorted; empty when there is nothing.
    ///
    /// # Errors
    /// A volume that is not there, and errors of the storage.
    pub async fn list_names(&self, location: &Location) -> Result<Vec<String>> {
        location.check_volume()?;
        let text = location.to_string();
        if let Some(path) = location.local_path() {
            // An object store shows no empty directories, but they are somebody's too.
            let Ok(entries) = std::fs::read_dir(&path) else {
                return Ok(Vec::new());
            };
            let mut names: Vec<String> =
                entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
            names.sort_unstable();
            return Ok(names);
        }
        let store = self.log_store(location)?.object_store(None);
        let listing = store.list_with_delimiter(None).await.map_err(|error| LakeError::storage(&text, error))?;
        let mut names: Vec<String> = listing
            .common_prefixes
            .iter()
            .filter_map(|directory| directory.filename())
            .chain(listing.objects.iter().filter_map(|object| object.location.filename()))
            .map(str::to_owned)
            .collect();
        names.sort_unstable();
        Ok(names)
    }

    /// Deletes everything at a location: the rows first, then the log from its newest entry to its oldest, so that a deletion
    /// that was interrupted never looks like an older state of the table and can be repeated. Returns the number of objects.
    ///
    /// # Errors
    /// Errors of the storage; what was deleted until then is gone.
    pub async fn delete_all(&self, location: &Location) -> Result<usize> {
        let text = location.to_string();
        let store = self.log_store(location)?.object_store(None);
        let listed: Vec<Path> = store
            .list(None)
            .map_ok(|object| object.location)
            .try_collect()
            .await
            .map_err(|error| LakeError::storage(&text, error))?;
        let (mut log, rows): (Vec<Path>, Vec<Path>) =
            listed.into_iter().partition(|path| path.prefix_matches(&Path::from("_delta_log")));
        log.sort_unstable_by(|a, b| b.cmp(a));
        let all: Vec<Path> = rows.into_iter().chain(log).collect();
        for path in &all {
            store.delete(path).await.map_err(|error| LakeError::storage(&text, error))?;
        }
        Ok(all.len())
    }
}
