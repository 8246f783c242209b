//! `goldsmith run`

use goldsmith::{Engine, Layer, RunOptions, RunReport, TableStatus};

use super::{Context, Outcome};
use crate::error::Result;
use crate::interrupt::{self, Words};
use crate::printer::Printer;
use crate::progress::Progress;
use crate::render::number::plural;
use crate::render::{Paint, report};
use crate::settings::Verbosity;

/// Brings bronze and gold up to date and reports what was done.
pub(super) async fn run(context: &Context, options: RunOptions) -> Result<Outcome> {
    let printer = &context.printer;
    let progress = Progress::new(printer);
    let engine = context.running_engine(progress.clone())?;
    let cancellation = engine.cancellation();
    // The preview reads the log of every table.
    if options.full_refresh && printer.verbosity() != Verbosity::Quiet {
        printer.say(&preview(&engine, &options).await?);
    }
    let listening = interrupt::listen(printer, Words::RUN, move || cancellation.cancel());
    let outcome = engine.run(&options).await;
    progress.clear();
    drop(listening);
    let run = outcome?;
    if printer.is_json() {
        printer.json(&report::json(&run))?;
        return Ok(Outcome::of(run.is_success()));
    }
    let all = printer.verbosity() > Verbosity::Normal;
    let mut shown = run.tables.iter().filter(|table| all || !is_idle(table.status)).peekable();
    let is_quiet = printer.verbosity() == Verbosity::Quiet;
    if shown.peek().is_some() && !is_quiet {
        printer.data(&report::tables(shown, Paint(printer.stdout_color())))?;
    }
    tell(printer, &run);
    Ok(Outcome::of(run.is_success()))
}

/// Says which tables of a run failed, what is worth knowing of the others, and the whole in a line.
pub(super) fn tell(printer: &Printer, run: &RunReport) {
    let paint = Paint(printer.stderr_color());
    for failure in report::failures(&run.tables, paint) {
        printer.error(&failure);
    }
    for warning in report::warnings(&run.tables, paint) {
        printer.say(&warning);
    }
    printer.say(&report::summary(run));
}

/// Says what a full refresh is about to do, before it does it.
async fn preview(engine: &Engine, options: &RunOptions) -> Result<String> {
    let plans = engine.plan(options).await?;
    let names: Vec<&str> =
        plans.iter().filter(|plan| plan.layer == Layer::Gold && plan.changes).map(|plan| plan.name.as_str()).collect();
    let held: u64 = engine
        .status()
        .await?
        .iter()
        .filter(|table| table.layer == Layer::Gold && names.contains(&table.name.as_str()))
        .filter_map(|table| table.rows)
        .sum();
    Ok(format!(
        "full refresh: {} with {} now are built anew from bronze. Each is replaced in one commit, and readers see its former rows \
         until then; of bronze nothing is deleted. `goldsmith plan --full-refresh` lists them.",
        plural(names.len() as u64, "gold table"),
        plural(held, "row")
    ))
}

fn is_idle(status: TableStatus) -> bool {
    matches!(status, TableStatus::UpToDate | TableStatus::Skipped)
}
