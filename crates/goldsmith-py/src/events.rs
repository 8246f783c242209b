//! What the engine tells while it works, for Python's logging.
//!
//! Threads of the engine only put lines into a queue; the thread that called the engine, which is Python's, takes them out and
//! logs them. So no thread of the engine ever waits for the interpreter, and handlers run where Python expects them.

use std::collections::VecDeque;
use std::fmt::Write;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, Once};

use goldsmith::{CheckOutcome, Layer, RunEvent, TableMaintenance, TableReport, TableStatus};
use pyo3::prelude::*;
use tracing::field::{Field, Visit};
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer as TracingLayer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

const DEBUG: u8 = 10;
const INFO: u8 = 20;
const WARNING: u8 = 30;
const ERROR: u8 = 40;

/// Logger of what a run does.
const RUN: &str = "goldsmith.run";

/// Lines that wait at most. Past that the oldest are dropped: logging must not fill the memory.
const WAITING: usize = 10_000;

/// One line of a log.
struct Line {
    logger: String,
    level: u8,
    text: String,
}

static LINES: Mutex<VecDeque<Line>> = Mutex::new(VecDeque::new());
/// The level of the logger `goldsmith` when the last operation began.
static THRESHOLD: AtomicU8 = AtomicU8::new(WARNING);
static STARTED: Once = Once::new();

fn put(logger: &str, level: u8, text: impl FnOnce() -> String) {
    if level < THRESHOLD.load(Ordering::Relaxed) {
        return;
    }
    let line = Line { logger: logger.to_owned(), level, text: text() };
    if let Ok(mut lines) = LINES.lock() {
        if lines.len() >= WAITING {
            lines.pop_front();
        }
        lines.push_back(line);
    }
}

/// Begins to listen, and takes over the level of the logger `goldsmith`.
pub(crate) fn listen(py: Python<'_>) -> PyResult<()> {
    // When the process has a subscriber already, that of an embedding program, it hears the traces instead.
    STARTED.call_once(|| drop(tracing_subscriber::registry().with(Traces).try_init()));
    let logger = py.import("logging")?.call_method1("getLogger", ("goldsmith",))?;
    let level: u32 = logger.call_method0("getEffectiveLevel")?.extract()?;
    THRESHOLD.store(u8::try_from(level).unwrap_or(u8::MAX), Ordering::Relaxed);
    Ok(())
}

/// Logs the lines that wait.
pub(crate) fn deliver(py: Python<'_>) -> PyResult<()> {
    let lines = match LINES.lock() {
        Ok(mut lines) => std::mem::take(&mut *lines),
        Err(_) => return Ok(()),
    };
    if lines.is_empty() {
        return Ok(());
    }
    let logging = py.import("logging")?;
    for line in lines {
        logging.call_method1("getLogger", (line.logger,))?.call_method1("log", (line.level, "%s", line.text))?;
    }
    Ok(())
}

/// Takes an event of a run.
pub(crate) fn observe(event: RunEvent) {
    match event {
        RunEvent::RunStarted { run_id, tables } => put(RUN, INFO, || format!("run {run_id}: {tables} tables")),
        RunEvent::TableStarted { table, what } => put(RUN, INFO, || format!("{table}: {what}")),
        RunEvent::TableProgress { table, rows } => put(RUN, DEBUG, || format!("{table}: {rows} rows read")),
        RunEvent::TableFinished(report) => finished(&report),
        RunEvent::TableVerified(table) => {
            let level = if table.outcome() == CheckOutcome::Failed { ERROR } else { INFO };
            put(RUN, level, || {
                let outcome = format!("{:?}", table.outcome()).to_lowercase();
                format!(
                    "{}: verification {outcome}, {} rows compared, {:.1} s",
                    table.name, table.compared, table.seconds
                )
            });
        }
        RunEvent::TableMaintained(table) => maintained(&table),
        RunEvent::RunFinished { status } => {
            let outcome = match status {
                TableStatus::Failed => "finished with failures",
                TableStatus::Cancelled => "cancelled",
                _ => "finished",
            };
            put(RUN, INFO, || outcome.to_owned());
        }
        _ => {}
    }
}

fn finished(report: &TableReport) {
    let layer = if report.layer == Layer::Bronze { "bronze" } else { "gold" };
    let name = format!("{layer} {}", report.name);
    let level = match report.status {
        TableStatus::UpToDate | TableStatus::Skipped => DEBUG,
        TableStatus::Changed => INFO,
        TableStatus::Cancelled => WARNING,
        TableStatus::Failed => ERROR,
    };
    put(RUN, level, || {
        let (status, rows) = (name_of(report.status), &report.rows);
        let mut text = format!("{name}: {status}");
        if report.status == TableStatus::Changed {
            let (read, written, duplicates) = (rows.read, rows.written(), rows.duplicates);
            let _ = write!(text, ", {read} read, {written} written, {duplicates} duplicate");
        }
        if let Some(error) = &report.error {
            let _ = write!(text, ": {error}");
        }
        let _ = write!(text, ", {:.1} s", report.seconds);
        text
    });
    for warning in &report.warnings {
        put(RUN, WARNING, || format!("{name}: {warning}"));
    }
}

fn maintained(table: &TableMaintenance) {
    let layer = if table.layer == Layer::Bronze { "bronze" } else { "gold" };
    let level = if table.error.is_some() {
        ERROR
    } else if table.small_files + table.purged_files + table.garbage_files > 0 {
        INFO
    } else {
        DEBUG
    };
    put(RUN, level, || match &table.error {
        Some(error) => format!("{layer} {}: maintenance failed: {error}", table.name),
        None => format!(
            "{layer} {}: {} small files, {} files with deleted rows, {} files of garbage ({} bytes)",
            table.name, table.small_files, table.purged_files, table.garbage_files, table.garbage_bytes
        ),
    });
}

fn name_of(status: TableStatus) -> &'static str {
    match status {
        TableStatus::UpToDate => "up to date",
        TableStatus::Changed => "changed",
        TableStatus::Skipped => "skipped",
        TableStatus::Cancelled => "cancelled",
        TableStatus::Failed => "failed",
    }
}

/// Hears the traces of the engine's crates. What they trace as information, the events of the run say to people already,
/// so it comes as debugging.
struct Traces;

impl Traces {
    fn level(metadata: &Metadata<'_>) -> Option<u8> {
        if !metadata.target().starts_with("goldsmith") {
            return None;
        }
        match *metadata.level() {
            Level::ERROR => Some(ERROR),
            Level::WARN => Some(WARNING),
            Level::INFO | Level::DEBUG => Some(DEBUG),
            _ => None,
        }
    }
}

impl<S: Subscriber> TracingLayer<S> for Traces {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        // The level can change from one operation to the next.
        if Self::level(metadata).is_some() { Interest::sometimes() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        Self::level(metadata).is_some_and(|level| level >= THRESHOLD.load(Ordering::Relaxed))
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if let Some(level) = Self::level(event.metadata()) {
            // `goldsmith_lake::table` is the logger `goldsmith.lake.table`.
            let logger = event.metadata().target().replace("::", ".").replacen("goldsmith_", "goldsmith.", 1);
            put(&logger, level, || {
                let mut text = Text::default();
                event.record(&mut text);
                format!("{}{}", text.message, text.fields)
            });
        }
    }
}

/// The message of an event with its fields behind it.
#[derive(Default)]
struct Text {
    message: String,
    fields: String,
}

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" {
            self.message = format!("{value:?}");
        } else {
            let _ = write!(self.fields, " {}={value:?}", field.name());
        }
    }
}
