//! Interval look-ups: a price that arrives late, changes or ends re-prices exactly its interval, and rewrites no other file.

use std::collections::BTreeMap;

use goldsmith::{Engine, Layer, ModelSource, RunOptions, RunReport};
use goldsmith_testkit::{Row, ScratchLake};
use serde_json::{Value, json};

use crate::support::*;

const FACT: &str = "fact_usage";
const MONTHS: std::ops::RangeInclusive<u32> = 1..=6;

/// Two records of a month: at its first instant, and in its middle.
fn usage(month: u32) -> Vec<Row> {
    ["01T00:00:00Z", "15T12:00:00Z"]
        .iter()
        .map(|time| {
            let row = json!({
                "record_id": format!("{month:02}-{time}"), "account_id": "a", "sku_name": "S", "cloud": "AWS", "usage_unit": "DBU",
                "usage_quantity": "10", "usage_start_time": format!("2024-{month:02}-{time}"),
                "usage_date": format!("2024-{month:02}-{}", &time[..2]),
            });
            row.as_object().unwrap().clone()
        })
        .collect()
}

/// A price from the first of a month to the first of another one.
fn price(from: u32, to: Option<u32>, amount: &str) -> Row {
    let month = |month: u32| json!(format!("2024-{month:02}-01T00:00:00Z"));
    let row = json!({
        "account_id": "a", "sku_name": "S", "cloud": "AWS", "usage_unit": "DBU", "currency_code": "USD",
        "price_start_time": month(from), "price_end_time": to.map_or(Value::Null, month), "pricing": {"default": amount},
    });
    row.as_object().unwrap().clone()
}

/// The price of each record.
async fn priced(lake: &ScratchLake) -> BTreeMap<String, String> {
    let rows = lake.query(&format!("select record_id, list_price, list_cost from {FACT}")).await.unwrap();
    let short = |text: &str| text.trim_end_matches('0').trim_end_matches('.').to_owned();
    rows.iter()
        .map(|row| {
            (
                text(row, "record_id").to_owned(),
                format!("{} {}", short(text(row, "list_price")), short(text(row, "list_cost"))),
            )
        })
        .collect()
}

/// The months that a live file holds records of, by its statistics.
fn months_of(stats: &Value) -> Vec<u32> {
    let month = |bound: &str| stats[bound]["record_id"].as_str().unwrap()[..2].parse::<u32>().unwrap();
    (month("minValues")..=month("maxValues")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn only_rows_and_files_in_the_interval_of_a_price_are_touched() {
    let lake = ScratchLake::new().unwrap();
    for month in MONTHS {
        lake.deliver("billing.usage", &usage(month)).await.unwrap();
        lake.run(&[FACT]).await.unwrap();
    }
    // In which month, which prices there are, which months they change, and what these cost then.
    let steps: &[(&str, Vec<Row>, std::ops::RangeInclusive<u32>, &str)] = &[
        ("a price arrives late", vec![price(2, Some(4), "0.4")], 2..=3, "0.4 4"),
        ("an open price follows", vec![price(2, Some(4), "0.4"), price(5, None, "0.5")], 5..=6, "0.5 5"),
        ("the first price changes", vec![price(2, Some(4), "0.45"), price(5, None, "0.5")], 2..=3, "0.45 4.5"),
        ("the open price ends", vec![price(2, Some(4), "0.45"), price(5, Some(6), "0.5")], 6..=6, " "),
        (
            "a price fills the gap",
            vec![price(2, Some(4), "0.45"), price(4, Some(5), "0.6"), price(5, Some(6), "0.5")],
            4..=4,
            "0.6 6",
        ),
    ];
    let mut expected: BTreeMap<String, String> =
        MONTHS.flat_map(usage).map(|row| (text(&row, "record_id").to_owned(), " ".to_owned())).collect();
    assert_eq!(priced(&lake).await, expected);
    for (when, prices, months, cost) in steps {
        let known = commits(&lake, FACT);
        let files: BTreeMap<String, Vec<u32>> = known
            .iter()
            .flat_map(|commit| &commit.added)
            .map(|(path, stats)| (path.clone(), months_of(stats)))
            .collect();
        let before = writers(&lake, FACT, "record_id").await;
        lake.deliver("billing.list_prices", prices).await.unwrap();
        let report = lake.run(&[FACT]).await.unwrap();
        let affected: Vec<String> =
            months.clone().flat_map(usage).map(|row| text(&row, "record_id").to_owned()).collect();
        for record in &affected {
            expected.insert(record.clone(), (*cost).to_owned());
        }
        assert_eq!(priced(&lake).await, expected, "{when}");
        let after = writers(&lake, FACT, "record_id").await;
        assert_eq!(written_by(&after, &report), affected, "{when}");
        assert!(after.iter().all(|(record, run)| affected.contains(record) || before[record] == *run), "{when}");
        let new = &commits(&lake, FACT)[known.len()..];
        let removed: Vec<&Vec<u32>> = new.iter().flat_map(|commit| &commit.removed).map(|path| &files[path]).collect();
        assert!(!removed.is_empty(), "{when}: no file was rewritten");
        for file in removed {
            assert!(file.iter().any(|month| months.contains(month)), "{when}: a file with only {file:?} was rewritten");
        }
    }
    assert_equals_rebuild(&lake, &[FACT], "after all prices").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_currency_that_no_price_has_is_told_with_those_that_there_are() {
    let lake = ScratchLake::new().unwrap();
    lake.deliver("billing.usage", &usage(1)).await.unwrap();
    let report = lake.run(&[FACT]).await.unwrap();
    let warnings = |report: &RunReport| report.table(Layer::Gold, FACT).unwrap().warnings.clone();
    assert_eq!(warnings(&report), [] as [String; 0], "there are no prices at all");

    let in_currency = |code: &str, from: u32| {
        let mut row = price(from, None, "0.4");
        row.insert("currency_code".to_owned(), json!(code));
        row
    };
    let prices = [in_currency("USD", 1), in_currency("USD", 2), in_currency("GBP", 1)];
    lake.deliver("billing.list_prices", &prices).await.unwrap();
    assert_eq!(warnings(&lake.run(&[FACT]).await.unwrap()), [] as [String; 0], "dollars are there");

    // With little memory prices are not held, but read.
    let in_euros = || {
        let builder = Engine::builder().source(lake.source().to_string_lossy()).target(lake.target().to_string_lossy());
        builder.model(ModelSource::Embedded).currency("EUR")
    };
    for engine in [in_euros().build().unwrap(), in_euros().table_share(64).build().unwrap()] {
        let told = warnings(&run(&engine, &RunOptions { full_refresh: true, ..select(&[FACT]) }).await);
        assert_eq!(told.len(), 1, "{told:?}");
        for part in ["`currency` is `EUR`", "`dim_list_price`", "where there is `GBP`, `USD`", "`list_price` is null"] {
            assert!(told[0].contains(part), "`{part}` is not in: {}", told[0]);
        }
    }
    // The next run has nothing to do, and nothing to tell.
    let engine = in_euros().build().unwrap();
    assert_eq!(warnings(&run(&engine, &select(&[FACT])).await), [] as [String; 0]);

    lake.deliver("billing.list_prices", &[&prices[..], &[in_currency("EUR", 3)]].concat()).await.unwrap();
    assert_eq!(warnings(&run(&engine, &select(&[FACT])).await), [] as [String; 0], "euros came");
}
