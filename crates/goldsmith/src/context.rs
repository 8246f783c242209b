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
use crate::gold::{Dimension, Members, Stamp};
use crate::layout::Layout;
use crate::memory::Budget;

/// Tables by name, as far as they exist.
type Tables = RwLock<HashMap<String, Table>>;

/// What a member of a dimension costs in an index, roughly.
const MEMBER_BYTES: u64 = 192;

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
    pub(crate) budget: Arc<Budget>,
    /// Whether a source that is not there is missed: of batches that are handed over each run may bring others.
    pub(crate) misses_sources: bool,
    bronze: Tables,
    gold: Tables,
    indexes: Mutex<HashMap<String, (u64, Arc<DimensionIndex>)>>,
    former_indexes: Mutex<FormerIndexes>,
}

impl RunContext {
    #[expect(clippy::too_many_arguments, reason = "each is a part of its own, and all are needed")]
    pub(crate) fn new(
        lake: Lake,
        layout: Layout,
        model: Arc<Model>,
        dag: Dag,
        stamp: Stamp,
        observer: Arc<dyn Observer>,
        cancel: CancellationToken,
        budget: Arc<Budget>,
        misses_sources: bool,
    ) -> Self {
        Self {
            lake,
            layout,
            model,
            dag,
            stamp,
            observer,
            cancel,
            budget,
            misses_sources,
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

    /// Opens an input of a gold table again, from its log.
    pub(crate) async fn open_input(&self, input: &InputName) -> Result<()> {
        match input {
            InputName::Bronze(source) => {
                if let Some(source) = self.model.bronze.keys().find(|name| name.to_string() == *source) {
                    self.open_bronze(source).await?;
                }
            }
            InputName::Gold(name) => {
                self.open_gold(name).await?;
            }
        }
        Ok(())
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

    /// An input of a gold table as last opened or committed in this run.
    pub(crate) async fn input(&self, input: &InputName) -> Option<Table> {
        match input {
            InputName::Bronze(source) => self.bronze(source).await,
            InputName::Gold(name) => self.gold(name).await,
        }
    }

    /// Where an input stands in this run; none when it does not exist.
    pub(crate) async fn input_position(&self, input: &InputName) -> Result<Option<InputPosition>> {
        let table = self.input(input).await;
        table.map(|table| Ok(InputPosition { table_id: table.table_id()?, version: table.version() })).transpose()
    }

    /// The members of a dimension at its present version; an index is shared by all facts that look it up, and when there is
    /// no room for one, they are read as they are asked for. None when the dimension does not exist.
    pub(crate) async fn members(&self, dimension: &GoldTable) -> Result<Option<Members>> {
        let Some(table) = self.gold(&dimension.name).await else {
            return Ok(None);
        };
        let version = table.version();
        let rows = table.num_rows().await?;
        let source = Dimension::new(&self.model, dimension, table)?;
        if rows.saturating_mul(MEMBER_BYTES) > self.budget.indexes() {
            return Ok(Some(Members::Probed(Arc::new(source))));
        }
        // One build at a time: two facts that wait for the same dimension would otherwise both build it.
        let mut indexes = self.indexes.lock().await;
        if let Some((known, index)) = indexes.get(&dimension.name)
            && *known == version
        {
            return Ok(Some(Members::Indexed(index.clone())));
        }
        let index = Arc::new(source.index().await?);
        indexes.insert(dimension.name.clone(), (version, index.clone()));
        let room = self.budget.indexes();
        let mut held: u64 = indexes.values().map(|(_, index)| index.bytes()).sum();
        // Those that no table uses now can be built again.
        indexes.retain(|_, (_, index)| {
            let is_kept = held <= room || Arc::strong_count(index) > 1;
            held -= if is_kept { 0 } else { index.bytes() };
            is_kept
        });
        Ok(Some(Members::Indexed(index)))
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
            Dimension::new(&self.model, dimension, former)?.index().await
        };
        // Few dimensions change in one run, and few facts lie behind by several versions: one is kept at a time when memory is short.
        let held: u64 = indexes.values().flatten().map(|index| index.bytes()).sum();
        if held > self.budget.indexes() {
            indexes.retain(|_, index| index.as_ref().is_none_or(|index| Arc::strong_count(index) > 1));
        }
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
