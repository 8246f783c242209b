use arrow::array::ArrayRef;
use arrow::datatypes::Fields;

use super::timeline::{Attempt, Slice, Timeline, duration};
use crate::SynthError;
use crate::calendar::HOUR;
use crate::columns::Columns;
use crate::delivery::{Deliveries, Pick};
use crate::rng::Rng;
use crate::source::{Numbering, Source, Table};
use crate::text::{push_number, push_uuid_at};
use crate::world::{Entity, LakeTable, World};

pub(super) const PIPELINE_UPDATES: Source = Source {
    table: Table::PipelineUpdates,
    numbering: Numbering::ByTime { tail: 72 * HOUR },
    schedule: |world, number, out: &mut Deliveries<'_>| {
        let salt = Table::PipelineUpdates.salt() ^ number << 20;
        update(world, number).timeline.schedule(world, salt, 0, out);
    },
    build,
    ages_from: None,
};

/// An update of a pipeline.
pub(crate) struct Update {
    number: u64,
    /// Index of the pipeline.
    pub(crate) pipeline: usize,
    timeline: Timeline,
    rng: Rng,
}

impl Update {
    /// Appends the update's id.
    pub(crate) fn push_id(&self, world: &World, buffer: &mut String) {
        push_uuid_at(buffer, world.config.seed, Table::PipelineUpdates.salt() ^ 0x1D, self.number);
    }
}

fn update(world: &World, number: u64) -> Update {
    let mut rng = world.rng(Table::PipelineUpdates, number);
    let start = world.time(Table::PipelineUpdates, number) / 1_000 * 1_000;
    let pipeline = world.entity(&world.pipelines, &mut rng, start);
    let long = pipeline.is_multiple_of(5) && rng.chance(0.3);
    let end = start + duration(&mut rng) + if long { rng.between(HOUR, 30 * HOUR) } else { 0 };
    let state = match rng.below(20) {
        0..2 => "FAILED",
        2 => "CANCELED",
        _ => "COMPLETED",
    };
    let attempt = Attempt { start, end, state, code: "" };
    Update { number, pipeline, timeline: Timeline::new([Some(attempt), None, None], false), rng }
}

/// An update that started shortly before an instant.
pub(crate) fn update_near(world: &World, rng: &mut Rng, time: i64) -> Update {
    let at = world.calendar.share_at(time) * world.count(Table::PipelineUpdates) as f64;
    update(world, (at as u64).saturating_sub(1 + rng.below(4)))
}

struct Row<'w> {
    update: Update,
    pipeline: &'w Entity,
    slice: Slice,
    /// Index of the classic cluster, when it runs on one.
    cluster: Option<usize>,
    tables: u64,
}

fn build(world: &World, picks: &[Pick], fields: &Fields) -> Result<Vec<ArrayRef>, SynthError> {
    let row = |pick: &Pick| {
        let mut update = update(world, pick.number);
        let slice = update.timeline.slice(pick.part)?;
        let pipeline = &world.pipelines[update.pipeline];
        let near = world.neighbour(&world.clusters, update.pipeline * 3, pipeline.workspace);
        let cluster = (!update.pipeline.is_multiple_of(2)).then_some(near);
        let tables = update.rng.below(3);
        Some(Row { update, pipeline, slice, cluster, tables })
    };
    let rows: Vec<Row<'_>> = picks.iter().filter_map(row).collect();
    let mut c = Columns::new(&rows, fields);
    c.some("workspace_id", |row| &world.workspaces[row.pipeline.workspace].id);
    c.some("pipeline_id", |row| &row.pipeline.id);
    c.write("update_id", |row, buffer| {
        row.update.push_id(world, buffer);
        true
    });
    c.some("update_type", |row| if row.update.number % 9 == 4 { "FULL_REFRESH" } else { "REFRESH" });
    c.write("request_id", |row, buffer| {
        row.update.push_id(world, buffer);
        true
    });
    c.text("run_as_user_name", |row| world.principal(&mut row.update.rng.clone()));
    c.some("trigger_type", |row| ["JOB_TASK", "USER_ACTION", "RETRY_ON_FAILURE", "SCHEDULE"][row.update.pipeline % 4]);
    c.structure(
        "trigger_details",
        |row| row.update.pipeline.is_multiple_of(4),
        |c| {
            c.structure(
                "job_task",
                |_| true,
                |c| {
                    c.some("job_id", |row| {
                        let near = world.neighbour(&world.jobs, row.update.pipeline, row.pipeline.workspace);
                        &world.jobs[near].id
                    });
                    c.write("job_task_run_id", |row, buffer| {
                        push_number(buffer, 900_000_000_000_000 + row.update.number);
                        true
                    });
                    c.some("performance_target", |_| "STANDARD");
                },
            );
        },
    );
    c.text("result_state", |row| row.slice.result.map(|(state, _)| state));
    c.structure(
        "compute",
        |row| row.update.number % 13 != 6,
        |c| {
            c.some("type", |row| if row.cluster.is_some() { "CLASSIC" } else { "SERVERLESS" });
            c.text("cluster_id", |row| row.cluster.map(|at| &world.clusters[at].id));
        },
    );
    c.time("period_start_time", |row| row.slice.start);
    c.time("period_end_time", |row| row.slice.end);
    c.list("refresh_selection", |row, out| add_tables(world, row, out), fill_table);
    c.list("full_refresh_selection", |row, out| row.update.number % 9 == 4 && add_tables(world, row, out), fill_table);
    c.texts("reset_checkpoint_selection", |row, out| {
        if row.update.number % 17 == 3 {
            out.add("flow_größen");
        }
        row.update.number.is_multiple_of(2)
    });
    c.some("account_id", |_| &world.account_id);
    c.finish()
}

fn add_tables<'w>(world: &'w World, row: &Row<'_>, out: &mut Vec<&'w LakeTable>) -> bool {
    let first = row.update.pipeline * 5;
    let tables = &world.lake_tables;
    out.extend((0..row.tables as usize).map(|place| &tables[(first + place) % tables.len()]));
    true
}

fn fill_table(c: &mut Columns<'_, &LakeTable>) {
    c.some("table_catalog", |table| table.catalog);
    c.some("table_schema", |table| table.schema);
    c.some("table_name", |table| &table.name);
}
