//! How much memory reading, writing and querying may take.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use datafusion::error::Result;
use datafusion::execution::memory_pool::{FairSpillPool, MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation};

/// What a file that is read or written in parallel with others takes at the least: the compressed columns of a row group, and
/// the pages that are decoded or under construction.
const PER_FILE: u64 = 16 * 1024 * 1024;

/// Names of the operators whose buffers are not held back by a [`QueryPool`].
const EXEMPT: [&str; 2] = ["RepartitionExec", "SortPreservingMergeExec"];

/// Bounds of what a [`Lake`](crate::Lake) holds in memory beside the rows that are handed to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryBounds {
    /// Bytes that files of one table may take while they are read and written.
    pub files: u64,
    /// Bytes that the operators of one SQL query may take before they spill to the disk.
    pub queries: u64,
}

impl MemoryBounds {
    /// How many files of a table are read or written at the same time, of `threads` that could be. Half of the bytes is for those
    /// that are read, half for those that are written.
    pub(crate) fn files_at_once(&self, threads: usize) -> usize {
        let fitting = usize::try_from(self.files / 2 / PER_FILE).unwrap_or(usize::MAX);
        threads.max(1).min(fitting.max(1))
    }

    /// Bytes that the operators of one `MERGE` may take. A part as large as that for files is left of what a table has, for copies of
    /// its rows; with next to nothing even a single batch would not go through.
    pub(crate) fn merge(&self) -> u64 {
        self.files.max(PER_FILE)
    }

    /// Bytes of rows that are handed to one `MERGE`, whose join holds them twice while it hashes them.
    pub(crate) fn merge_rows(&self) -> usize {
        usize::try_from(self.merge() / 3).unwrap_or(usize::MAX)
    }

    /// What each sort of a query sets aside for merging what it spilled. As DataFusion would, but on many threads no more than a
    /// quarter of the query's memory together: else the first sort would fail before it had a row.
    pub(crate) fn merge_reservation(&self, threads: usize) -> usize {
        const USUAL: u64 = 10 * 1024 * 1024;
        usize::try_from((self.queries / 4 / threads.max(1) as u64).min(USUAL)).unwrap_or(usize::MAX)
    }

    /// Bytes at which a row group is ended, when so many files are written at the same time.
    pub(crate) fn row_group(&self, files: usize) -> usize {
        // A row group of less than a page for each column would be more footer than rows.
        const LEAST: u64 = 1024 * 1024;
        usize::try_from((self.files / 2 / files.max(1) as u64).max(LEAST)).unwrap_or(usize::MAX)
    }
}

/// The memory of one SQL query: each operator that can spill gets a fair part.
///
/// `RepartitionExec` is never made to spill: with spilled batches it can wait for itself without end
/// (<https://github.com/apache/datafusion/issues/24883>). What it buffers is a few batches for each partition, as it stops
/// reading while all of its outputs have one. Nor is `SortPreservingMergeExec` held back, which cannot spill, needs a few batches for
/// each partition, and comes when the sorts below it have taken everything.
#[derive(Debug)]
pub(crate) struct QueryPool {
    fair: FairSpillPool,
    exempt: AtomicUsize,
}

impl QueryPool {
    pub(crate) fn new(bytes: u64) -> Arc<Self> {
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        Arc::new(Self { fair: FairSpillPool::new(bytes), exempt: AtomicUsize::new(0) })
    }
}

fn is_exempt(consumer: &MemoryConsumer) -> bool {
    EXEMPT.iter().any(|name| consumer.name().starts_with(name))
}

impl MemoryPool for QueryPool {
    fn name(&self) -> &str {
        "query"
    }

    fn register(&self, consumer: &MemoryConsumer) {
        if !is_exempt(consumer) {
            self.fair.register(consumer);
        }
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        if !is_exempt(consumer) {
            self.fair.unregister(consumer);
        }
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        if is_exempt(reservation.consumer()) {
            self.exempt.fetch_add(additional, Ordering::Relaxed);
        } else {
            self.fair.grow(reservation, additional);
        }
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        if is_exempt(reservation.consumer()) {
            self.exempt.fetch_sub(shrink, Ordering::Relaxed);
        } else {
            self.fair.shrink(reservation, shrink);
        }
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        if is_exempt(reservation.consumer()) {
            self.grow(reservation, additional);
            return Ok(());
        }
        self.fair.try_grow(reservation, additional)
    }

    fn reserved(&self) -> usize {
        self.fair.reserved() + self.exempt.load(Ordering::Relaxed)
    }

    fn memory_limit(&self) -> MemoryLimit {
        self.fair.memory_limit()
    }
}

impl fmt::Display for QueryPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, used {} bytes", self.name(), self.reserved())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1024 * 1024;

    #[test]
    fn files_at_once_and_their_row_groups_follow_the_bytes() {
        for (files, threads, at_once, row_group) in [
            (1024 * MIB, 2, 2, 256 * MIB),
            (1024 * MIB, 64, 32, 16 * MIB),
            (50 * MIB, 8, 1, 25 * MIB),
            (1, 8, 1, MIB),
            (u64::MAX, 0, 1, u64::MAX / 2),
        ] {
            let bounds = MemoryBounds { files, queries: 0 };
            assert_eq!(bounds.files_at_once(threads), at_once, "{files} {threads}");
            assert_eq!(bounds.row_group(at_once) as u64, row_group, "{files} {threads}");
        }
    }

    #[test]
    fn a_merge_gets_the_bytes_of_files_and_enough_for_a_batch() {
        for (files, merge) in [(1, 16 * MIB), (16 * MIB, 16 * MIB), (96 * MIB, 96 * MIB)] {
            let bounds = MemoryBounds { files, queries: 0 };
            assert_eq!((bounds.merge(), bounds.merge_rows() as u64), (merge, merge / 3), "{files}");
        }
    }

    #[test]
    fn sorts_set_no_more_aside_than_there_is() {
        for (queries, threads, expected) in
            [(1024 * MIB, 2, 10 * MIB), (80 * MIB, 8, 80 * MIB / 32), (80 * MIB, 0, 10 * MIB)]
        {
            let bounds = MemoryBounds { files: 0, queries };
            assert_eq!(bounds.merge_reservation(threads) as u64, expected, "{queries} {threads}");
        }
    }

    #[test]
    fn an_operator_that_can_spill_is_held_back_and_exempt_is_not() {
        let pool: Arc<dyn MemoryPool> = QueryPool::new(1_000);
        let sort = MemoryConsumer::new("Sort").with_can_spill(true).register(&pool);
        let shuffle = MemoryConsumer::new("RepartitionExec[0]").with_can_spill(true).register(&pool);
        assert!(sort.try_grow(1_001).is_err());
        assert!(shuffle.try_grow(5_000).is_ok());
        assert!(sort.try_grow(900).is_ok(), "the other one is no competitor");
        assert_eq!(pool.reserved(), 5_900);
        drop(shuffle);
        sort.free();
        assert_eq!(pool.reserved(), 0);
    }
}
