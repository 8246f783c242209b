//! Problems of model files.

use goldsmith::model::{Diagnostic, Severity};

use super::Paint;

/// One problem in several lines, its first word painted.
pub(crate) fn text(diagnostic: &Diagnostic, paint: Paint) -> String {
    let text = diagnostic.to_string();
    let word = diagnostic.severity.to_string();
    let painted = match diagnostic.severity {
        Severity::Error => paint.error(&word),
        Severity::Warning => paint.warning(&word),
    };
    match text.strip_prefix(&word) {
        Some(rest) => format!("{painted}{rest}"),
        None => text,
    }
}

/// Numbers of errors and warnings.
pub(crate) fn counts(diagnostics: &[Diagnostic]) -> (usize, usize) {
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error).count();
    (errors, diagnostics.len() - errors)
}
