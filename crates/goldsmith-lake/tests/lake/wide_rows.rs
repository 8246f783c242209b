//! Random upserts on files that are compared in two steps: a cheap column first, a column of many bytes only where that is equal.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef};
use goldsmith_lake::{ScanRequest, Table, UpsertRequest, WriteMode, upsert};
use rand::distr::{Alphanumeric, SampleString};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::support::{Place, append, collect, names};

/// Rows of the first file; with [`TEXT`] letters each, it has more bytes than are compared at once.
const ROWS: i64 = 6_000;
const TEXT: usize = 400;
const GROUPS: i64 = 50;

/// Key to state and text; the group of a row is a part of its key.
type Content = BTreeMap<i64, (String, String)>;

fn schema() -> SchemaRef {
    let text = |name| Field::new(name, DataType::Utf8, true);
    Arc::new(Schema::new(vec![
        Field::new("g", DataType::Int64, true),
        Field::new("k", DataType::Int64, true),
        text("text"),
        text("state"),
    ]))
}

fn batch<'a>(rows: impl Iterator<Item = (&'a i64, &'a (String, String))> + Clone) -> RecordBatch {
    let numbers = |number: fn(i64) -> i64| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(rows.clone().map(|(key, _)| number(*key))))
    };
    let texts: ArrayRef = Arc::new(StringArray::from_iter_values(rows.clone().map(|(_, (_, text))| text)));
    let states: ArrayRef = Arc::new(StringArray::from_iter_values(rows.clone().map(|(_, (state, _))| state)));
    RecordBatch::try_new(schema(), vec![numbers(|key| key % GROUPS), numbers(|key| key), texts, states]).unwrap()
}

async fn content(table: &Table) -> Content {
    let rows = collect(table.scan(ScanRequest::default()).await.unwrap()).await;
    let (keys, texts) = (rows.column(1).as_primitive::<Int64Type>(), rows.column(2).as_string::<i32>());
    let states = rows.column(3).as_string::<i32>();
    let found: Content = (0..rows.num_rows())
        .map(|row| (keys.value(row), (states.value(row).to_owned(), texts.value(row).to_owned())))
        .collect();
    assert_eq!(found.len(), rows.num_rows(), "a key is there twice");
    found
}

fn text(random: &mut ChaCha8Rng) -> String {
    Alphanumeric.sample_string(random, TEXT)
}

/// New rows that differ in the cheap column, in the other, in both or not at all, and some of new keys.
fn draw(random: &mut ChaCha8Rng, model: &Content) -> Content {
    let share = random.random_range(0.001..0.3);
    let differs = random.random_range(0.0..1.0);
    let mut fresh = Content::new();
    for (key, (state, known)) in model {
        if !random.random_bool(share) {
            continue;
        }
        let state =
            if random.random_bool(differs) { format!("state-{}", random.random_range(0..9)) } else { state.clone() };
        let text = if random.random_bool(0.2) { text(random) } else { known.clone() };
        fresh.insert(*key, (state, text));
    }
    for _ in 0..random.random_range(0..20) {
        fresh.insert(random.random_range(0..2 * ROWS), ("new".to_owned(), text(random)));
    }
    fresh
}

async fn equals_a_map(seed: u64, write_mode: WriteMode, by_group: bool) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let place = Place::new();
    let mut table = place.create("t", schema()).await;
    let mut model: Content = (0..ROWS).map(|key| (key, ("state-0".to_owned(), text(&mut random)))).collect();
    append(&mut table, &batch(model.iter()), None, "r").await;
    for step in 0..5 {
        let fresh = draw(&mut random, &model);
        let case = format!("seed {seed} {write_mode:?}, by group: {by_group}, step {step}");
        let earlier = model.clone();
        if by_group {
            let touched: BTreeSet<i64> = fresh.keys().map(|key| key % GROUPS).collect();
            model.retain(|key, _| fresh.contains_key(key) || !touched.contains(&(key % GROUPS)));
        }
        model.extend(fresh.clone());
        let request = UpsertRequest {
            key: names(&["g", "k"]),
            group: if by_group { names(&["g"]) } else { names(&["g", "k"]) },
            delete_missing_in_group: by_group,
            rows: vec![batch(fresh.iter())],
            write_mode,
            operation: "MERGE".to_owned(),
            ..UpsertRequest::default()
        };
        let report = upsert(&mut table, request).await.unwrap();
        let changed = |key: &&i64| earlier.get(key).is_some_and(|known| known != &model[key]);
        let updated = fresh.keys().filter(changed).count() as u64;
        let inserted = fresh.keys().filter(|key| !earlier.contains_key(key)).count() as u64;
        let deleted = earlier.keys().filter(|key| !model.contains_key(key)).count() as u64;
        let unchanged = fresh.len() as u64 - updated - inserted;
        let found = (report.inserted, report.updated, report.unchanged, report.deleted);
        assert_eq!(found, (inserted, updated, unchanged, deleted), "{case}: {report:?}");
        assert_eq!(content(&place.open("t").await).await, model, "{case}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_differ_in_any_column_are_found_in_two_steps() {
    for seed in 0..3 {
        for write_mode in [WriteMode::MergeOnRead, WriteMode::CopyOnWrite] {
            equals_a_map(seed, write_mode, false).await;
            equals_a_map(seed, write_mode, true).await;
        }
    }
}
