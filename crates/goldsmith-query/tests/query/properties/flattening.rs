//! Carried rows depend on the values of the source rows alone, not on how a scan delivers them.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Int64Array, LargeListArray, ListArray, MapArray, RecordBatch, StringArray, StructArray,
    TimestampNanosecondArray,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Fields};
use goldsmith_query::flatten::Carried;
use goldsmith_query::normalize::normalize_batch;
use proptest::prelude::*;
use proptest::sample::select;

use super::{holds, instant, owned, word};
use crate::world::*;

/// A source row: a struct in a struct, a list of structs, a map, an instant. Children of a null struct hold values.
#[derive(Debug, Clone)]
struct Row {
    outer: bool,
    inner: bool,
    name: Option<&'static str>,
    count: Option<i64>,
    items: Option<Vec<(Option<&'static str>, Option<i64>)>>,
    tags: Option<Vec<(&'static str, Option<&'static str>)>>,
    at: Option<i64>,
}

/// How a scan delivers texts, lists and instants.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Physical {
    Plain,
    Views,
    Dictionaries,
    Large,
}

const PHYSICAL: [Physical; 4] = [Physical::Plain, Physical::Views, Physical::Dictionaries, Physical::Large];

fn text() -> impl Strategy<Value = Option<&'static str>> + Clone {
    prop_oneof![word(), Just(Some("\"\\\n"))]
}

fn row() -> impl Strategy<Value = Row> {
    let items = prop::option::weighted(0.8, prop::collection::vec((text(), prop::option::of(0..3_i64)), 0..3));
    let keys = select(vec![vec![], vec!["b"], vec!["b", "a"], vec!["a", "ä"], vec!["ä", "b", "a"]]);
    let tags = prop::option::weighted(
        0.8,
        (keys, prop::collection::vec(text(), 3)).prop_map(|(keys, values)| keys.into_iter().zip(values).collect()),
    );
    (any::<bool>(), any::<bool>(), text(), prop::option::of(0..3_i64), items, tags, prop::option::of(instant()))
        .prop_map(|(outer, inner, name, count, items, tags, at)| Row { outer, inner, name, count, items, tags, at })
}

fn texts_as(physical: Physical, values: impl Iterator<Item = Option<&'static str>>) -> ArrayRef {
    let plain: ArrayRef = Arc::new(values.collect::<StringArray>());
    let target = match physical {
        Physical::Plain => DataType::Utf8,
        Physical::Views => DataType::Utf8View,
        Physical::Dictionaries => DataType::Dictionary(Box::new(DataType::Int16), Box::new(DataType::Utf8)),
        Physical::Large => DataType::LargeUtf8,
    };
    cast(&plain, &target).unwrap()
}

fn structs(fields: Vec<(&str, ArrayRef)>, valid: Vec<bool>) -> ArrayRef {
    let (fields, columns): (Vec<Field>, Vec<ArrayRef>) =
        fields.into_iter().map(|(name, column)| (Field::new(name, column.data_type().clone(), true), column)).unzip();
    Arc::new(StructArray::new(fields.into(), columns, Some(NullBuffer::from(valid))))
}

fn source(rows: &[Row], physical: Physical) -> RecordBatch {
    let inner = structs(
        vec![
            ("name", texts_as(physical, rows.iter().map(|row| row.name))),
            ("count", Arc::new(rows.iter().map(|row| row.count).collect::<Int64Array>())),
        ],
        rows.iter().map(|row| row.inner).collect(),
    );
    let outer =
        structs(vec![("inner", inner), ("items", lists(rows, physical))], rows.iter().map(|row| row.outer).collect());
    let at: ArrayRef = match physical {
        Physical::Large => {
            let nanos = rows.iter().map(|row| row.at.map(|at| at * 1_000)).collect::<TimestampNanosecondArray>();
            Arc::new(nanos.with_timezone("+00:00"))
        }
        _ => instants(rows.iter().map(|row| row.at)),
    };
    batch(vec![("outer", outer), ("tags", maps(rows, physical)), ("at", at)])
}

