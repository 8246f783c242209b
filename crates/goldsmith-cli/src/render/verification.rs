//! Reports of verifications.

use std::fmt::Write;

use goldsmith::{BehindInput, Check, CheckOutcome, Example, VerifyReport};
use serde_json::{Value, json};

use super::number::{count, grouped, plural, seconds};
use super::table::{Align, TextTable};
use super::{Paint, shortened};

/// Characters of a value that are shown; JSON has all of it.
const WIDTH: usize = 120;

/// Name of an outcome for people.
pub(crate) fn outcome(outcome: CheckOutcome) -> &'static str {
    match outcome {
        CheckOutcome::Passed => "passed",
        CheckOutcome::Skipped => "skipped",
        CheckOutcome::Failed => "failed",
    }
}

/// Table by table how it came out.
pub(crate) fn tables(report: &VerifyReport, paint: Paint) -> String {
    let columns = [
        ("table", Align::Left),
        ("result", Align::Left),
        ("rows", Align::Right),
        ("compared", Align::Right),
        ("checks", Align::Right),
        ("failed", Align::Right),
        ("seconds", Align::Right),
    ];
    let mut table = TextTable::new(columns, paint);
    for of in &report.tables {
        let failed = of.checks.iter().filter(|check| check.outcome == CheckOutcome::Failed).count();
        table.row([
            of.name.clone(),
            outcome(of.outcome()).to_string(),
            count(of.rows),
            count(of.compared),
            grouped(of.checks.len() as u64),
            count(failed as u64),
            seconds(of.seconds),
        ]);
    }
    table.render()
}

/// Which tables lie behind their inputs and by how much, one text per table.
pub(crate) fn behind(report: &VerifyReport, paint: Paint) -> Vec<String> {
    let shown = |input: &BehindInput| match input.contained {
        Some(contained) => format!("contains version {contained} of {} of `{}`", input.latest, plain(&input.input)),
        None => format!("contains nothing of `{}`, which is at version {}", plain(&input.input), input.latest),
    };
    report
        .behind()
        .map(|table| {
            let inputs: Vec<String> = table.behind.iter().map(shown).collect();
            format!("\n`{}` is {}: {}", table.name, paint.warning("behind"), inputs.join(", "))
        })
        .collect()
}

/// What is wrong or, unless only failures are wanted, could not be checked, one text per check.
pub(crate) fn findings(report: &VerifyReport, paint: Paint, only_failures: bool) -> Vec<String> {
    let mut out = Vec::new();
    let is_told = |check: &&Check| match check.outcome {
        CheckOutcome::Failed => true,
        CheckOutcome::Skipped => !only_failures,
        CheckOutcome::Passed => false,
    };
    for table in &report.tables {
        for check in table.checks.iter().filter(is_told) {
            out.push(finding(&table.name, check, paint));
        }
    }
    out
}

fn finding(table: &str, check: &Check, paint: Paint) -> String {
    let outcome = match check.outcome {
        CheckOutcome::Failed => paint.error("failed"),
        other => paint.warning(outcome(other)),
    };
    let mut text = format!("\n`{table}`: check `{}` {outcome}", check.name);
    if check.rows > 0 {
        let _infallible = write!(text, ", {}", plural(check.rows, "finding"));
    }
    if let Some(reason) = &check.reason {
        let _infallible = write!(text, "\n  {}", plain(reason));
    }
    for example in &check.examples {
        text.push_str(&shown(example));
    }
    let hidden = check.rows.saturating_sub(check.examples.len() as u64);
    if hidden > 0 && !check.examples.is_empty() {
        let _infallible = write!(text, "\n  and {} more", grouped(hidden));
    }
    text
}

fn shown(example: &Example) -> String {
    let mut text = format!("\n  {}: {}", plain(&example.row), plain(&example.problem));
    let value = |value: &Option<String>| value.as_deref().map_or_else(|| "null".into(), |text| shortened(text, WIDTH));
    for column in &example.columns {
        let (found, expected) = (value(&column.found), value(&column.expected));
        let _infallible = write!(text, "\n    {}: {found}, a rebuild gives {expected}", plain(&column.column));
    }
    text
}

/// A terminal must never act on what stands in the data.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// One line that says how a verification came out.
pub(crate) fn summary(report: &VerifyReport) -> String {
    let mut parts = Vec::new();
    for of in [CheckOutcome::Passed, CheckOutcome::Skipped, CheckOutcome::Failed] {
        let number = report.count(of) as u64;
        if number > 0 {
            parts.push(format!("{} {}", grouped(number), outcome(of)));
        }
    }
    let sample = report.sample.map(|share| format!(", a share of {share} of the keys")).unwrap_or_default();
    let tables = plural(report.tables.len() as u64, "table");
    let behind = match report.behind().count() as u64 {
        0 => String::new(),
        1 => "; 1 table is behind its inputs, `goldsmith run` takes over what it lacks".to_owned(),
        several => {
            format!("; {} tables are behind their inputs, `goldsmith run` takes over what they lack", grouped(several))
        }
    };
    format!("{tables} verified in {} s{sample}: {}{behind}", seconds(report.seconds), parts.join(", "))
}

/// The JSON document of a verification.
pub(crate) fn json(report: &VerifyReport) -> Value {
    let mut out = json!({"success": report.is_success(), "behind": report.behind().count()});
    if let (Value::Object(out), Value::Object(rest)) = (&mut out, json!(report)) {
        out.extend(rest);
    }
    if let Some(tables) = out.get_mut("tables").and_then(Value::as_array_mut) {
        for (document, table) in tables.iter_mut().zip(&report.tables) {
            document["outcome"] = json!(table.outcome());
            document["verified"] = json!(table.is_verified());
        }
    }
    out
}
