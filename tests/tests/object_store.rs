//! A lake on S3 or Azure is a lake like one on a disk, and what can go wrong there is told in words.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::HashMap;

use goldsmith::{DeliveryMode, Engine, LakeOptions, RunOptions, RunReport, TableStatus, write_delivery};
use goldsmith_model::LoadMode;
use goldsmith_synth::SynthConfig;
use goldsmith_testkit::{AzureServer, S3Server, ScratchLake, dump};
use goldsmith_tests::{gold_tables, synth::World};

const SOURCE: &str = "s3://sources/system";
const TARGET: &str = "s3://lakes/gold/main";

/// Source and target on a server.
struct Remote {
    source: &'static str,
    target: &'static str,
    options: HashMap<String, String>,
}

impl Remote {
    fn s3(server: &S3Server) -> Self {
        Self { source: SOURCE, target: TARGET, options: server.options() }
    }

    fn azure(server: &AzureServer) -> Self {
        let target = format!("abfss://lakes@{}.dfs.core.windows.net/gold/main", server.account);
        Self { source: "az://sources/system", target: target.leak(), options: server.options() }
    }

    fn engine(&self) -> Engine {
        engine_at(self.source, self.target, self.options.clone())
    }

    /// Delivers one batch of some sources (none: all) to a disk and to the server.
    async fn deliver(&self, world: &World, disk: &ScratchLake, batch: usize, select: &[&str]) {
        let options = LakeOptions { storage_options: self.options.clone(), ..LakeOptions::default() };
        for bronze in disk.model().bronze.values() {
            let source = bronze.source.to_string();
            if !select.is_empty() && !select.contains(&source.as_str()) {
                continue;
            }
            let mode = match bronze.load {
                LoadMode::Append => DeliveryMode::Append,
                LoadMode::Merge => DeliveryMode::Snapshot,
            };
            let rows = world.rows(&source, bronze.load, batch);
            disk.deliver_batches(&source, rows.clone(), mode).await.unwrap();
            write_delivery(&options, self.source, &source, rows, mode).await.unwrap();
        }
    }
}

fn engine_at(source: &str, target: &str, storage_options: HashMap<String, String>) -> Engine {
    let options = LakeOptions { storage_options, ..LakeOptions::default() };
    Engine::builder().source(source).target(target).lake_options(options).build().unwrap()
}

