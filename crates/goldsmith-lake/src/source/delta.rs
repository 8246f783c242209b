//! Delta tables as sources: telling appends from compactions and changes.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use deltalake::kernel::{Add, DeletionVectorDescriptor};
use futures::{StreamExt, TryStreamExt};
use object_store::ObjectStoreExt;
use serde_json::Value;

use super::names::Names;
use super::{ChangeCommit, FullReason, ReadKind, SOURCE_VERSION, SourceFile, SourcePosition, SourceRead};
use crate::conform::conform;
use crate::error::{LakeError, Result};
use crate::log::{Commit, object_path, read_commit};
use crate::scan::ScanRequest;
use crate::table::{FileInfo, Table, file_info, project};

/// Log entries that are read at the same time.
const LOG_CONCURRENCY: usize = 16;
/// The column in which a scan reports files; no source has one of this name.
const FILE_COLUMN: &str = "_goldsmith_source_file";
const ROWS_DELETED: &[&str] =
    &["numDeletedRows", "num_deleted_rows", "numTargetRowsDeleted", "num_target_rows_deleted"];

/// A live file, and its deletion vector.
type Live = HashMap<String, (FileInfo, Option<DeletionVectorDescriptor>)>;

pub(super) async fn plan_read(table: &Table, position: Option<&SourcePosition>) -> Result<SourceRead> {
    let identity = table.table_id()?;
    let now = table.version();
    let Some(position) = position else {
        return full(table, FullReason::FirstRead, false).await;
    };
    if position.identity != identity {
        let reason = FullReason::Recreated { before: position.identity.clone(), now: identity };
        return full(table, reason, true).await;
    }
    if position.version > now {
        let reason = FullReason::WentBack { before: position.version, now };
        return full(table, reason, true).await;
    }
    if is_another(table, position).await? {
        return full(table, FullReason::Rewritten { version: position.version }, true).await;
    }
    match since(table, position).await? {
        Ok(read) => Ok(read),
        Err(reason) => full(table, reason, position.may_repeat).await,
    }
}

/// Whether the table got to the version of the position by another commit than then: it was restored from a copy and written to since.
/// When the entry is not there any more, that is not known.
async fn is_another(table: &Table, position: &SourcePosition) -> Result<bool> {
    let Some(checksum) = position.entry else {
        return Ok(false);
    };
    let location = table.location.to_string();
    let commit = read_commit(table.delta.log_store().as_ref(), &location, position.version).await?;
    Ok(commit.is_some_and(|commit| commit.checksum != checksum))
}

/// What came after a position, or why the log cannot tell.
async fn since(table: &Table, position: &SourcePosition) -> Result<std::result::Result<SourceRead, FullReason>> {
    let live = live_files(table)?;
    let mut appended: Vec<(u64, Add)> = Vec::new();
    let mut changed: Vec<(ChangeCommit, Vec<Add>)> = Vec::new();
    let mut compactions_skipped = 0;
    let mut entry = position.entry;
    let mut commits = commits(table, position.version + 1..=table.version());
    while let Some((version, commit)) = commits.try_next().await? {
        let Some(commit) = commit else {
            return Ok(Err(FullReason::LogIncomplete { version }));
        };
        entry = Some(commit.checksum);
        // What a restored version brings back was read before, though nothing may go with it.
        if commit.removes_data() || (commit.is_restore() && commit.changes_data()) {
            changed.push(change(version, commit));
        } else if commit.changes_data() {
            let adds = commit.adds.into_iter().filter(|add| add.data_change);
            appended.extend(adds.map(|add| (version, add)));
        } else if !commit.adds.is_empty() || !commit.removes.is_empty() {
            compactions_skipped += 1;
        }
    }
    let mut finder = Finder { table, live, readable: HashMap::new() };
    let mut files = Vec::with_capacity(appended.len());
    for (version, add) in &appended {
        match finder.find(*version, add).await? {
            Ok(file) => files.push(file),
            Err(reason) => return Ok(Err(reason)),
        }
    }
    let mut changes = Vec::with_capacity(changed.len());
    for (mut change, adds) in changed {
        for add in &adds {
            match finder.find(change.version, add).await? {
                Ok(file) => change.changed_files.push(file),
                Err(reason) => return Ok(Err(reason)),
            }
        }
        changes.push(change);
    }
    let kind = if files.is_empty() && changes.is_empty() { ReadKind::Nothing } else { ReadKind::Appends };
    let may_repeat = position.may_repeat;
    let new_position = SourcePosition { entry, may_repeat, ..SourcePosition::at(table.table_id()?, table.version()) };
    Ok(Ok(SourceRead { kind, files, may_repeat, changes, compactions_skipped, new_position }))
}

