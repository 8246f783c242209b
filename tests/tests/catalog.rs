//! A lake in Unity Catalog: the SQL fits the tables that the engine writes, and the engine goes on with what the SQL does
//! to them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;
use std::process::Command;

use goldsmith::{RunOptions, TableStatus, VerifyOptions};
use goldsmith_catalog::{Catalog, CatalogOptions, KeyPolicy, Layer, Purpose, Statement, check_query, statements};
use goldsmith_model::Model;
use goldsmith_synth::SynthConfig;
use goldsmith_testkit::ScratchLake;
use goldsmith_tests::python;
use goldsmith_tests::synth::World;
use serde_json::{Value, json};

const TARGET: &str = "s3://bucket/lake";

fn all(model: &Model, options: &CatalogOptions) -> Vec<Statement> {
    statements(model, &Catalog::new("main", TARGET).unwrap(), options)
}

fn world() -> World {
    World::new(SynthConfig { seed: 12, rows: 1_500, batches: 3, ..Default::default() })
}

/// The log of a table.
struct Log(PathBuf);

impl Log {
    fn of(lake: &ScratchLake, layer: Layer, table: &str) -> Self {
        Self(lake.target().join(format!("system_{layer}")).join(table).join("_delta_log"))
    }

    fn commits(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().path());
        let mut commits: Vec<PathBuf> =
            entries.filter(|path| path.extension().is_some_and(|end| end == "json")).collect();
        commits.sort();
        commits
    }

    /// The latest action of a kind.
    fn latest(&self, kind: &str) -> Value {
        let texts = self.commits().into_iter().rev().map(|path| std::fs::read_to_string(path).unwrap());
        let find = |text: String| {
            text.lines().rev().find_map(|line| serde_json::from_str::<Value>(line).unwrap().get(kind).cloned())
        };
        texts.into_iter().find_map(find).unwrap()
    }

    /// The columns with whether they can be null, and their comments.
    fn columns(&self) -> BTreeMap<String, (bool, Option<String>)> {
        let schema: Value = serde_json::from_str(self.latest("metaData")["schemaString"].as_str().unwrap()).unwrap();
        let column = |field: &Value| {
            let comment = field["metadata"]["comment"].as_str().map(str::to_owned);
            (field["name"].as_str().unwrap().to_owned(), (field["nullable"].as_bool().unwrap(), comment))
        };
        schema["fields"].as_array().unwrap().iter().map(column).collect()
    }

    /// What Databricks commits for comments and for `SET NOT NULL`: new metadata, and the feature that stands for not null.
    fn describe(&self, comment: &str, not_null: &[String]) {
        let mut metadata = self.latest("metaData");
        let mut schema: Value = serde_json::from_str(metadata["schemaString"].as_str().unwrap()).unwrap();
        for field in schema["fields"].as_array_mut().unwrap() {
            field["metadata"]["comment"] = json!(comment);
            if not_null.iter().any(|name| field["name"] == json!(name)) {
                field["nullable"] = json!(false);
            }
        }
        metadata["schemaString"] = json!(schema.to_string());
        metadata["description"] = json!(comment);
        let mut protocol = self.latest("protocol");
        let features = protocol["writerFeatures"].as_array_mut().unwrap();
        if !features.contains(&json!("invariants")) {
            features.push(json!("invariants"));
        }
        let next = self.0.join(format!("{:020}.json", self.commits().len()));
        let info = json!({"commitInfo": {"timestamp": 0, "operation": "CHANGE COLUMNS", "operationParameters": {}, "engineInfo": "Databricks-Runtime"}});
        let lines = [info, json!({"protocol": protocol}), json!({"metaData": metadata})];
        std::fs::write(next, lines.map(|line| line.to_string()).join("\n")).unwrap();
    }
}

