use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Date32Array, Int64Array, MapArray, RecordBatch, StringArray, StructArray,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field, Int64Type, Schema};
use datafusion::prelude::{col, lit};
use deltalake::DeltaTable;
use deltalake::operations::write::SchemaMode;
use deltalake::protocol::SaveMode;
use deltalake::protocol::checkpoints::create_checkpoint;
use goldsmith_lake::source::{FullReason, ReadKind, Source, SourceFile, SourcePosition, SourceRead};
use goldsmith_lake::{CommitRequest, RowFilter, RowProbe, ScanRequest, UpsertRequest, WriteMode, upsert};

use crate::support::{Place, append, collect, lines, names, pairs, pairs_schema, request};

/// A table that another engine writes.
struct Foreign {
    place: Place,
}

impl Foreign {
    async fn new() -> Self {
        let place = Place::new();
        std::fs::create_dir(place.dir.path().join("s")).unwrap();
        let foreign = Self { place };
        foreign.append(&[(1, "a"), (2, "b")]).await;
        foreign
    }

    async fn table(&self) -> DeltaTable {
        DeltaTable::try_from_url(self.place.at("s").url().clone()).await.unwrap()
    }

    async fn append(&self, rows: &[(i64, &str)]) {
        self.table().await.write([pairs(rows)]).with_save_mode(SaveMode::Append).await.unwrap();
    }

    async fn overwrite(&self, rows: &[(i64, &str)]) {
        self.table().await.write([pairs(rows)]).with_save_mode(SaveMode::Overwrite).await.unwrap();
    }

    async fn delete(&self, key: i64) {
        self.table().await.delete().with_predicate(col("k").eq(lit(key))).await.unwrap();
    }

    async fn optimize(&self) {
        self.table().await.optimize().await.unwrap();
    }

    async fn source(&self) -> Source {
        self.place.lake.open_source(&self.place.at("s")).await.unwrap().unwrap()
    }

    async fn read(&self, position: Option<&SourcePosition>) -> (SourceRead, Vec<String>) {
        let source = self.source().await;
        let read = source.plan_read(position).await.unwrap();
        let rows = stream(&source, &read.files).await;
        (read, rows)
    }

    fn parquet_files(&self) -> Vec<std::path::PathBuf> {
        std::fs::read_dir(self.place.dir.path().join("s"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "parquet"))
            .collect()
    }
}

