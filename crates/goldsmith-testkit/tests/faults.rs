//! The fault layer itself: what it counts, and what it leaves behind.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use futures::TryStreamExt;
use goldsmith::StoreLayer;
use goldsmith_testkit::faults::{Fault, FaultLayer, Moment, OperationClass, OperationKind, Trigger};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

const OBJECT: &str = "table/_delta_log/00000000000000000001.json";

struct Place {
    directory: tempfile::TempDir,
    layer: FaultLayer,
    store: Arc<dyn ObjectStore>,
}

impl Place {
    fn new(layer: FaultLayer) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = layer.wrap(Arc::new(LocalFileSystem::new_with_prefix(directory.path()).unwrap()));
        Self { directory, layer, store }
    }

    fn with(class: OperationClass, number: u64, fault: Fault) -> Self {
        Self::new(FaultLayer::striking(Trigger { class, number, fault }))
    }

    /// Every file on the disk with its size, staging files of unfinished uploads too.
    fn files(&self) -> Vec<(String, u64)> {
        let mut found = Vec::new();
        let mut open = vec![self.directory.path().to_path_buf()];
        while let Some(directory) = open.pop() {
            for entry in std::fs::read_dir(directory).unwrap().flatten() {
                match entry.metadata().unwrap() {
                    data if data.is_dir() => open.push(entry.path()),
                    data => found.push((entry.file_name().to_string_lossy().into_owned(), data.len())),
                }
            }
        }
        found.sort();
        found
    }
}

fn file(name: &str, size: u64) -> (String, u64) {
    (name.to_owned(), size)
}

#[tokio::test]
async fn every_request_is_recorded_and_classes_select_among_them() {
    let place = Place::new(FaultLayer::recording());
    let (object, copy) = (Path::from(OBJECT), Path::from("table/copy.parquet"));
    place.store.put(&object, "12345678".into()).await.unwrap();
    place.store.copy(&object, &copy).await.unwrap();
    place.store.get(&copy).await.unwrap();
    place.store.list(None).try_collect::<Vec<_>>().await.unwrap();
    place.store.delete(&copy).await.unwrap();
    let mut upload = place.store.put_multipart(&copy).await.unwrap();
    upload.put_part("1234".into()).await.unwrap();
    upload.complete().await.unwrap();
    let kinds: Vec<OperationKind> = place.layer.operations().iter().map(|operation| operation.kind).collect();
    use OperationKind::{CompleteUpload, Copy, Delete, Get, List, Put, PutPart, StartUpload};
    assert_eq!(kinds, [Put, Copy, Get, List, Delete, StartUpload, PutPart, CompleteUpload]);
    assert_eq!(place.layer.count(&OperationClass::all()), 8);
    assert_eq!(place.layer.count(&OperationClass::mutating()), 5);
    assert_eq!(place.layer.count(&OperationClass::mutating().below("/_delta_log/")), 1);
    assert_eq!(place.layer.count(&OperationClass::all().ending(".parquet")), 6);
    assert_eq!(place.layer.struck(), None);
}

#[tokio::test]
async fn a_freeze_leaves_nothing_a_torn_upload_or_the_whole_object_and_ends_everything_after_it() {
    let staging = format!("{}#1", OBJECT.rsplit_once('/').unwrap().1);
    let whole = OBJECT.rsplit_once('/').unwrap().1;
    for (moment, expected) in
        [(Moment::Before, vec![]), (Moment::During, vec![file(&staging, 4)]), (Moment::After, vec![file(whole, 8)])]
    {
        let place = Place::with(OperationClass::mutating(), 1, Fault::Freeze(moment));
        let error = place.store.put(&Path::from(OBJECT), "12345678".into()).await.unwrap_err();
        assert!(error.to_string().contains("cut off"), "{error}");
        assert_eq!(place.files(), expected, "{moment:?}");
        place.store.put(&Path::from("later"), "1".into()).await.unwrap_err();
        place.store.list(None).try_collect::<Vec<_>>().await.unwrap_err();
        assert_eq!(place.files(), expected, "{moment:?}");
        assert_eq!(place.layer.struck().unwrap().path, OBJECT);
    }
}

#[tokio::test]
async fn an_upload_in_parts_is_torn_between_and_within_its_parts() {
    for (number, moment, staged) in [
        (1, Moment::Before, 0),
        (1, Moment::During, 2),
        (1, Moment::After, 4),
        (2, Moment::During, 6),
        (3, Moment::Before, 8),
    ] {
        let place = Place::with(OperationClass::mutating(), number, Fault::Freeze(moment));
        let mut upload = place.store.put_multipart(&Path::from(OBJECT)).await.unwrap();
        let mut failed = upload.put_part("1234".into()).await.is_err();
        failed |= upload.put_part("5678".into()).await.is_err();
        failed |= upload.complete().await.is_err();
        assert!(failed && upload.abort().await.is_err(), "part {number}, {moment:?}");
        drop(upload);
        let staging = format!("{}#1", OBJECT.rsplit_once('/').unwrap().1);
        assert_eq!(place.files(), [file(&staging, staged)], "part {number}, {moment:?}");
    }
}

#[tokio::test]
async fn a_transient_error_and_a_lost_answer_strike_once() {
    for (fault, is_written) in [(Fault::Transient, false), (Fault::LostAnswer, true)] {
        let place = Place::with(OperationClass::mutating().ending(".json"), 1, fault);
        place.store.put(&Path::from("other"), "1".into()).await.unwrap();
        place.store.put(&Path::from(OBJECT), "12345678".into()).await.unwrap_err();
        assert_eq!(place.store.get(&Path::from(OBJECT)).await.is_ok(), is_written, "{fault:?}");
        place.store.put(&Path::from(OBJECT), "12345678".into()).await.unwrap();
    }
    for fault in [Fault::Transient, Fault::LostAnswer] {
        let place = Place::with(OperationClass::all(), 1, fault);
        place.store.list(None).try_collect::<Vec<_>>().await.unwrap_err();
        assert_eq!(place.store.list(None).try_collect::<Vec<_>>().await.unwrap(), []);
    }
}
