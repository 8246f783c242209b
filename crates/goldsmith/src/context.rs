//! What all steps of one run share.

use std::collections::HashMap;
use std::sync::Arc;

use goldsmith_lake::{Lake, Table, WriteMode};
use goldsmith_model::{self as model, GoldTable, Model, SourceName};
use goldsmith_plan::{Dag, InputName, InputPosition};
use goldsmith_query::lookup::DimensionIndex;
use tokio::sync::{Mutex, RwLock};
use tokio_util::sync::CancellationToken;

use crate::error::{Error, Result};
use crate::event::{Observer, RunEvent};
use crate::gold::Stamp;
use crate::layout::Layout;

/// Tables by name, as far as they exist.
type Tables = RwLock<HashMap<String, Table>>;

/// Look-up indexes by dimension and version; none where that version cannot be read any more.
type FormerIndexes = HashMap<(String, u64), Option<Arc<DimensionIndex>>>;

/// What all steps of one run share.
pub(crate) struct RunContext {
    pub(crate) lake: Lake,
    pub(crate) layout: Layout,
    pub(crate) model: Arc<Model>,
    pub(crate) dag: Dag,
    pub(crate) stamp: Stamp,
    pub(crate) observer: Arc<dyn Observer>,
    pub(crate) cancel: CancellationToken,
    bronze: Tables,
    gold: Tables,
    indexes: Mutex<HashMap<String, (u64, Arc<DimensionIndex>)>>,
    former_indexes: Mutex<FormerIndexes>,
}

impl RunContext {
    pub(crate) fn new(
        lake: Lake,
        layout: Layout,
        model: Arc<Model>,
        dag: Dag,
        stamp: Stamp,
        observer: Arc<dyn Observer>,
        cancel: CancellationToken,
    ) -> Self {
        Self {
            lake,
            layout,
            model,
            dag,
            stamp,
            observer,
            cancel,
            bronze: Tables::default(),
            gold: Tables::default(),
            indexes: Mutex::default(),
            former_indexes: Mutex::default(),
        }
    }

    /// How a table deletes rows of existing files: as it says itself, else as the project says.
    pub(crate) fn write_mode(&self, of_table: Option<model::WriteMode>) -> WriteMode {
        match of_table.unwrap_or(self.model.project.write_mode) {
            model::WriteMode::Auto => WriteMode::Auto,
            model::WriteMode::MergeOnRead => WriteMode::MergeOnRead,
            model::WriteMode::CopyOnWrite => WriteMode::CopyOnWrite,
        }
    }

    /// Fails when the run was cancelled.
    pub(crate) fn check(&self) -> Result<()> {
        if self.cancel.is_cancelled() { Err(Error::Cancelled) } else { Ok(()) }
    }

    pub(crate) fn tell(&self, event: RunEvent) {
        self.observer.event(event);
    }

    /// Opens the bronze table of a source again, from its log.
    pub(crate) async fn open_bronze(&self, source: &SourceName) -> Result<Option<Table>> {
        let table = self.lake.open(&self.layout.bronze(source)).await?;
        self.put(&self.bronze, &source.to_string(), table.as_ref()).await;
        Ok(table)
    }

    /// Opens a gold table again, from its log.
    pub(crate) async fn open_gold(&self, name: &str) -> Result<Option<Table>> {
        let table = self.lake.open(&self.layout.gold(name)).await?;
        self.put(&self.gold, name, table.as_ref()).await;
        Ok(table)
    }

    async fn put(&self, tables: &Tables, name: &str, table: Option<&Table>) {
        let mut tables = tables.write().await;
        match table {
            Some(table) => tables.insert(name.to_string(), table.clone()),
            None => tables.remove(name),
        };
    }

    /// Keeps the state of a bronze table after a commit.
    pub(crate) async fn keep_bronze(&self, source: &SourceName, table: &Table) {
        self.put(&self.bronze, &source.to_string(), Some(table)).await;
    }

    /// Keeps the state of a gold table after a commit.
    pub(crate) async fn keep_gold(&self, name: &str, table: &Table) {
        self.put(&self.gold, name, Some(table)).await;
    }

    /// The bronze table of a source as last opened or committed in this run.
    pub(crate) async fn bronze(&self, source: &str) -> Option<Table> {
        self.bronze.read().await.get(source).cloned()
    }

    /// A gold table as last opened or committed in this run.
    pub(crate) async fn gold(&self, name: &str) -> Option<Table> {
        self.gold.read().await.get(name).cloned()
    }

    /// Where an input stands in this run; none when it does not exist.
    pub(crate) async fn input_position(&self, input: &InputName) -> Result<Option<InputPosition>> {
        let table = match input {
            InputName::Bronze(source) => self.bronze(source).await,
            InputName::Gold(name) => self.gold(name).await,
        };
        table.map(|table| Ok(InputPosition { table_id: table.table_id()?, version: table.version() })).transpose()
    }

    /// The index of a dimension at its present version; shared by all facts that look it up. None when the
    /// dimension does not exist.
    pub(crate) async fn dimension_index(&self, dimension: &GoldTable) -> Result<Option<Arc<DimensionIndex>>> {
        let Some(table) = self.gold(&dimension.name).await else {
            return Ok(None);
        };
        // One build at a time: two facts that wait for the same dimension would otherwise both build it.
        let mut indexes = self.indexes.lock().await;
        if let Some((version, index)) = indexes.get(&dimension.name)
            && *version == table.version()
        {
            return Ok(Some(index.clone()));
        }
        let version = table.version();
        let index = Arc::new(crate::gold::build_index(&self.model, dimension, table).await?);
        indexes.insert(dimension.name.clone(), (version, index.clone()));
        Ok(Some(index))
    }

    /// The look-up index of a dimension as it was at `version`; none when that version cannot be read any more.
    pub(crate) async fn former_index(&self, dimension: &GoldTable, version: u64) -> Option<Arc<DimensionIndex>> {
        let table = self.gold(&dimension.name).await?;
        let mut indexes = self.former_indexes.lock().await;
        let name = (dimension.name.clone(), version);
        if let Some(index) = indexes.get(&name) {
            return index.clone();
        }
        let read = async {
            let former = table.at_version(version).await?;
            crate::gold::build_index(&self.model, dimension, former).await
        };
        let index = match read.await {
            Ok(index) => Some(Arc::new(index)),
            Err(error) => {
                tracing::info!(dimension = %dimension.name, version, error = %error.chain(), "all look-ups are made again");
                None
            }
        };
        indexes.insert(name, index.clone());
        index
    }
}
