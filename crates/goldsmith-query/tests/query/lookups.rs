use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, UInt64Array};
use arrow::compute::concat_batches;
use arrow::datatypes::DataType;
use goldsmith_query::lookup::{DimensionIndex, IndexSpec};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::world::*;

fn spec() -> IndexSpec {
    IndexSpec { key: names(&["workspace_id", "job_id"]), surrogate: "job_key".to_owned(), fetch: names(&["name"]) }
}

/// Rows of a dimension, the unknown member among them; keys have no nulls but there.
fn dimension(rng: &mut ChaCha8Rng, one_per_key: bool) -> RecordBatch {
    let mut seen = std::collections::BTreeSet::new();
    let mut columns: (Vec<_>, Vec<_>, Vec<_>, Vec<_>, Vec<_>) = Default::default();
    for _ in 0..rng.random_range(0..30) {
        let (workspace, job, start) = (text(rng, 3, 0.0), text(rng, 3, 0.0), few(rng, 8, 0.0));
        if seen.insert((workspace.clone(), job.clone(), start.filter(|_| !one_per_key))) {
            columns.0.push(workspace);
            columns.1.push(job);
            columns.2.push(start);
            columns.3.push(few(rng, 9, 0.3).map(|length| start.unwrap() + length));
            columns.4.push(rng.random_range(0..1000));
        }
    }
    columns.0.push(None);
    columns.1.push(None);
    columns.2.push(Some(0));
    columns.3.push(None);
    columns.4.push(-1);
    let names = texts(columns.4.iter().map(|key| Some(format!("name {key}"))));
    batch(vec![
        ("job_key", ints(columns.4.into_iter().map(Some))),
        ("workspace_id", texts(columns.0)),
        ("job_id", texts(columns.1)),
        ("valid_from", instants(columns.2)),
        ("valid_to", instants(columns.3)),
        ("name", names),
    ])
}

fn facts(rng: &mut ChaCha8Rng) -> RecordBatch {
    let count = rng.random_range(1..40);
    let workspaces: Vec<_> = (0..count).map(|_| text(rng, 3, 0.1)).collect();
    let jobs: Vec<_> = (0..count).map(|_| text(rng, 4, 0.1)).collect();
    let times: Vec<_> = (0..count).map(|_| few(rng, 12, 0.1).map(|time| time - 2)).collect();
    batch(vec![("workspace_id", texts(workspaces)), ("job_id", texts(jobs)), ("t", instants(times))])
}

/// Splits a dimension into batches.
fn pieces(rng: &mut ChaCha8Rng, rows: &RecordBatch) -> Vec<RecordBatch> {
    let at = rng.random_range(0..=rows.num_rows());
    vec![rows.slice(0, at), rows.slice(at, rows.num_rows() - at)]
}

/// By looking at every row of the dimension for every fact.
fn check(
    index: &DimensionIndex,
    dimension: &RecordBatch,
    facts: &RecordBatch,
    empty_is_null: bool,
    choose: impl Fn(i64, &[(i64, Option<i64>, i64)]) -> Option<i64>,
    needs_time: bool,
) {
    let keys: Vec<ArrayRef> = vec![facts["workspace_id"].clone(), facts["job_id"].clone()];
    let found = index.resolve(&keys, Some(&facts["t"]), empty_is_null).unwrap();
    let fetched = index.fetch("name", &found.row).unwrap();
    let fetched = batch(vec![("name", fetched)]);
    assert_eq!(found.surrogate.null_count(), 0);
    for row in 0..facts.num_rows() {
        let key = |rows: &RecordBatch, row| [text_at(rows, "workspace_id", row), text_at(rows, "job_id", row)];
        let own = key(facts, row);
        let time = instant_at(facts, "t", row);
        let unknown = own.iter().any(|part| part.as_ref().is_none_or(|text| empty_is_null && text.is_empty()));
        let expected = if unknown || (needs_time && time.is_none()) {
            None
        } else {
            let mut versions: Vec<(i64, Option<i64>, i64)> = (0..dimension.num_rows())
                .filter(|at| key(dimension, *at) == own)
                .map(|at| {
                    let bound = |name| instant_at(dimension, name, at);
                    (bound("valid_from").unwrap(), bound("valid_to"), int_at(dimension, "job_key", at).unwrap())
                })
                .collect();
            versions.sort();
            choose(time.unwrap_or_default(), &versions)
        };
        assert_eq!(found.surrogate.value(row), expected.unwrap_or(-1), "{own:?} at {time:?}");
        assert_eq!(found.row.is_valid(row), expected.is_some());
        assert_eq!(text_at(&fetched, "name", row), expected.map(|key| format!("name {key}")));
    }
}

