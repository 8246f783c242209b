//! Experiments, runs and their metrics.

use arrow::array::ArrayRef;
use arrow::datatypes::Fields;

use crate::SynthError;
use crate::calendar::{MINUTE, SECOND};
use crate::changes::{self, Change, history};
use crate::columns::Columns;
use crate::delivery::{Deliveries, Kind, Pick};
use crate::rng::Rng;
use crate::source::{Numbering, Source, Table};
use crate::text::{push_hex, push_number, push_uuid_at};
use crate::world::{Entity, World};

pub(crate) const SOURCES: [&Source; 3] = [&EXPERIMENTS, &METRICS, &RUNS];

const EXPERIMENTS: Source = Source {
    table: Table::Experiments,
    numbering: Numbering::Free,
    schedule: schedule_experiments,
    build: build_experiments,
    ages_from: None,
};

const RUNS: Source = Source {
    table: Table::Runs,
    numbering: Numbering::ByTime { tail: 0 },
    schedule: schedule_runs,
    build: build_runs,
    ages_from: None,
};

const METRICS: Source = Source {
    table: Table::Metrics,
    numbering: Numbering::ByTime { tail: 0 },
    schedule: |world, number, out| out.event(world.time(Table::Metrics, number)),
    build: build_metrics,
    ages_from: None,
};

/// An experiment has one key, so every row after its first is another version.
fn schedule_experiments(world: &World, number: u64, out: &mut Deliveries<'_>) {
    changes::schedule(world, Table::Experiments, number, out);
    let mut first = true;
    for delivery in out.list.iter_mut().filter(|delivery| delivery.kind != Kind::Copy) {
        delivery.kind = if first { Kind::New } else { Kind::Version };
        first = false;
    }
}

fn build_experiments(world: &World, picks: &[Pick], fields: &Fields) -> Result<Vec<ArrayRef>, SynthError> {
    let row = |pick: &Pick| {
        let change = *history(world, Table::Experiments, pick.number).get(pick.part as usize)?;
        Some((&world.experiments[pick.number as usize], change))
    };
    let rows: Vec<(&Entity, Change)> = picks.iter().filter_map(row).collect();
    let mut c = Columns::new(&rows, fields);
    c.some("account_id", |_| &world.account_id);
    c.time("update_time", |row| row.1.time);
    c.time("delete_time", |row| row.1.deleted);
    c.some("workspace_id", |row| &world.workspaces[row.0.workspace].id);
    c.some("experiment_id", |row| &row.0.id);
    c.write("name", |row, buffer| {
        buffer.push_str("/Shared/");
        buffer.push_str(&row.0.name);
        if row.1.revision > 1 {
            buffer.push_str(" (renamed)");
        }
        true
    });
    c.time("create_time", |row| row.0.created);
    c.finish()
}

const RUNNING: u32 = 0;
const ENDED: u32 = 1;
const TIED: u32 = 2;

fn schedule_runs(world: &World, number: u64, out: &mut Deliveries<'_>) {
    let home = world.calendar.batch_of(world.time(Table::Runs, number));
    let last = world.calendar.last_batch();
    let mut rng = Rng::at(world.config.seed, 0x3E4A, number);
    // Training takes its time: runs are seen unfinished five times as often as statements are.
    if rng.chance(world.config.update_share * 5.0) {
        out.row(home, RUNNING, Kind::New);
        if home < last {
            out.row(home + 1, ENDED, Kind::Version);
        }
    } else {
        out.row(home, ENDED, Kind::New);
    }
    if rng.chance(world.config.tie_share * 10.0) && home < last {
        out.row(home + 1, TIED, Kind::Version);
    }
}

struct RunRow<'w> {
    number: u64,
    part: u32,
    experiment: &'w Entity,
    start: i64,
    end: i64,
    seen: i64,
    created_by: Option<&'w str>,
    status: &'static str,
}

fn run_of(world: &World, number: u64) -> (usize, i64, Rng) {
    let mut rng = world.rng(Table::Runs, number);
    let start = world.time(Table::Runs, number) / 1_000 * 1_000;
    (world.entity(&world.experiments, &mut rng, start), start, rng)
}

fn push_run_id(world: &World, buffer: &mut String, number: u64) {
    let mut rng = Rng::at(world.config.seed, Table::Runs.salt() ^ 0x1D, number);
    push_hex(buffer, rng.bits(), 16);
    push_hex(buffer, rng.bits(), 16);
}

