//! Reports of runs.

use goldsmith::{Layer, RowCounts, RunReport, TableReport, TableStatus};
use serde_json::{Value, json};

use super::Paint;
use super::number::{count, grouped, plural, seconds};
use super::table::{Align, TextTable};

/// What people are told of a table that committed a position and no row.
const CHECKED: &str = "checked";

/// The column of deleted rows.
const DELETED: &str = "deleted";

/// Name of a layer for people.
pub(crate) fn layer(layer: Layer) -> &'static str {
    match layer {
        Layer::Bronze => "bronze",
        Layer::Gold => "gold",
    }
}

/// Whether a table committed how far it looked, and no row: nothing of what came to its inputs was for it.
pub(crate) fn is_checked(report: &TableReport) -> bool {
    let (entered, left) = report.rows.sides();
    report.status == TableStatus::Changed && entered + left + report.rows.deleted + report.rows.vanished == 0
}

/// How a table came out, for people.
pub(crate) fn outcome(report: &TableReport) -> &'static str {
    if is_checked(report) { CHECKED } else { status(report.status) }
}

/// Name of a status for people.
fn status(status: TableStatus) -> &'static str {
    match status {
        TableStatus::UpToDate => "up to date",
        TableStatus::Changed => "changed",
        TableStatus::Skipped => "skipped",
        TableStatus::Cancelled => "cancelled",
        TableStatus::Failed => "failed",
    }
}

/// Table by table what was done, with the totals of each layer at the end. Revisited are rows that a table held
/// before and that had to be looked at again: a dimension that they refer to changed, or their source lost them. Deleted rows have a
/// column where there are any.
pub(crate) fn tables<'a>(reports: impl IntoIterator<Item = &'a TableReport>, paint: Paint) -> String {
    let reports: Vec<&TableReport> = reports.into_iter().collect();
    let has_deleted = reports.iter().any(|report| report.rows.deleted > 0);
    let columns = [
        ("layer", Align::Left),
        ("table", Align::Left),
        ("status", Align::Left),
        ("read", Align::Right),
        ("revisited", Align::Right),
        ("written", Align::Right),
        (DELETED, Align::Right),
        ("unchanged", Align::Right),
        ("duplicates", Align::Right),
        ("quarantined", Align::Right),
        ("seconds", Align::Right),
    ];
    let columns = columns.into_iter().filter(|(name, _)| has_deleted || *name != DELETED);
    let row = |layer: &str, name: &str, status: &str, rows: &RowCounts, time: f64| {
        let deleted = has_deleted.then(|| count(rows.deleted));
        let before = [
            layer.to_owned(),
            name.to_owned(),
            status.to_owned(),
            count(rows.read),
            count(revisited(rows)),
            count(rows.written()),
        ];
        let after = [count(rows.unchanged), count(rows.duplicates), count(rows.quarantined), seconds(time)];
        before.into_iter().chain(deleted).chain(after).collect::<Vec<String>>()
    };
    let mut table = TextTable::new(columns, paint);
    let mut totals = [(Layer::Bronze, RowCounts::default(), 0.0), (Layer::Gold, RowCounts::default(), 0.0)];
    let mut layers = Vec::new();
    for report in reports {
        layers.push(report.layer);
        table.row(row(layer(report.layer), &report.name, outcome(report), &report.rows, report.seconds));
        for (layer, rows, time) in &mut totals {
            if *layer == report.layer {
                rows.add(&report.rows);
                *time += report.seconds;
            }
        }
    }
    for (of, rows, time) in totals.iter().filter(|(of, ..)| layers.contains(of)) {
        table.row(row(layer(*of), "total", "", rows, *time));
    }
    table.render()
}

fn revisited(rows: &RowCounts) -> u64 {
    rows.repaired + rows.reread + rows.vanished
}

/// Absent sources that are named.
const NAMED: usize = 3;

/// How many sources are absent, and the first of them; nothing when all are there.
fn absent(report: &RunReport) -> String {
    let absent = report.absent();
    let mut named = absent.iter().take(NAMED).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match absent.len().saturating_sub(NAMED) {
        0 if absent.is_empty() => return String::new(),
        0 => {}
        more => named.push_str(&format!(" and {} more", grouped(more as u64))),
    }
    let verb = if absent.len() == 1 { "is" } else { "are" };
    format!("; {} {verb} absent: {named}", plural(absent.len() as u64, "source"))
}

