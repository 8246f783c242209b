//! Statements, which are updated in place until they have ended.

use arrow::array::ArrayRef;
use arrow::datatypes::Fields;

use crate::SynthError;
use crate::calendar::{DAY, HOUR, SECOND};
use crate::columns::Columns;
use crate::delivery::{Deliveries, Kind, Pick};
use crate::lakeflow::{run, run_near};
use crate::rng::Rng;
use crate::source::{Numbering, Source, Table};
use crate::text::{push_hex, push_number, push_uuid, push_uuid_at};
use crate::world::{Entity, LakeTable, User, World};

pub(crate) const SOURCES: [&Source; 1] = [&QUERY_HISTORY];

const QUERY_HISTORY: Source = Source {
    table: Table::QueryHistory,
    numbering: Numbering::ByTime { tail: 0 },
    schedule,
    build,
    ages_from: Some(|world, number| world.time(Table::QueryHistory, number)),
};

/// The versions of a statement, in order of their update time; the last two are in a tie.
const RUNNING: u32 = 0;
const STILL_RUNNING: u32 = 1;
const ENDED: u32 = 2;
const TIED: u32 = 3;

fn schedule(world: &World, number: u64, out: &mut Deliveries<'_>) {
    let time = world.time(Table::QueryHistory, number);
    let home = world.calendar.batch_of(time);
    let last = world.calendar.last_batch();
    if world.is_keyless(Table::QueryHistory.salt(), number) {
        return out.event(time);
    }
    let (seen_running, mut rng) = seen_running(world, number);
    if seen_running {
        out.row(home, RUNNING, Kind::New);
        let twice = rng.chance(0.3);
        if twice && home < last {
            out.row(home + 1, STILL_RUNNING, Kind::Version);
        }
        // A statement whose end would come after the last delivery is never seen to end.
        let end = home + 1 + usize::from(twice);
        if end <= last {
            out.row(end, ENDED, Kind::Version);
        }
    } else {
        out.row(home, ENDED, Kind::New);
        if rng.chance(world.config.tie_share) {
            out.row((home + rng.index(2)).min(last), TIED, Kind::Version);
        }
    }
}

/// Whether a statement is delivered before it has ended, and the random numbers of its other deliveries.
fn seen_running(world: &World, number: u64) -> (bool, Rng) {
    let mut rng = Rng::at(world.config.seed, 0x9BE4, number);
    (rng.chance(world.config.update_share), rng)
}

enum Compute<'w> {
    Warehouse(&'w Entity),
    Cluster(&'w Entity),
    /// Of a job's run.
    Serverless {
        job: &'w Entity,
        run: u64,
    },
}

struct Row<'w> {
    number: u64,
    part: u32,
    has_key: bool,
    workspace: usize,
    compute: Compute<'w>,
    user: &'w User,
    /// The name where it is not the user's own.
    special_name: Option<Option<&'w str>>,
    executed_as: &'w User,
    start: i64,
    duration_ms: i64,
    update_time: i64,
    status: &'static str,
    statement: usize,
    table: &'w LakeTable,
    from_cache: bool,
    rng: Rng,
}

const STATEMENTS: [(&str, &str, &str); 9] = [
    ("SELECT", "SELECT customer_id, sum(amount) AS total FROM ", " GROUP BY customer_id"),
    ("SELECT", "SELECT * FROM ", " WHERE created_at >= current_date() - INTERVAL 7 DAYS"),
    ("MERGE", "MERGE INTO ", " AS t USING updates AS u ON t.id = u.id WHEN MATCHED THEN UPDATE SET *"),
    ("INSERT", "INSERT INTO ", " SELECT * FROM staging WHERE status = 'größer'"),
    ("SHOW", "SHOW COLUMNS IN ", ""),
    ("CREATE", "CREATE OR REPLACE TABLE ", " AS SELECT * FROM raw_events"),
    ("OPTIMIZE", "OPTIMIZE ", ""),
    ("UPDATE", "UPDATE ", " SET status = '完了' WHERE quantity > 0"),
    ("USE", "USE CATALOG main /* ", " */"),
];
const CLIENTS: [&str; 5] =
    ["Databricks SQL Editor", "Databricks Notebook", "Databricks Jobs", "ODBC client", "Databricks SQL Dashboard"];

