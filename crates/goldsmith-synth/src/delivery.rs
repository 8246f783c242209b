//! Which delivery brings which version of which row.

use crate::rng::Rng;
use crate::world::World;

/// A row to write: the number of the record (event, run, entity) and which of its rows it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pick {
    pub(crate) number: u64,
    pub(crate) part: u32,
}

/// What a delivered row is, for the totals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The first row of its natural key.
    New,
    /// Another row of a natural key that stands elsewhere too.
    Version,
    /// A row that has been delivered before, to the letter.
    Copy,
    /// A row without a key.
    Keyless,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Delivery {
    pub(crate) batch: usize,
    pub(crate) part: u32,
    pub(crate) kind: Kind,
}

const SALT: u64 = 0xDE11_0E4A;

/// The deliveries of one record's rows, as its table schedules them.
pub(crate) struct Deliveries<'w> {
    world: &'w World,
    table_salt: u64,
    record: u64,
    pub(crate) list: Vec<Delivery>,
}

impl<'w> Deliveries<'w> {
    pub(crate) fn new(world: &'w World, table_salt: u64) -> Self {
        Self { world, table_salt, record: 0, list: Vec::new() }
    }

    pub(crate) fn restart(&mut self, record: u64) {
        self.record = record;
        self.list.clear();
    }

    fn rng(&self, part: u32) -> Rng {
        let salt = SALT ^ (self.table_salt << 32) ^ u64::from(part);
        Rng::at(self.world.config.seed, salt, self.record)
    }

    fn push(&mut self, batch: usize, part: u32, kind: Kind) {
        self.list.push(Delivery { batch, part, kind });
    }

    /// An event: delivered at its time or late, now and then twice. A part of the events has no key.
    pub(crate) fn event(&mut self, time: i64) {
        if self.world.is_keyless(self.table_salt, self.record) {
            self.push(self.world.calendar.batch_of(time), 0, Kind::Keyless);
        } else {
            self.row(self.world.calendar.batch_of(time), 0, Kind::New);
        }
    }

    /// A row that belongs to a delivery, but may be late, stand twice, or be delivered again later.
    pub(crate) fn row(&mut self, home: usize, part: u32, kind: Kind) {
        let config = &self.world.config;
        let last = self.world.calendar.last_batch();
        let mut rng = self.rng(part);
        let late = rng.chance(config.late_share);
        let doubled = rng.chance(config.duplicate_share);
        let again = rng.chance(config.redelivery_share);
        let batch = if late { (home + 1 + rng.index(2)).min(last) } else { home };
        self.push(batch, part, kind);
        if doubled {
            self.push(batch, part, Kind::Copy);
        }
        if again && !late && batch < last {
            self.push((batch + 1 + rng.index(2)).min(last), part, Kind::Copy);
        }
    }

    /// A row of a table without a sequence, where the last one delivered counts: never late or delivered
    /// again after its time, now and then twice in one delivery.
    pub(crate) fn ordered(&mut self, batch: usize, part: u32, kind: Kind) {
        let doubled = self.rng(part).chance(self.world.config.duplicate_share);
        self.push(batch, part, kind);
        if doubled {
            self.push(batch, part, Kind::Copy);
        }
    }
}

/// Deliveries after that of its time in which a record can still have rows: updates come up to two later,
/// and every row can be late, or delivered again, by two more.
pub(crate) const LATEST: usize = 4;
