use arrow::array::ArrayRef;
use arrow::datatypes::Fields;

use crate::SynthError;
use crate::changes::{self, Change, history};
use crate::columns::Columns;
use crate::delivery::Pick;
use crate::rng::Rng;
use crate::source::{Numbering, Source, Table};
use crate::world::{Entity, World};

pub(super) const WAREHOUSES: Source = Source {
    table: Table::Warehouses,
    numbering: Numbering::Free,
    schedule: |world, number, out| changes::schedule(world, Table::Warehouses, number, out),
    build: build_warehouses,
    ages_from: None,
};

pub(super) const WAREHOUSE_EVENTS: Source = Source {
    table: Table::WarehouseEvents,
    numbering: Numbering::ByTime { tail: 0 },
    schedule: |world, number, out| out.event(event_time(world, number)),
    build: build_events,
    ages_from: None,
};

struct Version<'w> {
    number: u64,
    warehouse: &'w Entity,
    change: Change,
    rng: Rng,
}

const SIZES: [&str; 6] = ["2X_SMALL", "X_SMALL", "SMALL", "MEDIUM", "LARGE", "2X_LARGE"];

fn build_warehouses(world: &World, picks: &[Pick], fields: &Fields) -> Result<Vec<ArrayRef>, SynthError> {
    let version = |pick: &Pick| {
        let change = *history(world, Table::Warehouses, pick.number).get(pick.part as usize)?;
        let content = pick.number << 8 | u64::from(change.revision);
        let rng = Rng::at(world.config.seed, Table::Warehouses.salt() ^ 0xC027, content);
        Some(Version { number: pick.number, warehouse: &world.warehouses[pick.number as usize], change, rng })
    };
    let rows: Vec<Version<'_>> = picks.iter().filter_map(version).collect();
    let mut c = Columns::new(&rows, fields);
    c.some("warehouse_id", |row| &row.warehouse.id);
    c.some("workspace_id", |row| &world.workspaces[row.warehouse.workspace].id);
    c.some("account_id", |_| &world.account_id);
    c.some("warehouse_name", |row| &row.warehouse.name);
    c.some("warehouse_type", |row| ["PRO", "SERVERLESS", "CLASSIC"][row.number as usize % 3]);
    c.some("warehouse_channel", |row| if row.change.revision % 4 == 3 { "PREVIEW" } else { "CURRENT" });
    c.some("warehouse_size", |row| SIZES[(row.number + u64::from(row.change.revision)) as usize % SIZES.len()]);
    c.int("min_clusters", |_| 1);
    c.int("max_clusters", |row| row.rng.clone().between(1, 9) as i32);
    c.int("auto_stop_minutes", |row| (row.number % 5 != 3).then_some(10));
    c.tags("tags", |row, out| {
        if row.number.is_multiple_of(2) {
            out.add("team", row.rng.clone().pick(&["analytics", "finance", "größe"]));
        }
        row.number % 7 != 3
    });
    c.time("change_time", |row| row.change.time);
    c.time("delete_time", |row| row.change.deleted);
    c.some("created_by", |row| &world.users[row.warehouse.owner].name);
    c.finish()
}

struct Event<'w> {
    warehouse: &'w Entity,
    time: i64,
    event_type: &'static str,
    clusters: i32,
    has_key: bool,
}

/// Two events in a row can happen at the same instant; they differ in their type alone.
fn event_time(world: &World, number: u64) -> i64 {
    world.time(Table::WarehouseEvents, number & !1)
}

fn build_events(world: &World, picks: &[Pick], fields: &Fields) -> Result<Vec<ArrayRef>, SynthError> {
    let event = |pick: &Pick| {
        let time = event_time(world, pick.number);
        let mut rng = world.rng(Table::WarehouseEvents, pick.number & !1);
        let chosen = world.entity(&world.warehouses, &mut rng, time);
        let first = rng.index(3);
        let pairs = [["STARTING", "RUNNING"], ["SCALED_UP", "SCALING_UP"], ["STOPPING", "STOPPED"]];
        Event {
            warehouse: &world.warehouses[chosen],
            time,
            event_type: pairs[first][(pick.number & 1) as usize],
            clusters: rng.below(5) as i32,
            has_key: !world.is_keyless(Table::WarehouseEvents.salt(), pick.number),
        }
    };
    let rows: Vec<Event<'_>> = picks.iter().map(event).collect();
    let mut c = Columns::new(&rows, fields);
    c.some("account_id", |_| &world.account_id);
    c.text("workspace_id", |row| row.has_key.then_some(&world.workspaces[row.warehouse.workspace].id));
    c.text("warehouse_id", |row| row.has_key.then_some(&row.warehouse.id));
    c.text("event_type", |row| row.has_key.then_some(row.event_type));
    c.int("cluster_count", |row| row.clusters);
    c.time("event_time", |row| row.has_key.then_some(row.time));
    c.finish()
}
