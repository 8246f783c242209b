//! Where the work stands, told every now and then: a log keeps each line, and a run has hundreds of events.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use goldsmith::RunEvent;

use super::{short, table_name};
use crate::printer::Printer;
use crate::render::number::{grouped, plural};

/// Before the first line. What is done by then tells its outcome soon enough.
const FIRST_PAUSE: Duration = Duration::from_secs(10);
/// Pauses grow up to this one, so that long work is not told at length.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Tables at work that are named.
const NAMED: usize = 3;

/// Where the work stands.
pub(super) struct Pulse {
    tables: usize,
    done: usize,
    begun: Instant,
    /// Rows that went through, of each table that is being worked on.
    working: BTreeMap<String, u64>,
}

impl Pulse {
    pub(super) fn new() -> Self {
        Self { tables: 0, done: 0, begun: Instant::now(), working: BTreeMap::new() }
    }

    pub(super) fn event(&mut self, event: &RunEvent) {
        match event {
            RunEvent::RunStarted { tables, .. } => *self = Self { tables: *tables, ..Self::new() },
            RunEvent::TableStarted { table, .. } => {
                self.working.entry(short(table).to_string()).or_default();
            }
            RunEvent::TableProgress { table, rows } => {
                self.working.insert(short(table).to_string(), *rows);
            }
            RunEvent::TableFinished(report) => self.done(&table_name(report)),
            RunEvent::TableVerified(table) => self.done(&table.name),
            RunEvent::TableMaintained(table) => self.done(&table.name),
            RunEvent::RunFinished { .. } => *self = Self::new(),
            _ => {}
        }
    }

    fn done(&mut self, table: &str) {
        self.working.remove(table);
        self.done += 1;
    }

    /// One line, while there is work.
    fn line(&self) -> Option<String> {
        if self.tables == 0 {
            return None;
        }
        let named = self.working.iter().take(NAMED).map(|(table, rows)| match rows {
            0 => table.clone(),
            rows => format!("{table} ({})", plural(*rows, "row")),
        });
        let named = named.collect::<Vec<_>>().join(", ");
        let working = match self.working.len().saturating_sub(NAMED) {
            _ if named.is_empty() => String::new(),
            0 => format!("; at work: {named}"),
            more => format!("; at work: {named} and {} more", grouped(more as u64)),
        };
        let tables = plural(self.tables as u64, "table");
        Some(format!("{} of {tables} after {} s{working}", grouped(self.done as u64), self.begun.elapsed().as_secs()))
    }
}

/// Tells where the work stands, until it is aborted.
pub(super) async fn beat(pulse: Arc<Mutex<Pulse>>, printer: Printer) {
    let mut pause = FIRST_PAUSE;
    loop {
        tokio::time::sleep(pause).await;
        let line = pulse.lock().unwrap_or_else(PoisonError::into_inner).line();
        if let Some(line) = line {
            printer.say(&line);
        }
        pause = (pause * 3 / 2).min(LONGEST_PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use goldsmith::{Layer, TableReport, TableStatus};

    use super::*;

    #[test]
    fn a_line_counts_what_is_done_and_names_what_is_at_work() {
        let mut pulse = Pulse::new();
        assert_eq!(pulse.line(), None, "nothing has begun");
        pulse.event(&RunEvent::RunStarted { run_id: "r".into(), tables: 73 });
        assert_eq!(pulse.line().as_deref(), Some("0 of 73 tables after 0 s"));
        for table in ["bronze.a_a", "bronze.a_b", "gold.d", "gold.e"] {
            pulse.event(&RunEvent::TableStarted { table: table.into(), what: "rows".into() });
        }
        pulse.event(&RunEvent::TableProgress { table: "bronze.a_b".into(), rows: 40_000 });
        let told = pulse.line();
        assert_eq!(told.as_deref(), Some("0 of 73 tables after 0 s; at work: a_a, a_b (40,000 rows), d and 1 more"));
        pulse.event(&RunEvent::TableFinished(Box::new(TableReport::new(Layer::Bronze, "a.a"))));
        pulse.event(&RunEvent::TableFinished(Box::new(TableReport::new(Layer::Gold, "d"))));
        let told = pulse.line();
        assert_eq!(told.as_deref(), Some("2 of 73 tables after 0 s; at work: a_b (40,000 rows), e"));
        pulse.event(&RunEvent::RunFinished { status: TableStatus::Changed });
        assert_eq!(pulse.line(), None, "all is done");
    }
}
