use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, RecordBatch, UInt64Array};
use arrow::compute::{filter_record_batch, take_record_batch};
use goldsmith_query::QueryError;
use goldsmith_query::order::KeySet;
use goldsmith_query::timeline::{Scd2Spec, timeline};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::world::*;

type Row = (Tags, Option<String>, Option<i64>, Option<i64>);

fn spec() -> Scd2Spec {
    Scd2Spec {
        key: names(&["workspace_id", "job_id"]),
        sequence: "change_time".to_owned(),
        delete: Some("delete_time".to_owned()),
        untracked: names(&["change_date"]),
    }
}

fn random(rng: &mut ChaCha8Rng) -> RecordBatch {
    let count = rng.random_range(0..50);
    let mut columns: (Vec<_>, Vec<_>, Vec<_>, Vec<_>, Vec<_>, Vec<_>, Vec<_>) = Default::default();
    for _ in 0..count {
        columns.0.push(text(rng, 2, 0.2));
        columns.1.push(text(rng, 2, 0.0));
        columns.2.push(few(rng, 8, 0.0));
        columns.3.push(text(rng, 2, 0.2));
        columns.4.push(tags(rng));
        columns.5.push(few(rng, 3, 0.6));
        columns.6.push(few(rng, 3, 0.1));
    }
    batch(vec![
        ("workspace_id", texts(columns.0)),
        ("job_id", texts(columns.1)),
        ("change_time", instants(columns.2)),
        ("name", texts(columns.3)),
        ("a_tags", maps(rng, columns.4)),
        ("delete_time", instants(columns.5)),
        ("change_date", ints(columns.6)),
        ("_run_id", texts((0..count).map(|row| Some(format!("run {row}"))))),
    ])
}

/// One instant after the other: what was true there, by the rows up to it.
fn reference(rows: &RecordBatch) -> Vec<String> {
    let mut log: BTreeMap<(Option<String>, Option<String>), BTreeMap<i64, Row>> = BTreeMap::new();
    for row in 0..rows.num_rows() {
        let key = (text_at(rows, "workspace_id", row), text_at(rows, "job_id", row));
        // In the order of their names: a_tags, change_date, delete_time, name.
        let content = (
            tags_at(rows, "a_tags", row),
            text_at(rows, "name", row),
            instant_at(rows, "delete_time", row),
            int_at(rows, "change_date", row),
        );
        let order = |row: &Row| (row.0.clone(), row.3, row.2, row.1.clone());
        let entry = log.entry(key).or_default().entry(instant_at(rows, "change_time", row).unwrap());
        entry
            .and_modify(|known| {
                if order(&content) > order(known) {
                    *known = content.clone();
                }
            })
            .or_insert(content);
    }
    let mut out = Vec::new();
    for (key, changes) in log {
        let mut versions: Vec<(i64, Row)> = Vec::new();
        for (instant, row) in changes {
            let tracked = |row: &Row| (row.0.clone(), row.1.clone(), row.2.is_some());
            if versions.last().is_none_or(|(_, last)| tracked(last) != tracked(&row)) {
                versions.push((instant, row));
            }
        }
        for (index, (from, row)) in versions.iter().enumerate() {
            let to = versions.get(index + 1).map(|(next, _)| *next);
            out.push(format!("{key:?} {row:?} {from} {to:?} {} {}", to.is_none(), row.2.is_some()));
        }
    }
    out
}

fn described(versions: &RecordBatch) -> Vec<String> {
    (0..versions.num_rows())
        .map(|row| {
            let key = (text_at(versions, "workspace_id", row), text_at(versions, "job_id", row));
            let content: Row = (
                tags_at(versions, "a_tags", row),
                text_at(versions, "name", row),
                instant_at(versions, "delete_time", row),
                int_at(versions, "change_date", row),
            );
            let from = instant_at(versions, "valid_from", row).unwrap();
            assert_eq!(instant_at(versions, "change_time", row), Some(from));
            let to = instant_at(versions, "valid_to", row);
            let flags =
                [flag_at(versions, "is_current", row), flag_at(versions, "is_deleted", row)].map(Option::unwrap);
            format!("{key:?} {content:?} {from} {to:?} {} {}", flags[0], flags[1])
        })
        .collect()
}

