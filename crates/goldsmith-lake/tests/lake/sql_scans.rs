//! SQL over tables with deletion vectors: parallel, with everything pushed down, and with the same rows as any other reader.

use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::compute::concat_batches;
use datafusion::datasource::MemTable;
use datafusion::physical_plan::display::DisplayableExecutionPlan;
use datafusion::physical_plan::{ExecutionPlan, collect as run};
use datafusion::prelude::{SessionConfig, SessionContext};
use futures::TryStreamExt;
use goldsmith_lake::{CommitOutcome, CommitRequest, ScanRequest, Table};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::json;

use crate::guarded::{Rule, change, create_with};
use crate::random_rows::{Evolution, batch, filter, schema};
use crate::rewritten::{hide, regroup};
use crate::support::{Place, append, apply, lines, of_delta_rs, pairs, pairs_schema, request, rows};

fn session(partitions: usize) -> SessionContext {
    let config = SessionConfig::new()
        .with_target_partitions(partitions)
        .with_repartition_file_min_size(1)
        .set_bool("datafusion.execution.parquet.schema_force_view_types", false);
    SessionContext::new_with_config(config)
}

async fn plan(context: &SessionContext, sql: &str) -> Arc<dyn ExecutionPlan> {
    let frame = context.sql(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    frame.create_physical_plan().await.unwrap_or_else(|error| panic!("{sql}: {error}"))
}

/// The rows of a query, sorted, and its plan with what it counted.
async fn answer(context: &SessionContext, sql: &str) -> (Vec<String>, String) {
    let plan = plan(context, sql).await;
    let batches = run(Arc::clone(&plan), context.task_ctx()).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    let all = concat_batches(&plan.schema(), &batches).unwrap();
    (lines(&all), DisplayableExecutionPlan::with_metrics(plan.as_ref()).indent(true).to_string())
}

/// A table of random files: some older than some columns and fields, of several row groups and pages, some with random vectors.
async fn random_table(place: &Place, random: &mut ChaCha8Rng) -> Table {
    let mut table = place.create("t", schema(Evolution::First)).await;
    let mut first = 0;
    for evolution in [Evolution::First, Evolution::Later] {
        if let Evolution::Later = evolution {
            table.add_columns(schema(evolution).fields()).unwrap();
            assert!(matches!(table.commit(CommitRequest::default()).await, Ok(CommitOutcome::Committed { .. })));
        }
        for _ in 0..random.random_range(1..4) {
            let count = random.random_range(1..120);
            append(&mut table, &batch(random, evolution, first, count), None, "r").await;
            first += count as i64;
        }
    }
    regroup(place, "t", random.random_range(5..60), random.random_range(2..15));
    for file in place.open("t").await.files().unwrap() {
        let count = usize::try_from(file.num_records.unwrap()).unwrap();
        let density = [0.0, 0.05, 0.5, 1.0][random.random_range(0..4)];
        let dead: Vec<u64> = (0..count as u64).filter(|_| random.random_bool(density)).collect();
        if !dead.is_empty() {
            hide(place, "t", &file.path, &dead);
        }
    }
    place.open("t").await
}

/// The rows as the scan of the engine reads them, which knows nothing of SQL.
async fn in_memory(table: &Table) -> MemTable {
    let stream = table.scan(ScanRequest::default()).await.unwrap();
    let schema = stream.schema();
    MemTable::try_new(schema, vec![stream.try_collect().await.unwrap()]).unwrap()
}

/// Four, or those that the environment names: `7` or `100..200`.
fn seeds() -> std::ops::Range<u64> {
    let Ok(named) = std::env::var("GOLDSMITH_SEEDS") else { return 0..4 };
    let seed = |text: &str| text.parse::<u64>().expect("a seed is a number");
    named.split_once("..").map_or_else(|| seed(&named)..seed(&named) + 1, |(first, end)| seed(first)..seed(end))
}

#[tokio::test(flavor = "multi_thread")]
async fn random_queries_over_random_vectors_answer_as_other_readers_do() {
    for seed in seeds() {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let place = Place::new();
        let table = random_table(&place, &mut random).await;
        let context = session(random.random_range(1..6));
        context.register_table("ours", table.provider().await.unwrap()).unwrap();
        context.register_table("theirs", of_delta_rs(&table).await).unwrap();
        context.register_table("engine", Arc::new(in_memory(&table).await)).unwrap();
        let keys: Int64Array = (0..20).map(|_| Some(random.random_range(0..600))).collect();
        let keys = RecordBatch::try_from_iter([("w", Arc::new(keys) as ArrayRef)]).unwrap();
        context.register_batch("wanted", keys).unwrap();
        for step in 0..8 {
            let (filter, has_floats) = filter(&mut random);
            let columns =
                ["*", "k", "later, k", "s, price", "o", "o['b'], k, l", "m, f", "count(*), max(t), min(price)"];
            let columns = columns[random.random_range(0..columns.len())];
            let limit = random.random_range(0..30);
            for sql in [
                format!("select {columns} from TABLE where {filter}"),
                format!("select k, s from TABLE where {filter} order by t desc nulls last, k limit {limit}"),
                format!("select k, price from TABLE where k in (select w from wanted) and {filter}"),
                format!("select count(*) from (select k from TABLE where {filter} limit {limit})"),
                format!("select count(*) from (select * from TABLE limit {limit})"),
                "select count(*), count(later), max(k), min(f) from TABLE".to_owned(),
            ] {
                let case = format!("seed {seed} step {step}: {sql}");
                let (expected, _) = answer(&context, &sql.replace("TABLE", "engine")).await;
                let (found, plan) = answer(&context, &sql.replace("TABLE", "ours")).await;
                assert_eq!(found, expected, "{case}\n{plan}");
                // The other provider passes over what is not a number, by the bounds of Parquet.
                if !has_floats {
                    let (theirs, _) = answer(&context, &sql.replace("TABLE", "theirs")).await;
                    assert_eq!(theirs, expected, "delta-rs: {case}");
                }
            }
        }
    }
}

/// A table of one file with `count` rows in groups of 100, and of these `dead` deleted.
async fn grouped(place: &Place, count: i64, dead: &[u64]) -> Table {
    let mut table = place.create("t", pairs_schema()).await;
    let texts: Vec<String> = (0..count).map(|key| format!("text {key:>40}")).collect();
    let data: Vec<(i64, &str)> = (0..count).zip(texts.iter().map(String::as_str)).collect();
    append(&mut table, &pairs(&data), None, "r").await;
    regroup(place, "t", 100, 20);
    let path = place.open("t").await.files().unwrap().remove(0).path;
    hide(place, "t", &path, dead);
    place.open("t").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_with_a_vector_is_read_in_parallel_and_filters_reach_its_pages() {
    let place = Place::new();
    let dead: Vec<u64> = (0..1_000).filter(|row| row % 7 == 0 || (300..500).contains(row)).collect();
    let table = grouped(&place, 1_000, &dead).await;
    let context = session(4);
    context.register_table("t", table.provider().await.unwrap()).unwrap();
    let (found, plan) = answer(&context, "select v from t where k >= 250 and k < 310").await;
    assert_eq!(found.len(), (250..300).filter(|key| key % 7 != 0).count());
    assert!(plan.contains("file_groups={4 groups:"), "{plan}");
    assert!(plan.contains("predicate=k@0 >= 250 AND k@0 < 310"), "{plan}");
    assert!(!plan.contains("FilterExec"), "the scan filters itself: {plan}");
    // Groups 3 and 4 are dead but for the range that the vector leaves; of group 2 only the pages from 240 on are read.
    let (found, plan) = answer(&context, "select v from t where k = 777 or k = 951").await;
    assert_eq!(found.len(), 1, "777 is deleted");
    assert!(plan.contains("row_groups_pruned_statistics=8 total → 2 matched"), "{plan}");
    assert!(plan.contains("page_index_pages_pruned=10 total → 2 matched"), "{plan}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_counted_by_the_log_alone() {
    let place = Place::new();
    let table = grouped(&place, 1_000, &[3, 4, 999]).await;
    let context = session(4);
    context.register_table("t", table.provider().await.unwrap()).unwrap();
    let (found, plan) = answer(&context, "select count(*) as n from t").await;
    assert_eq!(found, ["997"]);
    assert!(!plan.contains("DataSourceExec"), "{plan}");
    let (found, plan) = answer(&context, "select count(*) as n from t where k < 10").await;
    assert_eq!(found, ["8"]);
    assert!(plan.contains("DataSourceExec"), "{plan}");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_no_row_is_left_of_or_can_match_are_not_opened() {
    let place = Place::new();
    let mut table = place.create("t", pairs_schema()).await;
    for first in [0, 100, 200] {
        append(&mut table, &pairs(&(first..first + 100).map(|key| (key, "x")).collect::<Vec<_>>()), None, "r").await;
    }
    let middle = table.added_since(1).await.unwrap();
    let goldsmith_lake::Added::Known { files, .. } = middle else { panic!("the log tells it all") };
    let before = table.at_version(2).await.unwrap().files().unwrap();
    let dead = files.iter().find(|file| before.contains(file)).unwrap();
    hide(&place, "t", &dead.path, &(0..100).collect::<Vec<_>>());
    // A file that is opened would be missed.
    std::fs::remove_file(place.dir.path().join("t").join(&dead.path)).unwrap();
    let context = session(2);
    context.register_table("t", place.open("t").await.provider().await.unwrap()).unwrap();
    let (found, plan) = answer(&context, "select k from t where v = 'x'").await;
    assert_eq!(found.len(), 200, "{plan}");
    let (found, plan) = answer(&context, "select k from t where k >= 250").await;
    assert_eq!(found.len(), 50);
    assert!(plan.contains(".parquet") && before.iter().all(|file| !plan.contains(&file.path)), "{plan}");
    let (found, plan) = answer(&context, "select k from t where k > 1000").await;
    assert!(found.is_empty() && plan.contains("EmptyExec"), "{plan}");
    let (found, plan) = answer(&context, "select count(*) from (select * from t limit 30)").await;
    assert_eq!((found.as_slice(), plan.matches(".parquet").count()), (["30".to_owned()].as_slice(), 0), "{plan}");
}

/// A table with columns of partitions before and behind the others, null in some rows, and with a deleted row.
async fn partitioned(place: &Place) -> Table {
    let columns: [(&str, ArrayRef); 4] = [
        ("day", Arc::new(Date32Array::from(vec![Some(-1), Some(-1), None, Some(10), Some(10), None]))),
        ("k", Arc::new(Int64Array::from(vec![1, 2, 3, 4, 5, 6]))),
        ("price", Arc::new(Float64Array::from(vec![Some(0.5), None, Some(f64::NAN), Some(4.0), Some(5.0), Some(6.0)]))),
        ("area", Arc::new(StringArray::from(vec![Some("x"), Some("x"), Some("x"), Some("yy"), Some("yy"), None]))),
    ];
    let batch = RecordBatch::try_from_iter_with_nullable(columns.map(|(name, column)| (name, column, true))).unwrap();
    place.create("t", batch.schema()).await;
    change(place, "t", &[], &[], |metadata| metadata["partitionColumns"] = json!(["area", "day"]));
    let mut table = place.open("t").await;
    apply(&mut table, request(vec![batch])).await;
    let file = table.files().unwrap().into_iter().find(|file| file.path.contains("day=1969-12-31")).unwrap();
    hide(place, "t", &file.path, &[0]);
    place.open("t").await
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_of_partitions_have_the_values_of_the_log_and_files_are_left_out_by_them() {
    let place = Place::new();
    let table = partitioned(&place).await;
    for partitions in [1, 3] {
        let context = session(partitions);
        context.register_table("ours", table.provider().await.unwrap()).unwrap();
        context.register_table("engine", Arc::new(in_memory(&table).await)).unwrap();
        for sql in [
            "select * from TABLE",
            "select area, k, day from TABLE",
            "select area from TABLE",
            "select k from TABLE where area = 'x'",
            "select k from TABLE where area <> 'x'",
            "select k, price from TABLE where day is null",
            "select k from TABLE where day is not null and k > 1",
            "select k from TABLE where length(area) > 1 or k = 3",
            "select day from TABLE where upper(area) = 'YY' and price > 4",
            "select k from TABLE where price > 5 and area = 'x'",
            "select k from TABLE where day < date '1970-01-01' or area is null",
            "select area || cast(k as string) as t from TABLE where area like '%y'",
            "select area, count(*) as n, max(day) as d, min(price) as p from TABLE group by area",
            "select count(*) as n, count(day) as d, max(area) as a, max(k) as k from TABLE",
            "select one.k, two.k as other from TABLE one join TABLE two on one.day = two.day",
            "select day, k from TABLE order by day desc nulls last, k limit 2",
            "select count(*) as n from (select * from TABLE limit 4)",
            "select k from TABLE where area = 'nowhere'",
        ] {
            let (expected, _) = answer(&context, &sql.replace("TABLE", "engine")).await;
            let (found, plan) = answer(&context, &sql.replace("TABLE", "ours")).await;
            assert_eq!(found, expected, "{sql}\n{plan}");
        }
    }
    let context = session(1);
    context.register_table("t", table.provider().await.unwrap()).unwrap();
    let of_day = table.files().unwrap().iter().filter(|file| file.path.contains("day=1970-01-11")).count();
    let (found, plan) = answer(&context, "select k from t where day = date '1970-01-11'").await;
    assert_eq!(found, ["4", "5"], "{plan}");
    assert!(plan.contains("DataSourceExec") && plan.matches(".parquet").count() == of_day, "{plan}");
    let (found, plan) = answer(&context, "select k from t where area = 'x' and day > date '1970-01-01'").await;
    assert!(found.is_empty() && plan.contains("EmptyExec"), "{plan}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_greatest_of_an_expression_is_found_beside_bounds_of_columns() {
    let place = Place::new();
    let mut table = place.create("t", pairs_schema()).await;
    for key in 0..20 {
        append(&mut table, &pairs(&[(key, "x")]), None, "r").await;
    }
    let context = place.lake.sql_context(vec![("s".to_owned(), "t".to_owned(), table)]).await.unwrap();
    // Files in the middle bring neither a least nor a greatest key; each of them alone holds the greatest of one expression.
    let found: Vec<String> =
        (0..20).map(|key| format!("max(case when k = {key} then 1 else 0 end) as f{key}")).collect();
    let (rows, plan) = answer(&context, &format!("select min(k), max(k), {} from s.t", found.join(", "))).await;
    assert_eq!(rows, [format!("0|19{}", "|1".repeat(20))], "{plan}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_a_number_is_greater_than_every_number_and_is_found() {
    let place = Place::new();
    let numbers: ArrayRef = Arc::new(Float64Array::from(vec![Some(1.0), Some(f64::NAN), None, Some(-0.0)]));
    let batch = RecordBatch::try_from_iter_with_nullable([("f", numbers, true)]).unwrap();
    let mut table = place.create("t", batch.schema()).await;
    append(&mut table, &batch, None, "r").await;
    let context = session(2);
    context.register_table("t", table.provider().await.unwrap()).unwrap();
    for (filter, expected) in [("f > 5", vec!["NaN"]), ("f <> 1", vec!["-0.0", "NaN"]), ("f < 0.5", vec!["-0.0"])] {
        assert_eq!(answer(&context, &format!("select f from t where {filter}")).await.0, expected, "{filter}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vector_that_does_not_fit_its_file_is_an_error_and_not_other_rows() {
    let place = Place::new();
    let table = grouped(&place, 200, &[5]).await;
    let log = place.dir.path().join("t/_delta_log");
    let last = log.join(format!("{:020}.json", table.version()));
    let text = std::fs::read_to_string(&last).unwrap();
    assert!(text.contains(r#"\"numRecords\":200"#), "{text}");
    std::fs::write(&last, text.replace(r#"\"numRecords\":200"#, r#"\"numRecords\":150"#)).unwrap();
    let context = session(1);
    context.register_table("t", place.open("t").await.provider().await.unwrap()).unwrap();
    let error = context.sql("select v from t").await.unwrap().collect().await.unwrap_err();
    assert!(error.to_string().contains("File has 200 rows"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn vectors_without_counts_in_the_log_are_applied_by_the_footer() {
    let place = Place::new();
    let table = grouped(&place, 200, &[5, 120]).await;
    let last = place.dir.path().join(format!("t/_delta_log/{:020}.json", table.version()));
    let text = std::fs::read_to_string(&last).unwrap();
    let start = text.find(r#","stats":""#).unwrap();
    let end = start + text[start..].find(r#"}""#).unwrap() + 2;
    std::fs::write(&last, format!("{}{}", &text[..start], &text[end..])).unwrap();
    let context = session(2);
    let table = place.open("t").await;
    assert_eq!(table.files().unwrap()[0].num_records, None, "{text}");
    context.register_table("t", table.provider().await.unwrap()).unwrap();
    let (found, _) = answer(&context, "select k from t where k > 100").await;
    assert_eq!(found.len(), 98);
    assert_eq!(answer(&context, "select count(*) from t").await.0, ["198"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn staged_rows_are_seen_on_every_layout() {
    for rule in [Rule::Nothing, Rule::ColumnMapping, Rule::Partitions] {
        let place = Place::new();
        let mut table = create_with(&place, "t", pairs_schema(), rule).await;
        apply(&mut table, request(vec![pairs(&[(1, "a"), (2, "b")])])).await;
        let staged = goldsmith_lake::UpsertRequest { stage: true, ..request(vec![pairs(&[(2, "B"), (3, "c")])]) };
        apply(&mut table, staged).await;
        for _ in 0..2 {
            let context = session(2);
            context.register_table("t", table.provider().await.unwrap()).unwrap();
            assert_eq!(answer(&context, "select k, v from t").await.0, rows(&table).await, "{rule:?}");
            assert_eq!(answer(&context, "select v from t where k = 2").await.0, ["B"], "{rule:?}");
            let outcome = table.commit(CommitRequest::default()).await.unwrap();
            assert!(matches!(outcome, CommitOutcome::Committed { .. } | CommitOutcome::Nothing), "{rule:?}");
        }
    }
}