async fn stream(source: &Source, files: &[SourceFile]) -> Vec<String> {
    lines(&collect(source.stream(files, None).await.unwrap()).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_read_is_full_and_knows_the_version_of_each_row() {
    let foreign = Foreign::new().await;
    foreign.append(&[(3, "c")]).await;
    let (read, rows) = foreign.read(None).await;
    assert_eq!(read.kind, ReadKind::Full { reason: FullReason::FirstRead });
    assert_eq!(rows, ["1|a|0", "2|b|0", "3|c|1"]);
    assert_eq!(read.rows(), Some(3));
    let text = serde_json::to_string(&read.new_position).unwrap();
    assert_eq!(serde_json::from_str::<SourcePosition>(&text).unwrap(), read.new_position);

    let (again, rows) = foreign.read(Some(&read.new_position)).await;
    assert_eq!((again.kind, again.new_position, rows.len()), (ReadKind::Nothing, read.new_position, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn appends_are_read_once_and_compactions_skipped() {
    let foreign = Foreign::new().await;
    let (first, _) = foreign.read(None).await;
    foreign.append(&[(3, "c")]).await;
    foreign.append(&[(4, "d")]).await;
    let (second, rows) = foreign.read(Some(&first.new_position)).await;
    assert_eq!(second.kind, ReadKind::Appends);
    assert_eq!(rows, ["3|c|1", "4|d|2"]);

    foreign.optimize().await;
    let (third, rows) = foreign.read(Some(&second.new_position)).await;
    assert_eq!((third.kind, third.compactions_skipped, rows.len()), (ReadKind::Nothing, 1, 0));
    assert_eq!(third.new_position.version, 3);
    // Appended and compacted before we came: the appended files are read as they were.
    let (late, rows) = foreign.read(Some(&first.new_position)).await;
    assert_eq!(late.kind, ReadKind::Appends);
    assert_eq!(rows, ["3|c|1", "4|d|2"]);
    // A first read gets the compacted file.
    let (_, rows) = foreign.read(None).await;
    assert_eq!(rows, ["1|a|3", "2|b|3", "3|c|3", "4|d|3"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn appended_files_that_are_gone_make_the_read_full() {
    let foreign = Foreign::new().await;
    let (first, _) = foreign.read(None).await;
    foreign.append(&[(3, "c")]).await;
    let before = foreign.parquet_files();
    foreign.append(&[(4, "d")]).await;
    foreign.optimize().await;
    for file in before {
        std::fs::remove_file(file).unwrap();
    }
    let (read, rows) = foreign.read(Some(&first.new_position)).await;
    assert!(matches!(read.kind, ReadKind::Full { reason: FullReason::FileGone { .. } }), "{read:?}");
    assert_eq!(rows.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn deletes_updates_and_overwrites_are_changes() {
    let foreign = Foreign::new().await;
    let (first, _) = foreign.read(None).await;
    foreign.append(&[(3, "c")]).await;
    foreign.delete(2).await;
    foreign.table().await.update().with_predicate(col("k").eq(lit(1_i64))).with_update("v", lit("A")).await.unwrap();
    let source = foreign.source().await;
    let read = source.plan_read(Some(&first.new_position)).await.unwrap();
    assert_eq!(read.kind, ReadKind::Appends);
    assert_eq!(stream(&source, &read.files).await, ["3|c|1"]);
    let operations: Vec<&str> = read.changes.iter().filter_map(|c| c.operation.as_deref()).collect();
    assert_eq!(operations, ["DELETE", "UPDATE"]);
    assert_eq!(read.changes[0].rows_deleted, Some(1));
    assert_eq!(read.rows_deleted(), 1);
    assert_eq!(stream(&source, &read.changes[0].changed_files).await, ["1|a|2"]);
    assert_eq!(stream(&source, &read.changes[1].changed_files).await, ["1|A|3"]);

    foreign.overwrite(&[(9, "z")]).await;
    let source = foreign.source().await;
    let read = source.plan_read(Some(&read.new_position)).await.unwrap();
    assert_eq!((read.files.len(), read.changes.len()), (0, 1));
    assert_eq!(stream(&source, &read.changes[0].changed_files).await, ["9|z|4"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merge_that_only_inserts_is_an_append() {
    let foreign = Foreign::new().await;
    let (first, _) = foreign.read(None).await;
    let context = datafusion::prelude::SessionContext::new();
    let source = context.read_batch(pairs(&[(1, "x"), (5, "e")])).unwrap();
    foreign
        .table()
        .await
        .merge(source, col("t.k").eq(col("s.k")))
        .with_source_alias("s")
        .with_target_alias("t")
        .when_not_matched_insert(|insert| insert.set("k", col("s.k")).set("v", col("s.v")))
        .unwrap()
        .await
        .unwrap();
    let (read, rows) = foreign.read(Some(&first.new_position)).await;
    assert_eq!(read.kind, ReadKind::Appends);
    assert!(read.changes.is_empty());
    assert_eq!(rows, ["5|e|1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_table_in_the_same_place_is_read_in_full() {
    let foreign = Foreign::new().await;
    let (first, _) = foreign.read(None).await;
    std::fs::remove_dir_all(foreign.place.dir.path().join("s")).unwrap();
    std::fs::create_dir(foreign.place.dir.path().join("s")).unwrap();
    foreign.append(&[(7, "g")]).await;
    let (read, rows) = foreign.read(Some(&first.new_position)).await;
    assert!(matches!(read.kind, ReadKind::Full { reason: FullReason::Recreated { .. } }));
    assert_eq!(rows, ["7|g|0"]);

    let ahead = SourcePosition { version: 5, ..read.new_position };
    let (read, _) = foreign.read(Some(&ahead)).await;
    assert_eq!(read.kind, ReadKind::Full { reason: FullReason::WentBack { before: 5, now: 0 } });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_was_cleaned_up_makes_the_read_full() {
    let foreign = Foreign::new().await;
    let (first, _) = foreign.read(None).await;
    foreign.append(&[(3, "c")]).await;
    foreign.append(&[(4, "d")]).await;
    create_checkpoint(&foreign.table().await, None).await.unwrap();
    foreign.append(&[(5, "e")]).await;
    let log = foreign.place.dir.path().join("s/_delta_log");
    for version in 0..2 {
        std::fs::remove_file(log.join(format!("{version:020}.json"))).unwrap();
    }
    let (read, rows) = foreign.read(Some(&first.new_position)).await;
    assert_eq!(read.kind, ReadKind::Full { reason: FullReason::LogIncomplete { version: 1 } });
    assert_eq!(rows, ["1|a|2", "2|b|2", "3|c|2", "4|d|2", "5|e|3"]);
    let position = SourcePosition { version: 1, ..read.new_position };
    let (read, rows) = foreign.read(Some(&position)).await;
    assert_eq!((read.kind, rows), (ReadKind::Appends, vec!["4|d|2".to_owned(), "5|e|3".to_owned()]));
}

#[tokio::test(flavor = "multi_thread")]
async fn new_columns_of_the_source_are_null_in_old_rows() {
    let foreign = Foreign::new().await;
    let (first, _) = foreign.read(None).await;
    foreign.append(&[(3, "c")]).await;
    let schema = Schema::new(vec![
        Field::new("k", DataType::Int64, true),
        Field::new("v", DataType::Utf8, true),
        Field::new("w", DataType::Utf8, true),
    ]);
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from(vec![4])),
        Arc::new(StringArray::from(vec!["d"])),
        Arc::new(StringArray::from(vec!["new"])),
    ];
    let batch = RecordBatch::try_new(Arc::new(schema), columns).unwrap();
    foreign
        .table()
        .await
        .write([batch])
        .with_save_mode(SaveMode::Append)
        .with_schema_mode(SchemaMode::Merge)
        .await
        .unwrap();
    foreign.optimize().await;
    // Schema merging of this engine gives the table a new id, so this test compares from the second append on.
    let source = foreign.source().await;
    let position = SourcePosition { identity: source.identity().unwrap(), ..first.new_position };
    let read = source.plan_read(Some(&position)).await.unwrap();
    assert_eq!(read.kind, ReadKind::Appends);
    assert_eq!(stream(&source, &read.files).await, ["3|c|~|1", "4|d|new|2"]);
    let some = source.stream(&read.files, Some(&names(&["w"]))).await.unwrap();
    assert_eq!(lines(&collect(some).await), ["new|2", "~|1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn partitioned_sources_keep_their_partition_columns() {
    let place = Place::new();
    std::fs::create_dir(place.dir.path().join("s")).unwrap();
    let url = place.at("s").url().clone();
    for batch in [pairs(&[(1, "a b"), (2, "c:d/e")]), pairs(&[(3, "a b")])] {
        DeltaTable::try_from_url(url.clone())
            .await
            .unwrap()
            .write([batch])
            .with_partition_columns(["v"])
            .with_save_mode(SaveMode::Append)
            .await
            .unwrap();
    }
    let source = place.lake.open_source(&place.at("s")).await.unwrap().unwrap();
    let read = source.plan_read(None).await.unwrap();
    let all = collect(source.stream(&read.files, None).await.unwrap()).await;
    assert_eq!(lines(&all), ["1|a b|0", "2|c:d/e|0", "3|a b|1"]);
    assert_eq!(all.column(2).null_count(), 0);
    assert_eq!(all.column(1).data_type(), &DataType::Utf8);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_a_restore_brings_back_are_a_change() {
    let foreign = Foreign::new().await;
    foreign.append(&[(3, "c")]).await;
    let (first, _) = foreign.read(None).await;
    // Whole files go and come back: the second commit removes nothing.
    foreign.table().await.delete().await.unwrap();
    foreign.table().await.restore().with_version_to_restore(1).await.unwrap();
    let source = foreign.source().await;
    let read = source.plan_read(Some(&first.new_position)).await.unwrap();
    assert_eq!(stream(&source, &read.files).await, Vec::<String>::new());
    let operations: Vec<&str> = read.changes.iter().filter_map(|change| change.operation.as_deref()).collect();
    assert_eq!(operations, ["DELETE", "RESTORE"]);
    assert!(read.changes[0].only_deletes() && !read.changes[1].only_deletes());
    assert_eq!(stream(&source, &read.changes[1].changed_files).await, ["1|a|3", "2|b|3", "3|c|3"]);
}

/// The actions of one kind in a log entry.
fn actions(log: &std::path::Path, version: u64, kind: &str) -> Vec<serde_json::Value> {
    let entry = std::fs::read_to_string(log.join(format!("{version:020}.json"))).unwrap();
    let lines = entry.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    lines.filter_map(|line| line.get(kind).cloned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_a_vector_hides_no_longer_are_a_change() {
    let place = Place::new();
    let mut table = place.create("s", pairs_schema()).await;
    append(&mut table, &pairs(&[(1, "a"), (2, "b"), (3, "c")]), None, "run-1").await;
    let hide = UpsertRequest { write_mode: WriteMode::MergeOnRead, ..request(vec![pairs(&[(2, "x")])]) };
    upsert(&mut table, hide).await.unwrap();
    let source = place.lake.open_source(&place.at("s")).await.unwrap().unwrap();
    let first = source.plan_read(None).await.unwrap();
    assert_eq!(first.rows(), Some(3));
    // As engines restore the version before: the file is shown without its vector again.
    let log = place.dir.path().join("s/_delta_log");
    let whole = actions(&log, 1, "add").remove(0);
    let masked = actions(&log, 2, "add").into_iter().find(|add| add["path"] == whole["path"]).unwrap();
    let remove =
        serde_json::json!({"path": whole["path"], "deletionVector": masked["deletionVector"], "dataChange": true});
    let lines = [
        serde_json::json!({"commitInfo": {"operation": "RESTORE"}}),
        serde_json::json!({"remove": remove}),
        serde_json::json!({"add": whole}),
    ];
    let entry: Vec<String> = lines.iter().map(ToString::to_string).collect();
    std::fs::write(log.join(format!("{:020}.json", 3)), entry.join("\n")).unwrap();
    let source = place.lake.open_source(&place.at("s")).await.unwrap().unwrap();
    let read = source.plan_read(Some(&first.new_position)).await.unwrap();
    assert!(read.files.is_empty(), "{read:?}");
    assert_eq!(stream(&source, &read.changes[0].changed_files).await, ["1|a|3", "2|b|3", "3|c|3"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_was_restored_from_a_copy_is_read_anew() {
    let foreign = Foreign::new().await;
    let (first, _) = foreign.read(None).await;
    assert!(!first.new_position.may_repeat);
    let log = foreign.place.dir.path().join("s/_delta_log");
    foreign.append(&[(3, "c")]).await;
    let (second, _) = foreign.read(Some(&first.new_position)).await;
    // The copy has nothing of the last commit, and another one takes its place.
    std::fs::remove_file(log.join(format!("{:020}.json", 1))).unwrap();
    foreign.append(&[(4, "d")]).await;
    foreign.append(&[(5, "e")]).await;
    let (read, rows) = foreign.read(Some(&second.new_position)).await;
    assert_eq!(read.kind, ReadKind::Full { reason: FullReason::Rewritten { version: 1 } });
    assert_eq!(rows, ["1|a|0", "2|b|0", "4|d|1", "5|e|2"]);
    // From then on rows may come that were read from the table as it was.
    foreign.append(&[(3, "c")]).await;
    let (read, rows) = foreign.read(Some(&read.new_position)).await;
    assert_eq!((&read.kind, read.may_repeat, read.new_position.may_repeat), (&ReadKind::Appends, true, true));
    assert_eq!(rows, ["3|c|3"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_follows_a_table_that_went_back_may_repeat_rows() {
    let foreign = Foreign::new().await;
    foreign.append(&[(3, "c")]).await;
    let (first, _) = foreign.read(None).await;
    let log = foreign.place.dir.path().join("s/_delta_log");
    std::fs::remove_file(log.join(format!("{:020}.json", 1))).unwrap();
    let (back, _) = foreign.read(Some(&first.new_position)).await;
    assert_eq!(back.kind, ReadKind::Full { reason: FullReason::WentBack { before: 1, now: 0 } });
    foreign.append(&[(3, "c")]).await;
    let (read, rows) = foreign.read(Some(&back.new_position)).await;
    assert_eq!((rows, read.may_repeat), (vec!["3|c|1".to_owned()], true));
    // A position in the words of before, for a directory that lost files.
    let old = r#"{"identity":"parquet","version":3,"lost_files":true}"#;
    assert!(serde_json::from_str::<SourcePosition>(old).unwrap().may_repeat);
}

#[tokio::test(flavor = "multi_thread")]
async fn partitions_are_found_by_any_value() {
    let place = Place::new();
    std::fs::create_dir(place.dir.path().join("s")).unwrap();
    let rows = [(1, "~q"), (2, "~ü%"), (3, "a|b"), (4, "[q]"), (5, "a+b"), (6, "2024-01-01 00:00:00")];
    let table = DeltaTable::try_from_url(place.at("s").url().clone()).await.unwrap();
    table.write([pairs(&rows)]).with_partition_columns(["v"]).await.unwrap();
    let source = place.lake.open_source(&place.at("s")).await.unwrap().unwrap();
    let read = source.plan_read(None).await.unwrap();
    assert_eq!(stream(&source, &read.files).await, rows.map(|(key, value)| format!("{key}|{value}|0")));
}

/// A map of structs with these fields, one entry in each row.
fn map_of_structs(fields: &[&str]) -> ArrayRef {
    let member = |name: &&str| {
        let texts: ArrayRef = Arc::new(StringArray::from(vec![*name, *name]));
        (Arc::new(Field::new(*name, DataType::Utf8, true)), texts)
    };
    let values = StructArray::from(fields.iter().map(member).collect::<Vec<_>>());
    let entries = StructArray::from(vec![
        (Arc::new(Field::new("key", DataType::Utf8, false)), Arc::new(StringArray::from(vec!["x", "y"])) as ArrayRef),
        (Arc::new(Field::new("value", values.data_type().clone(), true)), Arc::new(values) as ArrayRef),
    ]);
    let field = Arc::new(Field::new("key_value", entries.data_type().clone(), false));
    Arc::new(MapArray::new(field, OffsetBuffer::from_lengths([1, 1]), entries, None, false))
}

/// Two rows of one table, each in a partition of its own.
fn by_day_and_place(keys: [i64; 2], fields: &[&str]) -> RecordBatch {
    let columns: [(&str, ArrayRef); 4] = [
        ("day", Arc::new(Date32Array::from(vec![Some(-1), None]))),
        ("k", Arc::new(Int64Array::from(keys.to_vec()))),
        ("m", map_of_structs(fields)),
        ("place", Arc::new(StringArray::from(vec!["a b/%41", "ü"]))),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, column)| (name, column, true))).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn partitioned_sources_whose_maps_of_structs_gained_a_field_are_read_whole() {
    let place = Place::new();
    std::fs::create_dir(place.dir.path().join("s")).unwrap();
    let url = place.at("s").url().clone();
    let (before, after) = (by_day_and_place([1, 2], &["a"]), by_day_and_place([3, 4], &["a", "b"]));
    for (batch, mode) in [(before, None), (after, Some(SchemaMode::Merge))] {
        let table = DeltaTable::try_from_url(url.clone()).await.unwrap();
        let write = table.write([batch]).with_partition_columns(["day", "place"]).with_save_mode(SaveMode::Append);
        let write = if let Some(mode) = mode { write.with_schema_mode(mode) } else { write };
        write.await.unwrap();
    }
    let source = place.lake.open_source(&place.at("s")).await.unwrap().unwrap();
    let read = source.plan_read(None).await.unwrap();
    assert_eq!(read.files.len(), 4);
    let columns = names(&["k", "day", "place", "m"]);
    let all = collect(source.stream(&read.files, Some(&columns)).await.unwrap()).await;
    let rows = [
        "1|1969-12-31|a b/%41|{x: {a: a, b: ~}}|0",
        "2|~|ü|{y: {a: a, b: ~}}|0",
        "3|1969-12-31|a b/%41|{x: {a: a, b: b}}|1",
        "4|~|ü|{y: {a: a, b: b}}|1",
    ];
    assert_eq!(lines(&all), rows);
    let of_partitions = collect(source.stream(&read.files, Some(&names(&["place"]))).await.unwrap()).await;
    assert_eq!(lines(&of_partitions), ["a b/%41|0", "a b/%41|1", "ü|0", "ü|1"]);

    let Source::Delta(table) = &source else { panic!("{source:?}") };
    for (column, expected) in [("day", vec![1, 3]), ("k", vec![1, 2, 3, 4])] {
        let filter: RowFilter = Arc::new(|batch: &RecordBatch| arrow::compute::is_not_null(batch.column(0)));
        let probe = Some(RowProbe { columns: names(&[column]), filter, values: None });
        let request = ScanRequest { columns: Some(names(&["k", "place"])), probe, ..ScanRequest::default() };
        let found = collect(table.scan(request).await.unwrap()).await;
        let mut keys = found.column(0).as_primitive::<Int64Type>().values().to_vec();
        keys.sort_unstable();
        assert_eq!(keys, expected, "{column}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_an_older_version_are_read_under_the_names_of_now() {
    let place = Place::new();
    let mut table = place.create("s", pairs_schema()).await;
    append(&mut table, &pairs(&[(1, "a")]), None, "run-1").await;
    let source = place.lake.open_source(&place.at("s")).await.unwrap().unwrap();
    let position = source.plan_read(None).await.unwrap().new_position;
    append(&mut table, &pairs(&[(2, "b")]), None, "run-2").await;
    let removed = table.files().unwrap().into_iter().map(|file| file.path).collect();
    let capital = Schema::new(vec![Field::new("K", DataType::Int64, true), Field::new("V", DataType::Utf8, true)]);
    table.replace_schema(&capital).unwrap();
    let mut writer = table.writer().unwrap();
    let rows = pairs(&[(3, "c")]);
    writer.write(&RecordBatch::try_new(Arc::new(capital), rows.columns().to_vec()).unwrap()).await.unwrap();
    let added = writer.finish().await.unwrap();
    let operation = "WRITE".to_owned();
    let _ = table.commit(CommitRequest { added, removed, operation, ..CommitRequest::default() }).await.unwrap();
    let source = place.lake.open_source(&place.at("s")).await.unwrap().unwrap();
    let read = source.plan_read(Some(&position)).await.unwrap();
    assert_eq!(source.schema().unwrap().field(0).name(), "K");
    assert_eq!(stream(&source, &read.files).await, ["2|b|2"]);
    let some = source.stream(&read.files, Some(&names(&["V"]))).await.unwrap();
    assert_eq!(lines(&collect(some).await), ["b|2"]);
}
