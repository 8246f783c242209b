//! Model serving: what is served, its use, and logged requests.

use arrow::array::ArrayRef;
use arrow::datatypes::Fields;

use crate::SynthError;
use crate::calendar::date_of;
use crate::changes::{self, Change, history};
use crate::columns::Columns;
use crate::delivery::Pick;
use crate::rng::Rng;
use crate::source::{Numbering, Source, Table};
use crate::text::{push_hex, push_number, push_uuid, push_uuid_at};
use crate::world::{Entity, World};

pub(crate) const SOURCES: [&Source; 3] = [&PAYLOAD_LOGS, &ENDPOINT_USAGE, &SERVED_ENTITIES];

const SERVED_ENTITIES: Source = Source {
    table: Table::ServedEntities,
    numbering: Numbering::Free,
    schedule: |world, number, out| changes::schedule(world, Table::ServedEntities, number, out),
    build: build_served,
    ages_from: None,
};

const ENDPOINT_USAGE: Source = Source {
    table: Table::EndpointUsage,
    numbering: Numbering::ByTime { tail: 0 },
    schedule: |world, number, out| out.event(world.time(Table::EndpointUsage, number)),
    build: build_usage,
    ages_from: None,
};

const PAYLOAD_LOGS: Source = Source {
    table: Table::PayloadLogs,
    numbering: Numbering::ByTime { tail: 0 },
    schedule: |world, number, out| out.event(world.time(Table::PayloadLogs, number)),
    build: build_payloads,
    ages_from: None,
};

struct Version<'w> {
    number: u64,
    served: &'w Entity,
    change: Change,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Flavour {
    External,
    Foundation,
    Custom,
    Features,
}

impl Version<'_> {
    fn flavour(&self) -> Flavour {
        [Flavour::Custom, Flavour::Foundation, Flavour::External, Flavour::Features][self.number as usize % 4]
    }
}

fn build_served(world: &World, picks: &[Pick], fields: &Fields) -> Result<Vec<ArrayRef>, SynthError> {
    let version = |pick: &Pick| {
        let change = *history(world, Table::ServedEntities, pick.number).get(pick.part as usize)?;
        let served = &world.served_entities[pick.number as usize];
        Some(Version { number: pick.number, served, change })
    };
    let rows: Vec<Version<'_>> = picks.iter().filter_map(version).collect();
    let mut c = Columns::new(&rows, fields);
    c.some("served_entity_id", |row| &row.served.id);
    c.some("account_id", |_| &world.account_id);
    c.some("workspace_id", |row| &world.workspaces[row.served.workspace].id);
    c.some("created_by", |row| &world.users[row.served.owner].name);
    c.write("endpoint_name", |row, buffer| {
        buffer.push_str("endpoint-");
        push_number(buffer, row.number / 2);
        true
    });
    c.write("endpoint_id", |row, buffer| {
        push_hex(buffer, 0xE4D0 + row.number / 2, 32);
        true
    });
    c.some("served_entity_name", |row| &row.served.name);
    c.some("entity_type", |row| match row.flavour() {
        Flavour::Custom => "CUSTOM_MODEL",
        Flavour::Foundation => "FOUNDATION_MODEL",
        Flavour::External => "EXTERNAL_MODEL",
        Flavour::Features => "FEATURE_SPEC",
    });
    c.some("entity_name", |row| &row.served.name);
    c.write("entity_version", |row, buffer| {
        push_number(buffer, u64::from(row.change.revision) + 1);
        row.flavour() == Flavour::Custom
    });
    c.int("endpoint_config_version", |row| row.change.revision as i32 + 1);
    c.text("task", |row| (row.number % 4 != 3).then_some("llm/v1/chat"));
    c.structure(
        "external_model_config",
        |row| row.flavour() == Flavour::External,
        |c| {
            c.some("provider", |_| "custom");
        },
    );
    c.structure(
        "foundation_model_config",
        |row| row.flavour() == Flavour::Foundation,
        |c| {
            c.long("min_provisioned_throughput", |_| 0);
            c.long("max_provisioned_throughput", |row| 100 * (1 + i64::from(row.change.revision)));
        },
    );
    for (name, flavour) in [("custom_model_config", Flavour::Custom), ("feature_spec_config", Flavour::Features)] {
        c.structure(
            name,
            move |row| row.flavour() == flavour,
            |c| {
                c.int("min_concurrency", |_| 0);
                c.int("max_concurrency", |row| 4 << (row.change.revision % 3));
                c.some("compute_type", |_| "CPU");
            },
        );
    }
    c.time("change_time", |row| row.change.time);
    c.time("endpoint_delete_time", |row| row.change.deleted);
    c.finish()
}

