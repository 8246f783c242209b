//! Reading single entries of a transaction log.

use bytes::Bytes;
use deltalake::kernel::{Add, AddCDCFile, Remove};
use deltalake::logstore::LogStore;
use object_store::path::Path;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::error::{LakeError, Result};
use crate::table::POSITION_DOMAIN;

/// The directory of the log within a table.
pub(crate) const LOG: &str = "_delta_log";
/// Key of the run id in the `commitInfo` of our commits.
pub(crate) const RUN_ID: &str = "goldsmithRunId";
/// Key of the id of one attempt to commit, by which we recognise our own commit after an ambiguous answer.
pub(crate) const COMMIT_ID: &str = "goldsmithCommitId";

/// What one log entry says, as far as it matters here.
#[derive(Debug, Default)]
pub(crate) struct Commit {
    pub(crate) adds: Vec<Add>,
    pub(crate) removes: Vec<Remove>,
    /// Files with changed rows, for readers of the change data feed.
    pub(crate) changes: Vec<AddCDCFile>,
    pub(crate) has_metadata: bool,
    pub(crate) has_protocol: bool,
    /// Whether a position of ours is taken down.
    pub(crate) has_position: bool,
    /// CRC-32 of the whole entry.
    pub(crate) checksum: u32,
    info: Option<Value>,
}

/// One line of a log entry. Actions that are not named here are none of our business, so they are not an error.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    add: Option<Add>,
    remove: Option<Remove>,
    cdc: Option<AddCDCFile>,
    meta_data: Option<IgnoredAny>,
    protocol: Option<IgnoredAny>,
    domain_metadata: Option<Domain>,
    commit_info: Option<Value>,
}

#[derive(Deserialize)]
struct Domain {
    domain: String,
}

impl Commit {
    pub(crate) fn parse(bytes: &Bytes) -> serde_json::Result<Self> {
        let mut commit = Self { checksum: crc32fast::hash(bytes), ..Self::default() };
        for line in serde_json::Deserializer::from_slice(bytes).into_iter::<Line>() {
            let line = line?;
            commit.adds.extend(line.add);
            commit.removes.extend(line.remove);
            commit.changes.extend(line.cdc);
            commit.has_metadata |= line.meta_data.is_some();
            commit.has_protocol |= line.protocol.is_some();
            commit.has_position |= line.domain_metadata.is_some_and(|domain| domain.domain == POSITION_DOMAIN);
            commit.info = line.commit_info.or(commit.info);
        }
        Ok(commit)
    }

    /// Whether rows came or went, as opposed to files being rearranged.
    pub(crate) fn changes_data(&self) -> bool {
        self.adds.iter().any(|add| add.data_change) || self.removes_data()
    }

    /// Whether rows went (or were replaced).
    pub(crate) fn removes_data(&self) -> bool {
        self.removes.iter().any(|remove| remove.data_change)
    }

    /// Whether it moved rows to other files and did nothing else.
    pub(crate) fn only_rearranges(&self) -> bool {
        let has_files = !self.adds.is_empty() || !self.removes.is_empty();
        let says_more = self.has_metadata || self.has_protocol || self.has_position || !self.changes.is_empty();
        has_files && !says_more && !self.changes_data()
    }

    /// Whether it brings rows of an older version back.
    pub(crate) fn is_restore(&self) -> bool {
        self.info_text("operation") == Some("RESTORE")
    }

    pub(crate) fn info_text(&self, key: &str) -> Option<&str> {
        self.info.as_ref()?.get(key)?.as_str()
    }

    /// When the commit was made, in milliseconds since the epoch, by the clock of its writer.
    pub(crate) fn timestamp(&self) -> Option<i64> {
        self.info.as_ref()?.get("timestamp")?.as_i64()
    }

    /// The value that this commit gives to a property of the table. Later commits repeat properties with the rest of the metadata,
    /// so that only the operation tells when one was set.
    pub(crate) fn property_set(&self, key: &str) -> Option<String> {
        let info = self.info.as_ref()?;
        if info.get("operation")?.as_str()? != "SET TBLPROPERTIES" {
            return None;
        }
        let properties: Value =
            serde_json::from_str(info.get("operationParameters")?.get("properties")?.as_str()?).ok()?;
        properties.get(key)?.as_str().map(str::to_owned)
    }

    /// A number of the operation's metrics, under the first of several names that engines give it.
    pub(crate) fn metric(&self, names: &[&str]) -> Option<u64> {
        let metrics = self.info.as_ref()?.get("operationMetrics")?;
        names.iter().find_map(|name| match metrics.get(name)? {
            Value::Number(number) => number.as_u64(),
            Value::String(text) => text.parse().ok(),
            _ => None,
        })
    }
}

/// Where the storage has a file that an action of the log or a listing names. Such a name is taken as it is: `Path::from` encodes
/// characters such as `%` and `~`, which gives the path of another file.
pub(crate) fn object_path(name: &str) -> Path {
    Path::parse(name).unwrap_or_else(|_| Path::from(name))
}

/// The name of the log entry of a version, as it is in the table's directory.
pub(crate) fn entry_name(version: u64) -> String {
    format!("_delta_log/{version:020}.json")
}

/// A file of a log, with its version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogFile {
    /// What one commit did.
    Entry(u64),
    /// All that was done so far, or a part of it.
    Checkpoint(u64),
    /// Something else that bears a version, such as a checksum.
    Other,
}

/// What the name of a file says that it is, when it is part of a log.
pub(crate) fn log_file(name: &str) -> Option<LogFile> {
    let (version, kind) = name.split_once('.')?;
    if version.len() != 20 || !version.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let version = version.parse().ok()?;
    Some(match kind {
        "json" => LogFile::Entry(version),
        kind if kind.starts_with("checkpoint") => LogFile::Checkpoint(version),
        _ => LogFile::Other,
    })
}

/// Reads one entry; `None` when it is not there (any more).
pub(crate) async fn read_commit(log_store: &dyn LogStore, location: &str, version: u64) -> Result<Option<Commit>> {
    let bytes = log_store.read_commit_entry(version).await.map_err(|error| LakeError::delta(location, error))?;
    bytes
        .map(|bytes| {
            Commit::parse(&bytes).map_err(|error| LakeError::CorruptLog {
                location: location.to_owned(),
                entry: entry_name(version),
                reason: error.to_string(),
            })
        })
        .transpose()
}
