//! Bringing changed and new rows into a Delta table: `goldsmith_lake::upsert` in each write mode beside the MERGE of delta-rs.
//!
//! Both tables hold the same rows in the same number of files of the same compression, and each job starts from a copy of the
//! directory with an opened table. Measured is what follows: finding the rows, writing and committing.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion::catalog::TableProvider;
use datafusion::prelude::SessionContext;
use goldsmith_lake::{
    CommitOutcome, CommitRequest, FileCompression, Lake, LakeOptions, Location, Table, TableSpec, TableWriter,
    UpsertRequest, WriteMode, upsert,
};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::names;
use crate::case::no_side;
use crate::data::{KEY, RowVersion, UsageLog, usage_schema};
use crate::sizes::short;
use crate::{Case, Job, Lab, Output, Result, Side, Sizes, Work, merge};

const AUTO: &str = "auto";
const MERGE_ON_READ: &str = "merge_on_read";
const COPY_ON_WRITE: &str = "copy_on_write";
const PEER: &str = "delta_rs_merge";
const SIDES: [Side; 4] =
    [Side::ours(AUTO), Side::ours(MERGE_ON_READ), Side::ours(COPY_ON_WRITE), Side::reference(PEER)];
/// Rows that are changed, by rows of the place where they are: of ten thousand.
const MATCHED: [(u64, &str); 4] = [(10, "0.1"), (100, "1"), (1_000, "10"), (10_000, "100")];
/// The large table is changed in the default mode alone, in so many files, and not as a whole: its MERGE takes long enough.
const HEADLINE_SIDES: [Side; 2] = [Side::ours(AUTO), Side::reference(PEER)];
const HEADLINE_FILES: u64 = 40;
const HEADLINE_MATCHED: usize = 3;
/// For so many changed rows one new row comes along.
const UPDATES_PER_INSERT: u64 = 10;
/// The hot tail is the last of so many parts of the table.
const TAIL_PART: u64 = 10;

/// Where rows of a table are.
#[derive(Debug, Clone, Copy)]
pub(super) enum Spread {
    HotTail,
    Scattered,
}

impl Spread {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::HotTail => "hot_tail",
            Self::Scattered => "scattered",
        }
    }

    /// So many rows, evenly over the place.
    pub(super) fn pick(self, log: UsageLog, count: u64) -> impl Iterator<Item = u64> {
        let Range { start, end } = self.range(log);
        (0..count).map(move |nth| start + nth * (end - start) / count)
    }

    fn range(self, log: UsageLog) -> Range<u64> {
        match self {
            Self::HotTail => log.rows - log.rows / TAIL_PART..log.rows,
            Self::Scattered => 0..log.rows,
        }
    }
}

pub(super) fn cases(sizes: &Sizes) -> Vec<Case> {
    let mut cases = of_table(sizes.table_rows, sizes.table_files, &SIDES, &MATCHED);
    if let Some(rows) = sizes.headline_rows {
        cases.extend(of_table(rows, HEADLINE_FILES, &HEADLINE_SIDES, &MATCHED[..HEADLINE_MATCHED]));
    }
    cases
}

fn of_table(rows: u64, files: u64, sides: &'static [Side], matched: &[(u64, &str)]) -> Vec<Case> {
    let mut cases = Vec::new();
    for spread in [Spread::HotTail, Spread::Scattered] {
        for &(matched, percent) in matched {
            let Range { start, end } = spread.range(UsageLog { rows });
            let updated = ((end - start) * matched / 10_000).max(1);
            let place = match spread {
                Spread::HotTail => "of the newest tenth",
                Spread::Scattered => "all over",
            };
            let title = format!("{percent} % {place}, {} × 20", short(rows));
            let name = format!("{rows}_{}_{percent}_percent", spread.name());
            let load = move |lab: &Lab| Ok(Box::new(Upserting::new(lab, rows, files, spread, updated)?) as _);
            cases.push(Case::new("upsert", name, title, updated + inserts(updated), sides, load));
        }
    }
    cases
}

fn inserts(updated: u64) -> u64 {
    updated.div_ceil(UPDATES_PER_INSERT)
}

struct Upserting {
    lab: Lab,
    ours: PathBuf,
    theirs: PathBuf,
    rows: RecordBatch,
    updated: u64,
}

impl Upserting {
    fn new(lab: &Lab, rows: u64, files: u64, spread: Spread, updated: u64) -> Result<Self> {
        let log = UsageLog { rows };
        let versions: Vec<RowVersion> = spread
            .pick(log, updated)
            .map(|index| RowVersion { index, version: 2 })
            .chain((0..inserts(updated)).map(|nth| RowVersion { index: rows + nth, version: 1 }))
            .collect();
        let (ours, _) = our_table(lab, log, files)?;
        let theirs = lab.kept(&format!("delta-rs-{rows}-{files}"), |directory| {
            lab.runtime.block_on(merge::create(directory, log, files))
        })?;
        Ok(Self { lab: lab.clone(), ours, theirs, rows: log.batch(&versions)?, updated })
    }

    /// The counts that either way must report.
    fn expected(&self) -> (u64, u64) {
        (self.updated, inserts(self.updated))
    }

