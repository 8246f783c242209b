//! One Delta table at one version.

use std::collections::{BTreeSet, HashSet};
use std::fmt;
use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};
use datafusion::catalog::TableProvider;
use deltalake::kernel::engine::arrow_conversion::TryIntoArrow;
use deltalake::kernel::{Add, EagerSnapshot, LogicalFileView, StorageType};
use deltalake::logstore::LogStoreRef;
use deltalake::{DeltaTable, DeltaTableError};

use crate::conform::plain_schema;
use crate::diagnose::{check_readable, explain};
use crate::error::{LakeError, Result};
use crate::lake::{Lake, LakeOptions};
use crate::location::Location;
use crate::log::{RUN_ID, read_commit};
use crate::merge::shadow::Shadow;
use crate::parquet_file;
use crate::scan::TableFiles;
use crate::session::session;
use crate::staged::Staged;

/// The domain of the metadata in which a table keeps its position.
pub(crate) const POSITION_DOMAIN: &str = "goldsmith.position";

/// A live data file of a table, as the log tells it; see [`Table::files`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileInfo {
    /// Path relative to the table.
    pub path: String,
    /// Size in bytes.
    pub size: u64,
    /// Rows that are alive, if the log knows.
    pub num_records: Option<u64>,
    /// When the file was written, in milliseconds since the epoch.
    pub modification_time: i64,
}

/// What came to a table after a version; see [`Table::added_since`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Added {
    /// The log tells it all.
    Known {
        /// Live files that data-changing commits added, sorted by path. Files that an upsert rewrote are among them; files
        /// that just lost rows to a deletion vector are not.
        files: Vec<FileInfo>,
        /// The runs that made these commits; none when commits of other engines are among them, which name no run.
        run_ids: Option<HashSet<String>>,
        /// Whether rows went or were replaced meanwhile; what they were is not told.
        lost_rows: bool,
        /// The operations of other engines, as they name them, by which rows went or were replaced.
        taken_by: BTreeSet<String>,
    },
    /// The log does not reach back that far, or files of other engines were rearranged since, so that nothing less than the whole table
    /// is certain to hold all that is new.
    Unknown,
}

/// One Delta table at one version.
///
/// A handle does not follow the table: it stays at its version until [`Table::refresh`] or a commit through it. It can hold
/// staged changes ([`Table::stage`]), which only it shows until its next commit makes them visible all at once.
/// Cheap to clone.
#[derive(Clone)]
pub struct Table {
    pub(crate) lake: Lake,
    pub(crate) location: Location,
    pub(crate) delta: DeltaTable,
    /// What the next commit makes visible; this handle shows it already.
    pub(crate) staged: Staged,
    /// Columns by which rows are sorted before they are written.
    pub(crate) clustered_by: Arc<[String]>,
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table").field("location", &self.location.to_string()).field("version", &self.version()).finish()
    }
}

impl Table {
    /// The table at its latest version; `None` when there is no log.
    pub(crate) async fn load(lake: &Lake, location: &Location, log_store: LogStoreRef) -> Result<Option<Self>> {
        let mut delta = DeltaTable::new(log_store);
        match delta.load().await {
            Ok(()) => Self::from_delta(lake, location, delta).map(Some),
            Err(DeltaTableError::NotATable(_)) => Ok(None),
            Err(error) => Err(explain(delta.log_store().as_ref(), &location.to_string(), error).await),
        }
    }

    pub(crate) fn from_delta(lake: &Lake, location: &Location, delta: DeltaTable) -> Result<Self> {
        let table = Self {
            lake: lake.clone(),
            location: location.clone(),
            delta,
            staged: Staged::default(),
            clustered_by: Arc::default(),
        };
        check_readable(table.snapshot()?.protocol(), &location.to_string())?;
        Ok(table)
    }

