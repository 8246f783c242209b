//! The engine as Python sees it.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arrow::datatypes::SchemaRef;
use goldsmith::model::{Diagnostic, Model};
use goldsmith::{Feed, LakeOptions, MaintainOptions, MemoryLimit, ModelSource, OpenBatches, RunOptions, VerifyOptions};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use serde_json::json;

use crate::errors::{exception, json as to_json};
use crate::feed::PythonFeed;
use crate::runtime::block_on;
use crate::table::ArrowTable;
use crate::{compile, events, reader};

/// What stands in for a table of the source.
enum Supply {
    Delivery(u64, SchemaRef, OpenBatches),
    Feed(Arc<dyn Feed>),
}

/// A model and locations. Each operation builds an engine of its own from them, so that one that was cancelled leaves nothing
/// behind, and several may go on at once.
#[pyclass(frozen, module = "goldsmith._goldsmith")]
pub(crate) struct Engine {
    model: Arc<Model>,
    warnings: Vec<Diagnostic>,
    source: Option<String>,
    target: Option<String>,
    storage_options: HashMap<String, String>,
    currency: Option<String>,
    threads: Option<usize>,
    memory_limit: MemoryLimit,
    supplies: Mutex<HashMap<String, Supply>>,
}

impl Engine {
    fn build(&self, py: Python<'_>) -> PyResult<goldsmith::Engine> {
        self.built().map_err(|error| exception(py, &error))
    }

    fn built(&self) -> Result<goldsmith::Engine, goldsmith::Error> {
        let mut builder = goldsmith::Engine::builder()
            .model(ModelSource::Loaded(self.model.clone()))
            .memory_limit(self.memory_limit)
            .lake_options(LakeOptions { storage_options: self.storage_options.clone(), ..LakeOptions::default() })
            .observer(Arc::new(events::observe));
        if let Some(source) = &self.source {
            builder = builder.source(source);
        }
        if let Some(target) = &self.target {
            builder = builder.target(target);
        }
        if let Some(currency) = &self.currency {
            builder = builder.currency(currency);
        }
        let mut engine = builder.build()?;
        if let Ok(supplies) = self.supplies.lock() {
            for (source, supply) in supplies.iter() {
                match supply {
                    Supply::Delivery(delivery, schema, open) => {
                        engine.hand_over_stream(source, *delivery, schema.clone(), open.clone())?;
                    }
                    Supply::Feed(feed) => engine.feed(source, feed.clone())?,
                }
            }
        }
        Ok(engine)
    }

    fn supply(&self, py: Python<'_>, source: &str, supply: Supply) -> PyResult<()> {
        if !self.model.bronze.keys().any(|name| name.to_string() == source) {
            let error = goldsmith::Error::Configuration {
                what: format!("the model has no source `{source}`"),
                help: "name one of its bronze files, as `<schema>.<table>`".into(),
            };
            return Err(exception(py, &error));
        }
        let mut supplies = self.supplies.lock().map_err(|error| PyRuntimeError::new_err(error.to_string()))?;
        supplies.insert(source.to_owned(), supply);
        Ok(())
    }

    fn run_options(&self, select: Vec<String>, full_refresh: bool) -> RunOptions {
        let threads = self.threads.unwrap_or_else(|| RunOptions::default().threads);
        RunOptions { select, full_refresh, threads }
    }
}

/// Tells what is wrong with settings when they are given, and not when they are used.
fn check(
    storage_options: &HashMap<String, String>,
    currency: Option<&str>,
    threads: Option<usize>,
) -> Result<(), goldsmith::Error> {
    for key in storage_options.keys() {
        goldsmith::check_storage_option(key)?;
    }
    if threads == Some(0) {
        return Err(goldsmith::Error::Configuration {
            what: "`threads` must be a whole number from 1 on".into(),
            help: "leave it out for the number of processors".into(),
        });
    }
    currency.map_or(Ok(()), goldsmith::check_currency)
}

