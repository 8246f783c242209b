//! Writers that overtake each other at random, beside a map.

use std::collections::BTreeMap;

use goldsmith_lake::{
    CommitOutcome, CommitRequest, ErrorKind, Lake, LakeOptions, MemoryBounds, Table, UpsertRequest, upsert,
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::history::{History, Kind, Row};
use crate::races::{MODES, filled, metric, moved, paths, unreferenced};
use crate::support::{Place, append, rows};

/// Some rows of few keys, so that writers meet.
fn drawn(random: &mut ChaCha8Rng, most: usize) -> Vec<(String, i64, String)> {
    let mut fresh = BTreeMap::new();
    for _ in 0..random.random_range(0..=most) {
        let id = ["a", "b", "c", "d", "e", "g"][random.random_range(0..6)].to_owned();
        fresh.insert((id, random.random_range(0..3)), ["m", "n", "o"][random.random_range(0..3)].to_owned());
    }
    fresh.into_iter().map(|((id, time), name)| (id, time, name)).collect()
}

/// An upsert at random, which the map does as well, and the numbers that it has to report.
fn chunk(random: &mut ChaCha8Rng, history: &mut History, run: &str) -> (UpsertRequest, [u64; 5]) {
    let fresh = drawn(random, 5);
    let fresh: Vec<Row<'_>> = fresh.iter().map(|(id, time, name)| (id.as_str(), *time, name.as_str())).collect();
    let kind = Kind::ALL[random.random_range(0..Kind::ALL.len())];
    let (request, fates) = history.upsert(kind, &fresh, run);
    (UpsertRequest { write_mode: MODES[random.random_range(0..3)], ..request }, fates)
}

/// Stages upserts and commits them; whether that changed the table. It is refused exactly when rows changed since the writer looked.
async fn staged(table: &mut Table, requests: Vec<UpsertRequest>, is_overtaken: bool, case: &str) -> bool {
    for request in requests {
        let request = UpsertRequest { stage: true, ..request };
        upsert(table, request).await.unwrap_or_else(|error| panic!("{case}: {error}"));
    }
    match table.commit(CommitRequest::default()).await {
        Ok(CommitOutcome::Committed { .. }) => {
            assert!(!is_overtaken, "{case}: rows that changed were not noticed");
            true
        }
        Ok(CommitOutcome::Nothing) => false,
        Err(error) => {
            assert!(is_overtaken, "{case}: rows were only rearranged: {error}");
            assert_eq!(error.kind(), ErrorKind::Conflict, "{case}: {error}");
            false
        }
    }
}

/// Upserts rows, whoever was faster; whether that changed the table, and how many files were looked at again for it.
async fn at_once(table: &mut Table, request: UpsertRequest, fates: [u64; 5], case: &str) -> (bool, usize) {
    let report = upsert(table, request).await.unwrap_or_else(|error| panic!("{case}: {error}"));
    if report.version.is_some() {
        assert_eq!(History::fates(&report), fates, "{case}: {report:?}");
    }
    (report.version.is_some(), report.files_reprobed)
}

/// Some writers, none of which looks at the table before it writes, beside a map to which their commits are applied in order.
async fn interleaved(seed: u64, steps: usize) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let place = Place::new();
    let mut history = filled(&place).await;
    let mut handles = Vec::new();
    for _ in 0..3 {
        handles.push(place.open("t").await);
    }
    // The last version that changed rows.
    let (mut last_change, mut reprobed) = (handles[0].version(), 0);
    for step in 0..steps {
        let who = random.random_range(0..handles.len());
        let table = &mut handles[who];
        let (from, run) = (table.version(), format!("run-{step}"));
        let case = format!("seed {seed} step {step} handle {who}");
        let before = history.clone();
        let changed = match random.random_range(0..8) {
            0 => {
                let id = format!("fresh-{step}");
                append(table, &history.append(&[(&id, 0, "m")], &run), None, &run).await;
                true
            }
            1 => {
                if let Err(error) = table.compact(&run, false).await {
                    assert_eq!(error.kind(), ErrorKind::Conflict, "{case}: {error}");
                }
                false
            }
            2 | 3 => {
                let chunks = random.random_range(1..=4);
                let requests = (0..chunks).map(|_| chunk(&mut random, &mut history, &run).0).collect();
                staged(table, requests, from < last_change, &case).await
            }
            _ => {
                let (request, fates) = chunk(&mut random, &mut history, &run);
                let (changed, looked_again) = at_once(table, request, fates, &case).await;
                reprobed += looked_again;
                changed
            }
        };
        if !changed {
            // Also when what it would have changed is the work of somebody whom it has not seen.
            history = before;
        }
        let latest = place.open("t").await;
        assert_eq!(rows(&latest).await, history.lines(), "{case}");
        assert_eq!(unreferenced(&place, "t"), Vec::<String>::new(), "{case}");
        if changed {
            last_change = latest.version();
        }
        if random.random_bool(0.3) {
            handles[who].refresh().await.unwrap();
        }
    }
    assert!(reprobed > 0, "seed {seed}: nobody was overtaken");
}

#[tokio::test(flavor = "multi_thread")]
#[allow(clippy::print_stdout)]
async fn writers_that_overtake_each_other_equal_a_map() {
    for seed in 0..3 {
        println!("seed {seed}");
        interleaved(seed, 30).await;
    }
}

/// Chunks that a handle stages, while others move rows and change none, beside a map. Returns how often rows had to be found again.
async fn overtaken(seed: u64, steps: usize) -> usize {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let place = Place::new();
    let mut history = filled(&place).await;
    let mut found_again = 0;
    for step in 0..steps {
        let (case, run) = (format!("seed {seed} step {step}"), format!("run-{step}"));
        // With next to none nothing is remembered, and the keys of each batch are searched for by themselves.
        let memory = random.random_bool(0.5).then_some(MemoryBounds { files: 1, queries: 1 << 24 });
        let lake = Lake::new(LakeOptions { threads: 2, memory, ..LakeOptions::default() });
        let mut ours = lake.open(&place.at("t")).await.unwrap().unwrap();
        for _ in 0..random.random_range(1..=4) {
            let (request, fates) = chunk(&mut random, &mut history, &run);
            let request = UpsertRequest { stage: true, ..request };
            let report = upsert(&mut ours, request).await.unwrap_or_else(|error| panic!("{case}: {error}"));
            assert_eq!(History::fates(&report), fates, "{case}: {report:?}");
        }
        for _ in 0..random.random_range(1..=3) {
            let mut other = place.open("t").await;
            let mut files = paths(&other);
            files.retain(|_| random.random_bool(0.6));
            if !files.is_empty() {
                moved(&mut other, files).await;
            }
        }
        let outcome = ours.commit(CommitRequest::default()).await.unwrap_or_else(|error| panic!("{case}: {error}"));
        if let CommitOutcome::Committed { version } = outcome {
            found_again += usize::from(metric(&place, "t", version, "numTargetFilesReprobed").is_some());
        }
        assert_eq!(rows(&place.open("t").await).await, history.lines(), "{case}");
        assert_eq!(unreferenced(&place, "t"), Vec::<String>::new(), "{case}");
    }
    found_again
}

#[tokio::test(flavor = "multi_thread")]
#[allow(clippy::print_stdout)]
async fn chunks_whose_rows_are_moved_meanwhile_equal_a_map() {
    for seed in 0..4 {
        println!("seed {seed}");
        assert!(overtaken(seed, 12).await > 0, "seed {seed}: nothing was found again");
    }
}
