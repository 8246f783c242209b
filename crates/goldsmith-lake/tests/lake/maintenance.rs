//! Tables that are kept quick to read: merged files, purged rows, deleted garbage.

use std::collections::{BTreeSet, HashSet};
use std::fs::{self, File};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use goldsmith_lake::{Added, CompactReport, ErrorKind, Table, UpsertRequest, WriteMode, upsert};

use crate::guarded::{Rule, create_with, feed, stored_files};
use crate::support::{Place, append, names, pairs, pairs_schema, rows};

const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);

/// A table whose rows came in so many commits of runs `r1`, `r2`, ...
async fn in_pieces(place: &Place, pieces: i64) -> Table {
    let mut table = place.create("t", pairs_schema()).await;
    for piece in 1..=pieces {
        let batch = pairs(&[(piece * 10, "a"), (piece * 10 + 1, "b")]);
        append(&mut table, &batch, Some(&piece.to_string()), &format!("r{piece}")).await;
    }
    table
}

fn changes(rows: &[(i64, &str)], write_mode: WriteMode) -> UpsertRequest {
    UpsertRequest {
        key: names(&["k"]),
        group: names(&["k"]),
        rows: vec![pairs(rows)],
        write_mode,
        operation: "MERGE".to_owned(),
        ..UpsertRequest::default()
    }
}

/// Files beside the log.
fn on_disk(place: &Place) -> Vec<PathBuf> {
    let entries = fs::read_dir(place.dir.path().join("t")).unwrap();
    let mut paths: Vec<PathBuf> =
        entries.map(|entry| entry.unwrap().path()).filter(|path| path.extension().is_some()).collect();
    paths.sort();
    paths
}

