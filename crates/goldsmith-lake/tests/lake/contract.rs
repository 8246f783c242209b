//! What an upsert promises, on every kind of table: those that our own core writes, and those that delta-rs writes.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BooleanArray, RecordBatch, StringArray};
use goldsmith_lake::{
    CommitOutcome, CommitRequest, ErrorKind, LakeError, Preference, RowProbe, ScanRequest, UpsertPath, UpsertRequest,
    upsert,
};

use crate::guarded::{RULES, Rule, actions, create_with, stored_files};
use crate::support::{Place, append, apply, collect, lines, names, pairs, pairs_schema, request, rows};
use crate::support::{sequenced, timeline, versions, versions_schema};

fn staged(batch: RecordBatch) -> UpsertRequest {
    UpsertRequest { stage: true, ..request(vec![batch]) }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_report_says_who_wrote_and_why() {
    let place = Place::new();
    for rule in RULES {
        let name = format!("{rule:?}");
        let mut table = create_with(&place, &name, pairs_schema(), rule).await;
        let report = apply(&mut table, request(vec![pairs(&[(1, "a")])])).await;
        let why = match report.path {
            UpsertPath::Core => String::new(),
            UpsertPath::Merge(guards) => guards.to_string(),
        };
        let expected = match rule {
            Rule::Nothing => "",
            Rule::Constraint => "check constraints",
            Rule::Invariant => "column invariants",
            Rule::ChangeDataFeed => "change data feed",
            Rule::ColumnMapping => "column mapping",
            Rule::Partitions => "partitions",
        };
        assert_eq!(why, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_inserted_updated_and_left_alone() {
    let place = Place::new();
    for rule in RULES {
        let name = format!("{rule:?}");
        let mut table = create_with(&place, &name, pairs_schema(), rule).await;
        let report = apply(&mut table, request(vec![pairs(&[(1, "a"), (2, "b")]), pairs(&[(3, "c")])])).await;
        assert_eq!((report.inserted, report.version), (3, Some(1)), "{rule:?}");
        let report = apply(&mut table, request(vec![pairs(&[(2, "b"), (3, "C"), (4, "d")])])).await;
        assert_eq!((report.inserted, report.updated, report.unchanged, report.deleted), (1, 1, 1, 0), "{rule:?}");
        // The value is the partition, so that each has a file of its own.
        let expected = if rule == Rule::Partitions { (1, 2, 0) } else { (1, 1, 2) };
        assert_eq!((report.files_removed, report.files_added, report.rows_copied), expected, "{rule:?}");
        assert_eq!(rows(&place.open(&name).await).await, ["1|a", "2|b", "3|C", "4|d"], "{rule:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_rows_commit_nothing_and_a_new_position_commits_only_itself() {
    let place = Place::new();
    for rule in RULES {
        let mut table = create_with(&place, &format!("{rule:?}"), pairs_schema(), rule).await;
        let batch = pairs(&[(1, "a"), (2, "b")]);
        let with_position =
            |position: &str| UpsertRequest { position: Some(position.to_owned()), ..request(vec![batch.clone()]) };
        assert_eq!(apply(&mut table, with_position("1")).await.version, Some(1), "{rule:?}");
        let files = table.files().unwrap();
        assert_eq!(apply(&mut table, with_position("1")).await.version, None, "{rule:?}");
        let report = apply(&mut table, with_position("2")).await;
        assert_eq!((report.version, report.unchanged, report.files_added), (Some(2), 2, 0), "{rule:?}");
        assert_eq!(table.files().unwrap(), files);
        assert_eq!(table.position().await.unwrap().as_deref(), Some("2"));
        let report = apply(&mut table, request(vec![])).await;
        assert_eq!((report.version, report.unchanged, report.files_pruned), (None, 0, files.len()), "{rule:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_position_run_and_numbers_are_in_one_entry() {
    let place = Place::new();
    for rule in RULES {
        let name = format!("{rule:?}");
        let mut table = create_with(&place, &name, pairs_schema(), rule).await;
        append(&mut table, &pairs(&[(1, "a"), (2, "b")]), None, "r").await;
        let changed = UpsertRequest {
            position: Some("there".to_owned()),
            run_id: "run-7".to_owned(),
            ..request(vec![pairs(&[(2, "B"), (3, "c")])])
        };
        let version = apply(&mut table, changed).await.version.unwrap();
        let info = actions(&place, &name, version, "commitInfo").remove(0);
        assert_eq!(info["operation"], "MERGE", "{rule:?}");
        assert_eq!(info["goldsmithRunId"], "run-7");
        assert_eq!(info["operationMetrics"]["numTargetRowsInserted"], 1);
        assert_eq!(info["operationMetrics"]["numTargetRowsUpdated"], 1);
        let position = actions(&place, &name, version, "domainMetadata").remove(0);
        assert_eq!(position["configuration"], "there", "{rule:?}");
        assert!(!actions(&place, &name, version, "add").is_empty());
        assert!(!actions(&place, &name, version, "remove").is_empty());
        assert!(actions(&place, &name, version, "protocol").is_empty(), "{rule:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_files_that_lose_a_row_are_rewritten() {
    let place = Place::new();
    for rule in [Rule::Nothing, Rule::Constraint, Rule::ChangeDataFeed, Rule::ColumnMapping] {
        let mut table = create_with(&place, &format!("{rule:?}"), pairs_schema(), rule).await;
        for start in [0, 100, 200] {
            let keys: Vec<i64> = (start..start + 100).collect();
            let batch = pairs(&keys.iter().map(|k| (*k, "x")).collect::<Vec<_>>());
            append(&mut table, &batch, None, "r").await;
        }
        let before = table.files().unwrap();
        let report = apply(&mut table, request(vec![pairs(&[(5, "x"), (150, "y"), (151, "x")])])).await;
        assert_eq!((report.updated, report.unchanged), (1, 2), "{rule:?}");
        assert_eq!((report.files_removed, report.files_added, report.rows_copied), (1, 1, 99), "{rule:?}");
        if rule != Rule::ColumnMapping {
            assert_eq!(report.files_pruned, 1, "statistics exclude the file of the keys from 200");
        }
        let after = table.files().unwrap();
        assert_eq!(after.iter().filter(|file| before.contains(file)).count(), 2, "{rule:?}");
        assert_eq!(table.num_rows().await.unwrap(), 300);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_are_replaced_and_audit_columns_of_equal_rows_stay() {
    let place = Place::new();
    for rule in RULES {
        let mut table = create_with(&place, &format!("{rule:?}"), versions_schema(), rule).await;
        let first = versions(&[
            (Some("a"), 1, "x", "run-1"),
            (Some("a"), 2, "y", "run-1"),
            (Some("b"), 1, "z", "run-1"),
            (None, 1, "nobody", "run-1"),
        ]);
        apply(&mut table, timeline(vec![first])).await;

        let second =
            versions(&[(Some("a"), 1, "x", "run-2"), (Some("a"), 3, "late", "run-2"), (None, 1, "somebody", "run-2")]);
        let report = apply(&mut table, timeline(vec![second.clone()])).await;
        assert_eq!((report.inserted, report.updated, report.deleted, report.unchanged), (1, 1, 1, 1), "{rule:?}");
        let expected = [
            "a|1970-01-01T00:00:00.000001Z|x|run-1",
            "a|1970-01-01T00:00:00.000003Z|late|run-2",
            "b|1970-01-01T00:00:00.000001Z|z|run-1",
            "~|1970-01-01T00:00:00.000001Z|somebody|run-2",
        ];
        assert_eq!(rows(&table).await, expected, "{rule:?}");
        assert_eq!(apply(&mut table, timeline(vec![second])).await.version, None, "{rule:?}");

        // Groups that have no rows any more.
        let ids: ArrayRef = Arc::new(StringArray::from(vec![None, Some("b"), Some("never seen")]));
        let extra = RecordBatch::try_from_iter([("id", ids)]).unwrap();
        let report = apply(&mut table, UpsertRequest { extra_groups: Some(extra.clone()), ..timeline(vec![]) }).await;
        assert_eq!((report.deleted, report.inserted), (2, 0), "{rule:?}");
        assert_eq!(rows(&table).await, expected[..2], "{rule:?}");
        let report = apply(&mut table, UpsertRequest { extra_groups: Some(extra), ..timeline(vec![]) }).await;
        assert_eq!(report.version, None, "{rule:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_comes_twice_is_named() {
    let place = Place::new();
    for rule in RULES {
        let mut table = create_with(&place, &format!("{rule:?}"), versions_schema(), rule).await;
        let batch = versions(&[(None, 1, "x", "r"), (Some("a"), 1, "x", "r"), (None, 1, "y", "r")]);
        let error = upsert(&mut table, timeline(vec![batch])).await.unwrap_err();
        let LakeError::DuplicateKey { key, .. } = &error else {
            panic!("{rule:?}: {error:?}");
        };
        assert_eq!(key, "id=null, valid_from=1970-01-01T00:00:00.000001Z");
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_contradict_themselves_are_refused() {
    let place = Place::new();
    for rule in RULES {
        let mut table = create_with(&place, &format!("{rule:?}"), pairs_schema(), rule).await;
        let batch = pairs(&[(1, "a")]);
        let bad = [
            UpsertRequest { key: vec![], ..request(vec![batch.clone()]) },
            UpsertRequest { group: names(&["v"]), ..request(vec![batch.clone()]) },
            UpsertRequest { ignore: names(&["k"]), ..request(vec![batch.clone()]) },
            UpsertRequest { key: names(&["absent"]), group: names(&["absent"]), ..request(vec![batch.clone()]) },
            request(vec![batch.project(&[0]).unwrap()]),
            UpsertRequest { sequence: names(&["k"]), ..request(vec![batch.clone()]) },
            UpsertRequest { sequence: names(&["absent"]), ..request(vec![batch.clone()]) },
            UpsertRequest { sequence: names(&["v"]), ignore: names(&["v"]), ..request(vec![batch.clone()]) },
            UpsertRequest { sequence: names(&["v"]), delete_missing_in_group: true, ..request(vec![batch.clone()]) },
            UpsertRequest { sequence: names(&["v"]), preference: Some(the_new_one()), ..request(vec![batch.clone()]) },
        ];
        for request in bad {
            let error = upsert(&mut table, request).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{rule:?}: {error:?}");
        }
        assert_eq!(table.version(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_came_meanwhile_are_found_or_are_a_conflict_that_leaves_no_file() {
    let place = Place::new();
    for rule in RULES {
        let name = format!("{rule:?}");
        let mut table = create_with(&place, &name, pairs_schema(), rule).await;
        let mut other = place.open(&name).await;
        append(&mut other, &pairs(&[(1, "foreign")]), None, "r").await;
        let files = stored_files(&place, &name);
        if rule == Rule::Nothing {
            let report = apply(&mut table, request(vec![pairs(&[(1, "a")])])).await;
            assert_eq!((report.inserted, report.updated, report.files_reprobed), (0, 1, 1), "{report:?}");
            assert_eq!(rows(&place.open(&name).await).await, ["1|a"]);
            continue;
        }
        // Tables with rules are written by delta-rs, which tells nothing of where it found a row.
        let error = upsert(&mut table, request(vec![pairs(&[(1, "a")])])).await.unwrap_err();
        assert!(matches!(error, LakeError::Conflict { .. }) && error.is_retryable(), "{rule:?}: {error:?}");
        assert_eq!(rows(&place.open(&name).await).await, ["1|foreign"], "{rule:?}");
        assert_eq!(stored_files(&place, &name), files, "{rule:?}");
        // The same, begun anew.
        table.refresh().await.unwrap();
        assert_eq!(apply(&mut table, request(vec![pairs(&[(1, "a")])])).await.updated, 1, "{rule:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn staged_changes_build_on_each_other_and_become_visible_in_one_commit() {
    let place = Place::new();
    for rule in RULES {
        let name = format!("{rule:?}");
        let mut table = create_with(&place, &name, pairs_schema(), rule).await;
        append(&mut table, &pairs(&[(1, "a"), (2, "b")]), Some("p1"), "r").await;
        let before = stored_files(&place, &name).len();
        let version = table.version();

        let report = apply(&mut table, staged(pairs(&[(2, "B"), (3, "c")]))).await;
        assert_eq!((report.inserted, report.updated, report.version), (1, 1, None), "{rule:?}");
        // The second step sees the first: it rewrites a file that nobody else has seen, and that goes with it.
        let report = apply(&mut table, staged(pairs(&[(2, "b2"), (3, "c"), (4, "d")]))).await;
        assert_eq!((report.inserted, report.updated, report.unchanged), (1, 1, 1), "{rule:?}");
        assert_eq!(rows(&table).await, ["1|a", "2|b2", "3|c", "4|d"], "{rule:?}");
        assert_eq!(table.num_rows().await.unwrap(), 4);
        assert_eq!(rows(&place.open(&name).await).await, ["1|a", "2|b"], "others see nothing before the commit");
        assert_eq!(table.version(), version);

        let commit = CommitRequest { position: Some("p2".to_owned()), ..CommitRequest::default() };
        assert_eq!(table.commit(commit).await.unwrap(), CommitOutcome::Committed { version: version + 1 });
        assert!(!table.has_staged());
        let other = place.open(&name).await;
        assert_eq!(rows(&other).await, ["1|a", "2|b2", "3|c", "4|d"], "{rule:?}");
        assert_eq!(other.position().await.unwrap().as_deref(), Some("p2"));
        let records = actions(&place, &name, version + 1, "cdc").len();
        assert_eq!(records, usize::from(rule == Rule::ChangeDataFeed));
        let removed = actions(&place, &name, version + 1, "remove").len();
        let left = stored_files(&place, &name).len();
        assert_eq!(
            left,
            other.files().unwrap().len() + removed + records,
            "{rule:?}: only files of before are left over"
        );
        assert!(left > before);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_discarded_leaves_neither_rows_nor_files() {
    let place = Place::new();
    for rule in RULES {
        let name = format!("{rule:?}");
        let mut table = create_with(&place, &name, pairs_schema(), rule).await;
        append(&mut table, &pairs(&[(1, "a")]), None, "r").await;
        let files = stored_files(&place, &name);
        apply(&mut table, staged(pairs(&[(1, "x"), (2, "y")]))).await;
        assert_ne!(stored_files(&place, &name), files);
        table.discard_staged().await;
        assert_eq!(rows(&table).await, ["1|a"], "{rule:?}");
        assert_eq!(stored_files(&place, &name), files, "{rule:?}");
        assert_eq!(table.commit(CommitRequest::default()).await.unwrap(), CommitOutcome::Nothing);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_is_preferred_stays() {
    let place = Place::new();
    for rule in RULES {
        let mut table = create_with(&place, &format!("{rule:?}"), pairs_schema(), rule).await;
        append(&mut table, &pairs(&[(1, "m"), (2, "m"), (3, "m")]), None, "r").await;
        // The greater text wins.
        let held_stays = |held: &RecordBatch, new: &RecordBatch| {
            let (held, new) = (held.column(1).as_string::<i32>(), new.column(1).as_string::<i32>());
            Ok(held.iter().zip(new.iter()).map(|(held, new)| Some(held > new)).collect::<BooleanArray>())
        };
        let request = UpsertRequest {
            preference: Some(Preference { columns: Vec::new(), held_stays: Arc::new(held_stays) }),
            ..request(vec![pairs(&[(1, "a"), (2, "z"), (3, "m"), (4, "n")])])
        };
        let report = upsert(&mut table, request).await.unwrap();
        let counts = (report.inserted, report.updated, report.unchanged, report.outranked);
        assert_eq!(counts, (1, 1, 1, 1), "{rule:?}");
        assert_eq!(rows(&table).await, ["1|m", "2|z", "3|m", "4|n"], "{rule:?}");
    }
}

/// A preference that says what holds without one.
fn the_new_one() -> Preference {
    let held_stays = |held: &RecordBatch, _: &RecordBatch| Ok(BooleanArray::from(vec![false; held.num_rows()]));
    Preference { columns: Vec::new(), held_stays: Arc::new(held_stays) }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_sequence_the_latest_version_of_a_key_stays() {
    let place = Place::new();
    for rule in RULES {
        let name = format!("{rule:?}");
        let mut table = create_with(&place, &name, versions_schema(), rule).await;
        let first = versions(&[(Some("a"), 2, "x", "r1"), (Some("a"), 1, "old", "r1"), (None, 1, "n", "r1")]);
        let more = versions(&[(None, 3, "m", "r1"), (Some("b"), 5, "y", "r1")]);
        let report = apply(&mut table, sequenced(vec![first, more])).await;
        assert_eq!((report.inserted, report.deduplicated, report.outranked), (3, 2, 0), "{rule:?}");

        // Late, tied, known already, and new.
        let second = versions(&[
            (Some("a"), 1, "late", "r2"),
            (Some("b"), 6, "w", "r2"),
            (Some("b"), 6, "z", "r2"),
            (None, 3, "m", "r2"),
            (Some("c"), 1, "c", "r2"),
        ]);
        let report = apply(&mut table, sequenced(vec![second.clone()])).await;
        let counts = [report.inserted, report.updated, report.unchanged, report.outranked, report.deduplicated];
        assert_eq!((counts, report.deleted), ([1; 5], 0), "{rule:?}");
        let expected = [
            "a|1970-01-01T00:00:00.000002Z|x|r1",
            "b|1970-01-01T00:00:00.000006Z|z|r2",
            "c|1970-01-01T00:00:00.000001Z|c|r2",
            "~|1970-01-01T00:00:00.000003Z|m|r1",
        ];
        let other = place.open(&name).await;
        assert_eq!(rows(&other).await, expected, "{rule:?}");
        let info = actions(&place, &name, other.version(), "commitInfo").remove(0);
        for (number, rows) in [("numSourceRows", 5), ("numSourceRowsOutranked", 1), ("numSourceRowsDeduplicated", 1)] {
            assert_eq!(info["operationMetrics"][number], rows, "{rule:?}: {number}");
        }

        // Once more, and staged: whatever lost loses again.
        let again = UpsertRequest { stage: true, ..sequenced(vec![second]) };
        let report = apply(&mut table, again).await;
        assert_eq!((report.unchanged, report.outranked, report.deduplicated), (3, 1, 1), "{rule:?}");
        assert!(!table.has_staged(), "{rule:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sequence_needs_a_table_with_one_row_for_each_key() {
    let place = Place::new();
    for rule in RULES {
        let name = format!("{rule:?}");
        let mut table = create_with(&place, &name, pairs_schema(), rule).await;
        append(&mut table, &pairs(&[(1, "a"), (1, "c"), (2, "x")]), None, "r").await;
        let files = stored_files(&place, &name);
        let by_value = |rows: &[(i64, &str)]| UpsertRequest { sequence: names(&["v"]), ..request(vec![pairs(rows)]) };
        let error = upsert(&mut table, by_value(&[(1, "b")])).await.unwrap_err();
        assert!(matches!(error, LakeError::InvalidRequest { .. }), "{rule:?}: {error:?}");
        assert_eq!((stored_files(&place, &name), table.has_staged()), (files, false), "{rule:?}");
        assert_eq!(apply(&mut table, by_value(&[(2, "y")])).await.updated, 1, "{rule:?}: of other keys");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_probe_sees_what_is_staged_in_every_layout() {
    let place = Place::new();
    for rule in RULES {
        let mut table = create_with(&place, &format!("{rule:?}"), pairs_schema(), rule).await;
        append(&mut table, &pairs(&[(1, "a"), (2, "b"), (3, "c")]), None, "r").await;
        apply(&mut table, staged(pairs(&[(2, "B"), (4, "d")]))).await;
        let even = |batch: &RecordBatch| {
            let keys = batch.column(0).as_primitive::<arrow::datatypes::Int64Type>();
            Ok(keys.iter().map(|key| key.map(|key| key % 2 == 0)).collect::<BooleanArray>())
        };
        let probe = RowProbe { columns: names(&["k"]), filter: Arc::new(even), values: None };
        let request = ScanRequest {
            columns: Some(names(&["v"])),
            probe: Some(probe),
            with_file_column: Some("file".to_owned()),
            ..ScanRequest::default()
        };
        let found = collect(table.scan(request).await.unwrap()).await;
        assert_eq!(lines(&found.project(&[0]).unwrap()), ["B", "d"], "{rule:?}");
        let known: Vec<String> = table.files().unwrap().into_iter().map(|file| file.path).collect();
        let told = found.column(1).as_string::<i32>();
        assert!(told.iter().flatten().all(|file| known.contains(&file.to_owned())), "{rule:?}: {told:?} {known:?}");
    }
}
