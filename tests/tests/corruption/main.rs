//! `verify` passes what a run built, and finds every kind of corruption that is planted.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod cases;
mod edit;
mod plant;
mod world;

use std::collections::BTreeSet;

use goldsmith::{
    BehindInput, CheckName, CheckOutcome, Engine, MaintainOptions, TableVerification, VerifyOptions, VerifyReport,
};
use plant::Planted;

async fn verify(engine: &Engine, select: &[&str], sample: Option<f64>) -> VerifyReport {
    let select = select.iter().map(ToString::to_string).collect();
    engine.verify(&VerifyOptions { select, sample, ..VerifyOptions::default() }).await.unwrap()
}

/// The checks of a table that failed.
fn failed(table: &TableVerification) -> BTreeSet<CheckName> {
    table.checks.iter().filter(|check| check.outcome == CheckOutcome::Failed).map(|check| check.name).collect()
}

/// Fails unless every table passed every check; those of `skipping` may have skipped ones.
fn assert_sound(what: &str, report: &VerifyReport, skipping: &[&str]) {
    for table in &report.tables {
        let bad: Vec<_> = table
            .checks
            .iter()
            .filter(|check| match check.outcome {
                CheckOutcome::Passed => false,
                CheckOutcome::Skipped => !skipping.contains(&table.name.as_str()),
                CheckOutcome::Failed => true,
            })
            .collect();
        assert!(bad.is_empty(), "{what}: `{}`: {bad:#?}", table.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_runs_built_passes() {
    let world = world::World::new();
    let lake = &world.lake;
    world.deliver(0).await;
    lake.run(&[]).await.unwrap();
    world.deliver(1).await;
    lake.run(&[]).await.unwrap();
    let engine = Engine::builder().target(lake.target().to_string_lossy()).build().unwrap();

    let before = plant::content(&lake.target());
    let whole = verify(&engine, &[], None).await;
    assert_sound("after two runs", &whole, &[]);
    assert_eq!(whole.tables.len(), 38);
    for table in &whole.tables {
        assert!(table.rows > 1, "`{}` is empty, so that nothing is verified", table.name);
        assert_eq!(table.compared, table.rows, "{}", table.name);
    }
    assert_eq!(before, plant::content(&lake.target()), "the target was changed");
    assert_eq!(whole.behind().count(), 0, "{:#?}", whole.behind().collect::<Vec<_>>());

    let sampled = verify(&engine, &[], Some(0.3)).await;
    assert_sound("sampled", &sampled, &[]);
    let usage = sampled.table("fact_usage").unwrap();
    assert!(usage.compared > 0 && usage.compared < usage.rows, "{usage:#?}");
    let gathered = sampled.table("dim_user").unwrap();
    assert_eq!(gathered.compared, gathered.rows, "a gathered dimension is compared as a whole");

    // Bronze moves on, and gold lies behind: it is right as of what it records.
    world.deliver(2).await;
    let sources: Vec<String> = lake.model().bronze.keys().map(ToString::to_string).collect();
    let sources: Vec<&str> = sources.iter().map(String::as_str).collect();
    lake.run(&sources).await.unwrap();
    let behind = verify(&engine, &[], None).await;
    assert_sound("behind bronze", &behind, &[]);
    let usage = &behind.table("fact_usage").unwrap().behind;
    assert_eq!(usage.len(), 1, "its dimensions did not move: {usage:#?}");
    assert_eq!(usage[0].input, "bronze:billing.usage");
    assert!(usage[0].contained.unwrap() < usage[0].latest, "{usage:#?}");
    assert_sound("behind bronze, sampled", &verify(&engine, &["billing", "lakeflow"], Some(0.5)).await, &[]);

    // Then the dimensions move on too, and facts record older ones; the calendar waits for its facts.
    lake.run(&["dim_job", "dim_workspace", "dim_list_price"]).await.unwrap();
    assert_sound("behind dimensions", &verify(&engine, &["fact_usage", "lakeflow"], None).await, &[]);

    // Files of older versions are cleaned away, so that what gold records cannot be read any more.
    plant::clean(&lake.target(), "system_bronze", "query_history").await;
    let report = verify(&engine, &["fact_query_history"], Some(1.0)).await;
    assert_sound("cleaned", &report, &["fact_query_history"]);
    let history = report.table("fact_query_history").unwrap();
    let skipped = history.check(CheckName::MissingRows).unwrap();
    assert_eq!(skipped.outcome, CheckOutcome::Skipped, "{history:#?}");
    assert!(skipped.reason.as_ref().unwrap().contains("cannot be read any more"), "{skipped:?}");

    lake.run(&["fact_usage"]).await.unwrap();
    let report = verify(&engine, &["billing", "dim_date", "fact_job_run_timeline"], None).await;
    assert_sound("partly run", &report, &[]);
    lake.run(&[]).await.unwrap();
    assert_sound("after three runs", &verify(&engine, &[], None).await, &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_corruption_is_found_in_its_table_by_its_check() {
    let world = world::World::new();
    for delivery in 0..2 {
        world.deliver(delivery).await;
        world.lake.run(&[]).await.unwrap();
    }
    let target = world.lake.target();
    let engine = Engine::builder().target(target.to_string_lossy()).build().unwrap();
    let mut wrong = Vec::new();
    for case in cases::all() {
        let start = std::time::Instant::now();
        let planted = Planted::new(&target, "system_gold", case.table);
        case.plant(&planted).await;
        let report = verify(&engine, &[case.table], case.sample).await;
        drop(planted);
        let table = report.table(case.table).unwrap();
        let (found, expected) = (failed(table), BTreeSet::from_iter(case.failing.iter().copied()));
        if report.is_success() || found != expected {
            wrong.push(format!("{}: expected {expected:?}, found {found:?}: {:#?}", case.name, table.checks));
        }
        println!("{:>6} ms  {}", start.elapsed().as_millis(), case.name);
    }
    assert!(wrong.is_empty(), "{} corruption(s) not found as expected:\n{}", wrong.len(), wrong.join("\n"));

    // Without a selection the corrupt table alone is named, and those that refer to the lost row.
    let planted = Planted::new(&target, "system_gold", "dim_workspace");
    planted.edit(|rows| edit::without(&rows, edit::find(&rows, |row| row["workspace_key"] != -1))).await;
    let report = verify(&engine, &[], None).await;
    drop(planted);
    let found: Vec<&TableVerification> = report.tables.iter().filter(|table| !failed(table).is_empty()).collect();
    for table in &found {
        let expected = if table.name == "dim_workspace" { CheckName::MissingRows } else { CheckName::ForeignKeys };
        assert_eq!(failed(table), BTreeSet::from([expected]), "{table:#?}");
    }
    assert!(found.len() > 1 && found.iter().any(|table| table.name == "dim_workspace"));

    // Rows that vanish from bronze are in gold still: once gold goes on from there, a rebuild would lose them.
    let bronze = Planted::new(&target, "system_bronze", "billing_usage");
    bronze.edit(|rows| edit::without(&rows, 0)).await;
    world.lake.run(&["fact_usage"]).await.unwrap();
    let report = verify(&engine, &["fact_usage"], None).await;
    let usage = report.table("fact_usage").unwrap();
    assert_eq!(failed(usage), BTreeSet::from([CheckName::UnexpectedRows]), "{usage:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_lies_behind_is_told_by_how_much_and_maintenance_is_nothing_to_take_over() {
    let lake = goldsmith_testkit::ScratchLake::new().unwrap();
    let (source, fact) = ("serving.endpoint_usage", "fact_endpoint_usage");
    let deliver = async |id: &str| {
        let row = format!(r#"[{{"databricks_request_id": "{id}", "request_time": "2024-01-01T00:00:00Z"}}]"#);
        lake.deliver(source, &goldsmith_tests::rows(&row)).await.unwrap();
    };
    let engine = lake.engine().unwrap();
    let behind = async || {
        let report = verify(&engine, &[fact], None).await;
        assert!(report.is_success(), "{report:#?}");
        assert_eq!(report.behind().count(), usize::from(!report.tables[0].behind.is_empty()));
        report.tables[0].behind.clone()
    };
    deliver("1").await;
    lake.run(&[fact]).await.unwrap();
    assert_eq!(behind().await, []);

    let mut latest = 0;
    for id in ["2", "3", "4"] {
        deliver(id).await;
        latest = lake.run(&[source]).await.unwrap().tables[0].version.unwrap();
    }
    let contained = Some(latest - 3);
    let expected = BehindInput { input: format!("bronze:{source}"), contained, latest };
    assert_eq!(behind().await.as_slice(), std::slice::from_ref(&expected));

    // What is not there yet is still to be taken over once the files of bronze were merged, which is one more version.
    let merged = async || {
        let maintained = engine.maintain(&MaintainOptions::default()).await.unwrap();
        let of_source = maintained.tables.iter().find(|table| table.name == source).unwrap();
        assert!(of_source.small_files > 0, "{of_source:?}");
    };
    merged().await;
    assert_eq!(behind().await, [BehindInput { latest: latest + 1, ..expected }]);
    lake.run(&[fact]).await.unwrap();
    assert_eq!(behind().await, []);

    for id in ["5", "6", "7", "8"] {
        deliver(id).await;
        lake.run(&[fact]).await.unwrap();
    }
    merged().await;
    assert_eq!(behind().await, []);
}
