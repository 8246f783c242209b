//! A timeline says at every instant what the change log says there.

use arrow::array::RecordBatch;
use goldsmith_query::timeline::{Scd2Spec, timeline};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::test_runner::TestCaseResult;

use super::{Arrival, INSTANTS, arrival, holds, instant, owned, word};
use crate::world::*;

type Key = (Option<String>, String);

/// One row of the change log. The day it was noted on is not tracked.
#[derive(Debug, Clone, PartialEq)]
struct Change {
    workspace: Option<&'static str>,
    job: &'static str,
    at: i64,
    name: Option<&'static str>,
    deleted: Option<i64>,
    noted: Option<i64>,
}

impl Change {
    fn key(&self) -> Key {
        (owned(self.workspace), self.job.to_owned())
    }

    /// Content in the order of the column names: change_date, delete_time, name.
    fn content(&self) -> (Option<i64>, Option<i64>, Option<&'static str>) {
        (self.noted, self.deleted, self.name)
    }
}

#[derive(Debug, Clone, PartialEq, PartialOrd)]
struct Version {
    key: Key,
    from: i64,
    to: Option<i64>,
    name: Option<String>,
    deleted: Option<i64>,
    noted: Option<i64>,
    is_current: bool,
    is_deleted: bool,
}

impl Version {
    fn tracked(&self) -> (Option<&str>, bool) {
        (self.name.as_deref(), self.is_deleted)
    }
}

fn change() -> impl Strategy<Value = Change> {
    let key = (select(&[None, Some(""), Some("w")][..]), select(&["", "j", "ж"][..]));
    let deleted = prop::option::weighted(0.3, instant());
    let noted = prop::option::weighted(0.8, select(&[1_i64, 2][..]));
    (key, instant(), word(), deleted, noted).prop_map(|((workspace, job), at, name, deleted, noted)| Change {
        workspace,
        job,
        at,
        name,
        deleted,
        noted,
    })
}

fn log() -> impl Strategy<Value = Vec<Change>> {
    prop::collection::vec(change(), 0..16)
}

fn rows(log: &[Change]) -> RecordBatch {
    batch(vec![
        ("workspace_id", texts(log.iter().map(|change| owned(change.workspace)))),
        ("job_id", texts(log.iter().map(|change| Some(change.job.to_owned())))),
        ("change_time", instants(log.iter().map(|change| Some(change.at)))),
        ("name", texts(log.iter().map(|change| owned(change.name)))),
        ("delete_time", instants(log.iter().map(|change| change.deleted))),
        ("change_date", ints(log.iter().map(|change| change.noted))),
    ])
}

fn versions(log: &[Change]) -> Vec<Version> {
    let spec = Scd2Spec {
        key: names(&["workspace_id", "job_id"]),
        sequence: "change_time".to_owned(),
        delete: Some("delete_time".to_owned()),
        untracked: names(&["change_date"]),
    };
    let table = timeline(&rows(log), &spec).unwrap();
    (0..table.num_rows())
        .map(|row| Version {
            key: (text_at(&table, "workspace_id", row), text_at(&table, "job_id", row).unwrap()),
            from: instant_at(&table, "valid_from", row).unwrap(),
            to: instant_at(&table, "valid_to", row),
            name: text_at(&table, "name", row),
            deleted: instant_at(&table, "delete_time", row),
            noted: int_at(&table, "change_date", row),
            is_current: flag_at(&table, "is_current", row).unwrap(),
            is_deleted: flag_at(&table, "is_deleted", row).unwrap(),
        })
        .collect()
}

/// The change that holds at an instant: of those up to it the latest, of several at one time the greatest content.
fn truth<'a>(log: &'a [Change], key: &Key, instant: i64) -> Option<&'a Change> {
    let mut best: Option<&Change> = None;
    for change in log {
        if change.key() == *key && change.at <= instant {
            let wins = match best {
                None => true,
                Some(best) => (change.at, change.content()) > (best.at, best.content()),
            };
            if wins {
                best = Some(change);
            }
        }
    }
    best
}

fn says_what_the_log_says(log: &[Change], versions: &[Version]) -> TestCaseResult {
    for version in versions {
        prop_assert!(log.iter().any(|change| change.key() == version.key), "nobody knows {:?}", version.key);
    }
    for change in log {
        let key = change.key();
        let own: Vec<&Version> = versions.iter().filter(|version| version.key == key).collect();
        for (index, version) in own.iter().enumerate() {
            let next = own.get(index + 1);
            prop_assert_eq!(version.to, next.map(|next| next.from), "no gap and no overlap");
            prop_assert_eq!(version.is_current, next.is_none());
            if let Some(next) = next {
                prop_assert!(version.from < next.from);
                prop_assert_ne!(version.tracked(), next.tracked(), "neighbours differ");
            }
            let first = truth(log, &key, version.from).unwrap();
            prop_assert_eq!(first.at, version.from, "a version starts with a change");
            prop_assert_eq!((&version.name, version.deleted), (&owned(first.name), first.deleted));
            prop_assert_eq!(version.noted, first.noted);
        }
        prop_assert_eq!(own.iter().filter(|version| version.is_current).count(), 1);
        for instant in INSTANTS.into_iter().flat_map(|instant| [instant - 1, instant, instant + 1]) {
            let there: Vec<_> = own
                .iter()
                .filter(|version| version.from <= instant && version.to.is_none_or(|to| instant < to))
                .map(|version| version.tracked())
                .collect();
            let expected: Vec<_> =
                truth(log, &key, instant).map(|change| (change.name, change.deleted.is_some())).into_iter().collect();
            prop_assert_eq!(there, expected, "{:?} at {}", &key, instant);
        }
    }
    Ok(())
}

