//! As-of joins as plans: how they are explained, spread over partitions and kept within memory.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use arrow::util::pretty::pretty_format_batches;
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::physical_plan::{ExecutionPlan, collect, displayable};
use datafusion::prelude::{DataFrame, SessionConfig, SessionContext, col, lit};
use goldsmith_query::QueryError;
use goldsmith_query::asof::{AsOfSpec, asof_join};

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

/// A frame of batches of 1000 rows at most, so that sorting holds little at a time.
fn frame(context: &SessionContext, rows: &RecordBatch) -> DataFrame {
    let starts = (0..rows.num_rows()).step_by(1_000);
    context.read_batches(starts.map(|start| rows.slice(start, (rows.num_rows() - start).min(1_000)))).unwrap()
}

fn joined(context: &SessionContext, runs: &RecordBatch, jobs: &RecordBatch) -> DataFrame {
    asof_join(frame(context, runs), frame(context, jobs), &spec()).unwrap()
}

fn partitions(count: usize) -> SessionConfig {
    SessionConfig::new().with_target_partitions(count)
}

#[tokio::test]
async fn the_plan_says_what_is_joined_and_sorts_and_partitions_both_sides() {
    let context = SessionContext::new_with_config(partitions(4));
    let frame = joined(&context, &runs(100, 5), &jobs(5, 3));
    let logical = frame.clone().into_optimized_plan().unwrap().display_indent().to_string();
    assert!(logical.contains("AsOfJoin: rule=[as of] key=["), "{logical}");
    let plan = frame.create_physical_plan().await.unwrap();
    let text = displayable(plan.as_ref()).indent(false).to_string();
    let line = "AsOfJoinExec: rule=[as of] key=[job_id] instant=[ended] fetch=[job_key, job_name]";
    assert!(text.starts_with(line), "{text}");
    assert_eq!(plan.properties().partitioning.partition_count(), 4, "{text}");
    for sorted in ["[job_id@0 ASC, ended@1 ASC]", "[__asof_key_0@0 ASC, __asof_start@1 ASC, __asof_surrogate@2 ASC]"] {
        assert!(text.contains(&format!("SortExec: expr={sorted}, preserve_partitioning=[true]")), "{text}");
    }
    assert_eq!(text.matches("RepartitionExec: partitioning=Hash").count(), 2, "{text}");
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

fn find(plan: &Arc<dyn ExecutionPlan>, name: &str) -> Option<Arc<dyn ExecutionPlan>> {
    if plan.name() == name {
        return Some(Arc::clone(plan));
    }
    plan.children().into_iter().find_map(|child| find(child, name))
}

/// How often operators of a plan wrote rows to disk.
fn spills(plan: &Arc<dyn ExecutionPlan>) -> usize {
    let own = plan.metrics().and_then(|metrics| metrics.spill_count()).unwrap_or_default();
    own + plan.children().into_iter().map(spills).sum::<usize>()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_memory_pool_makes_it_spill_and_changes_nothing() {
    let (runs, jobs) = (runs(200_000, 50), jobs(50, 4_000));
    let pool = Arc::new(FairSpillPool::new(16 * 1024 * 1024));
    let runtime = RuntimeEnvBuilder::new().with_memory_pool(pool).build_arc().unwrap();
    let config = partitions(2).with_batch_size(1_000).with_sort_spill_reservation_bytes(512 * 1024);
    let context = SessionContext::new_with_config_rt(config, runtime);
    let frame = joined(&context, &runs, &jobs);
    let task = context.task_ctx();
    let plan = frame.create_physical_plan().await.unwrap();
    let batches = collect(Arc::clone(&plan), task).await.unwrap();
    assert!(spills(&plan) > 0, "{}", displayable(plan.as_ref()).indent(true));
    let mut found = 0;
    for batch in &batches {
        let keys: &ArrayRef = batch.column_by_name("job_id").unwrap();
        let keys = keys.as_primitive::<Int64Type>();
        for row in 0..batch.num_rows() {
            let at = int_at(batch, "job_key", row).unwrap();
            let ended = batch.column_by_name("ended").unwrap();
            let ended = ended.as_primitive::<arrow::datatypes::TimestampMicrosecondType>().value(row);
            assert_eq!(at, keys.value(row) * 1_000_000 + ended / 10);
            found += 1;
        }
    }
    assert_eq!(found, 200_000);
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
