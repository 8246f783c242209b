use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Array, RecordBatch, StringArray};
use futures::TryStreamExt;
use goldsmith_lake::source::{FullReason, ReadKind, Source, SourceFile};
use goldsmith_lake::{ErrorKind, LakeError};
use parquet::arrow::ArrowWriter;

use crate::support::{Place, collect, lines, names, pairs};

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
    assert_eq!((gone.kind, gone.new_position.version), (ReadKind::Nothing, 1));
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

#[tokio::test(flavor = "multi_thread")]
async fn files_whose_types_contradict_are_refused() {
    let place = Place::new();
    let dir = place.dir.path().join("in");
    put(&dir.join("1.parquet"), &pairs(&[(1, "a")]));
    let other = RecordBatch::try_from_iter([("v", Arc::new(Int32Array::from(vec![2])) as ArrayRef)]);
    put(&dir.join("2.parquet"), &other.unwrap());
    let error = place.lake.open_source(&place.at("in")).await.unwrap_err();
    assert!(matches!(&error, LakeError::TypeChanged { column, .. } if column == "v"), "{error:?}");
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
