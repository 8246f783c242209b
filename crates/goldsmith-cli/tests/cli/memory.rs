//! The memory limit holds for the process: its peak, as the kernel counts it, follows the limit and not the tables.

use std::fs::read_to_string;
use std::process::{Command, Stdio};
use std::time::Duration;

use goldsmith::{DeliveryMode, LakeOptions, write_delivery};
use goldsmith_synth::{Generator, SynthConfig};
use serde_json::Value;

use crate::program::Workplace;

const MIB: u64 = 1 << 20;
const LIMIT: u64 = 256 * MIB;
/// What the process may take beyond its limit: fragments of the allocator, and more of everything in a build without optimisation.
const ALLOWANCE: u64 = 128 * MIB;
/// Wide ones, with the sources that they are built from: one that bronze appends, and one that it merges.
const TABLES: [(&str, &str); 2] = [("fact_usage", "billing.usage"), ("fact_query_history", "query.history")];

/// The most that a process has had resident, as long as it is there. Source: proc(5), `VmHWM`.
fn peak(process: u32) -> Option<u64> {
    let status = read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kibibytes| kibibytes * 1024)
}

/// Loads the tables in a process of its own, and tells what it took.
fn load(place: &Workplace, target: &str, limit: u64) -> u64 {
    let mut command = Command::new(env!("CARGO_BIN_EXE_goldsmith"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("GOLDSMITH_")) {
        command.env_remove(name);
    }
    command.args(["run", "--source", "source", "--target", target, "--threads", "2", "--quiet"]);
    command.args(["--memory-limit", &format!("{}MiB", limit / MIB)]);
    for (table, _) in TABLES {
        command.args(["--select", table]);
    }
    // The program sets it by itself: else glibc keeps what was freed.
    command.env_remove("MALLOC_TRIM_THRESHOLD_").current_dir(place.path());
    let mut process = command.stdout(Stdio::null()).stderr(Stdio::inherit()).spawn().unwrap();
    let mut most = 0;
    let status = loop {
        most = most.max(peak(process.id()).unwrap_or_default());
        if let Some(status) = process.try_wait().unwrap() {
            break status;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    assert!(status.success(), "{target}: {status}");
    most
}

fn query(place: &Workplace, target: &str, sql: &str) -> Vec<Value> {
    let output = place.run(&["query", sql, "--target", target, "--format", "json"]);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", place.text(&output)))
}

/// What tells the content of a table from any other, whatever the order of its rows: how many of them hash into each of some
/// thousand buckets, and the hashes between which they lie.
fn fingerprint(place: &Workplace, target: &str, table: &str) -> Vec<Value> {
    let text = |column: &Value| {
        let name = column["column_name"].as_str().unwrap();
        let text = if column["data_type"].as_str().unwrap().starts_with("map<") {
            let part = |kind: &str| format!("array_to_string(map_{kind}({name}), ',', '~')");
            format!("concat_ws('=', {}, {})", part("keys"), part("values"))
        } else {
            format!("cast({name} as string)")
        };
        (name != "_run_id" && name != "_loaded_at").then(|| format!("coalesce({text}, '~')"))
    };
    let columns: Vec<String> = query(place, target, &format!("describe {table}")).iter().filter_map(text).collect();
    assert!(columns.len() > 10, "{table}: {columns:?}");
    let hash = format!("md5(concat_ws('|', {}))", columns.join(", "));
    let sql = format!(
        "select substr(h, 1, 3) as bucket, count(*) as n, min(h) as least, max(h) as greatest from (select {hash} as h from {table}) \
         group by 1 order by 1"
    );
    query(place, target, &sql)
}

#[test]
fn a_run_keeps_to_its_memory_limit_and_comes_to_the_same() {
    let place = Workplace::new();
    let world = Generator::new(SynthConfig { seed: 51, rows: 2_000_000, batches: 1, ..Default::default() }).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let root = place.path().join("source").to_string_lossy().into_owned();
    let options = LakeOptions::default();
    for (_, source) in TABLES {
        let batches: Vec<_> = world.batch(source, 0).unwrap().map(Result::unwrap).collect();
        let delivery = write_delivery(&options, &root, source, batches, DeliveryMode::Append);
        runtime.block_on(delivery).unwrap();
    }
    let ample = load(&place, "ample", 4_096 * MIB);
    let limited = load(&place, "limited", LIMIT);
    println!(
        "peak of {} MiB without a limit that matters, {} MiB with one of {}",
        ample / MIB,
        limited / MIB,
        LIMIT / MIB
    );
    assert!(ample > LIMIT + ALLOWANCE * 3 / 2, "{} MiB: too few rows for this test to fail", ample / MIB);
    assert!(limited < LIMIT + ALLOWANCE, "{} MiB with a limit of {}", limited / MIB, LIMIT / MIB);
    for (table, _) in TABLES {
        let expected = fingerprint(&place, "ample", table);
        assert!(expected.len() > 1_000, "{table}: {} buckets", expected.len());
        assert!(fingerprint(&place, "limited", table) == expected, "`{table}` differs");
    }
}
