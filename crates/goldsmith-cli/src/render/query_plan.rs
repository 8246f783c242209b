//! The plans that `explain` answers with: texts of several lines, which a table would cut.

use arrow::array::{AsArray, RecordBatch};

/// The columns of such an answer.
const COLUMNS: [&str; 2] = ["plan_type", "plan"];

/// The plans below their kinds; none for any other answer.
pub(crate) fn text(batches: &[RecordBatch]) -> Option<String> {
    let schema = batches.first()?.schema();
    if !schema.fields().iter().map(|field| field.name().as_str()).eq(COLUMNS) {
        return None;
    }
    let mut out = String::new();
    for batch in batches {
        let kinds = batch.column(0).as_string_opt::<i32>()?;
        let plans = batch.column(1).as_string_opt::<i32>()?;
        for (kind, plan) in kinds.iter().zip(plans.iter()) {
            out.push_str(&plain(kind.unwrap_or_default()));
            out.push('\n');
            for line in plan.unwrap_or_default().trim_end().lines() {
                out.push_str("  ");
                out.push_str(&plain(line));
                out.push('\n');
            }
        }
    }
    Some(out)
}

/// A terminal must never act on what stands in a query.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, StringArray};

    use super::*;

    fn answer(second: &str) -> RecordBatch {
        let kinds: ArrayRef = Arc::new(StringArray::from(vec!["logical_plan"]));
        let plans: ArrayRef = Arc::new(StringArray::from(vec!["Projection: \u{1b}\n  TableScan: t\n"]));
        RecordBatch::try_from_iter([("plan_type", kinds), (second, plans)]).unwrap()
    }

    #[test]
    fn a_plan_keeps_its_lines_and_other_answers_are_none() {
        let text = text(&[answer("plan")]);
        assert_eq!(text.as_deref(), Some("logical_plan\n  Projection: \u{fffd}\n    TableScan: t\n"));
        assert_eq!(super::text(&[answer("rows")]), None);
        assert_eq!(super::text(&[]), None);
    }
}