impl<'w> Row<'w> {
    fn new(world: &'w World, pick: &Pick) -> Self {
        let number = pick.number;
        let mut rng = world.rng(Table::QueryHistory, number);
        let start = world.time(Table::QueryHistory, number) / 1_000 * 1_000;
        let (workspace, compute) = match rng.below(100) {
            0..70 => {
                let warehouse = &world.warehouses[world.entity(&world.warehouses, &mut rng, start)];
                (warehouse.workspace, Compute::Warehouse(warehouse))
            }
            70..80 => {
                let cluster = &world.clusters[world.entity(&world.clusters, &mut rng, start)];
                (cluster.workspace, Compute::Cluster(cluster))
            }
            _ => {
                let run = run(world, run_near(world, &mut rng, start));
                let job = &world.jobs[run.job];
                (job.workspace, Compute::Serverless { job, run: run.id })
            }
        };
        let ended = match rng.below(100) {
            0..5 => "FAILED",
            5..8 => "CANCELED",
            _ => "FINISHED",
        };
        // What was seen unfinished takes longer than that took to be seen.
        let least = if seen_running(world, number).0 { 120_000 } else { 0 };
        let duration_ms = least + rng.long_tail(4_000);
        let user = world.user(&mut rng);
        let special_name = match rng.below(1_000) {
            0..6 => Some(None),
            6..9 => Some(Some("")),
            9..20 => Some(Some("System-User")),
            20..30 => Some(Some("__REDACTED__")),
            _ => None,
        };
        let seen = start + SECOND + rng.between(0, SECOND);
        let (status, update_time) = match pick.part {
            RUNNING => ("RUNNING", seen),
            STILL_RUNNING => ("RUNNING", seen + 30 * SECOND),
            _ => (ended, start + duration_ms * 1_000 + rng.between(0, HOUR)),
        };
        Self {
            number,
            part: pick.part,
            has_key: !world.is_keyless(Table::QueryHistory.salt(), number),
            workspace,
            compute,
            user,
            special_name,
            executed_as: if rng.chance(0.9) { user } else { world.user(&mut rng) },
            start,
            duration_ms,
            update_time,
            status,
            statement: rng.skewed(STATEMENTS.len()),
            table: &world.lake_tables[rng.skewed(world.lake_tables.len())],
            from_cache: rng.chance(0.12),
            rng,
        }
    }

    fn is_over(&self) -> bool {
        self.part >= ENDED
    }

    /// A number that only a statement that has ended has; different for each column.
    fn measure(&self, column: u64, middle: i64) -> Option<i64> {
        let mut rng = Rng::at(column, 0x3EA5, self.number);
        (self.is_over() && !self.from_cache).then(|| rng.long_tail(middle))
    }
}

fn build(world: &World, picks: &[Pick], fields: &Fields) -> Result<Vec<ArrayRef>, SynthError> {
    let rows: Vec<Row<'_>> = picks.iter().map(|pick| Row::new(world, pick)).collect();
    let mut c = Columns::new(&rows, fields);
    statement(world, &mut c);
    durations(&mut c);
    measures(&mut c);
    source_columns(world, &mut c);
    c.some("executed_as_user_id", |row| &row.executed_as.id);
    c.some("executed_as", |row| &row.executed_as.name);
    c.long("written_rows", |row| row.measure(9, 900).filter(|_| row.statement > 1));
    c.long("written_files", |row| row.measure(10, 4).filter(|_| row.statement > 1));
    c.write("cache_origin_statement_id", |row, buffer| {
        push_uuid(buffer, &mut row.rng.clone());
        row.from_cache && row.is_over()
    });
    c.structure("query_parameters", |row| row.number % 40 == 6, parameters);
    c.tags("query_tags", |row, out| {
        if row.number.is_multiple_of(6) {
            out.add("team", ["analytics", "größe"][row.number as usize / 6 % 2]);
        }
        row.number % 3 != 1
    });
    c.finish()
}

