//! Surrogate keys are what their documentation says, and no two keys share one.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Date32Array, Decimal128Array};
use chrono::{Days, NaiveDate};
use goldsmith_query::surrogate::surrogate_key;
use md5::{Digest, Md5};
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::{holds, instant, owned};
use crate::world::*;

/// A business key of five parts. Texts are made of what the encoding itself uses, so that parts that run into each
/// other are found.
#[derive(Debug, Clone, PartialEq)]
struct Key {
    left: Option<String>,
    right: Option<String>,
    at: Option<i64>,
    day: Option<i32>,
    amount: Option<i128>,
}

fn key() -> impl Strategy<Value = Key> {
    let text = || {
        let letters = prop::collection::vec(select(&['v', 'n', ':', '0', '1', 'ä'][..]), 0..4);
        prop::option::weighted(0.8, letters.prop_map(String::from_iter))
    };
    let day = prop::option::of(select(&[-1, 0, 19_782][..]));
    let amount = prop::option::of(select(vec![0_i128, -1, 1_250, 10_i128.pow(37)]));
    (text(), text(), prop::option::of(instant()), day, amount).prop_map(|(left, right, at, day, amount)| Key {
        left,
        right,
        at,
        day,
        amount,
    })
}

fn columns(keys: &[Key]) -> Vec<ArrayRef> {
    let amounts: Decimal128Array = keys.iter().map(|key| key.amount).collect();
    vec![
        texts(keys.iter().map(|key| key.left.clone())),
        texts(keys.iter().map(|key| key.right.clone())),
        instants(keys.iter().map(|key| key.at)),
        Arc::new(keys.iter().map(|key| key.day).collect::<Date32Array>()),
        Arc::new(amounts.with_precision_and_scale(38, 3).unwrap()),
    ]
}

fn texts_of(key: &Key) -> Vec<Option<String>> {
    let epoch = NaiveDate::from_ymd_opt(1970, 1, 1).unwrap();
    let day = |day: i32| {
        let distance = Days::new(u64::from(day.unsigned_abs()));
        let date = if day < 0 { epoch - distance } else { epoch + distance };
        date.format("%Y-%m-%d").to_string()
    };
    let amount = |amount: i128| {
        let sign = if amount < 0 { "-" } else { "" };
        format!("{sign}{}.{:03}", amount.abs() / 1_000, amount.abs() % 1_000)
    };
    let at = key.at.map(|at| at.to_string());
    vec![owned(key.left.as_deref()), owned(key.right.as_deref()), at, key.day.map(day), key.amount.map(amount)]
}

/// By the digits of the hash, as Spark SQL would say it.
fn reference(key: &Key) -> i64 {
    let mut encoded = String::new();
    for text in texts_of(key) {
        match text {
            None => encoded += "n",
            Some(text) => encoded += &format!("v{}:{text}", text.len()),
        }
    }
    let digits: String = Md5::digest(encoded.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    let number = |from: usize| i64::from_str_radix(&digits[from..from + 8], 16).unwrap();
    number(0) * 2_147_483_648 + number(8) / 2
}

#[test]
fn keys_are_what_is_documented_row_by_row() {
    holds(prop::collection::vec(key(), 1..12), |keys| {
        let found = surrogate_key(&columns(&keys)).unwrap();
        let expected: Vec<i64> = keys.iter().map(reference).collect();
        prop_assert_eq!(found.values().to_vec(), expected);
        prop_assert_eq!(found.null_count(), 0);
        prop_assert!(found.values().iter().all(|key| *key >= 0));
        Ok(())
    });
}

#[test]
fn only_equal_keys_share_a_surrogate() {
    let text = prop::collection::vec(select(&['v', 'n', ':', '1', '2', 'ä'][..]), 0..6);
    holds((text, any::<Index>(), any::<Index>(), key()), |(text, first, second, key)| {
        // The same text is cut at two places: the parts together are equal, the keys are not.
        let cut = |at: usize| Key {
            left: Some(text[..at].iter().collect()),
            right: Some(text[at..].iter().collect()),
            ..key.clone()
        };
        let (a, b) = (cut(first.index(text.len() + 1)), cut(second.index(text.len() + 1)));
        let found = surrogate_key(&columns(&[a.clone(), b.clone(), key.clone()])).unwrap();
        prop_assert_eq!(found.value(0) == found.value(1), a == b);
        prop_assert_eq!(found.value(0) == found.value(2), a == key);
        Ok(())
    });
}
