//! The as-of join finds what the index of the dimension finds, once for each row, however both sides arrive.

use arrow::array::{ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use goldsmith_query::asof::{AsOfSpec, asof_join};
use proptest::prelude::*;
use proptest::sample::select;

use super::lookups::{Fact, Found, Member, NOTHING, Way, facts, found, members, rows};
use super::{arrival, holds, owned};
use crate::asof_ways::JoinWay;
use crate::world::*;

fn spec(way: Way) -> AsOfSpec {
    AsOfSpec {
        left_key: names(&["job_id"]),
        instant: "at".to_owned(),
        right_key: names(&["job_id"]),
        start: "start".to_owned(),
        end: (way == Way::Interval).then(|| "end".to_owned()),
        surrogate: "job_key".to_owned(),
        fetch: vec![("job_key".to_owned(), "found".to_owned()), ("price".to_owned(), "price".to_owned())],
    }
}

fn fact_rows(facts: &[(usize, Fact)]) -> RecordBatch {
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("id", ints(facts.iter().map(|(id, _)| Some(*id as i64)))),
        ("job_id", texts(facts.iter().map(|(_, fact)| owned(fact.key)))),
        ("at", instants(facts.iter().map(|(_, fact)| fact.at))),
    ];
    batch(columns)
}

/// What each fact meets, by a plan with three partitions and batches of two rows.
fn joined(way: Way, join: JoinWay, facts: Vec<RecordBatch>, members: Vec<RecordBatch>) -> Vec<(i64, Found)> {
    let (context, _) = join.session(3, 2);
    let left = context.read_batches(facts).unwrap();
    let right = context.read_batches(members).unwrap();
    let frame = asof_join(left, right, &spec(way)).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let batches = runtime.block_on(frame.collect()).unwrap();
    let mut met = Vec::new();
    for batch in batches {
        let ids = batch.column_by_name("id").unwrap().as_primitive::<Int64Type>();
        for row in 0..batch.num_rows() {
            let surrogate = int_at(&batch, "found", row).unwrap_or(NOTHING.0);
            met.push((ids.value(row), (surrogate, int_at(&batch, "price", row))));
        }
    }
    met.sort_unstable();
    met
}

#[test]
fn every_fact_meets_once_what_the_index_finds() {
    let way = select(&[Way::AsOf, Way::Interval][..]);
    let join = select(&JoinWay::ALL[..]);
    holds((way, join, members(), facts(), arrival()), |(way, join, members, facts, arrival)| {
        let numbered: Vec<(usize, Fact)> = facts.iter().cloned().enumerate().collect();
        let once = arrival.once();
        let left = once.pieces(&numbered).iter().map(|facts| fact_rows(facts)).collect();
        let right = once.pieces(&members).iter().map(|members: &Vec<Member>| rows(members)).collect();
        let expected: Vec<(i64, Found)> = (0..).zip(found(way, &[members], &facts, false)).collect();
        prop_assert_eq!(joined(way, join, left, right), expected);
        Ok(())
    });
}
