//! `goldsmith maintain`

use goldsmith::{MaintainOptions, MaintainReport, TableMaintenance};

use super::{Context, Outcome};
use crate::error::{Error, Result};
use crate::interrupt::{self, Words};
use crate::progress::Progress;
use crate::render::Paint;
use crate::render::number::{bytes, grouped, plural};
use crate::render::report::layer;
use crate::render::table::{Align, TextTable};
use crate::settings::Verbosity;

/// Rearranges the files of the target's tables.
pub(super) async fn maintain(context: &Context, options: MaintainOptions) -> Result<Outcome> {
    let printer = &context.printer;
    let progress = Progress::new(printer);
    let engine = context.engine_on_target()?.observer(progress.clone()).build()?;
    let cancellation = engine.cancellation();
    let listening = interrupt::listen(printer, Words::MAINTENANCE, move || cancellation.cancel());
    let outcome = engine.maintain(&options).await;
    progress.clear();
    drop(listening);
    let report =
        outcome.map_err(|error| Error::cancelled(error, "no row was changed, and what is left can be done later"))?;
    if printer.is_json() {
        printer.json(&report)?;
        return Ok(Outcome::of(report.is_success()));
    }
    let worth_telling: Vec<&TableMaintenance> = report.tables.iter().filter(|table| is_worth_telling(table)).collect();
    if !worth_telling.is_empty() && printer.verbosity() != Verbosity::Quiet {
        printer.data(&table(&worth_telling, Paint(printer.stdout_color())))?;
    }
    for (table, error) in report.tables.iter().filter_map(|table| Some((table, table.error.as_ref()?))) {
        printer.data(&format!("{} {} failed: {error}", layer(table.layer), table.name))?;
    }
    printer.say(&summary(&report));
    Ok(Outcome::of(report.is_success()))
}

fn is_worth_telling(table: &TableMaintenance) -> bool {
    table.small_files + table.purged_files + table.garbage_files > 0
}

fn table(tables: &[&TableMaintenance], paint: Paint) -> String {
    let columns = [
        ("layer", Align::Left),
        ("table", Align::Left),
        ("files", Align::Right),
        ("merged", Align::Right),
        ("purged", Align::Right),
        ("rows purged", Align::Right),
        ("deleted", Align::Right),
        ("size", Align::Right),
    ];
    let mut out = TextTable::new(columns, paint);
    for table in tables {
        out.row([
            layer(table.layer).to_string(),
            table.name.clone(),
            grouped(table.files_before as u64),
            grouped(table.small_files as u64),
            grouped(table.purged_files as u64),
            grouped(table.rows_purged),
            grouped(table.garbage_files as u64),
            bytes(table.garbage_bytes),
        ]);
    }
    out.render()
}

fn summary(report: &MaintainReport) -> String {
    let sum = |of: fn(&TableMaintenance) -> u64| report.tables.iter().map(of).sum::<u64>();
    let (merged, deleted) =
        if report.dry_run { ("to merge or purge", "to delete") } else { ("merged or purged", "deleted") };
    format!(
        "{}: {} {merged}, {} of garbage {deleted} ({})",
        plural(report.tables.len() as u64, "table"),
        plural(sum(|table| (table.small_files + table.purged_files) as u64), "file"),
        plural(sum(|table| table.garbage_files as u64), "file"),
        bytes(sum(|table| table.garbage_bytes)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_counts_in_words_that_fit_the_number() {
        let mut report = MaintainReport { dry_run: false, tables: Vec::new() };
        assert_eq!(summary(&report), "0 tables: 0 files merged or purged, 0 files of garbage deleted (0 B)");
        report.dry_run = true;
        assert_eq!(summary(&report), "0 tables: 0 files to merge or purge, 0 files of garbage to delete (0 B)");
    }
}
