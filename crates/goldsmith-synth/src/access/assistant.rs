use arrow::array::ArrayRef;
use arrow::datatypes::Fields;

use super::audit::USER_AGENTS;
use crate::SynthError;
use crate::calendar::date_of;
use crate::columns::Columns;
use crate::delivery::Pick;
use crate::source::{Numbering, Source, Table};
use crate::text::push_uuid_at;
use crate::world::World;

pub(super) const ASSISTANT_EVENTS: Source = Source {
    table: Table::AssistantEvents,
    numbering: Numbering::ByTime { tail: 0 },
    schedule: |world, number, out| out.event(world.time(Table::AssistantEvents, number)),
    build,
    ages_from: Some(|world, number| world.time(Table::AssistantEvents, number)),
};

struct Row<'w> {
    number: u64,
    workspace: usize,
    time: i64,
    agent: &'static str,
    principal: Option<&'w str>,
    has_key: bool,
}

fn build(world: &World, picks: &[Pick], fields: &Fields) -> Result<Vec<ArrayRef>, SynthError> {
    let row = |pick: &Pick| {
        let mut rng = world.rng(Table::AssistantEvents, pick.number);
        Row {
            number: pick.number,
            workspace: world.workspace(&mut rng),
            time: world.time(Table::AssistantEvents, pick.number),
            agent: rng.pick(&USER_AGENTS),
            principal: world.principal(&mut rng),
            has_key: !world.is_keyless(Table::AssistantEvents.salt(), pick.number),
        }
    };
    let rows: Vec<Row<'_>> = picks.iter().map(row).collect();
    let mut c = Columns::new(&rows, fields);
    c.some("account_id", |_| &world.account_id);
    c.some("workspace_id", |row| &world.workspaces[row.workspace].id);
    c.write("event_id", |row, buffer| {
        push_uuid_at(buffer, world.config.seed, Table::AssistantEvents.salt() ^ 0x1D, row.number);
        row.has_key
    });
    c.time("event_time", |row| row.time);
    c.date("event_date", |row| date_of(row.time));
    c.some("user_agent", |row| row.agent);
    c.text("initiated_by", |row| row.principal);
    c.finish()
}
