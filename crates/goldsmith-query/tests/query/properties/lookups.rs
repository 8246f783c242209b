//! A look-up finds what a search through the whole dimension finds, and a new version moves only its own interval.

use arrow::array::{ArrayRef, RecordBatch};
use goldsmith_query::lookup::{DimensionIndex, IndexSpec};
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::{arrival, holds, instant, owned};
use crate::world::*;

/// A row of a dimension. Those without surrogate or start, and the unknown member, can never be found.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Member {
    key: Option<&'static str>,
    start: Option<i64>,
    end: Option<i64>,
    surrogate: i64,
    price: Option<i64>,
}

/// A row of a fact.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Fact {
    pub(super) key: Option<&'static str>,
    pub(super) at: Option<i64>,
}

pub(super) type Found = (i64, Option<i64>);

pub(super) const NOTHING: Found = (-1, None);

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Way {
    Plain,
    AsOf,
    Interval,
}

fn key() -> impl Strategy<Value = Option<&'static str>> + Clone {
    select(&[None, Some(""), Some("a"), Some("ä"), Some("b")][..])
}

fn member() -> impl Strategy<Value = Member> {
    let start = prop::option::weighted(0.95, instant());
    (key(), start, prop::option::weighted(0.6, instant()), any::<bool>(), prop::option::of(1..4_i64)).prop_map(
        |(key, start, end, is_known, price)| Member { key, start, end, surrogate: i64::from(is_known) - 1, price },
    )
}

/// Members with surrogates of their own; some are the unknown member.
pub(super) fn members() -> impl Strategy<Value = Vec<Member>> {
    prop::collection::vec(member(), 0..10).prop_map(numbered)
}

fn numbered(members: Vec<Member>) -> Vec<Member> {
    let own = |(index, member): (usize, Member)| match member.surrogate {
        -1 if index % 4 == 0 => member,
        _ => Member { surrogate: 100 + index as i64, ..member },
    };
    members.into_iter().enumerate().map(own).collect()
}

pub(super) fn facts() -> impl Strategy<Value = Vec<Fact>> {
    let fact = (key(), prop::option::weighted(0.95, instant())).prop_map(|(key, at)| Fact { key, at });
    prop::collection::vec(fact, 1..14)
}

pub(super) fn rows(members: &[Member]) -> RecordBatch {
    batch(vec![
        ("job_key", ints(members.iter().map(|member| Some(member.surrogate)))),
        ("job_id", texts(members.iter().map(|member| owned(member.key)))),
        ("start", instants(members.iter().map(|member| member.start))),
        ("end", instants(members.iter().map(|member| member.end))),
        ("price", ints(members.iter().map(|member| member.price))),
    ])
}

fn index_of(way: Way, pieces: &[Vec<Member>]) -> DimensionIndex {
    let spec = IndexSpec { key: names(&["job_id"]), surrogate: "job_key".to_owned(), fetch: names(&["price"]) };
    let batches: Vec<RecordBatch> = pieces.iter().map(|members| rows(members)).collect();
    match way {
        Way::Plain => DimensionIndex::plain(&batches, &spec),
        Way::AsOf => DimensionIndex::as_of(&batches, &spec, "start"),
        Way::Interval => DimensionIndex::interval(&batches, &spec, "start", "end"),
    }
    .unwrap()
}

pub(super) fn found(way: Way, pieces: &[Vec<Member>], facts: &[Fact], empty_is_null: bool) -> Vec<Found> {
    let index = index_of(way, pieces);
    let keys: ArrayRef = texts(facts.iter().map(|fact| owned(fact.key)));
    let at = instants(facts.iter().map(|fact| fact.at));
    let resolved = index.resolve(&[keys], Some(&at), empty_is_null).unwrap();
    let prices = batch(vec![("price", index.fetch("price", &resolved.row).unwrap())]);
    (0..facts.len()).map(|row| (resolved.surrogate.value(row), int_at(&prices, "price", row))).collect()
}

fn found_at_once(way: Way, members: &[Member], facts: &[Fact]) -> Vec<Found> {
    found(way, &[members.to_vec()], facts, false)
}

