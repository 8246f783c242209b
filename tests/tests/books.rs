//! What is read is accounted for, in every table and every run.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use goldsmith::{Layer, RowCounts, RunOptions, RunReport};
use goldsmith_synth::SynthConfig;
use goldsmith_testkit::ScratchLake;
use goldsmith_tests::synth::World;

fn assert_balanced(report: &RunReport) {
    assert!(report.is_success(), "{report:#?}");
    for table in &report.tables {
        let rows = &table.rows;
        let entered = rows.read + rows.reread + rows.repaired + rows.generated;
        let left = rows.inserted + rows.updated + rows.unchanged + rows.duplicates + rows.quarantined + rows.memberless;
        assert_eq!(entered, left, "{}: {rows:?}", table.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_books_of_every_table_balance_in_every_run() {
    let lake = ScratchLake::new().unwrap();
    let world =
        World::new(SynthConfig { seed: 31, rows: 4_000, batches: 3, null_key_share: 0.01, ..Default::default() });
    let mut totals = RowCounts::default();
    for batch in 0..3 {
        world.deliver(&lake, batch).await;
        let report = lake.run(&[]).await.unwrap();
        assert_balanced(&report);
        totals.add(&report.totals(Layer::Bronze));
        totals.add(&report.totals(Layer::Gold));
    }
    let refresh = RunOptions { full_refresh: true, ..RunOptions::default() };
    assert_balanced(&lake.engine().unwrap().run(&refresh).await.unwrap());
    // Each way that a row can go is taken by some.
    let ways = [
        totals.inserted,
        totals.updated,
        totals.unchanged,
        totals.duplicates,
        totals.quarantined,
        totals.repaired,
        totals.reread,
        totals.vanished,
    ];
    assert!(ways.iter().all(|rows| *rows > 0), "{totals:?}");
}
