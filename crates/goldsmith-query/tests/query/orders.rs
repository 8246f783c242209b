use std::collections::{BTreeMap, BTreeSet};

use arrow::array::RecordBatch;
use arrow::compute::take_record_batch;
use goldsmith_query::order::{KeyHasher, KeySet, Part, group_rows, latest_per_key};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::world::*;

/// Key of two parts, sequence, and content; `a` sorts before `z`.
type Key = (Option<String>, Option<i64>);
type Content = (Option<String>, Tags, Option<i64>);

fn random(rng: &mut ChaCha8Rng) -> RecordBatch {
    let count = rng.random_range(0..60);
    let mut columns: (Vec<_>, Vec<_>, Vec<_>, Vec<_>, Vec<_>, Vec<_>) = Default::default();
    for _ in 0..count {
        columns.0.push(text(rng, 3, 0.2));
        columns.1.push(few(rng, 2, 0.3));
        columns.2.push(few(rng, 3, 0.2));
        columns.3.push(text(rng, 2, 0.3));
        columns.4.push(tags(rng));
        columns.5.push(few(rng, 2, 0.4));
    }
    batch(vec![
        ("z_last", ints(columns.5)),
        ("key_1", texts(columns.0)),
        ("key_2", ints(columns.1)),
        ("sequence", instants(columns.2)),
        ("_ingested_at", ints((0..count).map(|row| Some(i64::from(row))))),
        ("a_first", texts(columns.3)),
        ("m_tags", maps(rng, columns.4)),
    ])
}

fn key_of(rows: &RecordBatch, row: usize) -> Key {
    (text_at(rows, "key_1", row), int_at(rows, "key_2", row))
}

fn content_of(rows: &RecordBatch, row: usize) -> (Option<i64>, Content) {
    let content = (text_at(rows, "a_first", row), tags_at(rows, "m_tags", row), int_at(rows, "z_last", row));
    (instant_at(rows, "sequence", row), content)
}

#[test]
fn the_latest_row_of_a_key_is_the_greatest_by_sequence_and_content() {
    for_seeds(150, |rng| {
        let rows = random(rng);
        // None is smaller than any value in Rust, so the greatest tuple is the first one with nulls last.
        let mut expected: BTreeMap<Key, (Option<i64>, Content)> = BTreeMap::new();
        for row in 0..rows.num_rows() {
            let candidate = content_of(&rows, row);
            let best = expected.entry(key_of(&rows, row)).or_insert_with(|| candidate.clone());
            *best = best.clone().max(candidate);
        }
        let key = names(&["key_1", "key_2"]);
        let winners = latest_per_key(&rows, &key, &names(&["sequence"])).unwrap();
        assert!(winners.values().is_sorted());
        let found: BTreeMap<_, _> = winners
            .values()
            .iter()
            .map(|row| (key_of(&rows, *row as usize), content_of(&rows, *row as usize)))
            .collect();
        assert_eq!(winners.len(), expected.len());
        assert_eq!(found, expected);

        let other = shuffled(rng, &rows);
        let again = latest_per_key(&other, &key, &names(&["sequence"])).unwrap();
        let keep = |rows: &RecordBatch, winners| {
            let taken = take_record_batch(rows, winners).unwrap();
            let kept: Vec<usize> =
                (0..taken.num_columns()).filter(|at| taken.schema().field(*at).name() != "_ingested_at").collect();
            taken.project(&kept).unwrap()
        };
        let contents = |rows: &RecordBatch| -> BTreeSet<_> {
            (0..rows.num_rows()).map(|row| (key_of(rows, row), content_of(rows, row))).collect()
        };
        assert_eq!(contents(&keep(&rows, &winners)), contents(&keep(&other, &again)));
    });
}

#[test]
fn a_column_without_values_changes_nothing() {
    for_seeds(50, |rng| {
        let rows = random(rng);
        let key = names(&["key_1", "key_2"]);
        let before = latest_per_key(&rows, &key, &[]).unwrap();
        let mut columns: Vec<(&str, _)> = vec![("b_added", ints(vec![None; rows.num_rows()]))];
        let schema = rows.schema();
        columns.extend(schema.fields().iter().zip(rows.columns()).map(|(f, c)| (f.name().as_str(), c.clone())));
        let after = latest_per_key(&batch(columns), &key, &[]).unwrap();
        assert_eq!(before, after);
    });
}

#[test]
fn metadata_orders_only_when_it_is_named() {
    let rows = batch(vec![
        ("k", ints([Some(1), Some(1)])),
        ("_ingested_at", ints([Some(2), Some(1)])),
        ("v", ints([Some(1), Some(2)])),
    ]);
    let winner = |newest: &[&str]| latest_per_key(&rows, &names(&["k"]), &names(newest)).unwrap().value(0);
    assert_eq!(winner(&[]), 1);
    assert_eq!(winner(&["_ingested_at"]), 0);
    assert_eq!(latest_per_key(&rows, &[], &names(&["v"])).unwrap().values(), &[1], "no key is one key");
    assert!(latest_per_key(&rows, &names(&["nothing"]), &[]).is_err());
}

