use arrow::array::ArrayRef;
use arrow::datatypes::Fields;

use crate::SynthError;
use crate::calendar::DAY;
use crate::columns::Columns;
use crate::delivery::Pick;
use crate::source::{Numbering, Source, Table};
use crate::text::{push_hex, push_number, push_uuid_at};
use crate::world::World;

pub(super) const CLEAN_ROOM_EVENTS: Source = Source {
    table: Table::CleanRoomEvents,
    numbering: Numbering::ByTime { tail: 0 },
    schedule: |world, number, out| out.event(world.time(Table::CleanRoomEvents, number)),
    build,
    ages_from: None,
};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Event {
    Created,
    RunStarted,
    RunCompleted,
    AssetsUpdated,
    ReviewCreated,
    OutputDeleted,
    Deleted,
}

struct Row {
    number: u64,
    has_key: bool,
    time: i64,
    room: u64,
    event: Event,
}

/// Kinds of events, as often as they happen.
const EVENTS: [Event; 12] = [
    Event::RunStarted,
    Event::RunStarted,
    Event::RunStarted,
    Event::RunCompleted,
    Event::RunCompleted,
    Event::RunCompleted,
    Event::AssetsUpdated,
    Event::AssetsUpdated,
    Event::Created,
    Event::ReviewCreated,
    Event::OutputDeleted,
    Event::Deleted,
];

fn build(world: &World, picks: &[Pick], fields: &Fields) -> Result<Vec<ArrayRef>, SynthError> {
    let row = |pick: &Pick| {
        let mut rng = world.rng(Table::CleanRoomEvents, pick.number);
        Row {
            number: pick.number,
            has_key: !world.is_keyless(Table::CleanRoomEvents.salt(), pick.number),
            time: world.time(Table::CleanRoomEvents, pick.number),
            room: rng.below(6),
            event: rng.pick(&EVENTS),
        }
    };
    let rows: Vec<Row> = picks.iter().map(row).collect();
    let seed = world.config.seed;
    let mut c = Columns::new(&rows, fields);
    what(world, &mut c);
    c.structure("clean_room_created_metadata", |row| row.event == Event::Created, created);
    c.structure(
        "clean_room_deleted_metadata",
        |row| row.event == Event::Deleted,
        |c| {
            c.write("central_clean_room_id", |row, buffer| {
                push_uuid_at(buffer, seed, 0xC1EA, row.room);
                true
            });
        },
    );
    c.structure("run_notebook_started_metadata", |row| row.event == Event::RunStarted, started);
    c.structure("run_notebook_completed_metadata", |row| row.event == Event::RunCompleted, completed);
    c.structure("clean_room_assets_updated_metadata", |row| row.event == Event::AssetsUpdated, assets);
    c.time("event_time", |row| row.time);
    c.structure("output_schema_deleted_metadata", |row| row.event == Event::OutputDeleted, output_schema);
    c.some("initiator_collaborator_alias", |row| ["creator", "collaborator"][row.number as usize % 2]);
    c.structure("asset_review_created_metadata", |row| row.event == Event::ReviewCreated, review);
    c.finish()
}

/// What happened, and in which room.
fn what(world: &World, c: &mut Columns<'_, Row>) {
    let seed = world.config.seed;
    c.some("account_id", |_| &world.account_id);
    c.some("metastore_id", |_| &world.metastore_id);
    c.write("event_id", |row, buffer| {
        push_uuid_at(buffer, seed, Table::CleanRoomEvents.salt() ^ 0x1D, row.number);
        row.has_key
    });
    c.write("clean_room_name", |row, buffer| {
        buffer.push_str("clean_room_");
        push_number(buffer, row.room);
        true
    });
    c.write("central_clean_room_id", |row, buffer| {
        push_uuid_at(buffer, seed, 0xC1EA, row.room);
        true
    });
    c.write("initiator_global_metastore_id", |row, buffer| {
        buffer.push_str("aws:us-east-1:");
        push_uuid_at(buffer, seed, 0x6103, row.number % 3);
        true
    });
    c.some("event_type", |row| match row.event {
        Event::Created => "CLEAN_ROOM_CREATED",
        Event::RunStarted => "RUN_NOTEBOOK_STARTED",
        Event::RunCompleted => "RUN_NOTEBOOK_COMPLETED",
        Event::AssetsUpdated => "CLEAN_ROOM_ASSETS_UPDATED",
        Event::ReviewCreated => "ASSET_REVIEW_CREATED",
        Event::OutputDeleted => "OUTPUT_SCHEMA_DELETED",
        Event::Deleted => "CLEAN_ROOM_DELETED",
    });
}

