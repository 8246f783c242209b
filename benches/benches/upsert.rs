//! Bringing changed and new rows into a Delta table: `goldsmith_lake::upsert` beside the MERGE of delta-rs.
//!
//! Both tables hold the same rows in the same number of files of the same compression, and each iteration starts from a
//! fresh copy of the directory with an opened table. Timed is what follows: finding the rows, writing and committing.
//! MERGE joins on all key columns by equality, from which it derives its own file skipping.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::num::NonZeroU64;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use arrow::array::RecordBatch;
use criterion::{BatchSize, BenchmarkId, Criterion, SamplingMode, Throughput};
use datafusion::catalog::TableProvider;
use datafusion::prelude::{DataFrame, SessionContext, col};
use deltalake::operations::merge::MergeMetrics;
use deltalake::parquet::basic::Compression;
use deltalake::parquet::file::properties::WriterProperties;
use deltalake::{DeltaTable, DeltaTableBuilder, ensure_table_uri};
use goldsmith_benches::{
    KEY, QUANTITY, RowVersion, Totals, UsageLog, VERSION, bench_rows, copy_directory, usage_schema,
};
use goldsmith_lake::{
    CommitOutcome, CommitRequest, FileCompression, Lake, LakeOptions, Location, Table, TableSpec, UpsertReport,
    UpsertRequest, upsert,
};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// Data files of a table before the upsert.
const FILES: u64 = 16;
/// A file size that no file of a prepared table reaches, so that any number of rows makes [`FILES`] files.
const UNBOUNDED: NonZeroU64 = NonZeroU64::new(1 << 40).unwrap();
/// The hot tail is the last of so many parts of the table.
const TAIL_PART: u64 = 8;
/// Rows of the source, by rows of the table.
const SOURCE_PER_MILLE: u64 = 25;
/// Rows of the source that change a row of the table; the others are new.
const UPDATE_PERCENT: u64 = 10;
const BATCH_ROWS: usize = 8192;

/// Where the rows are that the source changes.
#[derive(Clone, Copy)]
enum Updates {
    HotTail,
    Scattered,
}

impl Updates {
    fn name(self) -> &'static str {
        match self {
            Self::HotTail => "hot_tail",
            Self::Scattered => "scattered",
        }
    }

    fn range(self, log: UsageLog) -> Range<u64> {
        match self {
            Self::HotTail => log.rows - log.rows / TAIL_PART..log.rows,
            Self::Scattered => 0..log.rows,
        }
    }
}

/// The rows to bring in.
struct Source {
    batch: RecordBatch,
    updated: u64,
    inserted: u64,
}

impl Source {
    /// Changed rows, evenly spread over their range, then rows that follow the end of the log.
    fn new(log: UsageLog, updates: Updates) -> Self {
        let count = log.rows * SOURCE_PER_MILLE / 1000;
        let updated = count * UPDATE_PERCENT / 100;
        let inserted = count - updated;
        let Range { start, end } = updates.range(log);
        let rows: Vec<RowVersion> = (0..updated)
            .map(|nth| RowVersion { index: start + nth * (end - start) / updated, version: 2 })
            .chain((0..inserted).map(|nth| RowVersion { index: log.rows + nth, version: 1 }))
            .collect();
        Self { batch: log.batch(&rows).unwrap(), updated, inserted }
    }

    fn request(&self) -> UpsertRequest {
        UpsertRequest {
            key: KEY.map(str::to_owned).to_vec(),
            group: KEY.map(str::to_owned).to_vec(),
            rows: vec![self.batch.clone()],
            run_id: "bench".to_owned(),
            operation: "MERGE".to_owned(),
            ..UpsertRequest::default()
        }
    }

    fn frame(&self) -> DataFrame {
        SessionContext::new().read_batch(self.batch.clone()).unwrap()
    }
}

/// The rows of the table, file by file, in batches.
fn files(log: UsageLog) -> impl Iterator<Item = Vec<RecordBatch>> {
    (0..FILES).map(move |file| {
        let rows: Vec<RowVersion> = (file * log.rows / FILES..(file + 1) * log.rows / FILES)
            .map(|index| RowVersion { index, version: 1 })
            .collect();
        rows.chunks(BATCH_ROWS).map(|chunk| log.batch(chunk).unwrap()).collect()
    })
}

fn options() -> LakeOptions {
    LakeOptions { compression: FileCompression::Snappy, ..LakeOptions::default() }
}

fn writer_properties() -> WriterProperties {
    WriterProperties::builder().set_compression(Compression::SNAPPY).build()
}

async fn create_ours(directory: &Path, log: UsageLog) {
    // One thread, so that each commit makes one file.
    let lake = Lake::new(LakeOptions { threads: 1, target_file_size: UNBOUNDED.get(), ..options() });
    let spec =
        TableSpec { name: "usage".to_owned(), description: None, schema: usage_schema(), run_id: "bench".to_owned() };
    let mut table = lake.create(&Location::from_path(directory).unwrap(), spec).await.unwrap();
    for batches in files(log) {
        let mut writer = table.writer().unwrap();
        for batch in &batches {
            writer.write(batch).await.unwrap();
        }
        let request = CommitRequest {
            added: writer.finish().await.unwrap(),
            run_id: "bench".to_owned(),
            operation: "WRITE".to_owned(),
            blind_append: true,
            ..CommitRequest::default()
        };
        let outcome = table.commit(request).await.unwrap();
        assert!(matches!(outcome, CommitOutcome::Committed { .. }));
    }
    assert_eq!(table.files().unwrap().len() as u64, FILES);
}

