//! Opening and creating tables.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion::common::TableReference;
use datafusion::prelude::SessionContext;
use deltalake::DeltaTableError;
use deltalake::kernel::engine::arrow_conversion::TryIntoKernel;
use deltalake::kernel::{Action, CommitInfo, MetadataExt, Protocol, StructType, new_metadata};
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::commit::{ENGINE, write_entry};
use crate::error::{LakeError, Result};
use crate::location::Location;
use crate::log::{COMMIT_ID, LOG, RUN_ID, entry_name, log_file};
use crate::memory::MemoryBounds;
use crate::protocol::has_times_without_zone;
use crate::session::{CATALOG, session};
use crate::source::{ParquetDirectory, Source};
use crate::stores::{StoreLayer, Stores};
use crate::table::Table;

/// Commits between two checkpoints; few enough that opening a table stays cheap on an object store.
const CHECKPOINT_INTERVAL: &str = "20";

/// How data files are compressed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum FileCompression {
    /// Small files; the default.
    #[default]
    Zstd,
    /// Fast writing.
    Snappy,
}

/// How a [`Lake`] reaches its storage and writes its files.
#[derive(Clone)]
pub struct LakeOptions {
    /// Options of the object store (credentials, endpoint, region), by the names that `object_store` knows, such as
    /// `aws_endpoint`; they win over the environment. See [`crate::check_storage_option`].
    pub storage_options: HashMap<String, String>,
    /// Size in bytes at which a data file is closed and the next one begun.
    pub target_file_size: u64,
    /// How many files are read or written at the same time.
    pub threads: usize,
    /// How data files are compressed.
    pub compression: FileCompression,
    /// What reading, writing and querying may hold in memory; no bound when absent.
    pub memory: Option<MemoryBounds>,
    /// From so many rows on a file of a source that is taken over whole is copied and not encoded anew; see [`Table::copy_files`].
    /// Smaller files are better merged with others.
    pub least_rows_to_copy: u64,
    /// What every request to the storage passes through.
    pub layer: Option<Arc<dyn StoreLayer>>,
}

/// The names of the storage options, and none of their values, which may be secrets.
impl fmt::Debug for LakeOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LakeOptions")
            .field("storage_options", &self.storage_options.keys().collect::<Vec<_>>())
            .field("target_file_size", &self.target_file_size)
            .field("threads", &self.threads)
            .field("compression", &self.compression)
            .field("memory", &self.memory)
            .field("least_rows_to_copy", &self.least_rows_to_copy)
            .field("layer", &self.layer)
            .finish()
    }
}

impl LakeOptions {
    /// How many files of a table are read or written at the same time.
    pub(crate) fn files_at_once(&self) -> usize {
        self.memory.map_or(self.threads.max(1), |memory| memory.files_at_once(self.threads))
    }
}

impl Default for LakeOptions {
    fn default() -> Self {
        Self {
            storage_options: HashMap::new(),
            target_file_size: 128 * 1024 * 1024,
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            compression: FileCompression::default(),
            memory: None,
            least_rows_to_copy: 64 * 1024,
            layer: None,
        }
    }
}

/// What a table shall be when it is created.
#[derive(Debug, Clone)]
pub struct TableSpec {
    /// Name of the table, kept in its metadata.
    pub name: String,
    /// Description of the table, kept in its metadata.
    pub description: Option<String>,
    /// Columns. The field metadata `comment` becomes the comment of the column, at any depth.
    pub schema: SchemaRef,
    /// The run that creates the table.
    pub run_id: String,
}

/// Opens and creates Delta tables, and opens sources. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Lake {
    options: Arc<LakeOptions>,
    stores: Arc<Stores>,
}

/// What is found at a location.
enum Content {
    Nothing,
    Table(Box<Table>),
    ParquetFiles,
    /// Nothing but what is by custom no content, such as this file.
    Hidden(String),
    Other(String),
}

impl Lake {
    /// A lake with these options. Does no I/O.
    pub fn new(options: LakeOptions) -> Self {
        Self { options: Arc::new(options), stores: Arc::default() }
    }

    /// The options of this lake.
    pub fn options(&self) -> &LakeOptions {
        &self.options
    }

