use arrow::array::ArrayRef;
use arrow::datatypes::Fields;

use super::timeline::{Attempt, Slice, Timeline, duration};
use crate::SynthError;
use crate::calendar::{HOUR, MINUTE, SECOND};
use crate::columns::Columns;
use crate::delivery::{Deliveries, Pick};
use crate::rng::Rng;
use crate::source::{Numbering, Source, Table};
use crate::text::push_number;
use crate::world::{Entity, World};

/// The last slice of a run can be this long after its start: three attempts of the longest kind.
const TAIL: i64 = 130 * HOUR;

pub(super) const JOB_RUNS: Source = Source {
    table: Table::JobRuns,
    numbering: Numbering::ByTime { tail: TAIL },
    schedule: schedule_runs,
    build: build_runs,
    ages_from: None,
};

pub(super) const TASK_RUNS: Source = Source {
    table: Table::TaskRuns,
    numbering: Numbering::ByTime { tail: TAIL },
    schedule: schedule_tasks,
    build: build_tasks,
    ages_from: None,
};

/// A run of a job.
pub(crate) struct Run {
    /// Index of the job.
    pub(crate) job: usize,
    /// The run's id as a number; its tasks' ids follow it.
    pub(crate) id: u64,
    timeline: Timeline,
}

const ENDS: [(&str, &str); 5] = [
    ("FAILED", "RUN_EXECUTION_ERROR"),
    ("CANCELLED", "USER_CANCELED"),
    ("TIMED_OUT", "DRIVER_TIMEOUT"),
    ("ERROR", "INTERNAL_ERROR"),
    ("FAILED", "CLUSTER_ERROR"),
];
const NEVER_STARTED: [(&str, &str); 3] =
    [("SKIPPED", "SKIPPED"), ("CANCELLED", "MAX_CONCURRENT_RUNS_EXCEEDED"), ("BLOCKED", "BLOCKED")];

/// The run with a number.
pub(crate) fn run(world: &World, number: u64) -> Run {
    let mut rng = world.rng(Table::JobRuns, number);
    let start = world.time(Table::JobRuns, number) / 1_000 * 1_000;
    let job = world.entity(&world.jobs, &mut rng, start);
    let id = 100_000_000_000_000 + number * 6_400 + rng.below(6_300);
    let mut attempts = [None; 3];
    if rng.chance(0.02) {
        let (state, code) = rng.pick(&NEVER_STARTED);
        attempts[0] = Some(Attempt { start, end: start, state, code });
    } else {
        let mut at = start;
        for attempt in &mut attempts {
            let mut end = at + duration(&mut rng);
            // Some of the last runs go on when the days are over.
            if world.calendar.end() - at < 12 * HOUR && rng.chance(0.3) {
                end += 12 * HOUR;
            }
            let fails = rng.chance(0.1);
            let (state, code) = match rng.below(100) {
                _ if fails => rng.pick(&ENDS),
                0..3 => ("SUCCESS", "SUCCESS"),
                _ => ("SUCCEEDED", "SUCCESS"),
            };
            *attempt = Some(Attempt { start: at, end, state, code });
            if !fails || rng.chance(0.3) {
                break;
            }
            at = end + rng.between(SECOND, 5 * MINUTE);
        }
    }
    Run { job, id, timeline: Timeline::new(attempts, job.is_multiple_of(10)) }
}

/// The number of a run that started shortly before an instant.
pub(crate) fn run_near(world: &World, rng: &mut Rng, time: i64) -> u64 {
    let at = world.calendar.share_at(time) * world.count(Table::JobRuns) as f64;
    (at as u64).saturating_sub(1 + rng.below(4))
}

/// The number of tasks of a job.
pub(super) fn task_count(world: &World, job: usize) -> u32 {
    Rng::at(world.config.seed, 0x7A54, job as u64).pick(&[1, 1, 2, 2, 3, 4])
}

/// The attempts of one task of a run: a run's tasks follow one another; the last one is what fails and is
/// tried again.
fn task(run: &Run, task: u32, tasks: u32) -> Option<Timeline> {
    let mut attempts = run.timeline.attempts().copied();
    let first = attempts.next()?;
    let length = first.end - first.start;
    if length == 0 {
        return (task == 0).then(|| run.timeline.clone());
    }
    let edge = |number: u32| first.start + length * i64::from(number) / i64::from(tasks);
    let mut part = Attempt { start: edge(task), end: edge(task + 1), ..first };
    if task + 1 < tasks {
        (part.state, part.code) = ("SUCCEEDED", "SUCCESS");
        return Some(Timeline::new([Some(part), None, None], false));
    }
    Some(Timeline::new([Some(part), attempts.next(), attempts.next()], false))
}

fn schedule_runs(world: &World, number: u64, out: &mut Deliveries<'_>) {
    let run = run(world, number);
    if world.is_keyless(Table::JobRuns.salt(), number) {
        return out.event(world.time(Table::JobRuns, number));
    }
    run.timeline.schedule(world, Table::JobRuns.salt() ^ number << 20, 0, out);
}

fn schedule_tasks(world: &World, number: u64, out: &mut Deliveries<'_>) {
    let run = run(world, number);
    let tasks = task_count(world, run.job);
    for place in 0..tasks {
        if let Some(timeline) = task(&run, place, tasks) {
            timeline.schedule(world, Table::TaskRuns.salt() ^ number << 20, place << 16, out);
        }
    }
}

