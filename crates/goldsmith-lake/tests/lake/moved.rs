//! Staged upserts whose rows somebody else moved before the commit, when the upserts are too many or too large to be remembered.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use goldsmith_lake::{
    CommitOutcome, CommitRequest, ErrorKind, Lake, LakeOptions, Location, MemoryBounds, StoreLayer, Table,
    UpsertRequest, WriteMode, WrittenFiles,
};
use object_store::path::Path;
use object_store::{ObjectStore, PutOptions};
use serde_json::json;
use url::Url;

use crate::history::{History, Kind, Row};
use crate::intercepted::{Interceptor, intercepted};
use crate::noted::Noted;
use crate::others::foreign_table;
use crate::races::{MODES, files_ending, filled, metric, moved, paths, unreferenced};
use crate::support::{Place, append, apply, pairs, pairs_schema, request, rows, versions_schema};

/// Stages upserts of all kinds that build on each other.
async fn stage(table: &mut Table, history: &mut History, chunks: &[(Kind, &[Row<'_>])], write_mode: WriteMode) {
    for (number, (kind, changes)) in chunks.iter().enumerate() {
        let (request, fates) = history.upsert(*kind, changes, "ours");
        let report = apply(table, UpsertRequest { write_mode, stage: true, ..request }).await;
        assert_eq!(History::fates(&report), fates, "chunk {number} {write_mode:?}");
    }
}

/// Chunks for the table that all race for: rows that change, that go and that are new, some of which are those of a chunk before.
const CHUNKS: [(Kind, &[Row<'_>]); 4] = [
    (Kind::Plain, &[("b", 1, "o"), ("c", 0, "n"), ("g", 0, "n")]),
    (Kind::Timeline, &[("a", 1, "n"), ("g", 0, "n"), ("g", 1, "n")]),
    (Kind::Sequence, &[("e", 0, "o"), ("c", 0, "a"), ("d", 0, "m")]),
    (Kind::Timeline, &[("c", 1, "o"), ("g", 1, "o")]),
];

#[tokio::test(flavor = "multi_thread")]
async fn only_what_was_taken_is_looked_for_and_only_where_rows_came() {
    for write_mode in MODES {
        let place = Place::new();
        let mut history = History::default();
        let mut table = place.create("t", versions_schema()).await;
        // Too large to be merged, and with a row that we change.
        let ids: Vec<String> = (0..30_000).map(|n| format!("l{}", n * 7_919 % 104_729)).collect();
        let large: Vec<Row<'_>> = ids.iter().map(|id| (id.as_str(), 0, "m")).collect();
        append(&mut table, &history.append(&large, "r0"), None, "r0").await;
        for id in ["a", "b", "c", "d"] {
            append(&mut table, &history.append(&[(id, 0, "m"), (id, 1, "m")], "r0"), None, "r0").await;
        }
        let noted = Noted::default();
        let lake = Lake::new(LakeOptions { layer: Some(Arc::new(noted.clone())), ..LakeOptions::default() });
        let mut ours = lake.open(&place.at("t")).await.unwrap().unwrap();
        let chunks: [(Kind, &[Row<'_>]); 3] = [
            (Kind::Timeline, &[("a", 0, "m"), ("b", 0, "n"), ("l0", 0, "n"), ("new", 0, "n")]),
            (Kind::Plain, &[("b", 0, "o"), ("c", 1, "n"), ("new", 0, "o")]),
            (Kind::Timeline, &[("c", 0, "m"), ("new", 3, "n")]),
        ];
        stage(&mut ours, &mut history, &chunks, write_mode).await;
        noted.take();

        let options = LakeOptions { target_file_size: 16 * 1024, ..LakeOptions::default() };
        let mut other = Lake::new(options).open(&place.at("t")).await.unwrap().unwrap();
        let merged = other.compact("winner", false).await.unwrap();
        assert_eq!((merged.small_files, merged.files_after), (4, 2), "the large file stays");
        let committed = CommitRequest { position: Some("p".to_owned()), ..CommitRequest::default() };
        let outcome = ours.commit(committed).await.unwrap();
        assert_eq!(outcome, CommitOutcome::Committed { version: 7 }, "{write_mode:?}");
        // The files of `a`, `b` and `c`, of which only the keys are read, and the one that came; neither ours nor the large one.
        assert_eq!(noted.take().len(), 4, "{write_mode:?}");
        let table = place.open("t").await;
        assert_eq!(rows(&table).await, history.lines(), "{write_mode:?}");
        assert_eq!(table.position().await.unwrap().as_deref(), Some("p"));
        assert_eq!(unreferenced(&place, "t"), Vec::<String>::new(), "{write_mode:?}");
        assert_eq!(metric(&place, "t", 7, "numTargetFilesReprobed"), Some(1), "{write_mode:?}");
        if write_mode == WriteMode::MergeOnRead {
            // The large file, two that chunks after them changed, and the one that came; not those that are gone.
            assert_eq!(metric(&place, "t", 7, "numTargetFilesMaskedAlways"), Some(4));
            assert_eq!(metric(&place, "t", 7, "numTargetFilesEmptied"), Some(0));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_were_dead_before_are_not_taken() {
    for write_mode in MODES {
        let place = Place::new();
        // There is a dead row beside `b` 1, and the row that replaced it lives in another file.
        let mut history = filled(&place).await;
        let mut ours = place.open("t").await;
        stage(&mut ours, &mut history, &CHUNKS, write_mode).await;
        place.open("t").await.compact("winner", false).await.unwrap();
        let outcome = ours.commit(CommitRequest::default()).await.unwrap();
        assert!(matches!(outcome, CommitOutcome::Committed { .. }), "{write_mode:?}");
        assert_eq!(rows(&place.open("t").await).await, history.lines(), "{write_mode:?}");
        assert_eq!(unreferenced(&place, "t"), Vec::<String>::new(), "{write_mode:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn more_keys_than_fit_are_looked_for_in_parts() {
    let bounds = MemoryBounds { files: 1, queries: 1 << 24 };
    let little = Lake::new(LakeOptions { threads: 2, memory: Some(bounds), ..LakeOptions::default() });
    for write_mode in MODES {
        // One upsert is too large to be remembered, too.
        for steps in [&[(7, "y")][..], &[(7, "y"), (5, "z")]] {
            let case = format!("{write_mode:?} {steps:?}");
            let place = Place::new();
            let mut table = place.create("t", pairs_schema()).await;
            for start in (0..40_000).step_by(10_000) {
                let keys: Vec<(i64, &str)> = (start..start + 10_000).map(|key| (key, "x")).collect();
                append(&mut table, &pairs(&keys), None, "r").await;
            }
            let mut ours = little.open(&place.at("t")).await.unwrap().unwrap();
            for (step, value) in steps {
                let changes: Vec<(i64, &str)> = (0..40_000).step_by(*step).map(|key| (key, *value)).collect();
                apply(&mut ours, UpsertRequest { write_mode, stage: true, ..request(vec![pairs(&changes)]) }).await;
            }
            place.open("t").await.compact("winner", false).await.unwrap();
            let outcome = ours.commit(CommitRequest::default()).await.unwrap();
            assert_eq!(outcome, CommitOutcome::Committed { version: 6 }, "{case}");
            // The same file for each part, and what became of it.
            let looked = metric(&place, "t", 6, "numTargetFilesReprobed").unwrap();
            assert!(looked >= 4, "{case}: {looked} files");
            let found = rows(&place.open("t").await).await;
            let count = |value: &str| found.iter().filter(|row| row.ends_with(value)).count();
            let replaced = if steps.len() == 1 { 0 } else { 8_000 };
            let changed = if steps.len() == 1 { 5_715 } else { 5_715 - 1_143 };
            assert_eq!((count("|y"), count("|z"), found.len()), (changed, replaced, 40_000), "{case}");
            assert_eq!(unreferenced(&place, "t"), Vec::<String>::new(), "{case}");
            // That of the file that came, and that of the rows of one step which the next one replaced.
            let vectors = files_ending(&place, "t", ".bin");
            assert!(vectors.len() <= steps.len(), "{case}: {vectors:?}");
        }
    }
}

/// Whoever passes through it writes an entry of the log too late, so many times: all rows of the table have just been moved.
#[derive(Debug, Clone)]
struct Overtaken {
    lake: Lake,
    location: Location,
    times: Arc<AtomicUsize>,
}

impl StoreLayer for Overtaken {
    fn wrap(&self, store: Arc<dyn ObjectStore>) -> Arc<dyn ObjectStore> {
        intercepted(store, self.clone())
    }
}

#[async_trait]
impl Interceptor for Overtaken {
    async fn before_put(&self, location: &Path, options: PutOptions) -> PutOptions {
        let is_entry = location.filename().is_some_and(|name| name.len() == 25 && name.ends_with(".json"));
        let left = self.times.load(Ordering::SeqCst);
        if is_entry && left > 0 {
            self.times.store(left - 1, Ordering::SeqCst);
            let mut other = self.lake.open(&self.location).await.unwrap().unwrap();
            let files = paths(&other);
            moved(&mut other, files).await;
        }
        options
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_followed_again_and_again_and_not_for_ever() {
    // The last one is more often than a commit tries.
    for (times, goes_through) in [(1, true), (4, true), (40, false)] {
        for write_mode in [WriteMode::MergeOnRead, WriteMode::CopyOnWrite] {
            let case = format!("{times} times {write_mode:?}");
            let place = Place::new();
            let mut history = filled(&place).await;
            let before = history.lines();
            let by = Overtaken {
                lake: place.lake.clone(),
                location: place.at("t"),
                times: Arc::new(AtomicUsize::new(times)),
            };
            let layer: Arc<dyn StoreLayer> = Arc::new(by);
            let lake = Lake::new(LakeOptions { threads: 2, layer: Some(layer), ..LakeOptions::default() });
            let mut ours = lake.open(&place.at("t")).await.unwrap().unwrap();
            let version = ours.version();
            stage(&mut ours, &mut history, &CHUNKS, write_mode).await;
            let outcome = ours.commit(CommitRequest::default()).await;
            let expected = if goes_through { history.lines() } else { before };
            assert_eq!(rows(&place.open("t").await).await, expected, "{case}");
            assert_eq!(unreferenced(&place, "t"), Vec::<String>::new(), "{case}");
            if goes_through {
                let version = version + times as u64 + 1;
                assert_eq!(outcome.unwrap(), CommitOutcome::Committed { version }, "{case}");
                let looked = metric(&place, "t", version, "numTargetFilesReprobed");
                assert_eq!(looked, Some(times as u64), "{case}");
            } else {
                let error = outcome.unwrap_err();
                assert!(error.kind() == ErrorKind::Conflict && error.is_retryable(), "{case}: {error}");
                assert!(error.to_string().contains("faster each time"), "{case}: {error}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_followed_is_a_conflict_that_leaves_no_file() {
    for (name, cause) in
        [("changed", "rows were added"), ("twice", "several times"), ("deleted", "is deleted"), ("both", "was removed")]
    {
        let place = Place::new();
        let mut table = place.create("t", pairs_schema()).await;
        for other in [2, 3, 4] {
            let key = if name == "twice" { 1 } else { other + 10 };
            append(&mut table, &pairs(&[(key, "a"), (other, "a")]), None, "r").await;
        }
        let mut ours = place.open("t").await;
        let staged = |batch| UpsertRequest { write_mode: WriteMode::CopyOnWrite, stage: true, ..request(vec![batch]) };
        // The first file is rewritten, with a row that stays.
        apply(&mut ours, staged(pairs(&[(2, "b")]))).await;
        apply(&mut ours, staged(pairs(&[(2, "c"), (9, "c")]))).await;
        let held = paths(&table);
        if name == "both" {
            // Whatever is in a file, whoever takes it out by its name means this one.
            let kept = paths(&ours).into_iter().find(|path| held.contains(path)).unwrap();
            ours.stage(WrittenFiles::default(), &[kept]).await;
        }
        moved(&mut table, held.clone()).await;
        match name {
            "changed" => append(&mut table, &pairs(&[(5, "w")]), None, "w").await,
            "deleted" => {
                for path in &held {
                    std::fs::remove_file(place.dir.path().join("t").join(path)).unwrap();
                }
            }
            _ => {}
        }
        let expected = rows(&place.open("t").await).await;
        let error = ours.commit(CommitRequest::default()).await.unwrap_err();
        assert!(error.kind() == ErrorKind::Conflict && error.is_retryable(), "{name}: {error}");
        assert!(error.to_string().contains(cause), "{name}: {error}");
        assert!(!ours.has_staged(), "{name}");
        assert_eq!(unreferenced(&place, "t"), Vec::<String>::new(), "{name}");
        assert_eq!(rows(&place.open("t").await).await, expected, "{name}");
        // Begun anew it goes through.
        ours.refresh().await.unwrap();
        assert_eq!(apply(&mut ours, request(vec![pairs(&[(2, "c"), (9, "c")])])).await.inserted, 1, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_followed_into_files_of_delta_rs() {
    for write_mode in MODES {
        let place = Place::new();
        let mut table = foreign_table(&place, json!({"minReaderVersion": 1, "minWriterVersion": 2})).await;
        for key in [1, 3, 5, 7] {
            append(&mut table, &pairs(&[(key, "a"), (key + 1, "a")]), None, "r").await;
        }
        let mut ours = place.open("t").await;
        for changes in [pairs(&[(1, "b"), (4, "b"), (9, "b")]), pairs(&[(4, "c"), (5, "c"), (6, "c"), (9, "c")])] {
            apply(&mut ours, UpsertRequest { write_mode, stage: true, ..request(vec![changes]) }).await;
        }
        let url = Url::from_directory_path(table.location().local_path().unwrap()).unwrap();
        let (theirs, _) = deltalake::open_table(url).await.unwrap().optimize().await.unwrap();
        assert_eq!(theirs.version(), Some(5));
        let outcome = ours.commit(CommitRequest::default()).await.unwrap();
        assert_eq!(outcome, CommitOutcome::Committed { version: 6 }, "{write_mode:?}");
        let expected = ["1|b", "2|a", "3|a", "4|c", "5|c", "6|c", "7|a", "8|a", "9|c"];
        assert_eq!(rows(&place.open("t").await).await, expected, "{write_mode:?}");
        assert_eq!(metric(&place, "t", 6, "numTargetFilesReprobed"), Some(1), "{write_mode:?}");
        assert_eq!(unreferenced(&place, "t"), Vec::<String>::new(), "{write_mode:?}");
    }
}
