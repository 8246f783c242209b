//! What is read is accounted for: in bronze, no row is lost between source and table.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use goldsmith::{Layer, RowCounts};
use goldsmith_synth::SynthConfig;
use goldsmith_testkit::ScratchLake;
use goldsmith_tests::synth::World;

fn accounted(rows: &RowCounts) -> u64 {
    rows.inserted + rows.updated + rows.unchanged + rows.duplicates + rows.quarantined
}

#[tokio::test(flavor = "multi_thread")]
async fn the_books_of_bronze_balance_in_every_run() {
    let lake = ScratchLake::new().unwrap();
    let world =
        World::new(SynthConfig { seed: 31, rows: 4_000, batches: 3, null_key_share: 0.01, ..Default::default() });
    let mut quarantined = 0;
    for batch in 0..3 {
        world.deliver(&lake, batch).await;
        let report = lake.run(&[]).await.unwrap();
        for table in report.tables.iter().filter(|table| table.layer == Layer::Bronze) {
            assert_eq!(table.rows.read, accounted(&table.rows), "{}: {:?}", table.name, table.rows);
            quarantined += table.rows.quarantined;
        }
    }
    assert!(quarantined > 0, "the generated rows exercise quarantine");
}