/// A commit that took rows away, and the files with rows that it wrote.
fn change(version: u64, commit: Commit) -> (ChangeCommit, Vec<Add>) {
    let change = ChangeCommit {
        version,
        operation: commit.info_text("operation").map(str::to_owned),
        changed_files: Vec::new(),
        removed_files: commit.removes.len(),
        rows_deleted: commit.metric(ROWS_DELETED),
    };
    let removed: HashMap<&str, u64> =
        commit.removes.iter().map(|remove| (remove.path.as_str(), deleted(remove.deletion_vector.as_ref()))).collect();
    // A file that is removed and added again has got another deletion vector, and mostly no new rows: those come when fewer are deleted.
    let brings_rows = |add: &&Add| {
        removed.get(add.path.as_str()).is_none_or(|before| deleted(add.deletion_vector.as_ref()) < *before)
    };
    let written: Vec<Add> = commit.adds.iter().filter(|add| add.data_change).filter(brings_rows).cloned().collect();
    (change, written)
}

/// Rows that a deletion vector hides.
fn deleted(vector: Option<&DeletionVectorDescriptor>) -> u64 {
    vector.and_then(|vector| u64::try_from(vector.cardinality).ok()).unwrap_or_default()
}

/// Finds out how files that came after the position can be read.
struct Finder<'a> {
    table: &'a Table,
    live: Live,
    /// Whether the table can still be opened at an older version.
    readable: HashMap<u64, bool>,
}

impl Finder<'_> {
    async fn find(&mut self, version: u64, add: &Add) -> Result<std::result::Result<SourceFile, FullReason>> {
        let size = u64::try_from(add.size).unwrap_or_default();
        let mut file =
            SourceFile { path: add.path.clone(), version, size, rows: added_rows(add), read_at: self.table.version() };
        if let Some((_, vector)) = self.live.get(&add.path)
            && *vector == add.deletion_vector
        {
            return Ok(Ok(file));
        }
        // Gone or reduced by a later commit: its rows are read as they came.
        let gone = || FullReason::FileGone { path: add.path.clone() };
        let store = self.table.delta.log_store().object_store(None);
        match store.head(&object_path(&add.path)).await {
            Ok(_) => {}
            Err(object_store::Error::NotFound { .. }) => return Ok(Err(gone())),
            Err(error) => {
                return Err(LakeError::storage(&self.table.location.to_string(), error));
            }
        }
        let readable = match self.readable.get(&version) {
            Some(readable) => *readable,
            None => {
                let readable = self.table.at_version(version).await.is_ok();
                self.readable.insert(version, readable);
                readable
            }
        };
        if !readable {
            return Ok(Err(FullReason::LogIncomplete { version }));
        }
        file.read_at = version;
        Ok(Ok(file))
    }
}

/// All live files, each with the version that brought it as far as the log still tells.
async fn full(table: &Table, reason: FullReason, may_repeat: bool) -> Result<SourceRead> {
    let now = table.version();
    let mut missing: BTreeMap<String, FileInfo> =
        live_files(table)?.into_iter().map(|(path, (info, _))| (path, info)).collect();
    let mut files = Vec::with_capacity(missing.len());
    let mut oldest = now;
    let mut entry = None;
    let mut commits = commits(table, (0..=now).rev());
    while !missing.is_empty() || entry.is_none() {
        let Some((version, Some(commit))) = commits.try_next().await? else {
            break;
        };
        oldest = version;
        entry = entry.or(Some(commit.checksum));
        for add in &commit.adds {
            if let Some(info) = missing.remove(&add.path) {
                files.push(source_file(info, version, now));
            }
        }
    }
    // What the log no longer tells is older than all it tells.
    files.extend(missing.into_values().map(|info| source_file(info, oldest, now)));
    files.sort_unstable_by(|a, b| (a.version, &a.path).cmp(&(b.version, &b.path)));
    Ok(SourceRead {
        kind: ReadKind::Full { reason },
        files,
        may_repeat,
        changes: Vec::new(),
        compactions_skipped: 0,
        new_position: SourcePosition { entry, may_repeat, ..SourcePosition::at(table.table_id()?, now) },
    })
}

pub(super) fn source_file(info: FileInfo, version: u64, read_at: u64) -> SourceFile {
    SourceFile { path: info.path, version, size: info.size, rows: info.num_records, read_at }
}

fn live_files(table: &Table) -> Result<Live> {
    Ok(table
        .file_views()?
        .iter()
        .map(|view| {
            let info = file_info(view);
            (info.path.clone(), (info, view.deletion_vector_descriptor()))
        })
        .collect())
}

