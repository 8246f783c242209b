//! Errors: what failed, what brought it about, what to do.

use serde_json::{Value, json};

use super::Paint;
use crate::error::Error;

/// The text for standard error. The problems of a model come first.
pub(crate) fn text(error: &Error, color: bool) -> String {
    let paint = Paint(color);
    let mut out = String::new();
    for diagnostic in error.diagnostics().unwrap_or_default() {
        out.push_str(&super::diagnostics::text(diagnostic, paint));
        out.push_str("\n\n");
    }
    out.push_str(&format!("{}: {}", paint.error("error"), error.message()));
    for cause in error.causes() {
        out.push_str(&format!("\n  caused by: {cause}"));
    }
    if let Some(help) = error.help() {
        out.push_str(&format!("\n  {}: {help}", paint.help("help")));
    }
    out
}

/// The JSON document that takes the place of the result.
pub(crate) fn json(error: &Error) -> Value {
    let mut out = json!({"message": error.message(), "causes": error.causes(), "help": error.help()});
    if let Some(diagnostics) = error.diagnostics() {
        out["diagnostics"] = json!(diagnostics);
    }
    json!({"error": out})
}
