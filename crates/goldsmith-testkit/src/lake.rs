//! A lake in a directory that goes away with the test.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use arrow::array::RecordBatch;
use goldsmith::{
    DeliveryMode, Engine, EngineBuilder, LakeOptions, ModelSource, RunOptions, RunReport, TableStatus, write_delivery,
};
use goldsmith_model::{LoadMode, Model};
use tempfile::TempDir;

use crate::error::{Result, TestkitError};
use crate::faults::FaultLayer;
use crate::rows::{Row, batch_of, rows_of};

/// Sources and a target in a directory that goes away with the test.
pub struct ScratchLake {
    directory: TempDir,
    model: Arc<Model>,
    table_share: Option<u64>,
}

impl ScratchLake {
    /// An empty lake for the embedded model.
    ///
    /// # Errors
    /// The directory cannot be made, or the model has problems.
    pub fn new() -> Result<Self> {
        Self::with_model(ModelSource::Embedded)
    }

    /// An empty lake for a model.
    ///
    /// # Errors
    /// The directory cannot be made, or the model has problems.
    pub fn with_model(model_source: ModelSource) -> Result<Self> {
        let directory = TempDir::new()?;
        std::fs::create_dir_all(directory.path().join("source"))?;
        Ok(Self { directory, model: load(model_source)?, table_share: None })
    }

    /// The same lake, whose engines have so many bytes of memory for each table, however few.
    #[must_use]
    pub fn with_table_share(self, bytes: u64) -> Self {
        Self { table_share: Some(bytes), ..self }
    }

    /// Root of everything.
    pub fn root(&self) -> &Path {
        self.directory.path()
    }

    /// Root of the sources.
    pub fn source(&self) -> PathBuf {
        self.directory.path().join("source")
    }

    /// Root of bronze and gold.
    pub fn target(&self) -> PathBuf {
        self.directory.path().join("lake")
    }

    /// The model.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// An engine over this lake.
    ///
    /// # Errors
    /// The model has problems.
    pub fn engine(&self) -> Result<Engine> {
        self.engine_on(&self.source(), &self.target())
    }

    /// An engine with the model of this lake over other locations.
    ///
    /// # Errors
    /// The model has problems.
    pub fn engine_on(&self, source: &Path, target: &Path) -> Result<Engine> {
        Ok(self.builder().source(source.to_string_lossy()).target(target.to_string_lossy()).build()?)
    }

    /// An engine over this lake whose requests go through a layer. It copies files of every size, so that whatever is compared with
    /// the other engines is compared with tables whose rows were read and written.
    ///
    /// # Errors
    /// The model has problems.
    pub fn engine_through(&self, layer: FaultLayer) -> Result<Engine> {
        Ok(self
            .builder()
            .source(self.source().to_string_lossy())
            .target(self.target().to_string_lossy())
            .lake_options(LakeOptions { layer: Some(Arc::new(layer)), least_rows_to_copy: 1, ..LakeOptions::default() })
            .build()?)
    }

    fn builder(&self) -> EngineBuilder {
        let builder = Engine::builder().model(ModelSource::Loaded(self.model.clone()));
        match self.table_share {
            Some(bytes) => builder.table_share(bytes),
            None => builder,
        }
    }

    /// Runs with requests that go through a layer; a failed table is an error.
    ///
    /// # Errors
    /// The run, or a table of it, failed.
    pub async fn run_through(&self, layer: FaultLayer, options: &RunOptions) -> Result<RunReport> {
        succeeded(self.engine_through(layer)?.run(options).await?)
    }

    /// Answers a query of an engine as rows of JSON values.
    ///
    /// # Errors
    /// The query failed.
    pub async fn rows_at(&self, engine: &Engine, sql: &str) -> Result<Vec<Row>> {
        rows_of(&engine.query(sql).await?)
    }

    /// Delivers rows to a source: appended, or for a merged source as its whole snapshot.
    ///
    /// # Errors
    /// Rows that do not fit the declared columns.
    pub async fn deliver(&self, source: &str, rows: &[Row]) -> Result<()> {
        let bronze = self.model.bronze.values().find(|bronze| bronze.source.to_string() == source);
        let Some(bronze) = bronze else {
            return Err(TestkitError::Mismatch(format!("no source `{source}`")));
        };
        let mode = match bronze.load {
            LoadMode::Append => DeliveryMode::Append,
            LoadMode::Merge => DeliveryMode::Snapshot,
        };
        self.deliver_batches(source, vec![batch_of(bronze, rows)?], mode).await
    }

    /// Delivers batches to a source.
    ///
    /// # Errors
    /// Batches of another schema than the source's.
    pub async fn deliver_batches(&self, source: &str, batches: Vec<RecordBatch>, mode: DeliveryMode) -> Result<()> {
        let root = self.source().to_string_lossy().into_owned();
        write_delivery(&LakeOptions::default(), &root, source, batches, mode).await?;
        Ok(())
    }

    /// Runs tables of the selection (empty: all); a failed table is an error.
    ///
    /// # Errors
    /// The run, or a table of it, failed.
    pub async fn run(&self, select: &[&str]) -> Result<RunReport> {
        let options = RunOptions { select: select.iter().map(ToString::to_string).collect(), ..Default::default() };
        let report = self.engine()?.run(&options).await?;
        succeeded(report)
    }

    /// The content of a gold table without its audit columns, as sorted texts: equal for equal tables.
    ///
    /// # Errors
    /// The table cannot be read.
    pub async fn dump(&self, table: &str) -> Result<Vec<String>> {
        dump(&self.engine()?, table).await
    }

    /// Answers a query over the lake as rows of JSON values.
    ///
    /// # Errors
    /// The query failed.
    pub async fn query(&self, sql: &str) -> Result<Vec<Row>> {
        self.rows_at(&self.engine()?, sql).await
    }
}

/// The content of a gold table of an engine, as [`ScratchLake::dump`] gives it.
///
/// # Errors
/// The table cannot be read.
pub async fn dump(engine: &Engine, table: &str) -> Result<Vec<String>> {
    let mut rows: Vec<String> = rows_of(&engine.query(&format!("select * from {table}")).await?)?
        .into_iter()
        .map(|mut row| {
            row.retain(|name, _| name != "_run_id" && name != "_loaded_at");
            serde_json::Value::Object(row).to_string()
        })
        .collect();
    rows.sort();
    Ok(rows)
}

/// Loads a model; the embedded one is loaded and checked once for all tests of a process.
fn load(source: ModelSource) -> Result<Arc<Model>> {
    static EMBEDDED: OnceLock<Arc<Model>> = OnceLock::new();
    if let (ModelSource::Embedded, Some(model)) = (&source, EMBEDDED.get()) {
        return Ok(model.clone());
    }
    let model = Arc::new(source.load()?.0);
    if matches!(source, ModelSource::Embedded) {
        return Ok(EMBEDDED.get_or_init(|| model).clone());
    }
    Ok(model)
}

/// The report, when no table failed.
fn succeeded(report: RunReport) -> Result<RunReport> {
    for table in &report.tables {
        if table.status == TableStatus::Failed {
            return Err(TestkitError::Table {
                table: table.name.clone(),
                reason: table.error.clone().unwrap_or_default(),
            });
        }
    }
    Ok(report)
}
