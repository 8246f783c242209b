use arrow::array::ArrayRef;
use arrow::datatypes::Fields;

use crate::SynthError;
use crate::calendar::date_of;
use crate::changes::{self, Change, history};
use crate::columns::Columns;
use crate::delivery::Pick;
use crate::rng::Rng;
use crate::source::{Numbering, Source, Table};
use crate::text::push_hex;
use crate::world::{Entity, World};

pub(super) const CLUSTERS: Source = Source {
    table: Table::Clusters,
    numbering: Numbering::Free,
    schedule: |world, number, out| changes::schedule(world, Table::Clusters, number, out),
    build,
    ages_from: None,
};

struct Row<'w> {
    number: u64,
    cluster: &'w Entity,
    change: Change,
    owner: Option<&'w str>,
    workers: i64,
    autoscales: bool,
    rng: Rng,
}

const RUNTIMES: [&str; 6] = [
    "15.4.x-scala2.12",
    "14.3.x-photon-scala2.12",
    "16.1.x-cpu-ml-scala2.12",
    "13.3.x-scala2.12",
    "17.0.x-scala2.13",
    "custom:release__image",
];

fn build(world: &World, picks: &[Pick], fields: &Fields) -> Result<Vec<ArrayRef>, SynthError> {
    let row = |pick: &Pick| {
        let change = *history(world, Table::Clusters, pick.number).get(pick.part as usize)?;
        let content = pick.number << 8 | u64::from(change.revision);
        let mut rng = Rng::at(world.config.seed, Table::Clusters.salt() ^ 0xC027, content);
        let owner = world.principal(&mut rng);
        let cluster = &world.clusters[pick.number as usize];
        let (workers, autoscales) = (rng.long_tail(4), rng.chance(0.4));
        Some(Row { number: pick.number, cluster, change, owner, workers, autoscales, rng })
    };
    let rows: Vec<Row<'_>> = picks.iter().filter_map(row).collect();
    let mut c = Columns::new(&rows, fields);
    c.some("account_id", |_| &world.account_id);
    c.some("workspace_id", |row| &world.workspaces[row.cluster.workspace].id);
    c.some("cluster_id", |row| &row.cluster.id);
    c.some("cluster_name", |row| &row.cluster.name);
    c.text("owned_by", |row| row.owner);
    c.time("create_time", |row| row.cluster.created);
    c.time("delete_time", |row| row.change.deleted);
    c.some("driver_node_type", |row| super::nodes::NODE_NAMES[row.number as usize % 6]);
    c.some("worker_node_type", |row| {
        super::nodes::NODE_NAMES[(row.number + u64::from(row.change.revision)) as usize % 6]
    });
    c.long("worker_count", |row| (!row.autoscales).then_some(row.workers));
    c.long("min_autoscale_workers", |row| row.autoscales.then_some(1));
    c.long("max_autoscale_workers", |row| row.autoscales.then_some(row.workers + 1));
    c.long("auto_termination_minutes", |row| (row.number % 3 != 1).then_some(30));
    c.flag("enable_elastic_disk", |row| row.number.is_multiple_of(2));
    c.tags("tags", |row, out| {
        let mut rng = row.rng.clone();
        if rng.chance(0.2) {
            return false;
        }
        out.add("Vendor", "Databricks");
        if rng.chance(0.6) {
            out.add("team", rng.pick(&["analytics", "platform", "größe"]));
        }
        if rng.chance(0.1) {
            out.add_null("env");
        }
        true
    });
    c.some("cluster_source", |row| ["JOB", "UI", "PIPELINE", "API", "PIPELINE_MAINTENANCE"][row.number as usize % 5]);
    c.texts("init_scripts", |row, out| {
        if row.number % 7 == 2 {
            out.add("/Volumes/main/default/init/setup.sh");
        }
        row.number % 4 != 1
    });
    c.structure(
        "aws_attributes",
        |_| true,
        |c| {
            c.long("first_on_demand", |_| 1);
            c.some("availability", |row| if row.number.is_multiple_of(3) { "ON_DEMAND" } else { "SPOT_WITH_FALLBACK" });
            c.some("zone_id", |_| "us-east-1a");
            c.long("spot_bid_price_percent", |row| (row.number % 3 != 0).then_some(100));
            c.text("ebs_volume_type", |row| (row.number % 4 == 1).then_some("GENERAL_PURPOSE_SSD"));
            c.long("ebs_volume_count", |row| (row.number % 4 == 1).then_some(1));
            c.long("ebs_volume_size", |row| (row.number % 4 == 1).then_some(100));
        },
    );
    c.write("worker_instance_pool_id", |row, buffer| {
        push_hex(buffer, 0x9001 + row.number % 5, 16);
        row.number % 9 == 4
    });
    c.some("dbr_version", |row| RUNTIMES[(row.number + u64::from(row.change.revision)) as usize % RUNTIMES.len()]);
    c.time("change_time", |row| row.change.time);
    c.date("change_date", |row| date_of(row.change.time));
    c.some("data_security_mode", |row| if row.number.is_multiple_of(4) { "SINGLE_USER" } else { "USER_ISOLATION" });
    c.write("policy_id", |row, buffer| {
        push_hex(buffer, 0xF0C1 + row.number % 11, 16);
        row.number.is_multiple_of(2)
    });
    c.finish()
}
