//! Measures increments of a fact of 100 M rows and 20 columns: `large_fact DIRECTORY [ROWS]`.
//!
//! The table is made on the first call, which takes minutes and about 10 GB for 100 M rows; the second call measures, so that the
//! memory is that of the increments alone. The directory is not for reuse after that: it holds the increments then.

#![allow(clippy::print_stdout)]

use std::path::PathBuf;

use goldsmith_benches::Result;
use goldsmith_benches::large::{Reach, create, increment};

const ROWS: u64 = 100_000_000;
const INCREMENT: u64 = 300_000;
const MIB: u64 = 1024 * 1024;

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let directory = PathBuf::from(arguments.next().ok_or("usage: large_fact DIRECTORY [ROWS]")?);
    let rows = arguments.next().map_or(Ok(ROWS), |rows| rows.parse())?;
    if !directory.join("_delta_log").is_dir() {
        std::fs::create_dir_all(&directory)?;
        create(&directory, rows).await?;
        println!("wrote {rows} rows; call it again to measure");
        return Ok(());
    }
    let increments = [(1, Reach::Newest, "in the newest day"), (2, Reach::Everywhere, "a tenth of them all over")];
    for (number, reach, place) in increments {
        let taken = increment(&directory, rows, INCREMENT, number, reach).await?;
        println!(
            "{INCREMENT} rows into {rows}, changes {place}: {:.2} s, peak {} MiB (input and table before: {} MiB), {:?}",
            taken.time.as_secs_f64(),
            taken.peak.most / MIB,
            taken.peak.before / MIB,
            taken.report,
        );
    }
    Ok(())
}
