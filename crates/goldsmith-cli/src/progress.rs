//! What a run tells while it works, on standard error.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use goldsmith::{Layer, Observer, RunEvent, TableReport, TableStatus};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::printer::Printer;
use crate::render::number::{grouped, plural, seconds};
use crate::render::report::{is_checked, layer, outcome};
use crate::render::{shortened, verification};
use crate::settings::Verbosity;

const TOTAL: &str = "{bar:32} {pos}/{len} tables  {elapsed}";
const WORKING: &str = "  {spinner} {msg}";
/// Characters of what is done that are shown.
const WIDTH: usize = 100;
const BEAT: Duration = Duration::from_millis(120);

/// Bars on a terminal, lines elsewhere, nothing for a quiet user.
pub(crate) struct Progress {
    printer: Printer,
    bars: Option<Mutex<Bars>>,
}

struct Bars {
    all: MultiProgress,
    total: Option<ProgressBar>,
    working: HashMap<String, ProgressBar>,
}

impl Progress {
    pub(crate) fn new(printer: &Printer) -> Arc<Self> {
        let bars = printer
            .can_redraw()
            .then(|| Mutex::new(Bars { all: MultiProgress::new(), total: None, working: HashMap::new() }));
        Arc::new(Self { printer: printer.clone(), bars })
    }

    /// Takes all bars away; harmless when there are none.
    pub(crate) fn clear(&self) {
        if let Some(bars) = &self.bars {
            bars.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
    }

    fn line(&self, event: &RunEvent) {
        match event {
            RunEvent::TableStarted { table, what } => {
                self.printer.say(&format!("started  {table}: {}", shortened(what, WIDTH)))
            }
            RunEvent::TableFinished(report) => {
                let idle = matches!(report.status, TableStatus::UpToDate | TableStatus::Skipped);
                if !idle || self.printer.verbosity() > Verbosity::Normal {
                    self.printer.say(&format!("finished {}", finished(report)));
                }
            }
            RunEvent::TableVerified(table) => self.printer.say(&format!(
                "verified {}: {} after {} s",
                table.name,
                verification::outcome(table.outcome()),
                seconds(table.seconds)
            )),
            RunEvent::TableMaintained(table) if table.version.is_some() => self.printer.say(&format!(
                "rearranged {}: {} now, {} before",
                table.name,
                plural(table.files_after as u64, "file"),
                grouped(table.files_before as u64)
            )),
            _ => {}
        }
    }
}

impl Observer for Progress {
    fn event(&self, event: RunEvent) {
        match &self.bars {
            Some(bars) => bars.lock().unwrap_or_else(PoisonError::into_inner).event(&event),
            None => self.line(&event),
        }
    }
}

impl Bars {
    fn event(&mut self, event: &RunEvent) {
        match event {
            RunEvent::RunStarted { tables, .. } => {
                self.clear();
                let bar = self.all.add(ProgressBar::new(*tables as u64));
                bar.set_style(style(TOTAL));
                bar.enable_steady_tick(BEAT);
                self.total = Some(bar);
            }
            RunEvent::TableStarted { table, what } => {
                let bar = self.all.add(ProgressBar::new_spinner());
                bar.set_style(style(WORKING));
                bar.set_message(format!("{table}  {}", shortened(what, WIDTH)));
                bar.enable_steady_tick(BEAT);
                self.working.insert(short(table).to_string(), bar);
            }
            RunEvent::TableProgress { table, rows } => {
                if let Some(bar) = self.working.get(short(table)) {
                    bar.set_message(format!("{table}  {}", plural(*rows, "row")));
                }
            }
            RunEvent::TableFinished(report) => self.done(&table_name(report)),
            RunEvent::TableVerified(table) => self.done(&table.name),
            RunEvent::TableMaintained(table) => self.done(&table.name),
            RunEvent::RunFinished { .. } => self.clear(),
            _ => {}
        }
    }

    fn done(&mut self, table: &str) {
        if let Some(bar) = self.working.remove(table) {
            bar.finish_and_clear();
        }
        if let Some(total) = &self.total {
            total.inc(1);
        }
    }

    fn clear(&mut self) {
        for (_, bar) in self.working.drain() {
            bar.finish_and_clear();
        }
        if let Some(total) = self.total.take() {
            total.finish_and_clear();
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// A table's name without its schema; unique, as bronze and gold tables are named differently.
fn short(table: &str) -> &str {
    table.rsplit_once('.').map_or(table, |(_, name)| name)
}

/// The short name of the table that a report is about, whose bronze tables go by the name of their source.
fn table_name(report: &TableReport) -> String {
    match report.layer {
        Layer::Bronze => report.name.trim_start_matches('_').replace('.', "_"),
        Layer::Gold => report.name.clone(),
    }
}

fn finished(report: &TableReport) -> String {
    let name = format!("{} {}", layer(report.layer), report.name);
    let rows = &report.rows;
    match report.status {
        TableStatus::Changed if !is_checked(report) => format!(
            "{name}: {} read, {} written in {} s",
            plural(rows.read, "row"),
            grouped(rows.written()),
            seconds(report.seconds)
        ),
        _ => format!("{name}: {} after {} s", outcome(report), seconds(report.seconds)),
    }
}
