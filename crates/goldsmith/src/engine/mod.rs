//! The engine: a model, locations, and what can be done with them.

mod builder;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use chrono::{DateTime, SecondsFormat, Utc};
use goldsmith_lake::{Lake, Location};
use goldsmith_model::{Diagnostic, Model};
use goldsmith_plan::{Dag, Selection};
use goldsmith_query::normalize::{normalize_batch, normalize_schema};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::context::RunContext;
use crate::damage::{Damage, explained};
use crate::error::{Error, Result};
use crate::event::{Observer, RunEvent};
use crate::feed::Feed;
use crate::forget::{Forgetting, forget};
use crate::gold::Stamp;
use crate::input::{Inputs, OpenBatches};
use crate::layout::Layout;
use crate::maintain::{MaintainOptions, MaintainReport};
use crate::memory::Budget;
use crate::plan::{TablePlan, plan_all};
use crate::report::RunReport;
use crate::run::run_all;
use crate::sources::check_sources;
use crate::status::{TableInfo, table_infos};
use crate::verify::{VerifyOptions, VerifyReport};

pub use builder::{EngineBuilder, check_currency};

/// Options of one run. By default all tables are brought up to date by what is new, with all cores.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// Gold tables, sources or domains; empty: all. What they need comes along.
    pub select: Vec<String>,
    /// Build the selected gold tables, and the dimensions that they need, from all of bronze, whatever they record.
    pub full_refresh: bool,
    /// How many tables are worked on at once, at most: as many as the machine has cores by default, and one with 0. There are fewer
    /// where the [memory](EngineBuilder::memory_limit) does not suffice for so many. Within a table
    /// [`LakeOptions::threads`](crate::LakeOptions::threads) decides.
    pub threads: usize,
}

impl Default for RunOptions {
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self { select: Vec::new(), full_refresh: false, threads }
    }
}

/// The engine. Cheap to build; every operation looks at the tables anew.
pub struct Engine {
    model: Arc<Model>,
    warnings: Vec<Diagnostic>,
    dag: Dag,
    layout: Layout,
    lake: Lake,
    /// The root of the sources, and what reaches its storage.
    source: Option<(Location, Lake)>,
    inputs: Inputs,
    /// Whether batches were handed over.
    deliveries: bool,
    /// Whether the caller reads a source.
    feeds: bool,
    observer: Arc<dyn Observer>,
    cancel: CancellationToken,
    budget: Arc<Budget>,
}

impl Engine {
    /// Starts building an engine of the embedded model, whose target and source are still to be given.
    pub fn builder() -> EngineBuilder {
        EngineBuilder::default()
    }

