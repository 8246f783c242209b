//! `_is_present` of a merged source, whatever is done to the source between two runs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray};
use futures::TryStreamExt;
use goldsmith::{DeliveryMode, Layer, merge_delivery};
use goldsmith_lake::{Lake, LakeOptions, Location, ScanRequest, Table};
use goldsmith_testkit::{Row, ScratchLake, batch_of, rows_of};
use goldsmith_tests::log::{actions, entries, set_property};
use rand::seq::{IndexedRandom, IteratorRandom};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::json;

use crate::support::*;

const SOURCE: &str = "access.assistant_events";
const FACT: &str = "fact_assistant_events";

/// A source that is changed at random.
struct Changing {
    lake: ScratchLake,
    random: ChaCha8Rng,
    /// Counts versions; a later one has a later time.
    clock: u32,
}

impl Changing {
    fn new(seed: u64) -> Self {
        let lake = ScratchLake::new().unwrap();
        // With little memory the keys are gone over in parts.
        let lake = if seed.is_multiple_of(3) { lake.with_table_share(4_000) } else { lake };
        Self { lake, random: ChaCha8Rng::seed_from_u64(seed), clock: 0 }
    }

    fn row(&mut self, key: u32) -> Row {
        // Now and then a version that is older than what bronze holds.
        let minute = if self.random.random_bool(0.2) { 0 } else { self.clock };
        self.clock += 1;
        let row = json!({
            "event_id": format!("e{key}"), "workspace_id": "1", "event_date": "2024-01-01",
            "event_time": format!("2024-01-01T{:02}:{:02}:00Z", minute / 60, minute % 60),
            "initiated_by": format!("u{}", self.clock),
        });
        row.as_object().unwrap().clone()
    }

    fn batch(&self, rows: &[Row]) -> RecordBatch {
        let source = self.lake.model().bronze.values().find(|bronze| bronze.source.to_string() == SOURCE).unwrap();
        batch_of(source, rows).unwrap()
    }

    async fn table(&self) -> Table {
        let lake = Lake::new(LakeOptions::default());
        let path = self.lake.source().join(SOURCE.replace('.', "/"));
        lake.open(&Location::parse(&path.to_string_lossy()).unwrap()).await.unwrap().unwrap()
    }

    /// The rows that the source shows.
    async fn shown(&self) -> Vec<Row> {
        let stream = self.table().await.scan(ScanRequest::default()).await.unwrap();
        rows_of(&stream.try_collect::<Vec<_>>().await.unwrap()).unwrap()
    }

