//! How much memory reading, writing and querying may take.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::error::{DataFusionError, Result};
use datafusion::execution::memory_pool::{
    MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation, human_readable_size,
};

/// What a file that is read or written in parallel with others takes at the least: the compressed columns of a row group, and
/// the pages that are decoded or under construction.
const PER_FILE: u64 = 16 * 1024 * 1024;

/// Bytes of rows that are decoded or given to a writer at once, roughly: of a file one batch is decoded while another one waits.
pub(crate) const BATCH_BYTES: u64 = PER_FILE / 2;

/// Names of the operators whose buffers are not held back by a [`QueryPool`].
const EXEMPT: [&str; 2] = ["RepartitionExec", "SortPreservingMergeExec"];

/// Name under which a sort takes memory for merging rows that it has sorted.
const MERGE: &str = "ExternalSorterMerge";

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

    /// Bytes that a staged upsert may keep in mind until its commit, and that the keys of rows may take that are looked for again there:
    /// the part that is for written files, which are closed by then.
    pub(crate) fn remembered(&self) -> usize {
        usize::try_from(self.files / 2).unwrap_or(usize::MAX)
    }

    /// Bytes at which a row group is ended, when so many files are written at the same time.
    pub(crate) fn row_group(&self, files: usize) -> usize {
        // A row group of less than a page for each column would be more footer than rows.
        const LEAST: u64 = 1024 * 1024;
        usize::try_from((self.files / 2 / files.max(1) as u64).max(LEAST)).unwrap_or(usize::MAX)
    }
}

/// The memory of one SQL query: each operator that can spill gets a fair part of what those that cannot leave over.
///
/// It differs from DataFusion's `FairSpillPool` where that lets a query wait without end or fail although it could spill:
/// - `RepartitionExec` is never made to spill: with spilled batches it can wait for itself without end
///   (<https://github.com/apache/datafusion/issues/24883>). What it buffers is a few batches for each partition, as it stops
///   reading while all of its outputs have one. Nor is `SortPreservingMergeExec` held back, which cannot spill, needs a few
///   batches for each partition, and comes when the sorts below it have taken everything.
/// - What a sort merges with counts as one more operator that can spill. Its rows are those that the sort gives up meanwhile, so
///   the part of a sort is enough for it. Taken for one that cannot spill, it gets what happens to be free, and the other
///   operators may have taken that. Where the first run of rows is larger than the part, there is no way without it.
#[derive(Debug)]
pub(crate) struct QueryPool {
    bytes: usize,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    /// How many operators there are that share.
    sharers: usize,
    shared: usize,
    fixed: usize,
    exempt: usize,
}

/// How an operator takes part in a [`QueryPool`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Shared,
    Fixed,
    Exempt,
}

impl Part {
    fn of(consumer: &MemoryConsumer) -> Self {
        if EXEMPT.iter().any(|name| consumer.name().starts_with(name)) {
            Self::Exempt
        } else if consumer.can_spill() || is_merge(consumer) {
            Self::Shared
        } else {
            Self::Fixed
        }
    }
}

fn is_merge(consumer: &MemoryConsumer) -> bool {
    consumer.name().starts_with(MERGE)
}

impl Held {
    fn of(&mut self, part: Part) -> &mut usize {
        match part {
            Part::Shared => &mut self.shared,
            Part::Fixed => &mut self.fixed,
            Part::Exempt => &mut self.exempt,
        }
    }
}

impl QueryPool {
    pub(crate) fn new(bytes: u64) -> Arc<Self> {
        Arc::new(Self { bytes: usize::try_from(bytes).unwrap_or(usize::MAX), held: Mutex::default() })
    }

    /// Each change of the numbers is whole, so those that a panic leaves behind are right.
    fn with<T>(&self, change: impl FnOnce(&mut Held) -> T) -> T {
        change(&mut self.held.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl MemoryPool for QueryPool {
    fn name(&self) -> &str {
        "query"
    }

    fn register(&self, consumer: &MemoryConsumer) {
        if Part::of(consumer) == Part::Shared {
            self.with(|held| held.sharers += 1);
        }
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        if Part::of(consumer) == Part::Shared {
            self.with(|held| held.sharers -= 1);
        }
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        self.with(|held| *held.of(Part::of(reservation.consumer())) += additional);
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        self.with(|held| *held.of(Part::of(reservation.consumer())) -= shrink);
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        let consumer = reservation.consumer();
        let part = Part::of(consumer);
        self.with(|held| {
            let available = match part {
                Part::Shared => {
                    let shared = self.bytes.saturating_sub(held.fixed);
                    (shared / held.sharers.max(1)).saturating_sub(reservation.size())
                }
                Part::Fixed => self.bytes.saturating_sub(held.fixed + held.shared),
                Part::Exempt => usize::MAX,
            };
            let first_of_merge = is_merge(consumer) && reservation.size() == 0;
            if additional > available && !first_of_merge {
                return Err(DataFusionError::ResourcesExhausted(format!(
                    "{} needs {} more than the {} it has, and may take {} of the {} that a query has",
                    consumer.name(),
                    human_readable_size(additional),
                    human_readable_size(reservation.size()),
                    human_readable_size(available),
                    human_readable_size(self.bytes),
                )));
            }
            *held.of(part) += additional;
            Ok(())
        })
    }

    fn reserved(&self) -> usize {
        self.with(|held| held.shared + held.fixed + held.exempt)
    }

    fn memory_limit(&self) -> MemoryLimit {
        MemoryLimit::Finite(self.bytes)
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

    #[test]
    fn operators_that_share_get_equal_parts_of_what_the_others_leave() {
        let pool: Arc<dyn MemoryPool> = QueryPool::new(1_000);
        let [one, two] = ["A", "B"].map(|name| MemoryConsumer::new(name).with_can_spill(true).register(&pool));
        assert!(one.try_grow(501).is_err());
        assert!(one.try_grow(500).is_ok());
        let fixed = MemoryConsumer::new("C").register(&pool);
        assert!(fixed.try_grow(501).is_err());
        assert!(fixed.try_grow(400).is_ok());
        assert!(two.try_grow(301).is_err());
        assert!(two.try_grow(300).is_ok());
        drop((one, fixed));
        assert!(two.try_grow(700).is_ok(), "what others give back is free again");
        assert_eq!(pool.reserved(), 1_000);
    }

    #[test]
    fn a_sort_gets_for_its_merge_what_it_had_for_its_rows() {
        let pool: Arc<dyn MemoryPool> = QueryPool::new(1_000);
        let sorts = [0, 1].map(|of| {
            let merge = MemoryConsumer::new(format!("ExternalSorterMerge[{of}]")).register(&pool);
            (MemoryConsumer::new(format!("ExternalSorter[{of}]")).with_can_spill(true).register(&pool), merge)
        });
        for (rows, _) in &sorts {
            assert!(rows.try_grow(250).is_ok());
            assert!(rows.try_grow(1).is_err());
        }
        for (_, merge) in &sorts {
            for _ in 0..5 {
                assert!(merge.try_grow(50).is_ok());
            }
            assert!(merge.try_grow(1).is_err());
        }
        let (_, merge) = &sorts[0];
        merge.free();
        assert!(merge.try_grow(900).is_ok(), "one run of rows at least");
        assert!(merge.try_grow(1).is_err());
    }
}