/// One line that says how a run came out.
pub(crate) fn summary(report: &RunReport) -> String {
    let number = |status: TableStatus| report.tables.iter().filter(|table| table.status == status).count() as u64;
    let time = seconds(report.seconds);
    if report.is_success() && report.is_up_to_date() {
        let tables = plural(number(TableStatus::UpToDate), "table");
        return format!("nothing new: {tables} up to date after {time} s{}", absent(report));
    }
    let checked = report.tables.iter().filter(|table| is_checked(table)).count() as u64;
    let mut parts = vec![format!("{} changed", plural(number(TableStatus::Changed) - checked, "table"))];
    if checked > 0 {
        parts.push(format!("{} {CHECKED}", grouped(checked)));
    }
    for of in [TableStatus::UpToDate, TableStatus::Skipped, TableStatus::Cancelled, TableStatus::Failed] {
        if number(of) > 0 {
            parts.push(format!("{} {}", grouped(number(of)), status(of)));
        }
    }
    format!("{} in {time} s (run {}){}", parts.join(", "), report.run_id, absent(report))
}

/// The tables that failed, each with its reason.
pub(crate) fn failures<'a>(reports: impl IntoIterator<Item = &'a TableReport>, paint: Paint) -> Vec<String> {
    let failed = reports.into_iter().filter(|report| report.status == TableStatus::Failed);
    failed
        .filter_map(|report| {
            let (error, name) = (report.error.as_ref()?, named(report));
            Some(format!("{}: {name} failed\n  caused by: {error}", paint.error("error")))
        })
        .collect()
}

/// What is worth knowing of single tables and no failure.
pub(crate) fn warnings<'a>(reports: impl IntoIterator<Item = &'a TableReport>, paint: Paint) -> Vec<String> {
    let mut out = Vec::new();
    for report in reports {
        let name = named(report);
        out.extend(report.warnings.iter().map(|warning| format!("{}: {name}: {warning}", paint.warning("warning"))));
    }
    out
}

fn named(report: &TableReport) -> String {
    format!("{} table `{}`", layer(report.layer), report.name)
}

/// The JSON document of a run.
pub(crate) fn json(report: &RunReport) -> Value {
    let mut out = json!({"status": report.status(), "success": report.is_success(), "absent": report.absent()});
    if let (Value::Object(out), Value::Object(rest)) = (&mut out, json!(report)) {
        out.extend(rest);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(name: &str, rows: RowCounts) -> TableReport {
        TableReport { status: TableStatus::Changed, rows, ..TableReport::new(Layer::Gold, name) }
    }

    #[test]
    fn deleted_rows_have_a_column_where_there_are_any() {
        let none = [changed("a", RowCounts { read: 1, inserted: 1, ..RowCounts::default() })];
        assert!(!tables(&none, Paint(false)).contains(DELETED));
        let some =
            [changed("a", RowCounts { read: 2, updated: 1, unchanged: 1, deleted: 1234, ..RowCounts::default() })];
        let text = tables(&some, Paint(false));
        let cells: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
        let expected = ["gold", "a", "changed", "2", "-", "1", "1,234", "1", "-", "-", "0.00"];
        assert_eq!(cells[0][5..8], ["written", DELETED, "unchanged"], "{text}");
        assert_eq!(cells[2], expected, "{text}");
    }

    #[test]
    fn a_table_that_committed_no_row_is_told_from_one_that_did() {
        let report = RunReport {
            run_id: "r".into(),
            started_at: String::new(),
            seconds: 1.0,
            memory_limit: 0,
            tables: vec![
                changed("idle", RowCounts::default()),
                changed("vanished", RowCounts { vanished: 1, ..RowCounts::default() }),
                changed("written", RowCounts { read: 1, inserted: 1, ..RowCounts::default() }),
            ],
        };
        let outcomes: Vec<&str> = report.tables.iter().map(outcome).collect();
        assert_eq!(outcomes, ["checked", "changed", "changed"]);
        assert_eq!(summary(&report), "2 tables changed, 1 checked in 1.00 s (run r)");
        assert_eq!(json(&report)["tables"][0]["status"], "changed");
    }
}
