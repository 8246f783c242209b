//! Bounds of memory: queries spill, and files are cut smaller, with the same result.

use std::sync::Arc;
use std::time::Duration;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use datafusion::physical_plan::{ExecutionPlan, collect};
use goldsmith_lake::{Lake, LakeOptions, MemoryBounds, Table};

use crate::support::{Place, append, lines, pairs_schema, rows};

const MIB: u64 = 1024 * 1024;
/// A query that does not end waits for itself.
const PATIENCE: Duration = Duration::from_secs(300);

/// Rows whose texts are all different.
fn many(count: i64) -> RecordBatch {
    let keys: ArrayRef = Arc::new(Int64Array::from_iter_values(0..count));
    let texts: ArrayRef =
        Arc::new(StringArray::from_iter_values((0..count).map(|row| format!("{:>60}", row * 7_919 % count))));
    RecordBatch::try_new(pairs_schema(), vec![keys, texts]).unwrap()
}

fn spills(plan: &dyn ExecutionPlan) -> usize {
    let own = plan.metrics().and_then(|metrics| metrics.spill_count()).unwrap_or_default();
    own + plan.children().iter().map(|child| spills(child.as_ref())).sum::<usize>()
}

/// The answer of a query, and how often it spilled.
async fn answer(lake: &Lake, table: Table, sql: &str) -> (Vec<String>, usize) {
    let context = lake.sql_context(vec![("gold".to_owned(), "t".to_owned(), table)]).await.unwrap();
    let plan = context.sql(sql).await.unwrap().create_physical_plan().await.unwrap();
    let batches = tokio::time::timeout(PATIENCE, collect(Arc::clone(&plan), context.task_ctx())).await;
    let batches = batches.unwrap_or_else(|_| panic!("no end after {PATIENCE:?}: {sql}")).unwrap();
    let all = arrow::compute::concat_batches(&plan.schema(), &batches).unwrap();
    (lines(&all), spills(plan.as_ref()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_spills_what_does_not_fit_and_ends() {
    let place = Place::new();
    let mut table = place.create("t", pairs_schema()).await;
    for _ in 0..2 {
        append(&mut table, &many(120_000), None, "r").await;
    }
    // Each of the operators that work side by side has to get what it cannot do without, however they take turns.
    let bounds = MemoryBounds { files: MIB, queries: 16 * MIB };
    let little = Lake::new(LakeOptions { threads: 2, memory: Some(bounds), ..LakeOptions::default() });
    let aggregates = "select v, count(*) as n, max(k) as k from gold.t group by v";
    let of_aggregates = format!("select n, k % 10 as d, count(*) as c, max(v) as v from ({aggregates}) group by n, d");
    let mut spilled = 0;
    for sql in [aggregates, of_aggregates.as_str(), "select k, v from gold.t order by v, k"] {
        let (expected, _) = answer(&place.lake, table.clone(), sql).await;
        let (found, times) = answer(&little, table.clone(), sql).await;
        assert!(expected == found, "{sql}: {} rows against {}", found.len(), expected.len());
        spilled += times;
    }
    assert!(spilled > 0, "nothing was spilled");
}

#[tokio::test(flavor = "multi_thread")]
async fn little_memory_makes_small_row_groups_and_the_same_rows() {
    let place = Place::new();
    let bounds = MemoryBounds { files: 1, queries: MIB };
    let little = Lake::new(LakeOptions { threads: 4, memory: Some(bounds), ..LakeOptions::default() });
    let mut ample = place.create("ample", pairs_schema()).await;
    place.create("scarce", pairs_schema()).await;
    let mut scarce = little.open(&place.at("scarce")).await.unwrap().unwrap();
    for table in [&mut ample, &mut scarce] {
        append(table, &many(100_000), None, "r").await;
    }
    let groups = |table: &Table| {
        let file = table.files().unwrap().remove(0).path;
        let file = std::fs::File::open(
            place
                .dir
                .path()
                .join(if table.location().to_string().ends_with("scarce") { "scarce" } else { "ample" })
                .join(file),
        )
        .unwrap();
        parquet::file::reader::FileReader::metadata(&parquet::file::reader::SerializedFileReader::new(file).unwrap())
            .num_row_groups()
    };
    assert!(groups(&scarce) > groups(&ample), "{} against {}", groups(&scarce), groups(&ample));
    assert_eq!(rows(&scarce).await, rows(&ample).await);
}
