//! File systems without hard links: nothing is replaced, nothing is seen before it is complete.

use std::fs;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use goldsmith_lake::{CreateBy, LocalStore};
use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload};

const WAYS: [CreateBy; 3] = [CreateBy::HardLink, CreateBy::Rename, CreateBy::Claim];

fn object(directory: &FilePath, name: &str) -> Path {
    Path::from_absolute_path(directory.join(name)).unwrap()
}

async fn create(store: &LocalStore, at: &Path, text: &str) -> object_store::Result<()> {
    let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
    store.put_opts(at, text.to_owned().into(), options).await.map(drop)
}

fn names(directory: &FilePath) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn what_is_there_is_replaced_only_by_those_who_want_it() {
    for way in WAYS {
        let place = tempfile::tempdir().unwrap();
        let (below, store) = (place.path().join("a/b"), LocalStore::with_way(way));
        let (one, two) = (object(&below, "one.json"), object(&below, "two.json"));
        create(&store, &one, "first").await.unwrap();
        let refused = create(&store, &one, "second").await.unwrap_err();
        assert!(matches!(refused, Error::AlreadyExists { .. }), "{way:?}: {refused}");
        store.put(&two, "old".into()).await.unwrap();
        for result in [store.copy_if_not_exists(&two, &one).await, store.rename_if_not_exists(&two, &one).await] {
            assert!(matches!(result, Err(Error::AlreadyExists { .. })), "{way:?}: {result:?}");
        }
        assert_eq!(fs::read_to_string(below.join("one.json")).unwrap(), "first", "{way:?}");
        store.put(&two, "new".into()).await.unwrap();
        store.copy(&two, &one).await.unwrap();
        assert_eq!(fs::read_to_string(below.join("one.json")).unwrap(), "new", "{way:?}");
        store.rename_if_not_exists(&one, &object(&below, "three.json")).await.unwrap();
        assert_eq!(names(&below), ["three.json", "two.json"], "{way:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_create_one_file_one_wins_and_the_file_is_its_own() {
    const WRITERS: usize = 6;
    const ENTRIES: usize = 30;
    for way in WAYS {
        let place = tempfile::tempdir().unwrap();
        for entry in 0..ENTRIES {
            let at = object(place.path(), &format!("{entry}.json"));
            let writers: Vec<_> = (0..WRITERS)
                .map(|writer| {
                    let at = at.clone();
                    // A store each, as processes have.
                    tokio::spawn(async move {
                        create(&LocalStore::with_way(way), &at, &writer.to_string().repeat(50_000)).await
                    })
                })
                .collect();
            let mut winners = Vec::new();
            for (number, writer) in writers.into_iter().enumerate() {
                match writer.await.unwrap() {
                    Ok(()) => winners.push(number.to_string().repeat(50_000)),
                    Err(error) => assert!(matches!(error, Error::AlreadyExists { .. }), "{way:?}: {error}"),
                }
            }
            let found = fs::read_to_string(place.path().join(format!("{entry}.json"))).unwrap();
            assert!(winners == [found], "{way:?}: {} won the entry {entry}", winners.len());
        }
        assert_eq!(names(place.path()).len(), ENTRIES, "{way:?}: {:?}", names(place.path()));
    }
}

#[tokio::test]
async fn what_a_dead_writer_held_goes_to_the_next_one_and_is_never_taken_up_again() {
    let place = tempfile::tempdir().unwrap();
    let file = |name: &str| -> PathBuf { place.path().join(name) };
    // Ended after it claimed the place, with a file that waits to be moved, and before it had one.
    fs::write(file("1.json#0"), "").unwrap();
    fs::write(file("1.json#77"), "of the dead").unwrap();
    fs::write(file("2.json#0"), "").unwrap();
    // Ended after it moved its file.
    fs::write(file("3.json#0"), "").unwrap();
    fs::write(file("3.json"), "of the dead").unwrap();
    // Of another place.
    fs::write(file("10.json#78"), "of another").unwrap();
    let store = Arc::new(LocalStore::with_way(CreateBy::Claim));
    let (one, two, three) =
        (object(place.path(), "1.json"), object(place.path(), "2.json"), object(place.path(), "3.json"));
    let (first, second, third) =
        tokio::join!(create(&store, &one, "living"), create(&store, &two, "living"), create(&store, &three, "living"));
    first.unwrap();
    second.unwrap();
    assert!(matches!(third, Err(Error::AlreadyExists { .. })), "{third:?}");
    for (name, expected) in [("1.json", "living"), ("2.json", "living"), ("3.json", "of the dead")] {
        assert_eq!(fs::read_to_string(file(name)).unwrap(), expected, "{name}");
    }
    assert!(!file("1.json#77").exists(), "it could still be moved over what is there now");
    assert_eq!(names(place.path()), ["1.json", "10.json#78", "2.json", "3.json", "3.json#0"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_file_is_written_in_order_and_shown_when_it_is_complete() {
    let place = tempfile::tempdir().unwrap();
    let at = object(place.path(), "large.parquet");
    let part = |number: usize| PutPayload::from(number.to_string().repeat(10_000));
    let store = LocalStore::with_way(CreateBy::Claim);
    let mut upload = store.put_multipart(&at).await.unwrap();
    let parts: Vec<_> = (0..5).map(|number| upload.put_part(part(number))).collect();
    // The last one comes first.
    for part in parts.into_iter().rev() {
        part.await.unwrap();
    }
    assert!(store.head(&at).await.is_err(), "shown before it is complete");
    upload.complete().await.unwrap();
    let expected: String = (0..5).map(|number: usize| number.to_string().repeat(10_000)).collect();
    assert!(fs::read_to_string(place.path().join("large.parquet")).unwrap() == expected);

    let at = object(place.path(), "never.parquet");
    let mut upload = store.put_multipart(&at).await.unwrap();
    drop(upload.put_part(part(0)));
    upload.put_part(part(1)).await.unwrap();
    let error = upload.complete().await.unwrap_err().to_string();
    assert!(error.contains("a part of it is missing"), "{error}");
    let mut upload = store.put_multipart(&at).await.unwrap();
    upload.put_part(part(0)).await.unwrap();
    upload.abort().await.unwrap();
    assert!(upload.complete().await.is_err());
    let mut upload = store.put_multipart(&at).await.unwrap();
    upload.put_part(part(0)).await.unwrap();
    drop(upload);
    assert_eq!(names(place.path()), ["large.parquet"]);
}

#[tokio::test]
async fn the_way_of_a_directory_is_found_where_it_is_written() {
    let place = tempfile::tempdir().unwrap();
    let (store, at) = (LocalStore::new(), object(&place.path().join("new"), "entry.json"));
    create(&store, &at, "first").await.unwrap();
    assert!(matches!(create(&store, &at, "second").await, Err(Error::AlreadyExists { .. })));
    assert_eq!(names(&place.path().join("new")), ["entry.json"], "a probe was left behind");
}
