use arrow::array::ArrayRef;
use arrow::datatypes::Fields;

use super::job_runs::task_count;
use crate::SynthError;
use crate::changes::{self, Change, history};
use crate::columns::{Columns, Entries};
use crate::delivery::{Deliveries, Kind, Pick};
use crate::rng::Rng;
use crate::source::{Numbering, Source, Table};
use crate::text::push_number;
use crate::world::{Entity, World};

pub(super) const JOBS: Source = Source {
    table: Table::Jobs,
    numbering: Numbering::Free,
    schedule: |world, number, out| changes::schedule(world, Table::Jobs, number, out),
    build: build_jobs,
    ages_from: None,
};

pub(super) const JOB_TASKS: Source = Source {
    table: Table::JobTasks,
    numbering: Numbering::Free,
    schedule: schedule_tasks,
    build: build_tasks,
    ages_from: None,
};

pub(super) const PIPELINES: Source = Source {
    table: Table::Pipelines,
    numbering: Numbering::Free,
    schedule: |world, number, out| changes::schedule(world, Table::Pipelines, number, out),
    build: build_pipelines,
    ages_from: None,
};

const TASK_KEYS: [&str; 4] = ["extract", "transform", "load", "prüfen"];

pub(super) fn push_task_key(buffer: &mut String, task: u32) {
    buffer.push_str(TASK_KEYS[task as usize % TASK_KEYS.len()]);
}

struct Version<'w> {
    entity: &'w Entity,
    number: usize,
    task: u32,
    change: Change,
    /// The same for equal revisions.
    rng: Rng,
}

fn versions<'w>(world: &'w World, table: Table, list: &'w [Entity], picks: &[Pick]) -> Vec<Version<'w>> {
    let version = |pick: &Pick| {
        let task = pick.part >> 16;
        let place = (pick.part & 0xFFFF) as usize;
        let number = if table == Table::JobTasks { task_number(pick.number, task) } else { pick.number };
        let change = *history(world, table, number).get(place)?;
        let content = number << 8 | u64::from(change.revision);
        let rng = Rng::at(world.config.seed, table.salt() ^ 0xC027, content);
        let at = pick.number as usize;
        Some(Version { entity: &list[at], number: at, task, change, rng })
    };
    picks.iter().filter_map(version).collect()
}

fn task_number(job: u64, task: u32) -> u64 {
    job * 8 + u64::from(task)
}

fn schedule_tasks(world: &World, job: u64, out: &mut Deliveries<'_>) {
    if world.is_ghost(Table::Jobs, job) {
        return;
    }
    for task in 0..task_count(world, job as usize) {
        let mut before = None;
        for (place, change) in history(world, Table::JobTasks, task_number(job, task)).iter().enumerate() {
            if change.time >= world.calendar.end() {
                break;
            }
            let kind = if before == Some(change.time) { Kind::Version } else { Kind::New };
            before = Some(change.time);
            out.row(world.calendar.batch_of(change.time), task << 16 | place as u32, kind);
        }
    }
}

fn add_tags(rng: &Rng, out: &mut Entries) -> bool {
    let mut rng = rng.clone();
    match rng.below(10) {
        0..2 => return false,
        2 => return true,
        _ => {}
    }
    out.add("team", rng.pick(&["analytics", "platform", "finance", "größe", "データ"]));
    if rng.chance(0.5) {
        out.add("env", rng.pick(&["prod", "dev", "test"]));
    }
    if rng.chance(0.1) {
        out.add_null("cost_center");
    }
    true
}

fn build_jobs(world: &World, picks: &[Pick], fields: &Fields) -> Result<Vec<ArrayRef>, SynthError> {
    let rows = versions(world, Table::Jobs, &world.jobs, picks);
    let mut c = Columns::new(&rows, fields);
    c.some("account_id", |_| &world.account_id);
    c.some("workspace_id", |row| &world.workspaces[row.entity.workspace].id);
    c.some("job_id", |row| &row.entity.id);
    c.write("name", |row, buffer| {
        buffer.push_str(&row.entity.name);
        if row.change.revision > 2 {
            buffer.push_str(" v");
            push_number(buffer, u64::from(row.change.revision));
        }
        row.number % 41 != 17
    });
    c.some("creator_id", |row| &world.users[row.entity.owner].id);
    c.tags("tags", |row, out| add_tags(&row.rng, out));
    c.some("run_as", |row| {
        let mut rng = row.rng.clone();
        let owner = if rng.chance(0.7) { row.entity.owner } else { rng.index(world.users.len()) };
        &world.users[owner].id
    });
    c.time("change_time", |row| row.change.time);
    c.time("delete_time", |row| row.change.deleted);
    c.write("description", |row, buffer| {
        buffer.push_str("revision ");
        push_number(buffer, u64::from(row.change.revision));
        row.change.revision > 0
    });
    c.finish()
}

fn build_tasks(world: &World, picks: &[Pick], fields: &Fields) -> Result<Vec<ArrayRef>, SynthError> {
    let rows = versions(world, Table::JobTasks, &world.jobs, picks);
    let mut c = Columns::new(&rows, fields);
    c.some("account_id", |_| &world.account_id);
    c.some("workspace_id", |row| &world.workspaces[row.entity.workspace].id);
    c.some("job_id", |row| &row.entity.id);
    c.write("task_key", |row, buffer| {
        push_task_key(buffer, row.task);
        true
    });
    c.texts("depends_on_keys", |row, out| {
        if row.task > 0 && row.change.revision.is_multiple_of(2) {
            out.add(TASK_KEYS[(row.task - 1) as usize % TASK_KEYS.len()]);
        }
        row.task > 0 || row.change.revision % 3 != 1
    });
    c.time("change_time", |row| row.change.time);
    c.time("delete_time", |row| row.change.deleted);
    c.finish()
}

fn build_pipelines(world: &World, picks: &[Pick], fields: &Fields) -> Result<Vec<ArrayRef>, SynthError> {
    let rows = versions(world, Table::Pipelines, &world.pipelines, picks);
    let mut c = Columns::new(&rows, fields);
    c.some("workspace_id", |row| &world.workspaces[row.entity.workspace].id);
    c.some("pipeline_id", |row| &row.entity.id);
    c.some("pipeline_type", |row| {
        ["ETL_PIPELINE", "MATERIALIZED_VIEW", "STREAMING_TABLE", "INGESTION_PIPELINE"][row.number % 4]
    });
    c.some("name", |row| &row.entity.name);
    c.some("created_by", |row| &world.users[row.entity.owner].name);
    c.text("run_as", |row| world.principal(&mut row.rng.clone()));
    c.tags("tags", |row, out| add_tags(&row.rng, out));
    c.structure(
        "settings",
        |row| row.number % 11 != 5,
        |c| {
            c.flag("photon", |row| row.change.revision % 2 == 1);
            c.flag("development", |row| row.number.is_multiple_of(3));
            c.flag("continuous", |row| row.number.is_multiple_of(5));
            c.flag("serverless", |row| row.number.is_multiple_of(2));
            c.some("edition", |row| ["CORE", "PRO", "ADVANCED"][row.number % 3]);
            c.text("channel", |row| (row.change.revision != 1).then_some("CURRENT"));
        },
    );
    c.tags("configuration", |row, out| {
        if row.change.revision > 0 {
            out.add("pipelines.trigger.interval", "1 hour");
        }
        true
    });
    c.time("change_time", |row| row.change.time);
    c.time("delete_time", |row| row.change.deleted);
    c.some("account_id", |_| &world.account_id);
    c.finish()
}
