//! Predictive optimisation.

use arrow::array::ArrayRef;
use arrow::datatypes::Fields;

use crate::SynthError;
use crate::calendar::SECOND;
use crate::columns::Columns;
use crate::delivery::{Deliveries, Kind, Pick};
use crate::rng::Rng;
use crate::source::{Numbering, Source, Table};
use crate::text::{push_number, push_uuid_at};
use crate::world::{LakeTable, World};

pub(crate) const SOURCES: [&Source; 1] = [&PREDICTIVE_OPTIMIZATION];

const PREDICTIVE_OPTIMIZATION: Source = Source {
    table: Table::PredictiveOptimization,
    numbering: Numbering::ByTime { tail: 0 },
    schedule,
    build,
    ages_from: Some(|world, number| world.time(Table::PredictiveOptimization, number)),
};

/// The operation as it was told again, with a later end.
const PROLONGED: u32 = 1;

fn schedule(world: &World, number: u64, out: &mut Deliveries<'_>) {
    let time = world.time(Table::PredictiveOptimization, number);
    out.event(time);
    let home = world.calendar.batch_of(time);
    let mut rng = Rng::at(world.config.seed, 0x9084, number);
    let has_key = !world.is_keyless(Table::PredictiveOptimization.salt(), number);
    if has_key && rng.chance(world.config.update_share) && home < world.calendar.last_batch() {
        out.row(home + 1, PROLONGED, Kind::Version);
    }
}

struct Row<'w> {
    number: u64,
    has_key: bool,
    workspace: usize,
    table: &'w LakeTable,
    start: i64,
    end: i64,
    status: &'static str,
    quantity: i128,
}

const OPERATIONS: [&str; 4] = ["COMPACTION", "VACUUM", "ANALYZE", "CLUSTERING"];

fn build(world: &World, picks: &[Pick], fields: &Fields) -> Result<Vec<ArrayRef>, SynthError> {
    let row = |pick: &Pick| {
        let mut rng = world.rng(Table::PredictiveOptimization, pick.number);
        let start = world.time(Table::PredictiveOptimization, pick.number);
        let length = rng.long_tail(90);
        let prolonged = i64::from(pick.part == PROLONGED) * 600;
        Row {
            number: pick.number,
            has_key: !world.is_keyless(Table::PredictiveOptimization.salt(), pick.number),
            workspace: world.workspace(&mut rng),
            table: &world.lake_tables[rng.skewed(world.lake_tables.len())],
            start,
            end: start + (length + prolonged) * SECOND,
            status: match rng.below(20) {
                0 => "FAILED: INTERNAL_ERROR",
                _ => "SUCCESSFUL",
            },
            quantity: i128::from(rng.below(2_000_000_000_000_000_000)) + i128::from(prolonged),
        }
    };
    let rows: Vec<Row<'_>> = picks.iter().map(row).collect();
    let mut c = Columns::new(&rows, fields);
    c.some("account_id", |_| &world.account_id);
    c.some("workspace_id", |row| &world.workspaces[row.workspace].id);
    c.time("start_time", |row| row.start);
    c.time("end_time", |row| row.end);
    c.some("metastore_name", |_| "metastore_aws_us_east_1");
    c.some("metastore_id", |_| &world.metastore_id);
    c.some("catalog_name", |row| row.table.catalog);
    c.some("schema_name", |row| row.table.schema);
    c.some("table_name", |row| &row.table.name);
    c.some("table_id", |row| &row.table.table_id);
    c.some("operation_type", |row| OPERATIONS[row.number as usize % OPERATIONS.len()]);
    c.write("operation_id", |row, buffer| {
        push_uuid_at(buffer, world.config.seed, Table::PredictiveOptimization.salt() ^ 0x1D, row.number);
        row.has_key
    });
    c.some("operation_status", |row| row.status);
    c.tags("operation_metrics", |row, out| {
        let mut value = String::new();
        push_number(&mut value, row.number % 5_000);
        out.add("number_of_output_files", &value);
        row.number % 8 != 6
    });
    c.some("usage_unit", |_| "ESTIMATED_DBU");
    c.decimal("usage_quantity", |row| row.quantity);
    c.finish()
}
