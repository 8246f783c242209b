//! Runs that are disturbed, and what must come of them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Once};

use goldsmith::{Engine, LakeOptions, ModelSource, RunOptions, RunReport, StoreLayer};
use goldsmith_model::Model;
use goldsmith_synth::SynthConfig;
use goldsmith_testkit::faults::{FaultLayer, OperationClass, Trigger};
use goldsmith_testkit::{Result, ScratchLake};

use crate::content::Content;
use crate::part::Part;
use crate::synth::World;

/// An engine whose requests go through a layer. With one thread it does one thing after the other, so that the requests of equal
/// runs come in the same order.
///
/// # Errors
/// The locations cannot be understood.
pub fn engine(
    model: &Arc<Model>,
    source: &Path,
    target: &Path,
    layer: impl StoreLayer + 'static,
    threads: usize,
) -> Result<Engine> {
    Ok(Engine::builder()
        .model(ModelSource::Loaded(Arc::clone(model)))
        .source(source.to_string_lossy())
        .target(target.to_string_lossy())
        .lake_options(LakeOptions { threads, layer: Some(Arc::new(layer)), ..LakeOptions::default() })
        .build()?)
}

/// Options of a run that works on one table after the other.
pub fn sequential() -> RunOptions {
    RunOptions { threads: 1, ..RunOptions::default() }
}

/// One load: what is there before, and what must be there after it.
pub struct Phase {
    /// For messages.
    pub name: &'static str,
    /// The sources.
    pub source: PathBuf,
    /// The target before the load; copied for every disturbed run. It need not be there.
    pub before: PathBuf,
    /// What the load gives when nothing disturbs it.
    pub expected: Content,
    /// Requests of the undisturbed load.
    pub requests: FaultLayer,
    /// Report of the undisturbed load.
    pub report: RunReport,
}

impl Phase {
    /// How many requests of a class the undisturbed load makes.
    pub fn count(&self, class: &OperationClass) -> u64 {
        self.requests.count(class)
    }
}

/// Two loads that can be disturbed: the first one, and an increment with late rows, corrections, changed prices and further slices.
pub struct Scenario {
    /// What of the model is loaded.
    pub part: Part,
    /// The model.
    pub model: Arc<Model>,
    /// The first load and the increment.
    pub phases: [Phase; 2],
    lake: ScratchLake,
}

#[expect(clippy::expect_used, reason = "a mistake in a test must stop it")]
impl Scenario {
    /// Prepares both loads.
    ///
    /// # Panics
    /// An undisturbed load fails.
    pub async fn new(part: Part, rows: u64) -> Self {
        silence_known_panics();
        let model = part.model().expect("a valid model");
        let world = World::new(SynthConfig {
            seed: 5,
            rows,
            batches: 2,
            days: 8,
            late_share: 0.1,
            correction_share: 0.1,
            redelivery_share: 0.05,
            null_key_share: 0.05,
            ..SynthConfig::default()
        });
        let lake = ScratchLake::with_model(ModelSource::Loaded(Arc::clone(&model))).expect("a directory");
        world.deliver(&lake, 0).await;
        let (first_source, nothing) = (lake.root().join("first"), lake.root().join("nothing"));
        copy(&lake.source(), &first_source);
        let target = lake.root().join("undisturbed");
        let first = phase(&model, "first load", first_source, nothing, &target).await;
        let loaded = lake.root().join("loaded");
        copy(&target, &loaded);
        checkpoint_soon(&loaded);
        world.deliver(&lake, 1).await;
        let target = lake.root().join("undisturbed-increment");
        copy(&loaded, &target);
        let increment = phase(&model, "increment", lake.source(), loaded, &target).await;
        Self { part, model, phases: [first, increment], lake }
    }

    /// A copy of the target before a load.
    ///
    /// # Panics
    /// It cannot be copied.
    pub fn prepare(&self, phase: &Phase) -> PathBuf {
        static COPIES: AtomicU64 = AtomicU64::new(0);
        let number = COPIES.fetch_add(1, Ordering::Relaxed);
        let target = self.lake.root().join(format!("disturbed-{number}"));
        copy(&phase.before, &target);
        target
    }

    /// Carries a load out that a fault strikes, in this process. Returns what struck, and how the load came out.
    ///
    /// # Panics
    /// The locations cannot be understood.
    pub async fn disturbed_run(
        &self,
        phase: &Phase,
        target: &Path,
        trigger: Trigger,
    ) -> (FaultLayer, goldsmith::Result<RunReport>) {
        let layer = FaultLayer::striking(trigger);
        let engine = engine(&self.model, &phase.source, target, layer.clone(), 1).expect("an engine");
        let outcome = engine.run(&sequential()).await;
        (layer, outcome)
    }

