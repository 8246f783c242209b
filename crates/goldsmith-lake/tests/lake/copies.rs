//! Whole files of a source are copied: with the same rows, and only when nothing about them has to change.

use std::fs::File;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int32Array, Int64Array, ListArray, MapBuilder,
    RecordBatch, StringArray, StringBuilder, StructArray, TimestampMicrosecondArray, new_null_array,
};
use arrow::datatypes::{DataType, Field, Fields, Int64Type, Schema, SchemaRef, TimeUnit};
use futures::TryStreamExt;
use goldsmith_lake::source::{Source, SourceFile};
use goldsmith_lake::{
    CommitRequest, Copied, CopyRequest, Lake, LakeError, LakeOptions, Table, UpsertRequest, WriteMode, upsert,
};

use parquet::file::reader::{FileReader, SerializedFileReader};

use crate::support::{Place, append, lines, names, pairs, pairs_schema, rows, write_instants_of_96_bits};

/// A place whose tables copy files of so many rows.
fn place(least_rows_to_copy: u64) -> Place {
    let options = LakeOptions { threads: 2, least_rows_to_copy, ..LakeOptions::default() };
    Place { lake: Lake::new(options), ..Place::new() }
}

/// Every type of column that a source can have, with nulls at every depth.
fn every_type(rows: i64) -> RecordBatch {
    let some = |row: i64, value: i64| (row % 5 != 0).then_some(value);
    let inner: Vec<(Arc<Field>, ArrayRef)> = vec![
        (
            Arc::new(Field::new("id", DataType::Utf8, true)),
            Arc::new((0..rows).map(|row| some(row + 1, row).map(|row| format!("id-{row}"))).collect::<StringArray>()),
        ),
        (
            Arc::new(Field::new("count", DataType::Int64, true)),
            Arc::new((0..rows).map(|row| some(row + 2, row)).collect::<Int64Array>()),
        ),
    ];
    let fields = inner.iter().map(|(field, _)| Arc::clone(field)).collect::<Vec<_>>();
    let present = (0..rows).map(|row| row % 7 != 0).collect::<Vec<bool>>();
    let structs =
        StructArray::new(fields.into(), inner.into_iter().map(|(_, column)| column).collect(), Some(present.into()));
    let lists = (0..rows).map(|row| match row % 4 {
        0 => None,
        1 => Some(Vec::new()),
        _ => Some(vec![Some(row), None]),
    });
    let mut maps = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new());
    for row in 0..rows {
        if row % 3 > 0 {
            maps.keys().append_value(format!("team-{}", row % 10));
            maps.values().append_option((row % 2 == 0).then_some("x"));
        }
        maps.append(row % 3 != 1 || row % 2 == 0).unwrap();
    }
    let instants: TimestampMicrosecondArray = (0..rows).map(|row| some(row, row * 1_234_567)).collect();
    let amounts: Decimal128Array = (0..rows).map(|row| some(row, row).map(i128::from)).collect();
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("key", Arc::new(Int64Array::from_iter_values(0..rows))),
        (
            "text",
            Arc::new((0..rows).map(|row| some(row, row).map(|row| format!("{}", row % 9))).collect::<StringArray>()),
        ),
        ("flag", Arc::new((0..rows).map(|row| some(row, row).map(|row| row % 2 == 0)).collect::<BooleanArray>())),
        ("small", Arc::new((0..rows).map(|row| some(row, 7).map(|_| 7)).collect::<Int32Array>())),
        ("day", Arc::new((0..rows).map(|row| some(row, 7).map(|_| 20_000)).collect::<Date32Array>())),
        ("number", Arc::new((0..rows).map(|row| some(row, row).map(|row| row as f64)).collect::<Float64Array>())),
        ("amount", Arc::new(amounts.with_precision_and_scale(38, 18).unwrap())),
        ("instant", Arc::new(instants.with_timezone("UTC"))),
        ("nested", Arc::new(structs)),
        ("list", Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>(lists))),
        ("map", Arc::new(maps.finish())),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, column)| (name, column, true))).unwrap()
}

