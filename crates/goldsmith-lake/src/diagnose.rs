//! Finding out why a table cannot be loaded, so that the error names the file or the feature.

use deltalake::DeltaTableError;
use deltalake::kernel::Protocol;
use deltalake::kernel::transaction::{PROTOCOL, TransactionError};
use deltalake::logstore::LogStore;
use futures::TryStreamExt;
use object_store::path::Path;
use serde::Deserialize;

use crate::error::{LakeError, Result};
use crate::log::{Commit, entry_name};

/// Looks through the log of a table that failed to load, and says what is wrong with it.
pub(crate) async fn explain(log_store: &dyn LogStore, location: &str, error: DeltaTableError) -> LakeError {
    match find_cause(log_store, location).await {
        Ok(Some(cause)) => cause,
        Err(cause @ (LakeError::Unusable { .. } | LakeError::PermissionDenied { .. })) => cause,
        // The original error says more than another failure to look closer.
        Ok(None) | Err(_) => LakeError::delta(location, error),
    }
}

/// Refuses tables whose readers must know something that we do not.
pub(crate) fn check_readable(protocol: &Protocol, location: &str) -> Result<()> {
    match PROTOCOL.can_read_from_protocol(protocol) {
        Ok(()) => Ok(()),
        Err(TransactionError::UnsupportedTableFeatures(features)) => {
            let names: Vec<String> = features.iter().map(ToString::to_string).collect();
            Err(LakeError::UnsupportedFeature {
                location: location.to_owned(),
                features: names.join(", "),
                access: "read",
            })
        }
        Err(error) => Err(LakeError::delta(location, error.into())),
    }
}

#[derive(Deserialize)]
struct ProtocolLine {
    protocol: Option<Protocol>,
}

async fn find_cause(log_store: &dyn LogStore, location: &str) -> Result<Option<LakeError>> {
    let store = log_store.object_store(None);
    let mut entries: Vec<(u64, Path)> = store
        .list(Some(&Path::from("_delta_log")))
        .map_ok(|meta| meta.location)
        .try_collect::<Vec<_>>()
        .await
        .map_err(|error| LakeError::storage(location, error))?
        .into_iter()
        .filter_map(|path| {
            let version = path.filename()?.strip_suffix(".json")?.parse().ok()?;
            Some((version, path))
        })
        .collect();
    entries.sort_unstable();

    let corrupt = |version: u64, reason: String| LakeError::CorruptLog {
        location: location.to_owned(),
        entry: entry_name(version),
        reason,
    };
    for pair in entries.windows(2) {
        if let [(before, _), (after, _)] = pair
            && *after != before + 1
        {
            return Ok(Some(corrupt(before + 1, "it is missing".to_owned())));
        }
    }
    let mut protocol = None;
    for (version, _) in &entries {
        let bytes = match log_store.read_commit_entry(*version).await {
            Ok(Some(bytes)) => bytes,
            Ok(None) => continue,
            Err(error) => return Ok(Some(LakeError::delta(location, error))),
        };
        if let Err(error) = Commit::parse(&bytes) {
            return Ok(Some(corrupt(*version, error.to_string())));
        }
        if bytes.is_empty() {
            return Ok(Some(corrupt(*version, "it is empty".to_owned())));
        }
        for line in serde_json::Deserializer::from_slice(&bytes).into_iter::<ProtocolLine>() {
            if let Ok(ProtocolLine { protocol: Some(found) }) = line {
                protocol = Some(found);
            }
        }
    }
    Ok(protocol.and_then(|protocol| check_readable(&protocol, location).err()))
}
