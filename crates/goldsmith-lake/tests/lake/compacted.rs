//! Staged upserts whose files somebody else compacted.

use std::sync::Arc;

use goldsmith_lake::{CommitOutcome, CommitRequest, Lake, LakeOptions, UpsertRequest, WriteMode, upsert};

use crate::history::{History, Kind, Row};
use crate::noted::Noted;
use crate::races::{MODES, files_ending, unreferenced};
use crate::support::{Place, append, apply, pairs, pairs_schema, request, rows, versions_schema};

#[tokio::test(flavor = "multi_thread")]
async fn a_staged_upsert_follows_its_rows_into_compacted_files_and_reads_no_others() {
    for write_mode in MODES {
        let place = Place::new();
        let mut history = History::default();
        let mut table = place.create("t", versions_schema()).await;
        // Too large to be merged, and with rows that we change.
        let ids: Vec<String> = (0..30_000).map(|n| format!("l{}", n * 7_919 % 104_729)).collect();
        let large: Vec<Row<'_>> = ids.iter().map(|id| (id.as_str(), 0, "m")).collect();
        append(&mut table, &history.append(&large, "r0"), None, "r0").await;
        for id in ["a", "b", "c", "d"] {
            append(&mut table, &history.append(&[(id, 0, "m"), (id, 1, "m")], "r0"), None, "r0").await;
        }
        let noted = Noted::default();
        let lake = Lake::new(LakeOptions { layer: Some(Arc::new(noted.clone())), ..LakeOptions::default() });
        let mut ours = lake.open(&place.at("t")).await.unwrap().unwrap();
        let changes = [("a", 0, "m"), ("b", 0, "n"), ("c", 1, "n"), ("l0", 0, "n"), ("new", 0, "n")];
        let (request, fates) = history.upsert(Kind::Timeline, &changes, "ours");
        let request = UpsertRequest { write_mode, stage: true, ..request };
        let report = upsert(&mut ours, request).await.unwrap();
        assert_eq!(History::fates(&report), fates, "{write_mode:?}");
        assert_eq!(noted.take().len(), 4, "{write_mode:?}");

        let options = LakeOptions { target_file_size: 16 * 1024, ..LakeOptions::default() };
        let mut other = Lake::new(options).open(&place.at("t")).await.unwrap().unwrap();
        let merged = other.compact("winner", false).await.unwrap();
        assert_eq!((merged.small_files, merged.files_after), (4, 2), "the large file stays");
        let committed = CommitRequest { position: Some("p".to_owned()), ..CommitRequest::default() };
        let outcome = ours.commit(committed).await.unwrap();
        assert_eq!(outcome, CommitOutcome::Committed { version: 7 }, "{write_mode:?}");
        // The compacted file is looked into; only a file of which rows are copied is read once more.
        let read = noted.take();
        assert_eq!(read.len(), if write_mode == WriteMode::MergeOnRead { 1 } else { 2 }, "{write_mode:?}");
        let table = place.open("t").await;
        assert_eq!(rows(&table).await, history.lines(), "{write_mode:?}");
        assert_eq!(table.position().await.unwrap().as_deref(), Some("p"));
        assert_eq!(unreferenced(&place, "t"), Vec::<String>::new(), "{write_mode:?}");
        let entry = place.dir.path().join("t/_delta_log/00000000000000000007.json");
        assert!(std::fs::read_to_string(entry).unwrap().contains(r#""numTargetFilesReprobed":1"#), "{write_mode:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn vectors_of_files_that_were_compacted_are_replaced() {
    let place = Place::new();
    let mut table = place.create("t", pairs_schema()).await;
    for start in (0..40_000).step_by(10_000) {
        let keys: Vec<(i64, &str)> = (start..start + 10_000).map(|key| (key, "x")).collect();
        append(&mut table, &pairs(&keys), None, "r").await;
    }
    let changes: Vec<(i64, &str)> = (0..40_000).step_by(7).map(|key| (key, "y")).collect();
    let changed = UpsertRequest { write_mode: WriteMode::MergeOnRead, stage: true, ..request(vec![pairs(&changes)]) };
    assert_eq!(apply(&mut table, changed).await.files_masked, 4);
    let before = files_ending(&place, "t", ".bin");
    place.open("t").await.compact("winner", false).await.unwrap();
    let written = files_ending(&place, "t", ".parquet").len();
    assert!(matches!(table.commit(CommitRequest::default()).await.unwrap(), CommitOutcome::Committed { version: 6 }));
    let after = files_ending(&place, "t", ".bin");
    assert!(before.len() == 1 && after.len() == 1 && before != after, "{before:?} {after:?}");
    assert_eq!(files_ending(&place, "t", ".parquet").len(), written, "the new rows stay where they are");
    let found = rows(&place.open("t").await).await;
    assert_eq!((found.len(), found.iter().filter(|row| row.ends_with("|y")).count()), (40_000, changes.len()));
}
