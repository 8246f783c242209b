//! What a run asks of its storage.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

use std::collections::BTreeMap;
use std::sync::Arc;

use goldsmith::{DeliveryMode, Engine, LakeOptions, RunOptions, TableStatus};
use goldsmith_model::LoadMode;
use goldsmith_synth::SynthConfig;
use goldsmith_testkit::{Request, RequestKind, Requests, ScratchLake};
use goldsmith_tests::synth::World;

fn counting_engine(lake: &ScratchLake, requests: &Requests) -> Engine {
    let options = LakeOptions { layer: Some(Arc::new(requests.clone())), ..LakeOptions::default() };
    Engine::builder()
        .source(lake.source().to_string_lossy())
        .target(lake.target().to_string_lossy())
        .lake_options(options)
        .build()
        .unwrap()
}

/// Requests by kind, as a line for the reader of the test's output.
fn summary(requests: &[Request]) -> String {
    let mut kinds: BTreeMap<RequestKind, usize> = BTreeMap::new();
    for request in requests {
        *kinds.entry(request.kind).or_default() += 1;
    }
    kinds.iter().map(|(kind, count)| format!("{kind:?} {count}")).collect::<Vec<_>>().join(", ")
}

/// Requests that were made more than once.
fn repeated(requests: &[Request], wanted: impl Fn(&Request) -> bool) -> Vec<(usize, &Request)> {
    let mut counts: BTreeMap<&Request, usize> = BTreeMap::new();
    for request in requests.iter().filter(|request| wanted(request)) {
        *counts.entry(request).or_default() += 1;
    }
    counts.into_iter().filter(|(_, count)| *count > 1).map(|(request, count)| (count, request)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_with_nothing_new_asks_for_each_log_once_and_writes_nothing() {
    let lake = ScratchLake::new().unwrap();
    let world = World::new(SynthConfig { seed: 41, rows: 3_000, batches: 2, ..Default::default() });
    for batch in 0..2 {
        world.deliver(&lake, batch).await;
        lake.run(&[]).await.unwrap();
    }
    let requests = Requests::default();
    let report = counting_engine(&lake, &requests).run(&RunOptions::default()).await.unwrap();
    assert!(report.tables.iter().all(|table| table.status == TableStatus::UpToDate), "{:#?}", report.tables);
    let noted = requests.take();
    println!("{} tables, nothing new: {} requests ({})", report.tables.len(), noted.len(), summary(&noted));
    let writes: Vec<_> = noted.iter().filter(|request| request.kind >= RequestKind::Put).collect();
    assert!(writes.is_empty(), "{writes:#?}");
    let data: Vec<_> = noted.iter().filter(|request| request.path.contains(".parquet")).collect();
    assert!(data.is_empty(), "{data:#?}");
    let repeated = repeated(&noted, |_| true);
    assert!(repeated.is_empty(), "{repeated:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_with_a_checkpoint_is_read_from_there_and_once() {
    let lake = ScratchLake::new().unwrap();
    let world = World::new(SynthConfig { seed: 42, rows: 500, batches: 1, ..Default::default() });
    let rows = world.rows("access.audit", LoadMode::Append, 0);
    for _ in 0..25 {
        lake.deliver_batches("access.audit", rows.clone(), DeliveryMode::Append).await.unwrap();
    }
    lake.run(&["access.audit"]).await.unwrap();
    let requests = Requests::default();
    let options = RunOptions { select: vec!["access.audit".into()], ..Default::default() };
    let report = counting_engine(&lake, &requests).run(&options).await.unwrap();
    assert!(report.is_up_to_date(), "{:#?}", report.tables);
    let noted = requests.take();
    let log = |part: &str| {
        let of_source = noted.iter().filter(|request| request.path.contains("source/access/audit/_delta_log"));
        of_source.filter(|request| request.path.contains(part)).count()
    };
    assert_eq!((log(".checkpoint."), log("_last_checkpoint")), (1, 1), "{noted:#?}");
    // The checkpoint covers the first 20 commits.
    assert!((1..=6).contains(&log(".json")), "{noted:#?}");
    assert!(repeated(&noted, |_| true).is_empty(), "{noted:#?}");
}
