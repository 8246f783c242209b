use crate::calendar::SECOND;
use crate::changes::history;
use crate::rng::Rng;
use crate::source::Table;
use crate::text::{push_hex, uuid};
use crate::world::World;

/// Something that has a change log and that facts refer to.
pub(crate) struct Entity {
    pub(crate) id: String,
    pub(crate) name: String,
    /// Index of its workspace.
    pub(crate) workspace: usize,
    /// Index of the user who made it.
    pub(crate) owner: usize,
    pub(crate) created: i64,
    /// When it was deleted for good.
    gone: Option<i64>,
}

impl Entity {
    pub(crate) fn exists(&self, time: i64) -> bool {
        self.created <= time && self.gone.is_none_or(|gone| time < gone)
    }
}

const ADJECTIVES: [&str; 12] = [
    "nightly",
    "hourly",
    "daily",
    "weekly",
    "ad-hoc",
    "shared",
    "streaming",
    "backfill",
    "adaptive",
    "größte",
    "夜間",
    "quarterly",
];
const NOUNS: [&str; 12] = [
    "ingest",
    "transform",
    "export",
    "report",
    "training",
    "scoring",
    "quality",
    "sync",
    "cleanup",
    "dashboard",
    "features",
    "reconciliation",
];

/// All entities of one change log. Some share their id with one of another workspace.
pub(super) fn entities(world: &World, table: Table) -> Vec<Entity> {
    let listed = world.workspaces.len() - 1;
    let mut list: Vec<Entity> = Vec::new();
    for number in 0..world.count(table) {
        let mut rng = Rng::at(world.config.seed, table.salt() ^ 0xE171, number);
        let changes = history(world, table, number);
        let created = changes[0].time;
        let gone = changes.last().and_then(|last| last.deleted);
        let mut workspace = rng.skewed(listed);
        let mut id = id(table, number, created, &mut rng);
        // Served entities are identified without their workspace, so their ids stay unique.
        if number % 29 == 7
            && listed > 1
            && table != Table::ServedEntities
            && let Some(twin) = list.last()
        {
            workspace = (twin.workspace + 1) % listed;
            id.clone_from(&twin.id);
        }
        let name = format!("{} {} {number}", rng.pick(&ADJECTIVES), rng.pick(&NOUNS));
        let owner = rng.skewed(world.users.len());
        list.push(Entity { id, name, workspace, owner, created, gone });
    }
    list
}

fn id(table: Table, number: u64, created: i64, rng: &mut Rng) -> String {
    match table {
        Table::Clusters => {
            let letters: String = (0..8).map(|_| char::from(b'a' + rng.below(26) as u8)).collect();
            let second = created.div_euclid(SECOND) as u64;
            format!("{:04}-{:06}-{letters}", number % 1_232, second % 240_000)
        }
        Table::Warehouses | Table::ServedEntities => {
            let mut id = String::new();
            push_hex(&mut id, rng.bits(), 16);
            id
        }
        Table::Pipelines => uuid(rng),
        _ => (100_000_000_000_000 + number * 9_000_011 + rng.below(9_000_011)).to_string(),
    }
}
