use arrow::array::ArrayRef;
use arrow::datatypes::Fields;

use crate::SynthError;
use crate::columns::Columns;
use crate::delivery::Pick;
use crate::rng::Rng;
use crate::source::{Numbering, Source, Table};
use crate::text::{push_number, push_uuid_at};
use crate::world::World;

pub(super) const INBOUND_NETWORK: Source = Source {
    table: Table::InboundNetwork,
    numbering: Numbering::ByTime { tail: 0 },
    schedule: |world, number, out| out.event(world.time(Table::InboundNetwork, number)),
    build: build_inbound,
    ages_from: None,
};

pub(super) const OUTBOUND_NETWORK: Source = Source {
    table: Table::OutboundNetwork,
    numbering: Numbering::ByTime { tail: 0 },
    schedule: |world, number, out| out.event(world.time(Table::OutboundNetwork, number)),
    build: build_outbound,
    ages_from: None,
};

struct Row<'w> {
    number: u64,
    has_key: bool,
    time: i64,
    workspace: usize,
    principal: Option<&'w str>,
    choice: usize,
    rng: Rng,
}

fn rows<'w>(world: &'w World, table: Table, picks: &[Pick]) -> Vec<Row<'w>> {
    let row = |pick: &Pick| {
        let mut rng = world.rng(table, pick.number);
        Row {
            number: pick.number,
            has_key: !world.is_keyless(table.salt(), pick.number),
            time: world.time(table, pick.number),
            workspace: world.workspace(&mut rng),
            principal: world.principal(&mut rng),
            choice: rng.index(12),
            rng,
        }
    };
    picks.iter().map(row).collect()
}

fn common<'w>(world: &'w World, table: Table, c: &mut Columns<'_, Row<'w>>) {
    c.some("account_id", |_| &world.account_id);
    c.some("workspace_id", |row| &world.workspaces[row.workspace].id);
    c.write("event_id", move |row, buffer| {
        push_uuid_at(buffer, world.config.seed, table.salt() ^ 0x1D, row.number);
        row.has_key
    });
    c.time("event_time", |row| row.time);
}

fn build_inbound(world: &World, picks: &[Pick], fields: &Fields) -> Result<Vec<ArrayRef>, SynthError> {
    let rows = rows(world, Table::InboundNetwork, picks);
    let mut c = Columns::new(&rows, fields);
    common(world, Table::InboundNetwork, &mut c);
    let paths = ["/api/2.1/jobs/list", "/api/2.0/sql/statements", "/login.html", "/api/2.1/unity-catalog/tables"];
    c.some("request_path", |row| paths[row.choice % paths.len()]);
    c.structure(
        "source",
        |row| row.choice != 11,
        |c| {
            c.write("ip", |row, buffer| {
                buffer.push_str("203.0.113.");
                push_number(buffer, row.rng.clone().below(256));
                true
            });
        },
    );
    c.text("authenticated_as", |row| row.principal);
    c.some("policy_outcome", |row| if row.choice < 9 { "DENY" } else { "DRY_RUN_DENY" });
    c.finish()
}

fn build_outbound(world: &World, picks: &[Pick], fields: &Fields) -> Result<Vec<ArrayRef>, SynthError> {
    let rows = rows(world, Table::OutboundNetwork, picks);
    let mut c = Columns::new(&rows, fields);
    common(world, Table::OutboundNetwork, &mut c);
    let hosts = ["downloads.example.com", "packages.example.org", "büro.example.com", "storage.example.net"];
    c.some("destination_type", |row| if row.choice < 7 { "DNS" } else { "STORAGE" });
    c.some("destination", |row| hosts[row.choice % hosts.len()]);
    c.structure(
        "dns_event",
        |row| row.choice < 7,
        |c| {
            c.some("domain_name", |row| hosts[row.choice % hosts.len()]);
            c.int("rcode", |row| (row.choice % 3) as i32);
        },
    );
    c.structure(
        "storage_event",
        |row| row.choice >= 7,
        |c| {
            c.some("hostname", |row| hosts[row.choice % hosts.len()]);
            c.some("path", |_| "/example-bucket/export");
            c.some("rejection_reason", |_| "NOT_ALLOWED_BY_POLICY");
        },
    );
    c.some("access_type", |row| if row.choice % 5 == 1 { "DRY_RUN_DENIAL" } else { "DROP" });
    c.some("network_source_type", |row| ["DBSQL", "GENERAL_COMPUTE", "ML_SERVING"][row.choice % 3]);
    c.finish()
}