/// Looks at every row of the dimension for one fact. Of several rows that fit equally the greatest surrogate is taken.
fn reference(way: Way, members: &[Member], fact: &Fact, empty_is_null: bool) -> Found {
    if fact.key.is_none_or(|key| empty_is_null && key.is_empty()) || (way != Way::Plain && fact.at.is_none()) {
        return NOTHING;
    }
    let instant = fact.at.unwrap_or_default();
    let mut best: Option<&Member> = None;
    let mut earliest: Option<&Member> = None;
    for member in members {
        if member.key != fact.key || member.surrogate == -1 || (way != Way::Plain && member.start.is_none()) {
            continue;
        }
        let fits = match way {
            Way::Plain => true,
            Way::AsOf => member.start.is_some_and(|start| start <= instant),
            Way::Interval => {
                member.start.is_some_and(|start| start <= instant) && member.end.is_none_or(|end| instant < end)
            }
        };
        let rank = |member: &Member| (member.start.filter(|_| way != Way::Plain), member.surrogate);
        if fits && best.is_none_or(|best| rank(member) > rank(best)) {
            best = Some(member);
        }
        let is_earlier = |other: &Member| {
            member.start < other.start || (member.start == other.start && member.surrogate > other.surrogate)
        };
        if earliest.is_none_or(is_earlier) {
            earliest = Some(member);
        }
    }
    let chosen = if way == Way::AsOf { best.or(earliest) } else { best };
    chosen.map_or(NOTHING, |member| (member.surrogate, member.price))
}

#[test]
fn every_fact_finds_what_a_search_through_all_rows_finds() {
    let way = select(&[Way::Plain, Way::AsOf, Way::Interval][..]);
    holds((way, members(), facts(), any::<bool>(), arrival()), |(way, members, facts, empty_is_null, arrival)| {
        // A dimension has each row once.
        let pieces = arrival.once().pieces(&members);
        let expected: Vec<Found> = facts.iter().map(|fact| reference(way, &members, fact, empty_is_null)).collect();
        prop_assert_eq!(found(way, &pieces, &facts, empty_is_null), expected);
        Ok(())
    });
}

/// Versions of one key with different starts.
fn history() -> impl Strategy<Value = Vec<Member>> {
    let starts = prop::sample::subsequence(&super::INSTANTS[..], 1..6);
    starts.prop_map(|starts| {
        let version = |(index, start): (usize, i64)| Member {
            key: Some("a"),
            start: Some(start),
            end: None,
            surrogate: 100 + index as i64,
            price: Some(index as i64),
        };
        starts.into_iter().enumerate().map(version).collect()
    })
}

#[test]
fn a_version_that_arrives_later_re_keys_exactly_its_interval() {
    holds((history(), any::<Index>(), facts()), |(history, late, facts)| {
        let late = late.index(history.len());
        let mut before = history.clone();
        let version = before.remove(late);
        let is_first = late == 0;
        let next = history.get(late + 1).and_then(|next| next.start);
        let old = found_at_once(Way::AsOf, &before, &facts);
        let new = found_at_once(Way::AsOf, &history, &facts);
        for (fact, (old, new)) in facts.iter().zip(old.iter().zip(&new)) {
            // The first version holds for what came before it as well.
            let belongs = fact.key == Some("a")
                && fact.at.is_some_and(|at| {
                    (is_first || version.start.is_some_and(|start| start <= at)) && next.is_none_or(|next| at < next)
                });
            prop_assert_eq!(old != new, belongs, "{:?}", fact);
            if belongs {
                prop_assert_eq!(new.0, version.surrogate);
            }
        }
        Ok(())
    });
}

/// A tariff: prices of one key that follow each other, the last without an end.
fn tariff() -> impl Strategy<Value = Vec<Member>> {
    history().prop_map(|mut prices| {
        for index in 1..prices.len() {
            prices[index - 1].end = prices[index].start;
        }
        prices
    })
}