    /// The model, with the currency that was [set](EngineBuilder::currency()).
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// What is worth knowing of the model and does not keep it from being run.
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.warnings
    }

    /// A token that cancels the runs of this engine: they stop at the next safe point, and what was committed
    /// is complete.
    pub fn cancellation(&self) -> CancellationToken {
        self.cancel.clone()
    }

    /// Hands Arrow batches over as a delivery of `source` (`billing.usage`), in place of a table below the
    /// source root. `delivery` must grow from one hand-over to the next: a delivery that bronze has already is
    /// not taken over again, so that a repeated call is safe.
    ///
    /// # Errors
    /// The model has no such source, or the batches differ in schema.
    pub fn hand_over(&mut self, source: &str, delivery: u64, batches: Vec<RecordBatch>) -> Result<()> {
        self.check_source(source)?;
        self.deliveries = true;
        self.inputs.hand_over(source, delivery, batches)
    }

    /// As [`Engine::hand_over`], with batches that are read while they are taken over, so that they need not fit into
    /// memory. `open` is called when the delivery is new, and again when a commit has to be repeated because another
    /// writer was faster; it may fail then.
    ///
    /// # Errors
    /// The model has no such source.
    pub fn hand_over_stream(
        &mut self,
        source: &str,
        delivery: u64,
        schema: SchemaRef,
        open: OpenBatches,
    ) -> Result<()> {
        self.check_source(source)?;
        self.deliveries = true;
        self.inputs.hand_over_stream(source, delivery, schema, open);
        Ok(())
    }

    /// Lets the caller read `source` (`billing.usage`), in place of a table below the source root: see [`Feed`].
    ///
    /// # Errors
    /// The model has no such source.
    pub fn feed(&mut self, source: &str, feed: Arc<dyn Feed>) -> Result<()> {
        self.check_source(source)?;
        self.feeds = true;
        self.inputs.feed(source, feed);
        Ok(())
    }

    fn check_source(&self, source: &str) -> Result<()> {
        if self.model.bronze.keys().any(|name| name.to_string() == source) {
            return Ok(());
        }
        Err(Error::Configuration {
            what: format!("the model has no source `{source}`"),
            help: "name one of its bronze files, as `<schema>.<table>`".into(),
        })
    }

    /// Runs: bronze from the sources, then gold from bronze.
    ///
    /// # Errors
    /// Only what concerns the run as a whole, such as an unknown name in the selection, or a source root that has none of the
    /// selected sources. A table that fails is told by its report, and the others go on.
    pub async fn run(&self, options: &RunOptions) -> Result<RunReport> {
        let selection = Selection::resolve(&self.model, &self.dag, &options.select)?;
        let started = Utc::now();
        let clock = Instant::now();
        let ctx = Arc::new(self.context(started));
        ctx.tell(RunEvent::RunStarted {
            run_id: ctx.stamp.run_id.clone(),
            tables: selection.sources.len() + selection.gold.len(),
        });
        self.check_apart()?;
        self.inputs.check_root().await?;
        self.check_target().await?;
        self.check_sources(&selection).await?;
        self.lake.check_exclusive_writes(self.layout.target()).await?;
        let damage = Damage::open_all(&ctx, &self.with_inputs(&selection)).await?;
        let inputs = Arc::new(self.inputs.clone());
        let mut tables = damage.reports(&selection);
        for table in &tables {
            ctx.tell(RunEvent::TableFinished(Box::new(table.clone())));
        }
        let spared = damage.spared(&selection);
        tables.extend(run_all(ctx.clone(), inputs, &spared, options.full_refresh, options.threads).await?);
        tables.sort_by_key(|table| table.layer);
        let report = RunReport {
            run_id: ctx.stamp.run_id.clone(),
            started_at: started.to_rfc3339_opts(SecondsFormat::Micros, true),
            seconds: clock.elapsed().as_secs_f64(),
            memory_limit: ctx.budget.limit(),
            tables,
        };
        ctx.tell(RunEvent::RunFinished { status: report.status() });
        Ok(report)
    }

    /// Tells what a run would do and why, and changes nothing.
    ///
    /// # Errors
    /// As [`Engine::run`]: a source that cannot be read, or a table of the target that cannot be opened, has a plan with the error.
    pub async fn plan(&self, options: &RunOptions) -> Result<Vec<TablePlan>> {
        let selection = Selection::resolve(&self.model, &self.dag, &options.select)?;
        let ctx = self.context(Utc::now());
        self.check_apart()?;
        self.inputs.check_root().await?;
        self.check_target().await?;
        self.check_sources(&selection).await?;
        let damage = Damage::open_all(&ctx, &self.with_inputs(&selection)).await?;
        plan_all(&ctx, &self.inputs, &selection, &damage, options.full_refresh).await
    }

    /// What the target holds.
    ///
    /// # Errors
    /// Storage that cannot be reached. A table that cannot be read has an entry with the error.
    pub async fn status(&self) -> Result<Vec<TableInfo>> {
        // What is wrong with the storage is told once, and not by each table.
        self.lake.list_names(self.layout.target()).await?;
        let ctx = self.context(Utc::now());
        table_infos(&ctx).await
    }

    /// Proves that gold is what a rebuild from bronze gives, and that it keeps what the model promises of keys, look-ups
    /// and histories. Nothing of the target is changed, no source is read, and other runs may go on meanwhile.
    ///
    /// A table is compared as of the versions of its inputs that it records, so that one that lies behind them is right.
    ///
    /// # Errors
    /// Only what concerns the verification as a whole: an unknown name in the selection, a target without any of the
    /// tables, a scratch directory that cannot be used, [`Error::Cancelled`]. What is wrong with a table, or that it cannot
    /// be read, is told by the report.
    pub async fn verify(&self, options: &VerifyOptions) -> Result<VerifyReport> {
        let started = Utc::now();
        crate::verify::verify(&self.context(started), started, options).await
    }

    /// Tells what is lost when the history of `source` (`billing.usage`) is forgotten, and with `delete` deletes its bronze
    /// table. Nothing else ever deletes from bronze. Gold stays as it is; the next run loads the source anew, and builds what
    /// is made from it from what the source still has. A table that cannot be read can be forgotten all the same.
    ///
    /// # Errors
    /// The model has no such source, or the storage fails; an interrupted deletion can be repeated.
    pub async fn forget(&self, source: &str, delete: bool) -> Result<Forgetting> {
        let found = self.model.source_named(source).and_then(|name| self.model.bronze.get_key_value(name));
        let Some((name, bronze)) = found else {
            if let Some(table) = self.model.gold.get(source) {
                let sources: Vec<String> = table.sources().iter().map(|source| format!("`{source}`")).collect();
                return Err(Error::Configuration {
                    what: format!("`{source}` is a gold table, and only sources are forgotten"),
                    help: if sources.is_empty() {
                        "it is made from no source".to_owned()
                    } else {
                        format!("what it is made from in bronze is {}", sources.join(", "))
                    },
                });
            }
            let known: Vec<String> = self.model.bronze.keys().map(ToString::to_string).collect();
            let near = goldsmith_model::nearest(source, known.iter().map(String::as_str));
            return Err(Error::Configuration {
                what: format!("the model has no source `{source}`"),
                help: near.map_or_else(
                    || {
                        "name one of its bronze files, as `<schema>.<table>`; `goldsmith status` lists those that the target holds"
                            .to_string()
                    },
                    |near| format!("did you mean `{near}`?"),
                ),
            });
        };
        forget(&self.context(Utc::now()), name, bronze, delete).await
    }

    /// Keeps the tables of the target quick to read: merges small files, rewrites files with many deleted rows, and deletes files
    /// that nothing has shown for [`MaintainOptions::retention`]. No row changes; runs and readers may go on meanwhile.
    ///
    /// # Errors
    /// An unknown name in the selection, a target without any of the tables, a retention that is too short, [`Error::Cancelled`]. What
    /// goes wrong with a table is told by the report.
    pub async fn maintain(&self, options: &MaintainOptions) -> Result<MaintainReport> {
        crate::maintain::maintain(&self.context(Utc::now()), options).await
    }

    /// Answers a SQL query over bronze and gold; tables are named `<schema>.<table>`, and without the schema
    /// those of gold are meant.
    ///
    /// # Errors
    /// A query that does not parse or refers to something that does not exist; a table that cannot be read.
    pub async fn query(&self, sql: &str) -> Result<Vec<RecordBatch>> {
        let ctx = self.context(Utc::now());
        Ok(crate::query::query(&ctx, sql).await.map_err(|error| explained(&ctx, error))?.1)
    }

    /// As [`Engine::query`], with the columns also of an answer without rows, and in plain types: text, decimals, instants in
    /// UTC by the microsecond, nothing as views or dictionaries. For consumers that do not know every type of Arrow.
    ///
    /// # Errors
    /// As [`Engine::query`].
    pub async fn query_plain(&self, sql: &str) -> Result<(SchemaRef, Vec<RecordBatch>)> {
        let ctx = self.context(Utc::now());
        let (schema, batches) = crate::query::query(&ctx, sql).await.map_err(|error| explained(&ctx, error))?;
        let plain = batches.iter().map(|batch| Ok(normalize_batch(batch)?)).collect::<Result<Vec<_>>>()?;
        Ok((Arc::new(normalize_schema(&schema)), plain))
    }

    fn context(&self, started: DateTime<Utc>) -> RunContext {
        let stamp = Stamp { run_id: Uuid::now_v7().to_string(), loaded_at: started.timestamp_micros() };
        RunContext::new(
            self.lake.clone(),
            self.layout.clone(),
            self.model.clone(),
            self.dag.clone(),
            stamp,
            self.observer.clone(),
            self.cancel.clone(),
            self.budget.clone(),
            self.source.is_some() || self.feeds,
        )
    }

    /// Refuses a source and a target of which one lies in the other: what a run writes would look like a part of the source.
    fn check_apart(&self) -> Result<()> {
        let (Some((source, lake)), target) = (&self.source, self.layout.target()) else {
            return Ok(());
        };
        // Buckets of two servers may have the same name.
        if source.local_path().is_none() && endpoints(lake) != endpoints(&self.lake) {
            return Ok(());
        }
        let what = match (target.is_within(source), source.is_within(target)) {
            (false, false) => return Ok(()),
            (true, true) => format!("the source and the target are the same place, `{target}`"),
            (true, false) => format!("the target `{target}` is inside of the source `{source}`"),
            (false, true) => format!("the source `{source}` is inside of the target `{target}`"),
        };
        Err(Error::Configuration { what, help: "give the target a directory of its own, beside the source".into() })
    }

    /// Fails when the source root has no source of the model; batches and feeds of the caller need no root.
    async fn check_sources(&self, selection: &Selection) -> Result<()> {
        match &self.source {
            Some((root, lake)) if !self.deliveries && !self.feeds => {
                check_sources(lake, root, &self.model, &self.layout, selection).await
            }
            _ => Ok(()),
        }
    }

    /// Refuses a target that holds tables of somebody else and none of ours, before anything is written there.
    async fn check_target(&self) -> Result<()> {
        let ours = [self.layout.bronze_schema(), self.layout.gold_schema(), self.layout.quarantine_schema()];
        let found = self.lake.list_names(self.layout.target()).await?;
        let (own, foreign): (Vec<String>, Vec<String>) =
            found.into_iter().filter(|name| !name.starts_with('.')).partition(|name| ours.contains(&name.as_str()));
        if own.is_empty() && !foreign.is_empty() {
            return Err(Error::Configuration {
                what: format!("the target `{}` holds something else: {}", self.layout.target(), foreign.join(", ")),
                help: "give an empty directory, or one that goldsmith filled before".into(),
            });
        }
        Ok(())
    }

    /// The selection with the inputs that are read but not brought up to date.
    fn with_inputs(&self, selection: &Selection) -> Selection {
        let mut all = selection.clone();
        for table in &selection.gold {
            for input in self.dag.inputs(table) {
                match input {
                    goldsmith_plan::InputName::Bronze(source) => all.sources.insert(source.clone()),
                    goldsmith_plan::InputName::Gold(name) => all.gold.insert(name.clone()),
                };
            }
        }
        all
    }
}

/// The storage options that tell one server from another.
fn endpoints(lake: &Lake) -> BTreeMap<&str, &str> {
    let options = lake.options().storage_options.iter();
    options.filter(|(key, _)| key.contains("endpoint")).map(|(key, value)| (key.as_str(), value.as_str())).collect()
}