fn build_runs(world: &World, picks: &[Pick], fields: &Fields) -> Result<Vec<ArrayRef>, SynthError> {
    let row = |pick: &Pick| {
        let (experiment, start, mut rng) = run_of(world, pick.number);
        let ended = match rng.below(20) {
            0..2 => "FAILED",
            2 => "KILLED",
            _ => "FINISHED",
        };
        let length = rng.long_tail(20) * MINUTE;
        RunRow {
            number: pick.number,
            part: pick.part,
            experiment: &world.experiments[experiment],
            start,
            end: start + length,
            seen: start + length / 2,
            created_by: world.principal(&mut rng),
            status: if pick.part == RUNNING { "RUNNING" } else { ended },
        }
    };
    let rows: Vec<RunRow<'_>> = picks.iter().map(row).collect();
    let mut c = Columns::new(&rows, fields);
    let is_over = |row: &RunRow<'_>| row.part != RUNNING;
    c.some("account_id", |_| &world.account_id);
    c.time("update_time", |row| if is_over(row) { row.end + SECOND } else { row.seen });
    c.time("delete_time", |row| (is_over(row) && row.number % 50 == 8).then_some(row.end));
    c.some("workspace_id", |row| &world.workspaces[row.experiment.workspace].id);
    c.write("run_id", |row, buffer| {
        push_run_id(world, buffer, row.number);
        true
    });
    c.some("experiment_id", |row| &row.experiment.id);
    c.text("created_by", |row| row.created_by);
    c.time("start_time", |row| row.start);
    c.time("end_time", |row| is_over(row).then_some(row.end));
    c.write("run_name", |row, buffer| {
        buffer.push_str(if row.part == TIED { "höchste-" } else { "trial-" });
        push_number(buffer, row.number);
        row.number % 20 != 7
    });
    c.some("status", |row| row.status);
    c.tags("params", |row, out| {
        out.add("learning_rate", ["0.1", "0.01", "0.001"][row.number as usize % 3]);
        out.add("größe", "groß");
        row.number % 10 != 2
    });
    c.tags("tags", |row, out| {
        if row.number.is_multiple_of(2) {
            out.add("mlflow.source.type", "NOTEBOOK");
        }
        row.number % 6 != 1
    });
    c.list(
        "aggregated_metrics",
        |row, out: &mut Vec<(usize, u64)>| {
            out.extend((0..(row.number % 4) as usize).map(|place| (place, row.number)));
            row.number % 9 != 4
        },
        |c| {
            let value = |entry: &(usize, u64)| (entry.1 % 1_000) as f64 / 1_000.0;
            c.some("metric_name", |entry| METRIC_NAMES[entry.0]);
            c.double("min_value", move |entry| value(entry) / 2.0);
            c.double("max_value", move |entry| value(entry) + 0.25);
            c.double("latest_value", value);
        },
    );
    c.finish()
}

const METRIC_NAMES: [&str; 4] = ["loss", "accuracy", "f1", "précision"];

struct Metric<'w> {
    number: u64,
    has_key: bool,
    run: u64,
    experiment: &'w Entity,
    time: i64,
    step: u64,
    value: f64,
}

fn build_metrics(world: &World, picks: &[Pick], fields: &Fields) -> Result<Vec<ArrayRef>, SynthError> {
    let row = |pick: &Pick| {
        let time = world.time(Table::Metrics, pick.number);
        let mut rng = world.rng(Table::Metrics, pick.number);
        let at = world.calendar.share_at(time) * world.count(Table::Runs) as f64;
        let run = (at as u64).saturating_sub(rng.below(3));
        let (experiment, _, _) = run_of(world, run);
        Metric {
            number: pick.number,
            has_key: !world.is_keyless(Table::Metrics.salt(), pick.number),
            run,
            experiment: &world.experiments[experiment],
            time,
            step: pick.number % 40,
            value: if rng.chance(0.003) { f64::NAN } else { rng.unit() },
        }
    };
    let rows: Vec<Metric<'_>> = picks.iter().map(row).collect();
    let mut c = Columns::new(&rows, fields);
    c.some("account_id", |_| &world.account_id);
    c.time("insert_time", |row| row.time + 2 * SECOND);
    c.write("record_id", |row, buffer| {
        push_uuid_at(buffer, world.config.seed, Table::Metrics.salt() ^ 0x1D, row.number);
        row.has_key
    });
    c.some("workspace_id", |row| &world.workspaces[row.experiment.workspace].id);
    c.some("experiment_id", |row| &row.experiment.id);
    c.write("run_id", |row, buffer| {
        push_run_id(world, buffer, row.run);
        true
    });
    c.some("metric_name", |row| METRIC_NAMES[row.number as usize % METRIC_NAMES.len()]);
    c.time("metric_time", |row| row.time);
    c.long("metric_step", |row| row.step as i64);
    c.double("metric_value", |row| row.value);
    c.finish()
}
