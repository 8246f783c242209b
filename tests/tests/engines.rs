//! A target that the native engine and Spark bring up to date in turns.
//!
//! Sail runs the compiled SQL and takes its position down; what it cannot do, write tables of the native engine, is done here as
//! Spark would: commits of another engine whose rows are those that a run of the native engine elsewhere made of the same sources,
//! which `spark.rs` shows to be those of Spark. With GOLDSMITH_SPARK=delta Apache Spark itself takes its turn.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use goldsmith::{CheckName, CheckOutcome, Layer, RunOptions, RunReport, TableStatus, VerifyOptions, VerifyReport};
use goldsmith_model::{LoadMode, gold_fingerprint};
use goldsmith_plan::SharedPosition;
use goldsmith_spark::{CompileOptions, compile};
use goldsmith_synth::SynthConfig;
use goldsmith_testkit::ScratchLake;
use goldsmith_tests::python;
use goldsmith_tests::synth::World;
use serde_json::{Value, json};

const HOUR: i64 = 60 * 60 * 1000;

/// What the loads of bronze alone differ in.
const OF_THE_LOAD: [&str; 4] = ["_source_version", "_ingested_at", "_run_id", "_loaded_at"];

/// Milliseconds since the epoch.
fn now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

fn world(rows: u64) -> World {
    World::new(SynthConfig { seed: 77, rows, batches: 3, ..SynthConfig::default() })
}

