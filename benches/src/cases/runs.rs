//! Runs of the whole default model over generated system tables: from nothing, with one delivery that is new, and with nothing
//! new. Nothing comparable exists, so the run from nothing is what the others are compared with.
//!
//! All three must end with the same gold tables.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use goldsmith::model::{LoadMode, Model, MutabilityClass};
use goldsmith::{
    DeliveryMode, Engine, LakeOptions, ModelSource, RunOptions, RunReport, TableStatus, merge_delivery, write_delivery,
};
use goldsmith_query::columns::AUDIT;
use goldsmith_synth::{Generator, SynthConfig};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::case::no_side;
use crate::sizes::short;
use crate::{Case, Fingerprint, Job, Lab, Output, Result, Side, Sizes, Work};

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
    /// For each gold table a fingerprint of all rows, without what tells by which run and when they were written.
    fn rows(&self) -> Result<Vec<RecordBatch>> {
        let tables: Vec<&str> = self.engine.model().gold.values().map(|table| table.name.as_str()).collect();
        let contents = tables.iter().map(|table| self.content(table)).collect::<Result<StringArray>>()?;
        let columns: [(&str, ArrayRef); 2] =
            [("table_name", Arc::new(StringArray::from(tables))), ("content", Arc::new(contents))];
        Ok(vec![RecordBatch::try_from_iter(columns)?])
    }
}

impl Ran {
    fn content(&self, table: &str) -> Result<Option<String>> {
        let batches = self.runtime.block_on(self.engine.query(&format!("SELECT * FROM {table}")))?;
        let told = |batch: &RecordBatch| {
            let schema = batch.schema();
            let kept: Vec<usize> = (0..schema.fields().len())
                .filter(|index| !AUDIT.contains(&schema.field(*index).name().as_str()))
                .collect();
            batch.project(&kept)
        };
        let batches = batches.iter().map(told).collect::<std::result::Result<Vec<_>, _>>()?;
        Ok(Some(format!("{:?}", Fingerprint::of(&batches)?)))
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
    let generator = Generator::new(SynthConfig { rows, batches: deliveries, ..SynthConfig::default() })?;
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
