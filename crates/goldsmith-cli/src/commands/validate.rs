//! `goldsmith validate`

use goldsmith::model::Diagnostic;
use serde_json::json;

use super::{Context, Outcome};
use crate::error::{Error, Result};
use crate::render::number::plural;
use crate::render::{Paint, diagnostics};

/// What a check found.
struct Checked {
    /// Sources and gold tables, when the model can be used.
    size: Option<(usize, usize)>,
    diagnostics: Vec<Diagnostic>,
}

/// Checks the model and tells all of its problems.
pub(super) fn validate(context: &Context) -> Result<Outcome> {
    let checked = match context.model()?.load() {
        Ok((model, warnings)) => Checked { size: Some((model.bronze.len(), model.gold.len())), diagnostics: warnings },
        Err(goldsmith::Error::Model { diagnostics }) => Checked { size: None, diagnostics },
        Err(other) => return Err(Error::Engine(other)),
    };
    let (errors, warnings) = diagnostics::counts(&checked.diagnostics);
    let valid = checked.size.is_some();
    let printer = &context.printer;
    if printer.is_json() {
        printer.json(&json!({
            "valid": valid,
            "sources": checked.size.map(|(sources, _)| sources),
            "gold_tables": checked.size.map(|(_, gold)| gold),
            "errors": errors,
            "warnings": warnings,
            "diagnostics": checked.diagnostics,
        }))?;
        return Ok(Outcome::of(valid));
    }
    // The problems are what was asked for, so they are data.
    let paint = Paint(printer.stdout_color());
    for diagnostic in &checked.diagnostics {
        printer.data(&format!("{}\n\n", diagnostics::text(diagnostic, paint)))?;
    }
    let problems = match (errors, warnings) {
        (0, 0) => "no problems".to_string(),
        _ => format!("{}, {}", plural(errors as u64, "error"), plural(warnings as u64, "warning")),
    };
    let place = context.settings.models.value.as_ref().map(|path| format!(" in `{}`", path.display()));
    let place = place.unwrap_or_default();
    printer.data(&match checked.size {
        Some((sources, gold)) => {
            format!("{}, {}, {problems}{place}", plural(sources as u64, "source"), plural(gold as u64, "gold table"))
        }
        None => format!("{problems}{place}"),
    })?;
    if let Some(first) = checked.diagnostics.first() {
        printer.say(&format!("run `goldsmith explain {}` to read more about a problem", first.code));
    }
    Ok(Outcome::of(valid))
}
