//! `goldsmith verify`

use goldsmith::VerifyOptions;

use super::{Context, Outcome};
use crate::error::{Error, Result};
use crate::interrupt::{self, Words};
use crate::progress::Progress;
use crate::render::{Paint, verification};
use crate::settings::Verbosity;

/// Compares gold with a rebuild and tells what is wrong.
pub(super) async fn verify(context: &Context, options: VerifyOptions) -> Result<Outcome> {
    let printer = &context.printer;
    let progress = Progress::new(printer);
    let engine = context.engine_on_target()?.observer(progress.clone()).build()?;
    let cancellation = engine.cancellation();
    let listening = interrupt::listen(printer, Words::VERIFICATION, move || cancellation.cancel());
    let outcome = engine.verify(&options).await;
    progress.clear();
    drop(listening);
    let report = outcome.map_err(|error| {
        Error::cancelled(error, "nothing of the target was changed, another verification begins anew")
    })?;
    let is_unknown = report.is_success() && !report.is_made(&options.select);
    let outcome = if is_unknown { Outcome::Unknown } else { Outcome::of(report.is_success()) };
    if printer.is_json() {
        printer.json(&verification::json(&report))?;
        return Ok(outcome);
    }
    let paint = Paint(printer.stdout_color());
    let is_quiet = printer.verbosity() == Verbosity::Quiet;
    if !is_quiet {
        printer.data(&verification::tables(&report, paint))?;
        for behind in verification::behind(&report, paint) {
            printer.data(&behind)?;
        }
    }
    // What could not be checked is an error when nothing else could be found out.
    for finding in verification::findings(&report, paint, is_quiet && !is_unknown) {
        printer.data(&finding)?;
    }
    printer.say(&verification::summary(&report));
    if is_unknown {
        let error = Paint(printer.stderr_color()).error("error");
        printer.error(&format!("{error}: the verification could not be made: what is skipped above was not compared"));
    }
    Ok(outcome)
}