    async fn change(&mut self) -> &'static str {
        let keys: Vec<u32> = (0..30).choose_multiple(&mut self.random, 8);
        let rows: Vec<Row> = keys.into_iter().map(|key| self.row(key)).collect();
        if self.clock < 10 {
            self.lake.deliver_batches(SOURCE, vec![self.batch(&rows)], DeliveryMode::Append).await.unwrap();
            return "first rows";
        }
        let shown = self.shown().await;
        let chosen = ["append", "repeat", "snapshot", "merge", "delete", "compact", "vacuum"];
        let what = *chosen.choose(&mut self.random).unwrap();
        match what {
            "append" => {
                self.lake.deliver_batches(SOURCE, vec![self.batch(&rows)], DeliveryMode::Append).await.unwrap();
            }
            // The same rows once more, so that a key is in several files.
            "repeat" => {
                let some: Vec<Row> = shown.into_iter().filter(|_| self.random.random_bool(0.3)).collect();
                self.lake.deliver_batches(SOURCE, vec![self.batch(&some)], DeliveryMode::Append).await.unwrap();
            }
            "snapshot" => {
                self.lake.deliver_batches(SOURCE, vec![self.batch(&rows)], DeliveryMode::Snapshot).await.unwrap();
            }
            "merge" | "delete" => {
                let mut content: BTreeMap<String, Row> =
                    shown.into_iter().map(|row| (text(&row, "event_id").to_owned(), row)).collect();
                content.retain(|_, _| self.random.random_bool(0.7));
                if what == "merge" {
                    content.extend(rows.into_iter().map(|row| (text(&row, "event_id").to_owned(), row)));
                }
                let content = self.batch(&content.into_values().collect::<Vec<_>>());
                let root = self.lake.source().to_string_lossy().into_owned();
                let key = ["event_id".to_owned()];
                merge_delivery(&LakeOptions::default(), &root, SOURCE, &key, vec![content]).await.unwrap();
            }
            "compact" => {
                let _ = self.table().await.compact("compaction", false).await.unwrap();
            }
            _ => {
                let _ = self.table().await.vacuum(Duration::ZERO, false).await.unwrap();
            }
        }
        what
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_present_exactly_as_long_as_the_source_shows_them() {
    let mut vanished = 0;
    for seed in 0..24 {
        let mut source = Changing::new(seed);
        let mut done = Vec::new();
        for _ in 0..6 {
            for _ in 0..source.random.random_range(1..=3) {
                done.push(source.change().await);
            }
            let report = source.lake.run(&[FACT]).await.unwrap();
            vanished += report.tables.iter().map(|table| table.rows.vanished).sum::<u64>();
            done.push("run");
            let shown: BTreeSet<String> =
                source.shown().await.iter().map(|row| text(row, "event_id").to_owned()).collect();
            let bronze = "select event_id, _is_present from system_bronze.access_assistant_events";
            let marked: BTreeSet<String> = (source.lake.query(bronze).await.unwrap().iter())
                .filter(|row| row["_is_present"] == true)
                .map(|row| text(row, "event_id").to_owned())
                .collect();
            assert_eq!(marked, shown, "seed {seed}: {done:?}");
        }
        assert_equals_rebuild(&source.lake, &[FACT], &format!("seed {seed}")).await;
    }
    assert!(vanished > 100, "only {vanished} rows vanished");
}

/// Node types under names in another case than that of the model.
fn node_types(rows: &[(&str, f64)]) -> RecordBatch {
    let types = StringArray::from_iter_values(rows.iter().map(|(node_type, _)| node_type));
    let cores = Float64Array::from_iter_values(rows.iter().map(|(_, cores)| *cores));
    let columns: [(&str, ArrayRef, bool); 3] = [
        ("ACCOUNT_ID", Arc::new(StringArray::from(vec!["a"; rows.len()])), true),
        ("Node_Type", Arc::new(types), true),
        ("CORE_COUNT", Arc::new(cores), true),
    ];
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_with_a_change_data_feed_may_name_its_columns_in_any_case() {
    const NODE_TYPES: &str = "compute.node_types";
    let lake = ScratchLake::new().unwrap();
    let (root, table) = (lake.source().to_string_lossy().into_owned(), lake.source().join("compute/node_types"));
    let first = node_types(&[("small", 4.0), ("large", 8.0), ("huge", 16.0)]);
    lake.deliver_batches(NODE_TYPES, vec![first], DeliveryMode::Append).await.unwrap();
    set_property(&table, "changeDataFeed", "delta.enableChangeDataFeed", "true");
    lake.run(&["dim_node_type"]).await.unwrap();

    // Two changes between two runs: what the first one wrote is read at a version that is not the last.
    let key = ["ACCOUNT_ID".to_owned(), "Node_Type".to_owned()];
    for rows in [[("small", 5.0), ("large", 8.0), ("huge", 16.0)], [("small", 6.0), ("large", 8.0), ("new", 32.0)]] {
        merge_delivery(&LakeOptions::default(), &root, NODE_TYPES, &key, vec![node_types(&rows)]).await.unwrap();
        let entry = entries(&table).pop().unwrap();
        assert!(actions(&entry).iter().any(|action| action.get("cdc").is_some()), "{entry:?}");
    }
    let report = lake.run(&["dim_node_type"]).await.unwrap();
    let bronze = report.table(Layer::Bronze, NODE_TYPES).unwrap();
    assert_eq!((bronze.rows.inserted, bronze.rows.updated, bronze.rows.vanished), (1, 1, 1));
    assert!(bronze.warnings.is_empty(), "told once: {:?}", bronze.warnings);

    let sql = "select concat_ws(' ', node_type, cast(core_count as bigint), _is_present) as held
               from system_bronze.compute_node_types order by 1";
    let held = lake.query(sql).await.unwrap();
    let held: Vec<&str> = held.iter().map(|row| text(row, "held")).collect();
    assert_eq!(held, ["huge 16 false", "large 8 true", "new 32 true", "small 6 true"]);
    assert_equals_rebuild(&lake, &["dim_node_type"], "after two changes").await;
    assert!(lake.run(&["dim_node_type"]).await.unwrap().is_up_to_date());
}
