//! What is read is accounted for: no row is lost between source and bronze, and none between bronze and the facts of events.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use goldsmith::{Layer, RowCounts, RunOptions, TableReport};
use goldsmith_model::GoldKind;
use goldsmith_synth::SynthConfig;
use goldsmith_testkit::ScratchLake;
use goldsmith_tests::synth::World;

fn accounted(rows: &RowCounts) -> u64 {
    rows.inserted + rows.updated + rows.unchanged + rows.duplicates + rows.quarantined + rows.memberless
}

#[tokio::test(flavor = "multi_thread")]
async fn the_books_of_bronze_and_of_facts_of_events_balance_in_every_run() {
    let lake = ScratchLake::new().unwrap();
    let world =
        World::new(SynthConfig { seed: 31, rows: 4_000, batches: 3, null_key_share: 0.01, ..Default::default() });
    let is_event_fact = |table: &&TableReport| {
        let gold = lake.model().gold.get(&table.name).filter(|_| table.layer == Layer::Gold);
        gold.is_some_and(|gold| matches!(gold.kind, GoldKind::EventFact { .. }))
    };
    let (mut bronze, mut facts) = (RowCounts::default(), RowCounts::default());
    // The last run is a rebuild of gold.
    for batch in 0..4 {
        if batch < 3 {
            world.deliver(&lake, batch).await;
        }
        let options = RunOptions { full_refresh: batch == 3, ..Default::default() };
        let report = lake.engine().unwrap().run(&options).await.unwrap();
        assert!(report.is_success(), "{report:#?}");
        for table in report.tables.iter().filter(|table| table.layer == Layer::Bronze) {
            assert_eq!(table.rows.read, accounted(&table.rows), "{}: {:?}", table.name, table.rows);
            bronze.add(&table.rows);
        }
        for table in report.tables.iter().filter(is_event_fact) {
            // Rows that a dimension moved are read from gold again, and come out as updated.
            assert_eq!(
                table.rows.read + table.rows.repaired,
                accounted(&table.rows),
                "{}: {:?}",
                table.name,
                table.rows
            );
            facts.add(&table.rows);
        }
    }
    assert!(bronze.quarantined > 0, "the generated rows exercise quarantine");
    for (what, count) in [("duplicate", facts.duplicates), ("repaired", facts.repaired)] {
        assert!(count > 0, "no row of a fact was {what}, so that the balance shows little: {facts:?}");
    }
}
