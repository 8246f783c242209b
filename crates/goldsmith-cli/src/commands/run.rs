//! `goldsmith run`

use goldsmith::{RunOptions, TableStatus};

use super::{Context, Outcome};
use crate::error::Result;
use crate::interrupt;
use crate::progress::Progress;
use crate::render::{Paint, report};
use crate::settings::Verbosity;

/// Brings bronze and gold up to date and reports what was done.
pub(super) async fn run(context: &Context, options: RunOptions) -> Result<Outcome> {
    let printer = &context.printer;
    let progress = Progress::new(printer);
    let engine = context.running_engine(progress.clone())?;
    let cancellation = engine.cancellation();
    let listening = interrupt::listen(printer, move || cancellation.cancel());
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
    if shown.peek().is_some() {
        printer.data(&report::tables(shown, Paint(printer.stdout_color())))?;
    }
    for remark in report::remarks(&run.tables, Paint(printer.stderr_color())) {
        printer.error(&remark);
    }
    printer.say(&report::summary(&run));
    Ok(Outcome::of(run.is_success()))
}

fn is_idle(status: TableStatus) -> bool {
    matches!(status, TableStatus::UpToDate | TableStatus::Skipped)
}
