//! Building an engine from a model, locations and settings.

use std::sync::Arc;

use goldsmith_lake::{Lake, LakeOptions, Location, MemoryBounds, Side};
use goldsmith_plan::Dag;
use tokio_util::sync::CancellationToken;

use super::Engine;
use crate::error::{Error, Result};
use crate::event::{Observer, silent};
use crate::input::Inputs;
use crate::layout::Layout;
use crate::memory::{Budget, MemoryLimit};
use crate::model_source::ModelSource;

/// Settings of an [`Engine`]. Only the [target](Self::target()) has to be given; all are checked by [`build`](Self::build).
///
/// Without a source an engine still works on what is handed over to it, and on what the target holds.
#[derive(Default)]
pub struct EngineBuilder {
    model: ModelSource,
    target: Option<String>,
    source: Option<String>,
    lake: LakeOptions,
    observer: Option<Arc<dyn Observer>>,
    currency: Option<String>,
    memory: MemoryLimit,
    share: Option<u64>,
    cancel: CancellationToken,
}

impl EngineBuilder {
    /// Sets where the model comes from; the embedded one is the default.
    #[must_use]
    pub fn model(mut self, model: ModelSource) -> Self {
        self.model = model;
        self
    }

    /// Sets the root (path or URL) below which bronze and gold live. It need not exist: the first run makes it.
    #[must_use]
    pub fn target(mut self, target: impl Into<String>) -> Self {
        self.target = Some(target.into());
        self
    }

    /// Sets the root (path or URL) of the sources, laid out as `<root>/<schema>/<table>`: Delta tables or
    /// directories of Parquet files.
    #[must_use]
    pub fn source(mut self, source: impl Into<String>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Sets options of the storage; a storage option that begins with `source.` or `target.` is for that side alone.
    #[must_use]
    pub fn lake_options(mut self, options: LakeOptions) -> Self {
        self.lake = options;
        self
    }

    /// Sets who hears of progress, while runs, verifications and maintenance go on; nobody does by default.
    #[must_use]
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// Overrides the currency of the model's price look-ups (ISO 4217).
    #[must_use]
    pub fn currency(mut self, currency: impl Into<String>) -> Self {
        self.currency = Some(currency.into());
        self
    }

    /// Bounds the memory of the process; the default is 60 % of what the machine, or the control group of the process, has. A
    /// run then works on fewer tables at once and in smaller steps, and a query spills to the disk; results never depend on it.
    ///
    /// The limit is that of this engine: two engines that work at the same time take two.
    #[must_use]
    pub fn memory_limit(mut self, limit: MemoryLimit) -> Self {
        self.memory = limit;
        self
    }

    /// Gives each table so many bytes, however few: for tests, in which few rows shall take the ways of many.
    #[doc(hidden)]
    #[must_use]
    pub fn table_share(mut self, bytes: u64) -> Self {
        self.share = Some(bytes);
        self
    }

    /// Sets what cancels the engine, for callers that have several.
    #[must_use]
    pub(crate) fn cancelled_by(mut self, cancel: CancellationToken) -> Self {
        self.cancel = cancel;
        self
    }

    /// Builds the engine: loads and checks the model, resolves the locations. No table is opened.
    ///
    /// # Errors
    /// A problem of the model, a missing target, a location that cannot be understood, an unknown storage option, a currency that
    /// is no code of three capital letters.
    pub fn build(self) -> Result<Engine> {
        if let Some(currency) = &self.currency {
            check_currency(currency)?;
        }
        let (model, warnings) = match self.currency {
            None => self.model.load()?,
            Some(currency) => {
                let (mut model, warnings) = self.model.load()?;
                model.set_currency(&currency);
                (model, warnings)
            }
        };
        let dag = Dag::of(&model)?;
        let target = self.target.ok_or_else(|| Error::Configuration {
            what: "no target is set".into(),
            help: "give the directory or URL below which bronze and gold shall live".into(),
        })?;
        let layout = Layout::new(Location::parse(&target)?, &model.project);
        let source = self.source.map(|source| Location::parse(&source)).transpose()?;
        let budget = self.share.map_or_else(|| Budget::new(self.memory), Budget::of_shares);
        let memory = MemoryBounds { files: budget.files(self.lake.threads), queries: budget.query() };
        let lake = LakeOptions { memory: self.lake.memory.or(Some(memory)), ..self.lake };
        let sources = Lake::new(lake.for_side(Side::Source)?);
        Ok(Engine {
            model: Arc::new(model),
            warnings,
            dag,
            layout,
            lake: Lake::new(lake.for_side(Side::Target)?),
            source: source.clone().map(|root| (root, sources.clone())),
            inputs: Inputs::new(source, sources),
            deliveries: false,
            feeds: false,
            observer: self.observer.unwrap_or_else(silent),
            cancel: self.cancel,
            budget,
        })
    }
}

/// Checks the form of the code of a currency, as the settings of a model are checked: three capital letters (ISO 4217).
///
/// # Errors
/// [`Error::Configuration`] when it is something else.
pub fn check_currency(code: &str) -> Result<()> {
    match goldsmith_model::currency_problem(code) {
        None => Ok(()),
        Some((what, help)) => Err(Error::Configuration { what, help }),
    }
}
