//! A run: bronze, then gold, each table as soon as what it needs is done.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use futures::FutureExt;
use goldsmith_plan::{InputName, Selection};
use tokio::task::JoinSet;
use tracing::Instrument;

use crate::bronze::run_bronze;
use crate::context::RunContext;
use crate::damage::explained;
use crate::error::{Error, Result};
use crate::event::RunEvent;
use crate::gold::run_gold;
use crate::input::Inputs;
use crate::memory::Share;
use crate::report::{Layer, TableReport, TableStatus};

/// Runs everything in `selection` with at most `threads` tables at once, as far as the memory goes for so many. A table that
/// fails is reported; the others go on, because each records for itself what it was built from.
pub(crate) async fn run_all(
    ctx: Arc<RunContext>,
    inputs: Arc<Inputs>,
    selection: &Selection,
    full_refresh: bool,
    threads: usize,
) -> Result<Vec<TableReport>> {
    let mut waiting = dependencies(&ctx, selection);
    let mut running = JoinSet::new();
    let mut reports = Vec::with_capacity(waiting.len());
    let slots = ctx.budget.slots(threads);
    loop {
        while running.len() < slots && (running.is_empty() || ctx.budget.has_room(slots)) {
            let Some(ready) = next_ready(&waiting) else { break };
            waiting.remove(&ready);
            let share = ctx.budget.lease(slots);
            // Warnings about values tell the table by it.
            let table = tracing::warn_span!("table", table = %ready);
            running.spawn(run_one(ctx.clone(), inputs.clone(), ready, full_refresh, share).instrument(table));
        }
        let Some(finished) = running.join_next().await else { break };
        let (name, report) = finished.map_err(|error| Error::Internal(error.to_string()))?;
        for needs in waiting.values_mut() {
            needs.remove(&name);
        }
        ctx.tell(RunEvent::TableFinished(Box::new(report.clone())));
        reports.push(report);
    }
    reports.sort_by_key(|report| report.layer);
    Ok(reports)
}

/// Tables of the selection with those of their inputs that are in the selection too.
fn dependencies(ctx: &RunContext, selection: &Selection) -> BTreeMap<InputName, BTreeSet<InputName>> {
    let mut out: BTreeMap<InputName, BTreeSet<InputName>> =
        selection.sources.iter().map(|source| (InputName::Bronze(source.clone()), BTreeSet::new())).collect();
    for table in &selection.gold {
        let needs = ctx.dag.inputs(table).iter().filter(|input| match input {
            InputName::Bronze(source) => selection.sources.contains(source),
            InputName::Gold(name) => selection.gold.contains(name),
        });
        out.insert(InputName::Gold(table.clone()), needs.cloned().collect());
    }
    out
}

/// A table that waits for nothing: the one that most others wait for first, so that no long chain is left to
/// the end.
fn next_ready(waiting: &BTreeMap<InputName, BTreeSet<InputName>>) -> Option<InputName> {
    waiting
        .iter()
        .filter(|(_, needs)| needs.is_empty())
        .max_by_key(|(name, _)| waiting.values().filter(|needs| needs.contains(name)).count())
        .map(|(name, _)| name.clone())
}

async fn run_one(
    ctx: Arc<RunContext>,
    inputs: Arc<Inputs>,
    name: InputName,
    full_refresh: bool,
    share: Share,
) -> (InputName, TableReport) {
    let start = Instant::now();
    let mut report = match &name {
        InputName::Bronze(source) => bronze_report(&ctx, &inputs, source, &share).await,
        InputName::Gold(table) => gold_report(&ctx, table, full_refresh, &share).await,
    };
    report.seconds = start.elapsed().as_secs_f64();
    tracing::info!(
        layer = ?report.layer, table = %report.name, status = ?report.status, read = report.rows.read,
        written = report.rows.written(), seconds = report.seconds, "table done"
    );
    // For the log alone: those who show reports show each warning by themselves.
    for warning in &report.warnings {
        tracing::info!(layer = ?report.layer, table = %report.name, %warning, "worth knowing");
    }
    (name, report)
}

async fn bronze_report(ctx: &RunContext, inputs: &Inputs, source: &str, share: &Share) -> TableReport {
    let Some(bronze) = ctx.model.bronze.values().find(|bronze| bronze.source.to_string() == source) else {
        return failed(Layer::Bronze, source, &Error::Internal(format!("source `{source}` is not in the model")));
    };
    match run_bronze(ctx, bronze, inputs, share).boxed().await {
        Ok(outcome) => TableReport::of(Layer::Bronze, source, outcome),
        Err(error) => failed(Layer::Bronze, source, &explained(ctx, error)),
    }
}

async fn gold_report(ctx: &RunContext, name: &str, full_refresh: bool, share: &Share) -> TableReport {
    let Some(table) = ctx.model.gold.get(name) else {
        return failed(Layer::Gold, name, &Error::Internal(format!("table `{name}` is not in the model")));
    };
    match run_gold(ctx, table, full_refresh, share).boxed().await {
        Ok(outcome) => TableReport::of(Layer::Gold, name, outcome),
        Err(error) => failed(Layer::Gold, name, &explained(ctx, error)),
    }
}

fn failed(layer: Layer, name: &str, error: &Error) -> TableReport {
    let status = if matches!(error, Error::Cancelled) { TableStatus::Cancelled } else { TableStatus::Failed };
    TableReport { status, error: Some(error.chain()), ..TableReport::new(layer, name) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn gold(name: &str) -> InputName {
        InputName::Gold(name.to_owned())
    }

    #[test]
    fn what_most_others_wait_for_comes_first_and_what_none_waits_for_last() {
        let tables: [(&str, &[&str]); 6] = [
            ("alone", &[]),
            ("dimension", &[]),
            ("fact", &["dimension"]),
            ("other_fact", &["dimension", "price"]),
            ("price", &[]),
            ("calendar", &["fact", "other_fact"]),
        ];
        let mut waiting: BTreeMap<InputName, BTreeSet<InputName>> = tables
            .into_iter()
            .map(|(name, needs)| (gold(name), needs.iter().map(|need| gold(need)).collect()))
            .collect();
        let mut order = Vec::new();
        while let Some(ready) = next_ready(&waiting) {
            waiting.remove(&ready);
            for needs in waiting.values_mut() {
                needs.remove(&ready);
            }
            order.push(ready);
        }
        assert!(waiting.is_empty(), "{waiting:?}");
        let at = |name: &str| order.iter().position(|table| *table == gold(name)).unwrap();
        assert_eq!(at("dimension"), 0, "{order:?}");
        assert!(at("price") < at("other_fact") && at("fact") < at("calendar"), "{order:?}");
        assert!(at("other_fact") < at("calendar"), "{order:?}");
        assert!(at("alone") > at("fact") && at("alone") > at("price") && at("alone") > at("other_fact"), "{order:?}");
    }
}
