//! Random as-of joins beside a search through all versions and the index of look-ups, with keys of several columns and types.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, Date32Array, RecordBatch, StringArray, StringViewArray, TimestampMicrosecondArray,
    TimestampSecondArray, UInt32Array,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, TimeUnit};
use datafusion::prelude::SessionContext;
use goldsmith_query::asof::{AsOfSpec, asof_join};
use goldsmith_query::lookup::{DimensionIndex, IndexSpec};
use rand::Rng;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;

use crate::asof_ways::JoinWay;
use crate::world::*;

const DAY: i64 = 86_400_000_000;

#[derive(Debug, Clone)]
struct Version {
    key: (Option<String>, Option<i64>),
    start: Option<i64>,
    end: Option<i64>,
    surrogate: Option<i64>,
    name: Option<String>,
}

#[derive(Debug, Clone)]
struct Fact {
    key: (Option<String>, Option<i64>),
    at: Option<i64>,
}

/// Types that columns of a side have.
#[derive(Debug, Clone)]
struct Types {
    text: DataType,
    number: DataType,
    instant: DataType,
}

fn types(rng: &mut ChaCha8Rng) -> Types {
    let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    let texts = [DataType::Utf8, DataType::Utf8View, DataType::LargeUtf8, dictionary];
    let instants = [
        DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        DataType::Timestamp(TimeUnit::Second, Some("UTC".into())),
        DataType::Date32,
    ];
    Types {
        text: texts.choose(rng).unwrap().clone(),
        number: [DataType::Int64, DataType::UInt32].choose(rng).unwrap().clone(),
        instant: instants.choose(rng).unwrap().clone(),
    }
}

fn key(rng: &mut ChaCha8Rng) -> (Option<String>, Option<i64>) {
    let text =
        text(rng, 4, 0.08).map(|text| if text == "t3" { "a key longer than a view holds".to_owned() } else { text });
    (text, few(rng, 3, 0.08))
}

fn versions(rng: &mut ChaCha8Rng) -> Vec<Version> {
    let count = *[0, 1, 7, 60, 400].choose(rng).unwrap();
    let version = |number: i64| Version {
        key: key(rng),
        start: few(rng, 12, 0.05).map(|day| day * DAY),
        end: few(rng, 14, 0.3).map(|day| day * DAY),
        // Some are the unknown member, some have none.
        surrogate: if rng.random_bool(0.05) { None } else { Some(if rng.random_bool(0.05) { -1 } else { number }) },
        name: text(rng, 30, 0.2),
    };
    (0..count).map(version).collect()
}

fn facts(rng: &mut ChaCha8Rng) -> Vec<Fact> {
    let count = *[0, 1, 9, 300].choose(rng).unwrap();
    (0..count).map(|_| Fact { key: key(rng), at: few(rng, 16, 0.08).map(|day| (day - 2) * DAY) }).collect()
}

fn of_type(values: ArrayRef, data_type: &DataType) -> ArrayRef {
    cast(&values, data_type).unwrap()
}

fn days(values: impl IntoIterator<Item = Option<i64>>, data_type: &DataType) -> ArrayRef {
    match data_type {
        DataType::Date32 => {
            Arc::new(values.into_iter().map(|at| at.map(|at| (at / DAY) as i32)).collect::<Date32Array>())
        }
        other => of_type(instants(values), other),
    }
}

fn numbers(values: impl IntoIterator<Item = Option<i64>>, data_type: &DataType) -> ArrayRef {
    match data_type {
        DataType::UInt32 => {
            Arc::new(values.into_iter().map(|value| value.map(|value| value as u32)).collect::<UInt32Array>())
        }
        _ => ints(values),
    }
}

fn fact_rows(facts: &[Fact], types: &Types) -> RecordBatch {
    batch(vec![
        ("id", ints((0..facts.len() as i64).map(Some))),
        ("text", of_type(texts(facts.iter().map(|fact| fact.key.0.clone())), &types.text)),
        ("number", numbers(facts.iter().map(|fact| fact.key.1), &types.number)),
        ("at", days(facts.iter().map(|fact| fact.at), &types.instant)),
    ])
}