#[pymethods]
impl Engine {
    #[new]
    #[expect(clippy::too_many_arguments, reason = "the typed layer gives each of them by its name")]
    #[pyo3(signature = (model, source, target, storage_options, currency, threads, memory_limit))]
    fn new(
        py: Python<'_>,
        model: Option<PathBuf>,
        source: Option<String>,
        target: Option<String>,
        storage_options: HashMap<String, String>,
        currency: Option<String>,
        threads: Option<usize>,
        memory_limit: Option<String>,
    ) -> PyResult<Self> {
        let memory_limit = memory_limit.map(|text| text.parse::<MemoryLimit>()).transpose();
        let memory_limit = memory_limit.map_err(|error| exception(py, &error))?.unwrap_or_default();
        check(&storage_options, currency.as_deref(), threads).map_err(|error| exception(py, &error))?;
        let from = model.map_or(ModelSource::Embedded, ModelSource::Directory);
        let (model, warnings) = py.detach(|| from.load()).map_err(|error| exception(py, &error))?;
        let supplies = Mutex::default();
        Ok(Self {
            model: Arc::new(model),
            warnings,
            source,
            target,
            storage_options,
            currency,
            threads,
            memory_limit,
            supplies,
        })
    }

    /// Warnings of the model, as JSON.
    fn warnings(&self) -> PyResult<String> {
        to_json(&self.warnings)
    }

    /// What the model says of its sources, as JSON.
    fn sources(&self) -> PyResult<String> {
        let sources = self.model.bronze.values().map(|bronze| {
            json!({
                "name": bronze.source.to_string(),
                "natural_key": bronze.natural_key,
                "sequence_by": bronze.sequence_by,
                "date_column": bronze.date_column,
                "optional": bronze.optional,
            })
        });
        to_json(&sources.collect::<Vec<_>>())
    }

    /// Hands rows over as a delivery of a source.
    fn hand_over(&self, source: &str, delivery: u64, batches: &Bound<'_, PyAny>) -> PyResult<()> {
        let (schema, open) = reader::batches(batches)?;
        self.supply(batches.py(), source, Supply::Delivery(delivery, schema, open))
    }

    /// Lets an object read a source.
    fn feed(&self, source: &str, feed: &Bound<'_, PyAny>) -> PyResult<()> {
        self.supply(feed.py(), source, Supply::Feed(PythonFeed::of(feed.clone().unbind())))
    }

    /// The model as Spark SQL, as JSON.
    fn compile(&self, py: Python<'_>, select: Vec<String>, names: compile::Names) -> PyResult<String> {
        let compiled = py.detach(|| {
            let mut model = self.model.as_ref().clone();
            if let Some(currency) = &self.currency {
                model.set_currency(currency);
            }
            compile::compiled(&model, &select, names)
        });
        to_json(&compiled.map_err(|error| exception(py, &error))?)
    }

    /// What a run would do, as JSON.
    fn plan(&self, py: Python<'_>, select: Vec<String>, full_refresh: bool) -> PyResult<String> {
        let engine = self.build(py)?;
        let options = self.run_options(select, full_refresh);
        to_json(&block_on(py, None, engine.plan(&options))?)
    }

    /// Runs, and returns the report as JSON.
    fn run(&self, py: Python<'_>, select: Vec<String>, full_refresh: bool) -> PyResult<String> {
        let engine = self.build(py)?;
        let options = self.run_options(select, full_refresh);
        to_json(&block_on(py, Some(&engine.cancellation()), engine.run(&options))?)
    }

    /// What the target holds, as JSON.
    fn status(&self, py: Python<'_>) -> PyResult<String> {
        let engine = self.build(py)?;
        to_json(&block_on(py, None, engine.status())?)
    }

    /// Verifies, and returns the report as JSON.
    fn verify(
        &self,
        py: Python<'_>,
        select: Vec<String>,
        sample: Option<f64>,
        scratch: Option<PathBuf>,
        examples: Option<usize>,
    ) -> PyResult<String> {
        let engine = self.build(py)?;
        let examples = examples.unwrap_or_else(|| VerifyOptions::default().examples);
        let options = VerifyOptions { select, sample, scratch, examples };
        to_json(&block_on(py, Some(&engine.cancellation()), engine.verify(&options))?)
    }

    /// Maintains the tables of the target, and returns the report as JSON.
    fn maintain(
        &self,
        py: Python<'_>,
        select: Vec<String>,
        retention: Option<Duration>,
        force: bool,
        dry_run: bool,
    ) -> PyResult<String> {
        let engine = self.build(py)?;
        let retention = retention.unwrap_or_else(|| MaintainOptions::default().retention);
        let options = MaintainOptions { select, retention, force, dry_run };
        to_json(&block_on(py, Some(&engine.cancellation()), engine.maintain(&options))?)
    }

    /// Answers a query.
    fn query(&self, py: Python<'_>, sql: &str) -> PyResult<ArrowTable> {
        let engine = self.build(py)?;
        let (schema, batches) = block_on(py, None, engine.query_plain(sql))?;
        Ok(ArrowTable { schema, batches })
    }
}
