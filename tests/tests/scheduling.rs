//! Each table is worked on as soon as what it needs is done: a large one, or one that fails, holds up nothing that it need not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use arrow::array::{RecordBatch, RecordBatchIterator};
use arrow::error::ArrowError;
use goldsmith::{BoxedReader, Engine, Layer, OpenBatches, RunEvent, RunOptions, RunReport, TableReport, TableStatus};
use goldsmith_model::Model;
use goldsmith_plan::{Dag, InputName};
use goldsmith_synth::SynthConfig;
use goldsmith_testkit::ScratchLake;
use goldsmith_tests::synth::World;

/// After this time a test says what is wrong instead of waiting on.
const PATIENCE: Duration = Duration::from_secs(300);

/// Something that all wait for until it opens.
#[derive(Default)]
struct Gate {
    is_open: Mutex<bool>,
    opened: Condvar,
}

impl Gate {
    fn open(&self) {
        *self.is_open.lock().unwrap() = true;
        self.opened.notify_all();
    }

    /// Waits; false when it did not open.
    fn wait(&self) -> bool {
        let is_open = self.is_open.lock().unwrap();
        let (is_open, _) = self.opened.wait_timeout_while(is_open, PATIENCE, |is_open| !*is_open).unwrap();
        *is_open
    }
}

/// What a run tells of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Told {
    Started(InputName),
    Finished(InputName),
}

fn name_of(report: &TableReport) -> InputName {
    match report.layer {
        Layer::Bronze => InputName::Bronze(report.name.clone()),
        Layer::Gold => InputName::Gold(report.name.clone()),
    }
}

/// All tables by the full name that events have.
fn tables(model: &Model) -> BTreeMap<String, InputName> {
    let bronze = model
        .bronze
        .keys()
        .map(|source| (format!("system_bronze.{}", source.bronze_table()), InputName::Bronze(source.to_string())));
    let gold = model.gold.keys().map(|name| (format!("system_gold.{name}"), InputName::Gold(name.clone())));
    bronze.chain(gold).collect()
}

/// Sources with one delivery each.
async fn delivered() -> (ScratchLake, World) {
    let lake = ScratchLake::new().unwrap();
    let world = World::new(SynthConfig { seed: 51, rows: 500, batches: 1, ..SynthConfig::default() });
    world.deliver(&lake, 0).await;
    (lake, world)
}

/// The rows of a source, which come when `may_come` says so.
fn rows_of(
    lake: &ScratchLake,
    world: &World,
    source: &str,
    may_come: impl Fn() -> Result<(), ArrowError> + Clone + Send + Sync + 'static,
) -> (RecordBatch, OpenBatches) {
    let load = lake.model().bronze.values().find(|bronze| bronze.source.to_string() == source).unwrap().load;
    let batch = world.rows(source, load, 0).remove(0);
    let first = batch.clone();
    let open = move || -> Result<BoxedReader, ArrowError> {
        let (may_come, batch) = (may_come.clone(), batch.clone());
        let schema = batch.schema();
        let rows = std::iter::once_with(move || may_come().map(|()| batch));
        Ok(Box::new(RecordBatchIterator::new(rows, schema)))
    };
    (first, Arc::new(open))
}

/// A run on so many threads, in which `source` comes from a reader. `finished` hears of each table that is done.
async fn run(
    lake: &ScratchLake,
    threads: usize,
    source: &str,
    (first, open): (RecordBatch, OpenBatches),
    finished: impl Fn(&InputName) + Send + Sync + 'static,
) -> (RunReport, Vec<Told>) {
    let told = Arc::new(Mutex::new(Vec::new()));
    let (heard, names) = (told.clone(), tables(lake.model()));
    let observer = move |event: RunEvent| match event {
        RunEvent::TableStarted { table, .. } => heard.lock().unwrap().push(Told::Started(names[&table].clone())),
        RunEvent::TableFinished(report) => {
            let name = name_of(&report);
            heard.lock().unwrap().push(Told::Finished(name.clone()));
            finished(&name);
        }
        _ => {}
    };
    let mut engine = Engine::builder()
        .source(lake.source().to_string_lossy())
        .target(lake.target().to_string_lossy())
        .memory_limit("1GiB".parse().unwrap())
        .observer(Arc::new(observer))
        .build()
        .unwrap();
    engine.hand_over_stream(source, 1, first.schema(), open).unwrap();
    let report = engine.run(&RunOptions { threads, ..RunOptions::default() }).await.unwrap();
    let told = told.lock().unwrap().clone();
    (report, told)
}

