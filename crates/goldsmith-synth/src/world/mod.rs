//! The made-up account that all tables tell about.

mod entities;
mod lake;
mod people;
mod prices;
mod sizes;
mod skus;

use crate::calendar::{Calendar, DAY};
use crate::rng::Rng;
use crate::source::Table;
use crate::text::uuid;
use crate::{SynthConfig, SynthError};

pub(crate) use entities::Entity;
pub(crate) use lake::{LakeColumn, LakeTable};
pub(crate) use people::User;
pub(crate) use prices::{CLOSED, Price, REVISED};
pub(crate) use skus::{Product, Sku};

/// Cloud of the account's workspaces.
pub(crate) const CLOUD: &str = "AWS";
/// Region of the account's workspaces.
pub(crate) const REGION: &str = "us-east-1";

/// The account, its people and things, and how much of everything there is.
pub(crate) struct World {
    pub(crate) config: SynthConfig,
    pub(crate) calendar: Calendar,
    pub(crate) account_id: String,
    pub(crate) metastore_id: String,
    /// The last one is referred to, but never listed.
    pub(crate) workspaces: Vec<Workspace>,
    pub(crate) users: Vec<User>,
    pub(crate) skus: Vec<Sku>,
    pub(crate) list_prices: Vec<Price>,
    pub(crate) account_prices: Vec<Price>,
    pub(crate) jobs: Vec<Entity>,
    pub(crate) clusters: Vec<Entity>,
    pub(crate) warehouses: Vec<Entity>,
    pub(crate) pipelines: Vec<Entity>,
    pub(crate) served_entities: Vec<Entity>,
    pub(crate) experiments: Vec<Entity>,
    pub(crate) lake_tables: Vec<LakeTable>,
    counts: Vec<u64>,
}

/// A workspace of the account.
pub(crate) struct Workspace {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) url: String,
    pub(crate) created: i64,
}

const PURPOSES: [&str; 10] = [
    "analytics-prod",
    "analytics-dev",
    "ml-prod",
    "ml-dev",
    "finance-reporting",
    "données-brutes",
    "platform",
    "sandbox",
    "streaming",
    "データ基盤",
];

impl World {
    pub(crate) fn new(config: SynthConfig) -> Result<Self, SynthError> {
        config.validate()?;
        let calendar = Calendar::new(config.start, config.days, config.batches);
        let seed = config.seed;
        let counts = Table::ALL.iter().map(|table| sizes::records(*table, &config)).collect();
        let mut rng = Rng::at(seed, 0xACC0, 0);
        let mut world = Self {
            account_id: uuid(&mut rng),
            metastore_id: uuid(&mut rng),
            workspaces: workspaces(&config, &calendar),
            users: people::users(seed, (config.rows / 500).clamp(60, 5_000)),
            skus: skus::skus(),
            list_prices: Vec::new(),
            account_prices: Vec::new(),
            jobs: Vec::new(),
            clusters: Vec::new(),
            warehouses: Vec::new(),
            pipelines: Vec::new(),
            served_entities: Vec::new(),
            experiments: Vec::new(),
            lake_tables: lake::tables(seed, (config.rows / 400).clamp(80, 5_000)),
            counts,
            calendar,
            config,
        };
        (world.list_prices, world.account_prices) = prices::prices(&world.skus, &world.calendar);
        world.jobs = entities::entities(&world, Table::Jobs);
        world.clusters = entities::entities(&world, Table::Clusters);
        world.warehouses = entities::entities(&world, Table::Warehouses);
        world.pipelines = entities::entities(&world, Table::Pipelines);
        world.served_entities = entities::entities(&world, Table::ServedEntities);
        world.experiments = entities::entities(&world, Table::Experiments);
        Ok(world)
    }

    /// The number of records of a table: events, runs or entities, not rows.
    pub(crate) fn count(&self, table: Table) -> u64 {
        match table {
            Table::WorkspacesLatest => self.config.workspaces as u64,
            Table::ListPrices => self.list_prices.len() as u64,
            Table::AccountPrices => self.account_prices.len() as u64,
            // Task runs are numbered by the job run that they belong to, tasks by their job.
            Table::TaskRuns => self.counts[Table::JobRuns as usize],
            Table::JobTasks => self.counts[Table::Jobs as usize],
            _ => self.counts[table as usize],
        }
    }

