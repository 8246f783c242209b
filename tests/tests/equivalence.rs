//! Incremental equals rebuild, and equals every other way in which the same rows may arrive, crashes of runs included.
//!
//! `GOLDSMITH_SEEDS=100..200` runs other seeds. A case that fails is made smaller; `GOLDSMITH_CASE` repeats one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use goldsmith_tests::arrival::{Setting, check, feeding, shrink};
use goldsmith_tests::part::Part;
use goldsmith_tests::points::on_all_cores;
use goldsmith_tests::seeds;

/// Cases that are tried to make a failing one smaller.
const SHRINKS: usize = 40;

/// The case of the environment, if it is for one of these parts of the model, or one per seed, for the parts in turn.
fn settings(parts: &[Part], default: Range<u64>, rows: u64, batches: usize) -> Vec<Setting> {
    if let Ok(text) = std::env::var("GOLDSMITH_CASE") {
        let setting: Setting = text.parse().unwrap();
        return if parts.contains(&setting.part) { vec![setting] } else { Vec::new() };
    }
    let part = |seed: u64| parts[usize::try_from(seed).unwrap() % parts.len()];
    seeds(default).map(|seed| Setting::new(seed, part(seed), rows, batches)).collect()
}

async fn all_are_equal(settings: Vec<Setting>) {
    let crashes = Arc::new(AtomicU64::new(0));
    if settings.is_empty() {
        return;
    }
    let is_enough = settings.len() >= 5 && settings.iter().all(|setting| setting.crashes);
    let seeds = on_all_cores(settings, |setting| {
        let crashes = Arc::clone(&crashes);
        async move {
            match check(&setting).await {
                Ok(count) => {
                    crashes.fetch_add(count, Ordering::Relaxed);
                    Ok(())
                }
                Err(failure) => {
                    let model = setting.part.model().unwrap();
                    let again = async |setting: &Setting| check(setting).await.map(drop);
                    let shrunk = shrink(setting.clone(), failure, SHRINKS, |table| feeding(&model, table), again).await;
                    let (smallest, text) = (&shrunk.setting, &shrunk.failure.text);
                    Err(format!("{setting}\n  smallest of {} cases: {}\n  {text}", shrunk.tried, smallest.command()))
                }
            }
        }
    })
    .await;
    let crashes = crashes.load(Ordering::Relaxed);
    println!("{seeds} seeds, {crashes} crashes: all equal");
    assert!(crashes > 0 || !is_enough, "no run crashed");
}

#[tokio::test(flavor = "multi_thread")]
async fn any_arrival_in_a_part_of_the_model_equals_the_ordered_one_and_the_rebuild() {
    all_are_equal(settings(&[Part::Costs, Part::Runs], 1..10, 500, 2)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn any_arrival_in_the_whole_model_equals_the_ordered_one_and_the_rebuild() {
    all_are_equal(settings(&[Part::Whole], 1..3, 2_000, 2)).await;
}
