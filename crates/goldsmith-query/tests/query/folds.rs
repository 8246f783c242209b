use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListBuilder, RecordBatch, StringBuilder};
use arrow::datatypes::DataType as ArrowType;
use goldsmith_model::{Conservation, DataType, Fold, FoldColumn, FoldFunction};
use goldsmith_query::QueryError;
use goldsmith_query::fold::{FoldSpec, distinct_slices, fold, fold_schema};
use goldsmith_query::law::{Law, Ledger};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::world::*;

const SECOND: i64 = 1_000_000;

fn rules() -> Fold {
    let text = DataType::String;
    let list = DataType::Array(Box::new(DataType::String));
    let rule = |function, data_type| FoldColumn { function, data_type, description: "What it is.".to_owned() };
    let of = |column: &str, of: &str| FoldFunction::ValueAtLast { column: column.to_owned(), of: of.to_owned() };
    let columns = [
        ("first_start", rule(FoldFunction::Min("start".to_owned()), DataType::Timestamp)),
        ("last_end", rule(FoldFunction::Max("end".to_owned()), DataType::Timestamp)),
        ("state", rule(FoldFunction::Last("state".to_owned()), text.clone())),
        ("code", rule(of("code", "state"), text)),
        ("slices", rule(FoldFunction::CountSlices, DataType::BigInt)),
        ("attempts", rule(FoldFunction::Count("state".to_owned()), DataType::BigInt)),
        ("seconds", rule(FoldFunction::DurationSeconds, DataType::BigInt)),
        ("running", rule(FoldFunction::LastIsNull("state".to_owned()), DataType::Boolean)),
        ("ids", rule(FoldFunction::Union("ids".to_owned()), list)),
    ];
    Fold {
        slice_start: "start".to_owned(),
        slice_end: "end".to_owned(),
        columns: columns.into_iter().map(|(name, rule)| (name.to_owned(), rule)).collect(),
    }
}

fn spec() -> FoldSpec {
    FoldSpec { key: names(&["run"]), natural_key: names(&["run", "start"]), sequence: None }
}

type Ids = Option<Vec<Option<String>>>;

fn lists(values: &[Ids]) -> ArrayRef {
    let mut builder = ListBuilder::new(StringBuilder::new());
    for value in values {
        for id in value.iter().flatten() {
            builder.values().append_option(id.as_ref());
        }
        builder.append(value.is_some());
    }
    Arc::new(builder.finish())
}

#[derive(Debug, Clone, PartialEq)]
struct Slice {
    run: Option<String>,
    start: Option<i64>,
    end: Option<i64>,
    state: Option<String>,
    code: Option<String>,
    ids: Ids,
    note: Option<String>,
}

impl Slice {
    /// Content in the order of the column names, as it breaks ties; the key is equal anyway.
    fn content(&self) -> (&Option<String>, &Ids, &Option<String>, &Option<String>) {
        (&self.code, &self.ids, &self.note, &self.state)
    }
}

fn random(rng: &mut ChaCha8Rng) -> Vec<Slice> {
    let nullable = rng.random_bool(0.3);
    (0..rng.random_range(0..50))
        .map(|_| {
            let start = few(rng, 6, if nullable { 0.1 } else { 0.0 });
            let length = few(rng, 3, if nullable { 0.1 } else { 0.0 });
            Slice {
                run: text(rng, 4, 0.1),
                start: start.map(|start| start * SECOND + 700_000),
                end: start.zip(length).map(|(start, length)| (start + length) * SECOND),
                state: text(rng, 3, 0.6),
                code: text(rng, 3, 0.5),
                ids: (rng.random_bool(0.6)).then(|| (0..rng.random_range(0..3)).map(|_| text(rng, 4, 0.2)).collect()),
                note: text(rng, 3, 0.5),
            }
        })
        .collect()
}

