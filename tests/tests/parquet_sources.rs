//! Directories of Parquet files: whatever becomes of a file, bronze ends with every row that one of them ever held, once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs::File;
use std::path::PathBuf;

use goldsmith::{Layer, RunReport, TableStatus, VerifyOptions};
use goldsmith_testkit::{Row, ScratchLake, batch_of};
use parquet::arrow::ArrowWriter;
use serde_json::{Value, json};

/// What happens to the files of a source between two runs.
enum Change {
    /// A file is written, in place of one of its name if there is one.
    Put(&'static str, &'static [&'static str]),
    Remove(&'static str),
}

use Change::{Put, Remove};

/// Changes, and the rows that are new with them.
struct Step {
    what: &'static str,
    changes: &'static [Change],
    new: &'static [&'static str],
}

/// A source whose rows are written as words: the values of some of its columns, `-` for null.
struct Kind {
    source: &'static str,
    columns: &'static [&'static str],
    gold: &'static str,
}

const EVENTS: Kind = Kind { source: "access.audit", columns: &["event_id", "action_name"], gold: "fact_audit_logs" };
/// Its key has parts that may be null.
const WAREHOUSES: Kind = Kind {
    source: "compute.warehouse_events",
    columns: &["workspace_id", "warehouse_id", "event_type"],
    gold: "fact_warehouse_events",
};
const NODE_TYPES: Kind =
    Kind { source: "compute.node_types", columns: &["account_id", "node_type"], gold: "dim_node_type" };

impl Kind {
    fn row(&self, lake: &ScratchLake, text: &str) -> Row {
        let words = text.split(' ').map(|word| if word == "-" { Value::Null } else { json!(word) });
        let mut row: Row = self.columns.iter().map(ToString::to_string).zip(words).collect();
        if self.declared(lake).columns.contains_key("event_time") {
            row.insert("event_time".into(), json!("2024-01-01T00:00:00Z"));
        }
        row
    }

    fn declared<'l>(&self, lake: &'l ScratchLake) -> &'l goldsmith_model::BronzeTable {
        lake.model().bronze.values().find(|bronze| bronze.source.to_string() == self.source).unwrap()
    }

    fn path(&self, lake: &ScratchLake, file: &str) -> PathBuf {
        lake.source().join(self.source.replace('.', "/")).join(format!("{file}.parquet"))
    }

    fn apply(&self, lake: &ScratchLake, change: &Change) {
        match change {
            Remove(name) => std::fs::remove_file(self.path(lake, name)).unwrap(),
            Put(name, rows) => {
                let rows: Vec<Row> = rows.iter().map(|text| self.row(lake, text)).collect();
                let batch = batch_of(self.declared(lake), &rows).unwrap();
                let path = self.path(lake, name);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                let mut writer = ArrowWriter::try_new(File::create(path).unwrap(), batch.schema(), None).unwrap();
                writer.write(&batch).unwrap();
                writer.close().unwrap();
            }
        }
    }

    /// The rows of a table, as they are written, sorted.
    async fn rows(&self, lake: &ScratchLake, table: &str) -> Vec<String> {
        let texts: Vec<String> = self.columns.iter().map(|name| format!("coalesce({name}, '-')")).collect();
        let sql = format!("select concat_ws(' ', {}) as text from {table}", texts.join(", "));
        let rows = lake.query(&sql).await.unwrap();
        let mut texts: Vec<String> = rows.iter().map(|row| row["text"].as_str().unwrap().to_owned()).collect();
        texts.sort();
        texts
    }

    async fn bronze(&self, lake: &ScratchLake) -> Vec<String> {
        self.rows(lake, &format!("system_bronze.{}", self.source.replace('.', "_"))).await
    }

    /// Goes through steps, each with a run that takes over what is new and one that has nothing to do.
    async fn go(&self, steps: &[Step]) -> ScratchLake {
        let lake = ScratchLake::new().unwrap();
        let mut delivered: Vec<String> = Vec::new();
        for Step { what, changes, new } in steps {
            changes.iter().for_each(|change| self.apply(&lake, change));
            let report = lake.run(&[self.gold]).await.unwrap();
            let bronze = report.table(Layer::Bronze, self.source).unwrap();
            delivered.extend(new.iter().map(ToString::to_string));
            delivered.sort();
            assert_eq!(self.bronze(&lake).await, delivered, "{what}");
            let books = bronze.rows;
            assert_eq!(books.inserted, new.len() as u64, "{what}: {books:?}");
            assert_eq!(books.read, books.inserted + books.duplicates, "{what}: {books:?}");
            assert_eq!(bronze.warnings.iter().find(|warning| warning.contains("skipped")), None, "{what}");
            assert_nothing_done(&lake.run(&[self.gold]).await.unwrap(), what);
        }
        let proof = lake.engine().unwrap().verify(&VerifyOptions::default()).await.unwrap();
        assert!(proof.is_success(), "{proof:#?}");
        lake
    }
}

