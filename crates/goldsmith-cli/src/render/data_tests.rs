//! How the data tests of a model came out.

use std::fmt::Write;

use goldsmith::data_tests::{CaseReport, RowDifference};
use goldsmith::model::TestRow;
use serde_json::{Value, json};

use super::Paint;
use super::number::{count, grouped, plural, seconds};
use super::table::{Align, TextTable};

/// Table by table how many cases there are.
pub(crate) fn table(reports: &[CaseReport], paint: Paint) -> String {
    let columns =
        [("table", Align::Left), ("cases", Align::Right), ("failed", Align::Right), ("seconds", Align::Right)];
    let mut table = TextTable::new(columns, paint);
    for cases in reports.chunk_by(|one, other| one.table == other.table) {
        let name = cases.first().map(|report| report.table.clone()).unwrap_or_default();
        let failed = cases.iter().filter(|report| !report.is_success()).count();
        let time = cases.iter().map(|report| report.seconds).sum();
        table.row([name, grouped(cases.len() as u64), count(failed as u64), seconds(time)]);
    }
    table.render()
}

/// The cases that do not hold, each with what differs.
pub(crate) fn failures(reports: &[CaseReport], paint: Paint) -> Vec<String> {
    reports.iter().filter(|report| !report.is_success()).map(|report| failure(report, paint)).collect()
}

fn failure(report: &CaseReport, paint: Paint) -> String {
    let mut text = format!("{}: `{}`: {}", paint.error("failed"), report.table, report.case);
    if let Some(error) = &report.error {
        let _infallible = write!(text, "\n  {error}");
    }
    for row in &report.rows {
        text.push_str(&difference(row));
    }
    for source in &report.quarantine {
        let _infallible = write!(
            text,
            "\n  quarantine of `{}`: expected {}, found {}",
            source.source,
            plural(source.expected, "row"),
            grouped(source.found)
        );
    }
    text.push_str("\n\n");
    text
}

/// Both rows below each other where there are both, with the columns that differ first.
fn difference(row: &RowDifference) -> String {
    let mut text = String::new();
    match (&row.expected, &row.found) {
        (Some(expected), Some(found)) => {
            for column in &row.columns {
                let (name, expected, found) = (&column.column, &column.expected, &column.found);
                let _infallible = write!(text, "\n  `{name}`: expected {expected}, found {found}");
            }
            let _infallible = write!(text, "\n    expected {}\n    found    {}", shown(expected), shown(found));
        }
        (Some(expected), None) => {
            let _infallible = write!(text, "\n  expected, but not there: {}", shown(expected));
        }
        (None, Some(found)) => {
            let _infallible = write!(text, "\n  there, but not expected: {}", shown(found));
        }
        (None, None) => {}
    }
    text
}

/// A row as JSON, which escapes what a terminal would act on.
fn shown(row: &TestRow) -> String {
    json!(row).to_string()
}

/// One line that says how all came out.
pub(crate) fn summary(reports: &[CaseReport]) -> String {
    let failed = reports.iter().filter(|report| !report.is_success()).count() as u64;
    let tables = reports.chunk_by(|one, other| one.table == other.table).count() as u64;
    let outcome = match failed {
        0 => "all passed".to_owned(),
        failed => format!("{} failed", grouped(failed)),
    };
    format!("{} of {}: {outcome}", plural(reports.len() as u64, "case"), plural(tables, "gold table"))
}

/// The JSON document of all cases.
pub(crate) fn json(reports: &[CaseReport]) -> Value {
    let failed = reports.iter().filter(|report| !report.is_success()).count();
    let cases: Vec<Value> = reports
        .iter()
        .map(|report| {
            let mut out = json!({"success": report.is_success()});
            if let (Value::Object(out), Value::Object(rest)) = (&mut out, json!(report)) {
                out.extend(rest);
            }
            out
        })
        .collect();
    json!({"success": failed == 0, "passed": reports.len() - failed, "failed": failed, "cases": cases})
}
