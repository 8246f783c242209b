//! Times every side of every case with Criterion, after a check that all sides of the case end with the same rows.
//!
//! Two more ways to call it serve `scripts/bench`: `--cases` prints the cases, one JSON object a line, and
//! `--peak GROUP/NAME SIDE` measures the memory that one side takes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use std::cell::OnceCell;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use criterion::{BatchSize, BenchmarkId, Criterion, SamplingMode, Throughput};
use goldsmith_benches::{Case, Lab, Result, Role, Sizes, Work, cases, peak};
use serde_json::json;
use tokio::runtime::Runtime;

/// The fewest samples that Criterion takes: most jobs take long, and differ little from one time to the next.
const SAMPLES: usize = 10;
const WARM_UP: Duration = Duration::from_millis(200);
const MEASUREMENT: Duration = Duration::from_secs(2);

fn main() -> Result<()> {
    let sizes = Sizes::from_environment()?;
    let lab = Lab {
        runtime: Arc::new(Runtime::new()?),
        directory: Path::new(env!("CARGO_TARGET_TMPDIR")).join("goldsmith-benches"),
    };
    let cases = cases(&sizes);
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["--cases"] => list(&cases),
        ["--peak", id, side] => measure(&lab, &cases, id, side)?,
        _ => {
            let mut criterion = Criterion::default().configure_from_args();
            for case in &cases {
                time(&mut criterion, &lab, case);
            }
            criterion.final_summary();
        }
    }
    Ok(())
}

fn id(case: &Case) -> String {
    format!("{}/{}", case.group, case.name)
}

fn list(cases: &[Case]) {
    for case in cases {
        let sides: Vec<_> = case
            .sides
            .iter()
            .map(|side| json!({"name": side.name, "is_reference": side.role == Role::Reference}))
            .collect();
        let line = json!({
            "id": id(case),
            "group": case.group,
            "name": case.name,
            "title": case.title,
            "rows": case.rows,
            "sides": sides,
        });
        println!("{line}");
    }
}

fn measure(lab: &Lab, cases: &[Case], wanted: &str, side: &str) -> Result<()> {
    let case = cases.iter().find(|case| id(case) == wanted).ok_or_else(|| format!("there is no case `{wanted}`"))?;
    // What is prepared on disk is prepared in another process, which leaves no memory behind here.
    let work = case.load(lab)?;
    let peak = peak::measure(work.job(side)?)?;
    println!("{}", json!({"before": peak.before, "most": peak.most}));
    Ok(())
}

fn time(criterion: &mut Criterion, lab: &Lab, case: &Case) {
    let mut group = criterion.benchmark_group(case.group);
    group
        .sample_size(SAMPLES)
        .warm_up_time(WARM_UP)
        .measurement_time(MEASUREMENT)
        .sampling_mode(SamplingMode::Flat)
        .throughput(Throughput::Elements(case.rows));
    // Made by the first side that runs, so that a filter makes no data in vain.
    let work: OnceCell<Box<dyn Work>> = OnceCell::new();
    let checked = || {
        let work = case.load(lab).expect("the data of the case");
        case.check(work.as_ref()).expect("all sides end with the same rows");
        work
    };
    for side in case.sides {
        group.bench_function(BenchmarkId::new(side.name, &case.name), |bencher| {
            let work = work.get_or_init(checked);
            bencher.iter_batched(
                || work.job(side.name).expect("a job"),
                |job| job().expect("a result"),
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}
