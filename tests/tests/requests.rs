//! What a run asks of its storage.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::sync::Arc;

use goldsmith::{Engine, LakeOptions, RunOptions, TableStatus};
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
