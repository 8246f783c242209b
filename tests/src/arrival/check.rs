//! Whether one case comes out equal, however its rows arrive.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::{RecordBatch, UInt64Array};
use arrow::compute::{concat_batches, take_record_batch};
use goldsmith::{DeliveryMode, ErrorKind, MaintainOptions, ModelSource, RunOptions};
use goldsmith_model::{GoldKind, LoadMode, LookupKind, Model, WriteMode};
use goldsmith_synth::SynthConfig;
use goldsmith_testkit::faults::{Fault, FaultLayer, Moment, OperationClass, Trigger};
use goldsmith_testkit::{ScratchLake, TestkitError};
use rand::{Rng, SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;

use super::Setting;
use crate::content::Content;
use crate::crash::silence_known_panics;
use crate::part::written;
use crate::synth::World;

/// Changes to the storage that the first run makes at least, whatever the part of the model: where it may crash.
const FIRST_CHANGES: u64 = 30;

/// Memory for each table with which a part of the keys, and a chunk of an increment, has some tens of rows.
pub const LITTLE_MEMORY: u64 = 96 * 1024;

/// What one run brings: source, rows, and what they are to it.
type Delivery = Vec<(String, Vec<RecordBatch>, DeliveryMode)>;

/// How a case failed.
#[derive(Debug, Clone)]
pub struct Failure {
    /// The table that differs or failed, without its schema; none when it is the run as a whole.
    pub table: Option<String>,
    /// What is wrong.
    pub text: String,
}

impl From<TestkitError> for Failure {
    fn from(error: TestkitError) -> Self {
        let text = error.to_string();
        match error {
            TestkitError::Table { table, .. } => Self { table: Some(table), text },
            _ => Self { table: None, text },
        }
    }
}

/// Lets the rows of a case arrive in order, and shuffled over more runs with repetitions and crashes; rebuilds the one or the other, by the
/// seed. Everything must come out equal. Returns how often a run crashed.
///
/// # Errors
/// What differs, or failed.
///
/// # Panics
/// A delivery cannot be written.
pub async fn check(setting: &Setting) -> Result<u64, Failure> {
    silence_known_panics();
    let world = World::new(SynthConfig {
        seed: setting.seed,
        rows: setting.rows,
        batches: setting.batches,
        ..SynthConfig::default()
    });
    let model = setting.part.model()?;
    // How rows of files are deleted must make no difference either.
    let write_mode = if setting.seed % 3 == 1 { WriteMode::CopyOnWrite } else { WriteMode::MergeOnRead };
    let otherwise = Arc::new(written(model.as_ref().clone(), write_mode));
    let (ordered, mut shuffled) = (
        ScratchLake::with_model(ModelSource::Loaded(model.clone()))?,
        ScratchLake::with_model(ModelSource::Loaded(otherwise))?,
    );
    // Nor must it how much memory there is.
    if setting.seed.is_multiple_of(2) {
        shuffled = shuffled.with_table_share(LITTLE_MEMORY);
    }
    for delivery in in_order(setting, &model, &world) {
        deliver(&ordered, delivery).await?;
        ordered.run(&[]).await?;
    }
    let mut rng = ChaCha8Rng::seed_from_u64(setting.seed);
    let (mut crashes, mut changes) = (0, FIRST_CHANGES);
    for delivery in shuffle(setting, &model, &world, &mut rng) {
        deliver(&shuffled, delivery).await?;
        while setting.crashes && rng.random_bool(0.4) {
            crashes += crash(&shuffled, rng.random_range(1..=changes), &mut rng).await?;
        }
        if rng.random_bool(0.3) {
            maintain(&shuffled).await?;
        }
        let requests = FaultLayer::recording();
        shuffled.run_through(requests.clone(), &RunOptions::default()).await?;
        changes = requests.count(&OperationClass::mutating()).max(1);
    }
    let expected = Content::of_gold(&model, &ordered.target()).await?;
    compare("a shuffled arrival", &expected, &Content::of_gold(&model, &shuffled.target()).await?)?;
    let rebuilt = if (setting.seed / 2).is_multiple_of(2) { &ordered } else { &shuffled };
    let anew = RunOptions { full_refresh: true, ..RunOptions::default() };
    rebuilt.run_through(FaultLayer::recording(), &anew).await?;
    compare("a rebuild", &expected, &Content::of_gold(&model, &rebuilt.target()).await?)?;
    if setting.sources.is_empty()
        && let Some(table) = model.gold.keys().find(|table| expected.rows(&gold(&model, table)).len() < 2)
    {
        let text = "it is empty, so that nothing is compared".to_owned();
        return Err(Failure { table: Some(table.clone()), text });
    }
    Ok(crashes)
}

/// The sources that a gold table is made of, through its look-ups.
pub fn feeding(model: &Model, table: &str) -> Vec<String> {
    let (mut sources, mut seen, mut waiting) = (BTreeSet::new(), BTreeSet::new(), vec![table.to_owned()]);
    while let Some(name) = waiting.pop() {
        let Some(table) = model.gold.get(&name).filter(|_| seen.insert(name.clone())) else { continue };
        sources.extend(table.sources().into_iter().map(ToString::to_string));
        let looked_up = table.dimensions.iter().filter(|lookup| !matches!(lookup.kind, LookupKind::Calendar { .. }));
        waiting.extend(looked_up.map(|lookup| lookup.dimension.clone()));
        if matches!(table.kind, GoldKind::Calendar(_)) {
            let covers =
                model.gold.values().filter(|fact| fact.dimensions.iter().any(|lookup| lookup.dimension == name));
            waiting.extend(covers.map(|fact| fact.name.clone()));
        }
    }
    sources.into_iter().collect()
}

fn gold(model: &Model, table: &str) -> String {
    format!("{}.{table}", model.project.gold_schema)
}

fn compare(what: &str, expected: &Content, found: &Content) -> Result<(), Failure> {
    match expected.difference(found) {
        None => Ok(()),
        Some((table, difference)) => Err(Failure {
            text: format!("{what} differs in `{table}`: {difference}"),
            table: table.split_once('.').map(|(_, name)| name.to_owned()),
        }),
    }
}

/// A run that is cut off from its storage at one of the changes that it makes. Returns whether it came that far.
async fn crash(lake: &ScratchLake, number: u64, rng: &mut ChaCha8Rng) -> Result<u64, Failure> {
    let moment = [Moment::Before, Moment::During, Moment::After][rng.random_range(0..3)];
    let layer =
        FaultLayer::striking(Trigger { class: OperationClass::mutating(), number, fault: Fault::Freeze(moment) });
    // How it fails does not matter here.
    drop(lake.engine_through(layer.clone())?.run(&RunOptions::default()).await);
    Ok(u64::from(layer.struck().is_some()))
}

/// Files are rearranged between runs; it must make no difference.
async fn maintain(lake: &ScratchLake) -> Result<(), Failure> {
    let options = MaintainOptions { retention: Duration::ZERO, force: true, ..MaintainOptions::default() };
    let report = match lake.engine()?.maintain(&options).await {
        Ok(report) => report,
        // No table is there yet.
        Err(error) if error.kind() == ErrorKind::Usage => return Ok(()),
        Err(error) => return Err(Failure { table: None, text: error.to_string() }),
    };
    match report.tables.into_iter().find_map(|table| Some((table.name, table.error?))) {
        None => Ok(()),
        Some((table, error)) => Err(Failure { table: None, text: format!("maintaining `{table}`: {error}") }),
    }
}

async fn deliver(lake: &ScratchLake, delivery: Delivery) -> Result<(), Failure> {
    for (source, rows, mode) in delivery {
        lake.deliver_batches(&source, rows, mode).await?;
    }
    Ok(())
}

fn in_order(setting: &Setting, model: &Model, world: &World) -> Vec<Delivery> {
    let mut deliveries = vec![Delivery::new(); setting.batches];
    for bronze in model.bronze.values().filter(|bronze| setting.has(&bronze.source.to_string())) {
        let source = bronze.source.to_string();
        for (batch, delivery) in deliveries.iter_mut().enumerate() {
            delivery.push((source.clone(), world.rows(&source, bronze.load, batch), mode_of(bronze.load)));
        }
    }
    deliveries
}

/// All streamed rows shuffled over more runs than there were deliveries, some of them twice; snapshots in their order.
#[expect(clippy::expect_used, reason = "a mistake in a test must stop it")]
fn shuffle(setting: &Setting, model: &Model, world: &World, rng: &mut ChaCha8Rng) -> Vec<Delivery> {
    let runs = setting.batches + 1;
    let mut deliveries = vec![Delivery::new(); runs];
    for bronze in model.bronze.values().filter(|bronze| setting.has(&bronze.source.to_string())) {
        let source = bronze.source.to_string();
        if bronze.load == LoadMode::Merge || bronze.sequence_by.is_none() {
            for batch in 0..setting.batches {
                let rows = world.rows(&source, bronze.load, batch);
                deliveries[batch + 1].push((source.clone(), rows, mode_of(bronze.load)));
            }
            continue;
        }
        let all: Vec<RecordBatch> =
            (0..setting.batches).flat_map(|batch| world.rows(&source, bronze.load, batch)).collect();
        let Some(first) = all.first() else { continue };
        let all = concat_batches(&first.schema(), &all).expect("batches of one schema");
        let count = all.num_rows() as u64;
        let mut order: Vec<u64> = (0..count).collect();
        if setting.repeats {
            order.extend((0..count).filter(|_| rng.random_bool(0.05)).collect::<Vec<_>>());
        }
        order.shuffle(rng);
        for (run, delivery) in deliveries.iter_mut().enumerate() {
            let part: UInt64Array = order.iter().skip(run).step_by(runs).copied().collect();
            let rows = take_record_batch(&all, &part).expect("rows of a batch");
            delivery.push((source.clone(), vec![rows], DeliveryMode::Append));
        }
    }
    // A run without any source is refused.
    deliveries.retain(|delivery| !delivery.is_empty());
    deliveries
}

fn mode_of(load: LoadMode) -> DeliveryMode {
    match load {
        LoadMode::Append => DeliveryMode::Append,
        LoadMode::Merge => DeliveryMode::Snapshot,
    }
}
