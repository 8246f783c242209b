//! Compiled SQL, run by a Spark Connect server, makes the tables that the engine makes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;
use std::process::Command;

use goldsmith_spark::{CompileOptions, compile};
use goldsmith_synth::SynthConfig;
use goldsmith_testkit::ScratchLake;
use goldsmith_tests::synth::World;

const ROWS: u64 = 3_000;
const DELIVERIES: usize = 2;

/// Python with the packages of `interop/requirements.txt`; the test script sets it up.
fn python(arguments: &[&Path]) -> String {
    let python = std::env::var("GOLDSMITH_PYTHON").unwrap_or_else(|_| "python3".into());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("interop/spark_equality.py");
    let output = Command::new(&python).arg(script).args(arguments).output().expect("python starts");
    assert!(
        output.status.success(),
        "{python} failed; install interop/requirements.txt and set GOLDSMITH_PYTHON:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("text")
}

/// Compiles the model of a lake for tables below `root`.
fn write_sql(lake: &ScratchLake, root: &Path, directory: &Path) {
    let location = Some(root.to_string_lossy().into_owned());
    // Sail has one catalog, so the system tables are schemas of it.
    let options = CompileOptions { location, source_catalog: String::new(), ..CompileOptions::default() };
    for (path, text) in compile(lake.model(), &options).unwrap().files() {
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

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn gold_of_spark_equals_gold_of_the_engine_delivery_by_delivery() {
    let lake = ScratchLake::new().unwrap();
    let world = World::new(SynthConfig { rows: ROWS, batches: DELIVERIES, ..SynthConfig::default() });
    let (sql, other) = (lake.root().join("sql"), lake.root().join("spark"));
    write_sql(&lake, &other, &sql);
    let native = lake.target();
    // Both make gold from one bronze.
    std::fs::create_dir_all(native.join("system_bronze")).unwrap();
    std::fs::create_dir_all(&other).unwrap();
    std::os::unix::fs::symlink(native.join("system_bronze"), other.join("system_bronze")).unwrap();
    let tables = lake.model().gold.len();
    for (batch, step) in ["rebuild", "refresh"].into_iter().enumerate() {
        world.deliver(&lake, batch).await;
        lake.run(&[]).await.unwrap();
        python(&[Path::new(step), &sql, &other]);
        assert_equal(&native, &other, tables, &format!("{step} after delivery {batch}"));
    }
    let again = python(&[Path::new("refresh"), &sql, &other]);
    assert_eq!(written(&again, "refresh"), Vec::<String>::new(), "nothing was new");
}

#[tokio::test(flavor = "multi_thread")]
async fn bronze_of_spark_holds_the_rows_of_the_engine_each_once() {
    let lake = ScratchLake::new().unwrap();
    let world = World::new(SynthConfig { rows: ROWS, batches: DELIVERIES, ..SynthConfig::default() });
    let (sql, other) = (lake.root().join("sql"), lake.root().join("spark"));
    write_sql(&lake, &other, &sql);
    std::fs::create_dir_all(&other).unwrap();
    let sources: Vec<String> = lake.model().bronze.keys().map(ToString::to_string).collect();
    let sources: Vec<&str> = sources.iter().map(String::as_str).collect();
    for batch in 0..2 {
        world.deliver(&lake, batch).await;
        lake.run(&sources).await.unwrap();
        python(&[Path::new("load"), &sql, &other, &lake.source()]);
        let (native, other) = (lake.target().join("system_bronze"), other.join("system_bronze"));
        assert_equal(&native, &other, sources.len(), &format!("after delivery {batch}"));
    }
}
