//! Properties of the pure cores against references that work one row at a time.
//!
//! The domains are small on purpose: few keys, few instants (some of them a microsecond or a millisecond apart), nulls and
//! empty texts, so that rows collide all the time. A failing case is shrunk and printed with the seed that finds it again.
//! `PROPTEST_CASES=5000` tries more cases, `PROPTEST_RNG_SEED=7` other ones.

mod arithmetic;
mod asof_joins;
mod flattening;
mod folds;
mod lookups;
mod orders;
mod surrogates;
mod timelines;

use std::fmt::Debug;

use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, RngSeed, TestCaseResult, TestRunner};

/// Instants in microseconds: before and at the epoch, 1 us, 1 ms and 1 s apart, a day later.
pub(crate) const INSTANTS: [i64; 8] = [-1, 0, 1, 1_000, 1_001, 2_000, 1_000_000, 86_400_000_000];

/// Cases of one property in a usual run.
const CASES: u32 = 300;

/// Checks a property for many cases; the smallest failing one is printed.
pub(crate) fn holds<S>(strategy: S, property: impl Fn(S::Value) -> TestCaseResult)
where
    S: Strategy,
{
    let set = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seed = set("PROPTEST_RNG_SEED").unwrap_or(20_240_229);
    let config = Config {
        cases: set("PROPTEST_CASES").and_then(|cases| u32::try_from(cases).ok()).unwrap_or(CASES),
        rng_seed: RngSeed::Fixed(seed),
        failure_persistence: None,
        max_shrink_iters: 20_000,
        ..Config::default()
    };
    if let Err(failure) = TestRunner::new(config).run(&strategy, property) {
        panic!("PROPTEST_RNG_SEED={seed}: {failure}");
    }
}

pub(crate) fn instant() -> impl Strategy<Value = i64> + Clone {
    select(&INSTANTS[..])
}

/// A text that may be null, empty or beyond ASCII.
pub(crate) fn word() -> impl Strategy<Value = Option<&'static str>> + Clone {
    select(&[None, Some(""), Some("a"), Some("ä"), Some("日本")][..])
}

pub(crate) fn owned(text: Option<&str>) -> Option<String> {
    text.map(str::to_owned)
}

/// Another way in which the same rows may arrive: some twice, in any order, in any pieces.
#[derive(Debug, Clone)]
pub(crate) struct Arrival {
    again: Vec<Index>,
    places: Vec<u8>,
    cuts: Vec<Index>,
}

pub(crate) fn arrival() -> impl Strategy<Value = Arrival> {
    let again = prop::collection::vec(any::<Index>(), 0..4);
    let places = prop::collection::vec(any::<u8>(), 24);
    let cuts = prop::collection::vec(any::<Index>(), 0..4);
    (again, places, cuts).prop_map(|(again, places, cuts)| Arrival { again, places, cuts })
}

impl Arrival {
    /// This arrival without any repetition.
    pub(crate) fn once(&self) -> Self {
        Self { again: Vec::new(), ..self.clone() }
    }

    /// The rows, some of them twice, in the order of this arrival.
    pub(crate) fn of<T: Clone>(&self, rows: &[T]) -> Vec<T> {
        let mut all: Vec<&T> = rows.iter().collect();
        if !rows.is_empty() {
            all.extend(self.again.iter().map(|index| index.get(rows)));
        }
        let mut placed: Vec<(u8, &T)> = self.places.iter().copied().cycle().zip(all).collect();
        placed.sort_by_key(|(place, _)| *place);
        placed.into_iter().map(|(_, row)| row.clone()).collect()
    }

    /// The rows of this arrival in pieces, which may be empty.
    pub(crate) fn pieces<T: Clone>(&self, rows: &[T]) -> Vec<Vec<T>> {
        let all = self.of(rows);
        let mut cuts: Vec<usize> = self.cuts.iter().map(|cut| cut.index(all.len() + 1)).collect();
        cuts.extend([0, all.len()]);
        cuts.sort_unstable();
        cuts.windows(2).map(|bounds| all[bounds[0]..bounds[1]].to_vec()).collect()
    }
}