fn version_rows(versions: &[Version], types: &Types) -> RecordBatch {
    batch(vec![
        ("text", of_type(texts(versions.iter().map(|version| version.key.0.clone())), &types.text)),
        ("number", numbers(versions.iter().map(|version| version.key.1), &types.number)),
        ("start", days(versions.iter().map(|version| version.start), &types.instant)),
        ("end", days(versions.iter().map(|version| version.end), &types.instant)),
        ("surrogate", ints(versions.iter().map(|version| version.surrogate))),
        ("name", of_type(texts(versions.iter().map(|version| version.name.clone())), &types.text)),
    ])
}

/// What a fact meets: of the versions that fit the one that starts last, and of those the greatest surrogate.
fn met<'a>(fact: &Fact, versions: &'a [Version], key: &[String], is_interval: bool) -> Option<&'a Version> {
    let at = fact.at?;
    let by = |name: &str| key.iter().any(|key| key == name);
    let (by_text, by_number) = (by("text"), by("number"));
    if by_text && fact.key.0.is_none() || by_number && fact.key.1.is_none() {
        return None;
    }
    let of_key: Vec<&Version> = versions
        .iter()
        .filter(|version| !by_text || version.key.0 == fact.key.0)
        .filter(|version| !by_number || version.key.1 == fact.key.1)
        .filter(|version| version.start.is_some() && version.surrogate.is_some_and(|surrogate| surrogate != -1))
        .collect();
    let started = of_key.iter().filter(|version| version.start <= Some(at));
    if is_interval {
        let holds = started.filter(|version| version.end.is_none_or(|end| at < end));
        return holds.max_by_key(|version| (version.start, version.surrogate)).copied();
    }
    let first = of_key.iter().map(|version| version.start).min();
    let firsts = of_key.iter().filter(|version| Some(version.start) == first);
    started
        .max_by_key(|version| (version.start, version.surrogate))
        .or_else(|| firsts.max_by_key(|version| version.surrogate))
        .copied()
}

type Line = (i64, Option<i64>, Option<String>);

fn lines_of(batches: &[RecordBatch]) -> Vec<Line> {
    let mut lines = Vec::new();
    for batch in batches {
        let names = cast(&batch["found_name"], &DataType::Utf8).unwrap();
        for row in 0..batch.num_rows() {
            let name = names.as_string::<i32>();
            let name = (!arrow::array::Array::is_null(name, row)).then(|| name.value(row).to_owned());
            lines.push((int_at(batch, "id", row).unwrap(), int_at(batch, "found", row), name));
        }
    }
    lines.sort();
    lines
}

/// A frame of batches with so many rows at most.
fn frame(context: &SessionContext, rows: &RecordBatch, size: usize) -> datafusion::prelude::DataFrame {
    let pieces = (0..rows.num_rows().max(1)).step_by(size);
    context.read_batches(pieces.map(|start| rows.slice(start, (rows.num_rows() - start).min(size)))).unwrap()
}