fn push_run_id(row: &Row, buffer: &mut String) -> bool {
    push_number(buffer, 500_000_000_000 + row.number / 2);
    true
}

fn created(c: &mut Columns<'_, Row>) {
    c.list(
        "collaborators",
        |row, out: &mut Vec<u64>| {
            out.extend(0..1 + row.number % 3);
            true
        },
        |c| {
            c.write("collaborator_global_metastore_id", |place, buffer| {
                buffer.push_str("aws:us-east-1:");
                push_uuid_at(buffer, 0, 0x6103, *place);
                true
            });
            c.some("collaborator_alias", |place| ["creator", "collaborator", "数据"][*place as usize % 3]);
        },
    );
    c.structure(
        "egress_network_policy",
        |row| row.number.is_multiple_of(2),
        |c| {
            c.structure(
                "internet_access",
                |_| true,
                |c| {
                    c.some("restriction_mode", |_| "RESTRICTED_ACCESS");
                    c.list(
                        "allowed_internet_destinations",
                        |_, out| {
                            out.push("packages.example.org");
                            true
                        },
                        |c| {
                            c.some("destination", |name: &&str| *name);
                            c.some("type", |_| "FQDN");
                            c.some("protocol", |_| "TCP");
                        },
                    );
                },
            );
        },
    );
    c.structure(
        "compliance_profile",
        |row| row.number % 3 != 1,
        |c| {
            c.flag("is_enabled", |row| row.number.is_multiple_of(4));
            c.texts("compliance_standards", |row, out| {
                if row.number.is_multiple_of(4) {
                    out.add("HIPAA");
                }
                true
            });
        },
    );
}

fn started(c: &mut Columns<'_, Row>) {
    c.some("notebook_name", |_| "überblick");
    c.write("notebook_checksum", |row, buffer| {
        push_hex(buffer, row.number % 97, 16);
        true
    });
    c.write("run_id", push_run_id);
    c.some("notebook_etag", |_| "etag-1");
    c.time("notebook_update_time", |row| row.time - DAY);
}

fn completed(c: &mut Columns<'_, Row>) {
    c.some("notebook_name", |_| "überblick");
    c.write("run_id", push_run_id);
    c.some("state", |row| if row.number % 7 == 3 { "FAILED" } else { "SUCCESS" });
    c.int("duration_in_seconds", |row| (row.number % 3_600) as i32);
    c.structure(
        "output_schema",
        |row| row.number.is_multiple_of(2),
        |c| {
            output_schema(c);
            c.list(
                "assets_added",
                |row, out: &mut Vec<u64>| {
                    out.extend(0..row.number % 3);
                    true
                },
                |c| {
                    c.write("name", |place, buffer| {
                        buffer.push_str("output_");
                        push_number(buffer, *place);
                        true
                    });
                    c.some("data_object_type", |_| "TABLE");
                },
            );
        },
    );
}

fn output_schema(c: &mut Columns<'_, Row>) {
    c.some("name", |_| "output");
    c.some("owner_global_metastore_id", |_| "aws:us-east-1:owner");
    c.some("action", |row| ["CREATED", "UPDATED"][row.number as usize % 2]);
    c.time("expire_time", |row| row.time + 30 * DAY);
}

fn assets(c: &mut Columns<'_, Row>) {
    for (place, list) in ["added_assets", "updated_assets", "removed_assets"].into_iter().enumerate() {
        c.list(
            list,
            move |row, out: &mut Vec<u64>| {
                out.extend(0..(row.number + place as u64) % 3);
                row.number % 5 != place as u64
            },
            |c| {
                c.some("data_object_type", |place| ["TABLE", "NOTEBOOK_FILE", "VIEW"][*place as usize % 3]);
                c.some("catalog", |_| "shared");
                c.write("name", |place, buffer| {
                    buffer.push_str("asset_");
                    push_number(buffer, *place);
                    true
                });
                c.structure(
                    "notebook_metadata",
                    |place| *place == 1,
                    |c| {
                        c.some("etag", |_| "etag-1");
                        c.texts("runner_collaborator_aliases", |_, out| {
                            out.add("creator");
                            true
                        });
                    },
                );
            },
        );
    }
}

fn review(c: &mut Columns<'_, Row>) {
    c.some("asset_name", |_| "überblick");
    c.some("data_object_type", |_| "NOTEBOOK_FILE");
    c.some("review_state", |row| ["APPROVED", "REJECTED"][row.number as usize % 2]);
    c.structure("notebook_metadata", |_| true, |c| c.some("etag", |_| "etag-1"));
}
