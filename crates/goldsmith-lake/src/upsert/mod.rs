//! Bringing a table to hold given rows, writing only what differs.

mod encode;
mod probe;
mod prune;
mod rows;

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::SchemaRef;
use futures::{StreamExt, TryStreamExt};
use serde_json::{Map, Value};

use self::probe::{Candidate, Probe, Verdicts};
use self::prune::Pruner;
use self::rows::{Columns, NewRows};
use crate::commit::{CommitOutcome, CommitRequest};
use crate::conform::{check_columns, conform};
use crate::error::{LakeError, Result};
use crate::parquet_file::ParquetFile;
use crate::session::session;
use crate::table::{Table, project};
use crate::write::{TableWriter, WrittenFiles};

/// What a table shall hold after an [`upsert`].
#[derive(Debug, Clone, Default)]
pub struct UpsertRequest {
    /// Columns that identify a row. Nulls are values like others.
    pub key: Vec<String>,
    /// Some of the key columns: rows are compared group by group. Equal to `key` for a plain upsert.
    pub group: Vec<String>,
    /// Columns that are written, but do not make a row different (when and by which run it was written, say).
    pub ignore: Vec<String>,
    /// The rows, unique by key, with all columns of the table.
    pub rows: Vec<RecordBatch>,
    /// Whether rows of a touched group that are not among `rows` are deleted.
    pub delete_missing_in_group: bool,
    /// Groups that are touched although `rows` has none of them; a batch with (at least) the group columns.
    pub extra_groups: Option<RecordBatch>,
    /// The new position; `None` leaves it as it is.
    pub position: Option<String>,
    /// The run, kept in the log.
    pub run_id: String,
    /// Name of the operation in the table's history, such as `MERGE`.
    pub operation: String,
}

/// What an [`upsert`] did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UpsertReport {
    /// Rows whose key the table did not have.
    pub inserted: u64,
    /// Rows that replaced one with another content.
    pub updated: u64,
    /// Rows of the table that went without a successor.
    pub deleted: u64,
    /// Rows that the table had already.
    pub unchanged: u64,
    /// Files that were rewritten or emptied.
    pub files_removed: usize,
    /// Files that were written.
    pub files_added: usize,
    /// Live files that statistics excluded from the search.
    pub files_pruned: usize,
    /// Rows that were copied unchanged, because they shared a file with others that went.
    pub rows_copied: u64,
    /// The version that the commit made; `None` when there was nothing to commit.
    pub version: Option<u64>,
}

