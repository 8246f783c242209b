//! A 39th gold table is one YAML file.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;

use goldsmith::ModelSource;
use goldsmith_testkit::ScratchLake;
use goldsmith_tests::rows;

/// The model of the repository plus one file.
fn with_table(path: &str, text: &str) -> ScratchLake {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models");
    let mut files = Vec::new();
    collect(&root, &root, &mut files);
    files.push((path.to_string(), text.to_string()));
    ScratchLake::with_model(ModelSource::Files(files)).unwrap_or_else(|error| panic!("{error:?}"))
}

fn collect(root: &Path, directory: &Path, files: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, files);
        } else {
            let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
            files.push((name, std::fs::read_to_string(&path).unwrap()));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_fact_with_an_as_of_look_up() {
    let lake = with_table(
        "gold/governance/fact_node_hours.yaml",
        "table: fact_node_hours\nkind: fact\ndomain: governance\ndescription: Nodes by minute.\ngrain: one instance and period\n\
         source: compute.node_timeline\nkey: [workspace_id, cluster_id, instance_id, start_time]\nevent_time: start_time\n\
         dimensions:\n  - {dimension: dim_cluster}\n",
    );
    lake.deliver(
        "compute.clusters",
        &rows(
            r#"[{"workspace_id": "1", "cluster_id": "c", "cluster_name": "old", "change_time": "2024-01-01T00:00:00Z"},
        {"workspace_id": "1", "cluster_id": "c", "cluster_name": "new", "change_time": "2024-02-01T00:00:00Z"}]"#,
        ),
    )
    .await
    .unwrap();
    lake.deliver(
        "compute.node_timeline",
        &rows(
            r#"[{"workspace_id": "1", "cluster_id": "c", "instance_id": "i", "start_time": "2024-01-15T00:00:00Z"},
        {"workspace_id": "1", "cluster_id": "c", "instance_id": "i", "start_time": "2024-02-01T00:00:00Z"}]"#,
        ),
    )
    .await
    .unwrap();
    lake.run(&["fact_node_hours"]).await.unwrap();
    let found = lake.query("select c.cluster_name as name from fact_node_hours f join dim_cluster c on c.cluster_key = f.cluster_key order by start_time").await.unwrap();
    assert_eq!(found.iter().map(|row| row["name"].as_str().unwrap()).collect::<Vec<_>>(), ["old", "new"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sliced_run_fact() {
    let lake = with_table(
        "gold/lakeflow/fact_runs_short.yaml",
        "table: fact_runs_short\nkind: fact\ndomain: lakeflow\ndescription: Runs.\ngrain: one job run\nsource: lakeflow.job_run_timeline\n\
         key: [workspace_id, job_id, run_id]\nevent_time: began\nfold:\n  slice: {start: period_start_time, end: period_end_time}\n  columns:\n\
         \x20   began: {function: min, column: period_start_time, type: timestamp, description: First start.}\n\
         \x20   seconds: {function: duration_seconds, type: bigint, description: Seconds.}\n",
    );
    lake.deliver("lakeflow.job_run_timeline", &rows(r#"[{"workspace_id": "1", "job_id": "j", "run_id": "r", "period_start_time": "2024-01-01T00:00:00Z", "period_end_time": "2024-01-01T01:00:00Z"},
        {"workspace_id": "1", "job_id": "j", "run_id": "r", "period_start_time": "2024-01-01T01:00:00Z", "period_end_time": "2024-01-01T01:30:00Z"}]"#)).await.unwrap();
    lake.run(&["fact_runs_short"]).await.unwrap();
    let found = lake.query("select seconds from fact_runs_short").await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["seconds"], 5_400);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_scd2_dimension() {
    let lake = with_table(
        "gold/lakeflow/dim_job_again.yaml",
        "table: dim_job_again\nkind: dimension\nscd: 2\ndomain: lakeflow\ndescription: Jobs.\ngrain: one version of one job\nsource: lakeflow.jobs\n\
         key: [workspace_id, job_id]\nsequence_by: change_time\ndelete_time: delete_time\n\
         derived:\n  has_name: {type: boolean, expr: name is not null, description: Whether it has a name.}\n",
    );
    lake.deliver(
        "lakeflow.jobs",
        &rows(
            r#"[{"workspace_id": "1", "job_id": "j", "name": "a", "change_time": "2024-01-01T00:00:00Z"},
        {"workspace_id": "1", "job_id": "j", "name": "b", "change_time": "2024-01-02T00:00:00Z"}]"#,
        ),
    )
    .await
    .unwrap();
    lake.run(&["dim_job_again"]).await.unwrap();
    let found = lake
        .query(
            "select job_again_key, name, is_current from dim_job_again where job_again_key <> -1 order by valid_from",
        )
        .await
        .unwrap();
    assert_eq!(found.len(), 2);
    assert_eq!((found[0]["is_current"].as_bool(), found[1]["is_current"].as_bool()), (Some(false), Some(true)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_model_rebuilds_its_table_from_bronze() {
    let table = |derived: &str| {
        format!(
            "table: fact_node_hours\nkind: fact\ndomain: governance\ndescription: Nodes by minute.\ngrain: one instance and period\n\
             source: compute.node_timeline\nkey: [workspace_id, cluster_id, instance_id, start_time]\nevent_time: start_time\n\
             derived:\n  {derived}\n"
        )
    };
    let node_rows = rows(
        r#"[{"workspace_id": "1", "cluster_id": "c", "instance_id": "i", "start_time": "2024-01-15T00:00:00Z", "mem_used_percent": 40.0}]"#,
    );
    let path = "gold/governance/fact_node_hours.yaml";
    let first = with_table(
        path,
        &table(
            "is_busy: {type: boolean, expr: mem_used_percent > 50, description: Busy.}\n  \
             memory: {type: double, expr: mem_used_percent, description: Memory.}",
        ),
    );
    first.deliver("compute.node_timeline", &node_rows).await.unwrap();
    first.run(&["fact_node_hours"]).await.unwrap();
    // One column goes, one comes, and one changes its type.
    let changed = with_table(
        path,
        &table(
            "is_idle: {type: boolean, expr: mem_used_percent < 50, description: Idle.}\n  \
             memory: {type: string, expr: cast(mem_used_percent as string), description: Memory.}",
        ),
    );
    let engine = changed.engine_on(&first.source(), &first.target()).unwrap();
    let select = goldsmith::RunOptions { select: vec!["fact_node_hours".into()], ..Default::default() };
    let plan = engine.plan(&select).await.unwrap();
    assert!(
        plan.iter().any(|table| table.name == "fact_node_hours" && table.what.contains("model changed")),
        "{plan:?}"
    );
    let verify = goldsmith::VerifyOptions { select: select.select.clone(), ..Default::default() };
    let stale = engine.verify(&verify).await.unwrap();
    let check = stale.tables[0].check(goldsmith::CheckName::Model).unwrap();
    assert!(check.reason.as_ref().is_some_and(|reason| reason.contains("rebuilds it")), "{stale:#?}");
    assert!(!stale.is_success());
    let report = engine.run(&select).await.unwrap();
    assert!(report.is_success(), "{report:#?}");
    let verified = engine.verify(&verify).await.unwrap();
    assert!(verified.is_success(), "{verified:#?}");
    let found = changed.rows_at(&engine, "select * from fact_node_hours").await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["is_idle"], true);
    assert_eq!(found[0]["memory"], "40.0");
    assert!(!found[0].contains_key("is_busy"), "a column that the model dropped goes with the rebuild");
    assert!(engine.run(&select).await.unwrap().is_up_to_date());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_breaks_a_law_fails_alone_and_stays_as_it_is() {
    let table = |counted: u8| {
        format!(
            "table: fact_node_hours\nkind: fact\ndomain: governance\ndescription: Nodes by minute.\ngrain: one instance and period\n\
             source: compute.node_timeline\nkey: [workspace_id, cluster_id, instance_id, start_time]\nevent_time: start_time\n\
             conserves:\n  - {{name: rows, sum: \"1\", equals: \"{counted}\", by: [cluster_id], description: Every row is there.}}\n"
        )
    };
    let path = "gold/governance/fact_node_hours.yaml";
    let node = |instance: &str| {
        rows(&format!(
            r#"[{{"workspace_id": "1", "cluster_id": "c", "instance_id": "{instance}", "start_time": "2024-01-15T00:00:00Z"}}]"#
        ))
    };
    let sound = with_table(path, &table(1));
    sound.deliver("compute.node_timeline", &node("i")).await.unwrap();
    sound.run(&["fact_node_hours", "fact_node_timeline"]).await.unwrap();

    let broken = with_table(path, &table(2));
    let engine = broken.engine_on(&sound.source(), &sound.target()).unwrap();
    let version = |tables: Vec<goldsmith::TableInfo>| {
        tables.into_iter().find(|table| table.name == "fact_node_hours").unwrap().version
    };
    let before = version(engine.status().await.unwrap());
    sound.deliver("compute.node_timeline", &node("j")).await.unwrap();
    let select = vec!["fact_node_hours".into(), "fact_node_timeline".into()];
    let report = engine.run(&goldsmith::RunOptions { select, ..Default::default() }).await.unwrap();
    let failed: Vec<_> = report.tables.iter().filter(|table| table.status == goldsmith::TableStatus::Failed).collect();
    assert_eq!(failed.len(), 1, "{report:#?}");
    let error = failed[0].error.as_ref().unwrap();
    assert!(error.contains("`rows` is not conserved where `cluster_id` is 'c'"), "{error}");
    assert_eq!(version(engine.status().await.unwrap()), before, "nothing was committed");
    let count = |table: &str| format!("select count(*) as n from {table}");
    assert_eq!(broken.rows_at(&engine, &count("fact_node_hours")).await.unwrap()[0]["n"], 1);
    assert_eq!(broken.rows_at(&engine, &count("fact_node_timeline")).await.unwrap()[0]["n"], 2);
}
