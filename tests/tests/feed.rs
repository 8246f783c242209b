//! Sources that the caller reads in parts: nothing is lost or doubled, however parts grow, vanish and come back.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use arrow::array::{RecordBatch, RecordBatchIterator, StringArray, TimestampMicrosecondArray};
use arrow::error::ArrowError;
use goldsmith::{
    BoxedReader, Engine, Feed, FeedPart, FeedRequest, FeedState, Layer, ModelSource, RowCounts, RunOptions, TableStatus,
};

const PROJECT: &str = "
version: 1
name: feeds
description: A source of each kind of load.
settings: {currency: EUR, fiscal_year_start_month: 1}
schemas: {bronze: bronze, gold: gold, quarantine: quarantine}
";

fn source(name: &str, mutability: &str, load: &str) -> String {
    format!(
        "source: plant.{name}\ndescription: Rows.\nmutability: {mutability}\nload: {load}\nscope: regional\n\
         natural_key: [id]\nsequence_by: seen_at\ncolumns:\n  id: {{type: string, description: Identifier.}}\n  \
         seen_at: {{type: timestamp, description: When.}}\n"
    )
}

fn fact(name: &str) -> String {
    format!(
        "table: fact_{name}\nkind: fact\ndomain: plant\ndescription: Rows.\ngrain: one row\nsource: plant.{name}\n\
         key: [id]\nevent_time: seen_at\n"
    )
}

/// Rows by part; each row is an identifier and a time.
#[derive(Default)]
struct Parts {
    /// The columns, when they are not called as in the model.
    names: Mutex<Option<[&'static str; 2]>>,
    rows: Mutex<BTreeMap<&'static str, Vec<(&'static str, i64)>>>,
    requests: Mutex<Vec<FeedRequest>>,
}

