//! Versions of rows in random deliveries (late, repeated, in any order), beside a map of the latest ones.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray, TimestampMicrosecondArray};
use goldsmith_lake::{CommitOutcome, CommitRequest, UpsertRequest, WriteMode};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::guarded::{Rule, create_with};
use crate::races::{MODES, unreferenced};
use crate::support::{Place, apply, rows, sequenced, versions_schema};

/// The sequence, then the content: the greatest is the latest.
type Version = (Option<i64>, Option<String>);

/// Identifier and version.
type Row = (Option<String>, Version);

/// For each identifier the latest version, and the run that wrote it.
type Content = BTreeMap<Option<String>, (Version, String)>;

fn draw(random: &mut ChaCha8Rng) -> Row {
    let id = random.random_range(0..6);
    let time = random.random_range(0..6);
    let name = random.random_range(0..4);
    ((id > 0).then(|| format!("id-{id}")), ((time > 0).then_some(time), (name > 0).then(|| format!("name-{name}"))))
}

fn batch(rows: &[Row], run: &str) -> RecordBatch {
    let ids: StringArray = rows.iter().map(|(id, _)| id.as_deref()).collect();
    let times: TimestampMicrosecondArray = rows.iter().map(|(_, (time, _))| *time).collect();
    let names: StringArray = rows.iter().map(|(_, (_, name))| name.as_deref()).collect();
    let runs: StringArray = rows.iter().map(|_| Some(run)).collect();
    let columns: Vec<ArrayRef> =
        vec![Arc::new(ids), Arc::new(times.with_timezone("UTC")), Arc::new(names), Arc::new(runs)];
    RecordBatch::try_new(versions_schema(), columns).unwrap()
}

/// What a delivery makes of the map: rows that are inserted, updated, unchanged, outranked and left out.
fn deliver(model: &mut Content, rows: &[Row], run: &str) -> [u64; 5] {
    let mut latest: BTreeMap<&Option<String>, &Version> = BTreeMap::new();
    for (id, version) in rows {
        let known = latest.entry(id).or_insert(version);
        *known = version.max(*known);
    }
    let [mut inserted, mut updated, mut unchanged, mut outranked] = [0; 4];
    for (id, version) in &latest {
        match model.get(*id) {
            None => inserted += 1,
            Some((held, _)) if held == *version => {
                unchanged += 1;
                continue;
            }
            Some((held, _)) if held > *version => {
                outranked += 1;
                continue;
            }
            Some(_) => updated += 1,
        }
        model.insert((*id).clone(), ((*version).clone(), run.to_owned()));
    }
    [inserted, updated, unchanged, outranked, (rows.len() - latest.len()) as u64]
}

fn lines(model: &Content) -> Vec<String> {
    let null = || "~".to_owned();
    let line = |(id, ((time, name), run)): (&Option<String>, &(Version, String))| {
        let time = time.map_or_else(null, |time| format!("1970-01-01T00:00:00.00000{time}Z"));
        let [id, name] = [id, name].map(|text| text.clone().unwrap_or_else(null));
        format!("{id}|{time}|{name}|{run}")
    };
    let mut lines: Vec<String> = model.iter().map(line).collect();
    lines.sort();
    lines
}

/// Any deliveries of versions leave the latest of each key, whoever writes the table. Of several writers none looks at the table before
/// it writes.
async fn leaves_the_latest(seed: u64, rule: Rule, writers: usize, deliveries: usize) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let place = Place::new();
    let mut handles = vec![create_with(&place, "t", versions_schema(), rule).await];
    while handles.len() < writers {
        handles.push(place.open("t").await);
    }
    let mut model = Content::new();
    let mut delivered: Vec<Row> = Vec::new();
    for delivery in 0..deliveries {
        let mut fresh: Vec<Row> = (0..random.random_range(1..10)).map(|_| draw(&mut random)).collect();
        for _ in 0..random.random_range(0..4) {
            if !delivered.is_empty() {
                fresh.push(delivered[random.random_range(0..delivered.len())].clone());
            }
        }
        delivered.extend(fresh.iter().cloned());
        let (run, before) = (format!("run-{delivery}"), model.clone());
        let case = format!("seed {seed} {rule:?} delivery {delivery}");
        let counts = deliver(&mut model, &fresh, &run);
        let (first, second) = fresh.split_at(random.random_range(0..=fresh.len()));
        let stage = writers == 1 && random.random_bool(0.3);
        // The first deletion vector changes the protocol, which others cannot follow.
        let write_mode = if writers == 1 { MODES[random.random_range(0..MODES.len())] } else { WriteMode::CopyOnWrite };
        let request = UpsertRequest { write_mode, stage, ..sequenced(vec![batch(first, &run), batch(second, &run)]) };
        let table = &mut handles[random.random_range(0..writers)];
        let report = apply(table, request).await;
        let told = [report.inserted, report.updated, report.unchanged, report.outranked, report.deduplicated];
        if writers == 1 || report.version.is_some() {
            assert_eq!((told, report.deleted), (counts, 0), "{case}: {report:?}");
        } else {
            // What loses against an earlier state loses against a later one as well.
            assert_eq!(model, before, "{case}: {report:?}");
        }
        if stage {
            let outcome = table.commit(CommitRequest::default()).await.unwrap();
            assert_eq!(outcome == CommitOutcome::Nothing, model == before, "{case}: {report:?}");
        }
        assert_eq!(rows(&place.open("t").await).await, lines(&model), "{case}");
    }
    let mut latest: BTreeMap<&Option<String>, &Version> = BTreeMap::new();
    for (id, version) in &delivered {
        let known = latest.entry(id).or_insert(version);
        *known = version.max(*known);
    }
    let found: BTreeMap<&Option<String>, &Version> = model.iter().map(|(id, (version, _))| (id, version)).collect();
    assert_eq!(found, latest, "seed {seed} {rule:?}");
    if rule == Rule::Nothing {
        assert_eq!(unreferenced(&place, "t"), Vec::<String>::new(), "seed {seed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_latest_versions_stay_in_tables_that_we_write() {
    for seed in 0..4 {
        leaves_the_latest(seed, Rule::Nothing, 1, 10).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_latest_versions_stay_when_writers_overtake_each_other() {
    for seed in 10..14 {
        leaves_the_latest(seed, Rule::Nothing, 3, 16).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_latest_versions_stay_in_tables_that_delta_rs_writes() {
    for (seed, rule) in (20..).zip([Rule::Constraint, Rule::ChangeDataFeed, Rule::ColumnMapping, Rule::Partitions]) {
        leaves_the_latest(seed, rule, 1, 6).await;
    }
}
