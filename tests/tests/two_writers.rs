//! Two runs at once on one target: an equal result, nothing doubled.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::process::{Child, Command, Stdio};

use goldsmith::{ModelSource, RunOptions};
use goldsmith_synth::SynthConfig;
use goldsmith_testkit::ScratchLake;
use goldsmith_tests::content::Content;
use goldsmith_tests::part::Part;
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

/// A run in a process of its own.
fn start(lake: &ScratchLake) -> Child {
    Command::new(env!("CARGO_BIN_EXE_crash_run"))
        .arg(Part::Costs.name())
        .args([lake.source(), lake.target()])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_run_at_once_take_every_delivery_over_once() {
    const ROUNDS: usize = 3;
    let model = Part::Costs.model().unwrap();
    let world = World::new(SynthConfig { seed: 22, rows: 1_000, batches: ROUNDS, ..Default::default() });
    let lake = || ScratchLake::with_model(ModelSource::Loaded(model.clone())).unwrap();
    let (alone, together) = (lake(), lake());
    for batch in 0..ROUNDS {
        world.deliver(&alone, batch).await;
        alone.run(&[]).await.unwrap();
        world.deliver(&together, batch).await;
        let processes = [start(&together), start(&together)];
        for process in processes {
            let output = process.wait_with_output().unwrap();
            assert!(output.status.success(), "round {batch}: {}", String::from_utf8_lossy(&output.stderr));
        }
    }
    // One more run, for what the loser of a race left to the next one.
    together.run(&[]).await.unwrap();
    let expected = Content::of(&model, &alone.target()).await.unwrap();
    assert_eq!(expected.difference(&Content::of(&model, &together.target()).await.unwrap()), None);
}
