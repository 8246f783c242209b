//! The histories behind the change logs: creations, edits, deletions, re-creations.

use crate::calendar::{DAY, HOUR, MINUTE};
use crate::delivery::{Deliveries, Kind};
use crate::rng::Rng;
use crate::source::Table;
use crate::world::World;

/// One row of a change log.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Change {
    pub(crate) time: i64,
    /// Which content the entity has from here on: equal revisions are equal rows.
    pub(crate) revision: u32,
    /// Set on rows of a deletion.
    pub(crate) deleted: Option<i64>,
}

const SALT: u64 = 0xC4A6_0000;

/// The whole history of an entity, in order of time, also what lies after the last day.
/// Two rows at the same instant are in a tie.
pub(crate) fn history(world: &World, table: Table, number: u64) -> Vec<Change> {
    let mut rng = Rng::at(world.config.seed, SALT ^ table.salt(), number);
    let (start, end) = (world.calendar.start(), world.calendar.end());
    // Some go through everything within the generated days, whatever their number.
    let eventful = number % 16 == 11;
    let created = if eventful || rng.chance(0.7) {
        rng.between(start - 200 * DAY, start - DAY)
    } else {
        rng.between(start - DAY, end - HOUR)
    };
    let mut changes = vec![Change { time: created, revision: 0, deleted: None }];
    let mut now = Change { time: created, revision: 0, deleted: None };
    if rng.chance(0.4) {
        now.time += rng.between(2_000, 900_000);
        now.revision += 1;
        changes.push(now);
    }
    let (edits, gap) = if eventful { (1, (end - start) / 8) } else { (rng.below(4), (end - start) / 2) };
    for _ in 0..edits {
        // Edits gather in the generated days, where facts can see them.
        now.time = now.time.max(start - 2 * DAY) + rng.between(10 * MINUTE, gap);
        now.revision += u32::from(rng.chance(0.8));
        changes.push(now);
        if rng.chance(world.config.tie_share * 20.0) {
            now.revision += 1;
            changes.push(now);
        }
    }
    if eventful || rng.chance(0.15) {
        now.time = now.time.max(start - 2 * DAY) + rng.between(HOUR, gap);
        now.deleted = Some(now.time - rng.between(0, 5_000));
        changes.push(now);
        if rng.chance(0.25) {
            now.time += rng.between(1_000, 2 * MINUTE);
            now.deleted = Some(now.time);
            changes.push(now);
        }
        if eventful || rng.chance(0.4) {
            now.time += rng.between(10 * MINUTE, gap);
            now.revision += 1;
            now.deleted = None;
            changes.push(now);
        }
    }
    changes
}

/// Delivers the changes of an entity: mostly when they happen, for a few entities one delivery late.
/// Entities that facts refer to, but that no change log knows, are not delivered.
pub(crate) fn schedule(world: &World, table: Table, number: u64, out: &mut Deliveries<'_>) {
    if world.is_ghost(table, number) {
        return;
    }
    let last = world.calendar.last_batch();
    let delay = usize::from(Rng::at(world.config.seed, SALT ^ 1, number).chance(world.config.late_share));
    let mut before = None;
    for (part, change) in history(world, table, number).iter().enumerate() {
        if change.time >= world.calendar.end() {
            break;
        }
        let kind = if before == Some(change.time) { Kind::Version } else { Kind::New };
        before = Some(change.time);
        out.row((world.calendar.batch_of(change.time) + delay).min(last), part as u32, kind);
    }
}
