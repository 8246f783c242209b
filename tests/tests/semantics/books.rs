//! The books of gold: every row that was read, or read again because a dimension moved, is accounted for.

use std::collections::BTreeMap;

use goldsmith::{Layer, RowCounts, TableStatus};
use goldsmith_model::GoldKind;
use goldsmith_synth::SynthConfig;
use goldsmith_testkit::ScratchLake;
use goldsmith_tests::synth::World;

fn accounted(rows: &RowCounts) -> u64 {
    rows.inserted + rows.updated + rows.unchanged + rows.duplicates + rows.quarantined + rows.memberless
}

#[tokio::test(flavor = "multi_thread")]
async fn the_books_of_facts_of_events_balance_in_every_run() {
    let lake = ScratchLake::new().unwrap();
    let world =
        World::new(SynthConfig { seed: 33, rows: 3_000, batches: 3, null_key_share: 0.01, ..Default::default() });
    let mut totals: BTreeMap<String, RowCounts> = BTreeMap::new();
    // The last run is a rebuild.
    for batch in 0..4 {
        if batch < 3 {
            world.deliver(&lake, batch).await;
        }
        let options = goldsmith::RunOptions { full_refresh: batch == 3, ..Default::default() };
        let report = crate::support::run(&lake.engine().unwrap(), &options).await;
        for table in report.tables.iter().filter(|table| table.layer == Layer::Gold) {
            let rows = &table.rows;
            if matches!(lake.model().gold[&table.name].kind, GoldKind::EventFact { .. })
                && table.status == TableStatus::Changed
            {
                assert_eq!(rows.read + rows.repaired, accounted(rows), "{}, run {batch}: {rows:?}", table.name);
                totals.entry(table.name.clone()).or_default().add(rows);
            }
        }
    }
    let all = totals.values().fold(RowCounts::default(), |mut all, rows| {
        all.add(rows);
        all
    });
    for (what, count) in
        [("read", all.read), ("inserted", all.inserted), ("duplicates", all.duplicates), ("repaired", all.repaired)]
    {
        assert!(count > 0, "no row was counted as {what}, so that the balance shows little: {all:?}");
    }
}
