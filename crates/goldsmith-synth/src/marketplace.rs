//! Listings: who asked for them, and who looked at them.

use arrow::array::ArrayRef;
use arrow::datatypes::Fields;

use crate::SynthError;
use crate::calendar::date_of;
use crate::columns::Columns;
use crate::delivery::Pick;
use crate::rng::Rng;
use crate::source::{Numbering, Source, Table};
use crate::text::{push_number, push_uuid_at};
use crate::world::{CLOUD, REGION, World};

pub(crate) const SOURCES: [&Source; 2] = [&LISTING_ACCESS, &LISTING_FUNNEL];

const LISTING_ACCESS: Source = Source {
    table: Table::ListingAccess,
    numbering: Numbering::ByTime { tail: 0 },
    schedule: |world, number, out| out.event(event_time(world, Table::ListingAccess, number)),
    build: build_access,
    ages_from: None,
};

const LISTING_FUNNEL: Source = Source {
    table: Table::ListingFunnel,
    numbering: Numbering::ByTime { tail: 0 },
    schedule: |world, number, out| out.event(event_time(world, Table::ListingFunnel, number)),
    build: build_funnel,
    ages_from: None,
};

/// Two events in a row can happen at the same instant; they differ in who caused them alone.
fn event_time(world: &World, table: Table, number: u64) -> i64 {
    world.time(table, number & !1)
}

struct Event {
    number: u64,
    has_key: bool,
    time: i64,
    listing: u64,
    event_type: usize,
    rng: Rng,
}

fn events(world: &World, table: Table, picks: &[Pick]) -> Vec<Event> {
    let event = |pick: &Pick| {
        let mut shared = world.rng(table, pick.number & !1);
        Event {
            number: pick.number,
            has_key: !world.is_keyless(table.salt(), pick.number),
            time: event_time(world, table, pick.number),
            listing: shared.skewed(15) as u64,
            event_type: shared.skewed(4),
            rng: world.rng(table, pick.number),
        }
    };
    picks.iter().map(event).collect()
}

fn common(world: &World, c: &mut Columns<'_, Event>) {
    c.some("account_id", |_| &world.account_id);
    c.some("metastore_id", |_| &world.metastore_id);
    c.some("metastore_cloud", |_| CLOUD);
    c.some("metastore_region", |_| REGION);
    c.write("provider_id", |row, buffer| {
        push_uuid_at(buffer, world.config.seed, 0x94BD, row.listing % 3);
        true
    });
    c.write("provider_name", |row, buffer| {
        buffer.push_str("provider ");
        push_number(buffer, row.listing % 3);
        true
    });
    c.write("listing_id", |row, buffer| {
        push_uuid_at(buffer, world.config.seed, 0x1157, row.listing);
        row.has_key
    });
    c.write("listing_name", |row, buffer| {
        buffer.push_str("listing größe ");
        push_number(buffer, row.listing);
        true
    });
    c.time("event_time", |row| row.has_key.then_some(row.time));
    c.date("event_date", |row| date_of(row.time));
}

const REGIONS: [(&str, &str); 4] =
    [("AWS", "us-east-1"), ("AWS", "eu-west-1"), ("AZURE", "westeurope"), ("GCP", "europe-west3")];

fn build_access(world: &World, picks: &[Pick], fields: &Fields) -> Result<Vec<ArrayRef>, SynthError> {
    let rows = events(world, Table::ListingAccess, picks);
    let mut c = Columns::new(&rows, fields);
    common(world, &mut c);
    c.text("event_type", |row| row.has_key.then_some(["REQUEST_DATA", "GET_DATA"][row.event_type % 2]));
    c.write("consumer_delta_sharing_recipient_name", |row, buffer| {
        buffer.push_str("recipient_");
        push_number(buffer, row.number % 23);
        true
    });
    c.some("consumer_delta_sharing_recipient_type", |row| ["DATABRICKS", "OPEN"][row.number as usize % 2]);
    c.some("consumer_cloud", |row| REGIONS[row.number as usize % 4].0);
    c.some("consumer_region", |row| REGIONS[row.number as usize % 4].1);
    c.write("consumer_metastore_id", |row, buffer| {
        push_uuid_at(buffer, world.config.seed, 0xC045, row.number % 23);
        row.number % 2 == 1
    });
    c.write("consumer_email", |row, buffer| {
        // Some never leave an address; of two at the same instant only one does.
        buffer.push_str("consumer.");
        push_number(buffer, row.number % 997);
        buffer.push_str("@example.org");
        row.has_key && row.number % 6 != 2
    });
    c.text("consumer_name", |row| (row.number % 4 != 1).then_some("リクエスト担当"));
    c.text("consumer_company", |row| (row.number % 3 == 1).then_some(""));
    c.text("consumer_intended_use", |row| (row.number % 2 == 1).then_some("reporting"));
    c.text("consumer_comment", |row| (row.number % 5 == 1).then_some("für den Bericht"));
    c.finish()
}

fn build_funnel(world: &World, picks: &[Pick], fields: &Fields) -> Result<Vec<ArrayRef>, SynthError> {
    let rows = events(world, Table::ListingFunnel, picks);
    let mut c = Columns::new(&rows, fields);
    common(world, &mut c);
    let types = ["VIEW_LISTING", "START_REQUEST", "COMPLETE_REQUEST", "GET_DATA"];
    c.text("event_type", |row| row.has_key.then_some(types[row.event_type % 4]));
    // Of two events at the same instant one has no region, or another one.
    let region = |row: &Event| {
        let mut rng = row.rng.clone();
        let at = (rng.index(2) * 2 + (row.number & 1) as usize) % 4;
        (row.has_key && row.number % 10 != 4).then_some(REGIONS[at])
    };
    c.text("consumer_cloud", move |row| region(row).map(|(cloud, _)| cloud));
    c.text("consumer_region", move |row| region(row).map(|(_, region)| region));
    c.finish()
}
