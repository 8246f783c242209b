//! As-of joins as plans: how they are explained, spread over partitions and kept within memory.

use std::sync::Arc;

use arrow::array::{Array, RecordBatch, UInt64Array};
use arrow::compute::take_record_batch;
use arrow::util::pretty::pretty_format_batches;
use datafusion::datasource::MemTable;
use datafusion::execution::memory_pool::MemoryPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties, collect, displayable};
use datafusion::prelude::{DataFrame, SessionConfig, SessionContext, col, lit};
use futures::{StreamExt, TryStreamExt};
use goldsmith_query::QueryError;
use goldsmith_query::asof::{AsOfSpec, asof_join};

use crate::asof_ways::{FairWithMerges, JoinWay, counted, find};
use crate::world::*;

fn spec() -> AsOfSpec {
    AsOfSpec {
        left_key: names(&["job_id"]),
        instant: "ended".to_owned(),
        right_key: names(&["id"]),
        start: "valid_from".to_owned(),
        end: None,
        surrogate: "job_key".to_owned(),
        fetch: vec![("job_key".to_owned(), "job_key".to_owned()), ("name".to_owned(), "job_name".to_owned())],
    }
}

fn runs(count: i64, keys: i64) -> RecordBatch {
    // Scattered, so that sorting has something to do.
    let scattered = |row: i64| row * 7_919 % count;
    batch(vec![
        ("job_id", ints((0..count).map(|row| Some(scattered(row) % keys)))),
        ("ended", instants((0..count).map(|row| Some(scattered(row) / keys * 10 + 5)))),
        ("note", texts((0..count).map(|row| Some(format!("a run with a rather long note about it, {row}"))))),
    ])
}

/// A version of each key every ten microseconds, whose surrogate tells key and time.
fn jobs(keys: i64, versions: i64) -> RecordBatch {
    let all = || (0..versions).flat_map(|version| (0..keys).map(move |key| (key, version)));
    batch(vec![
        ("id", ints(all().map(|(key, _)| Some(key)))),
        ("valid_from", instants(all().map(|(_, version)| Some(version * 10)))),
        ("job_key", ints(all().map(|(key, version)| Some(key * 1_000_000 + version)))),
        ("name", texts(all().map(|(key, version)| Some(format!("job {key} in its version {version}"))))),
    ])
}

/// A frame of batches of 1000 rows at most, each with buffers of its own, so that sorting holds little at a time.
fn frame(context: &SessionContext, rows: &RecordBatch) -> DataFrame {
    let count = rows.num_rows() as u64;
    let starts = (0..count).step_by(1_000);
    let piece = |start: u64| UInt64Array::from_iter_values(start..count.min(start + 1_000));
    context.read_batches(starts.map(|start| take_record_batch(rows, &piece(start)).unwrap())).unwrap()
}

fn joined(context: &SessionContext, runs: &RecordBatch, jobs: &RecordBatch) -> DataFrame {
    asof_join(frame(context, runs), frame(context, jobs), &spec()).unwrap()
}

fn partitions(count: usize) -> SessionConfig {
    SessionConfig::new().with_target_partitions(count)
}

/// Every row must have met the version of its ten microseconds; yields how many rows there are.
fn checked(batches: &[RecordBatch]) -> usize {
    for batch in batches {
        for row in 0..batch.num_rows() {
            let (key, ended) = (int_at(batch, "job_id", row).unwrap(), instant_at(batch, "ended", row).unwrap());
            assert_eq!(int_at(batch, "job_key", row), Some(key * 1_000_000 + ended / 10));
            assert_eq!(text_at(batch, "job_name", row), Some(format!("job {key} in its version {}", ended / 10)));
        }
    }
    batches.iter().map(RecordBatch::num_rows).sum()
}

