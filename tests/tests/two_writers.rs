//! Two runs at once on one target: an equal result, nothing doubled.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::process::Child;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use goldsmith::{Engine, ModelSource, RunEvent, RunOptions, RunReport};
use goldsmith_lake::{Lake, LakeOptions, Location};
use goldsmith_synth::SynthConfig;
use goldsmith_testkit::{Row, ScratchLake};
use goldsmith_tests::content::Content;
use goldsmith_tests::part::Part;
use goldsmith_tests::process::load;
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
    load(env!("CARGO_BIN_EXE_crash_run"), None, Part::Costs, &lake.source(), &lake.target()).spawn().unwrap()
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

/// Does something on a thread and a runtime of its own, and waits for it.
fn beside<F: Future<Output = ()>>(work: impl FnOnce() -> F + Send + 'static) {
    let run = move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(work());
    };
    std::thread::spawn(run).join().unwrap();
}

/// Merges the small files of a table.
fn compact(location: &Location) {
    let location = location.clone();
    beside(move || async move {
        let mut table = Lake::new(LakeOptions::default()).open(&location).await.unwrap().unwrap();
        let report = table.compact("maintenance", false).await.unwrap();
        assert!(report.small_files >= 4 && report.version.is_some(), "{report:?}");
    });
}

/// A run of one table, in the middle of which something else happens once: when an event is the one that is meant.
async fn run_with(
    lake: &ScratchLake,
    table: &str,
    is_meant: impl Fn(&RunEvent) -> bool + Send + Sync + 'static,
    happens: impl Fn() + Send + Sync + 'static,
) -> RunReport {
    let is_over = AtomicBool::new(false);
    let observer = move |event: RunEvent| {
        if is_meant(&event) && !is_over.swap(true, Ordering::SeqCst) {
            happens();
        }
    };
    let engine = Engine::builder()
        .source(lake.source().to_string_lossy())
        .target(lake.target().to_string_lossy())
        .observer(Arc::new(observer))
        .build()
        .unwrap();
    let report = engine.run(&RunOptions { select: vec![table.to_owned()], ..Default::default() }).await.unwrap();
    assert!(report.tables.iter().all(|table| table.error.is_none()), "{report:#?}");
    report
}

fn begins(event: &RunEvent, name: &str) -> bool {
    matches!(event, RunEvent::TableStarted { table, .. } if table.ends_with(name))
}

