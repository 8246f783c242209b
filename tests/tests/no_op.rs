//! A run with nothing new commits nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use goldsmith::{CheckName, CheckOutcome, Layer, MaintainOptions, TableStatus, VerifyOptions};
use goldsmith_synth::SynthConfig;
use goldsmith_testkit::ScratchLake;
use goldsmith_tests::synth::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_second_run_commits_nothing_in_any_table() {
    let lake = ScratchLake::new().unwrap();
    let world = World::new(SynthConfig { seed: 11, rows: 4_000, batches: 2, ..Default::default() });
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
    let world = World::new(SynthConfig { seed: 12, rows: 4_000, batches: 1, ..Default::default() });
    world.deliver(&lake, 0).await;
    lake.run(&[]).await.unwrap();
    world.deliver(&lake, 0).await;
    let report = lake.run(&[]).await.unwrap();
    for table in report.tables.iter().filter(|table| table.layer == Layer::Gold) {
        let written = table.rows.written() + table.rows.deleted;
        assert_eq!(written, 0, "{}: {:?}", table.name, table.rows);
    }
}

/// What a verification finds that it could not compare.
async fn not_compared(lake: &ScratchLake) -> Vec<String> {
    let report = lake.engine().unwrap().verify(&VerifyOptions::default()).await.unwrap();
    assert!(report.is_success(), "{report:#?}");
    let is_skipped = |name: CheckName| {
        move |table: &&goldsmith::TableVerification| {
            table.check(name).is_some_and(|check| check.outcome == CheckOutcome::Skipped)
        }
    };
    let missing = report.tables.iter().filter(is_skipped(CheckName::MissingRows));
    let missing = missing.chain(report.tables.iter().filter(is_skipped(CheckName::ForeignKeys)));
    missing.map(|table| format!("{table:#?}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_after_maintenance_commits_nothing_and_what_comes_then_finds_its_way() {
    let lake = ScratchLake::new().unwrap();
    let world = World::new(SynthConfig { seed: 13, rows: 2_000, batches: 5, ..Default::default() });
    for batch in 0..4 {
        world.deliver(&lake, batch).await;
        lake.run(&[]).await.unwrap();
    }
    // What the versions before had is gone for good.
    let options = MaintainOptions { retention: Duration::ZERO, force: true, ..MaintainOptions::default() };
    let maintained = lake.engine().unwrap().maintain(&options).await.unwrap();
    for layer in [Layer::Bronze, Layer::Gold] {
        let of_layer = maintained.tables.iter().filter(|table| table.layer == layer);
        assert!(of_layer.clone().any(|table| table.version.is_some()), "{layer:?}: {maintained:#?}");
        assert!(of_layer.clone().all(|table| table.error.is_none()), "{maintained:#?}");
    }
    assert_eq!(not_compared(&lake).await, [] as [String; 0]);
    let report = lake.run(&[]).await.unwrap();
    assert!(report.is_up_to_date(), "{:#?}", report.tables);

    world.deliver(&lake, 4).await;
    let report = lake.run(&[]).await.unwrap();
    let fact = report.table(Layer::Gold, "fact_usage").unwrap();
    assert!(fact.rows.read > 0 && fact.what.starts_with("recompute"), "{fact:#?}");
    let held = lake.query("select count(*) as n from fact_usage").await.unwrap()[0]["n"].as_u64().unwrap();
    assert!(fact.rows.read < held && fact.rows.repaired < held, "all was looked at again: {fact:#?}");
    assert_eq!(not_compared(&lake).await, [] as [String; 0]);
}