#[test]
fn every_way_of_joining_finds_what_a_search_and_the_index_find() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for_seeds(60, |rng| {
        let (left_types, right_types) = (types(rng), types(rng));
        let key = [names(&["text"]), names(&["number"]), names(&["number", "text"])].choose(rng).unwrap().clone();
        let is_interval = rng.random_bool(0.5);
        let (facts, versions) = (facts(rng), versions(rng));
        let (left, right) = (fact_rows(&facts, &left_types), version_rows(&versions, &right_types));
        let expected: Vec<Line> = (0..)
            .zip(&facts)
            .map(|(id, fact)| match met(fact, &versions, &key, is_interval) {
                Some(version) => (id, version.surrogate, version.name.clone()),
                None => (id, None, None),
            })
            .collect();

        let fetch = names(&["name"]);
        let spec = IndexSpec { key: key.clone(), surrogate: "surrogate".to_owned(), fetch };
        let index = match is_interval {
            true => DimensionIndex::interval(std::slice::from_ref(&right), &spec, "start", "end"),
            false => DimensionIndex::as_of(std::slice::from_ref(&right), &spec, "start"),
        }
        .unwrap();
        let columns: Vec<ArrayRef> = key.iter().map(|name| Arc::clone(&left[name.as_str()])).collect();
        let resolved = index.resolve(&columns, Some(&left["at"]), false).unwrap();
        let found: Vec<i64> = expected.iter().map(|line| line.1.unwrap_or(-1)).collect();
        assert_eq!(resolved.surrogate.values().to_vec(), found, "the index");

        let spec = AsOfSpec {
            left_key: key.clone(),
            instant: "at".to_owned(),
            right_key: key,
            start: "start".to_owned(),
            end: is_interval.then(|| "end".to_owned()),
            surrogate: "surrogate".to_owned(),
            fetch: vec![("surrogate".to_owned(), "found".to_owned()), ("name".to_owned(), "found_name".to_owned())],
        };
        // The pool may also refuse only after some versions.
        let some = Some(rng.random_range(0..60_000));
        let late = [false, true].map(|is_collected| JoinWay { is_collected, granted: some });
        for way in JoinWay::ALL.into_iter().chain(late) {
            let size = *[3, 50, 1_000].choose(rng).unwrap();
            let (context, pool) = way.session(3, 64);
            let joined = asof_join(frame(&context, &left, size), frame(&context, &right, size), &spec).unwrap();
            let batches = runtime.block_on(joined.collect()).unwrap();
            for batch in &batches {
                assert_eq!(batch["found_name"].data_type(), &right_types.text, "fetched columns keep their type");
            }
            assert_eq!(lines_of(&batches), expected, "{way:?} {left_types:?} {right_types:?}");
            assert_eq!(pool.reserved(), 0, "{way:?}");
        }
    });
}

#[tokio::test]
async fn keys_that_differ_in_their_type_meet_by_value() {
    let seconds = |values: &[i64]| -> ArrayRef { Arc::new(TimestampSecondArray::from(values.to_vec())) };
    let micros = |values: &[i64]| -> ArrayRef { Arc::new(TimestampMicrosecondArray::from(values.to_vec())) };
    let (views, strings) = (StringViewArray::from(vec!["a", "b"]), StringArray::from(vec!["a", "B"]));
    // What does not go into the type of the left side is no key there, nor is what does only with loss.
    let cases: [(ArrayRef, ArrayRef); 4] = [
        (Arc::new(views.clone()), Arc::new(strings.clone())),
        (Arc::new(strings), Arc::new(views)),
        (Arc::new(UInt32Array::from(vec![7, 705_032_704])), ints([Some(7), Some(5_000_000_000)])),
        (seconds(&[1, 2]), micros(&[1_000_000, 2_000_001])),
    ];
    for (left, right) in cases {
        for way in JoinWay::ALL {
            let (context, _) = way.session(3, 10);
            let facts = batch(vec![("key", Arc::clone(&left)), ("at", instants([Some(5), Some(5)]))]);
            let versions = batch(vec![
                ("id", Arc::clone(&right)),
                ("start", instants([Some(0), Some(0)])),
                ("surrogate", ints([Some(10), Some(20)])),
            ]);
            let spec = AsOfSpec {
                left_key: names(&["key"]),
                instant: "at".to_owned(),
                right_key: names(&["id"]),
                start: "start".to_owned(),
                end: None,
                surrogate: "surrogate".to_owned(),
                fetch: vec![("surrogate".to_owned(), "found".to_owned())],
            };
            let (facts, versions) = (context.read_batch(facts).unwrap(), context.read_batch(versions).unwrap());
            let batches = asof_join(facts, versions, &spec).unwrap().collect().await.unwrap();
            let found = batches.iter().flat_map(|batch| (0..batch.num_rows()).map(|row| int_at(batch, "found", row)));
            let mut found: Vec<Option<i64>> = found.collect();
            found.sort();
            assert_eq!(found, [None, Some(10)], "{way:?} {} {}", left.data_type(), right.data_type());
        }
    }
}