#[test]
fn plain_look_ups_find_the_row_of_the_key() {
    for_seeds(100, |rng| {
        let (rows, facts) = (dimension(rng, true), facts(rng));
        let index = DimensionIndex::plain(&pieces(rng, &rows), &spec()).unwrap();
        let empty_is_null = rng.random_bool(0.5);
        check(&index, &rows, &facts, empty_is_null, |_, versions| versions.first().map(|version| version.2), false);
    });
}

#[test]
fn as_of_look_ups_find_the_last_version_before_else_the_first() {
    for_seeds(150, |rng| {
        let (rows, facts) = (dimension(rng, false), facts(rng));
        let index = DimensionIndex::as_of(&pieces(rng, &rows), &spec(), "valid_from").unwrap();
        let choose = |time: i64, versions: &[(i64, Option<i64>, i64)]| {
            let started = versions.iter().rfind(|version| version.0 <= time);
            started.or(versions.first()).map(|version| version.2)
        };
        check(&index, &rows, &facts, false, choose, true);
    });
}

#[test]
fn interval_look_ups_are_half_open_and_take_the_one_that_starts_last() {
    for_seeds(150, |rng| {
        let (rows, facts) = (dimension(rng, false), facts(rng));
        let index = DimensionIndex::interval(&pieces(rng, &rows), &spec(), "valid_from", "valid_to").unwrap();
        let choose = |time: i64, versions: &[(i64, Option<i64>, i64)]| {
            let containing =
                versions.iter().filter(|(start, end, _)| *start <= time && end.is_none_or(|end| time < end));
            containing.max_by_key(|version| version.0).map(|version| version.2)
        };
        check(&index, &rows, &facts, false, choose, true);
    });
}

#[test]
fn prices_change_exactly_at_their_start() {
    let prices = batch(vec![
        ("key", ints([Some(7), Some(8)])),
        ("sku", texts([Some("s".to_owned()), Some("s".to_owned())])),
        ("start", instants([Some(0), Some(10)])),
        ("end", instants([Some(10), None])),
    ]);
    let spec = IndexSpec { key: names(&["sku"]), surrogate: "key".to_owned(), fetch: vec![] };
    let index = DimensionIndex::interval(&[prices], &spec, "start", "end").unwrap();
    let skus = texts(vec![Some("s".to_owned()); 4]);
    let found = index.resolve(&[skus], Some(&instants([Some(-1), Some(9), Some(10), None])), false).unwrap();
    assert_eq!(found.surrogate.values(), &[-1, 7, 8, -1]);
}

#[test]
fn an_index_tells_which_values_its_keys_have() {
    let text = |text: &str| Some(text.to_owned());
    let rows = batch(vec![
        ("job_key", ints([Some(1), Some(2), Some(3), Some(-1)])),
        ("workspace_id", texts([text("w"), text("w"), text("v"), text("unknown")])),
        ("job_id", texts([text("j"), text("k"), text("j"), text("j")])),
        ("name", texts([None, None, None, None])),
    ]);
    let index = DimensionIndex::plain(&[rows], &spec()).unwrap();
    let values = |column: &str| {
        let values = index.key_values(column).unwrap();
        let mut values: Vec<String> = values.as_string::<i32>().iter().flatten().map(str::to_owned).collect();
        values.sort();
        values
    };
    assert_eq!(values("workspace_id"), ["v", "w", "w"], "the unknown member has none");
    assert_eq!(values("job_id"), ["j", "j", "k"]);
    assert!(index.key_values("name").is_err());
    assert_eq!(DimensionIndex::plain(&[], &spec()).unwrap().key_values("job_id").unwrap().len(), 0);
}

#[test]
fn nothing_is_found_in_an_empty_dimension_and_keys_must_fit() {
    let index = DimensionIndex::plain(&[], &spec()).unwrap();
    let keys = [texts([Some("a".to_owned())]), texts([None])];
    assert_eq!(index.resolve(&keys, None, false).unwrap().surrogate.values(), &[-1]);
    let rows = batch(vec![
        ("job_key", ints([Some(5)])),
        ("workspace_id", texts([Some("w".to_owned())])),
        ("job_id", texts([Some("j".to_owned())])),
        ("name", texts([None])),
    ]);
    let index = DimensionIndex::plain(&[concat_batches(rows.schema_ref(), [&rows]).unwrap()], &spec()).unwrap();
    assert!(index.resolve(&keys[..1], None, false).is_err(), "part of the key");
    assert!(index.resolve(&[ints([Some(1)]), ints([Some(1)])], None, false).is_err(), "other types");
    assert!(index.fetch("nothing", &UInt64Array::from(vec![0])).is_err());
    let as_view = |text: &str| arrow::compute::cast(&texts([Some(text.to_owned())]), &DataType::Utf8View).unwrap();
    let found = index.resolve(&[as_view("w"), as_view("j")], None, false).unwrap();
    assert_eq!(found.surrogate.values(), &[5]);
}
