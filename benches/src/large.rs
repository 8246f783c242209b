//! A fact that is far larger than what comes in at a time: what one increment of it takes.
//!
//! Too large for the cases, which start each job from a copy: the table is made once, and each increment changes it.

use std::path::Path;
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use goldsmith_lake::{Lake, LakeOptions, Location, TableSpec, UpsertReport, UpsertRequest, upsert};

use crate::Result;
use crate::cases::{append, names};
use crate::data::{KEY, RowVersion, UsageLog, usage_schema};
use crate::peak::{self, Peak};

/// Rows that are written with one commit.
const ROWS_PER_COMMIT: u64 = 5_000_000;
/// Rows for which values are made at a time.
const CHUNK: u64 = 64 * 1024;
/// Of so many rows of an increment, one changes a row that is there.
const ROWS_PER_UPDATE: u64 = 10;
/// Changed rows are in the last of so many parts of the table.
const TAIL_PART: u64 = 64;

/// Where the changed rows of an increment are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// All in the newest day: the statistics of files leave out the others.
    Newest,
    /// One of ten all over the table: every file is looked into.
    Everywhere,
}

/// What an increment took.
#[derive(Debug, Clone, Copy)]
pub struct Increment {
    /// From the opened table to the commit.
    pub time: Duration,
    /// Resident memory of the process.
    pub peak: Peak,
    /// What the upsert did.
    pub report: UpsertReport,
}

/// Writes a log of so many rows (20 columns, in the order of time) as a table with the settings of the engine.
///
/// # Errors
/// The directory holds a table already, or cannot be written.
pub async fn create(directory: &Path, rows: u64) -> Result<()> {
    let log = UsageLog { rows };
    let spec =
        TableSpec { name: "usage".to_owned(), description: None, schema: usage_schema(), run_id: "bench".to_owned() };
    let mut table = Lake::new(LakeOptions::default()).create(&Location::from_path(directory)?, spec).await?;
    for start in (0..rows).step_by(usize::try_from(ROWS_PER_COMMIT)?) {
        let end = rows.min(start + ROWS_PER_COMMIT);
        let mut writer = table.writer()?;
        for first in (start..end).step_by(usize::try_from(CHUNK)?) {
            let versions: Vec<RowVersion> =
                (first..end.min(first + CHUNK)).map(|index| RowVersion { index, version: 1 }).collect();
            writer.write(&log.batch(&versions)?).await?;
        }
        append(&mut table, writer).await?;
    }
    Ok(())
}

/// Brings an increment of `count` rows into the table of a log of `rows` rows: a tenth are changes, the rest are new. Increments of
/// one table are numbered from 1.
///
/// # Errors
/// There is no such table, or the upsert did not insert and update what it should.
pub async fn increment(directory: &Path, rows: u64, count: u64, number: u32, reach: Reach) -> Result<Increment> {
    let log = UsageLog { rows };
    let updates = count / ROWS_PER_UPDATE;
    let inserts = count - updates;
    let versions = changes(rows, updates, number + 1, reach);
    let first_new = rows + u64::from(number) * inserts;
    let new = (first_new..first_new + inserts).map(|index| RowVersion { index, version: 1 });
    let versions: Vec<RowVersion> = versions.into_iter().chain(new).collect();
    let batches = versions.chunks(usize::try_from(CHUNK)?).map(|chunk| log.batch(chunk));
    let batches: Vec<RecordBatch> = batches.collect::<std::result::Result<_, _>>()?;
    let table = Lake::new(LakeOptions::default()).open(&Location::from_path(directory)?).await?;
    let mut table = table.ok_or("there is no table")?;
    let request = UpsertRequest {
        key: names(&KEY),
        group: names(&KEY),
        rows: batches,
        run_id: "bench".to_owned(),
        operation: "MERGE".to_owned(),
        ..UpsertRequest::default()
    };
    let before = peak::reset()?;
    let start = Instant::now();
    let report = upsert(&mut table, request).await?;
    let time = start.elapsed();
    if (report.updated, report.inserted) != (updates, inserts) {
        return Err(format!("{updates} rows should be updated and {inserts} inserted: {report:?}").into());
    }
    Ok(Increment { time, peak: Peak { before, most: peak::most()? }, report })
}

/// Changes of as many rows, each of another one.
fn changes(rows: u64, updates: u64, version: u32, reach: Reach) -> Vec<RowVersion> {
    let everywhere = match reach {
        Reach::Newest => 0,
        Reach::Everywhere => updates / 10,
    };
    let tail = rows - rows / TAIL_PART;
    let newest = updates - everywhere;
    let of_tail = (0..newest).map(|nth| tail + nth * (rows - tail) / newest.max(1));
    let of_all = (0..everywhere).map(|nth| nth * tail / everywhere.max(1));
    of_all.chain(of_tail).map(|index| RowVersion { index, version }).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[tokio::test]
    #[cfg(target_os = "linux")]
    async fn increments_change_and_add_what_they_say() {
        let directory = tempfile::tempdir().unwrap();
        create(directory.path(), 20_000).await.unwrap();
        for (number, reach) in [(1, Reach::Newest), (2, Reach::Everywhere)] {
            let increment = increment(directory.path(), 20_000, 1_000, number, reach).await.unwrap();
            assert_eq!((increment.report.updated, increment.report.inserted), (100, 900), "{reach:?}");
            assert!(increment.peak.most >= increment.peak.before);
        }
    }
}