fn with_constant(schema: &SchemaRef) -> SchemaRef {
    let mut fields: Vec<_> = schema.fields().iter().cloned().collect();
    fields.push(Arc::new(Field::new("_run", DataType::Utf8, true)));
    Arc::new(Schema::new(fields))
}

fn request(identified_by: &[&[&str]]) -> CopyRequest {
    CopyRequest {
        constants: vec![("_run".to_owned(), Arc::new(StringArray::from(vec!["run-1"])))],
        identified_by: identified_by.iter().map(|set| names(set)).collect(),
    }
}

async fn files_of(source: &Source) -> Vec<SourceFile> {
    source.plan_read(None).await.unwrap().files
}

/// Copies all files of a source into a table and commits them; returns how many were copied, and how many were not.
async fn copy(
    place: &Place,
    source: &str,
    target: &mut Table,
    request: CopyRequest,
) -> Result<(usize, usize), LakeError> {
    let source = place.lake.open_source(&place.at(source)).await.unwrap().unwrap();
    let outcomes: Vec<Copied> = {
        let files = files_of(&source).await;
        target.copy_files(&source, files, move |_| request.clone())?.try_collect().await?
    };
    let (mut copied, mut left) = (0, 0);
    for outcome in outcomes {
        match outcome {
            Copied::Whole(written) => {
                copied += 1;
                target.stage(written, &[]).await;
            }
            Copied::No(_) => left += 1,
        }
    }
    let commit =
        CommitRequest { run_id: "run-1".to_owned(), operation: "WRITE".to_owned(), ..CommitRequest::default() };
    let _ = target.commit(commit).await.unwrap();
    Ok((copied, left))
}

