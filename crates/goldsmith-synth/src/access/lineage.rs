use arrow::array::ArrayRef;
use arrow::datatypes::Fields;

use crate::SynthError;
use crate::calendar::date_of;
use crate::columns::Columns;
use crate::delivery::Pick;
use crate::lakeflow::{Run, Update, run, run_near, update_near};
use crate::rng::Rng;
use crate::source::{Numbering, Source, Table};
use crate::text::{push_hex, push_number, push_uuid, push_uuid_at};
use crate::world::{LakeTable, World};

pub(super) const TABLE_LINEAGE: Source = Source {
    table: Table::Lineage,
    numbering: Numbering::ByTime { tail: 0 },
    schedule: |world, number, out| out.event(world.time(Table::Lineage, number)),
    build: |world, picks, fields| build(world, Table::Lineage, picks, fields),
    ages_from: None,
};

pub(super) const COLUMN_LINEAGE: Source = Source {
    table: Table::ColumnLineage,
    numbering: Numbering::ByTime { tail: 0 },
    schedule: |world, number, out| out.event(world.time(Table::ColumnLineage, number)),
    build: |world, picks, fields| build(world, Table::ColumnLineage, picks, fields),
    ages_from: None,
};

enum Entity {
    Job(Run),
    Pipeline(Update),
    Notebook,
    Query,
    Dashboard,
    Unknown,
}

/// One end of a lineage record.
#[derive(Clone, Copy)]
enum End<'w> {
    Table(&'w LakeTable),
    Path(&'w LakeTable),
    Nothing,
    /// Empty texts instead of nulls.
    Blank,
}

impl<'w> End<'w> {
    fn new(world: &'w World, rng: &mut Rng, other_is_there: bool) -> Self {
        let table = &world.lake_tables[rng.skewed(world.lake_tables.len())];
        match rng.below(100) {
            0..15 if other_is_there => Self::Nothing,
            15..18 if other_is_there => Self::Blank,
            18..25 => Self::Path(table),
            _ => Self::Table(table),
        }
    }

    fn table(self, part: impl Fn(&'w LakeTable) -> &'w str) -> Option<&'w str> {
        match self {
            Self::Table(table) => Some(part(table)),
            Self::Blank => Some(""),
            Self::Path(_) | Self::Nothing => None,
        }
    }

    fn path(self) -> Option<&'w str> {
        match self {
            Self::Table(table) | Self::Path(table) => Some(&table.path),
            Self::Blank => Some(""),
            Self::Nothing => None,
        }
    }

    fn kind(self) -> Option<&'static str> {
        match self {
            Self::Table(table) => Some(["TABLE", "TABLE", "VIEW", "STREAMING_TABLE"][table.name.len() % 4]),
            Self::Path(_) => Some("PATH"),
            _ => None,
        }
    }

    fn column(self, place: usize) -> Option<&'static str> {
        matches!(self, Self::Table(_)).then(|| LakeTable::COLUMNS[place % LakeTable::COLUMNS.len()].name)
    }
}

struct Row<'w> {
    number: u64,
    has_key: bool,
    time: i64,
    workspace: usize,
    entity: Entity,
    source: End<'w>,
    target: End<'w>,
    created_by: Option<&'w str>,
    column: usize,
    rng: Rng,
}

impl<'w> Row<'w> {
    fn new(world: &'w World, table: Table, pick: &Pick) -> Self {
        let mut rng = world.rng(table, pick.number);
        let time = world.time(table, pick.number);
        let (workspace, entity) = match rng.below(100) {
            0..35 => {
                let run = run(world, run_near(world, &mut rng, time));
                (world.jobs[run.job].workspace, Entity::Job(run))
            }
            35..50 => {
                let update = update_near(world, &mut rng, time);
                (world.pipelines[update.pipeline].workspace, Entity::Pipeline(update))
            }
            other => {
                let entity = match other {
                    50..75 => Entity::Notebook,
                    75..90 => Entity::Query,
                    90..96 => Entity::Dashboard,
                    _ => Entity::Unknown,
                };
                (world.workspace(&mut rng), entity)
            }
        };
        let source = End::new(world, &mut rng, true);
        let target = End::new(world, &mut rng, !matches!(source, End::Nothing | End::Blank));
        let created_by = world.principal(&mut rng);
        Self {
            number: pick.number,
            has_key: !world.is_keyless(table.salt(), pick.number),
            time,
            workspace,
            entity,
            source,
            target,
            created_by,
            column: rng.index(LakeTable::COLUMNS.len()),
            rng,
        }
    }
}