    /// The same table at an earlier version, without anything staged.
    ///
    /// # Errors
    /// Errors of the Delta layer, for instance because the log does not reach back that far.
    pub async fn at_version(&self, version: u64) -> Result<Self> {
        if version == self.version() {
            return Ok(self.clone());
        }
        let mut delta = DeltaTable::new(self.delta.log_store());
        delta.load_version(version).await.map_err(|error| LakeError::delta(&self.location.to_string(), error))?;
        let table = Self::from_delta(&self.lake, &self.location, delta)?;
        Ok(Self { clustered_by: Arc::clone(&self.clustered_by), ..table })
    }

    /// Has rows that are written through this handle sorted by these columns, row group by row group, so that readers of few of their
    /// values leave most row groups and pages out. Columns that the table does not have are passed over.
    pub fn cluster_by(&mut self, columns: &[String]) {
        self.clustered_by = columns.into();
    }

    /// Where the table is.
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// The version of the log that this handle sees: that at which it was opened, [refreshed](Self::refresh)
    /// or committed last, whatever others committed since.
    pub fn version(&self) -> u64 {
        self.delta.version().unwrap_or_default()
    }

    /// The id that the table got when it was created; another id means another table at the same place.
    ///
    /// # Errors
    /// Errors of the Delta layer.
    pub fn table_id(&self) -> Result<String> {
        Ok(self.snapshot()?.metadata().id().to_owned())
    }

    /// The columns, with their comments in the field metadata `comment`.
    ///
    /// # Errors
    /// Errors of the Delta layer.
    pub fn schema(&self) -> Result<SchemaRef> {
        match self.staged.metadata() {
            None => Ok(self.snapshot()?.arrow_schema()),
            Some((_, schema)) => {
                let schema: Schema =
                    schema.try_into_arrow().map_err(|error| LakeError::arrow(&self.location.to_string(), error))?;
                Ok(Arc::new(schema))
            }
        }
    }

    /// The columns without any metadata: the schema of the batches that a scan gives and a writer takes.
    ///
    /// # Errors
    /// Errors of the Delta layer.
    pub fn data_schema(&self) -> Result<SchemaRef> {
        Ok(plain_schema(self.schema()?.as_ref()))
    }

    /// The live files, sorted by path; staged ones are among them, dropped ones are not.
    ///
    /// # Errors
    /// Errors of the Delta layer.
    pub fn files(&self) -> Result<Vec<FileInfo>> {
        let mut files: Vec<FileInfo> = self.file_views()?.iter().map(file_info).collect();
        files.extend(self.staged.added().iter().map(|add| FileInfo {
            path: add.path.clone(),
            size: u64::try_from(add.size).unwrap_or_default(),
            num_records: num_records(add),
            modification_time: add.modification_time,
        }));
        files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        Ok(files)
    }

    /// The number of rows, with what is staged. Reads the footers of files whose rows the log does not count.
    ///
    /// # Errors
    /// Errors of the Delta layer and of the storage.
    pub async fn num_rows(&self) -> Result<u64> {
        let store = self.delta.log_store().object_store(None);
        let mut rows = self.staged.added().iter().filter_map(num_records).sum();
        for view in self.file_views()? {
            let info = file_info(&view);
            rows += match info.num_records {
                Some(rows) => rows,
                None => {
                    let file = parquet_file::ParquetFile {
                        path: view.object_store_path(),
                        size: info.size,
                        display: format!("{}/{}", self.location, info.path),
                        is_loose: false,
                    };
                    let stored = file.num_rows(&store).await?;
                    stored.saturating_sub(deleted_rows(&view))
                }
            };
        }
        Ok(rows)
    }

    /// The position that the last commit recorded, as the text that the caller gave.
    ///
    /// # Errors
    /// Errors of the Delta layer.
    pub async fn position(&self) -> Result<Option<String>> {
        self.snapshot()?
            .domain_metadata(self.delta.log_store().as_ref(), POSITION_DOMAIN)
            .await
            .map_err(|error| LakeError::delta(&self.location.to_string(), error))
    }