/// Makes the table hold the rows of the request: inserts what is new, replaces what differs, leaves what is equal untouched,
/// and deletes what is missing where the request says so. All in one commit, or none when nothing differs.
///
/// A group is touched when a new row or an extra group belongs to it; rows of other groups stay as they are. Only files that
/// lose a row are rewritten. Memory is bounded by the new rows and a few batches of the table.
///
/// # Errors
/// [`LakeError::DuplicateKey`], [`LakeError::InvalidRequest`], [`LakeError::MissingColumn`],
/// [`LakeError::UnexpectedColumn`], [`LakeError::ValueDoesNotFit`] for a request that does not fit the table;
/// [`LakeError::Conflict`] (retryable) as for [`Table::commit`]; errors of the storage. Nothing is visible after an error.
pub async fn upsert(table: &mut Table, request: UpsertRequest) -> Result<UpsertReport> {
    let location = table.location.to_string();
    let schema = table.data_schema()?;
    let rows = conform_rows(&request.rows, &schema, &location)?;
    let plan = Plan::new(&request, &schema, &location)?;
    let extra = match &request.extra_groups {
        Some(groups) => vec![conform(groups, &plan.group_schema, &location)?],
        None => Vec::new(),
    };
    let mut groups = extra.clone();
    groups.extend(rows.iter().cloned());
    let pruner = Pruner::new(&schema, &request.group, &groups).map_err(|error| LakeError::arrow(&location, error))?;
    let columns = Columns { key: &request.key, group: &request.group, compared: &plan.compared };
    let new_rows = NewRows::new(&location, &schema, &columns, rows, &extra)?;

    let (candidates, files_pruned) =
        if new_rows.is_empty() { (Vec::new(), table.file_views()?.len()) } else { candidates(table, &pruner).await? };
    let probe = Arc::new(Probe {
        table: location.clone(),
        store: table.delta.log_store().object_store(None),
        new_rows,
        group_schema: plan.group_schema,
        judged_schema: plan.judged_schema,
        delete_missing: request.delete_missing_in_group,
    });
    let changed = examine(&probe, candidates, table.options().threads).await?;

    let (inserted, updated, unchanged) = probe.new_rows.counts();
    let mut report = UpsertReport {
        inserted,
        updated,
        unchanged,
        deleted: changed.iter().map(|(_, verdicts)| verdicts.deleted).sum(),
        files_removed: changed.len(),
        files_pruned,
        ..UpsertReport::default()
    };
    let mut written = WrittenFiles::default();
    if inserted + updated > 0 || !changed.is_empty() {
        let mut writer = table.writer()?;
        match write(&mut writer, &probe, &changed, &schema).await {
            Ok(copied) => report.rows_copied = copied,
            Err(error) => {
                writer.abort().await;
                return Err(error);
            }
        }
        written = writer.finish().await?;
        report.files_added = written.files();
    }
    let outcome = table
        .commit(CommitRequest {
            added: written,
            removed: changed.into_iter().map(|(candidate, _)| candidate.path).collect(),
            position: request.position,
            run_id: request.run_id,
            operation: request.operation,
            metrics: report.metrics(),
            blind_append: false,
        })
        .await?;
    if let CommitOutcome::Committed { version } = outcome {
        report.version = Some(version);
    }
    Ok(report)
}

impl UpsertReport {
    fn metrics(&self) -> Map<String, Value> {
        [
            ("numTargetRowsInserted", self.inserted),
            ("numTargetRowsUpdated", self.updated),
            ("numTargetRowsDeleted", self.deleted),
            ("numTargetRowsCopied", self.rows_copied),
            ("numTargetFilesAdded", self.files_added as u64),
            ("numTargetFilesRemoved", self.files_removed as u64),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), Value::from(value)))
        .collect()
    }
}

/// The columns of an upsert, checked.
struct Plan {
    compared: Vec<String>,
    group_schema: SchemaRef,
    judged_schema: SchemaRef,
}

impl Plan {
    fn new(request: &UpsertRequest, schema: &SchemaRef, location: &str) -> Result<Self> {
        let invalid = |reason: String| LakeError::InvalidRequest { location: location.to_owned(), reason };
        if request.key.is_empty() || request.group.is_empty() {
            return Err(invalid("an upsert needs key and group columns".to_owned()));
        }
        if let Some(column) = request.group.iter().find(|name| !request.key.contains(name)) {
            return Err(invalid(format!("the group column `{column}` is not part of the key")));
        }
        if let Some(column) = request.ignore.iter().find(|name| request.key.contains(name)) {
            return Err(invalid(format!("the key column `{column}` cannot be ignored")));
        }
        let compared: Vec<String> = schema
            .fields()
            .iter()
            .map(|field| field.name())
            .filter(|name| !request.key.contains(name) && !request.ignore.contains(name))
            .cloned()
            .collect();
        let judged: Vec<String> = request.key.iter().chain(&compared).cloned().collect();
        Ok(Self {
            group_schema: project(schema, &request.group, location)?,
            judged_schema: project(schema, &judged, location)?,
            compared,
        })
    }
}

fn conform_rows(rows: &[RecordBatch], schema: &SchemaRef, location: &str) -> Result<Vec<RecordBatch>> {
    let mut conformed = Vec::with_capacity(rows.len());
    for batch in rows {
        if batch.schema_ref() != schema {
            check_columns(batch.schema_ref(), schema, location)?;
        }
        if batch.num_rows() > 0 {
            conformed.push(conform(batch, schema, location)?);
        }
    }
    Ok(conformed)
}

