use arrow::array::ArrayRef;
use arrow::datatypes::Fields;

use crate::SynthError;
use crate::calendar::{DAY, MINUTE, SECOND};
use crate::columns::Columns;
use crate::delivery::{Deliveries, Kind, Pick};
use crate::rng::{Rng, mix};
use crate::source::{Numbering, Source, Table};
use crate::text::{push_hex, push_number};
use crate::world::{Entity, World};

pub(super) const NODE_TIMELINE: Source = Source {
    table: Table::NodeTimeline,
    numbering: Numbering::InRounds { size: nodes_at_once },
    schedule: schedule_samples,
    build: build_samples,
    ages_from: None,
};

pub(super) const NODE_TYPES: Source = Source {
    table: Table::NodeTypes,
    numbering: Numbering::Free,
    schedule: schedule_types,
    build: build_types,
    ages_from: None,
};

pub(super) const NODE_NAMES: [&str; 24] = [
    "m5d.large",
    "m5d.xlarge",
    "i3.xlarge",
    "r5d.2xlarge",
    "g4dn.xlarge",
    "c5d.4xlarge",
    "m5d.2xlarge",
    "m5d.4xlarge",
    "m5d.8xlarge",
    "i3.2xlarge",
    "i3.4xlarge",
    "r5d.large",
    "r5d.xlarge",
    "r5d.4xlarge",
    "c5d.xlarge",
    "c5d.2xlarge",
    "g4dn.2xlarge",
    "g5.xlarge",
    "p3.2xlarge",
    "m6gd.large",
    "m6gd.xlarge",
    "rd-fleet.xlarge",
    "md-fleet.large",
    "z1d.xlarge",
];

/// The part of a sample that was told before its minute was over.
const BEGUN: u32 = 1;

/// How many nodes report at the same time: samples of one node stay minutes apart even at the busiest hour.
fn nodes_at_once(world: &World) -> u64 {
    let minutes = u64::from(world.config.days) * 1_440;
    (world.count(Table::NodeTimeline) * 6 / minutes).max(6)
}

/// The start of a sample's minute; the nodes of one round share it.
fn sample_start(world: &World, number: u64) -> i64 {
    let nodes = nodes_at_once(world);
    let count = world.count(Table::NodeTimeline) as f64;
    let time = world.calendar.time_at((number / nodes * nodes) as f64 / count);
    time - time.rem_euclid(MINUTE)
}

fn schedule_samples(world: &World, number: u64, out: &mut Deliveries<'_>) {
    let start = sample_start(world, number);
    let mut rng = Rng::at(world.config.seed, 0x5A3F, number);
    let has_key = !world.is_keyless(Table::NodeTimeline.salt(), number);
    if has_key && rng.chance(world.config.tie_share * 2.0) {
        let home = world.calendar.batch_of(start);
        out.row(home, BEGUN, Kind::New);
        let later = (home + rng.index(2)).min(world.calendar.last_batch());
        out.row(later, 0, Kind::Version);
    } else {
        out.event(start);
    }
}

struct Sample<'w> {
    has_key: bool,
    cluster: &'w Entity,
    instance: u64,
    driver: bool,
    start: i64,
    end: i64,
    node_type: &'static str,
    load: f64,
    rng: Rng,
}

impl<'w> Sample<'w> {
    fn new(world: &'w World, pick: &Pick) -> Self {
        let nodes = nodes_at_once(world);
        let slot = pick.number % nodes;
        let start = sample_start(world, pick.number);
        // A node lives for a day at most, and belongs to one cluster.
        let day = start.div_euclid(DAY) as u64;
        let mut node = Rng::at(world.config.seed, 0x40DE, day * 1_000_003 + slot);
        let cluster = world.entity(&world.clusters, &mut node, start);
        let instance = mix(node.bits() ^ slot);
        let mut rng = world.rng(Table::NodeTimeline, pick.number);
        let length = if pick.part == BEGUN { rng.between(5, 50) * SECOND } else { MINUTE };
        Self {
            has_key: !world.is_keyless(Table::NodeTimeline.salt(), pick.number),
            cluster: &world.clusters[cluster],
            instance,
            driver: slot.is_multiple_of(5),
            start,
            end: start + length,
            node_type: NODE_NAMES[cluster % 6],
            load: rng.unit(),
            rng,
        }
    }