fn holds_at(price: &Member, fact: &Fact) -> bool {
    fact.key == price.key
        && fact
            .at
            .is_some_and(|at| price.start.is_some_and(|start| start <= at) && price.end.is_none_or(|end| at < end))
}

#[test]
fn a_price_that_arrives_late_prices_exactly_its_interval() {
    holds((tariff(), any::<Index>(), facts()), |(prices, late, facts)| {
        let mut before = prices.clone();
        let price = before.remove(late.index(prices.len()));
        let old = found_at_once(Way::Interval, &before, &facts);
        let new = found_at_once(Way::Interval, &prices, &facts);
        for (fact, (old, new)) in facts.iter().zip(old.iter().zip(&new)) {
            let expected =
                if holds_at(&price, fact) { (NOTHING, (price.surrogate, price.price)) } else { (*old, *old) };
            prop_assert_eq!((*old, *new), expected, "{:?}", fact);
        }
        Ok(())
    });
}

#[test]
fn a_price_that_changes_re_prices_exactly_its_interval() {
    holds((tariff(), any::<Index>(), facts()), |(prices, changed, facts)| {
        let mut after = prices.clone();
        let changed = changed.index(prices.len());
        after[changed].price = Some(77);
        let old = found_at_once(Way::Interval, &prices, &facts);
        let new = found_at_once(Way::Interval, &after, &facts);
        for (fact, (old, new)) in facts.iter().zip(old.iter().zip(&new)) {
            prop_assert_eq!(old.0, new.0, "the key of the price stays");
            prop_assert_eq!(old.1 != new.1, holds_at(&prices[changed], fact), "{:?}", fact);
        }
        Ok(())
    });
}

#[test]
fn a_price_that_ends_leaves_exactly_what_comes_after_without_price() {
    holds((tariff(), instant(), facts()), |(prices, end, facts)| {
        let mut after = prices.clone();
        let last = after.last_mut().unwrap();
        last.end = Some(end);
        let old = found_at_once(Way::Interval, &prices, &facts);
        let new = found_at_once(Way::Interval, &after, &facts);
        for (fact, (old, new)) in facts.iter().zip(old.iter().zip(&new)) {
            let ended = holds_at(prices.last().unwrap(), fact) && fact.at.is_some_and(|at| end <= at);
            prop_assert_eq!(*new, if ended { NOTHING } else { *old }, "{:?}", fact);
        }
        Ok(())
    });
}

#[test]
fn a_change_of_the_dimension_touches_every_fact_that_resolves_differently() {
    let way = select(&[Way::Plain, Way::AsOf, Way::Interval][..]);
    let cut = prop::collection::vec(any::<bool>(), 10);
    holds((way, members(), cut.clone(), cut, facts()), |(way, all, was, is, facts)| {
        // Two states of one dimension: some members are in both, some came, some went, some have another price.
        let chosen = |bits: &[bool]| -> Vec<Member> {
            all.iter().zip(bits).filter(|(_, bit)| **bit).map(|(member, _)| member.clone()).collect()
        };
        let before = chosen(&was);
        let mut after = chosen(&is);
        after.iter_mut().step_by(3).for_each(|member| member.price = Some(9));
        let (old_index, new_index) =
            (index_of(way, std::slice::from_ref(&before)), index_of(way, std::slice::from_ref(&after)));
        let change = new_index.changes_since(&old_index).unwrap().expect("the types are the same");
        let keys: ArrayRef = texts(facts.iter().map(|fact| owned(fact.key)));
        let at = instants(facts.iter().map(|fact| fact.at));
        let touched = new_index.touched(&change, &[keys], Some(&at)).unwrap();
        let (old, new) = (found_at_once(way, &before, &facts), found_at_once(way, &after, &facts));
        for (row, fact) in facts.iter().enumerate() {
            prop_assert!(old[row] == new[row] || touched.value(row), "{:?}: {:?} to {:?}", fact, old[row], new[row]);
        }
        let same = new_index.changes_since(&new_index).unwrap().expect("the types are the same");
        prop_assert!(same.is_empty());
        Ok(())
    });
}