/// Lets a file look as if it was written long ago.
fn age(path: &PathBuf) {
    let long_ago = SystemTime::now() - 10 * WEEK;
    File::options().write(true).open(path).unwrap().set_modified(long_ago).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn small_files_become_one_and_no_row_changes() {
    let place = Place::new();
    let mut table = in_pieces(&place, 5).await;
    let (before, version) = (rows(&table).await, table.version());
    let preview = table.compact("m", true).await.unwrap();
    assert_eq!((preview.version, table.version(), table.files().unwrap().len()), (None, version, 5));
    let report = table.compact("m", false).await.unwrap();
    let expected = CompactReport {
        files_before: 5,
        small_files: 5,
        files_after: 1,
        rows_copied: 10,
        version: Some(version + 1),
        ..CompactReport::default()
    };
    assert_eq!(report, expected);
    assert_eq!(CompactReport { files_after: 1, version: Some(version + 1), ..preview }, expected);
    let table = place.open("t").await;
    assert_eq!((rows(&table).await, table.files().unwrap().len()), (before, 1));
    assert_eq!(table.position().await.unwrap().as_deref(), Some("5"));
    // Readers of what is new pass over it.
    assert_eq!(
        table.added_since(version).await.unwrap(),
        Added::Known { files: vec![], run_ids: Some(HashSet::new()), lost_rows: false, taken_by: BTreeSet::new() }
    );
    let entry = place.dir.path().join(format!("t/_delta_log/{:020}.json", version + 1));
    let entry = fs::read_to_string(entry).unwrap();
    assert!(entry.contains("\"dataChange\":false") && !entry.contains("\"dataChange\":true"), "{entry}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_few_small_files_are_left_alone() {
    let place = Place::new();
    let mut table = in_pieces(&place, 3).await;
    let version = table.version();
    let report = table.compact("m", false).await.unwrap();
    assert_eq!(report, CompactReport { files_before: 3, files_after: 3, ..CompactReport::default() });
    assert_eq!(place.open("t").await.version(), version);
}

#[tokio::test(flavor = "multi_thread")]
async fn deleted_rows_go_for_good() {
    let place = Place::new();
    let mut table = place.create("t", pairs_schema()).await;
    append(&mut table, &pairs(&(0..100).map(|key| (key, "x")).collect::<Vec<_>>()), None, "r").await;
    upsert(&mut table, changes(&[(3, "y")], WriteMode::MergeOnRead)).await.unwrap();
    let report = table.compact("m", false).await.unwrap();
    assert_eq!((report.purged_files, report.version), (0, None), "one of a hundred rows is not worth it");
    let more: Vec<(i64, &str)> = (10..16).map(|key| (key, "z")).collect();
    upsert(&mut table, changes(&more, WriteMode::MergeOnRead)).await.unwrap();
    let before = rows(&table).await;
    let report = table.compact("m", false).await.unwrap();
    assert_eq!((report.purged_files, report.rows_purged, report.rows_copied), (1, 7, 93));
    let table = place.open("t").await;
    assert_eq!(rows(&table).await, before);
    assert_eq!(table.num_rows().await.unwrap(), 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_nobody_read_yet_are_still_found_by_their_runs() {
    let place = Place::new();
    let mut table = in_pieces(&place, 6).await;
    table.compact("m", false).await.unwrap();
    let Added::Known { files, run_ids, .. } = table.added_since(4).await.unwrap() else {
        panic!("the log is there");
    };
    assert_eq!(files, table.files().unwrap(), "the merged file holds them");
    assert_eq!(run_ids, Some(HashSet::from(["r5".to_owned(), "r6".to_owned()])));
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_that_differ_in_their_files_alone_are_told() {
    let place = Place::new();
    let mut table = in_pieces(&place, 5).await;
    let before = table.version();
    assert_eq!(table.same_rows_until(before).await.unwrap(), before);
    table.compact("m", false).await.unwrap();
    let mut table = place.open("t").await;
    append(&mut table, &pairs(&[(99, "new")]), Some("6"), "r6").await;
    assert_eq!(table.version(), before + 2);
    for (version, same) in [
        (before - 1, before - 1),
        (before, before + 1),
        (before + 1, before + 1),
        (before + 2, before + 2),
        (before + 9, before + 9),
    ] {
        assert_eq!(table.same_rows_until(version).await.unwrap(), same, "{version}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_append_meanwhile_is_harmless_and_a_change_of_the_files_is_a_conflict() {
    let place = Place::new();
    let mut table = in_pieces(&place, 5).await;
    let mut other = place.open("t").await;
    append(&mut other, &pairs(&[(99, "new")]), Some("6"), "r6").await;
    let report = table.compact("m", false).await.unwrap();
    assert!(report.version.is_some());
    let mut table = place.open("t").await;
    assert_eq!((rows(&table).await.len(), table.position().await.unwrap().as_deref()), (11, Some("6")));

    for piece in 7..12 {
        append(&mut table, &pairs(&[(piece * 10, "a")]), None, "r").await;
    }
    let mut other = place.open("t").await;
    upsert(&mut other, changes(&[(10, "changed")], WriteMode::CopyOnWrite)).await.unwrap();
    let error = table.compact("m", false).await.unwrap_err();
    assert!(error.is_retryable() && error.kind() == ErrorKind::Conflict, "{error}");
    let table = place.open("t").await;
    assert!(rows(&table).await.contains(&"10|changed".to_owned()));
    assert_eq!(
        table.vacuum(Duration::ZERO, true).await.unwrap().files,
        6,
        "five merged before, one changed; nothing of the loser"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_nothing_shows_is_deleted() {
    let place = Place::new();
    let mut table = in_pieces(&place, 5).await;
    upsert(&mut table, changes(&[(10, "y"), (20, "y")], WriteMode::MergeOnRead)).await.unwrap();
    let orphan = place.dir.path().join("t/part-of-an-interrupted-writer.parquet");
    fs::write(&orphan, b"nobody knows me").unwrap();
    assert_eq!(table.vacuum(WEEK, false).await.unwrap().files, 0, "it may be in the making");
    on_disk(&place).iter().for_each(age);
    let preview = table.vacuum(WEEK, true).await.unwrap();
    assert_eq!((preview.files, preview.bytes, preview.deleted), (1, 15, false));
    assert!(orphan.exists());
    assert_eq!(table.vacuum(WEEK, false).await.unwrap().files, 1);
    assert!(!orphan.exists());

    // What was merged is kept for readers that began before, until the time is over.
    let before = rows(&table).await;
    table.compact("m", false).await.unwrap();
    on_disk(&place).iter().for_each(age);
    assert_eq!(table.vacuum(WEEK, false).await.unwrap().files, 0);
    assert_eq!(rows(&table.at_version(5).await.unwrap()).await.len(), 10);
    assert_eq!(table.vacuum(Duration::ZERO, false).await.unwrap().files, 6, "five pieces and what the change added");
    let table = place.open("t").await;
    assert_eq!((rows(&table).await, on_disk(&place).len()), (before, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn changed_rows_are_kept_for_readers_of_the_feed_until_the_time_is_over() {
    let place = Place::new();
    let mut table = create_with(&place, "t", pairs_schema(), Rule::ChangeDataFeed).await;
    append(&mut table, &pairs(&[(1, "a"), (2, "b")]), None, "r").await;
    for value in ["c", "d"] {
        upsert(&mut table, changes(&[(1, value)], WriteMode::Auto)).await.unwrap();
    }
    let recorded = || -> Vec<PathBuf> {
        let files = stored_files(&place, "t").into_iter();
        files.filter(|path| path.to_string_lossy().contains("_change_data")).collect()
    };
    assert_eq!(recorded().len(), 2);
    let orphan = place.dir.path().join("t/_change_data/part-of-an-interrupted-writer.parquet");
    let others = place.dir.path().join("t/_others/index.parquet");
    fs::create_dir_all(others.parent().unwrap()).unwrap();
    for path in [&orphan, &others] {
        fs::write(path, b"nobody knows me").unwrap();
    }
    assert_eq!(table.vacuum(WEEK, false).await.unwrap().files, 0, "they may be in the making");
    // Copying a table can make its files look older than the commits that tell of them.
    stored_files(&place, "t").iter().for_each(age);
    let preview = table.vacuum(WEEK, true).await.unwrap();
    assert_eq!((preview.files, preview.bytes, recorded().len()), (1, 15, 3));
    assert_eq!(table.vacuum(WEEK, false).await.unwrap().files, 1);
    assert!(!orphan.exists());
    assert_eq!(feed(&place, "t", 3).await, ["1|c|update_preimage", "1|d|update_postimage"]);

    let replaced = 2;
    assert_eq!(table.vacuum(Duration::ZERO, false).await.unwrap().files, replaced + 2);
    assert_eq!(recorded(), Vec::<PathBuf>::new());
    assert!(others.exists(), "what other software keeps below the table is not ours");
    assert_eq!(rows(&place.open("t").await).await, ["1|d", "2|b"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_deleted_when_the_log_does_not_tell() {
    let place = Place::new();
    let table = in_pieces(&place, 25).await;
    let log = place.dir.path().join("t/_delta_log");
    for version in 0..10 {
        fs::remove_file(log.join(format!("{version:020}.json"))).unwrap();
    }
    let error = place.open("t").await.vacuum(WEEK, false).await.unwrap_err();
    assert!(error.to_string().contains("the log begins after version 9"), "{error}");
    assert_eq!(table.files().unwrap().len(), on_disk(&place).len());
}