/// The files that can hold touched rows, and the number of those that cannot.
async fn candidates(table: &Table, pruner: &Pruner) -> Result<(Vec<Candidate>, usize)> {
    let mut candidates = Vec::new();
    let mut pruned = 0;
    let mut has_vectors = false;
    for view in table.file_views()? {
        if !pruner.may_match(view.stats().as_deref()) {
            pruned += 1;
            continue;
        }
        has_vectors |= view.deletion_vector_descriptor().is_some();
        let path = view.path().into_owned();
        candidates.push(Candidate {
            file: ParquetFile {
                path: view.object_store_path(),
                size: u64::try_from(view.size()).unwrap_or_default(),
                display: format!("{}/{path}", table.location),
            },
            path,
            alive: None,
        });
    }
    if has_vectors {
        let masks = keep_masks(table).await?;
        for candidate in &mut candidates {
            candidate.alive = masks.get(&candidate.path).cloned();
        }
    }
    // The order decides what a rewritten file looks like, so it must not depend on the log.
    candidates.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    Ok((candidates, pruned))
}

/// Deletion vectors, by path of the file.
async fn keep_masks(table: &Table) -> Result<HashMap<String, Arc<Vec<bool>>>> {
    let fail = |error| LakeError::query(&table.location.to_string(), error);
    let state = session(1).state();
    let scan = table.delta.table_provider().build().await.map_err(fail)?;
    let vectors = scan.deletion_vectors(&state).await.map_err(fail)?;
    let paths = crate::scan::FilePaths::new(table)?;
    Ok(vectors.into_iter().map(|vector| (paths.path_of(&vector.filepath), Arc::new(vector.keep_mask))).collect())
}

/// Examines all candidates, and returns those that lose rows.
async fn examine(probe: &Arc<Probe>, candidates: Vec<Candidate>, threads: usize) -> Result<Vec<(Candidate, Verdicts)>> {
    let mut changed: Vec<(Candidate, Verdicts)> = futures::stream::iter(candidates)
        .map(|candidate| {
            let probe = Arc::clone(probe);
            // A task of its own, so that files are decoded on all threads.
            tokio::spawn(async move {
                let verdicts = probe.examine(&candidate).await?;
                Ok::<_, LakeError>((candidate, verdicts))
            })
        })
        .buffer_unordered(threads.max(1))
        .map(|result| match result {
            Ok(result) => result,
            Err(error) => Err(LakeError::Task { location: probe.table.clone(), reason: error.to_string() }),
        })
        .try_filter(|(_, verdicts)| std::future::ready(!verdicts.dropped.is_empty()))
        .try_collect()
        .await?;
    changed.sort_unstable_by(|(a, _), (b, _)| a.path.cmp(&b.path));
    Ok(changed)
}

/// Writes the rows that stay of changed files, then the new rows. Returns the number of the former.
async fn write(
    writer: &mut TableWriter,
    probe: &Probe,
    changed: &[(Candidate, Verdicts)],
    schema: &SchemaRef,
) -> Result<u64> {
    let fail = |error| LakeError::arrow(&probe.table, error);
    let mut copied = 0;
    for (candidate, verdicts) in changed {
        if verdicts.dropped.len() == verdicts.rows {
            continue;
        }
        let mut dropped = verdicts.dropped.iter().copied().peekable();
        let mut start = 0;
        let mut batches = candidate.file.read(&probe.store, schema, None).await?;
        while let Some(batch) = batches.try_next().await? {
            let mask: BooleanArray = (start..start + batch.num_rows())
                .map(|row| Some(dropped.next_if_eq(&row).is_none() && candidate.is_alive(row)))
                .collect();
            start += batch.num_rows();
            let kept = filter_record_batch(&batch, &mask).map_err(fail)?;
            copied += kept.num_rows() as u64;
            writer.write(&kept).await?;
        }
    }
    for batch in probe.new_rows.to_write() {
        writer.write(&batch.map_err(fail)?).await?;
    }
    Ok(copied)
}