    /// Opens the table at `location` at its latest version; `None` when there is nothing at all.
    ///
    /// # Errors
    /// [`LakeError::InvalidLocation`] for a file, [`LakeError::NotADeltaTable`] for a directory with other content,
    /// [`LakeError::CorruptLog`] and [`LakeError::UnsupportedFeature`] for a log that cannot be read, and errors of the storage.
    pub async fn open(&self, location: &Location) -> Result<Option<Table>> {
        match self.content(location).await? {
            Content::Nothing => Ok(None),
            Content::Table(table) => Ok(Some(*table)),
            Content::ParquetFiles => {
                Err(LakeError::NotADeltaTable { location: location.to_string(), found: "parquet files".to_owned() })
            }
            Content::Hidden(found) | Content::Other(found) => {
                Err(LakeError::NotADeltaTable { location: location.to_string(), found })
            }
        }
    }

    /// Creates an empty table at `location`, or opens the one that another process created meanwhile.
    ///
    /// Its readers need no more than reader version 1 of the protocol (unless a column is a timestamp without time zone);
    /// its writers need the feature `domainMetadata`, in which positions are kept.
    ///
    /// # Errors
    /// As [`Lake::open`], and [`LakeError::PermissionDenied`] or [`LakeError::Storage`] when nothing can be written there.
    pub async fn create(&self, location: &Location, spec: TableSpec) -> Result<Table> {
        if let Some(table) = self.open(location).await? {
            return Ok(table);
        }
        let log_store = self.log_store(location)?;
        let actions = create_actions(&location.to_string(), &spec)?;
        let commit_id = Uuid::new_v4();
        let info = CommitInfo {
            timestamp: Some(chrono::Utc::now().timestamp_millis()),
            operation: Some("CREATE TABLE".to_owned()),
            engine_info: Some(ENGINE.to_owned()),
            info: HashMap::from([
                (RUN_ID.to_owned(), Value::from(spec.run_id)),
                (COMMIT_ID.to_owned(), Value::from(commit_id.to_string())),
            ]),
            ..CommitInfo::default()
        };
        let created = write_entry(log_store.as_ref(), 0, &info, &actions, commit_id).await;
        // When the entry was there already, another process was faster; whoever wrote it, the table is there now.
        match (self.open(location).await?, created) {
            (Some(table), _) => Ok(table),
            (None, Err(error)) => Err(LakeError::delta(&location.to_string(), error.into())),
            (None, Ok(())) => Err(LakeError::NoTable { location: location.to_string() }),
        }
    }

    /// Opens what feeds a bronze table; `None` when the directory is absent or empty, but for files whose names begin with `_` or `.`.
    ///
    /// # Errors
    /// As [`Lake::open`]; a directory with neither a `_delta_log` nor Parquet files is [`LakeError::NotASource`].
    pub async fn open_source(&self, location: &Location) -> Result<Option<Source>> {
        match self.content(location).await? {
            Content::Nothing | Content::Hidden(_) => Ok(None),
            Content::Table(table) => Ok(Some(Source::Delta(*table))),
            Content::ParquetFiles => {
                ParquetDirectory::open(self, location).await.map(Source::ParquetDirectory).map(Some)
            }
            Content::Other(found) => Err(LakeError::NotASource { location: location.to_string(), found }),
        }
    }

    /// A session in which each table can be queried as `schema.name`, in the catalog [`CATALOG`], at the version of its handle.
    ///
    /// # Errors
    /// [`LakeError::Query`] when a table cannot be registered, for instance because a name is given twice.
    pub async fn sql_context(&self, tables: Vec<(String, String, Table)>) -> Result<SessionContext> {
        let context = session(&self.options)?;
        for (schema, name, table) in tables {
            let fail = |error| LakeError::query(&table.location().to_string(), error);
            let catalog = context
                .catalog(CATALOG)
                .ok_or_else(|| fail(datafusion::error::DataFusionError::Internal("no default catalog".to_owned())))?;
            if catalog.schema(&schema).is_none() {
                catalog
                    .register_schema(&schema, Arc::new(datafusion::catalog::MemorySchemaProvider::new()))
                    .map_err(fail)?;
            }
            let provider = table.provider().await?;
            context.register_table(TableReference::partial(schema, name), provider).map_err(fail)?;
        }
        Ok(context)
    }