struct RunRow<'w> {
    has_key: bool,
    number: u64,
    job: &'w Entity,
    run: Run,
    /// Of the job's or the task's run.
    run_id: u64,
    task: u32,
    slice: Slice,
    rng: Rng,
}

impl<'w> RunRow<'w> {
    fn new(world: &'w World, table: Table, pick: &Pick) -> Option<Self> {
        let run = run(world, pick.number);
        let task_number = pick.part >> 16;
        let slice = if table == Table::TaskRuns {
            let tasks = task_count(world, run.job);
            task(&run, task_number, tasks)?.slice(pick.part & 0xFFFF)?
        } else {
            run.timeline.slice(pick.part)?
        };
        Some(Self {
            has_key: table == Table::TaskRuns || !world.is_keyless(table.salt(), pick.number),
            number: pick.number,
            job: &world.jobs[run.job],
            run_id: if table == Table::TaskRuns { run.id + 1 + u64::from(task_number) } else { run.id },
            run,
            task: task_number,
            slice,
            // Both parts of a slice that is told twice name the same compute.
            rng: Rng::at(world.config.seed, table.salt() ^ 0xC0, pick.number << 20 | u64::from(pick.part / 2)),
        })
    }

    /// Columns that were added later are null in older rows.
    fn is_old(&self, world: &World) -> bool {
        self.slice.start - world.calendar.start() < (world.calendar.end() - world.calendar.start()) / 6
    }

    fn add_compute_ids(&self, world: &World, out: &mut crate::columns::Texts) -> bool {
        let mut rng = self.rng.clone();
        match rng.below(20) {
            0..2 => return false,
            2..4 => return true,
            _ => {}
        }
        for _ in 0..1 + rng.below(2) {
            let from = self.run.job * 7 + rng.index(3);
            out.add(&world.clusters[world.neighbour(&world.clusters, from, self.job.workspace)].id);
        }
        if rng.chance(0.1) {
            let from = world.neighbour(&world.warehouses, self.run.job, self.job.workspace);
            out.add(&world.warehouses[from].id);
        }
        true
    }
}

fn build_runs(world: &World, picks: &[Pick], fields: &Fields) -> Result<Vec<ArrayRef>, SynthError> {
    let rows: Vec<RunRow<'_>> = picks.iter().filter_map(|pick| RunRow::new(world, Table::JobRuns, pick)).collect();
    let mut c = Columns::new(&rows, fields);
    common(world, &mut c);
    c.text("trigger_type", |row| {
        let triggers = ["CRON", "PERIODIC", "ONETIME", "RETRY", "FILE_ARRIVAL", "CONTINUOUS"];
        Some(triggers[row.run.job % triggers.len()])
    });
    c.text("run_type", |row| {
        let kind = ["JOB_RUN", "JOB_RUN", "JOB_RUN", "SUBMIT_RUN", "WORKFLOW_RUN"][row.run.job % 5];
        (!row.is_old(world)).then_some(kind)
    });
    c.text("run_name", |row| (row.run.job % 5 == 3).then_some(row.job.name.as_str()));
    c.map(
        "job_parameters",
        |row, out: &mut Vec<(&str, u64)>| {
            if row.is_old(world) || row.run.job % 3 == 1 {
                return false;
            }
            out.push(("run_day", row.number % 28 + 1));
            if row.run.job.is_multiple_of(2) {
                out.push(("größe", row.number % 3));
            }
            true
        },
        |c| {
            c.some("key", |entry| entry.0);
            c.tags("value", |entry, out| {
                let mut value = String::new();
                push_number(&mut value, entry.1);
                out.add("default", "1");
                out.add("value", &value);
                true
            });
        },
    );
    c.finish()
}

fn build_tasks(world: &World, picks: &[Pick], fields: &Fields) -> Result<Vec<ArrayRef>, SynthError> {
    let rows: Vec<RunRow<'_>> = picks.iter().filter_map(|pick| RunRow::new(world, Table::TaskRuns, pick)).collect();
    let mut c = Columns::new(&rows, fields);
    common(world, &mut c);
    c.write("task_key", |row, buffer| {
        super::definitions::push_task_key(buffer, row.task);
        true
    });
    c.write("job_run_id", |row, buffer| {
        push_number(buffer, row.run.id);
        !row.is_old(world)
    });
    c.write("parent_run_id", |row, buffer| {
        push_number(buffer, row.run.id);
        !row.is_old(world)
    });
    c.finish()
}

/// The columns that runs of jobs and of tasks have in common.
fn common<'w>(world: &'w World, c: &mut Columns<'_, RunRow<'w>>) {
    c.some("account_id", |_| &world.account_id);
    c.text("workspace_id", |row| row.has_key.then_some(&world.workspaces[row.job.workspace].id));
    c.text("job_id", |row| row.has_key.then_some(&row.job.id));
    c.write("run_id", |row, buffer| {
        push_number(buffer, row.run_id);
        row.has_key
    });
    c.time("period_start_time", |row| row.has_key.then_some(row.slice.start));
    c.time("period_end_time", |row| row.slice.end);
    c.text("result_state", |row| row.slice.result.map(|(state, _)| state));
    c.text("termination_code", |row| row.slice.result.filter(|_| !row.is_old(world)).map(|(_, code)| code));
    c.texts("compute_ids", |row, out| row.add_compute_ids(world, out));
}
