//! `goldsmith verify`

use goldsmith::VerifyOptions;

use super::{Context, Outcome};
use crate::error::Result;
use crate::interrupt;
use crate::progress::Progress;
use crate::render::{Paint, verification};

/// Compares gold with a rebuild and tells what is wrong.
pub(super) async fn verify(context: &Context, options: VerifyOptions) -> Result<Outcome> {
    let printer = &context.printer;
    let progress = Progress::new(printer);
    let engine = context.engine_on_target()?.observer(progress.clone()).build()?;
    let cancellation = engine.cancellation();
    let listening = interrupt::listen(printer, move || cancellation.cancel());
    let outcome = engine.verify(&options).await;
    progress.clear();
    drop(listening);
    let report = outcome?;
    let is_unknown = report.is_success() && !report.is_made(&options.select);
    let outcome = if is_unknown { Outcome::Unknown } else { Outcome::of(report.is_success()) };
    if printer.is_json() {
        printer.json(&verification::json(&report))?;
        return Ok(outcome);
    }
    let paint = Paint(printer.stdout_color());
    printer.data(&verification::tables(&report, paint))?;
    for finding in verification::behind(&report, paint).into_iter().chain(verification::findings(&report, paint)) {
        printer.data(&finding)?;
    }
    printer.say(&verification::summary(&report));
    if is_unknown {
        let error = Paint(printer.stderr_color()).error("error");
        printer.error(&format!("{error}: the verification could not be made: what is skipped above was not compared"));
    }
    Ok(outcome)
}