impl Parts {
    fn set(&self, part: &'static str, rows: &[(&'static str, i64)]) {
        self.rows.lock().unwrap().insert(part, rows.to_vec());
    }

    fn remove(&self, part: &str) {
        self.rows.lock().unwrap().remove(part);
    }

    fn name(&self, names: [&'static str; 2]) {
        *self.names.lock().unwrap() = Some(names);
    }

    fn batch(&self, rows: &[(&'static str, i64)]) -> RecordBatch {
        let [id, seen_at] = self.names.lock().unwrap().unwrap_or(["id", "seen_at"]);
        let times = TimestampMicrosecondArray::from_iter_values(rows.iter().map(|(_, time)| *time));
        let ids = StringArray::from_iter_values(rows.iter().map(|(id, _)| id));
        RecordBatch::try_from_iter(vec![(id, Arc::new(ids) as _), (seen_at, Arc::new(times.with_timezone("UTC")) as _)])
            .unwrap()
    }
}

impl Feed for Parts {
    fn state(&self) -> Result<Option<FeedState>, ArrowError> {
        let rows = self.rows.lock().unwrap();
        let digest = |rows: &Vec<(&str, i64)>| {
            rows.iter().map(|(id, time)| id.bytes().map(i64::from).sum::<i64>() * 1_000 + time).sum()
        };
        let parts = rows.iter();
        let parts = parts.map(|(name, rows)| FeedPart {
            name: (*name).to_string(),
            rows: rows.len() as u64,
            digest: digest(rows),
        });
        Ok(Some(FeedState { identity: "parts".into(), schema: self.batch(&[]).schema(), parts: parts.collect() }))
    }

    fn read(&self, request: &FeedRequest) -> Result<BoxedReader, ArrowError> {
        self.requests.lock().unwrap().push(request.clone());
        let rows = self.rows.lock().unwrap();
        let batches: Vec<_> = request.parts.iter().map(|part| self.batch(&rows[part.as_str()])).collect();
        let schema = batches[0].schema();
        let names: Vec<usize> = match &request.columns {
            Some(columns) => columns.iter().map(|name| schema.index_of(name).unwrap()).collect(),
            None => vec![0, 1],
        };
        let batches: Vec<_> = batches.iter().map(|batch| batch.project(&names)).collect();
        let schema = Arc::new(schema.project(&names)?);
        Ok(Box::new(RecordBatchIterator::new(batches, schema)))
    }
}

struct Lake {
    directory: tempfile::TempDir,
    feed: Arc<Parts>,
    source: &'static str,
}

impl Lake {
    fn new(source: &'static str) -> Self {
        Self { directory: tempfile::tempdir().unwrap(), feed: Arc::default(), source }
    }

    fn engine(&self) -> Engine {
        let files = vec![
            ("project.yaml".to_string(), PROJECT.to_string()),
            ("bronze/plant/events.yaml".into(), source("events", "append_event", "append")),
            ("bronze/plant/records.yaml".into(), source("records", "mutable_row", "merge")),
            ("gold/plant/fact_events.yaml".into(), fact("events")),
            ("gold/plant/fact_records.yaml".into(), fact("records")),
        ];
        let target = self.directory.path().to_string_lossy().to_string();
        let mut engine = Engine::builder().model(ModelSource::Files(files)).target(target).build().unwrap();
        engine.feed(&format!("plant.{}", self.source), self.feed.clone()).unwrap();
        engine
    }

    async fn run(&self) -> (TableStatus, RowCounts) {
        let report = self.engine().run(&RunOptions::default()).await.unwrap();
        assert!(report.is_success(), "{report:?}");
        let bronze = report.table(Layer::Bronze, &format!("plant.{}", self.source)).unwrap();
        (bronze.status, bronze.rows)
    }

    /// Rows of bronze as text, and of gold.
    async fn held(&self) -> (String, String) {
        let present = if self.source == "records" { ", _is_present" } else { "" };
        let sql = |table: &str, more: &str| {
            format!("select id, cast(seen_at as bigint) as t{more} from {table} order by 1, 2")
        };
        let text = |batches: Vec<RecordBatch>| {
            let mut writer = arrow::json::LineDelimitedWriter::new(Vec::new());
            batches.iter().for_each(|batch| writer.write(batch).unwrap());
            writer.finish().unwrap();
            String::from_utf8(writer.into_inner()).unwrap().replace(['"', '{', '}'], "").replace('\n', " ")
        };
        let engine = self.engine();
        let bronze = engine.query(&sql(&format!("bronze.plant_{}", self.source), present)).await.unwrap();
        let gold = engine.query(&sql(&format!("fact_{}", self.source), "")).await.unwrap();
        (text(bronze), text(gold))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_grows_is_compared_and_a_new_one_is_appended_as_it_is() {
    let lake = Lake::new("events");
    lake.feed.set("1", &[("a", 1), ("a", 1), ("b", 2)]);
    let (_, rows) = lake.run().await;
    assert_eq!((rows.read, rows.inserted), (3, 3), "what comes twice in a new part is kept, as it is from files");
    let (status, rows) = lake.run().await;
    assert_eq!((status, rows.read), (TableStatus::UpToDate, 0));
    lake.feed.set("1", &[("a", 1), ("a", 1), ("b", 2), ("c", 3)]);
    lake.feed.set("2", &[("d", 4)]);
    let (_, rows) = lake.run().await;
    assert_eq!((rows.read, rows.inserted, rows.duplicates), (5, 2, 3));
    assert_eq!(lake.held().await.0.trim(), "id:a,t:1 id:a,t:1 id:b,t:2 id:c,t:3 id:d,t:4");
    assert_eq!(lake.held().await.1.trim(), "id:a,t:1 id:b,t:2 id:c,t:3 id:d,t:4");
    // Of parts that were known, only the one that grew is read.
    let last = lake.feed.requests.lock().unwrap().last().cloned().unwrap();
    assert_eq!(last.parts, ["1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_vanished_stays_and_is_compared_when_it_comes_back() {
    let lake = Lake::new("events");
    lake.feed.set("1", &[("a", 1)]);
    lake.feed.set("2", &[("b", 2)]);
    lake.run().await;
    lake.feed.remove("1");
    lake.run().await;
    assert_eq!(lake.run().await.0, TableStatus::UpToDate);
    assert_eq!(lake.held().await.0.trim(), "id:a,t:1 id:b,t:2");
    lake.feed.set("1", &[("a", 1), ("z", 1)]);
    let (_, rows) = lake.run().await;
    assert_eq!((rows.inserted, rows.duplicates), (1, 1));
    assert_eq!(lake.held().await.0.trim(), "id:a,t:1 id:b,t:2 id:z,t:1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merged_source_takes_the_latest_and_marks_what_vanished() {
    let lake = Lake::new("records");
    lake.feed.set("1", &[("a", 1), ("b", 1)]);
    lake.run().await;
    // An update moves a row from one part to another.
    lake.feed.set("1", &[("b", 1)]);
    lake.feed.set("2", &[("a", 2)]);
    lake.run().await;
    assert_eq!(lake.held().await.0.trim(), "id:a,t:2,_is_present:true id:b,t:1,_is_present:true");
    lake.feed.remove("1");
    let (_, rows) = lake.run().await;
    assert_eq!(rows.vanished, 1);
    assert_eq!(lake.held().await.0.trim(), "id:a,t:2,_is_present:true id:b,t:1,_is_present:false");
    assert_eq!(lake.run().await.0, TableStatus::UpToDate);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_columns_of_a_feed_may_be_named_in_any_case() {
    for (source, expected) in [
        ("events", "id:a,t:1 id:a,t:3 id:b,t:2 id:c,t:4"),
        ("records", "id:a,t:3,_is_present:true id:b,t:2,_is_present:false id:c,t:4,_is_present:true"),
    ] {
        let lake = Lake::new(source);
        lake.feed.name(["ID", "Seen_At"]);
        lake.feed.set("1", &[("a", 1), ("b", 2)]);
        lake.run().await;
        // Under other names again, a part that changed and a new one.
        lake.feed.name(["Id", "SEEN_AT"]);
        lake.feed.set("1", &[("a", 3)]);
        lake.feed.set("2", &[("c", 4)]);
        let (_, rows) = lake.run().await;
        assert_eq!(rows.vanished, u64::from(source == "records"), "{source}");
        assert_eq!(lake.held().await.0.trim(), expected, "{source}");
        lake.feed.name(["id", "seen_at"]);
        assert_eq!(lake.run().await.0, TableStatus::UpToDate, "{source}");
    }
}