fn assert_nothing_done(report: &RunReport, what: &str) {
    for table in &report.tables {
        assert!(matches!(table.status, TableStatus::UpToDate | TableStatus::Skipped), "{what}: {table:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_row_of_an_append_only_source_is_lost_or_doubled_whatever_becomes_of_its_files() {
    let steps = [
        Step {
            what: "first load",
            changes: &[Put("a", &["e1 x", "e2 x"]), Put("b", &["e3 x"])],
            new: &["e1 x", "e2 x", "e3 x"],
        },
        Step { what: "a file gains a row", changes: &[Put("a", &["e1 x", "e2 x", "e4 x"])], new: &["e4 x"] },
        Step {
            what: "a file of the same size has another row",
            changes: &[Put("a", &["e1 x", "e2 x", "e5 x"])],
            new: &["e5 x"],
        },
        Step { what: "a file is written again as it was", changes: &[Put("a", &["e1 x", "e2 x", "e5 x"])], new: &[] },
        Step {
            what: "a file becomes two",
            changes: &[Remove("a"), Put("a1", &["e2 x", "e5 x"]), Put("a2", &["e1 x", "e6 x"])],
            new: &["e6 x"],
        },
        Step { what: "a file goes", changes: &[Remove("b")], new: &[] },
        Step { what: "another file comes", changes: &[Put("c", &["e7 x"])], new: &["e7 x"] },
        Step {
            what: "a file that went comes under another name",
            changes: &[Put("d", &["e3 x", "e8 x"])],
            new: &["e8 x"],
        },
        Step { what: "a file that went comes back", changes: &[Put("b", &["e3 x", "e9 x"])], new: &["e9 x"] },
        Step {
            what: "a file is rewritten while another one repeats its new row",
            changes: &[Put("c", &["e7 x", "e10 x"]), Put("e", &["e10 x", "e11 x"])],
            new: &["e10 x", "e11 x"],
        },
        Step { what: "another version of an event", changes: &[Put("e", &["e10 x", "e11 y"])], new: &["e11 y"] },
    ];
    let lake = EVENTS.go(&steps).await;
    let events: Vec<String> = EVENTS.rows(&lake, "fact_audit_logs").await;
    let expected = ["e1 x", "e10 x", "e11 y", "e2 x", "e3 x", "e4 x", "e5 x", "e6 x", "e7 x", "e8 x", "e9 x"];
    assert_eq!(events, expected, "the total order decides between versions");
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_with_nulls_in_their_key_are_told_apart_in_a_rewritten_file() {
    let steps = [
        Step {
            what: "first load",
            changes: &[Put("a", &["1 - STOPPED", "- - STOPPED", "1 w RUNNING"])],
            new: &["1 - STOPPED", "- - STOPPED", "1 w RUNNING"],
        },
        Step {
            what: "rewritten with more",
            changes: &[Put("a", &["1 w RUNNING", "- - STOPPED", "1 - STOPPED", "- w STOPPED", "1 - RUNNING"])],
            new: &["- w STOPPED", "1 - RUNNING"],
        },
    ];
    WAREHOUSES.go(&steps).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_a_snapshot_that_comes_as_another_file_are_marked_when_they_vanish() {
    let steps = [
        Step { what: "first load", changes: &[Put("1", &["a small", "a large"])], new: &["a small", "a large"] },
        Step { what: "another file", changes: &[Remove("1"), Put("2", &["a large", "a huge"])], new: &["a huge"] },
    ];
    let lake = ScratchLake::new().unwrap();
    for Step { what, changes, new } in &steps {
        changes.iter().for_each(|change| NODE_TYPES.apply(&lake, change));
        let report = lake.run(&[NODE_TYPES.gold]).await.unwrap();
        let books = report.table(Layer::Bronze, NODE_TYPES.source).unwrap().rows;
        assert_eq!(books.inserted, new.len() as u64, "{what}: {books:?}");
        assert_nothing_done(&lake.run(&[NODE_TYPES.gold]).await.unwrap(), what);
    }
    let present = NODE_TYPES.rows(&lake, "system_bronze.compute_node_types where _is_present").await;
    assert_eq!(present, ["a huge", "a large"]);
    assert_eq!(NODE_TYPES.bronze(&lake).await, ["a huge", "a large", "a small"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_column_that_only_the_path_tells_has_its_declared_type() {
    let lake = ScratchLake::new().unwrap();
    let mut batch = batch_of(EVENTS.declared(&lake), &[EVENTS.row(&lake, "e1 x")]).unwrap();
    batch.remove_column(batch.schema().index_of("event_date").unwrap());
    let path = EVENTS.path(&lake, "event_date=2024-01-01/part");
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut writer = ArrowWriter::try_new(File::create(path).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    lake.run(&[EVENTS.gold]).await.unwrap();
    let rows = lake.query("select event_id from system_bronze.access_audit where event_date = date '2024-01-01'").await;
    assert_eq!(rows.unwrap()[0]["event_id"], json!("e1"));
}
