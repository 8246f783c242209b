//! The budget of an engine, and the shares of it that tables lease.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::limit::{MIB, MemoryLimit};

/// What the program needs before it holds a row.
const PROGRAM: u64 = 128 * MIB;
/// This part of the limit is for what nobody counts: fragments of the allocator, buffers of libraries.
const UNCOUNTED: u64 = 8;
/// Another table is begun only when each has this share; with less, rows are worked on in so small parts that one table after
/// the other is faster.
const LEAST_SHARE: u64 = 192 * MIB;
/// Equal parts of a share: one for rows, one for keys, one for files, the rest for copies.
const PARTS: u64 = 6;
/// More rows than this at once gain nothing, and a column of text must not exceed what its offsets can count (2 GiB).
const MOST_ROWS: u64 = 1024 * MIB;

/// The memory of an engine, shared by the tables that it works on at once.
#[derive(Debug)]
pub(crate) struct Budget {
    limit: u64,
    usable: u64,
    least_share: u64,
    free: Mutex<u64>,
}

impl Budget {
    /// The budget of a limit.
    pub(crate) fn new(limit: MemoryLimit) -> Arc<Self> {
        let limit = limit.bytes();
        Self::sharing(limit, limit.saturating_sub(PROGRAM + limit / UNCOUNTED), LEAST_SHARE)
    }

    /// A budget of which every table gets a share of so many bytes, however small.
    pub(crate) fn of_shares(share: u64) -> Arc<Self> {
        let tables = std::thread::available_parallelism().map_or(1, usize::from) as u64;
        Self::sharing(share * tables, share * tables, share)
    }

    fn sharing(limit: u64, usable: u64, least_share: u64) -> Arc<Self> {
        Arc::new(Self { limit, usable, least_share, free: Mutex::new(usable) })
    }

    /// The limit in bytes.
    pub(crate) fn limit(&self) -> u64 {
        self.limit
    }

    /// How many tables are worked on at once when `threads` are wanted.
    pub(crate) fn slots(&self, threads: usize) -> usize {
        let fitting = usize::try_from(self.usable / self.least_share.max(1)).unwrap_or(usize::MAX);
        threads.max(1).min(fitting.max(1))
    }

    /// What files of one table may hold while they are read and written, when `threads` tables are wanted at once.
    pub(crate) fn files(&self, threads: usize) -> u64 {
        self.usable / self.slots(threads) as u64 / PARTS
    }

    /// What indexes of dimensions may take before those that no table uses are given up.
    pub(crate) fn indexes(&self) -> u64 {
        self.usable / PARTS
    }

    /// What a query may hold: no table is worked on meanwhile.
    pub(crate) fn query(&self) -> u64 {
        self.usable / PARTS * (PARTS - 1)
    }

    /// Whether another table can be begun beside those that are worked on.
    pub(crate) fn has_room(&self, slots: usize) -> bool {
        *self.free() >= self.equal(slots) / 2
    }

    /// The share of a table that is begun: an equal one of `slots`, or what is left of it.
    pub(crate) fn lease(self: &Arc<Self>, slots: usize) -> Share {
        let mut free = self.free();
        let bytes = self.equal(slots).min(*free);
        *free -= bytes;
        Share { budget: Arc::clone(self), bytes: AtomicU64::new(bytes) }
    }

    fn equal(&self, slots: usize) -> u64 {
        self.usable / slots.max(1) as u64
    }

    fn free(&self) -> std::sync::MutexGuard<'_, u64> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one table may use of the memory of its engine; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Share {
    budget: Arc<Budget>,
    bytes: AtomicU64,
}

impl Share {
    /// Takes half of what lies free, because the neighbours have nothing to do now; the other half is for those that come.
    pub(crate) fn grow(&self) {
        let mut free = self.budget.free();
        let more = *free / 2;
        *free -= more;
        self.bytes.fetch_add(more, Ordering::Relaxed);
    }

    /// Bytes of rows that may be collected at once.
    pub(crate) fn rows(&self) -> u64 {
        self.part().min(MOST_ROWS)
    }

    /// Bytes of keys or hashes that may be remembered at once.
    pub(crate) fn keys(&self) -> u64 {
        self.part()
    }

    fn part(&self) -> u64 {
        // Never nothing: whatever the share, one row after the other can be worked on.
        (self.bytes.load(Ordering::Relaxed) / PARTS).max(1)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        *self.budget.free() += self.bytes.load(Ordering::Relaxed);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn budget(limit: &str) -> Arc<Budget> {
        Budget::new(limit.parse().unwrap())
    }

    #[test]
    fn the_limit_is_divided_as_documented() {
        for (limit, threads, slots, share) in [
            ("256MiB", 8, 1, 96),
            ("512MiB", 8, 1, 320),
            ("1GiB", 8, 4, 192),
            ("1GiB", 2, 2, 384),
            ("8GiB", 2, 2, 3520),
            ("8GiB", 64, 36, 195),
        ] {
            let budget = budget(limit);
            assert_eq!(budget.slots(threads), slots, "{limit} {threads}");
            let lease = budget.lease(slots);
            assert_eq!(lease.bytes.load(Ordering::Relaxed) / MIB, share, "{limit} {threads}");
            assert_eq!(lease.keys() / MIB, share / PARTS, "{limit} {threads}");
            assert_eq!(budget.files(threads) / MIB, share / PARTS, "{limit} {threads}");
        }
        assert_eq!(budget("64GiB").lease(1).rows(), MOST_ROWS);
        assert_eq!(budget("2GiB").limit(), 2048 * MIB);
    }

    #[test]
    fn leases_never_exceed_the_budget_and_come_back() {
        let budget = Budget::of_shares(1_000);
        let whole = *budget.free();
        let slots = budget.slots(usize::MAX);
        let leases: Vec<Share> = (0..slots + 2).map(|_| budget.lease(slots)).collect();
        let leased: u64 = leases.iter().map(|lease| lease.bytes.load(Ordering::Relaxed)).sum();
        assert_eq!((leased + *budget.free(), leased), (whole, whole));
        assert!(!budget.has_room(slots));
        assert_eq!(leases.last().unwrap().rows(), 1, "a share of nothing still goes on row by row");
        drop(leases);
        assert_eq!(*budget.free(), whole);
        assert!(budget.has_room(slots));
    }

    #[test]
    fn a_table_alone_takes_more_and_leaves_room_for_another() {
        let budget = Budget::sharing(800, 800, 100);
        let first = budget.lease(4);
        assert_eq!(first.keys(), 200 / PARTS);
        first.grow();
        assert_eq!(first.keys(), 500 / PARTS);
        assert!(budget.has_room(4));
        let second = budget.lease(4);
        first.grow();
        let third = budget.lease(4);
        assert_eq!((second.keys(), third.keys()), (200 / PARTS, 50 / PARTS));
        assert!(!budget.has_room(4));
        drop(first);
        assert!(budget.has_room(4));
    }
}