#[test]
fn versions_are_what_the_log_says_whatever_its_order() {
    for_seeds(200, |rng| {
        let rows = random(rng);
        let versions = timeline(&rows, &spec()).unwrap();
        assert_eq!(described(&versions), reference(&rows));
        let again = timeline(&shuffled(rng, &rows), &spec()).unwrap();
        assert_eq!(lines(&versions), lines(&again));
        assert_eq!(versions, again);
    });
}

#[test]
fn the_timeline_of_some_keys_is_that_part_of_the_timeline_of_all() {
    for_seeds(50, |rng| {
        let rows = random(rng);
        let key = names(&["workspace_id", "job_id"]);
        let mut some = KeySet::new(&rows.schema(), &key).unwrap();
        let picked: Vec<u64> = (0..rows.num_rows() as u64).filter(|_| rng.random_bool(0.1)).collect();
        some.insert_batch(&take_record_batch(&rows, &UInt64Array::from(picked)).unwrap()).unwrap();
        let part = filter_record_batch(&rows, &some.contains_mask(&rows).unwrap()).unwrap();
        let all = timeline(&rows, &spec()).unwrap();
        let expected = filter_record_batch(&all, &some.contains_mask(&all).unwrap()).unwrap();
        assert_eq!(timeline(&part, &spec()).unwrap(), expected);
    });
}

#[test]
fn a_timeline_of_its_own_versions_is_the_same_timeline() {
    for_seeds(50, |rng| {
        let versions = timeline(&random(rng), &spec()).unwrap();
        let carried: Vec<usize> = (0..versions.num_columns() - 4).collect();
        assert_eq!(timeline(&versions.project(&carried).unwrap(), &spec()).unwrap(), versions);
    });
}

#[test]
fn rows_without_sequence_and_clashing_names_are_refused() {
    let spec = Scd2Spec { key: names(&["k"]), sequence: "t".to_owned(), delete: None, untracked: vec![] };
    let rows = batch(vec![("k", ints([Some(1), Some(1)])), ("t", instants([None, Some(1)]))]);
    assert!(matches!(timeline(&rows, &spec), Err(QueryError::NullSequence { rows: 1, .. })));
    let rows = batch(vec![("k", ints([Some(1)])), ("t", instants([Some(1)])), ("valid_to", ints([None]))]);
    assert!(matches!(timeline(&rows, &spec), Err(QueryError::NameCollision { .. })));
    let rows = batch(vec![("k", ints([])), ("t", instants([]))]);
    assert_eq!(timeline(&rows, &spec).unwrap().num_rows(), 0);
    let rows = batch(vec![("k", ints([Some(1)])), ("t", instants([Some(1)]))]);
    assert_eq!(flag_at(&timeline(&rows, &spec).unwrap(), "is_deleted", 0), Some(false));
}

#[test]
fn zero_is_one_value_whatever_its_sign() {
    let prices = [Some(0.0), Some(-0.0), Some(1.0), Some(f64::NAN), Some(f64::NAN), None];
    let rows = batch(vec![
        ("workspace_id", texts(vec![Some("w".to_owned()); 6])),
        ("job_id", texts(vec![Some("j".to_owned()); 6])),
        ("change_time", instants((0..6).map(Some))),
        ("delete_time", instants(vec![None; 6])),
        ("change_date", ints(vec![None; 6])),
        ("price", Arc::new(Float64Array::from_iter(prices)) as ArrayRef),
    ]);
    let versions = timeline(&rows, &spec()).unwrap();
    let starts: Vec<_> = (0..versions.num_rows()).map(|row| instant_at(&versions, "valid_from", row)).collect();
    assert_eq!(starts, [Some(0), Some(2), Some(3), Some(5)]);
}