/// Asserts that each table begins after all that it needs, that at most `threads` are worked on at once, and that each is done once.
fn assert_in_order(model: &Model, threads: usize, told: &[Told]) {
    let dag = Dag::of(model).unwrap();
    let (mut running, mut done) = (BTreeSet::<&InputName>::new(), BTreeSet::<&InputName>::new());
    for event in told {
        match event {
            Told::Started(name) => {
                let needs = match name {
                    InputName::Gold(table) => dag.inputs(table),
                    InputName::Bronze(_) => &[],
                };
                let lacking: Vec<_> = needs.iter().filter(|input| !done.contains(*input)).collect();
                assert!(lacking.is_empty(), "{name} began before {lacking:?}");
                running.insert(name);
                assert!(running.len() <= threads, "{running:?}");
            }
            Told::Finished(name) => {
                running.remove(name);
                assert!(done.insert(name), "{name} was done twice");
            }
        }
    }
    let all = tables(model);
    assert_eq!(done, all.values().collect::<BTreeSet<_>>());
}

/// The tables that are made without `source`, directly and indirectly.
fn without(model: &Model, source: &str) -> BTreeSet<InputName> {
    let dag = Dag::of(model).unwrap();
    let mut fed = BTreeSet::from([InputName::Bronze(source.to_owned())]);
    for table in dag.order() {
        if dag.inputs(table).iter().any(|input| fed.contains(input)) {
            fed.insert(InputName::Gold(table.clone()));
        }
    }
    tables(model).into_values().filter(|name| !fed.contains(name)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_begin_after_what_they_need_on_any_number_of_threads() {
    let source = "billing.usage";
    for threads in [1, 3] {
        let (lake, world) = delivered().await;
        let rows = rows_of(&lake, &world, source, || Ok(()));
        let (report, told) = run(&lake, threads, source, rows, |_| {}).await;
        assert!(report.tables.iter().all(|table| table.status == TableStatus::Changed), "{:#?}", report.tables);
        assert_in_order(lake.model(), threads, &told);
        let started = told.iter().filter(|event| matches!(event, Told::Started(_))).count();
        assert_eq!(started, report.tables.len());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_table_holds_up_only_what_is_made_from_it() {
    // One that no dimension gathers from.
    let source = "compute.node_timeline";
    let (lake, world) = delivered().await;
    let others = without(lake.model(), source);
    assert_eq!(tables(lake.model()).len() - others.len(), 3, "the source, its fact and the calendar");
    // Its rows do not come before all others are done: were one of them made to wait, it would wait for ever.
    let gate = Arc::new(Gate::default());
    let (opens, waits) = (gate.clone(), gate);
    let rows = rows_of(&lake, &world, source, move || match waits.wait() {
        true => Ok(()),
        false => Err(ArrowError::ExternalError("tables waited for this one".into())),
    });
    let missing = Mutex::new(others.clone());
    let finished = move |name: &InputName| {
        let mut missing = missing.lock().unwrap();
        missing.remove(name);
        if missing.is_empty() {
            opens.open();
        }
    };
    let (report, told) = run(&lake, 2, source, rows, finished).await;
    let failed: Vec<_> = report.tables.iter().filter(|table| table.error.is_some()).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    assert_in_order(lake.model(), 2, &told);
    let large = Told::Finished(InputName::Bronze(source.to_owned()));
    let at = told.iter().position(|event| *event == large).unwrap();
    let before: BTreeSet<InputName> = told[..at]
        .iter()
        .filter_map(|event| match event {
            Told::Finished(name) => Some(name.clone()),
            Told::Started(_) => None,
        })
        .collect();
    assert_eq!(before, others);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_fails_lets_all_others_go_on_and_the_next_run_makes_up_for_it() {
    // One that many look-ups come to, through the dimension of users.
    let source = "access.audit";
    let (lake, world) = delivered().await;
    let rows = rows_of(&lake, &world, source, || Err(ArrowError::ExternalError("the source broke off".into())));
    let (report, told) = run(&lake, 2, source, rows, |_| {}).await;
    assert_in_order(lake.model(), 2, &told);
    let failed: Vec<_> = report.tables.iter().filter(|table| table.error.is_some()).collect();
    assert!(matches!(failed.as_slice(), [table] if table.name == source), "{failed:#?}");
    assert!(failed[0].error.as_deref().is_some_and(|error| error.contains("the source broke off")), "{failed:#?}");

    let rows = rows_of(&lake, &world, source, || Ok(()));
    let (report, told) = run(&lake, 2, source, rows, |_| {}).await;
    assert_in_order(lake.model(), 2, &told);
    assert!(report.tables.iter().all(|table| table.error.is_none()), "{:#?}", report.tables);
    let (whole, world) = delivered().await;
    let rows = rows_of(&whole, &world, source, || Ok(()));
    run(&whole, 2, source, rows, |_| {}).await;
    for table in ["fact_audit_logs", "dim_user", "fact_usage"] {
        let expected = whole.dump(table).await.unwrap();
        assert!(expected.len() > 1, "{table}");
        assert_eq!(lake.dump(table).await.unwrap(), expected, "{table}");
    }
}
