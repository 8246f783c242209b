//! Bars that redraw themselves on a terminal.

use std::collections::HashMap;
use std::time::Duration;

use goldsmith::RunEvent;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::{WIDTH, short, table_name};
use crate::render::number::plural;
use crate::render::shortened;

const TOTAL: &str = "{bar:32} {pos}/{len} tables  {elapsed}";
const WORKING: &str = "  {spinner} {msg}";
const BEAT: Duration = Duration::from_millis(120);

/// One bar for all tables, and a line for each that is being worked on.
pub(super) struct Bars {
    all: MultiProgress,
    total: Option<ProgressBar>,
    working: HashMap<String, ProgressBar>,
}

impl Bars {
    pub(super) fn new() -> Self {
        Self { all: MultiProgress::new(), total: None, working: HashMap::new() }
    }

    pub(super) fn event(&mut self, event: &RunEvent) {
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

    /// Takes all bars away.
    pub(super) fn clear(&mut self) {
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
