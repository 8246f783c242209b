//! A load may end at any change that it makes to the storage: the next one completes it to what an undisturbed load gives.
//!
//! In this process the storage is cut off at every point of parts of the model. A process of its own is ended at some of them. With
//! `GOLDSMITH_CRASH_POINTS=100` both do so at a hundred points for each load of the whole model, with `all` at all of them
//! (about an hour in a release build).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

use std::sync::Arc;

use goldsmith::{Layer, ModelSource, RowCounts};
use goldsmith_model::Model;
use goldsmith_testkit::ScratchLake;
use goldsmith_testkit::faults::{Fault, FaultLayer, Moment, OperationClass, OperationKind, Trigger};
use goldsmith_tests::content::Content;
use goldsmith_tests::crash::{Scenario, engine, sequential};
use goldsmith_tests::part::Part;
use goldsmith_tests::points::{on_all_cores, points_of_the_whole, spread};
use goldsmith_tests::process::load;

const ROWS: u64 = 500;

/// Rows of the sources of the whole model.
const ROWS_OF_THE_WHOLE: u64 = 4_000;

/// Processes of their own per load, unless a number of points is asked for.
const PROCESSES: u64 = 4;

/// The loads that are disturbed, and how many points of each are asked for.
async fn scenarios() -> (Vec<Arc<Scenario>>, Option<u64>) {
    let asked = points_of_the_whole();
    let mut scenarios = Vec::new();
    if asked.is_some() {
        scenarios.push(Arc::new(Scenario::new(Part::Whole, ROWS_OF_THE_WHOLE).await));
    } else {
        for part in [Part::Costs, Part::Runs] {
            scenarios.push(Arc::new(Scenario::new(part, ROWS).await));
        }
    }
    (scenarios, asked)
}

fn rows(scenario: &Scenario, layer: Layer, table: &str) -> RowCounts {
    scenario.phases[1].report.table(layer, table).unwrap().rows
}

