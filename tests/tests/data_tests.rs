//! Every gold table has a data test, and every case of it holds.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::{Arc, Mutex};

use goldsmith_model::{DataTest, load_embedded};
use goldsmith_testkit::run_case;

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
    let tests: Vec<DataTest> = load_embedded()
        .unwrap()
        .tests
        .into_iter()
        .filter(|test| only.as_ref().is_none_or(|only| &test.table == only))
        .collect();
    let queue = Arc::new(Mutex::new(
        tests.iter().flat_map(|test| test.cases.iter().map(|case| (test.clone(), case.clone()))).collect::<Vec<_>>(),
    ));
    let failures = Arc::new(Mutex::new(Vec::new()));
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..std::thread::available_parallelism().map_or(1, std::num::NonZero::get) {
        let (queue, failures) = (queue.clone(), failures.clone());
        workers.spawn(async move {
            loop {
                let next = queue.lock().unwrap().pop();
                let Some((test, case)) = next else { break };
                if let Err(error) = run_case(&test, &case).await {
                    failures.lock().unwrap().push(format!("{}: {}\n  {error}", test.table, case.name));
                }
            }
        });
    }
    while let Some(worker) = workers.join_next().await {
        worker.unwrap();
    }
    let mut failures = failures.lock().unwrap().clone();
    failures.sort();
    assert!(failures.is_empty(), "{} case(s) failed:\n{}", failures.len(), failures.join("\n"));
}
