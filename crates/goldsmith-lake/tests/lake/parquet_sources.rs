use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BinaryArray, Date32Array, Decimal128Array, Int32Array, Int64Array, ListArray, RecordBatch,
    StringArray, StructArray,
};
use arrow::buffer::OffsetBuffer;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, Schema, TimeUnit};
use futures::TryStreamExt;
use goldsmith_lake::source::{FullReason, ReadKind, SeenFile, Source, SourceFile, plan_parts};
use goldsmith_lake::{ErrorKind, LakeError};
use parquet::arrow::ArrowWriter;

use crate::support::{Place, collect, lines, names, pairs, write_instants_of_96_bits};

fn put(path: &Path, batch: &RecordBatch) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut writer = ArrowWriter::try_new(File::create(path).unwrap(), batch.schema(), None).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
}

async fn source(place: &Place) -> Source {
    place.lake.open_source(&place.at("in")).await.unwrap().unwrap()
}

async fn rows(source: &Source, files: &[SourceFile]) -> Vec<String> {
    lines(&collect(source.stream(files, None).await.unwrap()).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn new_files_are_appends_and_replaced_files_changes() {
    let place = Place::new();
    let dir = place.dir.path().join("in");
    put(&dir.join("1.parquet"), &pairs(&[(1, "a")]));
    put(&dir.join("deep/er/2.parquet"), &pairs(&[(2, "b")]));
    put(&dir.join("_tmp/3.parquet"), &pairs(&[(3, "no")]));
    std::fs::write(dir.join("_SUCCESS"), "").unwrap();
    let first = source(&place).await;
    assert_eq!(first.identity().unwrap(), "parquet");
    let read = first.plan_read(None).await.unwrap();
    assert_eq!(read.kind, ReadKind::Full { reason: FullReason::FirstRead });
    assert_eq!(rows(&first, &read.files).await, ["1|a|0", "2|b|0"]);

    let nothing = source(&place).await.plan_read(Some(&read.new_position)).await.unwrap();
    assert_eq!((nothing.kind, nothing.new_position.version), (ReadKind::Nothing, 0));

    put(&dir.join("4.parquet"), &pairs(&[(4, "d")]));
    put(&dir.join("1.parquet"), &pairs(&[(1, "a"), (11, "more")]));
    let second = source(&place).await;
    let next = second.plan_read(Some(&read.new_position)).await.unwrap();
    assert_eq!(next.kind, ReadKind::Appends);
    assert_eq!(rows(&second, &next.files).await, ["4|d|1"]);
    assert_eq!(rows(&second, &next.changes[0].changed_files).await, ["11|more|1", "1|a|1"]);

    std::fs::remove_file(dir.join("4.parquet")).unwrap();
    let gone = source(&place).await.plan_read(Some(&next.new_position)).await.unwrap();
    assert_eq!((gone.kind, gone.new_position.version, gone.files.len()), (ReadKind::Appends, 2, 0));
    assert_eq!((gone.changes[0].removed_files, gone.changes[0].changed_files.len()), (1, 0));
    let nothing = source(&place).await.plan_read(Some(&gone.new_position)).await.unwrap();
    assert_eq!((nothing.kind, nothing.new_position.version), (ReadKind::Nothing, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn new_files_may_repeat_rows_once_files_have_gone() {
    let place = Place::new();
    let dir = place.dir.path().join("in");
    put(&dir.join("1.parquet"), &pairs(&[(1, "a")]));
    let mut position = source(&place).await.plan_read(None).await.unwrap().new_position;
    for (name, removed, may_repeat) in [("2", None, false), ("3", Some("1"), true), ("4", None, true)] {
        put(&dir.join(name).with_extension("parquet"), &pairs(&[(1, "a")]));
        if let Some(removed) = removed {
            std::fs::remove_file(dir.join(removed).with_extension("parquet")).unwrap();
        }
        let read = source(&place).await.plan_read(Some(&position)).await.unwrap();
        assert_eq!((read.files.len(), read.may_repeat), (1, may_repeat), "{name}");
        let text = serde_json::to_string(&read.new_position).unwrap();
        position = serde_json::from_str(&text).unwrap();
        assert_eq!(position, read.new_position, "{name}");
    }
}

#[test]
fn a_file_is_another_one_when_size_time_or_tag_differ() {
    let file = |size, modified, tag: Option<&str>| SeenFile {
        name: "a".to_owned(),
        size,
        modified,
        e_tag: tag.map(str::to_owned),
    };
    let before = file(1, 1, Some("x"));
    let position = plan_parts("parquet", std::slice::from_ref(&before), None).new_position;
    let untold = plan_parts("parquet", &[file(1, 1, None)], None).new_position;
    for (now, position, changed) in [
        (before, &position, false),
        (file(2, 1, Some("x")), &position, true),
        (file(1, 2, Some("x")), &position, true),
        (file(1, 1, Some("y")), &position, true),
        (file(1, 1, None), &position, false),
        (file(1, 1, Some("y")), &untold, false),
    ] {
        let read = plan_parts("parquet", std::slice::from_ref(&now), Some(position));
        assert_eq!(read.changes.len(), usize::from(changed), "{now:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_found_by_any_name() {
    let place = Place::new();
    let names = ["ü.parquet", "~1.parquet", "a#b.parquet", "[x] {y}.parquet", "50%.parquet", "a%20b/c?d.parquet"];
    for (name, key) in names.iter().zip(0..) {
        put(&place.dir.path().join("in").join(name), &pairs(&[(key, *name)]));
    }
    let source = source(&place).await;
    let read = source.plan_read(None).await.unwrap();
    let mut expected: Vec<String> = names.iter().zip(0..).map(|(name, key)| format!("{key}|{name}|0")).collect();
    expected.sort();
    assert_eq!(rows(&source, &read.files).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_that_only_the_paths_tell_are_read_from_there() {
    let place = Place::new();
    let dir = place.dir.path().join("in");
    put(&dir.join("d=2024-03-01/w=1/p.parquet"), &pairs(&[(1, "a"), (2, "b")]));
    put(&dir.join("d=__HIVE_DEFAULT_PARTITION__/w=x%3A%2520/p.parquet"), &pairs(&[(3, "c")]));
    // What a file has itself is not taken from its path.
    put(&dir.join("v=path/k=9/p.parquet"), &pairs(&[(4, "d")]));
    let other = RecordBatch::try_from_iter([("k", Arc::new(Int32Array::from(vec![5])) as ArrayRef)]).unwrap();
    put(&dir.join("v=path/p.parquet"), &other);
    let declared = Schema::new(vec![Field::new("d", DataType::Date32, true), Field::new("v", DataType::Int64, true)]);
    let source = source(&place).await.with_declared(&declared);
    let schema = source.schema().unwrap();
    let fields: Vec<(&str, &DataType)> = schema.fields().iter().map(|f| (f.name().as_str(), f.data_type())).collect();
    let expected = [("k", &DataType::Int64), ("v", &DataType::Utf8), ("d", &DataType::Date32), ("w", &DataType::Utf8)];
    assert_eq!(fields, expected);
    let read = source.plan_read(None).await.unwrap();
    let expected = ["1|a|2024-03-01|1|0", "2|b|2024-03-01|1|0", "3|c|~|x:%20|0", "4|d|~|~|0", "5|path|~|~|0"];
    assert_eq!(rows(&source, &read.files).await, expected);
    let some = source.stream(&read.files, Some(&names(&["d"]))).await.unwrap();
    assert_eq!(lines(&collect(some).await), ["2024-03-01|0", "2024-03-01|0", "~|0", "~|0", "~|0"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_in_a_path_that_does_not_fit_its_column_is_named() {
    let place = Place::new();
    put(&place.dir.path().join("in/d=today/p.parquet"), &pairs(&[(1, "a")]));
    let declared = Schema::new(vec![Field::new("d", DataType::Date32, true)]);
    let source = source(&place).await.with_declared(&declared);
    let read = source.plan_read(None).await.unwrap();
    let stream = source.stream(&read.files, None).await.unwrap();
    let error = LakeError::from_query("in", stream.try_collect::<Vec<_>>().await.unwrap_err());
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error:?}");
    for part in ["in/d=today/p.parquet", "`d`", "`today`", "no date"] {
        assert!(error.to_string().contains(part), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_schema_is_the_union_of_all_files() {
    let place = Place::new();
    let dir = place.dir.path().join("in");
    put(&dir.join("1.parquet"), &pairs(&[(1, "a")]));
    let wider = RecordBatch::try_from_iter([
        ("w", Arc::new(StringArray::from(vec!["x"])) as ArrayRef),
        ("k", Arc::new(Int32Array::from(vec![2]))),
    ])
    .unwrap();
    put(&dir.join("2.parquet"), &wider);
    let source = source(&place).await;
    let fields: Vec<String> = source.schema().unwrap().fields().iter().map(|f| f.name().clone()).collect();
    assert_eq!(fields, names(&["k", "v", "w"]));
    let read = source.plan_read(None).await.unwrap();
    assert_eq!(rows(&source, &read.files).await, ["1|a|~|0", "2|~|x|0"]);
}

fn element(data_type: DataType) -> FieldRef {
    Arc::new(Field::new("element", data_type, true))
}

fn dictionary(values: DataType) -> DataType {
    DataType::Dictionary(Box::new(DataType::Int32), Box::new(values))
}

/// Columns of two rows as tables have them, each with other layouts that Arrow has for the same values.
fn layouts() -> Vec<(ArrayRef, Vec<DataType>)> {
    use DataType::{
        BinaryView, Date64, Decimal32, Decimal64, Decimal256, FixedSizeBinary, FixedSizeList, LargeBinary, LargeList,
        LargeListView, LargeUtf8, List, ListView, Struct, Utf8, Utf8View,
    };
    let text: ArrayRef = Arc::new(StringArray::from(vec![Some("a"), None]));
    let bytes: ArrayRef = Arc::new(BinaryArray::from_opt_vec(vec![Some(b"ab".as_slice()), None]));
    let date: ArrayRef = Arc::new(Date32Array::from(vec![Some(19_000), None]));
    let amount = Decimal128Array::from(vec![Some(-125), None]).with_precision_and_scale(9, 2).unwrap();
    let list = |values: &ArrayRef| -> ArrayRef {
        let element = element(values.data_type().clone());
        Arc::new(ListArray::try_new(element, OffsetBuffer::from_lengths([1, 1]), Arc::clone(values), None).unwrap())
    };
    let structs = |name: &str, values: ArrayRef| -> ArrayRef {
        let field = Field::new(name, values.data_type().clone(), true);
        Arc::new(StructArray::try_new(vec![field].into(), vec![values], None).unwrap())
    };
    let structure = |name: &str, data_type: DataType| Struct(vec![Field::new(name, data_type, true)].into());
    let deep = structs("lists", list(&structs("texts", list(&text))));
    let deep_as = |texts: DataType| structure("lists", LargeList(element(structure("texts", texts))));
    vec![
        (Arc::clone(&text), vec![LargeUtf8, Utf8View, dictionary(Utf8), dictionary(LargeUtf8)]),
        (bytes, vec![LargeBinary, BinaryView, FixedSizeBinary(2)]),
        (date, vec![Date64]),
        (Arc::new(amount), vec![Decimal32(9, 2), Decimal64(9, 2), Decimal256(9, 2)]),
        (
            list(&text),
            vec![
                List(element(Utf8View)),
                LargeList(element(LargeUtf8)),
                ListView(element(LargeUtf8)),
                LargeListView(element(Utf8View)),
                FixedSizeList(element(LargeUtf8), 1),
            ],
        ),
        (deep, vec![deep_as(LargeList(element(LargeUtf8))), deep_as(FixedSizeList(element(Utf8View), 1))]),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_lay_the_same_types_out_otherwise_are_read_together() {
    for (plain, others) in layouts() {
        for other in others {
            for plain_is_first in [true, false] {
                let what = format!("{} and {other}, plain first: {plain_is_first}", plain.data_type());
                let place = Place::new();
                let dir = place.dir.path().join("in");
                let batches = [Arc::clone(&plain), cast(&plain, &other).unwrap()].map(|column| {
                    let keys: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
                    RecordBatch::try_from_iter_with_nullable([("k", keys, true), ("c", column, true)]).unwrap()
                });
                let names = if plain_is_first { ["1.parquet", "2.parquet"] } else { ["2.parquet", "1.parquet"] };
                for (name, batch) in names.iter().zip(&batches) {
                    put(&dir.join(name), batch);
                }
                let source = source(&place).await;
                assert_eq!(source.schema().unwrap().field(1).data_type(), plain.data_type(), "{what}");
                let read = source.plan_read(None).await.unwrap();
                let expected =
                    lines(&batches[0]).into_iter().flat_map(|line| [format!("{line}|0"), format!("{line}|0")]);
                assert_eq!(rows(&source, &read.files).await, expected.collect::<Vec<_>>(), "{what}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_differ_in_the_case_of_names_have_the_same_columns() {
    let place = Place::new();
    let dir = place.dir.path().join("in");
    let file = |names: [&str; 3], key: i64| {
        let inner: ArrayRef = Arc::new(StringArray::from(vec!["inner"]));
        let inner = StructArray::try_new(vec![Field::new(names[2], DataType::Utf8, true)].into(), vec![inner], None);
        let columns: [(&str, ArrayRef, bool); 2] =
            [(names[0], Arc::new(Int64Array::from(vec![key])), true), (names[1], Arc::new(inner.unwrap()), true)];
        RecordBatch::try_from_iter_with_nullable(columns).unwrap()
    };
    put(&dir.join("1.parquet"), &file(["id", "meta", "name"], 1));
    put(&dir.join("2.parquet"), &file(["ID", "Meta", "NAME"], 2));
    put(&dir.join("Day=2024-03-01/3.parquet"), &file(["Id", "meta", "Name"], 3));
    put(&dir.join("DAY=2024-03-02/4.parquet"), &file(["Id", "meta", "Name"], 4));
    let declared = Schema::new(vec![Field::new("day", DataType::Date32, true)]);
    let source = source(&place).await.with_declared(&declared);
    let schema = source.schema().unwrap();
    let found: Vec<String> = schema.fields().iter().map(|field| field.name().to_lowercase()).collect();
    assert_eq!(found, names(&["id", "meta", "day"]));
    assert_eq!(schema.field(2).data_type(), &DataType::Date32);
    let read = source.plan_read(None).await.unwrap();
    let texts: Vec<String> = rows(&source, &read.files).await;
    let texts: Vec<String> = texts.iter().map(|text| text.to_lowercase()).collect();
    let expected =
        ["1|{name: inner}|~|0", "2|{name: inner}|~|0", "3|{name: inner}|2024-03-01|0", "4|{name: inner}|2024-03-02|0"];
    assert_eq!(texts, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_stand_side_by_side_in_a_file_are_two_columns() {
    let place = Place::new();
    let dir = place.dir.path().join("in");
    let text = |value: &str| -> ArrayRef { Arc::new(StringArray::from(vec![value.to_owned()])) };
    put(&dir.join("1.parquet"), &RecordBatch::try_from_iter([("x", text("a")), ("X", text("b"))]).unwrap());
    put(&dir.join("2.parquet"), &RecordBatch::try_from_iter([("X", text("c"))]).unwrap());
    let source = source(&place).await;
    let read = source.plan_read(None).await.unwrap();
    assert_eq!(rows(&source, &read.files).await, ["a|b|0", "~|c|0"]);
    let some = source.stream(&read.files, Some(&names(&["x"]))).await.unwrap();
    assert_eq!(lines(&collect(some).await), ["a|0", "~|0"], "whatever columns are asked for");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_by_custom_no_content_makes_no_source() {
    for (files, is_absent) in [
        (vec![], true),
        (vec!["_SUCCESS"], true),
        (vec!["._SUCCESS.crc", "_SUCCESS", "_temporary/0/part-0.parquet", ".part-0.parquet.crc"], true),
        (vec!["_SUCCESS", "part-0.csv"], false),
        (vec!["_delta_log/_last_checkpoint"], false),
    ] {
        let place = Place::new();
        let dir = place.dir.path().join("in");
        std::fs::create_dir_all(&dir).unwrap();
        for file in &files {
            let path = dir.join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "x").unwrap();
        }
        let found = place.lake.open_source(&place.at("in")).await;
        assert_eq!(matches!(found, Ok(None)), is_absent, "{files:?}: {found:?}");
        assert_eq!(found.is_err(), !is_absent, "{files:?}");
        let table = place.lake.open(&place.at("in")).await;
        assert_eq!(table.is_err(), !files.is_empty(), "a table is made in an empty place only: {files:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_whose_types_contradict_are_refused() {
    let place = Place::new();
    let dir = place.dir.path().join("in");
    put(&dir.join("1.parquet"), &pairs(&[(1, "a")]));
    let other = RecordBatch::try_from_iter([("v", Arc::new(Int32Array::from(vec![2])) as ArrayRef)]);
    put(&dir.join("2.parquet"), &other.unwrap());
    let error = place.lake.open_source(&place.at("in")).await.unwrap_err();
    assert!(matches!(&error, LakeError::TypesDiffer { column, .. } if column == "v"), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn damaged_files_are_named() {
    let place = Place::new();
    let dir = place.dir.path().join("in");
    let many: Vec<(i64, &str)> = (0..10_000).map(|n| (n, "some text")).collect();
    put(&dir.join("good.parquet"), &pairs(&[(1, "a")]));
    put(&dir.join("cut.parquet"), &pairs(&many));
    let bytes = std::fs::read(dir.join("cut.parquet")).unwrap();
    for damaged in [bytes[..bytes.len() - 9].to_vec(), Vec::new(), b"PAR1".to_vec()] {
        std::fs::write(dir.join("cut.parquet"), damaged).unwrap();
        let error = place.lake.open_source(&place.at("in")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{error:?}");
        assert!(error.to_string().contains("in/cut.parquet"), "{error}");
    }
    // A footer that is fine in front of pages that are not.
    let mut damaged = bytes.clone();
    let end = damaged.len() - 1_000;
    damaged[4..end].fill(0xFF);
    std::fs::write(dir.join("cut.parquet"), damaged).unwrap();
    let source = source(&place).await;
    let read = source.plan_read(None).await.unwrap();
    let stream = source.stream(&read.files, None).await.unwrap();
    let error = stream.try_collect::<Vec<_>>().await.unwrap_err();
    let error = LakeError::from_query("in", error);
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error:?}");
    assert!(error.to_string().contains("in/cut.parquet"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn instants_of_96_bits_are_microseconds_in_any_century() {
    let place = Place::new();
    let expected = write_instants_of_96_bits(&place.dir.path().join("in/1.parquet"));
    let source = source(&place).await;
    let instant = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    assert_eq!(source.schema().unwrap().field(0).data_type(), &instant);
    let files = source.plan_read(None).await.unwrap().files;
    assert_eq!(rows(&source, &files).await, expected.map(|row| format!("{row}|0")));
}