/// What was asked, by whom, and where.
fn statement(world: &World, c: &mut Columns<'_, Row<'_>>) {
    c.some("account_id", |_| &world.account_id);
    c.text("workspace_id", |row| row.has_key.then_some(&world.workspaces[row.workspace].id));
    c.write("statement_id", |row, buffer| {
        push_uuid_at(buffer, world.config.seed, Table::QueryHistory.salt() ^ 0x1D, row.number);
        row.has_key
    });
    c.text("executed_by", |row| row.special_name.unwrap_or(Some(&row.user.name)));
    c.write("session_id", |row, buffer| {
        push_uuid_at(buffer, world.config.seed, 0x5E55, row.number / 16);
        true
    });
    c.some("execution_status", |row| row.status);
    c.structure("compute", |_| true, compute);
    c.text("executed_by_user_id", |row| row.special_name.is_none().then_some(&row.user.id));
    c.write("statement_text", |row, buffer| {
        let (_, before, after) = STATEMENTS[row.statement];
        buffer.push_str(before);
        buffer.push_str(&row.table.full_name);
        buffer.push_str(after);
        row.number % 50 != 11
    });
    c.some("statement_type", |row| STATEMENTS[row.statement].0);
    c.text("error_message", |row| match row.status {
        "FAILED" => Some("[TABLE_OR_VIEW_NOT_FOUND] The table or view cannot be found."),
        "CANCELED" => Some(""),
        _ => None,
    });
    c.text("client_application", |row| (row.number % 30 != 3).then_some(CLIENTS[row.number as usize % CLIENTS.len()]));
    c.some("client_driver", |row| if row.number % 5 == 3 { "ODBC" } else { "Databricks SQL Driver" });
}

fn compute(c: &mut Columns<'_, Row<'_>>) {
    c.some("type", |row| match row.compute {
        Compute::Warehouse(_) => "WAREHOUSE",
        Compute::Cluster(_) => "CLASSIC_COMPUTE",
        Compute::Serverless { .. } => "SERVERLESS_COMPUTE",
    });
    c.text("cluster_id", |row| match row.compute {
        Compute::Cluster(cluster) => Some(&cluster.id),
        _ => None,
    });
    c.text("warehouse_id", |row| match row.compute {
        Compute::Warehouse(warehouse) => Some(&warehouse.id),
        _ => None,
    });
}

/// When it ran, and for how long.
fn durations(c: &mut Columns<'_, Row<'_>>) {
    c.long("total_duration_ms", |row| row.is_over().then_some(row.duration_ms));
    c.long("waiting_for_compute_duration_ms", |row| {
        let at_start = if row.number.is_multiple_of(20) { 30_000 } else { 0 };
        (row.number % 40 != 9).then_some(at_start)
    });
    c.long("waiting_at_capacity_duration_ms", |row| {
        (row.number % 40 != 10).then_some(if row.number.is_multiple_of(33) { 2_500 } else { 0 })
    });
    c.long("execution_duration_ms", |row| row.is_over().then_some(row.duration_ms * 7 / 10));
    c.long("compilation_duration_ms", |row| row.is_over().then_some(row.duration_ms / 10));
    c.long("total_task_duration_ms", |row| row.measure(1, 20_000));
    c.long("result_fetch_duration_ms", |row| row.is_over().then_some(row.duration_ms / 20));
    c.time("start_time", |row| row.start);
    c.time("end_time", |row| row.is_over().then_some(row.start + row.duration_ms * 1_000));
    c.time("update_time", |row| row.update_time);
}

