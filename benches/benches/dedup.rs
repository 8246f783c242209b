//! The newest row of each key: `latest_per_key` beside the window function that SQL has for it.
//!
//! Both start from the same in-memory table and end with the surviving rows as batches. The window function runs on all
//! cores; `latest_per_key` runs on one, and its time holds putting the batches together and taking the rows.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::{concat_batches, take_record_batch};
use criterion::{BenchmarkId, Criterion, SamplingMode, Throughput};
use datafusion::datasource::MemTable;
use datafusion::prelude::SessionContext;
use goldsmith_benches::{KEY, QUANTITY, RowVersion, Totals, UsageLog, VERSION, bench_rows};
use goldsmith_query::order::latest_per_key;
use tokio::runtime::Runtime;

const BATCH_ROWS: usize = 8192;

/// One set of input rows.
struct Case {
    width: &'static str,
    duplicate_percent: u64,
    batches: Vec<RecordBatch>,
}

impl Case {
    /// The later versions of some records, chosen all over, come after the first versions of all.
    fn new(log: UsageLog, columns: Option<&[&str]>, duplicate_percent: u64) -> Self {
        let duplicates = log.rows * duplicate_percent / 100;
        let records = log.rows - duplicates;
        let rows: Vec<RowVersion> = (0..records)
            .map(|index| RowVersion { index, version: 1 })
            .chain((0..duplicates).map(|nth| RowVersion { index: nth * records / duplicates, version: 2 }))
            .collect();
        let batches = rows
            .chunks(BATCH_ROWS)
            .map(|chunk| {
                let batch = log.batch(chunk).unwrap();
                match columns {
                    None => batch,
                    Some(names) => {
                        let indices: Vec<usize> =
                            names.iter().map(|name| batch.schema_ref().index_of(name).unwrap()).collect();
                        batch.project(&indices).unwrap()
                    }
                }
            })
            .collect();
        Self { width: if columns.is_some() { "narrow" } else { "wide" }, duplicate_percent, batches }
    }

    fn parameter(&self) -> String {
        format!("{}/{}_percent", self.width, self.duplicate_percent)
    }

    /// A session with the rows as table `usage`, spread over as many partitions as the session runs.
    fn session(&self) -> SessionContext {
        let context = SessionContext::new();
        let partitions = context.copied_config().target_partitions();
        let size = self.batches.len().div_ceil(partitions).max(1);
        let table = MemTable::try_new(
            self.batches[0].schema(),
            self.batches.chunks(size).map(<[RecordBatch]>::to_vec).collect(),
        )
        .unwrap();
        context.register_table("usage", Arc::new(table)).unwrap();
        context
    }

    fn query(&self) -> String {
        let names: Vec<String> =
            self.batches[0].schema_ref().fields().iter().map(|field| field.name().clone()).collect();
        format!(
            "SELECT {} FROM (SELECT *, row_number() OVER (PARTITION BY {} ORDER BY {VERSION} DESC) AS place FROM usage) \
             WHERE place = 1",
            names.join(", "),
            KEY.join(", "),
        )
    }
}

fn by_latest_per_key(batches: &[RecordBatch], key: &[String], newest_first: &[String]) -> RecordBatch {
    let rows = concat_batches(batches[0].schema_ref(), batches).unwrap();
    let latest = latest_per_key(&rows, key, newest_first).unwrap();
    take_record_batch(&rows, &latest).unwrap()
}

fn by_row_number(runtime: &Runtime, context: &SessionContext, query: &str) -> Vec<RecordBatch> {
    runtime.block_on(async { context.sql(query).await.unwrap().collect().await.unwrap() })
}

fn dedup(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let log = UsageLog { rows: bench_rows().unwrap() };
    let key = KEY.map(str::to_owned);
    let newest_first = [VERSION.to_owned()];
    let narrow = [KEY[0], KEY[1], QUANTITY, VERSION];

    let mut group = criterion.benchmark_group("dedup");
    group.sample_size(10).sampling_mode(SamplingMode::Flat).throughput(Throughput::Elements(log.rows));
    for columns in [Some(narrow.as_slice()), None] {
        for duplicate_percent in [1, 20] {
            let case = Case::new(log, columns, duplicate_percent);
            let context = case.session();
            let query = case.query();

            let ours = Totals::of(&[by_latest_per_key(&case.batches, &key, &newest_first)]).unwrap();
            let theirs = Totals::of(&by_row_number(&runtime, &context, &query)).unwrap();
            assert_eq!(ours, theirs, "{}: the two ways differ", case.parameter());
            let duplicates = log.rows * duplicate_percent / 100;
            assert_eq!(ours.rows as u64, log.rows - duplicates, "{}: rows that stay", case.parameter());

            group.bench_function(BenchmarkId::new("latest_per_key", case.parameter()), |bencher| {
                bencher.iter_with_large_drop(|| by_latest_per_key(&case.batches, &key, &newest_first));
            });
            group.bench_function(BenchmarkId::new("row_number", case.parameter()), |bencher| {
                bencher.iter_with_large_drop(|| by_row_number(&runtime, &context, &query));
            });
        }
    }
    group.finish();
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    dedup(&mut criterion);
    criterion.final_summary();
}