#[tokio::test]
async fn the_plan_says_what_is_joined_and_sorts_neither_side() {
    for (is_collected, mode, hashed) in [(false, "partitioned", 2), (true, "collected", 0)] {
        let (context, _) = JoinWay { is_collected, granted: None }.session(4, 1_000);
        let frame = joined(&context, &runs(4_000, 5), &jobs(5, 3));
        let logical = frame.clone().into_optimized_plan().unwrap().display_indent().to_string();
        assert!(logical.contains("AsOfJoin: rule=[as of] key=["), "{logical}");
        let plan = frame.create_physical_plan().await.unwrap();
        let text = displayable(plan.as_ref()).indent(false).to_string();
        let line = format!(
            "AsOfJoinExec: rule=[as of] key=[job_id] instant=[ended] fetch=[job_key, job_name] \
             versions=[{mode}, index or else sorted merge]"
        );
        assert!(text.starts_with(&line), "{text}");
        assert_eq!(plan.output_partitioning().partition_count(), 4, "{text}");
        assert_eq!(text.matches("RepartitionExec: partitioning=Hash").count(), hashed, "{text}");
        assert!(!text.contains("SortExec"), "{text}");
    }
}

#[tokio::test]
async fn what_was_done_is_counted() {
    for way in JoinWay::ALL {
        let (context, _) = way.session(2, 1_000);
        let plan = joined(&context, &runs(4_000, 5), &jobs(5, 800)).create_physical_plan().await.unwrap();
        collect(Arc::clone(&plan), context.task_ctx()).await.unwrap();
        let partitions = plan.output_partitioning().partition_count();
        let (indexed, merged) = if way.is_indexed() { (partitions, 0) } else { (0, partitions) };
        assert_eq!(counted(&plan, "indexed_partitions"), indexed, "{way:?}");
        assert_eq!(counted(&plan, "merged_partitions"), merged, "{way:?}");
        assert_eq!(counted(&plan, "input_rows"), 4_000, "{way:?}");
        assert_eq!(find(&plan, "AsOfJoinExec").unwrap().metrics().unwrap().output_rows(), Some(4_000), "{way:?}");
        assert_eq!(counted(&plan, "build_input_rows"), 4_000, "{way:?}");
        assert_eq!(counted(&plan, "build_mem_used") > 0, way.is_indexed(), "{way:?}");
    }
    let (context, _) = JoinWay::ALL[1].session(2, 1_000);
    let explained = joined(&context, &runs(4_000, 5), &jobs(5, 800)).explain(false, true).unwrap();
    let text = pretty_format_batches(&explained.collect().await.unwrap()).unwrap().to_string();
    for metric in ["build_time=", "build_input_rows=", "build_mem_used=", "merged_partitions=0"] {
        assert!(text.contains(metric), "{metric}: {text}");
    }
}

#[tokio::test]
async fn columns_that_nobody_asks_for_are_not_read() {
    let context = SessionContext::new_with_config(partitions(2));
    let frame = joined(&context, &runs(100, 5), &jobs(5, 3)).select(vec![col("job_name")]).unwrap();
    let plan = frame.create_physical_plan().await.unwrap();
    let join = find(&plan, "AsOfJoinExec").unwrap();
    let left: Vec<String> = join.children()[0].schema().fields().iter().map(|field| field.name().clone()).collect();
    assert_eq!(left, ["job_id", "ended"]);
}