    /// Names of the Delta tables directly below a directory, sorted; empty when it does not exist.
    ///
    /// # Errors
    /// Errors of the storage.
    pub async fn list_tables(&self, location: &Location) -> Result<Vec<String>> {
        let text = location.to_string();
        let store = self.log_store(location)?.object_store(None);
        let listing = store.list_with_delimiter(None).await.map_err(|error| LakeError::storage(&text, error))?;
        let mut names = Vec::new();
        for directory in listing.common_prefixes {
            let Some(name) = directory.filename().map(str::to_owned) else {
                continue;
            };
            let log = directory.join("_delta_log");
            let mut entries = store.list(Some(&log));
            if entries.try_next().await.map_err(|error| LakeError::storage(&text, error))?.is_some() {
                names.push(name);
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    pub(crate) fn stores(&self) -> &Stores {
        &self.stores
    }

    async fn content(&self, location: &Location) -> Result<Content> {
        check_no_file(location)?;
        if let Some(path) = location.local_path()
            && !path.try_exists().map_err(|error| LakeError::storage(&location.to_string(), error))?
        {
            return Ok(Content::Nothing);
        }
        // Loading lists the log anyway, so nothing is listed before; what is no table is looked at afterwards.
        if let Some(table) = self.load(location).await? {
            return Ok(Content::Table(Box::new(table)));
        }
        let text = location.to_string();
        let store = self.log_store(location)?.object_store(None);
        let log_path = Path::from(LOG);
        let (mut hidden, mut example) = (None, None);
        let mut files = store.list(None);
        while let Some(file) = files.next().await {
            let path = file.map_err(|error| LakeError::storage(&text, error))?.location;
            // A table can be created between the two listings.
            if path.prefix_matches(&log_path) && path.filename().and_then(log_file).is_some() {
                let table = self.load(location).await?.ok_or(LakeError::NoTable { location: text })?;
                return Ok(Content::Table(Box::new(table)));
            }
            if crate::source::is_data_file(&path) {
                return Ok(Content::ParquetFiles);
            }
            // What is left of a log was a table.
            let is_hidden = crate::source::is_hidden(&path) && !path.prefix_matches(&log_path);
            let place = if is_hidden { &mut hidden } else { &mut example };
            place.get_or_insert_with(|| format!("`{path}`"));
        }
        Ok(match (example, hidden) {
            (Some(example), _) => Content::Other(example),
            (None, Some(hidden)) => Content::Hidden(hidden),
            (None, None) => Content::Nothing,
        })
    }

    /// The table at a location; `None` when there is no log.
    async fn load(&self, location: &Location) -> Result<Option<Table>> {
        let (log_store, log) = self.log_store_and_cache(location)?;
        let table = Table::load(self, location, log_store).await?;
        // The reader of the log takes an empty entry for one without actions, and would silently lose what it held.
        match log.empty_entry() {
            Some(version) if table.is_some() => Err(LakeError::CorruptLog {
                location: location.to_string(),
                entry: entry_name(version),
                reason: "it is empty".to_owned(),
            }),
            _ => Ok(table),
        }
    }
}

/// Protocol and metadata of a new table.
fn create_actions(location: &str, spec: &TableSpec) -> Result<Vec<Action>> {
    let fail = |error: DeltaTableError| LakeError::delta(location, error);
    let schema: StructType =
        spec.schema.as_ref().try_into_kernel().map_err(|error| LakeError::arrow(location, error))?;
    // Readers need to know nothing special, unless the schema asks for it.
    let protocol = if has_times_without_zone(&schema) {
        json!({
            "minReaderVersion": 3,
            "minWriterVersion": 7,
            "readerFeatures": ["timestampNtz"],
            "writerFeatures": ["appendOnly", "invariants", "domainMetadata", "timestampNtz"],
        })
    } else {
        json!({
            "minReaderVersion": 1,
            "minWriterVersion": 7,
            "writerFeatures": ["appendOnly", "invariants", "domainMetadata"],
        })
    };
    let protocol: Protocol = serde_json::from_value(protocol).map_err(|error| fail(error.into()))?;
    let configuration = [("delta.checkpointInterval", CHECKPOINT_INTERVAL)];
    let mut metadata = new_metadata(&schema, Vec::<String>::new(), configuration)
        .and_then(|metadata| metadata.with_name(spec.name.clone()))
        .map_err(|error| fail(error.into()))?;
    if let Some(description) = &spec.description {
        metadata = metadata.with_description(description.clone()).map_err(|error| fail(error.into()))?;
    }
    Ok(vec![Action::Protocol(protocol), Action::Metadata(metadata)])
}

/// A local file is no place for a table, and a store on top of it fails in unhelpful ways.
pub(crate) fn check_no_file(location: &Location) -> Result<()> {
    match location.local_path() {
        Some(path) if path.is_file() => Err(LakeError::InvalidLocation {
            location: location.to_string(),
            reason: "it is a file".to_owned(),
            help: "give a directory, as a table or a source is one".to_owned(),
        }),
        _ => Ok(()),
    }
}
