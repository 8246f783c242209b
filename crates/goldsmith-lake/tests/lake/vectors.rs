//! Rows that are deleted by deletion vectors.

use std::collections::BTreeSet;

use futures::TryStreamExt;
use goldsmith_lake::{
    CommitOutcome, CommitRequest, FileFates, ScanRequest, Table, UpsertReport, UpsertRequest, WriteMode, upsert,
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

use crate::guarded::{actions, change};
use crate::support::{Place, append, lines, names, pairs, pairs_schema, rows};

fn masking(rows: &[(i64, &str)]) -> UpsertRequest {
    UpsertRequest {
        key: names(&["k"]),
        group: names(&["k"]),
        rows: vec![pairs(rows)],
        write_mode: WriteMode::MergeOnRead,
        operation: "MERGE".to_owned(),
        ..UpsertRequest::default()
    }
}

async fn filled(place: &Place, keys: std::ops::Range<i64>) -> Table {
    let mut table = place.create("t", pairs_schema()).await;
    append(&mut table, &pairs(&keys.map(|key| (key, "x")).collect::<Vec<_>>()), None, "r").await;
    table
}

/// The data files of the table's directory, by name.
fn data_files(place: &Place) -> Vec<String> {
    let entries = std::fs::read_dir(place.dir.path().join("t")).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains('.'))
        .collect();
    names.sort();
    names
}

