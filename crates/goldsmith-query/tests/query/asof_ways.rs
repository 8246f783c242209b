//! Sessions in which an as-of join goes one way or the other.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use datafusion::common::{Result, resources_err};
use datafusion::execution::memory_pool::{
    FairSpillPool, GreedyMemoryPool, MemoryConsumer, MemoryPool, MemoryReservation,
};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::{SessionConfig, SessionContext};

/// How the versions get to the rows, and how many bytes of them the pool grants; none for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct JoinWay {
    pub(crate) is_collected: bool,
    pub(crate) granted: Option<usize>,
}

impl JoinWay {
    /// Either mode, with an index and without.
    pub(crate) const ALL: [Self; 4] = [
        Self { is_collected: false, granted: None },
        Self { is_collected: true, granted: None },
        Self { is_collected: false, granted: Some(0) },
        Self { is_collected: true, granted: Some(0) },
    ];

    pub(crate) fn is_indexed(self) -> bool {
        self.granted.is_none()
    }

    /// A session whose as-of joins go this way, and its pool.
    pub(crate) fn session(self, partitions: usize, batch_size: usize) -> (SessionContext, Arc<dyn MemoryPool>) {
        // Whatever its size, a table is small enough to be collected, or it never is.
        let threshold = if self.is_collected { usize::MAX } else { 0 };
        let mut config = SessionConfig::new().with_target_partitions(partitions).with_batch_size(batch_size);
        config.options_mut().optimizer.hash_join_single_partition_threshold = threshold;
        config.options_mut().optimizer.hash_join_single_partition_threshold_rows = threshold;
        let rest = GreedyMemoryPool::new(1 << 30);
        let pool: Arc<dyn MemoryPool> = Arc::new(Scarce { rest, granted: self.granted.unwrap_or(usize::MAX) });
        let runtime = RuntimeEnvBuilder::new().with_memory_pool(Arc::clone(&pool)).build_arc().unwrap();
        (SessionContext::new_with_config_rt(config, runtime), pool)
    }
}

/// A pool that grants as-of joins no more than so many bytes, and everybody else what they ask for.
#[derive(Debug)]
struct Scarce {
    rest: GreedyMemoryPool,
    granted: usize,
}

impl fmt::Display for Scarce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "scarce({})", self.granted)
    }
}

impl MemoryPool for Scarce {
    fn name(&self) -> &str {
        "scarce"
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        self.rest.grow(reservation, additional);
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        self.rest.shrink(reservation, shrink);
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        if reservation.consumer().name() == "AsOfJoinExec" && reservation.size() + additional > self.granted {
            return resources_err!("an as-of join has no more than {} bytes here", self.granted);
        }
        self.rest.try_grow(reservation, additional)
    }

    fn reserved(&self) -> usize {
        self.rest.reserved()
    }
}

/// A fair pool that always grants what sorts merge with. DataFusion takes a merge for an operator that cannot spill and gives back what a
/// sort had set aside for it, so that now and then another operator has taken that, and the query fails.
#[derive(Debug)]
pub(crate) struct FairWithMerges {
    rest: FairSpillPool,
    merges: AtomicUsize,
}

impl FairWithMerges {
    pub(crate) fn new(bytes: usize) -> Self {
        Self { rest: FairSpillPool::new(bytes), merges: AtomicUsize::new(0) }
    }
}

fn is_merge(consumer: &MemoryConsumer) -> bool {
    consumer.name().starts_with("ExternalSorterMerge")
}

impl fmt::Display for FairWithMerges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, merges beside it", self.rest)
    }
}

impl MemoryPool for FairWithMerges {
    fn name(&self) -> &str {
        "fair with merges"
    }

    fn register(&self, consumer: &MemoryConsumer) {
        self.rest.register(consumer);
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        self.rest.unregister(consumer);
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        if is_merge(reservation.consumer()) {
            self.merges.fetch_add(additional, Ordering::Relaxed);
        } else {
            self.rest.grow(reservation, additional);
        }
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        if is_merge(reservation.consumer()) {
            self.merges.fetch_sub(shrink, Ordering::Relaxed);
        } else {
            self.rest.shrink(reservation, shrink);
        }
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        if is_merge(reservation.consumer()) {
            self.grow(reservation, additional);
            return Ok(());
        }
        self.rest.try_grow(reservation, additional)
    }

    fn reserved(&self) -> usize {
        self.rest.reserved() + self.merges.load(Ordering::Relaxed)
    }
}

/// The operator of this name that is nearest to the top of a plan.
pub(crate) fn find(plan: &Arc<dyn ExecutionPlan>, name: &str) -> Option<Arc<dyn ExecutionPlan>> {
    if plan.name() == name {
        return Some(Arc::clone(plan));
    }
    plan.children().into_iter().find_map(|child| find(child, name))
}

/// A number that the as-of join of a plan counted.
pub(crate) fn counted(plan: &Arc<dyn ExecutionPlan>, name: &str) -> usize {
    let metrics = find(plan, "AsOfJoinExec").unwrap().metrics().unwrap();
    metrics.sum_by_name(name).map(|value| value.as_usize()).unwrap_or_default()
}