fn lineage(id: &str) -> Vec<Row> {
    let row = serde_json::json!({"record_id": id, "event_time": "2024-03-01T10:00:00Z", "event_date": "2024-03-01"});
    vec![row.as_object().unwrap().clone()]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_saw_an_older_source_or_older_inputs_undoes_nothing() {
    const FACT: &str = "fact_table_lineage";
    // The other run comes when this one has read the source, or when it has read bronze.
    for overtaken in ["access_table_lineage", FACT] {
        let lake = Arc::new(ScratchLake::new().unwrap());
        for id in ["r1", "r2"] {
            lake.deliver("access.table_lineage", &lineage(id)).await.unwrap();
            if id == "r1" {
                lake.run(&[FACT]).await.unwrap();
            }
        }
        let other = Arc::clone(&lake);
        let happens = move || {
            let lake = Arc::clone(&other);
            beside(move || async move {
                lake.deliver("access.table_lineage", &lineage("r3")).await.unwrap();
                lake.run(&[FACT]).await.unwrap();
            });
        };
        run_with(&lake, FACT, move |event| begins(event, overtaken), happens).await;
        let count = async |table: &str| {
            let sql = format!("select count(*) as n, count(distinct record_id) as d from {table}");
            let row = lake.query(&sql).await.unwrap().remove(0);
            (row["n"].as_u64().unwrap(), row["d"].as_u64().unwrap())
        };
        let bronze = "system_bronze.access_table_lineage";
        assert_eq!((count(bronze).await, count(FACT).await), ((3, 3), (3, 3)), "{overtaken}");
        lake.deliver("access.table_lineage", &lineage("r4")).await.unwrap();
        lake.run(&[FACT]).await.unwrap();
        assert_eq!((count(bronze).await, count(FACT).await), ((4, 4), (4, 4)), "{overtaken}");
        assert!(lake.run(&[FACT]).await.unwrap().is_up_to_date());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_that_was_read_later_wins_whichever_run_began_first() {
    let lake = Arc::new(ScratchLake::new().unwrap());
    let workspace = |name: &str| {
        let row = serde_json::json!({"account_id": "a", "workspace_id": "1", "workspace_name": name});
        vec![row.as_object().unwrap().clone()]
    };
    lake.deliver("access.workspaces_latest", &workspace("old")).await.unwrap();
    let other = Arc::clone(&lake);
    let happens = move || {
        let lake = Arc::clone(&other);
        beside(move || async move {
            lake.run(&["dim_workspace"]).await.unwrap();
            lake.deliver("access.workspaces_latest", &workspace("new")).await.unwrap();
        });
    };
    run_with(&lake, "dim_workspace", |event| matches!(event, RunEvent::RunStarted { .. }), happens).await;
    let names = lake.query("select workspace_name from dim_workspace where workspace_key <> -1").await.unwrap();
    assert_eq!(serde_json::json!(names), serde_json::json!([{"workspace_name": "new"}]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compaction_in_the_middle_of_a_run_costs_no_second_increment() {
    const TABLE: &str = "fact_table_lineage";
    let lake = ScratchLake::new().unwrap();
    let deliver = async |ids: &[&str], source: &str| {
        let row = |id: &&str| {
            let row = serde_json::json!({
                "record_id": id,
                "event_time": "2024-03-01T10:00:00Z",
                "event_date": "2024-03-01",
                "source_table_full_name": source,
            });
            row.as_object().unwrap().clone()
        };
        let rows: Vec<_> = ids.iter().map(row).collect();
        lake.deliver("access.table_lineage", &rows).await.unwrap();
    };
    for id in ["r1", "r2", "r3", "r4", "r5"] {
        deliver(&[id, &format!("{id} more")], "main.sales.orders").await;
        lake.run(&[TABLE]).await.unwrap();
    }
    let location = Location::from_path(&lake.target().join("system_gold").join(TABLE)).unwrap();
    let version = Lake::new(LakeOptions::default()).open(&location).await.unwrap().unwrap().version();
    deliver(&["r2", "r6"], "main.sales.returns").await;
    let started = Arc::new(AtomicUsize::new(0));
    let (counted, place) = (Arc::clone(&started), location.clone());
    // The run has opened the table, and commits what it computes from this version.
    let is_meant = move |event: &RunEvent| begins(event, TABLE) && counted.fetch_add(1, Ordering::SeqCst) == 0;
    run_with(&lake, TABLE, is_meant, move || compact(&place)).await;
    assert_eq!(started.load(Ordering::SeqCst), 1, "the increment was computed again");
    let table = Lake::new(LakeOptions::default()).open(&location).await.unwrap().unwrap();
    assert_eq!(table.version(), version + 2);
    let entry = lake.target().join(format!("system_gold/{TABLE}/_delta_log/{:020}.json", version + 2));
    let entry = std::fs::read_to_string(entry).unwrap();
    assert!(entry.contains(r#""numTargetFilesReprobed":1"#), "{entry}");
    let counted = "select count(*) as all_rows, count(distinct record_id) as records,
        count(*) filter (where source_table_full_name = 'main.sales.returns') as returned from fact_table_lineage";
    let counted = lake.query(counted).await.unwrap();
    assert_eq!(serde_json::json!(counted), serde_json::json!([{"all_rows": 11, "records": 11, "returned": 2}]));
    // Nothing is left for another run.
    assert!(lake.run(&[TABLE]).await.unwrap().is_up_to_date());
}
