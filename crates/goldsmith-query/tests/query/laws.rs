use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Decimal128Array, Int64Array, RecordBatch, UInt64Array};
use arrow::compute::{cast, concat_batches, take_record_batch};
use arrow::datatypes::{DataType, Decimal128Type, Schema};
use goldsmith_model::Conservation;
use goldsmith_query::QueryError;
use goldsmith_query::law::{BrokenLaw, Law, Ledger};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::world::*;

/// 99999999999999999999.999999999999999999, the greatest DECIMAL(38,18).
const GREATEST: i128 = 10_i128.pow(38) - 1;

fn law(sum: &str, equals: Option<&str>, by: &[&str]) -> Conservation {
    Conservation {
        name: "quantity".to_owned(),
        sum: sum.to_owned(),
        equals: equals.map(str::to_owned),
        by: names(by),
        description: "What the law says.".to_owned(),
    }
}

fn decimals(values: impl IntoIterator<Item = Option<i128>>) -> ArrayRef {
    let values: Decimal128Array = values.into_iter().collect();
    Arc::new(values.with_precision_and_scale(38, 18).unwrap())
}

type Line<'a> = (Option<&'a str>, Option<i128>);

fn lines_of(rows: &[Line<'_>]) -> RecordBatch {
    batch(vec![
        ("sku", texts(rows.iter().map(|(sku, _)| sku.map(str::to_owned)))),
        ("quantity", decimals(rows.iter().map(|(_, quantity)| *quantity))),
    ])
}

fn compiled(law: &Conservation, source: &RecordBatch, gold: &RecordBatch) -> Law {
    Law::compile(law, source.schema_ref(), gold.schema_ref()).unwrap()
}

fn settled(law: &Law, source: &[&RecordBatch], gold: &[&RecordBatch]) -> Result<(), Vec<BrokenLaw>> {
    let mut ledger = Ledger::new(std::slice::from_ref(law));
    source.iter().for_each(|rows| ledger.enter(rows).unwrap());
    gold.iter().for_each(|rows| ledger.leave(rows).unwrap());
    ledger.settle()
}

fn said(result: Result<(), Vec<BrokenLaw>>) -> Vec<String> {
    result.err().unwrap_or_default().iter().map(ToString::to_string).collect()
}

#[test]
fn what_is_lost_doubled_or_altered_is_named() {
    let unit = 10_i128.pow(18);
    let entered = [(Some("b"), Some(5 * unit / 2)), (Some("a"), Some(unit)), (None, Some(-unit)), (Some("b"), None)];
    let wrong = |sku: &str, entered: &str, left: &str| {
        format!(
            "`quantity` is not conserved where {sku}: {entered} went in from the source, {left} came out in the gold rows"
        )
    };
    let cases: Vec<(&str, Vec<Line<'_>>, Vec<String>)> = vec![
        ("the same rows", entered.to_vec(), vec![]),
        (
            "split into parts",
            [&[(Some("a"), Some(unit - 1)), (Some("a"), Some(1))], &entered[..1], &entered[2..]].concat(),
            vec![],
        ),
        ("a row without quantity lost", entered[..3].to_vec(), vec![]),
        ("a row lost", entered[1..].to_vec(), vec![wrong("`sku` is 'b'", "2.5", "0")]),
        ("a row with a null group lost", entered[..2].to_vec(), vec![wrong("`sku` is null", "-1", "0")]),
        ("a row doubled", [&entered[..], &entered[1..2]].concat(), vec![wrong("`sku` is 'a'", "1", "2")]),
        (
            "the last digit",
            [&[(Some("b"), Some(5 * unit / 2 + 1))], &entered[1..]].concat(),
            vec![wrong("`sku` is 'b'", "2.5", "2.500000000000000001")],
        ),
        (
            "moved to another group, which is not null",
            [&entered[..2], &[(Some(""), Some(-unit))]].concat(),
            vec![wrong("`sku` is null", "-1", "0"), wrong("`sku` is ''", "0", "-1")],
        ),
        (
            "a group that adds up to nothing",
            [&entered[..], &[(Some("c"), Some(unit)), (Some("c"), Some(-unit))]].concat(),
            vec![],
        ),
    ];
    let source = lines_of(&entered);
    let law = compiled(&law("quantity", None, &["sku"]), &source, &source);
    for (what, gold, expected) in cases {
        assert_eq!(said(settled(&law, &[&source], &[&lines_of(&gold)])), expected, "{what}");
    }
}

#[test]
fn extremes_are_added_up_to_the_last_digit() {
    let greatest = lines_of(&vec![(None, Some(GREATEST)); 2_000]);
    let law = compiled(&law("quantity", None, &[]), &greatest, &greatest);
    assert_eq!(settled(&law, &[&greatest], &[&greatest]), Ok(()));
    let almost = lines_of(&[vec![(None, Some(GREATEST)); 1_999], vec![(None, Some(GREATEST - 1))]].concat());
    let broken = settled(&law, &[&greatest], &[&almost]).unwrap_err();
    assert_eq!(broken.len(), 1);
    assert_eq!((broken[0].law.as_str(), broken[0].group.len()), ("quantity", 0));
    assert_eq!(broken[0].entered, "199999999999999999999999.999999999999998");
    assert_eq!(broken[0].left, "199999999999999999999999.999999999999997999");
    let taken_back = lines_of(&vec![(None, Some(-GREATEST)); 2_000]);
    assert_eq!(settled(&law, &[&greatest, &taken_back], &[&lines_of(&[])]), Ok(()));
}

#[test]
fn sides_may_differ_in_expression_and_type() {
    let ended = batch(vec![
        ("job", texts(["a", "a", "b", "b"].map(|job| Some(job.to_owned())))),
        ("state", texts([None, Some("FAILED"), Some("SUCCEEDED"), None].map(|state| state.map(str::to_owned)))),
    ]);
    let runs = |attempts: ArrayRef| {
        batch(vec![("job", texts(["a", "b"].map(|job| Some(job.to_owned())))), ("attempts", attempts)])
    };
    let attempts = runs(ints([Some(1), Some(1)]));
    let counted = law("attempts", Some("case when state is not null then 1 else 0 end"), &["job"]);
    assert_eq!(settled(&compiled(&counted, &ended, &attempts), &[&ended], &[&attempts]), Ok(()));

    let in_decimals = runs(decimals([Some(10_i128.pow(18)), Some(2 * 10_i128.pow(18))]));
    let broken = settled(&compiled(&counted, &ended, &in_decimals), &[&ended], &[&in_decimals]).unwrap_err();
    assert_eq!(broken[0].group, [("job".to_owned(), Some("b".to_owned()))]);
    assert_eq!((broken[0].entered.as_str(), broken[0].left.as_str()), ("1", "2"));

    // Constants count rows; scans deliver texts as views.
    let rows = law("1", None, &["job"]);
    let views = batch(vec![("job", cast(&ended["job"], &DataType::Utf8View).unwrap())]);
    assert_eq!(settled(&compiled(&rows, &ended, &views), &[&ended], &[&views]), Ok(()));
    assert_eq!(settled(&compiled(&rows, &ended, &views), &[&ended], &[&views.slice(0, 3)]).unwrap_err().len(), 1);
}

#[test]
fn groups_of_several_columns_are_told_apart_and_named_in_order() {
    let rows = |count: i64| {
        batch(vec![
            ("day", instants((0..count).map(|row| Some(row % 7 * 86_400_000_000)))),
            ("sku", texts((0..count).map(|row| Some(format!("sku {:05}", row / 7))))),
            ("quantity", ints((0..count).map(Some))),
        ])
    };
    let (all, some) = (rows(20_000), rows(19_998));
    let law = compiled(&law("quantity", None, &["day", "sku"]), &all, &all);
    assert_eq!(settled(&law, &[&all], &[&all]), Ok(()));
    let broken = settled(&law, &[&all], &[&some]).unwrap_err();
    let expected = [("1970-01-01T00:00:00Z", "19999"), ("1970-01-07T00:00:00Z", "19998")];
    let found: Vec<(&str, &str)> =
        broken.iter().map(|law| (law.group[0].1.as_deref().unwrap(), law.entered.as_str())).collect();
    assert_eq!(found, expected);
}

#[test]
fn ledgers_are_merged_and_cleared() {
    let rows = lines_of(&[(Some("a"), Some(1)), (Some("b"), Some(2))]);
    let laws = [compiled(&law("quantity", None, &["sku"]), &rows, &rows)];
    let (mut first, mut second) = (Ledger::new(&laws), Ledger::new(&laws));
    first.enter(&rows).unwrap();
    second.leave(&rows).unwrap();
    assert_eq!(first.settle().unwrap_err().len(), 2);
    first.merge(second);
    assert_eq!(first.settle(), Ok(()));
    first.enter(&rows).unwrap();
    first.clear();
    assert_eq!(first.settle(), Ok(()));
    first.leave(&rows).unwrap();
    assert_eq!(first.settle().unwrap_err().len(), 2, "a cleared ledger keeps its laws");

    let mut empty = Ledger::new(&[]);
    assert!(empty.is_empty() && !first.is_empty());
    empty.merge(first);
    assert_eq!(empty.settle().unwrap_err().len(), 2, "laws that only the other ledger has are taken over");
}

#[test]
fn laws_that_do_not_fit_the_rows_are_refused() {
    let source = batch(vec![
        ("sku", texts([None])),
        ("day", ints([None])),
        ("quantity", decimals([None])),
        ("share", cast(&ints([None]), &DataType::Float64).unwrap()),
        ("late", cast(&ints([None]), &DataType::Boolean).unwrap()),
    ]);
    let gold = batch(vec![
        ("sku", texts([None])),
        ("day", texts([None])),
        ("quantity", decimals([None])),
        ("share", cast(&ints([None]), &DataType::Float64).unwrap()),
    ]);
    let compile = |law: Conservation| Law::compile(&law, source.schema_ref(), gold.schema_ref()).map(|_| ());
    let messages = |law: Conservation| match compile(law) {
        Err(QueryError::Expression { errors }) => errors.into_iter().map(|error| error.message).collect(),
        other => vec![format!("{other:?}")],
    };
    compile(law("quantity", Some("cast(1 as smallint)"), &["sku"])).unwrap();
    let inexact = "the expression yields `double`, whose sum is not exact: it depends on the order of the rows";
    assert_eq!(messages(law("share", Some("quantity"), &[])), [inexact]);
    assert_eq!(messages(law("quantity", Some("late"), &[])), ["the expression yields `boolean`, which has no sum"]);
    assert_eq!(messages(law("late", Some("none"), &[])), ["there is no column `none`", "there is no column `late`"]);
    assert!(matches!(compile(law("1", None, &["late"])), Err(QueryError::MissingColumn { column, context })
        if column == "late" && context == "the gold rows"));
    assert!(matches!(compile(law("1", None, &["none"])), Err(QueryError::MissingColumn { context, .. })
        if context == "the carried rows"));
    assert!(matches!(compile(law("1", None, &["day"])), Err(QueryError::WrongType { .. })));
    assert!(matches!(compile(law("1", None, &["share"])), Err(QueryError::UnsupportedType { .. })));
    let mut ledger =
        Ledger::new(&[Law::compile(&law("1", None, &["sku"]), source.schema_ref(), gold.schema_ref()).unwrap()]);
    let bare = RecordBatch::new_empty(Arc::new(Schema::empty()));
    assert!(matches!(ledger.leave(&bare), Err(QueryError::MissingColumn { .. })));
}

/// Rows with many corrections and nulls, of any size that the type holds.
fn random(rng: &mut ChaCha8Rng) -> RecordBatch {
    let count = rng.random_range(1..80);
    let sizes = [1, 10_i128.pow(18), GREATEST];
    let quantities: Vec<Option<i128>> = (0..count)
        .map(|_| {
            let greatest = sizes[rng.random_range(0..sizes.len())];
            (!rng.random_bool(0.1)).then(|| rng.random_range(-greatest..=greatest))
        })
        .collect();
    let skus: Vec<Option<String>> = (0..count).map(|_| text(rng, 4, 0.2)).collect();
    let days: Vec<Option<i64>> = (0..count).map(|_| few(rng, 3, 0.1)).collect();
    batch(vec![("sku", texts(skus)), ("day", ints(days)), ("quantity", decimals(quantities))])
}

/// The rows in pieces, each entered into one of two ledgers, which are merged.
fn in_pieces(rng: &mut ChaCha8Rng, law: &Law, source: &RecordBatch, gold: &RecordBatch) -> Ledger {
    let laws = std::slice::from_ref(law);
    let mut ledgers = [Ledger::new(laws), Ledger::new(laws)];
    for (rows, enters) in [(source, true), (gold, false)] {
        let mut start = 0;
        while start < rows.num_rows() {
            let length = rng.random_range(1..=rows.num_rows() - start);
            let (piece, ledger) = (rows.slice(start, length), &mut ledgers[rng.random_range(0..2)]);
            if enters { ledger.enter(&piece) } else { ledger.leave(&piece) }.unwrap();
            start += length;
        }
    }
    let [mut first, second] = ledgers;
    first.merge(second);
    first
}

#[test]
fn any_order_and_split_balances_and_any_wrong_row_is_found() {
    for_seeds(200, |rng| {
        let rows = random(rng);
        let by: &[&str] = [&["sku", "day"][..], &["sku"], &[]][rng.random_range(0..3)];
        let law = compiled(&law("quantity", None, by), &rows, &rows);
        let gold = shuffled(rng, &rows);
        assert_eq!(in_pieces(rng, &law, &rows, &gold).settle(), Ok(()));

        let wrong = rng.random_range(0..gold.num_rows());
        let value = {
            let quantities = gold["quantity"].as_primitive::<Decimal128Type>();
            if quantities.is_valid(wrong) { quantities.value(wrong) } else { 0 }
        };
        let counts = usize::from(value != 0);
        let all: Vec<u64> = (0..gold.num_rows() as u64).collect();
        let take = |rows: Vec<u64>| take_record_batch(&gold, &UInt64Array::from(rows)).unwrap();
        let lost = take(all.iter().copied().filter(|row| *row != wrong as u64).collect());
        let doubled = take(all.iter().copied().chain([wrong as u64]).collect());
        let altered = {
            let mut columns = gold.columns().to_vec();
            let quantities = gold["quantity"].as_primitive::<Decimal128Type>().iter().enumerate();
            let other = if value == GREATEST { value - 1 } else { value + 1 };
            columns[2] = decimals(quantities.map(|(row, old)| if row == wrong { Some(other) } else { old }));
            RecordBatch::try_new(gold.schema(), columns).unwrap()
        };
        for (what, gold, expected) in [("lost", lost, counts), ("doubled", doubled, counts), ("altered", altered, 1)] {
            let found = in_pieces(rng, &law, &rows, &gold).settle().err().unwrap_or_default();
            assert_eq!(found.len(), expected, "{what}: row {wrong} with {value}, {found:?}");
        }
        let batches = [&rows, &rows].map(Clone::clone);
        let twice = concat_batches(rows.schema_ref(), &batches).unwrap();
        assert_eq!(in_pieces(rng, &law, &twice, &twice).settle(), Ok(()));
    });
}

#[test]
fn whole_numbers_beyond_53_bits_are_exact() {
    let of = |value: i64| batch(vec![("quantity", Arc::new(Int64Array::from(vec![i64::MAX, value])) as ArrayRef)]);
    let law = compiled(&law("quantity", None, &[]), &of(0), &of(0));
    assert_eq!(settled(&law, &[&of(i64::MAX)], &[&of(i64::MAX)]), Ok(()));
    let broken = settled(&law, &[&of(i64::MAX)], &[&of(i64::MAX - 1)]).unwrap_err();
    assert_eq!(broken[0].entered, "18446744073709551614");
    assert_eq!(broken[0].left, "18446744073709551613");
}

#[test]
fn sums_beyond_64_bits_and_results_that_do_not_fit_balance() {
    let rows = |values: &[(i64, i64)]| {
        batch(vec![
            ("sku", texts(values.iter().map(|_| Some("a".to_owned())))),
            ("n", ints(values.iter().map(|(n, _)| Some(*n)))),
            ("m", ints(values.iter().map(|(_, m)| Some(*m)))),
        ])
    };
    let all = [(i64::MAX, i64::MAX), (i64::MAX, 1), (i64::MIN, i64::MIN), (i64::MAX, 2)];
    let (source, gold) = (rows(&all), [rows(&all[2..]), rows(&all[..2])]);
    for sum in ["n", "n + m"] {
        let law = compiled(&law(sum, None, &["sku"]), &source, &source);
        assert!(settled(&law, &[&source], &[&gold[0], &gold[1]]).is_ok(), "{sum}");
    }
    // What fits nowhere counts on neither side, and what fits is missed.
    let law = compiled(&law("n", None, &["sku"]), &source, &source);
    assert_eq!(
        said(settled(&law, &[&source], &[&gold[1]])),
        [
            "`quantity` is not conserved where `sku` is 'a': 18446744073709551613 went in from the source, 18446744073709551614 came out in the gold rows"
        ]
    );
}