fn added_rows(add: &Add) -> Option<u64> {
    let stats: Value = serde_json::from_str(add.stats.as_deref()?).ok()?;
    let rows = stats.get("numRecords")?.as_u64()?;
    Some(rows.saturating_sub(deleted(add.deletion_vector.as_ref())))
}

fn commits(
    table: &Table,
    versions: impl Iterator<Item = u64> + Send + 'static,
) -> futures::stream::BoxStream<'static, Result<(u64, Option<Commit>)>> {
    let location = table.location.to_string();
    let log_store = table.delta.log_store();
    futures::stream::iter(versions)
        .map(move |version| {
            let location = location.clone();
            let log_store = Arc::clone(&log_store);
            async move {
                let commit = read_commit(log_store.as_ref(), &location, version).await?;
                Ok((version, commit))
            }
        })
        .buffered(LOG_CONCURRENCY)
        .boxed()
}

pub(super) fn stream(
    table: &Table,
    files: &[SourceFile],
    columns: Option<&[String]>,
) -> Result<SendableRecordBatchStream> {
    let location = table.location.to_string();
    let all = table.data_schema()?;
    let schema = match columns {
        Some(columns) => project(&all, columns, &location)?,
        None => Arc::clone(&all),
    };
    let target = with_version(&schema);

    let mut groups: BTreeMap<u64, Vec<SourceFile>> = BTreeMap::new();
    for file in files {
        groups.entry(file.read_at).or_default().push(file.clone());
    }
    let table = table.clone();
    let inner = Arc::clone(&target);
    let stream = futures::stream::iter(groups)
        .then(move |(version, files)| {
            let table = table.clone();
            let (all, schema) = (Arc::clone(&all), Arc::clone(&schema));
            let target = Arc::clone(&inner);
            async move { group_stream(&table, version, files, &all, &schema, target).await }
        })
        .map_err(datafusion::error::DataFusionError::from)
        .try_flatten();
    Ok(Box::pin(RecordBatchStreamAdapter::new(target, stream)))
}

pub(super) fn with_version(schema: &Schema) -> SchemaRef {
    let mut fields: Vec<_> = schema.fields().iter().cloned().collect();
    fields.push(Arc::new(Field::new(SOURCE_VERSION, DataType::Int64, false)));
    Arc::new(Schema::new(fields))
}

/// Reads files through the snapshot of one version, which knows their deletion vectors, partitions and column names.
async fn group_stream(
    table: &Table,
    version: u64,
    files: Vec<SourceFile>,
    all: &Schema,
    schema: &SchemaRef,
    target: SchemaRef,
) -> Result<SendableRecordBatchStream> {
    let location = table.location.to_string();
    let table = table.at_version(version).await?;
    let known = table.data_schema()?;
    // An overwrite may have changed the case of names since.
    let names = Names::new(&known, &[all]);
    let named = names.schema();
    let columns: Vec<String> = schema
        .fields()
        .iter()
        .map(|field| field.name())
        .filter(|name| named.column_with_name(name).is_some())
        .map(|name| names.own_name(name).to_owned())
        .collect();
    let paths: BTreeSet<String> = files.iter().map(|file| file.path.clone()).collect();
    let versions: HashMap<String, i64> =
        files.into_iter().map(|file| (file.path, i64::try_from(file.version).unwrap_or(i64::MAX))).collect();
    let stream = table
        .scan(ScanRequest {
            columns: Some(columns),
            files: Some(paths.into_iter().collect()),
            with_file_column: Some(FILE_COLUMN.to_owned()),
            ..ScanRequest::default()
        })
        .await?;
    let schema = Arc::clone(schema);
    Ok(crate::scan::adapt(Arc::clone(&target), stream, move |batch| {
        let column = version_column(batch, &versions);
        let batch = names.rename(batch).map_err(|error| LakeError::arrow(&location, error))?;
        let batch = conform(&batch, &schema, &location)?;
        let mut columns = batch.columns().to_vec();
        columns.push(column);
        RecordBatch::try_new(Arc::clone(&target), columns).map_err(|error| LakeError::arrow(&location, error))
    }))
}

fn version_column(batch: &RecordBatch, versions: &HashMap<String, i64>) -> ArrayRef {
    let rows = batch.num_rows();
    let Some(paths) = batch.column_by_name(FILE_COLUMN).and_then(|column| column.as_string_opt::<i32>()) else {
        return Arc::new(Int64Array::new_null(rows));
    };
    let mut last: Option<(&str, Option<i64>)> = None;
    let column: Int64Array = paths
        .iter()
        .map(|path| {
            let path = path?;
            let version = match last {
                Some((seen, version)) if seen == path => version,
                _ => versions.get(path).copied(),
            };
            last = Some((path, version));
            version
        })
        .collect();
    debug_assert_eq!(column.len(), rows);
    Arc::new(column)
}
