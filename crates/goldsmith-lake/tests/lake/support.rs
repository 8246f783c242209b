//! Builders and readers that the tests share.

use std::fs::File;
use std::path::Path;
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
use parquet::data_type::{Int32Type, Int96, Int96Type};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
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

/// An upsert of the latest version of each `id`, by `valid_from`.
pub fn sequenced(rows: Vec<RecordBatch>) -> UpsertRequest {
    UpsertRequest {
        key: names(&["id"]),
        group: names(&["id"]),
        ignore: names(&["written_by"]),
        sequence: names(&["valid_from"]),
        ..request(rows)
    }
}

/// An instant of 96 bits: the nanoseconds of the day in the first two words, the Julian day in the third.
fn instant_of_96_bits(days: i64, micros_of_day: u64) -> Int96 {
    const JULIAN_DAY_OF_EPOCH: i64 = 2_440_588;
    let nanos = micros_of_day * 1_000;
    let mut instant = Int96::new();
    let low = u32::try_from(nanos & u64::from(u32::MAX)).unwrap();
    instant.set_data(low, u32::try_from(nanos >> 32).unwrap(), u32::try_from(days + JULIAN_DAY_OF_EPOCH).unwrap());
    instant
}

/// Writes a file of instants of 96 bits, at the top level and in a struct: the year 9999 and the year 1600, which nanoseconds of 64 bits
/// do not reach, and a null. Returns its rows.
pub fn write_instants_of_96_bits(path: &Path) -> [&'static str; 3] {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let schema = "message schema { OPTIONAL INT96 t; OPTIONAL group s { OPTIONAL INT96 t; OPTIONAL INT32 n; } }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let mut writer = SerializedFileWriter::new(File::create(path).unwrap(), schema, Arc::default()).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let instants = [instant_of_96_bits(2_932_896, 86_399_999_999), instant_of_96_bits(-135_140, 1)];
    for levels in [[1, 1, 0], [2, 2, 1]] {
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<Int96Type>().write_batch(&instants, Some(&levels), None).unwrap();
        column.close().unwrap();
    }
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<Int32Type>().write_batch(&[1, 2, 3], Some(&[2, 2, 2]), None).unwrap();
    column.close().unwrap();
    group.close().unwrap();
    writer.close().unwrap();
    [
        "1600-01-01T00:00:00.000001Z|{t: 1600-01-01T00:00:00.000001Z, n: 2}",
        "9999-12-31T23:59:59.999999Z|{t: 9999-12-31T23:59:59.999999Z, n: 1}",
        "~|{t: ~, n: 3}",
    ]
}