    /// Moves this handle to the latest version. What is staged is forgotten, but its files stay until a vacuum;
    /// [`Table::discard_staged`] deletes them.
    ///
    /// # Errors
    /// As [`Lake::open`]; [`LakeError::NoTable`] when the table is gone.
    pub async fn refresh(&mut self) -> Result<()> {
        // Loaded anew and not carried forward, since the table may have been replaced by another one.
        let latest = self
            .lake
            .open(&self.location)
            .await?
            .ok_or_else(|| LakeError::NoTable { location: self.location.to_string() })?;
        *self = Self { clustered_by: Arc::clone(&self.clustered_by), ..latest };
        Ok(())
    }

    /// The table for SQL, as this handle shows it: at its version, with everything staged.
    ///
    /// Data files are read by DataFusion itself, in parallel, and deleted rows are left out by a selection for each file, so that filters,
    /// limits and columns are pushed down into files with deletion vectors as into any other. Columns of partitions have the values of
    /// the log. Tables with mapped columns, vectors outside of the table or maps of structs go through the provider of delta-rs, which
    /// reads those with vectors in a single stream without filters.
    ///
    /// A session of one's own is best told `datafusion.optimizer.enable_aggregate_dynamic_filter_pushdown = false`, as
    /// [`Lake::sql_context`] does: DataFusion 55 gives wrong answers to `min(column), max(expression)` otherwise.
    ///
    /// # Errors
    /// Errors of the Delta layer.
    pub async fn provider(&self) -> Result<Arc<dyn TableProvider>> {
        if TableFiles::covers(self)? {
            return Ok(Arc::new(TableFiles::new(self.clone())?));
        }
        let state = Arc::new(session(self.options())?.state());
        let shadow = if self.has_staged() { Some(Shadow::new(self, None).await?) } else { None };
        let delta = shadow.as_ref().map_or(&self.delta, |shadow| &shadow.delta);
        delta
            .table_provider()
            .with_session(state)
            .await
            .map_err(|error| LakeError::query(&self.location.to_string(), error))
    }

    /// What came after `version`, up to the version of this handle.
    ///
    /// # Errors
    /// [`LakeError::CorruptLog`] and errors of the storage.
    pub async fn added_since(&self, version: u64) -> Result<Added> {
        if version > self.version() {
            return Ok(Added::Unknown);
        }
        let location = self.location.to_string();
        let log_store = self.delta.log_store();
        let mut added = HashSet::new();
        let mut run_ids = Some(HashSet::new());
        let mut lost_rows = false;
        let mut taken_by = BTreeSet::new();
        for version in version + 1..=self.version() {
            let Some(commit) = read_commit(log_store.as_ref(), &location, version).await? else {
                return Ok(Added::Unknown);
            };
            // The rows live on in files of this commit, beside older ones: there the ids of the runs tell them apart.
            if commit.removes.iter().any(|remove| !remove.data_change && added.contains(&remove.path)) {
                if run_ids.is_none() || commit.changes_data() {
                    return Ok(Added::Unknown);
                }
                added.extend(commit.adds.iter().map(|add| add.path.clone()));
            }
            if commit.removes_data() {
                lost_rows = true;
                if commit.info_text(RUN_ID).is_none() {
                    taken_by.insert(commit.info_text("operation").unwrap_or("a commit").to_owned());
                }
            }
            if commit.changes_data() {
                match (commit.info_text(RUN_ID), &mut run_ids) {
                    (Some(run), Some(known)) => {
                        known.insert(run.to_owned());
                    }
                    _ => run_ids = None,
                }
            }
            let masked: HashSet<&str> = commit.removes.iter().map(|remove| remove.path.as_str()).collect();
            let is_new = |add: &&Add| add.data_change && !masked.contains(add.path.as_str());
            added.extend(commit.adds.iter().filter(is_new).map(|add| add.path.clone()));
        }
        let mut files = self.files()?;
        files.retain(|file| added.contains(&file.path));
        Ok(Added::Known { files, run_ids, lost_rows, taken_by })
    }

