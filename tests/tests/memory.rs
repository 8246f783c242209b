//! How much memory there is decides how much is done at once, and never what comes out.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use goldsmith::{RunOptions, VerifyOptions};
use goldsmith_model::Model;
use goldsmith_synth::SynthConfig;
use goldsmith_testkit::ScratchLake;
use goldsmith_tests::arrival::LITTLE_MEMORY;
use goldsmith_tests::content::Content;
use goldsmith_tests::synth::World;

async fn assert_equal(what: &str, model: &Arc<Model>, ample: &ScratchLake, scarce: &ScratchLake) {
    let expected = Content::of(model, &ample.target()).await.unwrap();
    let found = Content::of(model, &scarce.target()).await.unwrap();
    assert_eq!(expected.difference(&found), None, "{what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_model_comes_out_equal_with_few_rows_at_once() {
    const SEED: u64 = 31;
    let world = World::new(SynthConfig { seed: SEED, rows: 4_000, batches: 2, ..Default::default() });
    let ample = ScratchLake::new().unwrap();
    let scarce = ScratchLake::new().unwrap().with_table_share(LITTLE_MEMORY);
    let model = Arc::new(ample.model().clone());
    for batch in 0..2 {
        for lake in [&ample, &scarce] {
            world.deliver(lake, batch).await;
            let report = lake.run(&[]).await.unwrap();
            assert!(report.tables.iter().all(|table| table.rows.is_balanced()), "seed {SEED}");
        }
        assert_equal(&format!("seed {SEED}, delivery {batch}"), &model, &ample, &scarce).await;
    }
    let anew = RunOptions { full_refresh: true, ..RunOptions::default() };
    let report = scarce.engine().unwrap().run(&anew).await.unwrap();
    assert!(report.is_success(), "{:?}", report.tables);
    assert_equal(&format!("seed {SEED}, rebuilt"), &model, &ample, &scarce).await;
    let proof = scarce.engine().unwrap().verify(&VerifyOptions::default()).await.unwrap();
    assert!(proof.is_success(), "seed {SEED}: {proof:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_books_are_the_same_with_few_rows_at_once() {
    const SEED: u64 = 32;
    let world = World::new(SynthConfig { seed: SEED, rows: 3_000, batches: 1, ..Default::default() });
    let ample = ScratchLake::new().unwrap();
    let scarce = ScratchLake::new().unwrap().with_table_share(LITTLE_MEMORY);
    for lake in [&ample, &scarce] {
        world.deliver(lake, 0).await;
    }
    let (expected, found) = (ample.run(&[]).await.unwrap(), scarce.run(&[]).await.unwrap());
    assert!(found.memory_limit < expected.memory_limit);
    for table in &expected.tables {
        let other = found.table(table.layer, &table.name).unwrap();
        assert_eq!(other.rows.read, table.rows.read, "seed {SEED}: {}", table.name);
        assert_eq!(other.rows.quarantined, table.rows.quarantined, "seed {SEED}: {}", table.name);
        assert!(other.rows.is_balanced(), "seed {SEED}: {}", table.name);
    }
}
