use std::collections::BTreeMap;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType as ArrowType, Field, Schema};
use goldsmith_model::{Aggregate, AggregateFunction, DataType};
use goldsmith_query::QueryError;
use goldsmith_query::aggregate::{Aggregator, member_schema};
use goldsmith_query::order::Part;
use indexmap::IndexMap;
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::world::*;

fn aggregates() -> IndexMap<String, Aggregate> {
    let aggregate = |function, column: &str, by: &[&str], data_type| Aggregate {
        function,
        column: column.to_owned(),
        by: names(by),
        data_type,
        description: "What it is.".to_owned(),
    };
    [
        ("first_seen", aggregate(AggregateFunction::Min, "seen", &[], DataType::Timestamp)),
        ("last_seen", aggregate(AggregateFunction::Max, "seen", &[], DataType::Timestamp)),
        ("user_id", aggregate(AggregateFunction::Last, "id", &["changed", "seen"], DataType::String)),
    ]
    .into_iter()
    .map(|(name, aggregate)| (name.to_owned(), aggregate))
    .collect()
}

type Row = (Option<String>, Option<i64>, Option<i64>, Option<String>);

fn random(rng: &mut ChaCha8Rng) -> Vec<Row> {
    (0..rng.random_range(0..40))
        .map(|_| (text(rng, 4, 0.1), few(rng, 5, 0.2), few(rng, 3, 0.3), text(rng, 3, 0.4)))
        .collect()
}

fn members(rows: &[Row]) -> RecordBatch {
    batch(vec![
        ("user_name", texts(rows.iter().map(|row| row.0.clone()))),
        ("seen", instants(rows.iter().map(|row| row.1))),
        ("changed", instants(rows.iter().map(|row| row.2))),
        ("id", texts(rows.iter().map(|row| row.3.clone()))),
    ])
}

#[test]
fn members_are_gathered_whatever_their_order_and_batches() {
    for_seeds(100, |rng| {
        let rows = random(rng);
        let empty_is_null = rng.random_bool(0.5);
        let mut groups: BTreeMap<String, Vec<&Row>> = BTreeMap::new();
        for row in &rows {
            if let Some(name) = row.0.as_ref().filter(|name| !(empty_is_null && name.is_empty())) {
                groups.entry(name.clone()).or_default().push(row);
            }
        }
        let expected: Vec<String> = groups
            .iter()
            .map(|(name, rows)| {
                let first = rows.iter().filter_map(|row| row.1).min();
                let last = rows.iter().filter_map(|row| row.1).max();
                let known = rows.iter().filter(|row| row.3.is_some());
                let id = known.max_by_key(|row| (row.2, row.1, row.3.clone())).and_then(|row| row.3.clone());
                format!("{name:?} {first:?} {last:?} {id:?}")
            })
            .collect();
        let all = shuffled(rng, &members(&rows));
        let key = names(&["user_name"]);
        let mut aggregator = Aggregator::new(&key, &aggregates(), &all.schema(), empty_is_null).unwrap();
        let at = rng.random_range(0..=all.num_rows());
        aggregator.push(&all.slice(0, at)).unwrap();
        aggregator.push(&all.slice(at, all.num_rows() - at)).unwrap();
        let result = aggregator.finish().unwrap();
        let found: Vec<String> = (0..result.num_rows())
            .map(|row| {
                let (first, last) = (instant_at(&result, "first_seen", row), instant_at(&result, "last_seen", row));
                let name = text_at(&result, "user_name", row).unwrap();
                format!("{name:?} {first:?} {last:?} {:?}", text_at(&result, "user_id", row))
            })
            .collect();
        assert_eq!(found, expected);
    });
}

#[test]
fn keys_gathered_in_parts_are_those_gathered_at_once() {
    for_seeds(50, |rng| {
        let all = members(&random(rng));
        let key = names(&["user_name"]);
        let new = || Aggregator::new(&key, &aggregates(), &all.schema(), true).unwrap();
        let mut whole = new();
        whole.push(&all).unwrap();
        let mut expected = lines(&whole.finish().unwrap());
        expected.sort();
        let (mut waiting, mut found, mut halved) = (vec![Part::ALL], Vec::new(), 0);
        while let Some(part) = waiting.pop() {
            let mut aggregator = new().of_part(part);
            for row in 0..all.num_rows() {
                aggregator.push(&all.slice(row, 1)).unwrap();
                // In the middle of the rows, so that a half has states already.
                if row % 7 == 3 && halved < 6 {
                    halved += 1;
                    let before = aggregator.bytes();
                    waiting.extend(aggregator.halve());
                    assert!(aggregator.bytes() <= before);
                }
            }
            let ours = aggregator.gathers(&all).unwrap();
            let gathered = aggregator.finish().unwrap();
            let listed = lines(&gathered.project(&[0]).unwrap());
            for row in 0..all.num_rows() {
                let name = text_at(&all, "user_name", row).filter(|name| !name.is_empty());
                let is_listed = name.is_some_and(|name| listed.contains(&format!("user_name={name}")));
                assert!(!is_listed || ours.value(row));
            }
            found.extend(lines(&gathered));
        }
        found.sort();
        assert_eq!(found, expected);
    });
}

