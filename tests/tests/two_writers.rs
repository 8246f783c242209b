//! Two runs at once on one target: an equal result, nothing doubled.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use goldsmith::RunOptions;
use goldsmith_synth::SynthConfig;
use goldsmith_testkit::ScratchLake;
use goldsmith_tests::{gold_tables, synth::World};

#[tokio::test(flavor = "multi_thread")]
async fn two_runs_at_once_give_what_one_gives() {
    let config = || SynthConfig { seed: 21, rows: 3_000, batches: 2, ..Default::default() };
    let (alone, together) = (ScratchLake::new().unwrap(), ScratchLake::new().unwrap());
    for batch in 0..2 {
        World::new(config()).deliver(&alone, batch).await;
        World::new(config()).deliver(&together, batch).await;
        alone.run(&[]).await.unwrap();
        let (first, second) = (together.engine().unwrap(), together.engine().unwrap());
        let options = RunOptions::default();
        let (first, second) = tokio::join!(first.run(&options), second.run(&options));
        for report in [first.unwrap(), second.unwrap()] {
            let failed: Vec<_> = report.tables.iter().filter(|table| table.error.is_some()).collect();
            assert!(failed.is_empty(), "{failed:#?}");
        }
    }
    // One more run, for what the loser of a race left to the next one.
    together.run(&[]).await.unwrap();
    for table in gold_tables(&alone) {
        assert_eq!(alone.dump(&table).await.unwrap(), together.dump(&table).await.unwrap(), "{table}");
    }
}
