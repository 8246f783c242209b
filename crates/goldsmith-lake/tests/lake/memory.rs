//! Bounds of memory: queries spill, upserts go in parts, and files are cut smaller, with the same result.

use std::sync::Arc;
use std::time::Duration;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use datafusion::physical_plan::{ExecutionPlan, collect};
use goldsmith_lake::{Lake, LakeOptions, MemoryBounds, Table, UpsertRequest};

use crate::guarded::{Rule, create_with, feed_counts, stored_files};
use crate::support::{Place, append, apply, lines, pairs_schema, request, rows};

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

/// Rows of which every third is new and every other third has another text than those of [`many`].
fn changed(count: i64) -> RecordBatch {
    let keys = (0..count).map(|row| if row % 3 == 0 { row + count } else { row });
    let text = |row: i64| if row % 3 == 1 { format!("{:>60}", -row) } else { format!("{:>60}", row * 7_919 % count) };
    let keys: ArrayRef = Arc::new(Int64Array::from_iter_values(keys));
    let texts: ArrayRef = Arc::new(StringArray::from_iter_values((0..count).map(text)));
    RecordBatch::try_new(pairs_schema(), vec![keys, texts]).unwrap()
}

/// Of the rows that [`changed`] changes, every other one as it was before, and the rest with one more text.
fn changed_again(count: i64) -> RecordBatch {
    let keys = || (0..count).filter(|row| row % 3 == 1);
    let text = |row: i64| if row % 2 == 1 { format!("{:>60}", row * 7_919 % count) } else { format!("{row:>61}") };
    let texts: ArrayRef = Arc::new(StringArray::from_iter_values(keys().map(text)));
    RecordBatch::try_new(pairs_schema(), vec![Arc::new(Int64Array::from_iter_values(keys())), texts]).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merge_of_more_rows_than_fit_goes_in_parts_and_ends_right() {
    const ROWS: i64 = 300_000;
    let place = Place::new();
    let bounds = MemoryBounds { files: 1, queries: MIB };
    let little = Lake::new(LakeOptions { threads: 2, memory: Some(bounds), ..LakeOptions::default() });
    let mut contents = Vec::new();
    for name in ["ample", "scarce"] {
        create_with(&place, name, pairs_schema(), Rule::ChangeDataFeed).await;
        let lake = if name == "ample" { &place.lake } else { &little };
        let mut table = lake.open(&place.at(name)).await.unwrap().unwrap();
        append(&mut table, &many(ROWS), Some("before"), "r").await;
        let staged = UpsertRequest { stage: true, ..request(vec![changed(ROWS)]) };
        let report = tokio::time::timeout(PATIENCE, apply(&mut table, staged)).await;
        let report = report.unwrap_or_else(|_| panic!("{name}: no end after {PATIENCE:?}"));
        let third = ROWS as u64 / 3;
        assert_eq!((report.inserted, report.updated, report.unchanged), (third, third, third), "{name}");
        // In parts, rows of the same files were copied several times.
        assert_eq!(report.rows_copied > ROWS as u64, name == "scarce", "{name}: {report:?}");
        let last = UpsertRequest { position: Some("after".to_owned()), ..request(vec![changed_again(ROWS)]) };
        let again = tokio::time::timeout(PATIENCE, apply(&mut table, last)).await;
        let again = again.unwrap_or_else(|_| panic!("{name}: no end after {PATIENCE:?}"));
        assert_eq!((again.updated, again.version), (third, Some(2)), "{name}");
        let table = place.open(name).await;
        assert_eq!(table.position().await.unwrap().as_deref(), Some("after"), "{name}");
        let live = table.files().unwrap().len();
        let (recorded, data): (Vec<_>, Vec<_>) =
            stored_files(&place, name).into_iter().partition(|path| path.to_string_lossy().contains("_change_data"));
        assert_eq!(data.len(), live + report.files_removed, "{name}: what came and went again is deleted");
        assert_eq!(recorded.len() > 1, name == "scarce", "{name}: {recorded:?}");
        let told = feed_counts(&place, name, 2).await;
        let expected = [("insert", third), ("update_postimage", third / 2), ("update_preimage", third / 2)];
        assert_eq!(told, expected.map(|(kind, count)| (kind.to_owned(), count as usize)).into(), "{name}");
        contents.push(rows(&table).await);
    }
    assert_eq!(contents[0].len(), ROWS as usize / 3 * 4);
    assert!(contents[0] == contents[1], "the rows differ");
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