    /// Holds a target to what must come of every disturbance: the next run succeeds and gives what an undisturbed one gives, and the
    /// one after it changes nothing. Removes the target.
    ///
    /// # Errors
    /// What is not so.
    pub async fn check_recovery(&self, phase: &Phase, target: &Path) -> Result<(), String> {
        let report = self.clean_run(phase, target, FaultLayer::recording()).await?;
        if !report.is_success() {
            return Err(format!("the next run failed: {}", failures(&report).join("; ")));
        }
        let found = Content::of(&self.model, target).await.map_err(|error| format!("unreadable after it: {error}"))?;
        if let Some((table, difference)) = phase.expected.difference(&found) {
            return Err(format!("`{table}` differs: {difference}"));
        }
        let layer = FaultLayer::recording();
        let report = self.clean_run(phase, target, layer.clone()).await?;
        let changes = layer.count(&OperationClass::mutating());
        if !report.is_up_to_date() || changes > 0 {
            return Err(format!("a further run is not idle: {changes} changes, {:?}", report.tables));
        }
        fs::remove_dir_all(target).map_err(|error| error.to_string())
    }

    async fn clean_run(&self, phase: &Phase, target: &Path, layer: FaultLayer) -> Result<RunReport, String> {
        let engine = engine(&self.model, &phase.source, target, layer, 1).map_err(|error| error.to_string())?;
        engine.run(&sequential()).await.map_err(|error| format!("the next run failed: {}", error.chain()))
    }
}

/// The tables of a run that failed, with their errors.
pub fn failures(report: &RunReport) -> Vec<String> {
    let failed = report.tables.iter().filter_map(|table| Some((&table.name, table.error.as_ref()?)));
    failed.map(|(name, error)| format!("`{name}`: {error}")).collect()
}

#[expect(clippy::expect_used, clippy::panic, reason = "a mistake in a test must stop it")]
async fn phase(model: &Arc<Model>, name: &'static str, source: PathBuf, before: PathBuf, target: &Path) -> Phase {
    let requests = FaultLayer::recording();
    let engine = engine(model, &source, target, requests.clone(), 1).expect("an engine");
    let report = engine.run(&sequential()).await.expect("an undisturbed run");
    if !report.is_success() {
        panic!("{name}: {:?}", failures(&report));
    }
    let expected = Content::of(model, target).await.expect("a readable target");
    Phase { name, source, before, expected, requests, report }
}

/// Copies a directory, if it is there.
#[expect(clippy::expect_used, reason = "a mistake in a test must stop it")]
fn copy(from: &Path, to: &Path) {
    let Ok(entries) = fs::read_dir(from) else { return };
    fs::create_dir_all(to).expect("a directory");
    for entry in entries {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("a copy");
        }
    }
}

/// Lets a bronze table, a fact and a timeline write checkpoints after few commits, so that they fall into the next load; the fact and
/// the source of prices forget their older log then. The settings are those of their creation, which no later commit repeats.
#[expect(clippy::expect_used, reason = "a mistake in a test must stop it")]
fn checkpoint_soon(target: &Path) {
    const FORGETS: &str = r#","delta.logRetentionDuration":"interval 0 seconds""#;
    for (table, interval, forgets) in [
        ("system_bronze/billing_usage", 3, ""),
        ("system_bronze/billing_list_prices", 4, FORGETS),
        ("system_gold/fact_usage", 3, FORGETS),
        ("system_gold/dim_job", 3, ""),
    ] {
        let entry = target.join(table).join("_delta_log/00000000000000000000.json");
        let Ok(text) = fs::read_to_string(&entry) else { continue };
        let setting = r#""delta.checkpointInterval":"20""#;
        assert!(text.contains(setting), "{text}");
        let soon = format!(r#""delta.checkpointInterval":"{interval}"{forgets}"#);
        fs::write(entry, text.replace(setting, &soon)).expect("a changed entry");
    }
}

/// Keeps quiet about a panic that the Delta layer provokes and catches: giving up an upload whose last step failed.
pub(crate) fn silence_known_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let default = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let is_known = info.location().is_some_and(|place| place.file().ends_with("/src/buffered.rs"));
            if !is_known {
                default(info);
            }
        }));
    });
}
