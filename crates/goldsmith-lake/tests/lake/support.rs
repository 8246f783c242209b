//! Builders and readers that the tests share.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::catalog::TableProvider;
use datafusion::execution::SendableRecordBatchStream;
use futures::TryStreamExt;
use goldsmith_lake::{
    CommitOutcome, CommitRequest, Lake, LakeOptions, Location, ScanRequest, Table, TableSpec, UpsertReport,
    UpsertRequest, upsert,
};
use tempfile::TempDir;
use url::Url;

pub struct Place {
    pub dir: TempDir,
    pub lake: Lake,
}

impl Place {
    pub fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
            lake: Lake::new(LakeOptions { threads: 2, ..LakeOptions::default() }),
        }
    }

    pub fn at(&self, name: &str) -> Location {
        Location::from_path(&self.dir.path().join(name)).unwrap()
    }

    pub async fn create(&self, name: &str, schema: SchemaRef) -> Table {
        let spec = TableSpec {
            name: name.to_owned(),
            description: Some("a table".to_owned()),
            schema,
            run_id: "run-0".to_owned(),
        };
        self.lake.create(&self.at(name), spec).await.unwrap()
    }

    pub async fn open(&self, name: &str) -> Table {
        self.lake.open(&self.at(name)).await.unwrap().unwrap()
    }
}

/// `k` and `v`.
pub fn pairs_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new("k", DataType::Int64, true), Field::new("v", DataType::Utf8, true)]))
}

pub fn pairs(rows: &[(i64, &str)]) -> RecordBatch {
    let keys: Int64Array = rows.iter().map(|(k, _)| Some(*k)).collect();
    let values: StringArray = rows.iter().map(|(_, v)| Some(*v)).collect();
    RecordBatch::try_new(pairs_schema(), vec![Arc::new(keys) as ArrayRef, Arc::new(values)]).unwrap()
}

pub async fn append(table: &mut Table, batch: &RecordBatch, position: Option<&str>, run: &str) {
    let mut writer = table.writer().unwrap();
    writer.write(batch).await.unwrap();
    let added = writer.finish().await.unwrap();
    let outcome = table
        .commit(CommitRequest {
            added,
            position: position.map(str::to_owned),
            run_id: run.to_owned(),
            operation: "WRITE".to_owned(),
            blind_append: true,
            ..CommitRequest::default()
        })
        .await
        .unwrap();
    assert!(matches!(outcome, CommitOutcome::Committed { .. }));
}

pub async fn collect(stream: SendableRecordBatchStream) -> RecordBatch {
    let schema = stream.schema();
    let batches: Vec<RecordBatch> = stream.try_collect().await.unwrap();
    concat_batches(&schema, &batches).unwrap()
}

/// The rows as sorted texts, `a|b|c` with `~` for null.
pub fn lines(batch: &RecordBatch) -> Vec<String> {
    let options = FormatOptions::default().with_null("~");
    let columns: Vec<_> =
        batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &options).unwrap()).collect();
    let mut lines: Vec<String> = (0..batch.num_rows())
        .map(|row| {
            let cells: Vec<String> = columns.iter().map(|c| c.value(row).to_string()).collect();
            cells.join("|")
        })
        .collect();
    lines.sort();
    lines
}

pub async fn rows(table: &Table) -> Vec<String> {
    lines(&collect(table.scan(ScanRequest::default()).await.unwrap()).await)
}

/// The table for SQL as delta-rs reads it, at its latest version.
pub async fn of_delta_rs(table: &Table) -> Arc<dyn TableProvider> {
    let url = Url::from_directory_path(table.location().local_path().unwrap()).unwrap();
    deltalake::open_table(url).await.unwrap().table_provider().await.unwrap()
}

pub fn names(columns: &[&str]) -> Vec<String> {
    columns.iter().map(|name| (*name).to_owned()).collect()
}

/// An upsert by `k`.
pub fn request(rows: Vec<RecordBatch>) -> UpsertRequest {
    UpsertRequest {
        key: names(&["k"]),
        group: names(&["k"]),
        rows,
        run_id: "run".to_owned(),
        operation: "MERGE".to_owned(),
        ..UpsertRequest::default()
    }
}

pub async fn apply(table: &mut Table, request: UpsertRequest) -> UpsertReport {
    upsert(table, request).await.unwrap()
}

/// Versions of something: `id` and `valid_from` identify a row, and who wrote it makes no difference.
pub fn versions_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("id", DataType::Utf8, true),
        Field::new("valid_from", DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), true),
        Field::new("name", DataType::Utf8, true),
        Field::new("written_by", DataType::Utf8, true),
    ]))
}

pub fn versions(rows: &[(Option<&str>, i64, &str, &str)]) -> RecordBatch {
    let ids: StringArray = rows.iter().map(|row| row.0).collect();
    let times: TimestampMicrosecondArray = rows.iter().map(|row| Some(row.1)).collect();
    let labels: StringArray = rows.iter().map(|row| Some(row.2)).collect();
    let runs: StringArray = rows.iter().map(|row| Some(row.3)).collect();
    let columns: Vec<ArrayRef> =
        vec![Arc::new(ids), Arc::new(times.with_timezone("UTC")), Arc::new(labels), Arc::new(runs)];
    RecordBatch::try_new(versions_schema(), columns).unwrap()
}

/// An upsert that replaces all versions of each `id`.
pub fn timeline(rows: Vec<RecordBatch>) -> UpsertRequest {
    UpsertRequest {
        key: names(&["id", "valid_from"]),
        group: names(&["id"]),
        ignore: names(&["written_by"]),
        delete_missing_in_group: true,
        ..request(rows)
    }
}
