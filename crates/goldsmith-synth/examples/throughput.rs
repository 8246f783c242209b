//! Prints how many rows a second the wide tables are generated with; meant for an optimised build:
//! `cargo run --release --package goldsmith-synth --example throughput`.
#![allow(clippy::print_stdout)]

use std::time::Instant;

use goldsmith_synth::{Generator, SynthConfig, SynthError};

const TABLES: [&str; 6] = [
    "access.audit",
    "query.history",
    "compute.node_timeline",
    "billing.usage",
    "lakeflow.job_task_run_timeline",
    "access.table_lineage",
];

fn main() -> Result<(), SynthError> {
    let config = SynthConfig { rows: 2_000_000, batches: 1, ..SynthConfig::default() };
    let generator = Generator::new(config)?;
    for table in TABLES {
        let start = Instant::now();
        let mut rows = 0;
        for batch in generator.batch(table, 0)? {
            rows += batch?.num_rows();
        }
        println!("{table}: {rows} rows, {:.0} rows/s", rows as f64 / start.elapsed().as_secs_f64());
    }
    Ok(())
}