    /// The last version, up to that of this handle, that is the table as it was at `version`, because each commit in between moved rows
    /// to other files and did nothing else, as maintenance does. `version` itself when the log does not tell.
    ///
    /// # Errors
    /// [`LakeError::CorruptLog`] and errors of the storage.
    pub async fn same_rows_until(&self, version: u64) -> Result<u64> {
        let location = self.location.to_string();
        let log_store = self.delta.log_store();
        let mut same = version;
        while same < self.version() {
            match read_commit(log_store.as_ref(), &location, same + 1).await? {
                Some(commit) if commit.only_rearranges() => same += 1,
                _ => break,
            }
        }
        Ok(same)
    }

    pub(crate) fn options(&self) -> &LakeOptions {
        self.lake.options()
    }

    pub(crate) fn snapshot(&self) -> Result<&EagerSnapshot> {
        self.delta
            .snapshot()
            .map(deltalake::table::state::DeltaTableState::snapshot)
            .map_err(|error| LakeError::delta(&self.location.to_string(), error))
    }

    /// The files of the version that nothing staged drops.
    pub(crate) fn file_views(&self) -> Result<Vec<LogicalFileView>> {
        let mut views = self.committed_views()?;
        views.retain(|view| !self.staged.removes(&view.path()));
        Ok(views)
    }

    /// The files of the version.
    pub(crate) fn committed_views(&self) -> Result<Vec<LogicalFileView>> {
        self.snapshot()?
            .try_log_data()
            .map(|data| data.iter().collect())
            .map_err(|error| LakeError::delta(&self.location.to_string(), error))
    }

    /// Whether data files hold exactly the columns by their names, and deletion vectors are all that stands between a file and
    /// its rows.
    pub(crate) fn is_plain(&self) -> Result<bool> {
        Ok(self.is_read_directly()? && self.partition_columns()?.is_empty())
    }

    /// The columns whose values the log tells, file by file.
    pub(crate) fn partition_columns(&self) -> Result<&[String]> {
        Ok(self.snapshot()?.metadata().partition_columns())
    }

    /// Whether the rows of a file are its columns by their names, those by which the table is partitioned, and a deletion vector that
    /// lies in the table.
    pub(crate) fn is_read_directly(&self) -> Result<bool> {
        let snapshot = self.snapshot()?;
        let mapped =
            snapshot.metadata().configuration().get("delta.columnMapping.mode").is_some_and(|mode| mode != "none");
        let vector_elsewhere = || -> Result<bool> {
            Ok(self
                .committed_views()?
                .iter()
                .filter_map(LogicalFileView::deletion_vector_descriptor)
                .any(|vector| vector.storage_type == StorageType::AbsolutePath))
        };
        Ok(!mapped && !vector_elsewhere()?)
    }
}

pub(crate) fn deleted_rows(view: &LogicalFileView) -> u64 {
    view.deletion_vector_descriptor().and_then(|vector| u64::try_from(vector.cardinality).ok()).unwrap_or_default()
}

/// Rows of a file that are alive, as its statistics and its deletion vector say.
pub(crate) fn num_records(add: &Add) -> Option<u64> {
    let stats: serde_json::Value = serde_json::from_str(add.stats.as_deref()?).ok()?;
    let dead = add.deletion_vector.as_ref().and_then(|vector| u64::try_from(vector.cardinality).ok());
    stats.get("numRecords")?.as_u64()?.checked_sub(dead.unwrap_or_default())
}

pub(crate) fn file_info(view: &LogicalFileView) -> FileInfo {
    FileInfo {
        path: view.path().into_owned(),
        size: u64::try_from(view.size()).unwrap_or_default(),
        num_records: view.num_records().map(|rows| (rows as u64).saturating_sub(deleted_rows(view))),
        modification_time: view.modification_time(),
    }
}

/// Columns of a schema by name, in the order asked for.
pub(crate) fn project(schema: &Schema, columns: &[String], table: &str) -> Result<SchemaRef> {
    let fields = columns
        .iter()
        .map(|name| {
            schema
                .field_with_name(name)
                .cloned()
                .map_err(|_| LakeError::MissingColumn { column: name.clone(), table: table.to_owned() })
        })
        .collect::<Result<Vec<_>>>()?;
    Ok(Arc::new(Schema::new(fields)))
}