/// What a table shows, without its last column.
fn without_constant(lines: Vec<String>) -> Vec<String> {
    let cut = |line: &String| {
        let (row, constant) = line.rsplit_once('|').unwrap();
        assert_eq!(constant, "run-1");
        row.to_owned()
    };
    lines.iter().map(cut).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copied_file_has_the_rows_of_its_source() {
    let place = place(1);
    let batch = every_type(5_000);
    let mut source = place.create("source", batch.schema()).await;
    append(&mut source, &batch.slice(0, 3_000), None, "run").await;
    append(&mut source, &batch.slice(3_000, 2_000), None, "run").await;
    let mut target = place.create("target", with_constant(&batch.schema())).await;
    assert_eq!(copy(&place, "source", &mut target, request(&[&["key"]])).await.unwrap(), (2, 0));

    let target = place.open("target").await;
    assert_eq!(without_constant(rows(&target).await), lines(&batch));
    let written: Vec<_> = target.files().unwrap().iter().map(|file| file.num_records).collect();
    assert_eq!(written.iter().flatten().sum::<u64>(), 5_000, "{written:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copied_file_is_found_by_its_bounds_and_changed_like_any_other() {
    let place = place(1);
    let mut source = place.create("source", pairs_schema()).await;
    for first in [0, 1_000] {
        let rows: Vec<(i64, &str)> = (first..first + 1_000).map(|key| (key, "x")).collect();
        append(&mut source, &pairs(&rows), None, "run").await;
    }
    let mut target = place.create("target", with_constant(&pairs_schema())).await;
    assert_eq!(copy(&place, "source", &mut target, request(&[&["k"]])).await.unwrap(), (2, 0));
    let changed = RecordBatch::try_new(
        with_constant(&pairs_schema()),
        vec![
            Arc::new(Int64Array::from(vec![1_500, 5_000])),
            Arc::new(StringArray::from(vec!["y", "z"])),
            Arc::new(StringArray::from(vec!["run-1", "run-1"])),
        ],
    );
    let upserted = UpsertRequest {
        key: names(&["k"]),
        group: names(&["k"]),
        rows: vec![changed.unwrap()],
        write_mode: WriteMode::MergeOnRead,
        operation: "MERGE".to_owned(),
        ..UpsertRequest::default()
    };
    let report = upsert(&mut target, upserted).await.unwrap();
    assert_eq!((report.updated, report.inserted, report.files_pruned, report.files_masked), (1, 1, 1, 1));
    let found = without_constant(rows(&place.open("target").await).await);
    assert_eq!(found.len(), 2_001);
    for row in ["1499|x", "1500|y", "5000|z"] {
        assert!(found.iter().any(|found| found == row), "{row} is not there");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_that_a_source_or_an_older_file_lacks_are_null() {
    let place = place(1);
    let mut source = place.create("source", pairs_schema()).await;
    append(&mut source, &pairs(&[(1, "old")]), None, "run").await;
    source.add_columns(&Fields::from(vec![Field::new("late", DataType::Int64, true)])).unwrap();
    let late: ArrayRef = Arc::new(Int64Array::from(vec![7]));
    let newer = RecordBatch::try_from_iter_with_nullable([
        ("k", Arc::new(Int64Array::from(vec![2])) as ArrayRef, true),
        ("v", Arc::new(StringArray::from(vec!["new"])) as ArrayRef, true),
        ("late", late, true),
    ]);
    append(&mut source, &newer.unwrap(), None, "run").await;
    let mut fields: Vec<Field> =
        source.data_schema().unwrap().fields().iter().map(|field| field.as_ref().clone()).collect();
    fields.push(Field::new("gone", DataType::Utf8, true));
    let mut target = place.create("target", with_constant(&Arc::new(Schema::new(fields)))).await;
    assert_eq!(copy(&place, "source", &mut target, request(&[&["k"]])).await.unwrap(), (2, 0));
    let found = without_constant(rows(&place.open("target").await).await);
    assert_eq!(found, ["1|old|~|~", "2|new|7|~"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_which_anything_has_to_be_changed_or_left_out_is_not_copied() {
    let place = place(2);
    let mut source = place.create("source", pairs_schema()).await;
    append(&mut source, &pairs(&[(1, "x")]), None, "run").await;
    let mut target = place.create("target", with_constant(&pairs_schema())).await;
    assert_eq!(copy(&place, "source", &mut target, request(&[])).await.unwrap(), (0, 1), "a small file");

    append(&mut source, &pairs(&[(2, "x"), (3, "y")]), None, "run").await;
    assert_eq!(copy(&place, "source", &mut target, request(&[&["k"], &["v"]])).await.unwrap(), (1, 1));
    assert_eq!(without_constant(rows(&place.open("target").await).await), ["2|x", "3|y"]);

    // A row is deleted by a vector, and those that live are enough.
    let mut masked = place.create("masked", pairs_schema()).await;
    append(&mut masked, &pairs(&[(2, "x"), (3, "y"), (4, "z")]), None, "run").await;
    let deletes = UpsertRequest {
        key: names(&["k"]),
        group: names(&["k"]),
        extra_groups: Some(pairs(&[(3, "")]).project(&[0]).unwrap()),
        delete_missing_in_group: true,
        write_mode: WriteMode::MergeOnRead,
        ..UpsertRequest::default()
    };
    assert_eq!(upsert(&mut masked, deletes).await.unwrap().files_masked, 1);
    assert_eq!(copy(&place, "masked", &mut target, request(&[])).await.unwrap(), (0, 1), "a file with a vector");

    // A row that has no key, and one that has a part of it.
    let nullable = |keys: Vec<Option<i64>>, values: Vec<Option<&str>>| {
        let columns: Vec<ArrayRef> = vec![Arc::new(Int64Array::from(keys)), Arc::new(StringArray::from(values))];
        RecordBatch::try_new(pairs_schema(), columns).unwrap()
    };
    let mut other = place.create("other", pairs_schema()).await;
    append(&mut other, &nullable(vec![None, Some(5)], vec![Some("x"), Some("y")]), None, "run").await;
    for (identified_by, copied) in
        [(&[&["k"] as &[&str]] as &[&[&str]], 0), (&[&["k", "v"]], 1), (&[&["k", "v"], &["k"]], 0), (&[&["no"]], 0)]
    {
        let mut target = place.create(&format!("t-{copied}-{identified_by:?}"), with_constant(&pairs_schema())).await;
        let found = copy(&place, "other", &mut target, request(identified_by)).await.unwrap();
        assert_eq!(found, (copied, 1 - copied), "{identified_by:?}");
    }

    // Another type of a column, which has to be cast.
    let wider = Schema::new(vec![Field::new("k", DataType::Utf8, true), Field::new("v", DataType::Utf8, true)]);
    let mut target = place.create("wider", with_constant(&Arc::new(wider))).await;
    assert_eq!(copy(&place, "other", &mut target, request(&[])).await.unwrap(), (0, 1));
    // A column that the table does not have.
    let narrow = Schema::new(vec![Field::new("k", DataType::Int64, true)]);
    let mut target = place.create("narrow", with_constant(&Arc::new(narrow))).await;
    assert_eq!(copy(&place, "other", &mut target, request(&[])).await.unwrap(), (0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_file_is_noticed_before_it_is_copied() {
    let place = place(1);
    let batch = every_type(4_000);
    let mut source = place.create("source", batch.schema()).await;
    append(&mut source, &batch, None, "run").await;
    let path = place.dir.path().join("source").join(&source.files().unwrap()[0].path);
    let sound = std::fs::read(&path).unwrap();
    let mut target = place.create("target", with_constant(&batch.schema())).await;
    let mut noticed = 0;
    // Not all damage keeps a page from being decompressed, but much of it does.
    for part in 1..20 {
        let mut damaged = sound.clone();
        let start = sound.len() / 2 * part / 20;
        damaged[start..start + 64].fill(0);
        std::fs::write(&path, &damaged).unwrap();
        match copy(&place, "source", &mut target, request(&[])).await {
            Err(LakeError::CorruptFile { .. }) => noticed += 1,
            Err(error) => panic!("{error}"),
            Ok(_) => {}
        }
    }
    assert!(noticed >= 5, "{noticed} of 19 were noticed");
    let files = std::fs::read_dir(place.dir.path().join("target")).unwrap();
    let data = files.filter(|file| file.as_ref().unwrap().path().extension().is_some_and(|kind| kind == "parquet"));
    assert_eq!(data.count(), target.files().unwrap().len(), "nothing is left of a copy that failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn instants_of_96_bits_are_written_anew_beside_what_is_copied() {
    let place = place(1);
    let instant = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let inner = vec![Field::new("t", instant.clone(), true), Field::new("n", DataType::Int32, true)];
    let schema: SchemaRef = Arc::new(Schema::new(vec![
        Field::new("t", instant, true),
        Field::new("s", DataType::Struct(inner.into()), true),
    ]));
    let mut source = place.create("source", schema.clone()).await;
    append(
        &mut source,
        &RecordBatch::try_new(
            schema.clone(),
            schema.fields().iter().map(|field| new_null_array(field.data_type(), 3)).collect(),
        )
        .unwrap(),
        None,
        "run",
    )
    .await;
    // Another engine's file in the place of the one that was written.
    let directory = place.dir.path().join("source");
    let file = source.files().unwrap().remove(0);
    let expected = write_instants_of_96_bits(&directory.join(&file.path));
    let size = std::fs::metadata(directory.join(&file.path)).unwrap().len();
    let entry = directory.join("_delta_log/00000000000000000001.json");
    let text = std::fs::read_to_string(&entry).unwrap();
    std::fs::write(&entry, text.replace(&format!("\"size\":{}", file.size), &format!("\"size\":{size}"))).unwrap();

    let mut target = place.create("target", with_constant(&schema)).await;
    assert_eq!(copy(&place, "source", &mut target, request(&[])).await.unwrap(), (1, 0));
    let target = place.open("target").await;
    assert_eq!(without_constant(rows(&target).await), expected);
    // Other software would read them as nanoseconds, and has no bounds of them.
    let written = File::open(directory.with_file_name("target").join(&target.files().unwrap()[0].path)).unwrap();
    let metadata = SerializedFileReader::new(written).unwrap().metadata().file_metadata().clone();
    for column in metadata.schema_descr().columns() {
        assert_ne!(column.physical_type(), parquet::basic::Type::INT96, "{}", column.path());
    }
}
