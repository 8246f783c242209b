//! Runs of the whole default model over generated system tables: from nothing, with one delivery that is new, and with nothing
//! new. Nothing comparable exists, so the run from nothing is what the others are compared with.
//!
//! All three must end with as many rows in every fact. Dimensions may differ: they keep members that a later snapshot of their
//! source no longer shows, which a run from nothing never sees.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use goldsmith::model::{LoadMode, Model, MutabilityClass};
use goldsmith::{
    DeliveryMode, Engine, LakeOptions, ModelSource, RunOptions, RunReport, TableStatus, merge_delivery, write_delivery,
};
use goldsmith_synth::{Generator, SynthConfig};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::case::no_side;
use crate::sizes::short;
use crate::{Case, Job, Lab, Output, Result, Side, Sizes, Work};

const NO_OP: &str = "no_op";
const INCREMENT: &str = "increment";
const WHOLE: &str = "whole";
const SIDES: [Side; 3] = [Side::ours(NO_OP), Side::ours(INCREMENT), Side::reference(WHOLE)];
/// What the kept directory has: the sources, the lake before the last delivery, and the lake after it.
const SOURCE: &str = "source";
const BEFORE: &str = "before";
const AFTER: &str = "after";

pub(super) fn case(sizes: &Sizes) -> Case {
    let (rows, deliveries) = (sizes.source_rows, sizes.deliveries);
    let title = format!("{} source rows, {deliveries} deliveries", short(rows));
    Case::new("run", rows.to_string(), title, rows, &SIDES, move |lab| Ok(Box::new(Runs::new(lab, rows, deliveries)?)))
}

struct Runs {
    lab: Lab,
    prepared: PathBuf,
}

impl Runs {
    fn new(lab: &Lab, rows: u64, deliveries: usize) -> Result<Self> {
        let prepared = lab.kept(&format!("runs-{rows}-{deliveries}"), |directory| {
            lab.runtime.block_on(prepare(directory, rows, deliveries))
        })?;
        Ok(Self { lab: lab.clone(), prepared })
    }
}

impl Work for Runs {
    fn job(&self, side: &str) -> Result<Job<'_>> {
        let (lake, must_change) = match side {
            NO_OP => (self.lab.copy_of(&self.prepared.join(AFTER))?, false),
            INCREMENT => (self.lab.copy_of(&self.prepared.join(BEFORE))?, true),
            WHOLE => (self.lab.empty()?, true),
            other => return no_side(other),
        };
        let engine = engine(&self.prepared.join(SOURCE), lake.path())?;
        Ok(Box::new(move || {
            let report = succeeded(self.lab.runtime.block_on(engine.run(&RunOptions::default()))?)?;
            if (report.status() == TableStatus::Changed) != must_change {
                return Err(format!("a run ended as {:?}", report.status()).into());
            }
            let runtime = Arc::clone(&self.lab.runtime);
            Ok(Box::new(Ran { runtime, engine, _lake: lake }))
        }))
    }
}

/// A lake after a run; its directory goes with it.
struct Ran {
    runtime: Arc<Runtime>,
    engine: Engine,
    _lake: TempDir,
}

impl Output for Ran {
    /// The number of rows of each fact.
    fn rows(&self) -> Result<Vec<RecordBatch>> {
        let facts = self.engine.model().gold.values().filter(|table| !table.is_dimension());
        let counts: Vec<String> = facts
            .map(|table| format!("SELECT '{0}' AS table_name, count(*) AS row_count FROM {0}", table.name))
            .collect();
        Ok(self.runtime.block_on(self.engine.query(&counts.join(" UNION ALL ")))?)
    }
}

fn engine(source: &Path, target: &Path) -> Result<Engine> {
    Ok(Engine::builder().source(source.to_string_lossy()).target(target.to_string_lossy()).build()?)
}

fn succeeded(report: RunReport) -> Result<RunReport> {
    match report.tables.iter().find(|table| table.error.is_some()) {
        None => Ok(report),
        Some(table) => Err(format!("`{}` failed: {:?}", table.name, table.error).into()),
    }
}

async fn prepare(directory: &Path, rows: u64, deliveries: usize) -> Result<()> {
    // Nothing leaves a snapshot, or the run from nothing would never see what the others hold.
    let kept = Some(2 * SynthConfig::default().days);
    let config = SynthConfig { rows, batches: deliveries, snapshot_retention_days: kept, ..SynthConfig::default() };
    let generator = Generator::new(config)?;
    let (model, _) = ModelSource::Embedded.load()?;
    let source = directory.join(SOURCE);
    for delivery in 0..deliveries {
        if delivery + 1 == deliveries {
            succeeded(engine(&source, &directory.join(BEFORE))?.run(&RunOptions::default()).await?)?;
        }
        deliver(&model, &generator, delivery, &source.to_string_lossy()).await?;
    }
    succeeded(engine(&source, &directory.join(AFTER))?.run(&RunOptions::default()).await?)?;
    Ok(())
}

/// Writes one delivery of all sources the way each of them changes: rows are added, the content is replaced, or rows change
/// where they are.
async fn deliver(model: &Model, generator: &Generator, delivery: usize, root: &str) -> Result<()> {
    let options = LakeOptions::default();
    for source in generator.tables() {
        let is_streamed = generator.is_streamed(source)?;
        let content =
            if is_streamed { generator.batch(source, delivery)? } else { generator.snapshot(source, delivery)? };
        let schema = content.schema();
        let mut content = content.collect::<std::result::Result<Vec<RecordBatch>, _>>()?;
        if content.is_empty() {
            if is_streamed && delivery > 0 {
                continue;
            }
            content.push(RecordBatch::new_empty(schema));
        }
        let declared = model.bronze.values().find(|bronze| bronze.source.to_string() == *source);
        let changes_in_place = declared
            .filter(|bronze| bronze.mutability == MutabilityClass::MutableRow && bronze.load == LoadMode::Merge);
        match changes_in_place {
            Some(bronze) => merge_delivery(&options, root, source, &bronze.natural_key, content).await?,
            None => {
                let mode = if is_streamed { DeliveryMode::Append } else { DeliveryMode::Snapshot };
                write_delivery(&options, root, source, content, mode).await?
            }
        };
    }
    Ok(())
}
