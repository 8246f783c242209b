//! `goldsmith demo`

mod directory;
mod questions;

use std::path::Path;

use goldsmith::{Engine, Location, RunOptions, RunReport, TableReport};
use goldsmith_synth::{Generator, SynthConfig};
use serde_json::{Value, json};

use super::run::tell;
use super::{Context, Outcome, generate};
use crate::error::{Error, Result};
use crate::interrupt::{self, Words};
use crate::progress::Progress;
use crate::render::number::{grouped, plural};
use crate::render::{Paint, batches, report};
use directory::DemoDirectory;
use questions::{Answer, HINT};

/// One delivery and the run after it.
struct Delivery {
    rows: u64,
    run: RunReport,
}

/// Generates deliveries, runs after each, and answers questions from gold.
pub(super) async fn demo(context: &Context, dir: &Path, config: SynthConfig, keep: bool) -> Result<Outcome> {
    let printer = &context.printer;
    let generator = Generator::new(config)?;
    Location::from_path(dir).map_err(goldsmith::Error::from)?;
    let directory = DemoDirectory::prepare(dir, keep)?;
    let (source, target) = (directory.source(), directory.target());
    let progress = Progress::new(printer);
    let engine = context.engine()?.source(&source).target(&target).observer(progress.clone()).build()?;
    let cancellation = engine.cancellation();
    let listening = interrupt::listen(printer, Words::RUN, move || cancellation.cancel());
    let outcome = deliver_and_run(context, &engine, &generator, &source).await;
    progress.clear();
    drop(listening);
    let deliveries = outcome?;
    let is_success = deliveries.iter().all(|delivery| delivery.run.is_success());
    // Without all tables the answers would be wrong, or none at all.
    let answers = if is_success { questions::answer(context, &engine).await? } else { Vec::new() };
    let tables = over_all(&deliveries);
    if printer.is_json() {
        printer.json(&document(&directory, &deliveries, &tables, &answers)?)?;
        return Ok(Outcome::of(is_success));
    }
    let paint = Paint(printer.stdout_color());
    printer.data(&format!("\n{}\n", paint.heading("What was done, over all deliveries")))?;
    printer.data(&report::tables(&tables, paint))?;
    for answer in &answers {
        printer.data(&format!("\n{}\n", paint.heading(&answer.question)))?;
        printer.data(&batches::table(&answer.batches, paint).map_err(Error::Unshowable)?)?;
    }
    if is_success {
        printer.say(&format!(
            "\nThe lake is in `{target}`; ask it more:\n  goldsmith query --target {target} '{HINT}'\n\
             A second run finds nothing new:\n  goldsmith run --source {source} --target {target}"
        ));
    }
    Ok(Outcome::of(is_success))
}

/// Stops after the first run that fails: what follows builds on it.
async fn deliver_and_run(
    context: &Context,
    engine: &Engine,
    generator: &Generator,
    source: &str,
) -> Result<Vec<Delivery>> {
    let printer = &context.printer;
    let options = RunOptions { threads: context.settings.threads.value, ..RunOptions::default() };
    let cancellation = engine.cancellation();
    let lake_options = context.lake_options();
    let number = generator.config().batches;
    let mut deliveries = Vec::with_capacity(number);
    for batch in 0..number {
        let stopped = || cancellation.is_cancelled();
        let delivered = generate::deliver(engine.model(), generator, batch, &lake_options, source, stopped).await?;
        let rows = generate::total(&delivered);
        printer.say(&format!(
            "delivery {} of {}: {} of {}",
            batch + 1,
            grouped(number as u64),
            plural(rows, "row"),
            plural(delivered.len() as u64, "source table")
        ));
        let run = engine.run(&options).await?;
        tell(printer, &run);
        let is_success = run.is_success();
        deliveries.push(Delivery { rows, run });
        if !is_success {
            break;
        }
    }
    Ok(deliveries)
}

/// Adds up the reports of each table; its status is the last in order of all runs.
fn over_all(deliveries: &[Delivery]) -> Vec<TableReport> {
    let mut tables: Vec<TableReport> = Vec::new();
    for report in deliveries.iter().flat_map(|delivery| &delivery.run.tables) {
        match tables.iter_mut().find(|table| table.layer == report.layer && table.name == report.name) {
            Some(table) => {
                table.rows.add(&report.rows);
                table.seconds += report.seconds;
                table.status = table.status.max(report.status);
                table.version = report.version;
            }
            None => tables.push(report.clone()),
        }
    }
    tables.sort_by(|a, b| (a.layer, &a.name).cmp(&(b.layer, &b.name)));
    tables
}

fn document(
    directory: &DemoDirectory,
    deliveries: &[Delivery],
    tables: &[TableReport],
    answers: &[Answer],
) -> Result<Value> {
    let runs: Vec<Value> = deliveries
        .iter()
        .map(|delivery| json!({"rows_delivered": delivery.rows, "run": report::json(&delivery.run)}))
        .collect();
    let answers = answers
        .iter()
        .map(|answer| {
            let text = batches::json(&answer.batches).map_err(Error::Unshowable)?;
            let rows: Value = serde_json::from_str(&text).map_err(|error| Error::Internal(error.to_string()))?;
            Ok(json!({"name": answer.name, "question": answer.question, "rows": rows}))
        })
        .collect::<Result<Vec<Value>>>()?;
    Ok(json!({
        "success": deliveries.iter().all(|delivery| delivery.run.is_success()),
        "source": directory.source(),
        "target": directory.target(),
        "deliveries": runs,
        "tables": tables,
        "answers": answers,
    }))
}