struct Request<'w> {
    number: u64,
    has_key: bool,
    served: &'w Entity,
    time: i64,
    requester: Option<&'w str>,
    status: i32,
    tokens: Option<(i64, i64)>,
    rng: Rng,
}

fn requests<'w>(world: &'w World, table: Table, picks: &[Pick]) -> Vec<Request<'w>> {
    let request = |pick: &Pick| {
        let time = world.time(table, pick.number);
        let mut rng = world.rng(table, pick.number);
        Request {
            number: pick.number,
            has_key: !world.is_keyless(table.salt(), pick.number),
            served: &world.served_entities[world.entity(&world.served_entities, &mut rng, time)],
            time,
            requester: world.principal(&mut rng),
            status: match rng.below(100) {
                0..4 => 429,
                4..6 => 400,
                6 => 500,
                _ => 200,
            },
            tokens: rng.chance(0.85).then(|| (rng.long_tail(800), rng.long_tail(200))),
            rng,
        }
    };
    picks.iter().map(request).collect()
}

fn common<'w>(world: &'w World, table: Table, c: &mut Columns<'_, Request<'w>>) {
    c.some("workspace_id", |row| &world.workspaces[row.served.workspace].id);
    c.some("account_id", |_| &world.account_id);
    c.write("client_request_id", |row, buffer| {
        push_uuid(buffer, &mut row.rng.clone());
        row.number % 3 == 1
    });
    c.write("databricks_request_id", move |row, buffer| {
        push_uuid_at(buffer, world.config.seed, table.salt() ^ 0x1D, row.number);
        row.has_key
    });
    c.text("requester", |row| row.requester);
    c.int("status_code", |row| row.status);
    c.time("request_time", |row| row.time);
    c.some("served_entity_id", |row| &row.served.id);
}

fn build_usage(world: &World, picks: &[Pick], fields: &Fields) -> Result<Vec<ArrayRef>, SynthError> {
    let rows = requests(world, Table::EndpointUsage, picks);
    let mut c = Columns::new(&rows, fields);
    common(world, Table::EndpointUsage, &mut c);
    c.long("input_token_count", |row| row.tokens.map(|(input, _)| input));
    c.long("output_token_count", |row| row.tokens.filter(|_| row.status == 200).map(|(_, output)| output));
    c.long("input_character_count", |row| row.tokens.map(|(input, _)| input * 4));
    c.long("output_character_count", |row| row.tokens.map(|(_, output)| output * 4));
    c.tags("usage_context", |row, out| {
        if row.number.is_multiple_of(4) {
            out.add("project", ["chat", "größe", "検索"][row.number as usize % 3]);
        }
        row.number % 3 != 2
    });
    c.flag("request_streaming", |row| row.number.is_multiple_of(2));
    c.finish()
}

fn build_payloads(world: &World, picks: &[Pick], fields: &Fields) -> Result<Vec<ArrayRef>, SynthError> {
    let rows = requests(world, Table::PayloadLogs, picks);
    let mut c = Columns::new(&rows, fields);
    common(world, Table::PayloadLogs, &mut c);
    c.date("request_date", |row| date_of(row.time));
    c.double("sampling_fraction", |row| if row.number.is_multiple_of(5) { 0.5 } else { 1.0 });
    c.long("execution_duration_ms", |row| row.rng.clone().long_tail(700));
    c.write("request", |row, buffer| {
        buffer.push_str("{\"messages\": [{\"role\": \"user\", \"content\": \"größe von ");
        push_number(buffer, row.number);
        buffer.push_str("\"}]}");
        true
    });
    c.write("response", |row, buffer| {
        buffer.push_str("{\"choices\": [], \"usage\": {\"total_tokens\": ");
        push_number(buffer, row.tokens.map_or(0, |(input, output)| (input + output) as u64));
        buffer.push_str("}}");
        row.status == 200
    });
    c.texts("logging_error_codes", |row, out| {
        if row.number % 37 == 3 {
            out.add("MAX_REQUEST_SIZE_EXCEEDED");
        }
        row.number % 4 != 1
    });
    c.write("endpoint_table_id", |row, buffer| {
        push_uuid_at(buffer, world.config.seed, 0xE7AB, row.number % 17);
        true
    });
    c.finish()
}
