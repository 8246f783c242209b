use std::collections::{BTreeSet, HashSet};

use arrow::array::AsArray;
use goldsmith_lake::{
    Added, CommitOutcome, CommitRequest, ErrorKind, LakeError, ScanRequest, Table, UpsertRequest, WrittenFiles,
};

use crate::support::{Place, append, apply, collect, lines, names, pairs, pairs_schema, request, rows};

async fn written(table: &Table, rows: &[(i64, &str)]) -> WrittenFiles {
    let mut writer = table.writer().unwrap();
    writer.write(&pairs(rows)).await.unwrap();
    writer.finish().await.unwrap()
}

fn data_files(place: &Place, name: &str) -> usize {
    std::fs::read_dir(place.dir.path().join(name))
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|e| e == "parquet"))
        .count()
}

#[tokio::test(flavor = "multi_thread")]
async fn files_and_position_appear_together_and_only_with_the_commit() {
    let place = Place::new();
    let mut table = place.create("t", pairs_schema()).await;
    let added = written(&table, &[(1, "a"), (2, "b")]).await;
    assert_eq!((added.rows(), added.files()), (2, 1));
    assert!(added.bytes() > 0);
    // A crash here leaves a file that nobody sees.
    assert!(rows(&place.open("t").await).await.is_empty());

    let outcome = table
        .commit(CommitRequest {
            added,
            position: Some("{\"version\":7}".to_owned()),
            run_id: "run-1".to_owned(),
            operation: "WRITE".to_owned(),
            ..CommitRequest::default()
        })
        .await
        .unwrap();
    assert!(matches!(outcome, CommitOutcome::Committed { version: 1 }), "{outcome:?}");
    let other = place.open("t").await;
    for table in [&table, &other] {
        assert_eq!(rows(table).await, ["1|a", "2|b"]);
        assert_eq!(table.position().await.unwrap().as_deref(), Some("{\"version\":7}"));
        assert_eq!(table.num_rows().await.unwrap(), 2);
        assert_eq!(table.version(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_without_anything_new_does_not_happen() {
    let place = Place::new();
    let mut table = place.create("t", pairs_schema()).await;
    let request = |position: &str| CommitRequest {
        position: Some(position.to_owned()),
        operation: "WRITE".to_owned(),
        ..CommitRequest::default()
    };
    assert_eq!(table.commit(CommitRequest::default()).await.unwrap(), CommitOutcome::Nothing);
    assert_eq!(table.commit(request("p")).await.unwrap(), CommitOutcome::Committed { version: 1 });
    assert_eq!(table.commit(request("p")).await.unwrap(), CommitOutcome::Nothing);
    assert_eq!(table.commit(request("q")).await.unwrap(), CommitOutcome::Committed { version: 2 });
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_handles_that_move_the_position_the_second_loses() {
    let place = Place::new();
    place.create("t", pairs_schema()).await;
    let mut first = place.open("t").await;
    let mut second = place.open("t").await;
    append(&mut first, &pairs(&[(1, "a")]), Some("1"), "run-1").await;

    let added = written(&second, &[(1, "a")]).await;
    assert_eq!(data_files(&place, "t"), 2);
    let error = second
        .commit(CommitRequest { added, position: Some("1".to_owned()), blind_append: true, ..CommitRequest::default() })
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(error.is_retryable());
    assert_eq!(data_files(&place, "t"), 1, "the files of the loser are deleted");
    assert_eq!(rows(&place.open("t").await).await, ["1|a"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_runs_at_once_commit_each_position_exactly_once() {
    let place = Place::new();
    place.create("t", pairs_schema()).await;
    let location = place.at("t");
    let tasks: Vec<_> = (0..4)
        .map(|_| {
            let (lake, location) = (place.lake.clone(), location.clone());
            tokio::spawn(async move {
                let mut wins = 0;
                loop {
                    let mut table = lake.open(&location).await.unwrap().unwrap();
                    let position = table.position().await.unwrap();
                    let next = position.map_or(0, |p| p.parse::<i64>().unwrap()) + 1;
                    if next > 10 {
                        return wins;
                    }
                    let added = written(&table, &[(next, "x")]).await;
                    let request = CommitRequest {
                        added,
                        position: Some(next.to_string()),
                        blind_append: true,
                        ..CommitRequest::default()
                    };
                    match table.commit(request).await {
                        Ok(_) => wins += 1,
                        Err(error) => assert!(error.is_retryable(), "{error:?}"),
                    }
                }
            })
        })
        .collect();
    let mut wins = 0;
    for task in tasks {
        wins += task.await.unwrap();
    }
    assert_eq!(wins, 10);
    let expected: HashSet<String> = (1..=10).map(|n| format!("{n}|x")).collect();
    let found = rows(&place.open("t").await).await;
    assert_eq!(found.len(), 10);
    assert_eq!(found.into_iter().collect::<HashSet<_>>(), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn appends_pass_each_other_but_other_commits_do_not() {
    let place = Place::new();
    let mut first = place.create("t", pairs_schema()).await;
    append(&mut first, &pairs(&[(0, "z")]), None, "r").await;
    let mut second = place.open("t").await;
    let mut third = place.open("t").await;
    let mut fourth = place.open("t").await;
    let file = first.files().unwrap()[0].path.clone();

    append(&mut first, &pairs(&[(1, "a")]), None, "r").await;
    append(&mut second, &pairs(&[(2, "b")]), None, "r").await;
    assert_eq!(second.version(), 3);
    assert_eq!(rows(&second).await, ["0|z", "1|a", "2|b"]);

    let error =
        third.commit(CommitRequest { removed: vec![file.clone()], ..CommitRequest::default() }).await.unwrap_err();
    assert!(matches!(error, LakeError::Conflict { .. }), "{error:?}");

    third.refresh().await.unwrap();
    let outcome =
        third.commit(CommitRequest { removed: vec![file.clone()], ..CommitRequest::default() }).await.unwrap();
    assert_eq!(outcome, CommitOutcome::Committed { version: 4 });
    assert_eq!(rows(&third).await, ["1|a", "2|b"]);
    let error =
        fourth.commit(CommitRequest { removed: vec![file.clone()], ..CommitRequest::default() }).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    let error = third.commit(CommitRequest { removed: vec![file], ..CommitRequest::default() }).await.unwrap_err();
    assert!(matches!(error, LakeError::NoSuchFile { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_was_replaced_conflicts() {
    let place = Place::new();
    let mut table = place.create("t", pairs_schema()).await;
    std::fs::remove_dir_all(place.dir.path().join("t")).unwrap();
    let mut other = place.create("t", pairs_schema()).await;
    append(&mut other, &pairs(&[(1, "a")]), None, "r").await;
    let added = written(&table, &[(2, "b")]).await;
    let error =
        table.commit(CommitRequest { added, blind_append: true, ..CommitRequest::default() }).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn position_and_rows_survive_checkpoints_and_a_cleaned_log() {
    let place = Place::new();
    let mut table = place.create("t", pairs_schema()).await;
    for n in 1..=25 {
        append(&mut table, &pairs(&[(n, "x")]), Some(&n.to_string()), "r").await;
    }
    let log = place.dir.path().join("t/_delta_log");
    assert!(log.join("00000000000000000019.checkpoint.parquet").exists());
    for version in 0..19 {
        std::fs::remove_file(log.join(format!("{version:020}.json"))).unwrap();
    }
    let table = place.open("t").await;
    assert_eq!(table.position().await.unwrap().as_deref(), Some("25"));
    assert_eq!(rows(&table).await.len(), 25);
    assert_eq!(table.added_since(3).await.unwrap(), Added::Unknown);
    let Added::Known { files, .. } = table.added_since(22).await.unwrap() else {
        panic!("the log is there");
    };
    assert_eq!(files.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_since_a_version_is_known_with_its_runs() {
    let place = Place::new();
    let mut table = place.create("t", pairs_schema()).await;
    append(&mut table, &pairs(&[(1, "a")]), None, "run-1").await;
    append(&mut table, &pairs(&[(2, "b")]), None, "run-2").await;
    append(&mut table, &pairs(&[(3, "c")]), None, "run-3").await;
    let Added::Known { files, run_ids, .. } = table.added_since(1).await.unwrap() else {
        panic!("the log is there");
    };
    assert_eq!(run_ids, Some(HashSet::from(["run-2".to_owned(), "run-3".to_owned()])));
    let request = ScanRequest {
        files: Some(files.iter().map(|file| file.path.clone()).collect()),
        columns: Some(names(&["v", "k"])),
        ..ScanRequest::default()
    };
    let batch = collect(table.scan(request).await.unwrap()).await;
    assert_eq!(lines(&batch), ["b|2", "c|3"]);
    assert_eq!(
        table.added_since(3).await.unwrap(),
        Added::Known { files: vec![], run_ids: Some(HashSet::new()), lost_rows: false, taken_by: BTreeSet::new() }
    );
    assert_eq!(table.added_since(99).await.unwrap(), Added::Unknown);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_column_holds_paths_of_the_log() {
    let place = Place::new();
    let mut table = place.create("a table", pairs_schema()).await;
    append(&mut table, &pairs(&[(1, "a")]), None, "r").await;
    append(&mut table, &pairs(&[(2, "b")]), None, "r").await;
    let request = ScanRequest {
        columns: Some(names(&["k"])),
        with_file_column: Some("file".to_owned()),
        ..ScanRequest::default()
    };
    let batch = collect(table.scan(request).await.unwrap()).await;
    let mut found: Vec<String> = lines(&batch).iter().map(|line| line.split('|').nth(1).unwrap().to_owned()).collect();
    found.sort();
    let files: Vec<String> = table.files().unwrap().into_iter().map(|file| file.path).collect();
    assert_eq!(found, files);

    let request = ScanRequest { files: Some(names(&["absent.parquet"])), ..ScanRequest::default() };
    assert!(matches!(table.scan(request).await.err(), Some(LakeError::NoSuchFile { .. })));
    let request = ScanRequest { files: Some(vec![]), ..ScanRequest::default() };
    assert_eq!(collect(table.scan(request).await.unwrap()).await.num_rows(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_aborted_writer_leaves_no_file() {
    let place = Place::new();
    let table = place.create("t", pairs_schema()).await;
    let mut writer = table.writer().unwrap();
    writer.write(&pairs(&[(1, "a")])).await.unwrap();
    writer.abort().await;
    written(&table, &[(1, "a")]).await.discard().await;
    assert_eq!(data_files(&place, "t"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_that_do_not_fit_are_refused_by_column() {
    let place = Place::new();
    let table = place.create("t", pairs_schema()).await;
    let mut writer = table.writer().unwrap();
    let less = pairs(&[(1, "a")]).project(&[0]).unwrap();
    let error = writer.write(&less).await.unwrap_err();
    assert!(matches!(&error, LakeError::MissingColumn { column, .. } if column == "v"), "{error}");
    writer.abort().await;
}

/// Values of the rows as they lie in the files, in the order of their paths.
async fn values_as_written(table: &Table) -> Vec<String> {
    let rows = collect(table.scan(ScanRequest::default()).await.unwrap()).await;
    rows.column(1).as_string::<i32>().iter().flatten().map(str::to_owned).collect()
}

#[tokio::test]
async fn rows_of_a_clustered_table_are_sorted_in_its_files() {
    let place = Place::new();
    let mut table = place.create("t", pairs_schema()).await;
    table.cluster_by(&names(&["v", "gone"]));
    let mut writer = table.writer().unwrap();
    for rows in [pairs(&[(1, "c"), (2, "a")]), pairs(&[(3, "b"), (4, "a")])] {
        writer.write(&rows).await.unwrap();
    }
    let added = writer.finish().await.unwrap();
    let outcome = table.commit(CommitRequest { added, ..CommitRequest::default() }).await.unwrap();
    assert!(matches!(outcome, CommitOutcome::Committed { version: 1 }), "{outcome:?}");
    assert_eq!(values_as_written(&table).await, ["a", "a", "b", "c"]);
    let mut earlier = table.at_version(0).await.unwrap();
    let rows = vec![pairs(&[(5, "z"), (6, "x"), (7, "y")])];
    let report = apply(&mut earlier, UpsertRequest { stage: true, ..request(rows) }).await;
    assert_eq!(report.inserted, 3);
    assert_eq!(values_as_written(&earlier).await, ["x", "y", "z"], "a handle at another version sorts too");
    let mut refreshed = place.create("refreshed", pairs_schema()).await;
    refreshed.cluster_by(&names(&["v"]));
    refreshed.refresh().await.unwrap();
    apply(&mut refreshed, request(vec![pairs(&[(5, "z"), (6, "x"), (7, "y")])])).await;
    assert_eq!(values_as_written(&refreshed).await, ["x", "y", "z"], "and so does one that moved on");
}