fn assert_no_failure(report: &RunReport) {
    let failed: Vec<_> = report.tables.iter().filter(|table| table.error.is_some()).collect();
    assert!(failed.is_empty(), "{failed:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lake_on_s3_equals_one_on_a_disk() {
    let server = S3Server::start(&["sources", "lakes"]).unwrap();
    assert_equals_disk(&Remote::s3(&server)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lake_on_azure_equals_one_on_a_disk() {
    let server = AzureServer::start(&["sources", "lakes"]).unwrap();
    assert_equals_disk(&Remote::azure(&server)).await;
}

async fn assert_equals_disk(place: &Remote) {
    let disk = ScratchLake::new().unwrap();
    let world = World::new(SynthConfig { seed: 31, rows: 2_000, batches: 2, ..Default::default() });
    for batch in 0..2 {
        place.deliver(&world, &disk, batch, &[]).await;
        disk.run(&[]).await.unwrap();
        assert_no_failure(&place.engine().run(&RunOptions::default()).await.unwrap());
    }
    let again = place.engine().run(&RunOptions::default()).await.unwrap();
    assert!(again.tables.iter().all(|table| table.status == TableStatus::UpToDate), "{:#?}", again.tables);
    let remote = place.engine();
    for table in remote.status().await.unwrap() {
        assert!(table.exists && table.location.starts_with(place.target), "{table:?}");
    }
    for table in gold_tables(&disk) {
        assert_eq!(disk.dump(&table).await.unwrap(), dump(&remote, &table).await.unwrap(), "{table}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_runs_at_once_on_s3_double_nothing() {
    let server = S3Server::start(&["sources", "lakes"]).unwrap();
    assert_nothing_doubled(&Remote::s3(&server)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_runs_at_once_on_azure_double_nothing() {
    let server = AzureServer::start(&["sources", "lakes"]).unwrap();
    assert_nothing_doubled(&Remote::azure(&server)).await;
}

async fn assert_nothing_doubled(place: &Remote) {
    let disk = ScratchLake::new().unwrap();
    let world = World::new(SynthConfig { seed: 32, rows: 2_000, batches: 2, ..Default::default() });
    let select = ["fact_usage", "fact_audit_logs"];
    let options = RunOptions { select: select.map(String::from).to_vec(), ..Default::default() };
    for batch in 0..2 {
        let sources = ["billing.usage", "billing.list_prices", "access.audit", "access.workspaces_latest"];
        place.deliver(&world, &disk, batch, &sources).await;
        disk.run(&select).await.unwrap();
        let (first, second) = (place.engine(), place.engine());
        let (first, second) = tokio::join!(first.run(&options), second.run(&options));
        assert_no_failure(&first.unwrap());
        assert_no_failure(&second.unwrap());
    }
    // One more run, for what the loser of a race left to the next one.
    assert_no_failure(&place.engine().run(&options).await.unwrap());
    for table in select {
        let expected = disk.dump(table).await.unwrap();
        assert!(expected.len() > 1, "{table}");
        assert_eq!(expected, dump(&place.engine(), table).await.unwrap(), "{table}");
    }
}

/// Source, target, storage options, and what has to be told.
type Wrong<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], &'a [&'a str]);

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_storage_is_told_with_its_place_and_what_to_do() {
    let server = S3Server::start(&["sources", "lakes"]).unwrap();
    let disk = ScratchLake::new().unwrap();
    let local = disk.source().to_string_lossy().into_owned();
    let cases: [Wrong<'_>; 9] = [
        ("s3://nowhere/system", TARGET, &[], &["`s3://nowhere/system`", "no such bucket", "correct the name"]),
        (&local, "s3://nowhere/lake", &[], &["`s3://nowhere/lake`", "no such bucket", "correct the name"]),
        ("s3://sources/nothing", TARGET, &[], &["the source `s3://sources/nothing` does not exist"]),
        (
            &local,
            TARGET,
            &[("aws_secret_access_key", "top-secret-text")],
            &[TARGET, "does not accept the credentials", "check the keys"],
        ),
        (&local, TARGET, &[("target.aws_access_key_id", "unknown")], &[TARGET, "does not accept the credentials"]),
        (&local, TARGET, &[("aws_allow_http", "false")], &[TARGET, "not encrypted", "`allow_http`"]),
        (
            &local,
            TARGET,
            &[("target.aws_endpoint_url", "http://127.0.0.1:1"), ("max_retries", "1")],
            &[TARGET, "cannot be reached", "check the endpoint"],
        ),
        (&local, TARGET, &[("max_retries", "often")], &[TARGET, "`max_retries` must be a whole number"]),
        (&local, "ftp://lakes/gold", &[], &["`ftp://lakes/gold`", "`s3://`"]),
    ];
    for (source, target, options, told) in cases {
        let mut all = server.options();
        all.extend(options.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
        let error = engine_at(source, target, all).run(&RunOptions::default()).await.unwrap_err().chain();
        for text in told {
            assert!(error.contains(text), "{options:?}: {error}");
        }
        assert!(!error.contains("top-secret-text") && !error.contains(&server.secret_access_key), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn source_and_target_can_be_on_different_servers() {
    let (sources, lakes) = (S3Server::start(&["sources"]).unwrap(), S3Server::start(&["lakes"]).unwrap());
    let disk = ScratchLake::new().unwrap();
    let world = World::new(SynthConfig { seed: 33, rows: 1_000, batches: 1, ..Default::default() });
    Remote::s3(&sources).deliver(&world, &disk, 0, &["access.audit"]).await;
    let of = |side: &str, server: &S3Server| {
        server.options().into_iter().map(|(key, value)| (format!("{side}.{key}"), value)).collect::<Vec<_>>()
    };
    let options = of("source", &sources).into_iter().chain(of("target", &lakes)).collect();
    let engine = engine_at(SOURCE, TARGET, options);
    let run = RunOptions { select: vec!["access.audit".into()], ..Default::default() };
    let report = engine.run(&run).await.unwrap();
    assert_no_failure(&report);
    assert!(report.tables.iter().any(|table| table.rows.inserted > 0), "{:#?}", report.tables);
}