/// The columns in backticks after a word.
fn columns_after(sql: &str, word: &str) -> Vec<String> {
    let (_, rest) = sql.split_once(word).unwrap();
    let list = rest.split_once(')').map_or(rest, |(list, _)| list);
    list.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sql_fits_what_the_engine_writes_and_the_engine_what_the_sql_changes() {
    let lake = ScratchLake::new().unwrap();
    let world = world();
    world.deliver(&lake, 0).await;
    lake.run(&[]).await.unwrap();
    let found = all(lake.model(), &CatalogOptions::default());

    // Tables lie where they are registered, and have the columns that are described.
    for statement in found.iter().filter(|statement| statement.purpose == Purpose::Table) {
        let (_, location) = statement.sql.split_once(TARGET).unwrap();
        let log = lake.target().join(location.trim_matches(['/', '\''])).join("_delta_log");
        assert!(log.is_dir(), "{}: {}", statement.sql, log.display());
    }
    let comments = found
        .iter()
        .filter(|statement| statement.purpose == Purpose::Comment && statement.sql.contains("ALTER COLUMN"));
    for statement in comments {
        let columns = Log::of(&lake, statement.layer, statement.table.as_deref().unwrap()).columns();
        for line in statement.sql.lines().skip(1) {
            let name = line.trim_start_matches([' ', '`']).split('`').next().unwrap();
            assert!(columns.contains_key(name), "{:?} has no column {name}", statement.table);
        }
    }

    // Databricks takes a column into a primary key only when it is not null.
    let mut not_null: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for statement in found.iter().filter(|statement| statement.purpose == Purpose::NotNull) {
        not_null.insert(statement.table.clone().unwrap(), columns_after(&statement.sql, "ALTER COLUMN"));
    }
    assert!(not_null.len() > 10, "{not_null:?}");
    for (word, purpose) in [("PRIMARY KEY", Purpose::PrimaryKey), ("FOREIGN KEY", Purpose::ForeignKey)] {
        for statement in found.iter().filter(|statement| statement.purpose == purpose) {
            let table = statement.table.as_deref().unwrap();
            let columns = Log::of(&lake, Layer::Gold, table).columns();
            for name in columns_after(&statement.sql, word) {
                let is_made_so = not_null.get(table).is_some_and(|made| made.contains(&name));
                assert!(!columns[&name].0 || is_made_so, "{table}.{name} can be null");
            }
        }
    }

    // The engine takes new rows into tables that were described and made not null.
    for table in lake.model().gold.keys() {
        let columns = not_null.get(table).cloned().unwrap_or_default();
        Log::of(&lake, Layer::Gold, table).describe("Described.", &columns);
    }
    for bronze in lake.model().bronze.values() {
        Log::of(&lake, Layer::Bronze, &bronze.source.bronze_table()).describe("Described.", &[]);
    }
    world.deliver(&lake, 1).await;
    lake.run(&[]).await.unwrap();
    let again = lake.run(&[]).await.unwrap();
    let busy: Vec<&str> = again
        .tables
        .iter()
        .filter(|table| table.status != TableStatus::UpToDate)
        .map(|table| table.name.as_str())
        .collect();
    assert_eq!(busy, Vec::<&str>::new());
    for (table, made) in &not_null {
        let columns = Log::of(&lake, Layer::Gold, table).columns();
        for name in made {
            assert_eq!(columns[name], (false, Some("Described.".to_owned())), "{table}.{name}");
        }
    }
    let verified = lake.engine().unwrap().verify(&VerifyOptions::default()).await.unwrap();
    assert!(verified.is_success(), "{verified:#?}");

    // A rebuild writes the schema of the model again, with its comments; the setup job is run once more after one.
    let options =
        RunOptions { full_refresh: true, select: vec!["fact_audit_logs".to_owned()], ..RunOptions::default() };
    lake.engine().unwrap().run(&options).await.unwrap();
    let columns = Log::of(&lake, Layer::Gold, "fact_audit_logs").columns();
    assert_eq!(
        columns["event_id"].1.as_deref(),
        Some("Id of the event, unique per event and the same in every region."),
        "{columns:?}"
    );
}

fn python(arguments: &[&str]) -> String {
    python::run("catalog_sql.py", arguments)
}

/// Statements that only Databricks knows.
fn is_of_databricks_alone(statement: &Statement) -> bool {
    matches!(statement.purpose, Purpose::Sync | Purpose::Tag)
}

#[tokio::test(flavor = "multi_thread")]
async fn sail_registers_a_lake_twice_and_reads_every_gold_table() {
    let lake = ScratchLake::new().unwrap();
    world().deliver(&lake, 0).await;
    lake.run(&[]).await.unwrap();
    // Sail has one catalog and no cloud here.
    let target = lake.target().to_string_lossy().into_owned();
    let registers = |statement: &Statement| matches!(statement.purpose, Purpose::Schema | Purpose::Table);
    let found = all(lake.model(), &CatalogOptions::default());
    let local: Vec<String> = found
        .iter()
        .filter(|statement| registers(statement))
        .map(|statement| statement.sql.replace("`main`.", "").replace(TARGET, &target))
        .collect();
    let file = lake.root().join("statements.json");
    std::fs::write(&file, json!([local.as_slice(), &local].concat()).to_string()).unwrap();
    let counts: BTreeMap<String, u64> =
        serde_json::from_str(&python(&["execute", &file.to_string_lossy(), "system_gold"])).unwrap();
    let names: HashSet<&String> = counts.keys().collect();
    assert_eq!(names, lake.model().gold.keys().collect::<HashSet<_>>());
    for (table, rows) in &counts {
        let counted = lake.query(&format!("select count(*) as n from {table}")).await.unwrap();
        assert_eq!(json!(rows), counted[0]["n"], "{table}");
    }
}

/// Spark runs on Java, which the other tests do without; where there is none, this one has nothing to ask.
#[test]
fn spark_parses_the_sql_and_the_check_finds_what_is_missing() {
    if !Command::new("java").arg("-version").output().is_ok_and(|output| output.status.success()) {
        eprintln!("there is no Java here, so Spark is not asked");
        return;
    }
    let lake = ScratchLake::new().unwrap();
    let model = lake.model();
    let options = CatalogOptions {
        layers: vec![Layer::Bronze, Layer::Gold, Layer::Quarantine],
        keys: KeyPolicy::All,
        rely: true,
    };
    let found = all(model, &options);
    let parsed: Vec<&str> = found
        .iter()
        .filter(|statement| !is_of_databricks_alone(statement))
        .map(|statement| statement.sql.as_str())
        .collect();
    let keys: Vec<(&str, &str, &str)> = found
        .iter()
        .filter_map(|statement| {
            let kind = match statement.purpose {
                Purpose::PrimaryKey => "PRIMARY KEY",
                Purpose::ForeignKey => "FOREIGN KEY",
                _ => return None,
            };
            let (_, name) = statement.sql.split_once("ADD CONSTRAINT `").unwrap();
            Some((statement.table.as_deref().unwrap(), name.split('`').next().unwrap(), kind))
        })
        .collect();
    let document = json!({
        "statements": parsed,
        "check": check_query(model, &options),
        "tables": model.gold.keys().collect::<Vec<_>>(),
        "keys": keys,
    });
    let file = lake.root().join("spark.json");
    std::fs::write(&file, document.to_string()).unwrap();
    let seen: Value = serde_json::from_str(&python(&["spark", &file.to_string_lossy()])).unwrap();
    assert_eq!(seen["refused"], json!([]));
    assert_eq!(seen["broken"], json!("refused"), "the parser reads anything");
    assert_eq!(seen["complete"], json!("38 tables"));
    let incomplete = seen["incomplete"].as_str().unwrap();
    for expected in [
        "dim_user: no primary key",
        "dim_sku: no comment",
        "fact_usage: 9 of 10 foreign keys",
        "fact_audit_logs: no table",
    ] {
        assert!(incomplete.contains(expected), "{expected}: {incomplete}");
    }
}