    /// The random numbers of one record of a table.
    pub(crate) fn rng(&self, table: Table, number: u64) -> Rng {
        Rng::at(self.config.seed, table.salt(), number)
    }

    /// The instant of a record of a table whose records are numbered by time.
    pub(crate) fn time(&self, table: Table, number: u64) -> i64 {
        let jitter = Rng::at(self.config.seed, table.salt() ^ 0x71E0, number).unit();
        let count = self.count(table).max(1) as f64;
        self.calendar.time_at((number as f64 + jitter) / count)
    }

    /// Whether a record is one of the few whose key is null.
    pub(crate) fn is_keyless(&self, table_salt: u64, number: u64) -> bool {
        Rng::at(self.config.seed, table_salt ^ 0x0_1E55, number).chance(self.config.null_key_share)
    }

    /// Whether an entity is referred to, but unknown to its own table.
    pub(crate) fn is_ghost(&self, table: Table, number: u64) -> bool {
        number > 8 && Rng::at(self.config.seed, table.salt() ^ 0x6057, number).chance(0.01)
    }

    /// One of the listed workspaces, the first ones much more often; seldom the one that is not listed.
    pub(crate) fn workspace(&self, rng: &mut Rng) -> usize {
        if rng.chance(0.003) { self.workspaces.len() - 1 } else { rng.skewed(self.workspaces.len() - 1) }
    }

    /// One of the entities, the first ones much more often, and mostly one that exists at `time`.
    pub(crate) fn entity(&self, list: &[Entity], rng: &mut Rng, time: i64) -> usize {
        let mut chosen = rng.skewed(list.len());
        for _ in 0..4 {
            if list[chosen].exists(time) {
                break;
            }
            chosen = rng.skewed(list.len());
        }
        chosen
    }

    /// The index of an entity of a workspace, found from a starting point; of any, when there is none near.
    pub(crate) fn neighbour(&self, list: &[Entity], from: usize, workspace: usize) -> usize {
        let near = (from..from + 24).map(|at| at % list.len());
        near.clone().find(|&at| list[at].workspace == workspace).unwrap_or(from % list.len())
    }

    /// A principal as facts name it: a user, a service principal, one of the special names, empty, or null.
    pub(crate) fn principal(&self, rng: &mut Rng) -> Option<&str> {
        match rng.below(1_000) {
            0..8 => None,
            8..12 => Some(""),
            12..24 => Some("System-User"),
            24..30 => Some("__REDACTED__"),
            _ => Some(self.user(rng).name.as_str()),
        }
    }

    /// One of the users, the first ones much more often.
    pub(crate) fn user(&self, rng: &mut Rng) -> &User {
        &self.users[rng.skewed(self.users.len())]
    }

    /// Days after which rows leave snapshots.
    pub(crate) fn snapshot_retention(&self) -> i64 {
        let days = self.config.snapshot_retention_days;
        i64::from(days.unwrap_or((self.config.days * 2).div_ceil(3))) * DAY
    }
}

fn workspaces(config: &SynthConfig, calendar: &Calendar) -> Vec<Workspace> {
    let mut list = Vec::with_capacity(config.workspaces + 1);
    for number in 0..=config.workspaces {
        let mut rng = Rng::at(config.seed, 0x3057, number as u64);
        let purpose = PURPOSES[number % PURPOSES.len()];
        // The last listed one is created half-way through.
        let created = if number > 0 && number + 1 == config.workspaces {
            calendar.start() + (calendar.end() - calendar.start()) / 2
        } else {
            calendar.start() - rng.between(30 * DAY, 900 * DAY)
        };
        list.push(Workspace {
            id: (1_000_000_000_000_000 + rng.below(8_000_000_000_000_000)).to_string(),
            name: match number / PURPOSES.len() {
                0 => purpose.to_owned(),
                round => format!("{purpose}-{round}"),
            },
            url: format!("https://dbc-{:08x}-{:04x}.example.com/", rng.below(1 << 32), rng.below(1 << 16)),
            created,
        });
    }
    list
}
