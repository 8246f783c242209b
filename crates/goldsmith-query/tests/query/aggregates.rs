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
