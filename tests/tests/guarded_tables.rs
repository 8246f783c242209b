//! Tables to which other software added a rule for its writers are kept up to date like all others.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use goldsmith::VerifyOptions;
use goldsmith_synth::SynthConfig;
use goldsmith_testkit::ScratchLake;
use goldsmith_tests::log::{actions, entries, set_property};
use goldsmith_tests::synth;

/// Gold tables of each kind of load, and a bronze table of each.
const FED: &[&str] = &[
    "system_gold/fact_usage",
    "system_gold/fact_job_run_timeline",
    "system_gold/dim_cluster",
    "system_gold/dim_user",
    "system_gold/dim_workspace",
    "system_bronze/billing_usage",
    "system_bronze/compute_node_types",
];

#[tokio::test(flavor = "multi_thread")]
async fn tables_with_a_change_data_feed_or_a_constraint_follow_their_inputs() {
    let lake = ScratchLake::new().unwrap();
    let world = synth::World::new(SynthConfig { seed: 31, rows: 2_000, batches: 3, ..Default::default() });
    world.deliver(&lake, 0).await;
    lake.run(&[]).await.unwrap();
    let at = |name: &str| lake.target().join(name);
    for name in FED {
        set_property(&at(name), "changeDataFeed", "delta.enableChangeDataFeed", "true");
    }
    set_property(
        &at("system_gold/fact_query_history"),
        "checkConstraints",
        "delta.constraints.known",
        "_run_id IS NOT NULL",
    );
    let before: Vec<usize> = FED.iter().map(|name| entries(&at(name)).len()).collect();

    for batch in 1..3 {
        world.deliver(&lake, batch).await;
        lake.run(&[]).await.unwrap();
    }
    assert!(lake.run(&[]).await.unwrap().is_up_to_date());

    let mut recorded = 0;
    for (name, before) in FED.iter().zip(before) {
        for entry in entries(&at(name)).iter().skip(before) {
            let actions = actions(entry);
            let count = |kind: &str| actions.iter().filter(|action| action.get(kind).is_some()).count();
            assert_eq!(count("domainMetadata"), 1, "{name}: {entry:?}");
            if count("remove") > 0 {
                assert_eq!(count("cdc"), 1, "{name}: {entry:?}");
                recorded += 1;
            }
        }
    }
    assert!(recorded > 0);
    let report = lake.engine().unwrap().verify(&VerifyOptions::default()).await.unwrap();
    assert!(report.is_success(), "{report:#?}");
}