fn lists(rows: &[Row], physical: Physical) -> ArrayRef {
    let all: Vec<&(Option<&'static str>, Option<i64>)> =
        rows.iter().flat_map(|row| row.items.iter().flatten()).collect();
    let values = structs(
        vec![
            ("x", texts_as(physical, all.iter().map(|item| item.0))),
            ("y", Arc::new(all.iter().map(|item| item.1).collect::<Int64Array>())),
        ],
        vec![true; all.len()],
    );
    let lengths = rows.iter().map(|row| row.items.as_ref().map_or(0, Vec::len));
    let valid = Some(NullBuffer::from(rows.iter().map(|row| row.items.is_some()).collect::<Vec<_>>()));
    let field = Arc::new(Field::new("item", values.data_type().clone(), true));
    match physical {
        Physical::Large => Arc::new(LargeListArray::new(field, OffsetBuffer::from_lengths(lengths), values, valid)),
        _ => Arc::new(ListArray::new(field, OffsetBuffer::from_lengths(lengths), values, valid)),
    }
}

fn maps(rows: &[Row], physical: Physical) -> ArrayRef {
    let all: Vec<&(&'static str, Option<&'static str>)> =
        rows.iter().flat_map(|row| row.tags.iter().flatten()).collect();
    let keys = texts_as(physical, all.iter().map(|entry| Some(entry.0)));
    let values = texts_as(physical, all.iter().map(|entry| entry.1));
    let fields = Fields::from(vec![
        Field::new("keys", keys.data_type().clone(), false),
        Field::new("values", values.data_type().clone(), true),
    ]);
    let entries = StructArray::new(fields.clone(), vec![keys, values], None);
    let field = Arc::new(Field::new("entries", DataType::Struct(fields), false));
    let lengths = rows.iter().map(|row| row.tags.as_ref().map_or(0, Vec::len));
    let valid = NullBuffer::from(rows.iter().map(|row| row.tags.is_some()).collect::<Vec<_>>());
    Arc::new(MapArray::new(field, OffsetBuffer::from_lengths(lengths), entries, Some(valid), false))
}

fn json_text(text: &str) -> String {
    let escape = |c: char| match c {
        '"' => "\\\"".to_owned(),
        '\\' => "\\\\".to_owned(),
        '\n' => "\\n".to_owned(),
        c => c.to_string(),
    };
    format!("\"{}\"", text.chars().map(escape).collect::<String>())
}

/// What is carried of one row, written down by hand.
fn expected(row: &Row) -> String {
    let inner = row.outer && row.inner;
    let items = row.items.as_ref().filter(|_| row.outer).map(|items| {
        let item = |(x, y): &(Option<&str>, Option<i64>)| {
            let x = x.map(|x| format!("\"x\":{}", json_text(x)));
            let y = y.map(|y| format!("\"y\":{y}"));
            format!("{{{}}}", [x, y].into_iter().flatten().collect::<Vec<_>>().join(","))
        };
        format!("[{}]", items.iter().map(item).collect::<Vec<_>>().join(","))
    });
    let tags = row.tags.as_ref().map(|tags| {
        let mut tags: Vec<(String, Option<String>)> =
            tags.iter().map(|(key, value)| ((*key).to_owned(), owned(*value))).collect();
        tags.sort();
        tags
    });
    format!("{:?}", (owned(row.name).filter(|_| inner), row.count.filter(|_| inner), items, tags, row.at))
}

fn described(carried: &RecordBatch) -> Vec<String> {
    let tags = carried["tags"].as_map();
    (0..carried.num_rows())
        .map(|row| {
            let tags = tags.is_valid(row).then(|| {
                let entries = tags.value(row);
                let (keys, values) = (entries.column(0).as_string::<i32>(), entries.column(1).as_string::<i32>());
                keys.iter().zip(values).map(|(k, v)| (k.unwrap().to_owned(), v.map(str::to_owned))).collect::<Vec<_>>()
            });
            format!(
                "{:?}",
                (
                    text_at(carried, "outer_inner_name", row),
                    int_at(carried, "outer_inner_count", row),
                    text_at(carried, "outer_items_json", row),
                    tags,
                    instant_at(carried, "at", row),
                )
            )
        })
        .collect()
}

fn carried(batch: &RecordBatch) -> RecordBatch {
    Carried::new(batch.schema_ref(), &[], &[]).unwrap().apply(batch).unwrap()
}

#[test]
fn rows_are_carried_as_written_by_hand_however_they_are_delivered() {
    holds((prop::collection::vec(row(), 0..10), select(&PHYSICAL[..])), |(rows, physical)| {
        let by_hand: Vec<String> = rows.iter().map(expected).collect();
        let batch = source(&rows, physical);
        let found = carried(&batch);
        prop_assert_eq!(described(&found), by_hand);
        prop_assert_eq!(&found, &carried(&source(&rows, Physical::Plain)));
        let normal = normalize_batch(&batch).unwrap();
        prop_assert_eq!(&found, &carried(&normal), "carrying normalised rows is the same");
        prop_assert_eq!(normalize_batch(&normal).unwrap(), normal);
        Ok(())
    });
}

#[test]
fn a_part_of_the_rows_is_carried_like_the_rows_themselves() {
    let cases = (prop::collection::vec(row(), 1..20), select(&PHYSICAL[..]), any::<[prop::sample::Index; 2]>());
    holds(cases, |(rows, physical, bounds)| {
        let mut bounds = bounds.map(|bound| bound.index(rows.len() + 1));
        bounds.sort_unstable();
        let batch = source(&rows, physical);
        let (from, length) = (bounds[0], bounds[1] - bounds[0]);
        let by_hand: Vec<String> = rows[bounds[0]..bounds[1]].iter().map(expected).collect();
        prop_assert_eq!(described(&carried(&batch.slice(from, length))), by_hand);
        prop_assert_eq!(carried(&batch.slice(from, length)), carried(&batch).slice(from, length));
        Ok(())
    });
}
