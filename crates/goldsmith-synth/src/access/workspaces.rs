use arrow::array::ArrayRef;
use arrow::datatypes::Fields;

use crate::SynthError;
use crate::columns::Columns;
use crate::delivery::{Deliveries, Kind, Pick};
use crate::source::{Numbering, Source, Table};
use crate::world::World;

pub(super) const WORKSPACES_LATEST: Source =
    Source { table: Table::WorkspacesLatest, numbering: Numbering::Free, schedule, build, ages_from: None };

/// The row says that the workspace is gone.
const CANCELLED: u32 = 2;

/// All workspaces at first; one is created and one renamed on the way, and one is cancelled at the end.
fn schedule(world: &World, number: u64, out: &mut Deliveries<'_>) {
    let calendar = &world.calendar;
    let first = calendar.batch_of(world.workspaces[number as usize].created);
    let last = calendar.last_batch();
    out.ordered(first, 0, Kind::New);
    if first == 0 && last > 0 {
        match number % 8 {
            3 => out.ordered(1, 1, Kind::Version),
            5 => out.ordered(last, CANCELLED, Kind::Version),
            _ => {}
        }
    }
}

fn build(world: &World, picks: &[Pick], fields: &Fields) -> Result<Vec<ArrayRef>, SynthError> {
    let mut c = Columns::new(picks, fields);
    let workspace = |pick: &Pick| &world.workspaces[pick.number as usize];
    c.some("account_id", |_| &world.account_id);
    c.some("workspace_id", |pick| &workspace(pick).id);
    c.write("workspace_name", |pick, buffer| {
        buffer.push_str(&workspace(pick).name);
        if pick.part == 1 {
            buffer.push_str("-renamed");
        }
        true
    });
    c.some("workspace_url", |pick| &workspace(pick).url);
    c.time("create_time", |pick| workspace(pick).created);
    c.some("status", |pick| if pick.part == CANCELLED { "CANCELLED" } else { "RUNNING" });
    c.finish()
}