/// What was read and written.
fn measures(c: &mut Columns<'_, Row<'_>>) {
    c.long("read_partitions", |row| row.measure(2, 4));
    c.long("pruned_files", |row| row.measure(3, 40));
    c.long("read_files", |row| row.measure(4, 20));
    c.long("read_rows", |row| row.measure(5, 100_000));
    c.long("produced_rows", |row| {
        // What is in a tie differs here.
        row.is_over().then(|| (row.number % 10_000) as i64 + i64::from(row.part == TIED))
    });
    c.long("read_bytes", |row| row.measure(6, 40_000_000));
    c.tiny("read_io_cache_percent", |row| row.is_over().then_some((row.number % 101) as i8));
    c.flag("from_result_cache", |row| row.from_cache);
    c.long("spilled_local_bytes", |row| {
        row.is_over().then(|| if row.number % 25 == 4 { 5_000_000 + row.number as i64 % 999 } else { 0 })
    });
    c.long("written_bytes", |row| row.measure(7, 10_000).filter(|_| row.statement > 1));
    c.long("shuffle_read_bytes", |row| row.measure(8, 1_000_000));
}

fn source_columns<'w>(world: &'w World, c: &mut Columns<'_, Row<'w>>) {
    c.structure(
        "query_source",
        |row| row.number % 60 != 31,
        |c| {
            c.structure(
                "job_info",
                |row| matches!(row.compute, Compute::Serverless { .. }),
                |c| {
                    c.text("job_id", |row| match row.compute {
                        Compute::Serverless { job, .. } => Some(&job.id),
                        _ => None,
                    });
                    c.write("job_run_id", |row, buffer| push_run(row, buffer, 0));
                    c.write("job_task_run_id", |row, buffer| push_run(row, buffer, 1));
                },
            );
            c.write("dashboard_id", |row, buffer| {
                push_hex(buffer, 0xDA5B + row.number % 31, 32);
                row.number % 5 == 4
            });
            c.write("alert_id", |row, buffer| {
                push_uuid_at(buffer, world.config.seed, 0xA1E4, row.number % 13);
                row.number % 90 == 7
            });
            c.write("notebook_id", |row, buffer| {
                push_number(buffer, 1_000_000_000 + row.number % 971);
                row.number % 5 == 1
            });
            c.write("sql_query_id", |row, buffer| {
                push_uuid_at(buffer, world.config.seed, 0x5910, row.number % 211);
                row.number.is_multiple_of(5)
            });
        },
    );
}

fn push_run(row: &Row<'_>, buffer: &mut String, task: u64) -> bool {
    match row.compute {
        Compute::Serverless { run, .. } => {
            push_number(buffer, run + task);
            true
        }
        _ => false,
    }
}

fn parameters(c: &mut Columns<'_, Row<'_>>) {
    c.map(
        "named_parameters",
        |row, out: &mut Vec<(&str, i64)>| {
            out.push(("limit", row.number as i64 % 1_000));
            if row.number.is_multiple_of(80) {
                out.push(("größe", row.start / DAY));
            }
            row.number % 3 != 1
        },
        |c| {
            c.some("key", |entry| entry.0);
            c.structure(
                "value",
                |_| true,
                |c| {
                    c.list(
                        "exprs",
                        |entry, out: &mut Vec<i64>| {
                            out.push(entry.1);
                            true
                        },
                        |c| {
                            c.some("tag", |_| "literal");
                            c.structure(
                                "data_type",
                                |_| true,
                                |c| {
                                    c.some("type_name", |_| "INT");
                                    c.some("type_ddl", |_| "INT");
                                },
                            );
                            c.structure("literal", |_| true, |c| c.int("int_value", |value| *value as i32));
                            c.long("id", |_| 1);
                        },
                    );
                },
            );
        },
    );
    c.flag("truncated", |_| false);
}
