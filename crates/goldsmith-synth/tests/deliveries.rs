//! Deliveries and snapshots: the same again, whatever is asked for in which order, and as counted.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::collections::{HashMap, HashSet};

use goldsmith_synth::{Generator, SynthConfig, SynthError};
use support::{collect, deliveries, row_count, rows, whole_rows};

fn small(seed: u64, rows: u64, batches: usize) -> Generator {
    Generator::new(SynthConfig { seed, rows, batches, ..SynthConfig::default() }).unwrap()
}

#[test]
fn the_same_seed_gives_the_same_rows_in_any_order_of_asking() {
    let (one, other) = (small(7, 20_000, 3), small(7, 20_000, 3));
    let asked: Vec<(&str, usize)> =
        one.tables().iter().flat_map(|table| (0..3).map(move |batch| (*table, batch))).collect();
    let mut backwards = HashMap::new();
    for &(table, batch) in asked.iter().rev() {
        backwards.insert((table, batch), collect(other.batch(table, batch).unwrap()));
    }
    for (table, batch) in asked {
        assert_eq!(collect(one.batch(table, batch).unwrap()), backwards[&(table, batch)], "{table} {batch}");
    }
}

#[test]
fn another_seed_gives_other_rows() {
    let (one, other) = (small(7, 20_000, 2), small(8, 20_000, 2));
    for table in ["access.audit", "billing.usage", "lakeflow.jobs"] {
        assert_ne!(collect(one.batch(table, 0).unwrap()), collect(other.batch(table, 0).unwrap()));
    }
}

#[test]
fn the_size_of_arrow_batches_changes_no_row() {
    let config = SynthConfig { rows: 20_000, out_of_order_share: 0.0, ..SynthConfig::default() };
    let wide = Generator::new(config.clone()).unwrap();
    let narrow = Generator::new(SynthConfig { batch_size: 1_000, ..config }).unwrap();
    for table in ["access.audit", "query.history"] {
        let batches = collect(narrow.batch(table, 1).unwrap());
        assert!(batches.len() > 1 || row_count(&batches) < 1_000);
        assert!(batches.iter().all(|batch| batch.num_rows() <= 1_000));
        assert_eq!(whole_rows(&batches), whole_rows(&collect(wide.batch(table, 1).unwrap())));
    }
}

#[test]
fn every_table_has_rows_and_the_total_is_near_what_was_asked_for() {
    for (wanted, batches) in [(20_000, 2), (100_000, 4), (1_000_000, 5)] {
        let totals = small(1, wanted, batches).describe();
        assert_eq!(totals.len(), 35);
        for table in &totals {
            assert!(table.rows() > 0, "{}", table.table);
            assert!(table.keys > 0 && table.keys <= table.rows());
        }
        let all: u64 = totals.iter().map(|table| table.rows()).sum();
        let ratio = all as f64 / wanted as f64;
        // Small tables have a minimum size.
        let most = if wanted < 100_000 { 1.4 } else { 1.12 };
        assert!((0.9..most).contains(&ratio), "{all} rows for {wanted}");
    }
}

#[test]
fn totals_are_those_of_the_rows() {
    let generator = support::generator();
    for total in generator.describe() {
        let batches = deliveries(&generator, total.table);
        let counted: Vec<u64> = batches.iter().map(|batches| row_count(batches)).collect();
        assert_eq!(counted, total.rows_by_batch, "{}", total.table);
        let all: Vec<_> = batches.concat();
        let key = natural_key(total.table);
        let keys: Vec<_> = rows(&all, &key);
        let keyless = keys.iter().filter(|key| key.iter().all(Option::is_none)).count();
        assert_eq!(keyless as u64, total.keyless, "{}", total.table);
        let distinct: HashSet<_> = keys.iter().filter(|key| key.iter().any(Option::is_some)).collect();
        assert_eq!(distinct.len() as u64, total.keys, "{}", total.table);
        let whole: HashSet<_> = whole_rows(&all).into_iter().collect();
        let copies = row_count(&all) - whole.len() as u64;
        assert!(copies >= total.copies, "{}: {copies} copies", total.table);
    }
}

#[test]
fn natural_keys_stay_distinct_at_scale() {
    let generator = small(5, 600_000, 2);
    for total in generator.describe() {
        let key = natural_key(total.table);
        let keys: HashSet<_> = deliveries(&generator, total.table)
            .iter()
            .flat_map(|batches| rows(batches, &key))
            .filter(|key| key.iter().any(Option::is_some))
            .collect();
        assert_eq!(keys.len() as u64, total.keys, "{}", total.table);
    }
}

