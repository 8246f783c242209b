//! Data classification and data quality monitoring.

use arrow::array::ArrayRef;
use arrow::datatypes::Fields;

use crate::SynthError;
use crate::calendar::{DAY, HOUR, SECOND};
use crate::columns::Columns;
use crate::delivery::{Deliveries, Kind, Pick};
use crate::rng::Rng;
use crate::source::{Numbering, Source, Table};
use crate::text::{push_number, push_uuid_at};
use crate::world::{LakeColumn, LakeTable, World};

pub(crate) const SOURCES: [&Source; 2] = [&CLASSIFICATION, &QUALITY_RESULTS];

const CLASSIFICATION: Source = Source {
    table: Table::Classification,
    numbering: Numbering::ByTime { tail: 0 },
    schedule: schedule_classes,
    build: build_classes,
    ages_from: Some(|world, number| world.time(Table::Classification, number)),
};

const QUALITY_RESULTS: Source = Source {
    table: Table::QualityResults,
    numbering: Numbering::ByTime { tail: 0 },
    schedule: |world, number, out| out.event(world.time(Table::QualityResults, number)),
    build: build_results,
    ages_from: Some(|world, number| world.time(Table::QualityResults, number)),
};

/// A class is found again and again, each time with a later time of detection.
fn schedule_classes(world: &World, number: u64, out: &mut Deliveries<'_>) {
    let home = world.calendar.batch_of(world.time(Table::Classification, number));
    out.row(home, 0, Kind::New);
    for again in 1..=number % 3 {
        let batch = home + again as usize;
        if batch <= world.calendar.last_batch() {
            out.row(batch, again as u32, Kind::Version);
        }
    }
}

struct Class<'w> {
    table: &'w LakeTable,
    column: &'static LakeColumn,
    number: u64,
    first: i64,
    latest: i64,
    part: u32,
}

const TAGS: [&str; 5] = ["email_address", "phone_number", "ip_address", "person_name", "iban"];

/// Each number is a table, column and tag of its own.
fn build_classes(world: &World, picks: &[Pick], fields: &Fields) -> Result<Vec<ArrayRef>, SynthError> {
    let row = |pick: &Pick| {
        let number = pick.number;
        let columns = LakeTable::COLUMNS.len() as u64;
        let tables = world.lake_tables.len() as u64;
        let first = world.time(Table::Classification, number);
        Class {
            table: &world.lake_tables[(number % tables) as usize],
            column: &LakeTable::COLUMNS[(number / tables % columns) as usize],
            number,
            first,
            latest: first + i64::from(pick.part) * (DAY + number as i64 % HOUR),
            part: pick.part,
        }
    };
    let rows: Vec<Class<'_>> = picks.iter().map(row).collect();
    let combinations = (world.lake_tables.len() * LakeTable::COLUMNS.len()) as u64;
    let mut c = Columns::new(&rows, fields);
    c.some("catalog_id", |row| &row.table.catalog_id);
    c.some("table_id", |row| &row.table.table_id);
    c.time("latest_detected_time", |row| row.latest);
    c.time("first_detected_time", |row| row.first);
    c.some("catalog_name", |row| row.table.catalog);
    c.some("schema_name", |row| row.table.schema);
    c.some("table_name", |row| &row.table.name);
    c.some("column_name", |row| row.column.name);
    c.some("data_type", |row| row.column.data_type);
    c.write("class_tag", |row, buffer| {
        let place = row.number / combinations;
        buffer.push_str("class.");
        buffer.push_str(TAGS[(place % TAGS.len() as u64) as usize]);
        if place >= TAGS.len() as u64 {
            push_number(buffer, place);
        }
        true
    });
    c.texts("samples", |row, out| {
        if row.number.is_multiple_of(2) {
            out.add("someone@example.com");
            out.add("größe");
        }
        row.number % 3 != 1
    });
    c.some("confidence", |row| if row.number % 3 == 1 { "LOW" } else { "HIGH" });
    c.double("frequency", |row| (row.number % 100 + u64::from(row.part)) as f64 / 128.0);
    c.finish()
}

struct Check<'w> {
    table: &'w LakeTable,
    has_key: bool,
    number: u64,
    time: i64,
    healthy: Option<bool>,
    rows: i64,
}