/// How often operators of a plan wrote rows to disk.
fn spills(plan: &Arc<dyn ExecutionPlan>) -> usize {
    let own = plan.metrics().and_then(|metrics| metrics.spill_count()).unwrap_or_default();
    own + plan.children().into_iter().map(spills).sum::<usize>()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_memory_pool_makes_it_spill_and_changes_nothing() {
    let (runs, jobs) = (runs(200_000, 50), jobs(50, 4_000));
    for is_collected in [false, true] {
        let pool = Arc::new(FairWithMerges::new(16 * 1024 * 1024));
        let runtime = RuntimeEnvBuilder::new().with_memory_pool(pool.clone()).build_arc().unwrap();
        let mut config = partitions(2).with_batch_size(1_000).with_sort_spill_reservation_bytes(512 * 1024);
        config.options_mut().optimizer.hash_join_single_partition_threshold = if is_collected { usize::MAX } else { 0 };
        let context = SessionContext::new_with_config_rt(config, runtime);
        let plan = joined(&context, &runs, &jobs).create_physical_plan().await.unwrap();
        let batches = collect(Arc::clone(&plan), context.task_ctx()).await.unwrap();
        assert!(spills(&plan) > 0, "{}", displayable(plan.as_ref()).indent(true));
        assert_eq!(counted(&plan, "merged_partitions"), 2);
        assert_eq!(checked(&batches), 200_000);
        assert_eq!(pool.reserved(), 0);
    }
}

/// The join of facts in a table that tells their order, in as many partitions as the session has.
async fn in_order(context: &SessionContext, runs: &RecordBatch, jobs: &RecordBatch) -> DataFrame {
    let pieces = |from: usize, rows: usize| -> Vec<RecordBatch> {
        (from..from + rows).step_by(500).map(|start| runs.slice(start, (from + rows - start).min(500))).collect()
    };
    let part = runs.num_rows() / context.copied_config().target_partitions();
    let parts = (0..runs.num_rows()).step_by(part).map(|from| pieces(from, part)).collect();
    let sorted = vec![vec![col("place").sort(true, true)]];
    let table = MemTable::try_new(runs.schema(), parts).unwrap().with_sort_order(sorted);
    context.register_table("runs", Arc::new(table)).unwrap();
    asof_join(context.table("runs").await.unwrap(), frame(context, jobs), &spec()).unwrap()
}

/// Scattered runs with their place, by which they are sorted.
fn placed(count: i64, keys: i64) -> RecordBatch {
    let runs = runs(count, keys);
    batch(vec![
        ("place", ints((0..count).map(Some))),
        ("job_id", Arc::clone(&runs["job_id"])),
        ("ended", Arc::clone(&runs["ended"])),
    ])
}

#[tokio::test(flavor = "multi_thread")]
async fn the_order_of_the_rows_is_kept_and_told_either_way() {
    let (runs, jobs) = (placed(6_000, 7), jobs(7, 900));
    for way in JoinWay::ALL {
        // Where both sides are partitioned, one partition alone keeps its rows in their order.
        let (context, _) = way.session(if way.is_collected { 2 } else { 1 }, 1_000);
        let frame = in_order(&context, &runs, &jobs).await.sort(vec![col("place").sort(true, true)]).unwrap();
        let plan = frame.create_physical_plan().await.unwrap();
        let text = displayable(plan.as_ref()).indent(false).to_string();
        assert!(!text.contains("SortExec"), "{text}");
        let batches = collect(Arc::clone(&plan), context.task_ctx()).await.unwrap();
        let places = batches.iter().flat_map(|batch| (0..batch.num_rows()).map(|row| int_at(batch, "place", row)));
        assert!(places.eq((0..6_000).map(Some)), "{way:?}");
        assert_eq!(checked(&batches), 6_000, "{way:?}");
        assert_eq!(counted(&plan, "merged_partitions") == 0, way.is_indexed(), "{way:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_may_have_very_many_versions() {
    let (runs, jobs) = (runs(20_000, 1), jobs(1, 30_000));
    for way in JoinWay::ALL {
        let (context, _) = way.session(2, 1_000);
        let batches = joined(&context, &runs, &jobs).collect().await.unwrap();
        assert_eq!(checked(&batches), 20_000, "{way:?}");
    }
}

#[tokio::test]
async fn a_side_may_be_empty() {
    for way in JoinWay::ALL {
        for (left, right) in [(0, 3), (5, 0), (0, 0)] {
            let (context, _) = way.session(2, 1_000);
            let (runs, jobs) = (runs(5, 2).slice(0, left), jobs(2, 3).slice(0, right));
            let (left_side, right_side) = (context.read_batch(runs).unwrap(), context.read_batch(jobs).unwrap());
            let batches = asof_join(left_side, right_side, &spec()).unwrap().collect().await.unwrap();
            assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), left, "{way:?}");
            assert!(batches.iter().all(|batch| batch["job_key"].null_count() == batch.num_rows()), "{way:?}");
        }
    }
}

#[tokio::test]
async fn memory_is_given_back_when_the_rows_are_given_up_in_the_middle() {
    for way in JoinWay::ALL {
        let (context, pool) = way.session(if way.is_collected { 2 } else { 1 }, 1_000);
        let plan = in_order(&context, &placed(10_000, 5), &jobs(5, 2_000)).await.create_physical_plan().await.unwrap();
        let streams = (0..plan.output_partitioning().partition_count())
            .map(|partition| plan.execute(partition, context.task_ctx()).unwrap());
        let mut streams: Vec<_> = streams.collect();
        for stream in &mut streams {
            assert!(stream.next().await.unwrap().unwrap().num_rows() > 0, "{way:?}");
        }
        assert!(pool.reserved() > 0, "{way:?}");
        drop(streams);
        // Tasks that read what was spilled end a little later.
        for _ in 0..10_000 {
            tokio::task::yield_now().await;
        }
        assert_eq!(pool.reserved(), 0, "{way:?}");
    }
}

#[tokio::test]
async fn partitions_may_be_read_one_after_the_other_and_again() {
    for way in JoinWay::ALL.into_iter().filter(|way| way.is_collected) {
        let (context, pool) = way.session(2, 1_000);
        let plan = in_order(&context, &placed(10_000, 5), &jobs(5, 2_000)).await.create_physical_plan().await.unwrap();
        for _ in 0..2 {
            for partition in 0..2 {
                let stream = plan.execute(partition, context.task_ctx()).unwrap();
                let batches: Vec<RecordBatch> = stream.try_collect().await.unwrap();
                assert_eq!(checked(&batches), 5_000, "{way:?}");
            }
        }
        assert_eq!(pool.reserved(), 0, "{way:?}");
    }
}

#[tokio::test]
async fn joins_follow_each_other_and_other_operators() {
    let context = SessionContext::new_with_config(partitions(2));
    let first = joined(&context, &runs(20, 4), &jobs(4, 2)).filter(col("job_id").eq(lit(3_i64))).unwrap();
    let again = AsOfSpec { fetch: vec![("name".to_owned(), "again".to_owned())], ..spec() };
    let second = asof_join(first, context.read_batch(jobs(4, 2)).unwrap(), &again).unwrap();
    let batches = second.select_columns(&["job_name", "again"]).unwrap().distinct().unwrap().collect().await.unwrap();
    let text = pretty_format_batches(&batches).unwrap().to_string();
    assert!(text.contains("| job 3 in its version 1 | job 3 in its version 1 |"), "{text}");
    assert!(!text.contains("job 2"), "{text}");
}

#[tokio::test]
async fn columns_that_do_not_fit_are_named() {
    let context = SessionContext::new();
    let join = |spec: AsOfSpec| {
        let (left, right) = (context.read_batch(runs(2, 1)).unwrap(), context.read_batch(jobs(1, 1)).unwrap());
        asof_join(left, right, &spec).map(drop)
    };
    let cases = [
        AsOfSpec { left_key: names(&["absent"]), ..spec() },
        AsOfSpec { right_key: names(&["id", "name"]), ..spec() },
        AsOfSpec { left_key: Vec::new(), right_key: Vec::new(), ..spec() },
        AsOfSpec { end: Some("absent".to_owned()), ..spec() },
    ];
    for spec in cases {
        let error = join(spec.clone()).unwrap_err();
        assert!(matches!(error, QueryError::MissingColumn { .. }), "{spec:?}: {error:?}");
    }
    for spec in
        [AsOfSpec { right_key: names(&["name"]), ..spec() }, AsOfSpec { instant: "job_id".to_owned(), ..spec() }]
    {
        let error = join(spec.clone()).unwrap_err();
        assert!(matches!(error, QueryError::WrongType { .. }), "{spec:?}: {error:?}");
    }
}