/// The natural key, from the fixture.
fn natural_key(table: &str) -> Vec<&'static str> {
    let text = include_str!("fixtures/system_tables.yaml");
    let (_, section) = text.split_once(&format!("- source: system.{table}\n")).unwrap();
    let line = section.lines().find_map(|line| line.strip_prefix("  natural_key: [")).unwrap();
    line.trim_end_matches(']').split(", ").collect()
}

#[test]
fn deliveries_are_complete_however_the_days_are_split() {
    for (days, batches, rows) in [(1, 30, 5_000), (3, 7, 20_000), (90, 13, 20_000), (30, 1, 0), (2, 5, 300)] {
        let config = SynthConfig { days, batches, rows, late_share: 0.2, ..SynthConfig::default() };
        let generator = Generator::new(config).unwrap();
        for total in generator.describe() {
            let counted: Vec<u64> =
                deliveries(&generator, total.table).iter().map(|batches| row_count(batches)).collect();
            assert_eq!(counted, total.rows_by_batch, "{} over {days} days", total.table);
        }
    }
}

#[test]
fn a_clean_world_has_no_row_twice() {
    let config = SynthConfig { rows: 40_000, ..SynthConfig::default() }.clean();
    let generator = Generator::new(config).unwrap();
    for total in generator.describe() {
        assert_eq!((total.copies, total.keyless), (0, 0), "{}", total.table);
        let all = deliveries(&generator, total.table).concat();
        let whole: HashSet<_> = whole_rows(&all).into_iter().collect();
        assert_eq!(whole.len() as u64, total.rows(), "{}", total.table);
    }
}

#[test]
fn snapshots_hold_the_latest_state_and_forget() {
    let generator = support::generator();
    let last = generator.config().batches - 1;
    for table in generator.tables() {
        if generator.is_streamed(table).unwrap() {
            let refused = generator.snapshot(table, 0).unwrap_err();
            assert!(matches!(refused, SynthError::NotASnapshotTable { .. }));
            continue;
        }
        let key = natural_key(table);
        let keys_at = |batch| -> HashSet<Vec<Option<String>>> {
            rows(&collect(generator.snapshot(table, batch).unwrap()), &key).into_iter().collect()
        };
        let (first, end) = (keys_at(0), keys_at(last));
        assert!(!first.is_empty() && !end.is_empty(), "{table}");
        // What a delivery brings stands in the snapshot of that time, unless it has already been forgotten.
        let brought: HashSet<_> = rows(&collect(generator.batch(table, 0).unwrap()), &key).into_iter().collect();
        assert!(first.is_subset(&brought), "{table}");
        if *table != "billing.list_prices" {
            assert!(!first.is_subset(&end), "no row of {table} vanishes");
        }
        // Each key stands once, but for whole rows that stand twice.
        let whole: HashSet<_> = whole_rows(&collect(generator.snapshot(table, last).unwrap())).into_iter().collect();
        let keyed = whole.len() - usize::from(end.iter().any(|key| key.iter().all(Option::is_none)));
        assert!(keyed >= end.len() - 1, "{table}");
        assert!(whole.len() <= end.len() + 20, "{table}");
    }
}

#[test]
fn updates_show_in_snapshots_and_not_before() {
    let generator = support::generator();
    let columns = ["statement_id", "execution_status"];
    let state = |batch| -> HashMap<String, String> {
        rows(&collect(generator.snapshot("query.history", batch).unwrap()), &columns)
            .into_iter()
            .filter_map(|row| Some((row[0].clone()?, row[1].clone()?)))
            .collect()
    };
    let (before, after) = (state(0), state(1));
    let changed = before
        .iter()
        .filter(|(id, status)| *status == "RUNNING" && after.get(*id).is_some_and(|now| now != "RUNNING"))
        .count();
    assert!(changed > 10, "{changed} statements ended");
    let reopened = before
        .iter()
        .filter(|(id, status)| *status != "RUNNING" && after.get(*id).is_some_and(|now| now == "RUNNING"))
        .count();
    assert_eq!(reopened, 0);
}

#[test]
fn what_does_not_exist_is_refused() {
    let generator = support::generator();
    assert!(matches!(generator.batch("no.table", 0), Err(SynthError::UnknownTable { .. })));
    assert!(matches!(generator.schema("system.billing.usage"), Err(SynthError::UnknownTable { .. })));
    assert!(matches!(generator.batch("billing.usage", 4), Err(SynthError::UnknownBatch { batch: 4, batches: 4 })));
}

#[test]
fn one_delivery_is_enough() {
    let generator = small(3, 20_000, 1);
    for table in generator.describe() {
        assert!(table.rows() > 0, "{}", table.table);
    }
}
