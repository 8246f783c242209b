//! Materialisations of shared views.

use arrow::array::ArrayRef;
use arrow::datatypes::Fields;

use crate::SynthError;
use crate::columns::Columns;
use crate::delivery::Pick;
use crate::source::{Numbering, Source, Table};
use crate::text::{push_number, push_uuid_at};
use crate::world::{LakeTable, World};

pub(crate) const SOURCES: [&Source; 1] = [&MATERIALIZATIONS];

const MATERIALIZATIONS: Source = Source {
    table: Table::Materializations,
    numbering: Numbering::ByTime { tail: 0 },
    schedule: |world, number, out| out.event(world.time(Table::Materializations, number)),
    build,
    ages_from: None,
};

struct Row<'w> {
    number: u64,
    has_key: bool,
    workspace: usize,
    table: &'w LakeTable,
    time: i64,
}

fn build(world: &World, picks: &[Pick], fields: &Fields) -> Result<Vec<ArrayRef>, SynthError> {
    let row = |pick: &Pick| {
        let mut rng = world.rng(Table::Materializations, pick.number);
        Row {
            number: pick.number,
            has_key: !world.is_keyless(Table::Materializations.salt(), pick.number),
            workspace: world.workspace(&mut rng),
            table: &world.lake_tables[rng.skewed(world.lake_tables.len())],
            time: world.time(Table::Materializations, pick.number),
        }
    };
    let rows: Vec<Row<'_>> = picks.iter().map(row).collect();
    let mut c = Columns::new(&rows, fields);
    c.write("sharing_materialization_id", |row, buffer| {
        push_uuid_at(buffer, world.config.seed, Table::Materializations.salt() ^ 0x1D, row.number);
        row.has_key
    });
    c.some("account_id", |_| &world.account_id);
    c.some("workspace_id", |row| &world.workspaces[row.workspace].id);
    c.write("recipient_name", |row, buffer| {
        buffer.push_str("recipient_");
        push_number(buffer, row.number % 23);
        true
    });
    c.text("provider_name", |row| (row.number % 3 == 1).then_some("provider 1"));
    c.some("share_name", |row| ["finance_share", "größen_share"][row.number as usize % 2]);
    c.some("schema_name", |row| row.table.schema);
    c.some("table_name", |row| &row.table.name);
    c.time("created_at", |row| row.time);
    c.finish()
}
