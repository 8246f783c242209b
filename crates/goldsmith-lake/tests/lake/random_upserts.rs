//! Random upserts on every kind of table, beside a map.

use std::collections::BTreeMap;

use goldsmith_lake::{CommitOutcome, CommitRequest, Table, UpsertRequest, WriteMode};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::guarded::{Rule, create_with, feed};
use crate::support::{Place, apply, of_delta_rs, rows, timeline, versions, versions_schema};

/// Identifier and time, then label and run.
type Content = BTreeMap<(Option<String>, i64), (String, String)>;

/// Rows that the Delta library itself sees, and that a query of ours sees.
async fn queried(table: &Table) -> [usize; 2] {
    let context = datafusion::prelude::SessionContext::new();
    context.register_table("theirs", of_delta_rs(table).await).unwrap();
    context.register_table("ours", table.provider().await.unwrap()).unwrap();
    let mut counts = [0; 2];
    for (name, count) in ["theirs", "ours"].into_iter().zip(&mut counts) {
        *count = context.sql(&format!("select * from {name}")).await.unwrap().count().await.unwrap();
    }
    counts
}

fn line(((id, time), (label, run)): (&(Option<String>, i64), &(String, String))) -> String {
    let id = id.as_deref().unwrap_or("~");
    let time = if *time == 0 { String::new() } else { format!(".00000{time}") };
    format!("{id}|1970-01-01T00:00:00{time}Z|{label}|{run}")
}

/// One upsert at random, and what it makes of the map.
fn draw(random: &mut ChaCha8Rng, run: &str, model: &mut Content, write_mode: WriteMode) -> (UpsertRequest, u64) {
    let mut fresh: BTreeMap<(Option<String>, i64), String> = BTreeMap::new();
    for _ in 0..random.random_range(0..12) {
        let id = match random.random_range(0..8) {
            0 => None,
            n => Some(format!("id-{n}")),
        };
        fresh.insert((id, random.random_range(0..4)), format!("label-{}", random.random_range(0..3)));
    }
    let data: Vec<(Option<&str>, i64, &str, &str)> =
        fresh.iter().map(|((id, time), label)| (id.as_deref(), *time, label.as_str(), run)).collect();
    let batches = if data.len() > 3 { vec![versions(&data[..3]), versions(&data[3..])] } else { vec![versions(&data)] };
    let mut request = UpsertRequest { write_mode, stage: true, ..timeline(batches) };
    if random.random_bool(0.5) {
        model.retain(|key, _| fresh.contains_key(key) || !fresh.keys().any(|(id, _)| *id == key.0));
    } else {
        request.group = request.key.clone();
        request.delete_missing_in_group = false;
    }
    for (key, label) in &fresh {
        if model.get(key).is_none_or(|(known, _)| known != label) {
            model.insert(key.clone(), (label.clone(), run.to_owned()));
        }
    }
    (request, fresh.len() as u64)
}

/// What the change data feed has to say of a commit.
fn differences(before: &Content, after: &Content) -> Vec<String> {
    let mut told = Vec::new();
    for (key, was) in before {
        match after.get(key) {
            None => told.push(format!("{}|delete", line((key, was)))),
            Some(is) if is != was => {
                told.push(format!("{}|update_preimage", line((key, was))));
                told.push(format!("{}|update_postimage", line((key, is))));
            }
            Some(_) => {}
        }
    }
    let new = after.iter().filter(|(key, _)| !before.contains_key(key));
    told.extend(new.map(|entry| format!("{}|insert", line(entry))));
    told.sort();
    told
}

/// Any sequence of upserts, one or more in a commit, equals the same upserts on a map, whoever writes the table.
async fn equals_a_map(seed: u64, rule: Rule, write_mode: WriteMode, commits: usize) {
    let case = format!("seed {seed} {rule:?} {write_mode:?}");
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let place = Place::new();
    let mut table = create_with(&place, "t", versions_schema(), rule).await;
    let mut model = Content::new();
    for commit in 0..commits {
        let case = format!("{case} commit {commit}");
        let before = model.clone();
        let mut has_changes = false;
        for step in 0..random.random_range(1..4) {
            let earlier = model.clone();
            let run = format!("run-{commit}-{step}");
            let (request, fresh) = draw(&mut random, &run, &mut model, write_mode);
            let report = apply(&mut table, request).await;
            let changes = report.inserted + report.updated + report.deleted;
            assert_eq!(changes > 0, model != earlier, "{case} step {step}: {report:?}");
            assert_eq!(report.inserted + report.updated + report.unchanged, fresh, "{case} step {step}: {report:?}");
            assert_eq!(rows(&table).await, sorted(&model), "{case} step {step}");
            has_changes |= changes > 0;
        }
        let version = table.version();
        match table.commit(CommitRequest::default()).await.unwrap() {
            CommitOutcome::Nothing => assert!(!has_changes, "{case}"),
            CommitOutcome::Committed { version } if rule == Rule::ChangeDataFeed => {
                assert_eq!(feed(&place, "t", version).await, differences(&before, &model), "{case}");
            }
            CommitOutcome::Committed { version: made } => assert_eq!(made, version + 1),
        }
        assert_eq!(rows(&place.open("t").await).await, sorted(&model), "{case}");
        assert_eq!(table.num_rows().await.unwrap(), model.len() as u64, "{case}");
        assert_eq!(queried(&table).await, [model.len(); 2], "{case}");
    }
}

fn sorted(model: &Content) -> Vec<String> {
    let mut lines: Vec<String> = model.iter().map(line).collect();
    lines.sort();
    lines
}

#[tokio::test(flavor = "multi_thread")]
async fn our_own_core_equals_a_map_however_rows_are_deleted() {
    for seed in 0..3 {
        for write_mode in [WriteMode::Auto, WriteMode::MergeOnRead, WriteMode::CopyOnWrite] {
            equals_a_map(seed, Rule::Nothing, write_mode, 8).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_with_constraints_equal_a_map() {
    equals_a_map(10, Rule::Constraint, WriteMode::Auto, 6).await;
    equals_a_map(11, Rule::Invariant, WriteMode::Auto, 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_with_a_change_data_feed_equal_a_map_and_tell_every_difference_once() {
    for seed in 20..22 {
        equals_a_map(seed, Rule::ChangeDataFeed, WriteMode::Auto, 6).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_of_other_layouts_equal_a_map() {
    equals_a_map(30, Rule::ColumnMapping, WriteMode::Auto, 6).await;
    equals_a_map(31, Rule::Partitions, WriteMode::Auto, 4).await;
}
