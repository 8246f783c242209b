//! Which files of a Delta table hold rows that it may show no longer.

use std::collections::HashSet;
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};
use object_store::{ObjectStore, ObjectStoreExt};

use super::{SourceFile, SourcePosition, SourceRead};
use crate::error::{LakeError, Result};
use crate::log::object_path;
use crate::table::Table;

/// Files that the storage is asked for at the same time.
const REQUESTS: usize = 16;

/// The files of a source since a position, by what became of them; see [`super::Source::departures`].
///
/// A row that the source showed at the position, or that came since, is shown no longer when it is in `gone` and in none of the others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Departures {
    /// Files that the source had at the position or since, and has no longer or without some of their rows; read as they were.
    pub gone: Vec<SourceFile>,
    /// Live files that came since, or that lost rows since.
    pub come: Vec<SourceFile>,
    /// Live files that are as they were at the position.
    pub stayed: Vec<SourceFile>,
}

/// None when the log does not reach back to the position, or a file that went is deleted already.
pub(super) async fn departures(
    table: &Table,
    position: &SourcePosition,
    read: &SourceRead,
) -> Result<Option<Departures>> {
    let now = table.version();
    if position.identity != table.table_id()? || position.version > now {
        return Ok(None);
    }
    // An old version that cannot be opened any more is no failure: the caller compares everything.
    let Ok(changed) = table.changed_since(position.version).await else {
        return Ok(None);
    };
    let came: HashSet<&str> = changed.come.iter().map(String::as_str).collect();
    let (mut come, mut stayed) = (Vec::new(), Vec::new());
    for file in table.files()? {
        let files = if came.contains(file.path.as_str()) { &mut come } else { &mut stayed };
        files.push(super::delta::source_file(file, now, now));
    }
    let went: HashSet<&str> = changed.gone.iter().map(String::as_str).collect();
    let mut gone = changed.before.files()?;
    gone.retain(|file| went.contains(file.path.as_str()));
    let mut gone: Vec<SourceFile> =
        gone.into_iter().map(|file| super::delta::source_file(file, position.version, position.version)).collect();
    // What came and went between two reads was never among the files of a position.
    let read = read.files.iter().chain(read.changes.iter().flat_map(|change| &change.changed_files));
    gone.extend(read.filter(|file| file.read_at != now).cloned());
    Ok(are_there(table, &gone).await?.then_some(Departures { gone, come, stayed }))
}

/// Whether the storage still has all of these files.
async fn are_there(table: &Table, files: &[SourceFile]) -> Result<bool> {
    let store = table.delta.log_store().object_store(None);
    let location = table.location.to_string();
    let paths: Vec<String> = files.iter().map(|file| file.path.clone()).collect();
    futures::stream::iter(paths)
        .map(|path| {
            let store: Arc<dyn ObjectStore> = Arc::clone(&store);
            async move {
                match store.head(&object_path(&path)).await {
                    Ok(_) => Ok(true),
                    Err(object_store::Error::NotFound { .. }) => Ok(false),
                    Err(error) => Err(error),
                }
            }
        })
        .buffer_unordered(REQUESTS)
        .try_all(std::future::ready)
        .await
        .map_err(|error| LakeError::storage(&location, error))
}
