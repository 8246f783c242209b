//! What a run tells while it works, on standard error.

mod bars;
mod pulse;

use std::sync::{Arc, Mutex, PoisonError};

use goldsmith::{CheckOutcome, Layer, Observer, RunEvent, TableReport, TableStatus};
use tokio::task::JoinHandle;

use crate::printer::Printer;
use crate::render::number::{grouped, plural, seconds};
use crate::render::report::{is_checked, layer, outcome};
use crate::render::{shortened, verification};
use crate::settings::Verbosity;
use bars::Bars;
use pulse::Pulse;

/// Characters of what is done that are shown.
const WIDTH: usize = 100;

/// Bars on a terminal. Elsewhere, as in the log of a job, where the work stands every now and then, and what fails at once; who
/// asks for more is told of each table. Nothing for a quiet user.
pub(crate) struct Progress {
    printer: Printer,
    shown: Shown,
}

enum Shown {
    Bars(Mutex<Bars>),
    Pulse(Arc<Mutex<Pulse>>, JoinHandle<()>),
    Tables,
    Nothing,
}

impl Progress {
    /// Begins to show; of an asynchronous operation, as it may have to wake up by itself.
    pub(crate) fn new(printer: &Printer) -> Arc<Self> {
        let shown = match printer.verbosity() {
            _ if printer.can_redraw() => Shown::Bars(Mutex::new(Bars::new())),
            Verbosity::Quiet => Shown::Nothing,
            Verbosity::Normal => {
                let pulse = Arc::new(Mutex::new(Pulse::new()));
                Shown::Pulse(pulse.clone(), tokio::spawn(pulse::beat(pulse, printer.clone())))
            }
            Verbosity::Verbose | Verbosity::VeryVerbose | Verbosity::Everything => Shown::Tables,
        };
        Arc::new(Self { printer: printer.clone(), shown })
    }

    /// Ends what is shown; harmless when that is nothing.
    pub(crate) fn clear(&self) {
        match &self.shown {
            Shown::Bars(bars) => bars.lock().unwrap_or_else(PoisonError::into_inner).clear(),
            Shown::Pulse(_, beat) => beat.abort(),
            Shown::Tables | Shown::Nothing => {}
        }
    }
}

impl Observer for Progress {
    fn event(&self, event: RunEvent) {
        match &self.shown {
            Shown::Bars(bars) => bars.lock().unwrap_or_else(PoisonError::into_inner).event(&event),
            Shown::Pulse(pulse, _) => {
                pulse.lock().unwrap_or_else(PoisonError::into_inner).event(&event);
                if let Some(line) = line(&event).filter(|_| is_failure(&event)) {
                    self.printer.say(&line);
                }
            }
            Shown::Tables => {
                if let Some(line) = line(&event) {
                    self.printer.say(&line);
                }
            }
            Shown::Nothing => {}
        }
    }
}

/// What is told of an event.
fn line(event: &RunEvent) -> Option<String> {
    match event {
        RunEvent::TableStarted { table, what } => Some(format!("started  {table}: {}", shortened(what, WIDTH))),
        RunEvent::TableFinished(report) => Some(format!("finished {}", finished(report))),
        RunEvent::TableVerified(table) => Some(format!(
            "verified {}: {} after {} s",
            table.name,
            verification::outcome(table.outcome()),
            seconds(table.seconds)
        )),
        RunEvent::TableMaintained(table) if table.version.is_some() => Some(format!(
            "rearranged {}: {} now, {} before",
            table.name,
            plural(table.files_after as u64, "file"),
            grouped(table.files_before as u64)
        )),
        _ => None,
    }
}

/// Whether it should not wait for the end of the work.
fn is_failure(event: &RunEvent) -> bool {
    match event {
        RunEvent::TableFinished(report) => report.status == TableStatus::Failed,
        RunEvent::TableVerified(table) => table.outcome() == CheckOutcome::Failed,
        _ => false,
    }
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
