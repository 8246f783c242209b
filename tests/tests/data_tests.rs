//! Every gold table has a data test, and every case of it holds.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use goldsmith::data_tests::run_tests;
use goldsmith_model::{DataTest, load_embedded};

#[test]
fn every_gold_table_has_a_data_test() {
    let loaded = load_embedded().unwrap();
    let (model, tests) = (loaded.model, loaded.tests);
    let without: Vec<&String> = model
        .gold
        .keys()
        .filter(|table| !tests.iter().any(|test| &test.table == *table && !test.cases.is_empty()))
        .collect();
    assert!(without.is_empty(), "gold tables without a data test: {without:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_case_holds() {
    let only = std::env::var("GOLDSMITH_DATA_TEST").ok();
    let loaded = load_embedded().unwrap();
    let tests: Vec<DataTest> =
        loaded.tests.into_iter().filter(|test| only.as_ref().is_none_or(|only| &test.table == only)).collect();
    let at_once = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let reports = run_tests(&Arc::new(loaded.model), &tests, at_once).await.unwrap();
    assert_eq!(reports.len(), tests.iter().map(|test| test.cases.len()).sum::<usize>());
    let failures: Vec<_> = reports.iter().filter(|report| !report.is_success()).collect();
    assert!(failures.is_empty(), "{} case(s) failed: {failures:#?}", failures.len());
}
