//! A table as delta-rs may write it, whose commits are caught.

use std::collections::HashSet;
use std::sync::Arc;

use deltalake::DeltaTable;
use deltalake::kernel::transaction::CommitProperties;
use deltalake::kernel::{Action, Add, AddCDCFile};
use deltalake::logstore::{StorageConfig, default_logstore};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload};
use serde_json::Value;

use super::overlay::Overlay;
use crate::error::{LakeError, Result};
use crate::log::{LOG, entry_name, object_path, read_commit};
use crate::staged::delete_files;
use crate::statistics::drop_inexact_bounds;
use crate::table::Table;

/// Features that delta-rs refuses although its operations do not touch what they are about: the domains of metadata are written
/// by our own commit, and nothing is vacuumed here.
const HARMLESS_FEATURES: &[&str] = &["domainMetadata", "vacuumProtocolCheck"];

/// The table at the version of a handle with everything staged, seen by delta-rs through a log of its own.
///
/// After the last entry that the handle knows stands one more, which exists in memory alone: a protocol without the features that
/// delta-rs does not know, the changes that the handle holds, and the files taken out that an operation shall not look at. What
/// delta-rs commits comes next in that log, and nobody else ever sees it: [`Shadow::caught`] reads it.
pub(crate) struct Shadow {
    /// The table that delta-rs works with.
    pub(crate) delta: DeltaTable,
    overlay: Arc<Overlay>,
    location: String,
    /// The last version whose actions were read.
    seen: u64,
}

/// What an operation of delta-rs did.
#[derive(Default)]
pub(crate) struct Caught {
    pub(crate) added: Vec<Add>,
    /// Paths of the files that went.
    pub(crate) removed: Vec<String>,
    /// Files with changed rows, for readers of the change data feed.
    pub(crate) changes: Vec<AddCDCFile>,
}

impl Caught {
    /// Adds what was done after it, and tells the files that came and went again.
    pub(crate) fn then(&mut self, later: Self) -> Vec<Path> {
        let removed: HashSet<String> = later.removed.into_iter().collect();
        let (gone, kept): (Vec<Add>, Vec<Add>) =
            std::mem::take(&mut self.added).into_iter().partition(|add| removed.contains(&add.path));
        self.removed.extend(removed.into_iter().filter(|path| gone.iter().all(|add| add.path != *path)));
        self.added = kept;
        self.added.extend(later.added);
        self.changes.extend(later.changes);
        gone.iter().map(|add| object_path(&add.path)).collect()
    }

    /// All files that were written.
    pub(crate) fn written(&self) -> Vec<Path> {
        let changes = self.changes.iter().map(|file| &file.path);
        self.added.iter().map(|add| &add.path).chain(changes).map(|path| object_path(path)).collect()
    }
}

impl Shadow {
    /// A shadow that has only the files `shown`; all of them when absent.
    pub(crate) async fn new(table: &Table, shown: Option<&HashSet<String>>) -> Result<Self> {
        let location = table.location.to_string();
        let fail = |error| LakeError::delta(&location, error);
        let store = table.delta.log_store().root_object_store(None);
        let log = Path::from_url_path(table.location.join(LOG).url().path())
            .map_err(|error| LakeError::storage(&location, error))?;
        let base = table.version();
        let overlay = Arc::new(Overlay::new(store, log, base));
        let root: Arc<dyn ObjectStore> = Arc::<Overlay>::clone(&overlay);
        let config = StorageConfig::default();
        let prefixed = config.decorate_store(Arc::clone(&root), table.location.url()).map_err(fail)?;
        let prefixed: Arc<dyn ObjectStore> = Arc::from(prefixed);
        let seen = base + 1;
        prefixed
            .put(&Path::from(entry_name(seen)), first_entry(table, shown)?)
            .await
            .map_err(|error| LakeError::storage(&location, error))?;
        let mut delta = DeltaTable::new(default_logstore(prefixed, root, table.location.url(), &config));
        delta.load_version(seen).await.map_err(fail)?;
        Ok(Self { delta, overlay, location, seen })
    }

    /// How operations on a shadow are to be committed: once, and without care for the log.
    pub(crate) fn commit_properties() -> CommitProperties {
        CommitProperties::default()
            .with_max_retries(0)
            .with_create_checkpoint(false)
            .with_cleanup_expired_logs(Some(false))
    }

    /// Goes on with the table that an operation gave back, and tells what it did since the last call.
    pub(crate) async fn caught(&mut self, delta: DeltaTable, table: &Table) -> Result<Caught> {
        self.delta = delta;
        let schema = table.schema()?;
        let log_store = self.delta.log_store();
        let mut caught = Caught::default();
        while let Some(commit) = read_commit(log_store.as_ref(), &self.location, self.seen + 1).await? {
            self.seen += 1;
            caught.added.extend(commit.adds);
            caught.removed.extend(commit.removes.into_iter().map(|remove| remove.path));
            caught.changes.extend(commit.changes);
        }
        for add in &mut caught.added {
            drop_inexact_bounds(add, schema.fields());
        }
        self.overlay.take_written();
        Ok(caught)
    }

    /// Deletes what a failed operation left behind, as far as the storage lets us.
    pub(crate) async fn abandon(&self) {
        let written = self.overlay.take_written();
        let store = self.delta.log_store().root_object_store(None);
        let mut left = Vec::with_capacity(written.len());
        for path in written {
            // Of some only the upload began.
            if store.head(&path).await.is_ok() {
                left.push(path);
            }
        }
        delete_files(&store, &left).await;
    }
}

/// The entry that turns the log of the table into that of its shadow.
fn first_entry(table: &Table, shown: Option<&HashSet<String>>) -> Result<PutPayload> {
    let location = table.location.to_string();
    let json_error = |error: serde_json::Error| LakeError::delta(&location, error.into());
    let is_shown = |path: &str| shown.is_none_or(|shown| shown.contains(path));
    let mut lines = Vec::new();
    let protocol = Action::Protocol(table.protocol_of_staged()?);
    let mut protocol = serde_json::to_value(protocol).map_err(json_error)?;
    let is_known = |feature: &Value| !feature.as_str().is_some_and(|name| HARMLESS_FEATURES.contains(&name));
    if let Some(features) = protocol.pointer_mut("/protocol/writerFeatures").and_then(Value::as_array_mut) {
        features.retain(is_known);
    }
    lines.push(protocol.to_string());
    let mut actions = Vec::new();
    if let Some((metadata, _)) = table.staged.metadata() {
        actions.push(Action::Metadata(metadata.clone()));
    }
    for view in table.committed_views()? {
        if table.staged.removes(&view.path()) || !is_shown(&view.path()) {
            actions.push(Action::Remove(view.remove_action(true)));
        }
    }
    actions.extend(table.staged.added().iter().filter(|add| is_shown(&add.path)).cloned().map(Action::Add));
    for action in actions {
        lines.push(serde_json::to_string(&action).map_err(json_error)?);
    }
    Ok(lines.join("\n").into())
}