/// What happened to members since a table was gathered.
#[derive(Clone, Copy, PartialEq)]
enum Change {
    /// Some came.
    Growth,
    /// Some came, and some are among those that came and those that went, as rows of a rewritten file are.
    Rewrite,
    /// Some went, and others came.
    Replacement,
}

#[test]
fn members_that_came_and_went_are_combined_with_what_older_ones_came_to() {
    for change in [Change::Growth, Change::Rewrite, Change::Replacement] {
        let outcomes = std::cell::Cell::new((0, 0));
        for_seeds(300, |rng| {
            let is_told = combines(rng, change);
            let (told, open) = outcomes.get();
            outcomes.set((told + usize::from(is_told), open + usize::from(!is_told)));
        });
        let (told, open) = outcomes.get();
        assert!(told > 20 && open > 20 || std::env::var("GOLDSMITH_SEED").is_ok(), "{told} told, {open} open");
    }
}

/// Whether the members that changed were enough; then they gave what all members give.
fn combines(rng: &mut ChaCha8Rng, change: Change) -> bool {
    let key = names(&["user_name"]);
    let all = members(&random(rng));
    let gather = |parts: &[&RecordBatch]| {
        let mut aggregator = Aggregator::new(&key, &aggregates(), &all.schema(), true).unwrap();
        parts.iter().for_each(|part| aggregator.push(part).unwrap());
        aggregator
    };
    let (one, two) = (rng.random_range(0..=all.num_rows()), rng.random_range(0..=all.num_rows()));
    let (first, second) = (one.min(two), one.max(two));
    let (stay, middle, new) =
        (all.slice(0, first), all.slice(first, second - first), all.slice(second, all.num_rows() - second));
    let (before, went, came): (Vec<_>, Vec<_>, Vec<_>) = match change {
        Change::Growth => (vec![&stay, &middle], vec![], vec![&new]),
        Change::Rewrite => (vec![&stay, &middle], vec![&middle], vec![&new, &middle]),
        Change::Replacement => (vec![&stay, &middle], vec![&middle], vec![&new]),
    };
    let after: Vec<_> = std::iter::once(&stay).chain(if went.is_empty() { Some(&middle) } else { None }).collect();
    let held = gather(&before).finish().unwrap();
    let whole = gather(&[after, came.clone()].concat()).finish().unwrap();
    let gathered = gather(&came);
    assert_eq!(lines(&gathered.keys().unwrap()), lines(&gather(&came).finish().unwrap().project(&[0]).unwrap()));
    let of = |batch: &RecordBatch| -> BTreeMap<String, (Option<String>, String)> {
        let key = |row| text_at(batch, "user_name", row).unwrap();
        lines(batch)
            .into_iter()
            .enumerate()
            .map(|(row, line)| (key(row), (text_at(batch, "user_id", row), line)))
            .collect()
    };
    let (held_of, new_of, expected) = (of(&held), of(&gather(&came).finish().unwrap()), of(&whole));
    let combined = gathered.finish_over(&held, &gather(&went)).unwrap();
    let is_open = new_of
        .iter()
        .any(|(name, (id, _))| id.is_some() && held_of.get(name).is_some_and(|(held, _)| held.is_some() && held != id));
    assert!(combined.is_none() || !is_open, "which of two ids is the last one");
    assert!(combined.is_some() || is_open || change == Change::Replacement, "nothing went that did not come");
    let Some(combined) = combined else { return false };
    let (mut found, combined) = (held_of, of(&combined));
    assert_eq!(combined.keys().collect::<Vec<_>>(), new_of.keys().collect::<Vec<_>>());
    found.extend(combined);
    assert_eq!(found, expected);
    true
}

#[test]
fn members_without_a_column_count_as_null() {
    let with = members(&[(Some("a".to_owned()), Some(1), Some(1), Some("id".to_owned()))]);
    let without = with.project(&[0, 1]).unwrap();
    let schema = member_schema([without.schema().as_ref(), with.schema().as_ref()]).unwrap();
    let mut aggregator = Aggregator::new(&names(&["user_name"]), &aggregates(), &schema, false).unwrap();
    aggregator.push(&without).unwrap();
    aggregator.push(&with).unwrap();
    let result = aggregator.finish().unwrap();
    assert_eq!(text_at(&result, "user_id", 0).as_deref(), Some("id"));
}

#[test]
fn members_must_agree_on_types() {
    let schema = |data_type| Schema::new(vec![Field::new("x", data_type, true)]);
    let joined =
        member_schema([&schema(ArrowType::Int32), &schema(ArrowType::Int64), &schema(ArrowType::Null)]).unwrap();
    assert_eq!(joined.field(0).data_type(), &ArrowType::Int64);
    let clash = member_schema([&schema(ArrowType::Int32), &schema(ArrowType::Utf8)]);
    assert!(matches!(clash, Err(QueryError::WrongType { .. })));
    let aggregator = Aggregator::new(&names(&["nothing"]), &IndexMap::new(), &joined, false);
    assert!(matches!(aggregator, Err(QueryError::MissingColumn { .. })));
}
