//! A request that fails, or whose answer is lost, costs at most its own table, and the next run completes it: nothing is doubled.
//!
//! `GOLDSMITH_CRASH_POINTS=100` goes through a hundred requests for each load of the whole model, `all` through all of them, which takes hours.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use goldsmith::RunReport;
use goldsmith_testkit::faults::{Fault, Operation, OperationClass, Trigger};
use goldsmith_tests::crash::{Scenario, failures};
use goldsmith_tests::part::Part;
use goldsmith_tests::points::{on_all_cores, points_of_the_whole, spread};

const ROWS: u64 = 500;

/// What a fault may lead to in its own run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Harm {
    /// Nothing.
    None,
    /// The table that the request was made for fails.
    OwnTable,
}

/// How the disturbed runs came out, by what the fault struck.
type Outcomes = Arc<Mutex<BTreeMap<&'static str, u64>>>;

/// The table that a request was made for, as a report names it; none for a source.
fn table_of(scenario: &Scenario, path: &str) -> Option<String> {
    let project = &scenario.model.project;
    let mut parts = path.split('/').skip_while(|part| {
        ![&project.bronze_schema, &project.gold_schema, &project.quarantine_schema].iter().any(|schema| part == schema)
    });
    let (schema, table) = (parts.next()?, parts.next()?);
    if schema == project.gold_schema {
        return Some(table.to_owned());
    }
    let source = scenario.model.bronze.keys().find(|source| source.bronze_table() == table)?;
    Some(source.to_string())
}

/// Whether a disturbed run came out as it may, and how.
fn judge(
    scenario: &Scenario,
    struck: &Operation,
    outcome: &goldsmith::Result<RunReport>,
    harm: Harm,
) -> Result<&'static str, String> {
    let tells =
        |error: &str| error.contains("the answer was lost") || error.contains("the request was not carried out");
    match outcome {
        // Before any table is worked on, every one is opened.
        Err(error) if struck.kind.is_mutating() || !tells(&error.chain()) => {
            Err(format!("the run as a whole failed: {}", error.chain()))
        }
        Err(_) => Ok("ended the run"),
        Ok(report) => {
            let failed: Vec<_> = report.tables.iter().filter(|table| table.error.is_some()).collect();
            let is_own =
                |name: &str| !struck.kind.is_mutating() || table_of(scenario, &struck.path).as_deref() == Some(name);
            // A table that cannot even be opened takes those with it that are built from it, and that only.
            let (waiting, failed): (Vec<_>, Vec<_>) = failed.into_iter().partition(|table| {
                table
                    .error
                    .as_deref()
                    .is_some_and(|error| error.starts_with("its input `") && error.contains("cannot be used"))
            });
            let is_read = !struck.kind.is_mutating();
            match failed.as_slice() {
                _ if !waiting.is_empty() && (!is_read || failed.is_empty()) => {
                    Err(format!("more, or others, failed: {}", failures(report).join("; ")))
                }
                [] => Ok("did no harm"),
                [table]
                    if harm == Harm::OwnTable
                        && is_own(&table.name)
                        && tells(table.error.as_deref().unwrap_or_default()) =>
                {
                    Ok("failed its table")
                }
                _ => Err(format!("more, or others, failed: {}", failures(report).join("; "))),
            }
        }
    }
}

async fn disturb(part: Part, rows: u64, class: OperationClass, fault: Fault, harm: Harm, most: u64) {
    let scenario = Arc::new(Scenario::new(part, rows).await);
    for (index, phase) in scenario.phases.iter().enumerate() {
        let total = phase.count(&class);
        let outcomes = Outcomes::default();
        let covered = on_all_cores(spread(total, most), |number| {
            let (scenario, outcomes, class) = (Arc::clone(&scenario), Arc::clone(&outcomes), class.clone());
            async move {
                let phase = &scenario.phases[index];
                let target = scenario.prepare(phase);
                let (layer, outcome) = scenario.disturbed_run(phase, &target, Trigger { class, number, fault }).await;
                let Some(struck) = layer.struck() else {
                    // How often a run looks something up is not the same each time; what it changes is.
                    *outcomes.lock().unwrap().entry("was not reached").or_default() += 1;
                    return Ok(());
                };
                let place = |error: String| format!("{fault:?}, {:?} of `{}`: {error}", struck.kind, struck.path);
                let what = judge(&scenario, &struck, &outcome, harm).map_err(place)?;
                *outcomes.lock().unwrap().entry(what).or_default() += 1;
                scenario.check_recovery(phase, &target).await.map_err(place)
            }
        })
        .await;
        let not_reached = outcomes.lock().unwrap().get("was not reached").copied().unwrap_or_default();
        assert!(not_reached * 4 <= covered as u64, "{not_reached} of {covered} requests were not reached");
        println!(
            "{}, {}: {fault:?} at {covered} of {total} requests: {:?}",
            part.name(),
            phase.name,
            outcomes.lock().unwrap()
        );
    }
}

/// All points of the whole model, or some of its parts.
async fn disturb_parts(class: OperationClass, fault: Fault, harm: Harm, most: u64) {
    if let Some(most) = points_of_the_whole() {
        return disturb(Part::Whole, 4_000, class, fault, harm, most).await;
    }
    for part in [Part::Costs, Part::Runs] {
        disturb(part, ROWS, class.clone(), fault, harm, most).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_answer_is_lost_is_recognised() {
    disturb_parts(OperationClass::mutating().ending(".json"), Fault::LostAnswer, Harm::None, 5).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_whose_answer_is_lost_is_not_made_twice() {
    disturb_parts(OperationClass::mutating(), Fault::LostAnswer, Harm::OwnTable, 5).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_fails_once_costs_no_more_than_its_table() {
    disturb_parts(OperationClass::all(), Fault::Transient, Harm::OwnTable, 8).await;
}