fn rows(slices: &[Slice]) -> RecordBatch {
    let of = |get: fn(&Slice) -> Option<String>| texts(slices.iter().map(get));
    let ids: Vec<Ids> = slices.iter().map(|slice| slice.ids.clone()).collect();
    batch(vec![
        ("run", of(|slice| slice.run.clone())),
        ("start", instants(slices.iter().map(|slice| slice.start))),
        ("state", of(|slice| slice.state.clone())),
        ("end", instants(slices.iter().map(|slice| slice.end))),
        ("code", of(|slice| slice.code.clone())),
        ("ids", lists(&ids)),
        ("note", of(|slice| slice.note.clone())),
    ])
}

/// Column by column, each from the sorted slices of one run.
fn reference(slices: &[Slice]) -> Vec<String> {
    let mut runs: BTreeMap<Option<String>, BTreeMap<Option<i64>, Slice>> = BTreeMap::new();
    for slice in slices {
        let known = runs.entry(slice.run.clone()).or_default().entry(slice.start).or_insert_with(|| slice.clone());
        if (slice.end, slice.content()) > (known.end, known.content()) {
            *known = slice.clone();
        }
    }
    runs.into_iter()
        .map(|(run, by_start)| {
            let slices: Vec<Slice> = by_start.into_values().collect();
            let last = |get: fn(&Slice) -> &Option<String>| slices.iter().filter_map(|s| get(s).clone()).next_back();
            let code = slices.iter().filter(|s| s.state.is_some()).map(|s| s.code.clone()).next_back().flatten();
            let lengths: Option<Vec<i64>> = slices.iter().map(|s| Some(s.end? - s.start?)).collect();
            let ids: BTreeSet<String> =
                slices.iter().flat_map(|s| s.ids.clone().unwrap_or_default()).flatten().collect();
            let ids = slices.iter().any(|s| s.ids.is_some()).then_some(ids);
            format!(
                "{run:?} {:?} {code:?} {ids:?} {:?} {:?} {:?} {} {} {:?} {}",
                last(|s| &s.state),
                last(|s| &s.note),
                slices.iter().filter_map(|s| s.start).min(),
                slices.iter().filter_map(|s| s.end).max(),
                slices.len(),
                slices.iter().filter(|s| s.state.is_some()).count(),
                lengths.map(|lengths| lengths.iter().sum::<i64>() / SECOND),
                slices.last().unwrap().state.is_none(),
            )
        })
        .collect()
}

fn described(runs: &RecordBatch) -> Vec<String> {
    (0..runs.num_rows())
        .map(|row| {
            let ids = runs["ids"].as_list::<i32>();
            let ids = ids.is_valid(row).then(|| {
                let own = ids.value(row);
                let own: Vec<String> = own.as_string::<i32>().iter().map(|id| id.unwrap().to_owned()).collect();
                assert!(own.is_sorted());
                own.into_iter().collect::<BTreeSet<_>>()
            });
            format!(
                "{:?} {:?} {:?} {ids:?} {:?} {:?} {:?} {} {} {:?} {}",
                text_at(runs, "run", row),
                text_at(runs, "state", row),
                text_at(runs, "code", row),
                text_at(runs, "note", row),
                instant_at(runs, "first_start", row),
                instant_at(runs, "last_end", row),
                int_at(runs, "slices", row).unwrap(),
                int_at(runs, "attempts", row).unwrap(),
                int_at(runs, "seconds", row),
                flag_at(runs, "running", row).unwrap(),
            )
        })
        .collect()
}

#[test]
fn runs_are_what_their_slices_say_whatever_their_order() {
    for_seeds(200, |rng| {
        let slices = random(rng);
        let rows = rows(&slices);
        let runs = fold(&rows, &spec(), &rules()).unwrap();
        assert_eq!(described(&runs), reference(&slices));
        assert_eq!(fold(&shuffled(rng, &rows), &spec(), &rules()).unwrap(), runs);
    });
}

#[test]
fn slices_with_equal_bounds_are_ordered_by_content() {
    for_seeds(50, |rng| {
        let rows = rows(&random(rng));
        // A natural key by which slices with equal bounds stay apart.
        let spec = FoldSpec { natural_key: names(&["run", "start", "code", "note"]), ..spec() };
        let runs = fold(&rows, &spec, &rules()).unwrap();
        assert_eq!(fold(&shuffled(rng, &rows), &spec, &rules()).unwrap(), runs);
    });
}

