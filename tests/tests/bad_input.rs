//! Bad input gets a clear error that names what and where, and nothing is half-written.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use goldsmith::{Engine, ErrorKind, Layer, RunOptions, TableStatus};
use goldsmith_testkit::ScratchLake;
use goldsmith_tests::rows;

async fn run(source: &str, target: &str) -> String {
    let engine = Engine::builder().source(source).target(target).build().unwrap();
    match engine.run(&RunOptions::default()).await {
        Err(error) => error.chain(),
        Ok(report) => panic!("it ran: {report:#?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_directory_that_is_not_there_is_named() {
    let lake = ScratchLake::new().unwrap();
    let absent = lake.root().join("absent");
    let message = run(&absent.to_string_lossy(), &lake.target().to_string_lossy()).await;
    assert!(message.contains("absent") && !lake.target().exists(), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_with_other_content_is_refused_untouched() {
    let lake = ScratchLake::new().unwrap();
    std::fs::create_dir_all(lake.target().join("photos")).unwrap();
    let message = run(&lake.source().to_string_lossy(), &lake.target().to_string_lossy()).await;
    assert!(message.contains("photos"), "{message}");
    assert_eq!(std::fs::read_dir(lake.target()).unwrap().count(), 1);
}

/// Makes one source bad and checks that it alone fails, with a message that names `expected`; a plan tells it as well when it shows
/// without reading rows.
async fn one_bad_source(spoil: impl Fn(&std::path::Path), expected: &[&str], looked_at: bool) {
    let lake = ScratchLake::new().unwrap();
    lake.deliver("billing.usage", &rows(r#"[{"record_id": "r1"}]"#)).await.unwrap();
    lake.deliver("access.audit", &rows(r#"[{"event_id": "e1"}]"#)).await.unwrap();
    spoil(&lake.source().join("access/audit"));
    if looked_at {
        let plan = lake.engine().unwrap().plan(&RunOptions::default()).await.unwrap();
        let failing: Vec<_> = plan.iter().filter(|plan| plan.error.is_some()).collect();
        assert_eq!(failing.len(), 1, "{failing:#?}");
        assert_eq!((failing[0].name.as_str(), failing[0].changes), ("access.audit", false));
        assert!(expected.iter().all(|part| failing[0].error.as_ref().unwrap().contains(part)), "{failing:#?}");
        assert!(plan.iter().any(|plan| plan.name == "billing.usage" && plan.changes), "{plan:#?}");
    }
    let report = lake.engine().unwrap().run(&RunOptions::default()).await.unwrap();
    let audit = report.table(Layer::Bronze, "access.audit").unwrap();
    assert_eq!(audit.status, TableStatus::Failed, "{audit:?}");
    let message = audit.error.as_ref().unwrap();
    for part in expected {
        assert!(message.contains(part), "`{part}` is not in: {message}");
    }
    assert_eq!(report.table(Layer::Bronze, "billing.usage").unwrap().rows.inserted, 1);
    assert!(!report.is_success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_that_is_no_table_is_named() {
    let spoil = |path: &std::path::Path| {
        std::fs::remove_dir_all(path).unwrap();
        std::fs::create_dir_all(path).unwrap();
        std::fs::write(path.join("notes.txt"), "nothing").unwrap();
    };
    one_bad_source(spoil, &["access/audit", "is no source", "notes.txt"], true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_truncated_file_is_named() {
    let spoil = |path: &std::path::Path| {
        for entry in std::fs::read_dir(path).unwrap().flatten() {
            if entry.path().extension().is_some_and(|extension| extension == "parquet") {
                std::fs::File::options().write(true).open(entry.path()).unwrap().set_len(40).unwrap();
            }
        }
    };
    one_bad_source(spoil, &["parquet", "access/audit/", "restore it"], false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_corrupt_log_entry_is_named() {
    let spoil = |path: &std::path::Path| {
        std::fs::write(path.join("_delta_log/00000000000000000001.json"), "{\"add\": {\"path\"").unwrap();
    };
    one_bad_source(spoil, &["00000000000000000001.json"], true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_of_an_unknown_protocol_names_the_feature() {
    let spoil = |path: &std::path::Path| {
        let log = path.join("_delta_log/00000000000000000000.json");
        let text: String = std::fs::read_to_string(&log)
            .unwrap()
            .lines()
            .map(|line| {
                if line.contains("\"protocol\"") {
                    r#"{"protocol":{"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":["holographicFiles"],"writerFeatures":["holographicFiles"]}}"#.to_string() + "\n"
                } else {
                    line.to_string() + "\n"
                }
            })
            .collect();
        std::fs::write(&log, text).unwrap();
    };
    one_bad_source(spoil, &["holographicFiles"], true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_source_is_skipped_and_its_gold_table_has_the_unknown_member() {
    let lake = ScratchLake::new().unwrap();
    lake.deliver("billing.usage", &rows(r#"[{"record_id": "r1"}]"#)).await.unwrap();
    let report = lake.run(&[]).await.unwrap();
    assert_eq!(report.table(Layer::Bronze, "billing.account_prices").unwrap().status, TableStatus::Skipped);
    assert_eq!(report.status(), TableStatus::Changed, "an absent source does not hide that others had rows");
    let found = lake.query("select account_price_key from dim_account_price").await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["account_price_key"], -1);
}

/// Runs all and gives the error, after which nothing must have been written.
async fn refused(lake: &ScratchLake, source: &std::path::Path) -> String {
    let message = run(&source.to_string_lossy(), &lake.target().to_string_lossy()).await;
    assert!(!lake.target().exists(), "{message}");
    let plan = lake.engine_on(source, &lake.target()).unwrap().plan(&RunOptions::default()).await;
    assert_eq!(plan.unwrap_err().chain(), message);
    message
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_without_any_source_is_refused_and_the_right_one_is_named() {
    let lake = ScratchLake::new().unwrap();
    let source = lake.source();
    let message = refused(&lake, &source).await;
    for part in ["none of the 35 sources of the model is in", "`<root>/<schema>/<table>`", "/source/"] {
        assert!(message.contains(part), "`{part}` is not in: {message}");
    }
    lake.deliver("billing.usage", &rows(r#"[{"record_id": "r1"}]"#)).await.unwrap();
    let right = format!("give `{}`", source.display());
    for (wrong, seems) in [
        (source.join("billing"), "the schema `billing`, one level too deep"),
        (source.join("billing/usage"), "a table itself, two levels too deep"),
        (lake.root().to_path_buf(), "one level too high"),
    ] {
        let elsewhere = tempfile::tempdir().unwrap();
        let target = elsewhere.path().join("lake");
        let message = run(&wrong.to_string_lossy(), &target.to_string_lossy()).await;
        assert!(message.contains(seems) && message.contains(&right), "{message}");
        assert!(!target.exists(), "{message}");
    }
    lake.run(&["dim_sku"]).await.unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let message = run(&lake.target().to_string_lossy(), &elsewhere.path().to_string_lossy()).await;
    assert!(message.contains("a target that goldsmith filled"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_and_a_target_of_which_one_is_in_the_other_are_refused() {
    let lake = ScratchLake::new().unwrap();
    lake.deliver("billing.usage", &rows(r#"[{"record_id": "r1"}]"#)).await.unwrap();
    let (source, inside) = (lake.source(), lake.source().join("lake"));
    let empty = lake.root().join("empty");
    std::fs::create_dir(&empty).unwrap();
    for (source, target, told) in [
        (&source, &inside, "is inside of the source"),
        (&source, &lake.root().join("other/../source/lake"), "is inside of the source"),
        (&source, &source, "are the same place"),
        (&empty, &empty, "are the same place"),
        (&source, &lake.root().to_path_buf(), "is inside of the target"),
    ] {
        let message = run(&source.to_string_lossy(), &target.to_string_lossy()).await;
        assert!(message.contains(told), "{message}");
        let plan = lake.engine_on(source, target).unwrap().plan(&RunOptions::default()).await;
        assert_eq!(plan.unwrap_err().chain(), message);
    }
    assert!(!inside.exists() && std::fs::read_dir(&empty).unwrap().next().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn sources_that_are_absent_are_told_and_one_that_was_loaded_before_is_a_warning() {
    let lake = ScratchLake::new().unwrap();
    lake.deliver("billing.usage", &rows(r#"[{"record_id": "r1"}]"#)).await.unwrap();
    lake.deliver("access.audit", &rows(r#"[{"event_id": "e1"}]"#)).await.unwrap();
    let select = ["billing.usage", "billing.account_prices", "access.audit"];
    let first = lake.run(&select).await.unwrap();
    assert_eq!(first.absent(), ["billing.account_prices"]);
    assert!(first.tables.iter().all(|table| table.warnings.is_empty()), "{first:#?}");
    std::fs::remove_dir_all(lake.source().join("access")).unwrap();
    let second = lake.run(&select).await.unwrap();
    let mut absent = second.absent();
    absent.sort_unstable();
    assert_eq!(absent, ["access.audit", "billing.account_prices"]);
    let warned: Vec<_> = second.tables.iter().filter(|table| !table.warnings.is_empty()).collect();
    assert_eq!(warned.len(), 1, "{warned:#?}");
    assert_eq!(warned[0].name, "access.audit");
    assert!(warned[0].warnings[0].contains("was loaded before"), "{warned:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_that_are_handed_over_need_no_source_below_the_root() {
    let lake = ScratchLake::new().unwrap();
    let mut engine = lake.engine().unwrap();
    let bronze = lake.model().bronze.values().find(|bronze| bronze.source.to_string() == "billing.usage").unwrap();
    let batch = goldsmith_testkit::batch_of(bronze, &rows(r#"[{"record_id": "r1"}]"#)).unwrap();
    engine.hand_over("billing.usage", 1, vec![batch]).unwrap();
    let options = RunOptions { select: vec!["billing.usage".into()], ..RunOptions::default() };
    let report = engine.run(&options).await.unwrap();
    assert_eq!(report.table(Layer::Bronze, "billing.usage").unwrap().rows.inserted, 1);
}

/// The data files of a table.
fn data_files(table: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(table).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.extension().is_some_and(|extension| extension == "parquet")).collect()
}

/// Damages a file.
type Spoil = fn(&std::path::Path);

#[tokio::test(flavor = "multi_thread")]
async fn a_query_names_the_damaged_file_of_the_target_and_what_mends_its_table() {
    let cut = |path: &std::path::Path| {
        std::fs::File::options().write(true).open(path).unwrap().set_len(40).unwrap();
    };
    let overwrite = |path: &std::path::Path| {
        let mut bytes = std::fs::read(path).unwrap();
        bytes[4..40].fill(0xFF);
        std::fs::write(path, bytes).unwrap();
    };
    let cases: [(&str, Spoil, bool, &str); 3] = [
        ("system_gold/fact_usage", cut, true, "`goldsmith run --full-refresh --select fact_usage`"),
        ("system_gold/fact_usage", overwrite, false, "`goldsmith run --full-refresh --select fact_usage`"),
        ("system_bronze/billing_usage", cut, true, "`goldsmith forget billing.usage`"),
    ];
    for (table, spoil, is_file_named, help) in cases {
        let lake = ScratchLake::new().unwrap();
        lake.deliver("billing.usage", &rows(r#"[{"record_id": "r1", "usage_date": "2024-01-01"}]"#)).await.unwrap();
        lake.run(&["fact_usage"]).await.unwrap();
        let files = data_files(&lake.target().join(table));
        files.iter().for_each(|path| spoil(path));
        let sql = format!("select * from {}", table.replace('/', "."));
        let error = lake.engine().unwrap().query(&sql).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Data, "{error:?}");
        let text = error.chain();
        let named = if is_file_named {
            files[0].display().to_string()
        } else {
            lake.target().join(table).display().to_string()
        };
        assert!(text.contains(&named) && text.contains("is truncated or damaged"), "{table}: {text}");
        assert!(text.contains(help) && !text.contains("take it away"), "{table}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_damaged_file_of_gold_needs_is_done_by_what_the_error_says() {
    let lake = ScratchLake::new().unwrap();
    lake.deliver("billing.usage", &rows(r#"[{"record_id": "r1", "usage_date": "2024-01-01"}]"#)).await.unwrap();
    lake.run(&["fact_usage"]).await.unwrap();
    for path in data_files(&lake.target().join("system_gold/fact_usage")) {
        std::fs::File::options().write(true).open(path).unwrap().set_len(40).unwrap();
    }
    let options = RunOptions { select: vec!["fact_usage".to_owned()], full_refresh: true, ..RunOptions::default() };
    assert!(lake.engine().unwrap().run(&options).await.unwrap().is_success());
    let found = lake.query("select record_id from fact_usage").await.unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
}

/// Names of the tables that a run or a plan calls failed, sorted.
fn named<'a>(names: impl IntoIterator<Item = &'a String>) -> Vec<&'a str> {
    let mut names: Vec<&str> = names.into_iter().map(String::as_str).collect();
    names.sort_unstable();
    names
}

/// A table of the target, what is done to it, what the error says, and the tables that fail with it.
type Damage<'a> = (&'a str, fn(&std::path::Path), &'a str, &'a [&'a str]);

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_table_of_the_target_fails_with_what_is_built_from_it_and_the_others_go_on() {
    let cases: [Damage<'_>; 3] = [
        (
            "system_gold/fact_usage",
            |path| std::fs::write(path.join("_delta_log/00000000000000000000.json"), "garbage").unwrap(),
            "00000000000000000000.json",
            &["dim_date", "fact_usage"],
        ),
        (
            "system_gold/fact_usage",
            |path| std::fs::remove_dir_all(path.join("_delta_log")).unwrap(),
            "not a delta table",
            &["dim_date", "fact_usage"],
        ),
        (
            "system_bronze/billing_list_prices",
            |path| std::fs::write(path, "a file").unwrap(),
            "it is a file",
            &["billing.list_prices", "dim_date", "dim_list_price", "dim_sku", "fact_usage"],
        ),
    ];
    for (table, spoil, told, failing) in cases {
        let lake = ScratchLake::new().unwrap();
        let usage = r#"[{"record_id": "r1", "usage_date": "2024-01-01"}]"#;
        lake.deliver("billing.usage", &rows(usage)).await.unwrap();
        lake.deliver("access.audit", &rows(r#"[{"event_id": "e1"}]"#)).await.unwrap();
        lake.run(&["fact_usage", "fact_audit_logs"]).await.unwrap();
        spoil(&lake.target().join(table));
        lake.deliver("billing.usage", &rows(r#"[{"record_id": "r2"}]"#)).await.unwrap();
        lake.deliver("access.audit", &rows(r#"[{"event_id": "e2"}]"#)).await.unwrap();

        let engine = lake.engine().unwrap();
        let status = engine.status().await.unwrap();
        let broken: Vec<_> = status.iter().filter(|info| info.error.is_some()).collect();
        assert_eq!(broken.len(), 1, "{broken:#?}");
        assert!(broken[0].exists && broken[0].location.ends_with(table), "{broken:#?}");

        let select = vec!["fact_usage".to_owned(), "fact_audit_logs".to_owned()];
        let options = RunOptions { select, ..RunOptions::default() };
        let plan = engine.plan(&options).await.unwrap();
        assert_eq!(named(plan.iter().filter(|plan| plan.error.is_some()).map(|plan| &plan.name)), failing);
        let report = engine.run(&options).await.unwrap();
        let failed = report.tables.iter().filter(|table| table.status == TableStatus::Failed);
        assert_eq!(named(failed.clone().map(|table| &table.name)), failing);
        let errors: Vec<&String> = failed.filter_map(|table| table.error.as_ref()).collect();
        assert!(errors.iter().any(|error| error.contains(told) && error.contains("restore it")), "{errors:#?}");
        assert!(errors.iter().all(|error| error.contains(told) || error.contains("its input `")), "{errors:#?}");
        for (layer, name) in
            [(Layer::Bronze, "billing.usage"), (Layer::Bronze, "access.audit"), (Layer::Gold, "fact_audit_logs")]
        {
            assert_eq!(report.table(layer, name).unwrap().status, TableStatus::Changed, "{name} beside {table}");
        }
    }
}