fn log_entry(place: &Place, version: u64) -> String {
    std::fs::read_to_string(place.dir.path().join(format!("t/_delta_log/{version:020}.json"))).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_without_statistics_gets_the_number_of_its_rows_with_its_vector() {
    let place = Place::new();
    filled(&place, 0..100).await;
    let lines: Vec<String> = log_entry(&place, 1)
        .lines()
        .map(|line| {
            let mut action: Value = serde_json::from_str(line).unwrap();
            if let Some(add) = action.get_mut("add") {
                add.as_object_mut().unwrap().remove("stats").unwrap();
            }
            action.to_string()
        })
        .collect();
    std::fs::write(place.dir.path().join("t/_delta_log/00000000000000000001.json"), lines.join("\n")).unwrap();
    let mut table = place.open("t").await;
    assert_eq!(table.files().unwrap()[0].num_records, None);
    upsert(&mut table, masking(&[(5, "y")])).await.unwrap();
    let masked = actions(&place, "t", 2, "add").into_iter().find(|add| !add["deletionVector"].is_null()).unwrap();
    let stats: Value = serde_json::from_str(masked["stats"].as_str().unwrap()).unwrap();
    assert_eq!((&stats["numRecords"], &stats["tightBounds"]), (&json!(100), &json!(false)));
    assert_eq!(place.open("t").await.num_rows().await.unwrap(), 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_stays_and_its_changed_rows_go() {
    let place = Place::new();
    let mut table = filled(&place, 0..100).await;
    let before = table.files().unwrap();
    let report = upsert(&mut table, masking(&[(5, "y"), (7, "x"), (200, "z")])).await.unwrap();
    let expected = UpsertReport {
        inserted: 1,
        updated: 1,
        unchanged: 1,
        files_masked: 1,
        files_added: 1,
        file_fates: FileFates { masked_always: 1, ..FileFates::default() },
        version: Some(2),
        ..UpsertReport::default()
    };
    assert_eq!(report, expected);
    let mut table = place.open("t").await;
    let after = table.files().unwrap();
    let kept = after.iter().find(|file| file.path == before[0].path).expect("the file is still there");
    assert_eq!((kept.num_records, table.num_rows().await.unwrap()), (Some(99), 101));

    // The vector of the old file grows, and the file of the first change gets one.
    let report = upsert(&mut table, masking(&[(5, "Y"), (6, "y")])).await.unwrap();
    assert_eq!((report.updated, report.files_masked, report.files_removed), (2, 2, 0));
    let found = rows(&place.open("t").await).await;
    assert_eq!(found.len(), 101);
    for row in ["5|Y", "6|y", "7|x", "200|z"] {
        assert!(found.iter().any(|found| found == row), "{row} is not among {found:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_tells_why_files_were_rewritten_or_masked() {
    for stage in [false, true] {
        let place = Place::new();
        let mut table = filled(&place, 0..100).await;
        let steps = [
            (1..2, WriteMode::MergeOnRead, "numTargetFilesMaskedAlways", 1),
            (2..3, WriteMode::Auto, "numTargetFilesRewrittenAsSmall", 1),
            (3..40, WriteMode::Auto, "numTargetFilesRewrittenAsManyDeleted", 1),
            (50..51, WriteMode::CopyOnWrite, "numTargetFilesRewrittenAlways", 1),
            (0..100, WriteMode::MergeOnRead, "numTargetFilesEmptied", 2),
        ];
        for (keys, write_mode, reason, files) in steps {
            let changed: Vec<(i64, &str)> = keys.map(|key| (key, reason)).collect();
            let report = upsert(&mut table, UpsertRequest { write_mode, stage, ..masking(&changed) }).await.unwrap();
            if stage {
                // Who commits has numbers of its own.
                let metrics = serde_json::Map::from_iter([("ours".to_owned(), json!(7))]);
                let _ = table.commit(CommitRequest { metrics, ..CommitRequest::default() }).await.unwrap();
            }
            let info = actions(&place, "t", table.version(), "commitInfo").remove(0);
            let told = &info["operationMetrics"];
            assert_eq!(told[reason], files, "staged: {stage}, {told}");
            assert_eq!(report.metrics()[reason], files, "{report:?}");
            let others = [
                "MaskedAlways",
                "MaskedByCost",
                "RewrittenAsSmall",
                "RewrittenAsManyDeleted",
                "RewrittenAlways",
                "Emptied",
            ];
            let all = others.map(|name| told[format!("numTargetFiles{name}")].as_u64().unwrap());
            assert_eq!(all.iter().sum::<u64>(), files, "staged: {stage}, {told}");
            assert_eq!(told["ours"].is_null(), !stage, "{told}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_feature_comes_with_the_first_vector() {
    let place = Place::new();
    let mut table = filled(&place, 0..10).await;
    upsert(&mut table, UpsertRequest { write_mode: WriteMode::CopyOnWrite, ..masking(&[(1, "y")]) }).await.unwrap();
    assert!(!log_entry(&place, 2).contains("deletionVector"), "rewriting needs no feature");
    upsert(&mut table, masking(&[(2, "y")])).await.unwrap();
    let entry = log_entry(&place, 3);
    assert!(entry.contains(r#""readerFeatures":["deletionVectors"]"#), "{entry}");
    assert!(entry.contains(r#""delta.enableDeletionVectors":"true""#), "{entry}");
    assert!(entry.contains(r#"\"tightBounds\":false"#), "{entry}");
    assert!(entry.contains(r#""numTargetDeletionVectorsAdded":1"#), "{entry}");
    upsert(&mut table, masking(&[(3, "y")])).await.unwrap();
    assert!(!log_entry(&place, 4).contains("readerFeatures"), "it is there already");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_wants_no_vectors_gets_none() {
    let place = Place::new();
    place.create("t", pairs_schema()).await;
    change(&place, "t", &[], &[], |metadata| {
        metadata["configuration"]["delta.enableDeletionVectors"] = json!("false");
    });
    let mut table = place.open("t").await;
    // More than what is cheap to copy, however well it is compressed.
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let texts: Vec<String> =
        (0..4_000).map(|_| (0..1_000).map(|_| char::from(random.random_range(b'!'..=b'~'))).collect()).collect();
    let data: Vec<(i64, &str)> = (0..).zip(texts.iter().map(String::as_str)).collect();
    append(&mut table, &pairs(&data), None, "r").await;
    assert!(table.files().unwrap()[0].size > 5 * 1024 * 1024 / 2);
    for (key, write_mode) in [(1, WriteMode::Auto), (2, WriteMode::MergeOnRead)] {
        let report = upsert(&mut table, UpsertRequest { write_mode, ..masking(&[(key, "y")]) }).await.unwrap();
        assert_eq!((report.files_masked, report.file_fates.copied_always), (0, 1), "{write_mode:?}");
        let entry = log_entry(&place, table.version());
        assert!(!entry.contains("deletionVector") && !entry.contains("metaData"), "{write_mode:?}: {entry}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn scattered_rows_make_a_file_of_vectors() {
    let place = Place::new();
    let mut table = filled(&place, 0..60_000).await;
    let changes: Vec<(i64, &str)> = (0..60_000).step_by(7).map(|key| (key, "y")).collect();
    let report = upsert(&mut table, masking(&changes)).await.unwrap();
    assert_eq!((report.updated, report.files_masked), (changes.len() as u64, 1));
    assert!(data_files(&place).iter().any(|name| name.starts_with("deletion_vector_")), "{:?}", data_files(&place));
    let table = place.open("t").await;
    assert_eq!(table.num_rows().await.unwrap(), 60_000);
    let found = rows(&table).await;
    assert_eq!(found.iter().filter(|row| row.ends_with("|y")).count(), changes.len());
    assert_eq!(found.len(), 60_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_without_living_rows_goes() {
    let place = Place::new();
    let mut table = filled(&place, 0..3).await;
    upsert(&mut table, masking(&[(0, "a")])).await.unwrap();
    let report = upsert(&mut table, masking(&[(1, "b"), (2, "c")])).await.unwrap();
    assert_eq!((report.files_masked, report.files_removed), (0, 1));
    assert_eq!(rows(&place.open("t").await).await, ["0|a", "1|b", "2|c"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn staged_vectors_build_on_each_other() {
    let place = Place::new();
    let mut table = filled(&place, 0..100).await;
    let before = data_files(&place);
    let staged = |rows: &[(i64, &str)]| UpsertRequest { stage: true, ..masking(rows) };
    upsert(&mut table, staged(&[(1, "a"), (200, "n")])).await.unwrap();
    // The second step hides further rows of the old file, and a row of the file that the first step wrote.
    upsert(&mut table, staged(&[(2, "b"), (200, "N")])).await.unwrap();
    assert_eq!(table.num_rows().await.unwrap(), 101);
    assert_eq!(rows(&place.open("t").await).await.len(), 100, "others see nothing before the commit");
    let mut loser = place.open("t").await;
    upsert(&mut loser, staged(&[(3, "c")])).await.unwrap();
    assert!(matches!(table.commit(CommitRequest::default()).await.unwrap(), CommitOutcome::Committed { version: 2 }));
    let found = rows(&place.open("t").await).await;
    assert_eq!(found.len(), 101);
    for row in ["1|a", "2|b", "200|N"] {
        assert!(found.iter().any(|found| found == row), "{row} is not among {found:?}");
    }

    // The loser of a race leaves the old file alone, which the winner still shows.
    let error = loser.commit(CommitRequest::default()).await.unwrap_err();
    assert!(error.is_retryable(), "{error}");
    assert!(before.iter().all(|file| data_files(&place).contains(file)), "a file of the version was deleted");
    assert_eq!(rows(&place.open("t").await).await.len(), 101);
}

#[tokio::test(flavor = "multi_thread")]
async fn discarded_vectors_leave_the_table_as_it_was() {
    let place = Place::new();
    let mut table = filled(&place, 0..60_000).await;
    let before = data_files(&place);
    let changes: Vec<(i64, &str)> = (0..60_000).step_by(7).map(|key| (key, "y")).collect();
    upsert(&mut table, UpsertRequest { stage: true, ..masking(&changes) }).await.unwrap();
    assert!(data_files(&place).len() > before.len());
    table.discard_staged().await;
    assert_eq!(data_files(&place), before);
    assert_eq!(rows(&table).await.len(), 60_000);
    assert!(rows(&table).await.iter().all(|row| row.ends_with("|x")));
}

#[tokio::test(flavor = "multi_thread")]
async fn vectors_survive_checkpoints() {
    let place = Place::new();
    let mut table = filled(&place, 0..1_000).await;
    for key in 0..45 {
        upsert(&mut table, masking(&[(key, "y")])).await.unwrap();
    }
    let table = place.open("t").await;
    assert!(place.dir.path().join("t/_delta_log/_last_checkpoint").exists());
    let found = rows(&table).await;
    assert_eq!((found.len(), table.num_rows().await.unwrap()), (1_000, 1_000));
    assert_eq!(found.iter().filter(|row| row.ends_with("|y")).count(), 45);
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_of_what_is_new_pass_over_files_that_only_lost_rows() {
    let place = Place::new();
    let mut table = filled(&place, 0..100).await;
    let before = table.files().unwrap();
    let version = table.version();
    upsert(&mut table, masking(&[(5, "y")])).await.unwrap();
    let goldsmith_lake::Added::Known { files, .. } = table.added_since(version).await.unwrap() else {
        panic!("the log tells it all");
    };
    assert_eq!(files.len(), 1);
    assert!(files.iter().all(|file| file.path != before[0].path && file.num_records == Some(1)), "{files:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_came_went_or_lost_rows_tell_two_versions_apart() {
    let place = Place::new();
    let mut table = filled(&place, 0..1_000).await;
    append(&mut table, &pairs(&[(2_000, "w")]), None, "r").await;
    let version = table.version();
    upsert(&mut table, masking(&[(5, "y"), (3_000, "z")])).await.unwrap();
    let changed = table.changed_since(version).await.unwrap();
    let rows_of = async |table: &Table, files: &[String]| {
        let request = ScanRequest { files: Some(files.to_vec()), ..ScanRequest::default() };
        let batches: Vec<_> = table.scan(request).await.unwrap().try_collect().await.unwrap();
        batches.iter().flat_map(lines).collect::<BTreeSet<String>>()
    };
    let (gone, come) = (rows_of(&changed.before, &changed.gone).await, rows_of(&table, &changed.come).await);
    assert_eq!((gone.len(), come.len()), (1_000, 1_001), "the file of one row was not touched");
    let differing = |one: &BTreeSet<String>, other: &BTreeSet<String>| {
        one.difference(other).map(|line| line.split('|').next().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!((differing(&gone, &come).len(), differing(&come, &gone).len()), (1, 2), "{:?}", differing(&come, &gone));
    let nothing = table.changed_since(table.version()).await.unwrap();
    assert!(nothing.gone.is_empty() && nothing.come.is_empty());
}