/// What the sliced-run facts of a model declare: every distinct slice and every end slice is in one run.
#[test]
fn runs_conserve_their_slices_and_end_slices() {
    let law = |sum: &str, equals: &str, by: &[&str]| Conservation {
        name: sum.to_owned(),
        sum: sum.to_owned(),
        equals: Some(equals.to_owned()),
        by: names(by),
        description: "What the law says.".to_owned(),
    };
    let ended = "case when state is not null then 1 else 0 end";
    let laws = [law("slices", "1", &["run"]), law("attempts", ended, &["run"]), law("attempts", ended, &[])];
    for_seeds(100, |rng| {
        let rows = rows(&random(rng));
        let runs = fold(&rows, &spec(), &rules()).unwrap();
        let slices = distinct_slices(&shuffled(rng, &rows), &spec(), &rules()).unwrap();
        for law in &laws {
            let law = Law::compile(law, slices.schema_ref(), runs.schema_ref()).unwrap();
            let mut ledger = Ledger::new(&[law]);
            ledger.enter(&slices).unwrap();
            ledger.leave(&runs).unwrap();
            assert_eq!(ledger.settle(), Ok(()));
        }
    });
}

#[test]
fn carried_columns_keep_their_order_and_new_names_follow() {
    let schema = fold_schema(&rows(&[]).schema(), &rules()).unwrap();
    let order: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    let expected =
        ["run", "state", "code", "ids", "note", "first_start", "last_end", "slices", "attempts", "seconds", "running"];
    assert_eq!(order, expected);
    assert_eq!(schema.field(1).metadata()["comment"], "What it is.");
}

#[test]
fn a_run_of_five_slices_over_midnight() {
    let hour = 3_600 * SECOND;
    let slice = |start: i64, end: i64, state: Option<&str>| Slice {
        run: Some("r".to_owned()),
        start: Some(start),
        end: Some(end),
        state: state.map(str::to_owned),
        code: state.map(|_| "DONE".to_owned()),
        ids: None,
        note: None,
    };
    let slices = [
        slice(0, hour, None),
        slice(hour, 2 * hour, Some("FAILED")),
        slice(2 * hour, 3 * hour, None),
        slice(3 * hour, 4 * hour, None),
        slice(4 * hour, 4 * hour + hour / 2, Some("SUCCEEDED")),
    ];
    let runs = fold(&rows(&slices), &spec(), &rules()).unwrap();
    assert_eq!(int_at(&runs, "seconds", 0), Some(16_200));
    assert_eq!(int_at(&runs, "attempts", 0), Some(2));
    assert_eq!(text_at(&runs, "state", 0).as_deref(), Some("SUCCEEDED"));
    assert_eq!(flag_at(&runs, "running", 0), Some(false));
    assert!(runs["ids"].is_null(0));
    let runs = fold(&rows(&slices[..3]), &spec(), &rules()).unwrap();
    assert_eq!(flag_at(&runs, "running", 0), Some(true), "a retry is in progress");
}

#[test]
fn rules_that_do_not_fit_are_refused() {
    let carried = rows(&[]).schema();
    let with = |function, data_type| {
        let mut fold = rules();
        let rule = FoldColumn { function, data_type, description: String::new() };
        fold.columns.insert("added".to_owned(), rule);
        fold_schema(&carried, &fold)
    };
    let name = || "run".to_owned();
    assert!(matches!(with(FoldFunction::Min("x".to_owned()), DataType::Int), Err(QueryError::MissingColumn { .. })));
    assert!(matches!(with(FoldFunction::Last(name()), DataType::Int), Err(QueryError::WrongType { .. })));
    assert!(matches!(with(FoldFunction::Union(name()), DataType::String), Err(QueryError::WrongType { .. })));
    let widened = with(FoldFunction::CountSlices, DataType::Decimal(38, 0)).unwrap();
    assert_eq!(widened.field_with_name("added").unwrap().data_type(), &ArrowType::Decimal128(38, 0));
}