    fn ours(&self, write_mode: WriteMode) -> Result<Job<'_>> {
        let copy = self.lab.copy_of(&self.ours)?;
        let mut table = self.lab.runtime.block_on(open(copy.path()))?;
        let request = UpsertRequest {
            key: names(&KEY),
            group: names(&KEY),
            rows: vec![self.rows.clone()],
            write_mode,
            run_id: "bench".to_owned(),
            operation: "MERGE".to_owned(),
            ..UpsertRequest::default()
        };
        Ok(Box::new(move || {
            let report = self.lab.runtime.block_on(upsert(&mut table, request))?;
            counted((report.updated, report.inserted), self.expected())?;
            let runtime = Arc::clone(&self.lab.runtime);
            let provider = Box::new(move || Ok(runtime.block_on(table.provider())?));
            Ok(Box::new(Upserted { runtime: Arc::clone(&self.lab.runtime), provider, _copy: copy }))
        }))
    }

    fn merge(&self) -> Result<Job<'_>> {
        let copy = self.lab.copy_of(&self.theirs)?;
        let table = self.lab.runtime.block_on(merge::open(copy.path()))?;
        let source = SessionContext::new().read_batch(self.rows.clone())?;
        Ok(Box::new(move || {
            let (table, counts) = self.lab.runtime.block_on(merge::merge(table, source))?;
            counted(counts, self.expected())?;
            let runtime = Arc::clone(&self.lab.runtime);
            let provider = Box::new(move || Ok(runtime.block_on(async { table.table_provider().await })?));
            Ok(Box::new(Upserted { runtime: Arc::clone(&self.lab.runtime), provider, _copy: copy }))
        }))
    }
}

impl Work for Upserting {
    fn job(&self, side: &str) -> Result<Job<'_>> {
        match side {
            AUTO => self.ours(WriteMode::Auto),
            MERGE_ON_READ => self.ours(WriteMode::MergeOnRead),
            COPY_ON_WRITE => self.ours(WriteMode::CopyOnWrite),
            PEER => self.merge(),
            other => no_side(other),
        }
    }
}

fn counted(found: (u64, u64), expected: (u64, u64)) -> Result<()> {
    if found == expected {
        return Ok(());
    }
    Err(format!("{found:?} rows were updated and inserted, and {expected:?} should be").into())
}

/// A table after an upsert; its directory goes with it.
struct Upserted {
    runtime: Arc<Runtime>,
    provider: Box<dyn Fn() -> Result<Arc<dyn TableProvider>>>,
    _copy: TempDir,
}

impl Output for Upserted {
    fn rows(&self) -> Result<Vec<RecordBatch>> {
        let frame = SessionContext::new().read_table((self.provider)()?)?;
        Ok(self.runtime.block_on(frame.collect())?)
    }
}

/// The rows of one of the files of a table.
pub(crate) fn rows_of_file(log: UsageLog, file: u64, files: u64) -> Result<Vec<RecordBatch>> {
    let rows: Vec<RowVersion> = (file * log.rows / files..(file + 1) * log.rows / files)
        .map(|index| RowVersion { index, version: 1 })
        .collect();
    Ok(log.batches(&rows, None)?)
}

/// The log as a table of ours, and where it is. Not to be changed.
pub(super) fn our_table(lab: &Lab, log: UsageLog, files: u64) -> Result<(PathBuf, Table)> {
    let directory = lab.kept(&format!("goldsmith-{}-{files}", log.rows), |directory| {
        lab.runtime.block_on(create(directory, log, files))
    })?;
    let table = lab.runtime.block_on(open(&directory))?;
    Ok((directory, table))
}

pub(super) fn options() -> LakeOptions {
    LakeOptions { compression: FileCompression::Snappy, ..LakeOptions::default() }
}

pub(super) async fn open(directory: &Path) -> Result<Table> {
    let table = Lake::new(options()).open(&Location::from_path(directory)?).await?;
    table.ok_or_else(|| "there is no table".into())
}

/// Makes the rows of a writer visible.
pub(crate) async fn append(table: &mut Table, writer: TableWriter) -> Result<()> {
    let request = CommitRequest {
        added: writer.finish().await?,
        run_id: "bench".to_owned(),
        operation: "WRITE".to_owned(),
        blind_append: true,
        ..CommitRequest::default()
    };
    match table.commit(request).await? {
        CommitOutcome::Committed { .. } => Ok(()),
        other @ CommitOutcome::Nothing => Err(format!("a commit came out as {other:?}").into()),
    }
}

/// Writes the log as a table of ours, in so many files.
pub(super) async fn create(directory: &Path, log: UsageLog, files: u64) -> Result<()> {
    // One thread and no limit, so that each commit makes one file.
    let lake = Lake::new(LakeOptions { threads: 1, target_file_size: 1 << 40, ..options() });
    let spec =
        TableSpec { name: "usage".to_owned(), description: None, schema: usage_schema(), run_id: "bench".to_owned() };
    let mut table = lake.create(&Location::from_path(directory)?, spec).await?;
    for file in 0..files {
        let mut writer = table.writer()?;
        for batch in rows_of_file(log, file, files)? {
            writer.write(&batch).await?;
        }
        append(&mut table, writer).await?;
    }
    let found = table.files()?.len() as u64;
    if found == files { Ok(()) } else { Err(format!("the table has {found} files, not {files}").into()) }
}
