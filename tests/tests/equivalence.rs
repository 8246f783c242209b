//! Incremental equals rebuild, and equals every other way in which the same rows may arrive.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

use arrow::array::{RecordBatch, UInt64Array};
use arrow::compute::{concat_batches, take_record_batch};
use goldsmith::{DeliveryMode, RunOptions};
use goldsmith_model::LoadMode;
use goldsmith_synth::SynthConfig;
use goldsmith_testkit::ScratchLake;
use goldsmith_tests::{gold_tables, seeds, synth::World};
use rand::{Rng, SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;

const BATCHES: usize = 3;

fn world(seed: u64) -> World {
    World::new(SynthConfig { seed, rows: 4_000, batches: BATCHES, ..Default::default() })
}

async fn in_order(seed: u64) -> ScratchLake {
    let (lake, world) = (ScratchLake::new().unwrap(), world(seed));
    for batch in 0..BATCHES {
        world.deliver(&lake, batch).await;
        lake.run(&[]).await.unwrap();
    }
    lake
}

/// All streamed rows shuffled over the runs, some of them twice; snapshots in their order.
async fn shuffled(seed: u64) -> ScratchLake {
    let (lake, world) = (ScratchLake::new().unwrap(), world(seed));
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let runs = BATCHES + 2;
    let mut deliveries: Vec<Vec<(String, Vec<RecordBatch>, DeliveryMode)>> = vec![Vec::new(); runs];
    for bronze in lake.model().bronze.values() {
        let source = bronze.source.to_string();
        if bronze.load == LoadMode::Merge || bronze.sequence_by.is_none() {
            for batch in 0..BATCHES {
                let mode = if bronze.load == LoadMode::Merge { DeliveryMode::Snapshot } else { DeliveryMode::Append };
                deliveries[batch + 1].push((source.clone(), world.rows(&source, bronze.load, batch), mode));
            }
            continue;
        }
        let all: Vec<RecordBatch> = (0..BATCHES).flat_map(|batch| world.rows(&source, bronze.load, batch)).collect();
        let Some(first) = all.first() else { continue };
        let all = concat_batches(&first.schema(), &all).unwrap();
        let mut order: Vec<u64> = (0..all.num_rows() as u64).collect();
        order.extend((0..all.num_rows() as u64).filter(|_| rng.random_bool(0.05)).collect::<Vec<_>>());
        order.shuffle(&mut rng);
        for (run, delivery) in deliveries.iter_mut().enumerate() {
            let part: UInt64Array = order.iter().skip(run).step_by(runs).copied().collect();
            let rows = take_record_batch(&all, &part).unwrap();
            delivery.push((source.clone(), vec![rows], DeliveryMode::Append));
        }
    }
    for delivery in deliveries {
        for (source, rows, mode) in delivery {
            lake.deliver_batches(&source, rows, mode).await.unwrap();
        }
        lake.run(&[]).await.unwrap();
    }
    lake
}

fn assert_same(what: &str, seed: u64, table: &str, expected: &[String], found: &[String]) {
    if expected == found {
        return;
    }
    let missing: Vec<_> = expected.iter().filter(|row| found.binary_search(row).is_err()).take(3).collect();
    let extra: Vec<_> = found.iter().filter(|row| expected.binary_search(row).is_err()).take(3).collect();
    panic!(
        "seed {seed}: {what} differs in `{table}`: {} rows against {}\n  missing: {missing:#?}\n  extra: {extra:#?}",
        expected.len(),
        found.len()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn any_arrival_equals_the_ordered_one_and_the_rebuild() {
    for seed in seeds(1..3) {
        println!("seed {seed}");
        let ordered = in_order(seed).await;
        let other = shuffled(seed).await;
        let mut before = Vec::new();
        for table in gold_tables(&ordered) {
            let rows = ordered.dump(&table).await.unwrap();
            assert!(rows.len() > 1, "seed {seed}: `{table}` is empty, so that nothing is compared");
            assert_same("a shuffled arrival", seed, &table, &rows, &other.dump(&table).await.unwrap());
            before.push((table, rows));
        }
        let options = RunOptions { full_refresh: true, ..Default::default() };
        let report = ordered.engine().unwrap().run(&options).await.unwrap();
        assert!(report.is_success(), "{report:#?}");
        for (table, rows) in before {
            assert_same("a rebuild", seed, &table, &rows, &ordered.dump(&table).await.unwrap());
        }
    }
}