fn build_results(world: &World, picks: &[Pick], fields: &Fields) -> Result<Vec<ArrayRef>, SynthError> {
    let row = |pick: &Pick| {
        let mut rng = world.rng(Table::QualityResults, pick.number);
        Check {
            table: &world.lake_tables[rng.skewed(world.lake_tables.len())],
            has_key: !world.is_keyless(Table::QualityResults.salt(), pick.number),
            number: pick.number,
            time: world.time(Table::QualityResults, pick.number),
            healthy: match rng.below(20) {
                0 => None,
                1..4 => Some(false),
                _ => Some(true),
            },
            rows: rng.long_tail(100_000),
        }
    };
    let rows: Vec<Check<'_>> = picks.iter().map(row).collect();
    let mut c = Columns::new(&rows, fields);
    c.time("event_time", |row| row.has_key.then_some(row.time));
    c.some("catalog_name", |row| row.table.catalog);
    c.some("schema_name", |row| row.table.schema);
    c.some("table_name", |row| &row.table.name);
    c.text("catalog_id", |row| row.has_key.then_some(&row.table.catalog_id));
    c.some("schema_id", |row| &row.table.schema_id);
    c.text("table_id", |row| row.has_key.then_some(&row.table.table_id));
    c.some("status", status);
    c.structure(
        "freshness",
        |row| row.number % 7 != 2,
        |c| {
            c.some("status", status);
            c.structure(
                "commit_freshness",
                |row| row.healthy.is_some(),
                |c| {
                    c.some("status", status);
                    c.time("last_value", |row| row.time - HOUR);
                    c.time("predicted_value", |row| row.time - HOUR / 2);
                },
            );
        },
    );
    c.structure(
        "completeness",
        |row| row.number % 5 != 1,
        |c| {
            c.some("status", status);
            for name in ["total_row_count", "daily_row_count"] {
                c.structure(
                    name,
                    |row| row.healthy.is_some(),
                    |c| {
                        c.some("status", status);
                        c.text("error_code", |row| (row.number % 30 == 4).then_some("NOT_ENOUGH_HISTORY"));
                        c.long("last_value", |row| row.rows);
                        c.long("min_predicted_value", |row| row.rows / 2);
                        c.long("max_predicted_value", |row| row.rows * 2);
                    },
                );
            }
        },
    );
    c.structure(
        "downstream_impact",
        |row| row.healthy == Some(false),
        |c| {
            c.int("impact_level", |row| (row.number % 4) as i32);
            c.long("num_downstream_tables", |row| (row.number % 20) as i64);
            c.long("num_queries_on_affected_tables", |row| (row.number % 300) as i64);
        },
    );
    c.structure("root_cause_analysis", |row| row.healthy == Some(false), |c| causes(world, c));
    c.structure("_internal_debug_info", |row| row.number.is_multiple_of(4), |c| debug_info(world, c));
    c.finish()
}

fn status(row: &Check<'_>) -> &'static str {
    match row.healthy {
        Some(true) => "Healthy",
        Some(false) => "Unhealthy",
        None => "Unknown",
    }
}

fn causes<'w>(world: &'w World, c: &mut Columns<'_, Check<'w>>) {
    c.list(
        "upstream_jobs",
        |row, out| {
            let job = row.number as usize % world.jobs.len();
            out.extend((0..row.number % 3).map(|_| &world.jobs[job]));
            true
        },
        |c| {
            c.some("job_id", |job| &job.id);
            c.some("workspace_id", |job| &world.workspaces[job.workspace].id);
            c.some("job_name", |job| &job.name);
            c.some("last_run_status", |_| "FAILED");
            c.write("run_page_url", |job, buffer| {
                buffer.push_str(&world.workspaces[job.workspace].url);
                buffer.push_str("jobs/");
                buffer.push_str(&job.id);
                true
            });
        },
    );
}

fn debug_info<'w>(world: &'w World, c: &mut Columns<'_, Check<'w>>) {
    c.list(
        "unhealthy_groups",
        |row, out| {
            out.extend((0..row.number % 3).map(|group| (row.number, group)));
            true
        },
        |c| {
            c.tags("group", |group: &(u64, u64), out| {
                let mut text = String::new();
                push_uuid_at(&mut text, world.config.seed, group.0, group.1);
                out.add("größe", &text);
                true
            });
        },
    );
    c.time("status_since", |row| row.time - 7 * DAY);
    c.flag("is_static", |row| row.number.is_multiple_of(8));
    c.structure(
        "completeness",
        |_| true,
        |c| {
            c.list(
                "historical_row_count",
                |row, out| {
                    let mut rng = Rng::at(row.number, 0, 0);
                    out.extend((0..3).map(|day| (row.time - day * DAY - SECOND, rng.long_tail(row.rows))));
                    true
                },
                |c| {
                    c.time("timestamp", |point: &(i64, i64)| point.0);
                    c.long("row_count", |point| point.1);
                },
            );
        },
    );
}
