use arrow::array::ArrayRef;
use arrow::datatypes::Fields;

use crate::SynthError;
use crate::calendar::{HOUR, MINUTE, date_of};
use crate::columns::{Columns, Entries};
use crate::delivery::{Deliveries, Kind, Pick};
use crate::lakeflow::{Run, Update, run, run_near, update_near};
use crate::rng::Rng;
use crate::source::{Numbering, Source, Table};
use crate::text::{push_hex, push_number, push_uuid_at};
use crate::world::{CLOUD, Entity, Product, REGION, Sku, World};

pub(super) const USAGE: Source =
    Source { table: Table::Usage, numbering: Numbering::ByTime { tail: 0 }, schedule, build, ages_from: None };

/// The parts of a record after the first, which is what was billed: what took it back, what stands instead,
/// and the same record told once more with other tags under the same ingestion date.
const RETRACTION: u32 = 1;
const RESTATEMENT: u32 = 2;
const AMENDED: u32 = 3;

fn schedule(world: &World, number: u64, out: &mut Deliveries<'_>) {
    let time = world.time(Table::Usage, number);
    out.event(time);
    if world.is_keyless(Table::Usage.salt(), number) {
        return;
    }
    let mut rng = Rng::at(world.config.seed, 0x0005_4A6E, number);
    let home = world.calendar.batch_of(time);
    if rng.chance(world.config.correction_share) {
        let batch = correction_batch(world, home);
        out.row(batch, RETRACTION, Kind::New);
        if rng.chance(0.9) {
            out.row(batch, RESTATEMENT, Kind::New);
        }
    }
    if rng.chance(world.config.tie_share) {
        let later = rng.below(2) as usize;
        out.row((home + later).min(world.calendar.last_batch()), AMENDED, Kind::Version);
    }
}

fn correction_batch(world: &World, home: usize) -> usize {
    (home + 1).min(world.calendar.last_batch())
}

/// What usage metadata names.
enum Subject<'w> {
    Cluster(&'w Entity),
    JobRun { job: &'w Entity, run: Run, cluster: Option<&'w Entity> },
    Notebook(&'w Entity),
    Warehouse(&'w Entity),
    Update { pipeline: &'w Entity, update: Update, cluster: Option<&'w Entity> },
    Endpoint(&'w Entity),
    Account,
}

struct Row<'w> {
    number: u64,
    part: u32,
    has_key: bool,
    workspace: Option<usize>,
    sku: &'w Sku,
    subject: Subject<'w>,
    start: i64,
    end: i64,
    ingestion_date: i32,
    /// At scale 18.
    quantity: i128,
    run_as: Option<&'w str>,
    owner: Option<&'w str>,
    rng: Rng,
}

const NODE_TYPES: [&str; 5] = ["m5d.large", "m5d.xlarge", "i3.xlarge", "r5d.2xlarge", "g4dn.xlarge"];
const ONE: i128 = 1_000_000_000_000_000_000;

impl<'w> Row<'w> {
    fn new(world: &'w World, pick: &Pick) -> Self {
        let number = pick.number;
        let mut rng = world.rng(Table::Usage, number);
        let time = world.time(Table::Usage, number);
        let start = time - time.rem_euclid(HOUR);
        let sku = &world.skus[rng.skewed(world.skus.len())];
        let (workspace, subject) = subject(world, sku, &mut rng, time);
        let end = if rng.chance(0.85) { start + HOUR } else { start + rng.between(MINUTE, HOUR) };
        let quantity = quantity(sku, &mut rng);
        let run_as = world.principal(&mut rng);
        let owner = rng.chance(0.4).then(|| world.user(&mut rng).name.as_str());
        let ingestion_date = date_of(end + rng.between(0, 10 * HOUR));
        let mut row = Row {
            number,
            part: pick.part,
            has_key: !world.is_keyless(Table::Usage.salt(), number),
            workspace,
            sku,
            subject,
            start,
            end,
            ingestion_date,
            quantity,
            run_as,
            owner,
            rng,
        };
        if matches!(pick.part, RETRACTION | RESTATEMENT) {
            let home = world.calendar.batch_of(time);
            let window = world.calendar.window(correction_batch(world, home));
            row.ingestion_date = (row.ingestion_date + 2).max(date_of(window.start) + 1);
            row.quantity = match pick.part {
                RETRACTION => -quantity,
                // Tokens are counted whole.
                _ if sku.unit == "TOKEN" => (quantity - quantity / 7) / ONE * ONE,
                _ => quantity - quantity / 7,
            };
        }
        row
    }

    fn add_tags(&self, out: &mut Entries) -> bool {
        let mut rng = self.rng.clone();
        match rng.below(20) {
            0..4 => return false,
            4..8 => return true,
            _ => {}
        }
        out.add("team", rng.pick(&["analytics", "platform", "finance", "größe", "データ基盤"]));
        if rng.chance(0.5) {
            out.add("env", rng.pick(&["prod", "dev", "test"]));
        }
        if rng.chance(0.05) {
            out.add_null("cost_center");
        } else if rng.chance(0.3) {
            out.add("cost_center", rng.pick(&["1001", "1002", "1003", ""]));
        }
        if self.part == AMENDED {
            out.add("amended", "true");
        }
        true
    }

    fn cluster(&self) -> Option<&'w Entity> {
        match &self.subject {
            Subject::Cluster(cluster) => Some(cluster),
            Subject::JobRun { cluster, .. } | Subject::Update { cluster, .. } => *cluster,
            _ => None,
        }
    }

    fn job_run(&self) -> Option<(&'w Entity, u64)> {
        match &self.subject {
            Subject::JobRun { job, run, .. } => Some((job, run.id)),
            _ => None,
        }
    }
}

fn subject<'w>(world: &'w World, sku: &Sku, rng: &mut Rng, time: i64) -> (Option<usize>, Subject<'w>) {
    let of = |list: &'w [Entity], rng: &mut Rng| &list[world.entity(list, rng, time)];
    match sku.product {
        Product::AllPurpose => {
            let cluster = of(&world.clusters, rng);
            (Some(cluster.workspace), Subject::Cluster(cluster))
        }
        Product::Jobs | Product::ServerlessJobs => {
            let run = run(world, run_near(world, rng, time));
            let job = &world.jobs[run.job];
            let cluster = (sku.product == Product::Jobs)
                .then(|| &world.clusters[world.neighbour(&world.clusters, run.job * 7, job.workspace)]);
            (Some(job.workspace), Subject::JobRun { job, run, cluster })
        }
        Product::ServerlessNotebook => {
            let job = of(&world.jobs, rng);
            (Some(job.workspace), Subject::Notebook(job))
        }
        Product::Sql => {
            let warehouse = of(&world.warehouses, rng);
            (Some(warehouse.workspace), Subject::Warehouse(warehouse))
        }
        Product::Pipeline => {
            let update = update_near(world, rng, time);
            let pipeline = &world.pipelines[update.pipeline];
            let near = world.neighbour(&world.clusters, update.pipeline * 3, pipeline.workspace);
            let cluster = (!update.pipeline.is_multiple_of(2)).then(|| &world.clusters[near]);
            (Some(pipeline.workspace), Subject::Update { pipeline, update, cluster })
        }
        Product::Serving => {
            let served = of(&world.served_entities, rng);
            (Some(served.workspace), Subject::Endpoint(served))
        }
        // Some of it belongs to the account as a whole.
        Product::Storage | Product::Network | Product::Optimization => {
            let workspace = rng.chance(0.7).then(|| world.workspace(rng));
            (workspace, Subject::Account)
        }
    }
}