#[test]
fn at_every_instant_a_timeline_says_what_the_log_says() {
    holds(log(), |log| says_what_the_log_says(&log, &versions(&log)));
}

#[test]
fn order_and_repetition_do_not_matter() {
    holds((log(), arrival()), |(log, arrival): (Vec<Change>, Arrival)| {
        prop_assert_eq!(versions(&arrival.of(&log)), versions(&log));
        Ok(())
    });
}

#[test]
fn recomputing_the_affected_keys_of_each_piece_equals_the_whole() {
    holds((log(), arrival()), |(log, arrival)| {
        let mut bronze: Vec<Change> = Vec::new();
        let mut table: Vec<Version> = Vec::new();
        for piece in arrival.pieces(&log) {
            bronze.extend(piece.iter().cloned());
            let affected: Vec<Key> = piece.iter().map(Change::key).collect();
            table.retain(|version| !affected.contains(&version.key));
            let own: Vec<Change> = bronze.iter().filter(|change| affected.contains(&change.key())).cloned().collect();
            table.extend(versions(&own));
            says_what_the_log_says(&bronze, &sorted(table.clone()))?;
        }
        prop_assert_eq!(sorted(table), sorted(versions(&log)));
        Ok(())
    });
}

fn sorted(mut versions: Vec<Version>) -> Vec<Version> {
    versions.sort_by(|a, b| a.partial_cmp(b).unwrap());
    versions
}

/// Changes of one job at three instants.
fn three_instants() -> impl Strategy<Value = [i64; 3]> {
    subsequence(&INSTANTS[..], 3).prop_map(|instants| [instants[0], instants[1], instants[2]])
}

fn of_one_job(change: &Change, at: i64) -> Change {
    Change { workspace: Some("w"), job: "j", at, ..change.clone() }
}

fn bounds(log: &[Change]) -> Vec<(i64, Option<i64>)> {
    versions(log).iter().map(|version| (version.from, version.to)).collect()
}

#[test]
fn equal_neighbours_coalesce_and_come_apart_again() {
    let differ =
        |(_, a, b): &([i64; 3], Change, Change)| (a.name, a.deleted.is_some()) != (b.name, b.deleted.is_some());
    let cases = (three_instants(), change(), change()).prop_filter("two different changes", differ);
    holds(cases, |([first, between, last], a, b)| {
        let (begin, end) = (of_one_job(&a, first), of_one_job(&a, last));
        prop_assert_eq!(bounds(&[end.clone(), begin.clone()]), vec![(first, None)]);
        let same = of_one_job(&a, between);
        prop_assert_eq!(bounds(&[end.clone(), begin.clone(), same]), vec![(first, None)]);
        let other = of_one_job(&b, between);
        let apart = vec![(first, Some(between)), (between, Some(last)), (last, None)];
        prop_assert_eq!(bounds(&[end, begin, other]), apart);
        Ok(())
    });
}

#[test]
fn versions_a_microsecond_or_a_millisecond_apart_both_live() {
    holds((instant(), select(&[1_i64, 1_000][..])), |(at, apart)| {
        let change =
            |name| Change { workspace: Some("w"), job: "j", at: 0, name: Some(name), deleted: None, noted: None };
        let log = [of_one_job(&change("b"), at + apart), of_one_job(&change("a"), at)];
        prop_assert_eq!(bounds(&log), vec![(at, Some(at + apart)), (at + apart, None)]);
        Ok(())
    });
}

#[test]
fn a_delete_and_a_re_creation_are_versions() {
    holds((three_instants(), change()), |([created, deleted, again], change)| {
        let alive = |at| Change { deleted: None, ..of_one_job(&change, at) };
        let gone = Change { deleted: Some(deleted), ..of_one_job(&change, deleted) };
        let found: Vec<_> = versions(&[alive(again), gone, alive(created)])
            .iter()
            .map(|v| (v.from, v.is_deleted, v.is_current))
            .collect();
        prop_assert_eq!(found, vec![(created, false, false), (deleted, true, false), (again, false, true)]);
        Ok(())
    });
}