#[test]
fn groups_hold_every_row_once_and_only_equal_keys() {
    for_seeds(50, |rng| {
        let rows = random(rng);
        let key = names(&["key_1", "m_tags"]);
        let groups = group_rows(&rows, &key).unwrap();
        let key_at = |row: u64| (text_at(&rows, "key_1", row as usize), tags_at(&rows, "m_tags", row as usize));
        let distinct: BTreeSet<_> = (0..rows.num_rows() as u64).map(key_at).collect();
        assert_eq!(groups.len(), distinct.len());
        let mut seen: Vec<u64> = Vec::new();
        for group in groups.iter() {
            assert!(group.iter().all(|row| key_at(*row) == key_at(group[0])));
            assert!(group.is_sorted());
            seen.extend(group);
        }
        seen.sort_unstable();
        assert!(seen.into_iter().eq(0..rows.num_rows() as u64));
        let hashes = KeyHasher::new().hash(&rows, &key).unwrap();
        for group in groups.iter() {
            assert!(group.iter().all(|row| hashes[*row as usize] == hashes[group[0] as usize]));
        }
    });
}

#[test]
fn key_sets_are_exact_and_null_safe() {
    for_seeds(50, |rng| {
        let (left, right) = (random(rng), random(rng));
        let key = names(&["key_1", "key_2"]);
        let mut set = KeySet::new(&left.schema(), &key).unwrap();
        let added = set.insert_batch(&left).unwrap();
        let expected: BTreeSet<Key> = (0..left.num_rows()).map(|row| key_of(&left, row)).collect();
        assert_eq!((added, set.len()), (expected.len(), expected.len()));
        let mask = set.contains_mask(&right).unwrap();
        for row in 0..right.num_rows() {
            assert_eq!(mask.value(row), expected.contains(&key_of(&right, row)));
        }
        let listed = set.to_batch().unwrap();
        assert!((0..listed.num_rows()).map(|row| key_of(&listed, row)).eq(expected.iter().cloned()));
        let projected = set.project(&names(&["key_2"])).unwrap();
        assert_eq!(projected.len(), expected.iter().map(|key| key.1).collect::<BTreeSet<_>>().len());
        set.extend(&{
            let mut other = KeySet::new(&right.schema(), &key).unwrap();
            other.insert_batch(&right).unwrap();
            other
        })
        .unwrap();
        assert!(set.contains_mask(&right).unwrap().values().iter().all(|found| found));
        set.remove_batch(&right).unwrap();
        let left_over: BTreeSet<Key> = (0..right.num_rows()).map(|row| key_of(&right, row)).collect();
        let left_over: Vec<Key> = expected.difference(&left_over).cloned().collect();
        let listed = set.to_batch().unwrap();
        assert!((0..listed.num_rows()).map(|row| key_of(&listed, row)).eq(left_over));
        assert_eq!(set.contains_mask(&right).unwrap().true_count(), 0);
        set.insert_batch(&right).unwrap();
        assert!(set.contains_mask(&right).unwrap().values().iter().all(|found| found));
    });
}

#[test]
fn halves_and_parts_of_a_key_set_make_up_the_whole() {
    for_seeds(50, |rng| {
        let rows = random(rng);
        let key = names(&["key_1", "key_2"]);
        let set_of = |part| {
            let mut set = KeySet::new(&rows.schema(), &key).unwrap().of_part(part);
            set.insert_batch(&rows).unwrap();
            set
        };
        let whole = set_of(Part::ALL);
        let mut pieces: Vec<KeySet> = Part::at_least(4).into_iter().map(set_of).collect();
        let largest = pieces.iter().map(KeySet::len).max().unwrap();
        assert!(largest < whole.len() || whole.len() < 5, "{largest} of {}", whole.len());
        for position in (0..pieces.len()).rev() {
            if let Some(halves) = pieces[position].halves().unwrap() {
                let sizes = halves.iter().map(KeySet::len).collect::<Vec<_>>();
                assert!(sizes[0].abs_diff(sizes[1]) <= 1, "{sizes:?}");
                assert_eq!(halves.iter().map(KeySet::bytes).sum::<u64>(), pieces[position].bytes());
                pieces.remove(position);
                pieces.extend(halves);
            } else {
                assert!(pieces[position].len() < 2);
            }
        }
        assert_eq!(pieces.iter().map(KeySet::len).sum::<usize>(), whole.len());
        let mut together = KeySet::new(&rows.schema(), &key).unwrap();
        pieces.iter().for_each(|piece| together.extend(piece).unwrap());
        assert_eq!(lines(&together.to_batch().unwrap()), lines(&whole.to_batch().unwrap()));
    });
}

#[test]
fn keys_compare_across_physical_types() {
    let plain = batch(vec![("k", texts([Some("a".to_owned()), None]))]);
    let mut set = KeySet::new(&plain.schema(), &names(&["k"])).unwrap();
    set.insert_batch(&plain).unwrap();
    let views = arrow::compute::cast(&plain["k"], &arrow::datatypes::DataType::Utf8View).unwrap();
    assert_eq!(set.contains_columns(&[views], 2).unwrap(), vec![true, true].into());
    assert!(set.contains_columns(&[ints([Some(1)])], 1).is_err());
    assert_eq!(lines(&set.to_batch().unwrap()), ["k=-", "k=a"]);
}
