//! Compiled SQL, run by a Spark Connect server, makes the tables that the engine makes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;

use goldsmith_spark::{CompileOptions, Target, compile};
use goldsmith_synth::SynthConfig;
use goldsmith_testkit::{Row, ScratchLake};
use goldsmith_tests::python;
use goldsmith_tests::synth::World;
use serde_json::{Value, json};

fn world(seed: u64, batches: usize) -> World {
    World::new(SynthConfig { seed, rows: 3_000, batches, ..SynthConfig::default() })
}

fn python(arguments: &[&Path]) -> String {
    python::run("spark_equality.py", arguments)
}

/// Compiles the model of a lake for tables below `root`.
fn write_sql(lake: &ScratchLake, root: &Path, directory: &Path) {
    let location = Some(root.to_string_lossy().into_owned());
    // Sail has one catalog, so the system tables are schemas of it.
    let options = CompileOptions { location, source_catalog: String::new(), ..CompileOptions::default() };
    write_sql_as(&options, lake, directory);
}

fn write_sql_as(options: &CompileOptions, lake: &ScratchLake, directory: &Path) {
    for (path, text) in compile(lake.model(), options).unwrap().files() {
        let path = directory.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

fn assert_equal(native: &Path, other: &Path, tables: usize, when: &str) {
    let found = python(&[Path::new("compare"), native, other]);
    assert_eq!(found, format!("compared {tables}\n"), "{when}");
}

/// Rows that the statements of a name wrote, as the server counts them.
fn written(output: &str, statement: &str) -> Vec<String> {
    let of = |line: &&str| line.split(' ').nth(1) == Some(statement) && !line.ends_with("{'count': 0}");
    output.lines().filter(of).map(str::to_owned).collect()
}

/// Statements of the default model that write rows, but for those that take a position down.
const PLANNED: usize = 184;

/// Those for Databricks, with names of three parts: no server of the tests runs them, and but for the properties of tables they are
/// those for Spark, which Sail runs below.
#[test]
fn apache_spark_plans_every_statement() {
    let lake = ScratchLake::new().unwrap();
    let sql = lake.root().join("sql");
    let options = CompileOptions {
        target: Target::Databricks,
        catalog: Some("spark_catalog".to_owned()),
        source_catalog: "spark_catalog".to_owned(),
        ..CompileOptions::default()
    };
    write_sql_as(&options, &lake, &sql);
    assert_eq!(python::run("spark_plans.py", &[&sql]), format!("planned {PLANNED}\n"));
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn gold_of_spark_equals_gold_of_the_engine_delivery_by_delivery() {
    let lake = ScratchLake::new().unwrap();
    let world = world(42, 5);
    let (sql, other) = (lake.root().join("sql"), lake.root().join("spark"));
    write_sql(&lake, &other, &sql);
    let native = lake.target();
    // Both make gold from one bronze.
    std::fs::create_dir_all(native.join("system_bronze")).unwrap();
    std::fs::create_dir_all(&other).unwrap();
    std::os::unix::fs::symlink(native.join("system_bronze"), other.join("system_bronze")).unwrap();
    let tables = lake.model().gold.len();
    // The third batch comes last, and without the merged sources: late rows and corrections alone. Before it, tables that have rows
    // are built anew.
    for (step, batch) in [("rebuild", 0), ("refresh", 1), ("refresh", 3), ("rebuild", 4), ("refresh", 2)] {
        match batch {
            2 => world.deliver_late(&lake, batch).await,
            _ => world.deliver(&lake, batch).await,
        }
        lake.run(&[]).await.unwrap();
        python(&[Path::new(step), &sql, &other]);
        assert_equal(&native, &other, tables, &format!("{step} after batch {batch}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn both_layers_of_spark_hold_the_rows_of_the_engine() {
    let lake = ScratchLake::new().unwrap();
    let world = world(43, 2);
    let (sql, other) = (lake.root().join("sql"), lake.root().join("spark"));
    write_sql(&lake, &other, &sql);
    std::fs::create_dir_all(&other).unwrap();
    let source = lake.source();
    let (sources, tables) = (lake.model().bronze.len(), lake.model().gold.len());
    for batch in 0..2 {
        world.deliver(&lake, batch).await;
        lake.run(&[]).await.unwrap();
        let output = python(&[Path::new("all"), &sql, &other, &source]);
        for statement in ["load", "refresh"] {
            assert_ne!(written(&output, statement), Vec::<String>::new(), "batch {batch} is told");
        }
        let (native, other) = (lake.target(), other.as_path());
        let when = format!("after batch {batch}");
        assert_equal(&native.join("system_bronze"), &other.join("system_bronze"), sources, &when);
        assert_equal(&native, other, tables, &when);
    }
    let positions = other.join("system_gold/goldsmith_positions/_delta_log");
    let commits = || std::fs::read_dir(&positions).unwrap().count();
    let before = commits();
    let again = python(&[Path::new("all"), &sql, &other, &source]);
    for statement in ["load", "begin", "refresh", "end"] {
        assert_eq!(written(&again, statement), Vec::<String>::new(), "nothing was new");
    }
    assert_eq!(commits(), before, "positions that stay are not written");
}

/// Versions of a statement and of a check that have one sequence. An order of their nested columns and one of their flattened columns
/// tell them apart differently.
fn tied(key: &str, is_first: bool) -> [(&'static str, Row); 2] {
    let (compute, status) = if is_first {
        (json!({"type": "b", "cluster_id": "c"}), "A")
    } else {
        (json!({"type": "a", "cluster_id": "z"}), "B")
    };
    let instant = "2024-01-01T00:00:00Z";
    let statement = json!({
        "workspace_id": "1", "statement_id": key, "compute": compute, "update_time": instant, "start_time": instant,
        "query_tags": {"of": status},
    });
    let check = json!({
        "catalog_id": "c", "table_id": key, "event_time": instant, "status": status,
        "_internal_debug_info": {"is_static": is_first},
        "root_cause_analysis": {"upstream_jobs": [{if is_first { "job_id" } else { "workspace_id" }: "j"}]},
    });
    let row = |value: &Value| value.as_object().unwrap().clone();
    [("query.history", row(&statement)), ("data_quality_monitoring.table_results", row(&check))]
}

#[tokio::test(flavor = "multi_thread")]
async fn of_versions_with_one_sequence_both_engines_keep_the_same() {
    // Which version of each key a delivery shows: the second replaces the first, in both directions; keys go, and come back with
    // either version.
    let deliveries: [&[(&str, bool)]; 3] = [
        &[("up", true), ("down", false), ("back", false), ("again", true)],
        &[("up", false), ("down", true)],
        &[("up", true), ("down", true), ("back", true), ("again", false)],
    ];
    let facts = ["fact_query_history", "fact_data_quality_monitoring_table_results"];
    let bronze = ["query_history", "data_quality_monitoring_table_results"];
    let lake = ScratchLake::new().unwrap();
    let (sql, other) = (lake.root().join("sql"), lake.root().join("spark"));
    write_sql(&lake, &other, &sql);
    std::fs::create_dir_all(&other).unwrap();
    for (number, delivery) in deliveries.into_iter().enumerate() {
        for table in 0..2 {
            let rows = |(key, is_first): &(&str, bool)| tied(key, *is_first)[table].clone();
            let shown: Vec<(&str, Row)> = delivery.iter().map(rows).collect();
            let rows: Vec<Row> = shown.iter().map(|(_, row)| row.clone()).collect();
            lake.deliver(shown[0].0, &rows).await.unwrap();
        }
        lake.run(&facts).await.unwrap();
        let selected = ["query.history", "data_quality_monitoring.table_results", facts[0], facts[1]];
        let mut arguments = vec![Path::new("all"), &sql, &other];
        let source = lake.source();
        arguments.push(&source);
        arguments.extend(selected.iter().map(Path::new));
        python(&arguments);
        for (layer, tables) in [("system_bronze", bronze), ("", facts)] {
            let (native, other) = (lake.target().join(layer), other.join(layer));
            let arguments = [Path::new("compare"), &native, &other, Path::new(tables[0]), Path::new(tables[1])];
            assert_eq!(python(&arguments), "compared 2\n", "{layer} after delivery {number}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_rows_of_a_key_that_a_source_without_a_sequence_shows_one_is_kept() {
    let lake = ScratchLake::new().unwrap();
    let (sql, other) = (lake.root().join("sql"), lake.root().join("spark"));
    write_sql(&lake, &other, &sql);
    std::fs::create_dir_all(&other).unwrap();
    let workspace = |name: &str, url: &str| {
        let row = json!({"account_id": "a", "workspace_id": "1", "workspace_name": name, "workspace_url": url});
        row.as_object().unwrap().clone()
    };
    let rows = [workspace("x", "https://b"), workspace("y", "https://a"), workspace("x", "https://c")];
    lake.deliver("access.workspaces_latest", &rows).await.unwrap();
    lake.run(&["dim_workspace"]).await.unwrap();
    let source = lake.source();
    let load = || {
        let selected = ["access.workspaces_latest", "dim_workspace"].map(Path::new);
        python(&[&[Path::new("all"), &sql, &other, &source], &selected[..]].concat())
    };
    load();
    let compare = |layer: &str, table: &str| {
        let (native, other) = (lake.target().join(layer), other.join(layer));
        assert_eq!(python(&[Path::new("compare"), &native, &other, Path::new(table)]), "compared 1\n", "{table}");
    };
    compare("system_bronze", "access_workspaces_latest");
    compare("", "dim_workspace");
    let again = load();
    for statement in ["load", "refresh"] {
        assert_eq!(written(&again, statement), Vec::<String>::new(), "nothing was new");
    }
}