/// Runs the compiled model on Sail, or on what GOLDSMITH_SPARK names: sources, bronze, gold.
fn run_on_spark(lake: &ScratchLake) {
    let sql = lake.root().join("sql");
    let location = Some(lake.target().to_string_lossy().into_owned());
    let options = CompileOptions { location, source_catalog: String::new(), ..CompileOptions::default() };
    for (path, text) in compile(lake.model(), &options).unwrap().files() {
        let path = sql.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    std::fs::create_dir_all(lake.target()).unwrap();
    python::run("spark_equality.py", &[Path::new("all"), &sql, &lake.target(), &lake.source()]);
}

/// The log of a table.
struct Log(PathBuf);

impl Log {
    fn of(lake: &ScratchLake, layer: Layer, table: &str) -> Self {
        let schema = if layer == Layer::Bronze { "system_bronze" } else { "system_gold" };
        Self(lake.target().join(schema).join(table))
    }

    fn paths(&self) -> Vec<PathBuf> {
        let mut paths: Vec<PathBuf> =
            std::fs::read_dir(self.0.join("_delta_log")).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.retain(|path| path.extension().is_some_and(|end| end == "json"));
        paths.sort();
        paths
    }

    fn entries(&self) -> Vec<Vec<Value>> {
        let parse = |path: &PathBuf| {
            let text = std::fs::read_to_string(path).unwrap();
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
        };
        self.paths().iter().map(parse).collect()
    }

    /// Dates all commits two hours back.
    fn age(&self) {
        for (path, mut entry) in self.paths().into_iter().zip(self.entries()) {
            for info in entry.iter_mut().filter_map(|action| action.get_mut("commitInfo")) {
                info["timestamp"] = json!(info["timestamp"].as_i64().unwrap() - 2 * HOUR);
            }
            let lines: Vec<String> = entry.iter().map(Value::to_string).collect();
            std::fs::write(path, lines.join("\n")).unwrap();
        }
    }

    fn latest(&self, kind: &str) -> Value {
        let entries = self.entries();
        entries.iter().rev().flatten().find_map(|action| action.get(kind)).unwrap().clone()
    }

    /// The `add` actions of the live files by their path.
    fn live(&self) -> BTreeMap<String, Value> {
        let mut live = BTreeMap::new();
        for entry in self.entries() {
            let path = |action: &Value| action["path"].as_str().unwrap().to_owned();
            for remove in entry.iter().filter_map(|action| action.get("remove")) {
                live.remove(&path(remove));
            }
            for add in entry.iter().filter_map(|action| action.get("add")) {
                live.insert(path(add), add.clone());
            }
        }
        live
    }

    /// Commits as Spark does.
    fn commit(&self, operation: &str, parameters: Value, actions: Vec<Value>) {
        let path = self.0.join("_delta_log").join(format!("{:020}.json", self.entries().len()));
        let info = json!({"commitInfo": {
            "timestamp": now(), "operation": operation, "operationParameters": parameters,
            "engineInfo": "Apache-Spark/4.0.1 Delta-Lake/4.0.0",
        }});
        let lines: Vec<String> = std::iter::once(info).chain(actions).map(|action| action.to_string()).collect();
        std::fs::write(path, lines.join("\n")).unwrap();
    }

    /// Replaces all rows by those of another table, as a `MERGE` that touches every file does.
    fn merge_to(&self, other: &Log) {
        for file in std::fs::read_dir(&other.0).unwrap().map(|entry| entry.unwrap().path()) {
            if file.is_file() {
                std::fs::copy(&file, self.0.join(file.file_name().unwrap())).unwrap();
            }
        }
        let gone = |add: &Value| {
            let mut remove = json!({"path": add["path"], "deletionTimestamp": 0, "dataChange": true});
            if let Some(vector) = add.get("deletionVector") {
                remove["deletionVector"] = vector.clone();
            }
            json!({ "remove": remove })
        };
        // What an earlier turn took over from there already stays.
        let (mine, theirs) = (self.live(), other.live());
        let stays = |add: &Value, there: &BTreeMap<String, Value>| {
            let same = there.get(add["path"].as_str().unwrap());
            same.is_some_and(|same| same.get("deletionVector") == add.get("deletionVector"))
        };
        let mut actions: Vec<Value> = mine.values().filter(|add| !stays(add, &theirs)).map(gone).collect();
        actions.extend(theirs.into_values().filter(|add| !stays(add, &mine)).map(|mut add| {
            add["dataChange"] = json!(true);
            json!({ "add": add })
        }));
        actions.push(json!({"protocol": other.latest("protocol")}));
        self.commit("MERGE", json!({}), actions);
    }

    /// Takes a position down, as the runner does after a table.
    fn tell(&self, position: &SharedPosition) {
        let mut metadata = self.latest("metaData");
        metadata["configuration"]["goldsmith.position"] = json!(position.to_text());
        let properties = json!({"goldsmith.position": position.to_text()}).to_string();
        self.commit("SET TBLPROPERTIES", json!({ "properties": properties }), vec![json!({ "metaData": metadata })]);
    }
}

/// Lets the commits to bronze lie further back than clocks may differ, seen from now on.
fn age_bronze(lake: &ScratchLake) {
    for bronze in lake.model().bronze.values() {
        Log::of(lake, Layer::Bronze, &bronze.source.bronze_table()).age();
    }
}

/// What a run of Spark leaves behind: the rows that `other` has, and where it stands.
fn spark_brings_to(lake: &ScratchLake, other: &ScratchLake) {
    for bronze in lake.model().bronze.values() {
        let table = bronze.source.bronze_table();
        Log::of(lake, Layer::Bronze, &table).merge_to(&Log::of(other, Layer::Bronze, &table));
    }
    age_bronze(lake);
    for table in lake.model().gold.values() {
        let log = Log::of(lake, Layer::Gold, &table.name);
        log.merge_to(&Log::of(other, Layer::Gold, &table.name));
        log.tell(&SharedPosition::new(gold_fingerprint(lake.model(), table), now()));
    }
}

async fn deliver(world: &World, batch: usize, lakes: [&ScratchLake; 2]) {
    for lake in lakes {
        world.deliver(lake, batch).await;
    }
}

/// Asserts that gold is the same in both, and that bronze holds the same rows, none more often than the other one.
async fn assert_equal(lake: &ScratchLake, other: &ScratchLake, when: &str) {
    for name in lake.model().gold.keys() {
        assert_eq!(lake.dump(name).await.unwrap(), other.dump(name).await.unwrap(), "{name} {when}");
    }
    for bronze in lake.model().bronze.values() {
        let name = format!("system_bronze.{}", bronze.source.bronze_table());
        let (found, expected) = (rows_of(lake, &name).await, rows_of(other, &name).await);
        let distinct = |rows: &[String]| rows.iter().cloned().collect::<BTreeSet<_>>();
        assert_eq!(distinct(&found), distinct(&expected), "{name} {when}");
        // A row that was delivered twice is there twice after files, and once after a comparison.
        assert!(found.len() <= expected.len(), "{name} {when}: {} rows and {}", found.len(), expected.len());
        if bronze.load == LoadMode::Merge {
            assert_eq!(found.len(), expected.len(), "{name} {when}");
        }
    }
}

/// Rows of a bronze table, without what the loads differ in.
async fn rows_of(lake: &ScratchLake, table: &str) -> Vec<String> {
    let mut rows = lake.query(&format!("select * from {table}")).await.unwrap();
    rows.iter_mut().for_each(|row| row.retain(|name, _| !OF_THE_LOAD.contains(&name.as_str())));
    rows.into_iter().map(|row| Value::Object(row).to_string()).collect()
}

fn whats(report: &RunReport, layer: Layer, part: &str) -> Vec<String> {
    let found = report.tables.iter().filter(|table| table.layer == layer && table.what.contains(part));
    found.map(|table| format!("{}: {}", table.name, table.what)).collect()
}

async fn assert_settled(lake: &ScratchLake, when: &str) {
    let again = lake.run(&[]).await.unwrap();
    let touched: Vec<_> = again.tables.iter().filter(|table| table.status != TableStatus::UpToDate).collect();
    assert!(touched.is_empty(), "{when}: {touched:#?}");
    let verified = lake.engine().unwrap().verify(&VerifyOptions::default()).await.unwrap();
    assert!(verified.is_success(), "{when}: {:#?}", verified.tables);
}

/// Asserts that the tables that another engine brought up to date are checked by themselves, and not compared.
async fn assert_checked_by_themselves(lake: &ScratchLake) -> VerifyReport {
    let verified = lake.engine().unwrap().verify(&VerifyOptions::default()).await.unwrap();
    assert!(verified.of_other_engines().any(|table| table.name == "fact_usage"), "{:#?}", verified.tables);
    for table in verified.of_other_engines() {
        assert_eq!((table.outcome(), table.compared), (CheckOutcome::Skipped, 0), "{table:#?}");
        for (name, outcome) in [
            (CheckName::Writer, CheckOutcome::Skipped),
            (CheckName::KeyUnique, CheckOutcome::Passed),
            (CheckName::FileStatistics, CheckOutcome::Passed),
        ] {
            assert_eq!(table.check(name).map(|check| check.outcome), Some(outcome), "{} {name}", table.name);
        }
        assert!(table.check(CheckName::MissingRows).is_none(), "{}", table.name);
    }
    verified
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_sail_made_is_taken_over_without_building_it_anew() {
    let (lake, native) = (ScratchLake::new().unwrap(), ScratchLake::new().unwrap());
    let world = world(2_000);
    deliver(&world, 0, [&lake, &native]).await;
    native.run(&[]).await.unwrap();
    run_on_spark(&lake);
    age_bronze(&lake);
    let verified = assert_checked_by_themselves(&lake).await;
    assert!(verified.is_success() && !verified.is_made(&[]), "{:#?}", verified.tables);
    let usage = Log::of(&lake, Layer::Gold, "fact_usage");
    assert_eq!(usage.latest("protocol")["minWriterVersion"], 2, "tables are made without features");

    deliver(&world, 1, [&lake, &native]).await;
    native.run(&[]).await.unwrap();
    let report = lake.run(&[]).await.unwrap();
    assert_eq!(whats(&report, Layer::Gold, "build from all"), Vec::<String>::new());
    assert_eq!(whats(&report, Layer::Bronze, "new file(s)"), Vec::<String>::new(), "bronze has to be compared");
    assert_equal(&lake, &native, "after Sail").await;
    let features = json!(["appendOnly", "invariants", "domainMetadata"]);
    assert_eq!(usage.latest("protocol")["writerFeatures"], features);
    assert_settled(&lake, "after Sail").await;

    deliver(&world, 2, [&lake, &native]).await;
    native.run(&[]).await.unwrap();
    let report = lake.run(&[]).await.unwrap();
    assert_eq!(whats(&report, Layer::Bronze, "read anew"), Vec::<String>::new(), "the position is its own again");
    assert_equal(&lake, &native, "after another delivery").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn engines_take_turns_and_no_row_is_lost_or_doubled() {
    let (lake, native) = (ScratchLake::new().unwrap(), ScratchLake::new().unwrap());
    let world = world(2_000);
    deliver(&world, 0, [&lake, &native]).await;
    for lake in [&lake, &native] {
        lake.run(&[]).await.unwrap();
    }
    let usage = Log::of(&lake, Layer::Gold, "fact_usage");
    let told = usage.latest("commitInfo")["userMetadata"].as_str().map(str::to_owned);
    let told = SharedPosition::parse(&told.expect("what DESCRIBE HISTORY shows to Spark")).unwrap();
    let model = lake.model();
    assert_eq!(told.fingerprint, gold_fingerprint(model, &model.gold["fact_usage"]));

    // Spark takes the second delivery over, the native engine the third one.
    world.deliver(&native, 1).await;
    native.run(&[]).await.unwrap();
    world.deliver(&lake, 1).await;
    spark_brings_to(&lake, &native);
    let plans = lake.engine().unwrap().plan(&RunOptions::default()).await.unwrap();
    assert!(plans.iter().all(|plan| !plan.what.contains("build from all")), "{plans:#?}");
    assert_checked_by_themselves(&lake).await;
    deliver(&world, 2, [&lake, &native]).await;
    native.run(&[]).await.unwrap();
    let report = lake.run(&[]).await.unwrap();
    assert_eq!(whats(&report, Layer::Gold, "build from all"), Vec::<String>::new());
    assert_equal(&lake, &native, "native after Spark").await;
    assert_settled(&lake, "native after Spark").await;

    // Nothing is new when the native engine comes back: what it looks at once more changes no row.
    spark_brings_to(&lake, &native);
    let report = lake.run(&[]).await.unwrap();
    let bronze: u64 = report.tables.iter().filter(|t| t.layer == Layer::Bronze).map(|t| t.rows.written()).sum();
    assert_eq!(bronze, 0, "{:#?}", report.tables);
    assert_equal(&lake, &native, "native after Spark with nothing new").await;
    assert_settled(&lake, "native after Spark with nothing new").await;
}

/// With GOLDSMITH_SPARK=delta alone, since Sail does not write tables of the native engine.
#[tokio::test(flavor = "multi_thread")]
async fn apache_spark_and_the_native_engine_take_turns() {
    if std::env::var("GOLDSMITH_SPARK").is_ok_and(|name| name == "delta") {
        let (lake, native) = (ScratchLake::new().unwrap(), ScratchLake::new().unwrap());
        let world = world(2_000);
        for (batch, on_spark) in [(0, false), (1, true), (2, false)] {
            deliver(&world, batch, [&lake, &native]).await;
            native.run(&[]).await.unwrap();
            if on_spark {
                run_on_spark(&lake);
            } else {
                let report = lake.run(&[]).await.unwrap();
                let built = if batch == 0 { vec![] } else { whats(&report, Layer::Gold, "build from all") };
                assert_eq!(built, Vec::<String>::new());
            }
            assert_equal(&lake, &native, &format!("after delivery {batch}")).await;
        }
        assert_settled(&lake, "after turns").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_somebody_who_tells_nothing_or_of_another_model_are_built_anew() {
    let lake = ScratchLake::new().unwrap();
    world(500).deliver(&lake, 0).await;
    lake.run(&["fact_usage"]).await.unwrap();
    let expected = lake.dump("fact_usage").await.unwrap();
    let log = Log::of(&lake, Layer::Gold, "fact_usage");
    let lose_all = || {
        let gone = |path: &String| json!({"remove": {"path": path, "deletionTimestamp": 0, "dataChange": true}});
        log.commit("DELETE", json!({}), log.live().keys().map(gone).collect());
    };
    let fingerprint = gold_fingerprint(lake.model(), &lake.model().gold["fact_usage"]);
    let told = |fingerprint: &str| Some(SharedPosition::new(fingerprint.to_owned(), now()));
    for (case, before, after, expected_what) in [
        ("told nothing", None, None, "another writer changed its rows"),
        ("told before the change", told(&fingerprint), None, "another writer changed its rows"),
        ("another model", None, told("other"), "its model changed"),
    ] {
        if let Some(position) = before {
            log.tell(&position);
        }
        lose_all();
        if let Some(position) = after {
            log.tell(&position);
        }
        let report = lake.run(&["fact_usage"]).await.unwrap();
        let table = report.table(Layer::Gold, "fact_usage").unwrap();
        assert!(table.what.contains(expected_what), "{case}: {}", table.what);
        assert_eq!(lake.dump("fact_usage").await.unwrap(), expected, "{case}");
    }
    // Properties and comments change no rows.
    log.tell(&SharedPosition::new("other".to_owned(), now()));
    let report = lake.run(&["fact_usage"]).await.unwrap();
    assert_eq!(report.table(Layer::Gold, "fact_usage").unwrap().status, TableStatus::UpToDate);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_of_another_engine_with_a_row_twice_fails_its_verification() {
    let lake = ScratchLake::new().unwrap();
    world(500).deliver(&lake, 0).await;
    lake.run(&["dim_sku"]).await.unwrap();
    let log = Log::of(&lake, Layer::Gold, "dim_sku");
    let mut twice = log.latest("add");
    let (path, copy) = (twice["path"].as_str().unwrap().to_owned(), "twice.parquet");
    std::fs::copy(log.0.join(path), log.0.join(copy)).unwrap();
    twice["path"] = json!(copy);
    twice["dataChange"] = json!(true);
    log.commit("WRITE", json!({}), vec![json!({ "add": twice })]);
    log.tell(&SharedPosition::new(gold_fingerprint(lake.model(), &lake.model().gold["dim_sku"]), now()));
    let select = vec!["dim_sku".to_owned()];
    let options = VerifyOptions { select: select.clone(), ..VerifyOptions::default() };
    let verified = lake.engine().unwrap().verify(&options).await.unwrap();
    assert!(!verified.is_success() && verified.is_made(&select), "{:#?}", verified.tables);
    let table = verified.table("dim_sku").unwrap();
    assert_eq!(table.check(CheckName::KeyUnique).unwrap().outcome, CheckOutcome::Failed);
    assert_eq!(table.check(CheckName::Writer).unwrap().outcome, CheckOutcome::Skipped);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_another_engine_deletes_from_bronze_leave_gold() {
    // A fact of events, one that is folded from slices, and a timeline.
    let tables = ["fact_usage", "fact_job_run_timeline", "dim_job"];
    let sources = ["billing_usage", "lakeflow_job_run_timeline", "lakeflow_jobs"];
    let lake = ScratchLake::new().unwrap();
    let world = world(500);
    for batch in 0..2 {
        world.deliver(&lake, batch).await;
        let report = lake.run(&tables).await.unwrap();
        if batch > 0 {
            assert_eq!(whats(&report, Layer::Gold, "build from all"), Vec::<String>::new(), "our own commits");
        }
    }
    let mut before = Vec::new();
    for table in tables {
        before.push(lake.dump(table).await.unwrap());
    }
    for source in sources {
        let log = Log::of(&lake, Layer::Bronze, source);
        let path = log.latest("add")["path"].clone();
        assert!(log.live().contains_key(path.as_str().unwrap()), "{source}");
        let gone = json!({"remove": {"path": path, "deletionTimestamp": 0, "dataChange": true}});
        log.commit("DELETE", json!({}), vec![gone]);
    }
    let options = RunOptions { select: tables.map(str::to_owned).to_vec(), ..RunOptions::default() };
    let plans = lake.engine().unwrap().plan(&options).await.unwrap();
    let report = lake.run(&tables).await.unwrap();
    for (table, before) in tables.into_iter().zip(before) {
        let planned = plans.iter().find(|plan| plan.name == table).unwrap();
        assert!(planned.what.contains("`DELETE` of another engine took rows"), "{table}: {}", planned.what);
        assert_eq!(report.table(Layer::Gold, table).unwrap().what, planned.what);
        let after = lake.dump(table).await.unwrap();
        assert_ne!(after, before, "{table} has the rows that went");
    }
    let again = lake.run(&tables).await.unwrap();
    assert!(again.is_up_to_date(), "{:#?}", again.tables);
    let select = options.select.clone();
    let verified = lake.engine().unwrap().verify(&VerifyOptions { select, ..VerifyOptions::default() }).await.unwrap();
    assert!(verified.is_success(), "{:#?}", verified.tables);
}