fn quantity(sku: &Sku, rng: &mut Rng) -> i128 {
    let fraction = i128::from(rng.below(ONE as u64));
    let whole = match sku.unit {
        _ if rng.chance(0.003) => return 0,
        "TOKEN" => return i128::from(rng.long_tail(200_000)) * ONE,
        "GB" => rng.long_tail(900),
        "HOUR" => return ONE,
        _ if rng.chance(0.4) => 0,
        _ => rng.long_tail(3),
    };
    // Most meters report six or nine decimals, some all of them.
    let grain = rng.pick(&[1_000_000_000_000, 1_000_000_000, 1]);
    i128::from(whole) * ONE + fraction / grain * grain
}

fn build(world: &World, picks: &[Pick], fields: &Fields) -> Result<Vec<ArrayRef>, SynthError> {
    let rows: Vec<Row<'_>> = picks.iter().map(|pick| Row::new(world, pick)).collect();
    let mut c = Columns::new(&rows, fields);
    c.some("account_id", |_| &world.account_id);
    c.text("workspace_id", |row| row.workspace.map(|at| &world.workspaces[at].id));
    c.write("record_id", |row, buffer| {
        // A correction is a record of its own; an amended one is the same record.
        let salt = 0x4EC0 + u64::from(row.part % AMENDED);
        push_uuid_at(buffer, world.config.seed, salt, row.number);
        row.has_key
    });
    c.some("sku_name", |row| row.sku.name);
    c.some("cloud", |_| CLOUD);
    c.time("usage_start_time", |row| row.start);
    c.time("usage_end_time", |row| row.end);
    c.date("usage_date", |row| date_of(row.start));
    c.tags("custom_tags", |row, out| row.add_tags(out));
    c.some("usage_unit", |row| row.sku.unit);
    c.decimal("usage_quantity", |row| row.quantity);
    c.structure("usage_metadata", |_| true, |c| metadata(world, c));
    c.structure(
        "identity_metadata",
        |row| row.workspace.is_some(),
        |c| {
            c.text("run_as", |row| row.run_as);
            c.text("created_by", |row| row.owner.filter(|_| row.number.is_multiple_of(3)));
            c.text("owned_by", |row| row.owner);
        },
    );
    c.some("record_type", |row| match row.part {
        RETRACTION => "RETRACTION",
        RESTATEMENT => "RESTATEMENT",
        _ => "ORIGINAL",
    });
    c.date("ingestion_date", |row| row.ingestion_date);
    c.some("billing_origin_product", |row| match row.sku.product {
        Product::AllPurpose => "ALL_PURPOSE",
        Product::Jobs | Product::ServerlessJobs => "JOBS",
        Product::ServerlessNotebook => "INTERACTIVE",
        Product::Sql => "SQL",
        Product::Pipeline => "DLT",
        Product::Serving => "MODEL_SERVING",
        Product::Storage => "DEFAULT_STORAGE",
        Product::Network => "NETWORKING",
        Product::Optimization => "PREDICTIVE_OPTIMIZATION",
    });
    c.structure("product_features", |_| true, features);
    c.some("usage_type", |row| row.sku.usage_type);
    c.finish()
}