    /// A share of the load as a percentage, different for each column.
    fn percent(&self, column: u64, top: f64) -> f64 {
        let mut rng = self.rng.clone();
        let noise = (mix(rng.bits() ^ column) >> 40) as f64 / (1u64 << 24) as f64;
        (self.load * 0.7 + noise * 0.3) * top
    }
}

fn build_samples(world: &World, picks: &[Pick], fields: &Fields) -> Result<Vec<ArrayRef>, SynthError> {
    let rows: Vec<Sample<'_>> = picks.iter().map(|pick| Sample::new(world, pick)).collect();
    let mut c = Columns::new(&rows, fields);
    c.some("account_id", |_| &world.account_id);
    c.text("workspace_id", |row| row.has_key.then_some(&world.workspaces[row.cluster.workspace].id));
    c.text("cluster_id", |row| row.has_key.then_some(&row.cluster.id));
    c.write("instance_id", |row, buffer| {
        buffer.push_str("i-0");
        push_hex(buffer, row.instance, 16);
        row.has_key
    });
    c.time("start_time", |row| row.has_key.then_some(row.start));
    c.time("end_time", |row| row.end);
    c.flag("driver", |row| row.driver);
    c.double("cpu_user_percent", |row| row.percent(1, 80.0));
    c.double("cpu_system_percent", |row| row.percent(2, 12.0));
    c.double("cpu_wait_percent", |row| (row.instance % 50 != 0).then(|| row.percent(3, 8.0)));
    c.double("mem_used_percent", |row| 15.0 + row.percent(4, 80.0));
    c.double("mem_swap_percent", |row| if row.load > 0.9 { row.percent(5, 20.0) } else { 0.0 });
    c.long("network_sent_bytes", |row| row.percent(6, 40_000_000.0) as i64);
    c.long("network_received_bytes", |row| row.percent(7, 90_000_000.0) as i64);
    c.counters("disk_free_bytes_per_mount_point", |row, out| {
        if row.instance % 40 == 7 {
            return false;
        }
        out.add("/", 60_000_000_000 - row.percent(8, 30_000_000_000.0) as i64);
        out.add("/local_disk0", 140_000_000_000 - row.percent(9, 90_000_000_000.0) as i64);
        true
    });
    c.some("node_type", |row| row.node_type);
    c.write("private_ip", |row, buffer| {
        buffer.push_str("10.");
        push_number(buffer, row.instance & 127);
        buffer.push('.');
        push_number(buffer, row.instance >> 8 & 255);
        buffer.push('.');
        push_number(buffer, row.instance >> 16 & 255);
        true
    });
    c.finish()
}

/// All types at first; now and then one is added or described anew.
fn schedule_types(world: &World, number: u64, out: &mut Deliveries<'_>) {
    let last = world.calendar.last_batch();
    let added = if number % 8 == 5 { 1.min(last) } else { 0 };
    out.ordered(added, 0, Kind::New);
    if number % 6 == 2 && added < last {
        out.ordered(last.min(2), 1, Kind::Version);
    }
}

fn build_types(world: &World, picks: &[Pick], fields: &Fields) -> Result<Vec<ArrayRef>, SynthError> {
    let mut c = Columns::new(picks, fields);
    let name = |pick: &Pick| NODE_NAMES[pick.number as usize % NODE_NAMES.len()];
    c.some("account_id", |_| &world.account_id);
    c.some("node_type", name);
    c.double("core_count", |pick| (2 << (pick.number % 5)) as f64);
    c.long("memory_mb", |pick| (8_192 << (pick.number % 5)) + i64::from(pick.part) * 512);
    c.long("gpu_count", |pick| i64::from(name(pick).starts_with(['g', 'p'])));
    c.finish()
}
