//! Problems of expressions as diagnostics with their place in the file.

use goldsmith_model::{Diagnostic, Locator};
use goldsmith_query::check::ExpressionProblem;

/// Gives a problem its place.
pub(crate) fn diagnostic(locator: &Locator, problem: &ExpressionProblem) -> Diagnostic {
    Diagnostic::from_problem(locator, problem.problem())
}