fn build(world: &World, table: Table, picks: &[Pick], fields: &Fields) -> Result<Vec<ArrayRef>, SynthError> {
    let rows: Vec<Row<'_>> = picks.iter().map(|pick| Row::new(world, table, pick)).collect();
    let mut c = Columns::new(&rows, fields);
    c.some("account_id", |_| &world.account_id);
    c.some("metastore_id", |_| &world.metastore_id);
    c.some("workspace_id", |row| &world.workspaces[row.workspace].id);
    c.text("entity_type", |row| match row.entity {
        Entity::Job(_) => Some("JOB"),
        Entity::Pipeline(_) => Some("PIPELINE"),
        Entity::Notebook => Some("NOTEBOOK"),
        Entity::Query => Some("DBSQL_QUERY"),
        Entity::Dashboard => Some("DASHBOARD_V3"),
        Entity::Unknown => None,
    });
    c.write("entity_id", |row, buffer| {
        match &row.entity {
            Entity::Job(run) => buffer.push_str(&world.jobs[run.job].id),
            Entity::Pipeline(update) => buffer.push_str(&world.pipelines[update.pipeline].id),
            Entity::Notebook => push_number(buffer, 1_000_000_000 + row.number % 971),
            Entity::Query => push_uuid(buffer, &mut row.rng.clone()),
            Entity::Dashboard => push_hex(buffer, 0xDA5B + row.number % 31, 32),
            Entity::Unknown => return false,
        }
        true
    });
    c.write("entity_run_id", |row, buffer| {
        match &row.entity {
            Entity::Job(run) => push_number(buffer, run.id),
            Entity::Pipeline(update) => update.push_id(world, buffer),
            _ => return false,
        }
        true
    });
    for (side, source) in [("source", true), ("target", false)] {
        let column = |name: &str| format!("{side}_{name}");
        c.text(&column("table_full_name"), |row| end_of(row, source).table(|t| &t.full_name));
        c.text(&column("table_catalog"), |row| end_of(row, source).table(|t| t.catalog));
        c.text(&column("table_schema"), |row| end_of(row, source).table(|t| t.schema));
        c.text(&column("table_name"), |row| end_of(row, source).table(|t| &t.name));
        c.text(&column("path"), |row| end_of(row, source).path());
        c.text(&column("type"), |row| end_of(row, source).kind());
        if table == Table::ColumnLineage {
            let place = usize::from(!source);
            c.text(&column("column_name"), |row| end_of(row, source).column(row.column + place));
        }
    }
    c.text("created_by", |row| row.created_by);
    c.time("event_time", |row| row.time);
    c.date("event_date", |row| date_of(row.time));
    c.write("record_id", |row, buffer| {
        push_uuid_at(buffer, world.config.seed, table.salt() ^ 0x1D, row.number);
        row.has_key
    });
    c.write("event_id", |row, buffer| {
        // One event leads to several records.
        push_uuid_at(buffer, world.config.seed, table.salt() ^ 0x2D, row.number / 3);
        true
    });
    c.write("statement_id", |row, buffer| {
        push_uuid_at(buffer, world.config.seed, 0x57A7, row.number / 2);
        matches!(row.entity, Entity::Query | Entity::Dashboard)
    });
    c.structure("entity_metadata", |row| !matches!(row.entity, Entity::Unknown), |c| metadata(world, c));
    c.finish()
}

fn end_of<'w>(row: &Row<'w>, source: bool) -> End<'w> {
    if source { row.source } else { row.target }
}

fn metadata<'w>(world: &'w World, c: &mut Columns<'_, Row<'w>>) {
    c.structure(
        "job_info",
        |row| matches!(row.entity, Entity::Job(_)),
        |c| {
            c.text("job_id", |row| match &row.entity {
                Entity::Job(run) => Some(&world.jobs[run.job].id),
                _ => None,
            });
            c.write("job_run_id", |row, buffer| match &row.entity {
                Entity::Job(run) => {
                    push_number(buffer, run.id);
                    true
                }
                _ => false,
            });
        },
    );
    c.write("dashboard_id", |row, buffer| {
        push_hex(buffer, 0xDA5B + row.number % 31, 32);
        matches!(row.entity, Entity::Dashboard)
    });
    c.write("notebook_id", |row, buffer| {
        push_number(buffer, 1_000_000_000 + row.number % 971);
        matches!(row.entity, Entity::Notebook | Entity::Job(_))
    });
    c.write("sql_query_id", |row, buffer| {
        push_uuid(buffer, &mut row.rng.clone());
        matches!(row.entity, Entity::Query)
    });
    c.structure(
        "dlt_pipeline_info",
        |row| matches!(row.entity, Entity::Pipeline(_)),
        |c| {
            c.text("dlt_pipeline_id", |row| match &row.entity {
                Entity::Pipeline(update) => Some(&world.pipelines[update.pipeline].id),
                _ => None,
            });
            c.write("dlt_update_id", |row, buffer| match &row.entity {
                Entity::Pipeline(update) => {
                    update.push_id(world, buffer);
                    true
                }
                _ => false,
            });
        },
    );
}