fn has_request(scenario: &Scenario, kind: OperationKind, end: &str) -> bool {
    let requests = scenario.phases[1].requests.operations();
    requests.iter().any(|request| request.kind == kind && request.path.ends_with(end))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_increments_have_what_is_worth_interrupting() {
    let costs = Scenario::new(Part::Costs, ROWS).await;
    let usage = rows(&costs, Layer::Gold, "fact_usage");
    assert!(usage.inserted > 0 && usage.repaired > 0, "late dimensions and prices: {usage:?}");
    let prices = rows(&costs, Layer::Gold, "dim_list_price");
    assert!(prices.inserted > 0 && prices.updated > 0, "changed prices: {prices:?}");
    let clusters = rows(&costs, Layer::Gold, "dim_cluster");
    assert!(clusters.inserted > 0 && clusters.updated > 0 && clusters.deleted > 0, "late changes: {clusters:?}");
    assert!(rows(&costs, Layer::Gold, "dim_sku").updated > 0);
    assert!(rows(&costs, Layer::Gold, "dim_date").inserted > 0);
    assert!(rows(&costs, Layer::Bronze, "billing.usage").quarantined > 0);
    assert!(rows(&costs, Layer::Bronze, "billing.list_prices").updated > 0);
    assert!(has_request(&costs, OperationKind::Put, ".checkpoint.parquet"));
    assert!(has_request(&costs, OperationKind::Delete, "00000000000000000000.json"), "the log is shortened");
    let runs = Scenario::new(Part::Runs, ROWS).await;
    let timeline = rows(&runs, Layer::Gold, "fact_job_run_timeline");
    assert!(timeline.inserted > 0 && timeline.updated > 0 && timeline.repaired > 0, "further slices: {timeline:?}");
    assert!(rows(&runs, Layer::Gold, "dim_job").inserted > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_that_is_cut_off_at_any_change_is_completed_by_the_next_one() {
    let class = OperationClass::mutating;
    let (scenarios, asked) = scenarios().await;
    for scenario in scenarios {
        for (index, phase) in scenario.phases.iter().enumerate() {
            let total = phase.count(&class());
            // With one thing done after the other, after a change is before the next one; during it is the same, and leaves something behind.
            let numbers = spread(total, asked.unwrap_or(u64::MAX));
            let mut points: Vec<(u64, Moment)> = numbers.into_iter().map(|number| (number, Moment::During)).collect();
            points.push((total, Moment::After));
            let covered = on_all_cores(points, |(number, moment)| {
                let scenario = Arc::clone(&scenario);
                async move {
                    let phase = &scenario.phases[index];
                    let target = scenario.prepare(phase);
                    let trigger = Trigger { class: class(), number, fault: Fault::Freeze(moment) };
                    let (layer, _) = scenario.disturbed_run(phase, &target, trigger).await;
                    let struck = layer.struck().ok_or_else(|| format!("change {number} was not reached"))?;
                    let checked = scenario.check_recovery(phase, &target).await;
                    checked.map_err(|error| format!("{moment:?} {:?} of `{}`: {error}", struck.kind, struck.path))
                }
            })
            .await;
            println!("{}, {}: cut off at {covered} points, {total} changes", scenario.part.name(), phase.name);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_whose_process_ends_at_any_change_is_completed_by_the_next_one() {
    let (scenarios, asked) = scenarios().await;
    for scenario in scenarios {
        for (index, phase) in scenario.phases.iter().enumerate() {
            let total = phase.count(&OperationClass::mutating());
            let moments = ["before", "during", "after"];
            let points: Vec<(u64, &str)> = if asked == Some(u64::MAX) {
                (1..=total).flat_map(|number| moments.map(|moment| (number, moment))).collect()
            } else {
                spread(total, asked.unwrap_or(PROCESSES)).into_iter().zip(moments.into_iter().cycle()).collect()
            };
            let covered = on_all_cores(points, |(number, moment)| {
                let scenario = Arc::clone(&scenario);
                async move {
                    let phase = &scenario.phases[index];
                    let target = scenario.prepare(phase);
                    let program = env!("CARGO_BIN_EXE_crash_run");
                    let output = load(program, None, scenario.part, &phase.source, &target)
                        .args([&number.to_string(), moment])
                        .output()
                        .unwrap();
                    let said = String::from_utf8_lossy(&output.stderr);
                    let point = format!("{moment} change {number}");
                    // A process that ends itself, at once, has no exit code.
                    if output.status.code().is_some() {
                        return Err(format!("{point} was not reached: {said}"));
                    }
                    let checked = scenario.check_recovery(phase, &target).await;
                    checked.map_err(|error| format!("{point}: {error}"))
                }
            })
            .await;
            println!("{}, {}: ended {covered} processes at {total} changes", scenario.part.name(), phase.name);
        }
    }
}

/// The model of one fact, by another key than its own.
fn events_by(model: &Model, key: &[&str]) -> Arc<Model> {
    let mut model = model.clone();
    model.bronze.retain(|name, _| name.to_string() == "compute.warehouse_events");
    model.gold.retain(|name, _| name == "fact_warehouse_events");
    for table in model.gold.values_mut() {
        table.dimensions.clear();
        table.key = key.iter().map(ToString::to_string).collect();
    }
    Arc::new(model)
}

/// A lake that was filled by a model.
async fn filled_by(model: &Arc<Model>) -> ScratchLake {
    let lake = ScratchLake::with_model(ModelSource::Loaded(Arc::clone(model))).unwrap();
    let events = goldsmith_tests::rows(
        r#"[{"workspace_id": "1", "warehouse_id": "w", "event_type": "RUNNING", "event_time": "2024-01-01T00:00:00Z"},
            {"workspace_id": "1", "warehouse_id": null, "event_type": "STOPPED", "event_time": "2024-01-01T00:00:00Z"}]"#,
    );
    lake.deliver("compute.warehouse_events", &events).await.unwrap();
    lake.run(&[]).await.unwrap();
    lake
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_that_is_cut_off_at_any_change_leaves_no_row_out_of_the_quarantine() {
    let embedded = ScratchLake::new().unwrap();
    let natural = ["workspace_id", "warehouse_id", "event_type", "event_time"];
    let [before, after] = [&natural[..], &natural[1..2]].map(|key| events_by(embedded.model(), key));
    let run = |lake: &ScratchLake, layer: FaultLayer| engine(&after, &lake.source(), &lake.target(), layer, 1).unwrap();
    let (lake, requests) = (filled_by(&before).await, FaultLayer::recording());
    run(&lake, requests.clone()).run(&sequential()).await.unwrap();
    let expected = Content::of(&after, &lake.target()).await.unwrap();
    assert_eq!(expected.rows("system_quarantine.compute_warehouse_events").len(), 1);
    assert_eq!(expected.rows("system_gold.fact_warehouse_events").len(), 1);
    for number in 1..=requests.count(&OperationClass::mutating()) {
        let lake = filled_by(&before).await;
        let fault = Fault::Freeze(Moment::During);
        let layer = FaultLayer::striking(Trigger { class: OperationClass::mutating(), number, fault });
        let _cut_off = run(&lake, layer.clone()).run(&sequential()).await;
        let struck = layer.struck().unwrap();
        let report = run(&lake, FaultLayer::recording()).run(&sequential()).await.unwrap();
        assert!(report.is_success(), "{struck:?}: {:?}", report.tables);
        let found = Content::of(&after, &lake.target()).await.unwrap();
        assert_eq!(expected.difference(&found), None, "{struck:?}");
    }
}
