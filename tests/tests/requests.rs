//! What a run asks of its storage.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use goldsmith::{DeliveryMode, Engine, LakeOptions, RunOptions, TableStatus};
use goldsmith_model::LoadMode;
use goldsmith_synth::SynthConfig;
use goldsmith_testkit::{Request, RequestKind, Requests, S3Server, ScratchLake};
use goldsmith_tests::synth::World;

/// Bucket and directory on the server; below its root a path is then what it is below the root of a scratch lake.
const ON_S3: [&str; 2] = ["s3://sources/source", "s3://lakes/lake"];

fn counting_engine([source, target]: [&str; 2], storage: &HashMap<String, String>, requests: &Requests) -> Engine {
    let options = LakeOptions {
        storage_options: storage.clone(),
        layer: Some(Arc::new(requests.clone())),
        ..LakeOptions::default()
    };
    Engine::builder().source(source).target(target).lake_options(options).build().unwrap()
}

fn counting_engine_on_disk(lake: &ScratchLake, requests: &Requests) -> Engine {
    let (source, target) = (lake.source(), lake.target());
    counting_engine([&source.to_string_lossy(), &target.to_string_lossy()], &HashMap::new(), requests)
}

/// What a run asks for that finds nothing new, in order.
async fn asked_for_nothing_new(engine: &Engine, requests: &Requests) -> Vec<Request> {
    requests.take();
    let report = engine.run(&RunOptions::default()).await.unwrap();
    assert!(report.tables.iter().all(|table| table.status == TableStatus::UpToDate), "{:#?}", report.tables);
    let mut noted = requests.take();
    noted.sort();
    noted
}

/// The requests with paths below the root of a lake.
fn below_root(lake: &ScratchLake, requests: Vec<Request>) -> Vec<Request> {
    let root = format!("{}/", lake.root().file_name().unwrap().to_string_lossy());
    let below = |request: Request| {
        let path = request.path.split_once(&root).unwrap_or_else(|| panic!("{request:?}")).1.to_owned();
        Request { path, ..request }
    };
    requests.into_iter().map(below).collect()
}

/// What has to be asked of the logs of all sources, bronze and gold tables, in order: a listing, the name of the last checkpoint, and
/// each entry, all once.
fn needed_of_the_logs(lake: &ScratchLake) -> Vec<Request> {
    let model = lake.model();
    let sources = model.bronze.keys().map(|source| format!("source/{}/{}", source.schema, source.table));
    let bronze = model.bronze.keys().map(|source| format!("lake/system_bronze/{}", source.bronze_table()));
    let gold = model.gold.keys().map(|table| format!("lake/system_gold/{table}"));
    let mut needed = Vec::new();
    for table in sources.chain(bronze).chain(gold) {
        let log = format!("{table}/_delta_log");
        needed.push(Request { kind: RequestKind::Get, path: format!("{log}/_last_checkpoint") });
        for entry in entries(&lake.root().join(&log)) {
            needed.push(Request { kind: RequestKind::Get, path: format!("{log}/{entry}") });
        }
        needed.push(Request { kind: RequestKind::List, path: log });
    }
    needed.sort();
    needed
}

fn entries(log: &Path) -> Vec<String> {
    let names = std::fs::read_dir(log).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let entries: Vec<String> = names.filter(|name| name.ends_with(".json")).collect();
    assert!(!entries.is_empty(), "{log:?}");
    entries
}

/// The requests of one list that the other one lacks.
fn missing<'r>(wanted: &'r [Request], from: &[Request]) -> Vec<&'r Request> {
    wanted.iter().filter(|request| from.binary_search(request).is_err()).collect()
}

fn assert_asked(noted: &[Request], needed: &[Request]) {
    let (more, less) = (missing(noted, needed), missing(needed, noted));
    assert!(more.is_empty() && less.is_empty(), "more: {more:#?}\nless: {less:#?}");
    assert!(repeated(noted, |_| true).is_empty(), "{:#?}", repeated(noted, |_| true));
    assert_eq!(noted.len(), needed.len());
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
async fn a_run_with_nothing_new_asks_for_each_log_once_and_for_nothing_else() {
    let lake = ScratchLake::new().unwrap();
    let world = World::new(SynthConfig { seed: 41, rows: 3_000, batches: 2, ..Default::default() });
    for batch in 0..2 {
        world.deliver(&lake, batch).await;
        lake.run(&[]).await.unwrap();
    }
    let requests = Requests::default();
    let noted = asked_for_nothing_new(&counting_engine_on_disk(&lake, &requests), &requests).await;
    assert_asked(&below_root(&lake, noted), &needed_of_the_logs(&lake));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_s3_a_run_with_nothing_new_asks_what_it_asks_of_a_disk_and_whether_it_can_write() {
    let server = S3Server::start(&["sources", "lakes"]).unwrap();
    let lake = ScratchLake::new().unwrap();
    let world = World::new(SynthConfig { seed: 43, rows: 500, batches: 2, ..Default::default() });
    let storage = server.options();
    let options = LakeOptions { storage_options: storage.clone(), ..LakeOptions::default() };
    let requests = Requests::default();
    let remote = counting_engine(ON_S3, &storage, &requests);
    for batch in 0..2 {
        world.deliver(&lake, batch).await;
        world.deliver_to(lake.model(), &options, ON_S3[0], batch).await;
        lake.run(&[]).await.unwrap();
        remote.run(&RunOptions::default()).await.unwrap();
    }
    let noted = asked_for_nothing_new(&remote, &requests).await;
    let (of_logs, others): (Vec<Request>, Vec<Request>) =
        noted.into_iter().partition(|request| request.path.contains("/_delta_log"));
    assert_asked(&of_logs, &needed_of_the_logs(&lake));
    // What a file system tells without the store: whether source and target are what they shall be, and that nothing is overwritten.
    let others: Vec<(RequestKind, &str)> =
        others.iter().map(|other| (other.kind, other.path.split("-probe-").next().unwrap())).collect();
    let expected = [
        (RequestKind::List, "lake"),
        (RequestKind::List, "source"),
        (RequestKind::List, "source"),
        (RequestKind::List, "source/__internal_logging"),
        (RequestKind::Put, "lake/.goldsmith"),
        (RequestKind::Put, "lake/.goldsmith"),
        (RequestKind::Delete, "lake/.goldsmith"),
    ];
    assert_eq!(others, expected);
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
    let report = counting_engine_on_disk(&lake, &requests).run(&options).await.unwrap();
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