async fn create_theirs(directory: &Path, log: UsageLog) {
    std::fs::create_dir_all(directory).unwrap();
    let url = ensure_table_uri(directory.to_str().unwrap()).unwrap();
    let mut table = DeltaTable::try_from_url(url).await.unwrap();
    for batches in files(log) {
        table = table
            .write(batches)
            .with_target_file_size(Some(UNBOUNDED))
            .with_writer_properties(writer_properties())
            .await
            .unwrap();
    }
    assert_eq!(table.get_file_uris().unwrap().count() as u64, FILES);
}

async fn open_ours(directory: &Path) -> Table {
    Lake::new(options()).open(&Location::from_path(directory).unwrap()).await.unwrap().expect("a table")
}

async fn open_theirs(directory: &Path) -> DeltaTable {
    let url = ensure_table_uri(directory.to_str().unwrap()).unwrap();
    DeltaTableBuilder::from_url(url).unwrap().load().await.unwrap()
}

async fn merge(table: DeltaTable, source: DataFrame) -> (DeltaTable, MergeMetrics) {
    let same_key = KEY
        .map(|name| col(format!("target.{name}")).eq(col(format!("source.{name}"))))
        .into_iter()
        .reduce(|left, right| left.and(right))
        .expect("a key");
    let schema = usage_schema();
    let names = || schema.fields().iter().map(|field| field.name().as_str());
    table
        .merge(source, same_key)
        .with_source_alias("source")
        .with_target_alias("target")
        .with_writer_properties(writer_properties())
        .when_matched_update(|update| {
            names().fold(update, |update, name| update.update(name, col(format!("source.{name}"))))
        })
        .unwrap()
        .when_not_matched_insert(|insert| {
            names().fold(insert, |insert, name| insert.set(name, col(format!("source.{name}"))))
        })
        .unwrap()
        .await
        .unwrap()
}

async fn totals(provider: Arc<dyn TableProvider>) -> Totals {
    let frame = SessionContext::new().read_table(provider).unwrap().select_columns(&[VERSION, QUANTITY]).unwrap();
    Totals::of(&frame.collect().await.unwrap()).unwrap()
}

/// A copy of a prepared table, gone when dropped.
fn copy_of(prepared: &Path) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    copy_directory(prepared, directory.path()).unwrap();
    directory
}

async fn check(ours: &Path, theirs: &Path, source: &Source) {
    let (our_copy, their_copy) = (copy_of(ours), copy_of(theirs));
    let mut table = open_ours(our_copy.path()).await;
    let report = upsert(&mut table, source.request()).await.unwrap();
    let (merged, metrics) = merge(open_theirs(their_copy.path()).await, source.frame()).await;
    assert_eq!((report.updated, report.inserted), (source.updated, source.inserted));
    assert_eq!(
        (metrics.num_target_rows_updated as u64, metrics.num_target_rows_inserted as u64),
        (source.updated, source.inserted),
    );
    assert_eq!(
        totals(table.provider().await.unwrap()).await,
        totals(merged.table_provider().await.unwrap()).await,
        "the two ways differ",
    );
}

fn upserts(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let log = UsageLog { rows: bench_rows().unwrap() };
    let prepared = tempfile::tempdir().unwrap();
    let (ours, theirs) = (prepared.path().join("ours"), prepared.path().join("theirs"));
    runtime.block_on(create_ours(&ours, log));
    runtime.block_on(create_theirs(&theirs, log));

    let mut group = criterion.benchmark_group("upsert");
    group.sample_size(10).sampling_mode(SamplingMode::Flat);
    for updates in [Updates::HotTail, Updates::Scattered] {
        let source = Source::new(log, updates);
        runtime.block_on(check(&ours, &theirs, &source));

        group.throughput(Throughput::Elements(source.updated + source.inserted));
        group.bench_function(BenchmarkId::new("goldsmith", updates.name()), |bencher| {
            bencher.iter_batched(
                || {
                    let directory = copy_of(&ours);
                    let table = runtime.block_on(open_ours(directory.path()));
                    (directory, table, source.request())
                },
                |(directory, mut table, request)| -> (TempDir, Table, UpsertReport) {
                    let report = runtime.block_on(upsert(&mut table, request)).unwrap();
                    (directory, table, report)
                },
                BatchSize::PerIteration,
            );
        });
        group.bench_function(BenchmarkId::new("delta_rs_merge", updates.name()), |bencher| {
            bencher.iter_batched(
                || {
                    let directory = copy_of(&theirs);
                    let table = runtime.block_on(open_theirs(directory.path()));
                    (directory, table, source.frame())
                },
                |(directory, table, frame)| -> (TempDir, DeltaTable, MergeMetrics) {
                    let (table, metrics) = runtime.block_on(merge(table, frame));
                    (directory, table, metrics)
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    upserts(&mut criterion);
    criterion.final_summary();
}
