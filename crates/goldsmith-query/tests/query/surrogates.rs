use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int32Array, NullArray};
use goldsmith_query::surrogate::surrogate_key;

use crate::world::*;

/// `python3 -c "import hashlib; h = hashlib.md5(b'v3:abc').hexdigest(); print((int(h[:8], 16) << 31) + (int(h[8:16], 16) >> 1))"`
#[test]
fn keys_have_golden_values() {
    let one = |column: ArrayRef| surrogate_key(&[column]).unwrap().value(0);
    let text = |value: Option<&str>| texts([value.map(str::to_owned)]);
    let decimal = Decimal128Array::from(vec![-1_250]).with_precision_and_scale(10, 3).unwrap();
    let cases: Vec<(&str, i64, i64)> = vec![
        ("v3:abc", one(text(Some("abc"))), GOLDEN[0]),
        ("v0:", one(text(Some(""))), GOLDEN[1]),
        ("n", one(text(None)), GOLDEN[2]),
        ("n", one(Arc::new(NullArray::new(1))), GOLDEN[2]),
        ("v5:ä€", one(text(Some("ä€"))), GOLDEN[3]),
        ("v16:1704067200000001", one(instants([Some(1_704_067_200_000_001)])), GOLDEN[4]),
        ("v10:2024-02-29", one(Arc::new(Date32Array::from(vec![19_782]))), GOLDEN[5]),
        ("v2:-7", one(Arc::new(Int32Array::from(vec![-7]))), GOLDEN[6]),
        ("v2:-7", one(ints([Some(-7)])), GOLDEN[6]),
        ("v4:true", one(Arc::new(BooleanArray::from(vec![true]))), GOLDEN[7]),
        ("v6:-1.250", one(Arc::new(decimal)), GOLDEN[8]),
        ("v1:anv1:b", surrogate_key(&[text(Some("a")), text(None), text(Some("b"))]).unwrap().value(0), GOLDEN[9]),
    ];
    for (encoded, found, expected) in cases {
        assert_eq!(found, expected, "{encoded}");
    }
}

const GOLDEN: [i64; 10] = [
    4_368_577_260_639_858_428,
    1_744_435_913_198_574_038,
    4_451_187_202_644_136_050,
    5_475_975_472_996_739_743,
    3_792_216_447_945_297_792,
    2_060_918_723_196_829_362,
    54_530_941_762_657_160,
    9_217_908_690_621_437_565,
    5_803_279_412_372_465_133,
    4_957_251_187_279_571_334,
];

#[test]
fn keys_of_many_rows_are_distinct_and_never_negative() {
    let rows = 20_000;
    let keys = surrogate_key(&[ints((0..rows).map(Some)), texts((0..rows).map(|row| Some(format!("{row}"))))]).unwrap();
    let distinct: std::collections::BTreeSet<i64> = keys.values().iter().copied().collect();
    assert_eq!(distinct.len(), 20_000);
    assert!(distinct.first().is_some_and(|least| *least >= 0));
}

#[test]
fn components_do_not_run_into_each_other() {
    let key = |left: &str, right: &str| {
        surrogate_key(&[texts([Some(left.to_owned())]), texts([Some(right.to_owned())])]).unwrap().value(0)
    };
    assert_ne!(key("a", "bc"), key("ab", "c"));
    assert_ne!(key("av1:b", ""), key("a", "b"));
}

#[test]
fn inexact_types_are_refused() {
    let doubles: ArrayRef = Arc::new(Float64Array::from(vec![1.0]));
    assert!(surrogate_key(&[doubles]).is_err());
}
