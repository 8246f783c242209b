//! A run with nothing new commits nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use goldsmith::TableStatus;
use goldsmith_synth::SynthConfig;
use goldsmith_testkit::ScratchLake;
use goldsmith_tests::synth;

#[tokio::test(flavor = "multi_thread")]
async fn a_second_run_commits_nothing_in_any_table() {
    let lake = ScratchLake::new().unwrap();
    let world = synth::World::new(SynthConfig { seed: 11, rows: 4_000, batches: 2, ..Default::default() });
    world.deliver(&lake, 0).await;
    lake.run(&[]).await.unwrap();
    let before = lake.engine().unwrap().status().await.unwrap();
    let report = lake.run(&[]).await.unwrap();
    assert!(report.tables.iter().all(|table| table.status != TableStatus::Changed), "{:#?}", report.tables);
    let after = lake.engine().unwrap().status().await.unwrap();
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(before.version, after.version, "{}", before.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_delivered_again_changes_no_gold_row() {
    let lake = ScratchLake::new().unwrap();
    let world = synth::World::new(SynthConfig { seed: 12, rows: 4_000, batches: 1, ..Default::default() });
    world.deliver(&lake, 0).await;
    lake.run(&[]).await.unwrap();
    world.deliver(&lake, 0).await;
    let report = lake.run(&[]).await.unwrap();
    for table in report.tables.iter().filter(|table| table.layer == goldsmith::Layer::Gold) {
        let written = table.rows.written() + table.rows.deleted;
        assert_eq!(written, 0, "{}: {:?}", table.name, table.rows);
    }
}