fn metadata<'w>(world: &'w World, c: &mut Columns<'_, Row<'w>>) {
    c.text("cluster_id", |row| row.cluster().map(|cluster| &cluster.id));
    c.text("job_id", |row| row.job_run().map(|(job, _)| &job.id));
    c.text("warehouse_id", |row| match row.subject {
        Subject::Warehouse(warehouse) => Some(&warehouse.id),
        _ => None,
    });
    c.text("node_type", |row| row.cluster().map(|_| NODE_TYPES[row.number as usize % NODE_TYPES.len()]));
    c.write("job_run_id", |row, buffer| {
        row.job_run().is_some_and(|(_, run)| {
            push_number(buffer, run);
            true
        })
    });
    c.text("notebook_id", |row| match row.subject {
        Subject::Notebook(job) => Some(&job.id),
        _ => None,
    });
    c.text("dlt_pipeline_id", |row| match &row.subject {
        Subject::Update { pipeline, .. } => Some(&pipeline.id),
        _ => None,
    });
    c.text("endpoint_name", |row| match row.subject {
        Subject::Endpoint(served) => Some(&served.name),
        _ => None,
    });
    c.text("endpoint_id", |row| match row.subject {
        Subject::Endpoint(served) => Some(&served.id),
        _ => None,
    });
    c.write("dlt_update_id", |row, buffer| match &row.subject {
        Subject::Update { update, .. } => {
            update.push_id(world, buffer);
            true
        }
        _ => false,
    });
    c.text("job_name", |row| row.job_run().map(|(job, _)| &job.name));
    c.text("notebook_path", |row| match row.subject {
        Subject::Notebook(_) => Some("/Workspace/Shared/größen/notebook"),
        _ => None,
    });
    let region = |row: &Row<'_>, product| (row.sku.product == product).then_some(REGION);
    c.text("source_region", |row| region(row, Product::Network));
    c.text("destination_region", |row| {
        (row.sku.product == Product::Network && row.number.is_multiple_of(2)).then_some("eu-west-1")
    });
    c.text("metastore_id", |row| {
        matches!(row.sku.product, Product::Storage | Product::Optimization).then_some(&world.metastore_id)
    });
    c.text("storage_api_type", |row| (row.sku.product == Product::Storage).then_some("TIER_1"));
    c.write("budget_policy_id", |row, buffer| {
        push_hex(buffer, 0xB0D6 + row.number % 7, 16);
        row.sku.is_serverless() && row.number.is_multiple_of(3)
    });
}

fn features(c: &mut Columns<'_, Row<'_>>) {
    c.text("jobs_tier", |row| (row.sku.product == Product::Jobs).then_some("CLASSIC"));
    c.text("sql_tier", |row| {
        (row.sku.product == Product::Sql).then(|| if row.sku.is_serverless() { "PRO" } else { "CLASSIC" })
    });
    c.text("dlt_tier", |row| {
        (row.sku.product == Product::Pipeline).then(|| if row.sku.is_photon() { "ADVANCED" } else { "CORE" })
    });
    c.flag("is_serverless", |row| row.sku.is_serverless());
    c.flag("is_photon", |row| row.sku.is_photon());
    c.text("serving_type", |row| (row.sku.product == Product::Serving).then_some("MODEL"));
    c.structure(
        "networking",
        |row| row.sku.product == Product::Network,
        |c| {
            c.some("connectivity_type", |_| "PUBLIC_IP");
        },
    );
    c.structure(
        "model_serving",
        |row| row.sku.product == Product::Serving,
        |c| {
            c.some("offering_type", |row| if row.sku.unit == "TOKEN" { "PAY_PER_TOKEN" } else { "PROVISIONED" });
        },
    );
    c.text("performance_target", |row| (row.sku.product == Product::ServerlessJobs).then_some("PERFORMANCE_OPTIMIZED"));
}
