//! Sources change their schema: new columns are taken over, everything else is a clear error for one table.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs::File;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, Date32Array, Decimal128Array, Decimal256Array, Float32Array, Float64Array, Int16Array, Int32Array,
    Int64Array, ListArray, RecordBatch, StringArray, StructArray, TimestampMicrosecondArray, TimestampMillisecondArray,
    TimestampNanosecondArray, UInt32Array, UInt64Array, new_null_array,
};
use arrow::datatypes::{DataType, Field, Int32Type, i256};
use goldsmith::{DeliveryMode, Layer, RunOptions, RunReport, TableStatus};
use goldsmith_query::types::to_arrow;
use goldsmith_testkit::ScratchLake;
use goldsmith_tests::rows;
use parquet::arrow::ArrowWriter;

fn text(values: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

fn time(micros: i64) -> ArrayRef {
    Arc::new(TimestampMicrosecondArray::from(vec![micros]).with_timezone("UTC"))
}

/// One pipeline change with a new top-level column and a new field in a struct.
fn pipeline_with_news() -> RecordBatch {
    let settings = StructArray::from(vec![
        (Arc::new(Field::new("edition", DataType::Utf8, true)), text(&["CORE"])),
        (Arc::new(Field::new("budget", DataType::Int64, true)), Arc::new(Int64Array::from(vec![7])) as ArrayRef),
    ]);
    RecordBatch::try_from_iter_with_nullable(vec![
        ("workspace_id", text(&["1"]), true),
        ("pipeline_id", text(&["p"]), true),
        ("name", text(&["load"]), true),
        ("settings", Arc::new(settings) as ArrayRef, true),
        ("change_time", time(2_000_000), true),
        ("region", text(&["eu"]), true),
    ])
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn new_columns_and_nested_fields_reach_gold_and_are_tracked() {
    let lake = ScratchLake::new().unwrap();
    let first = rows(
        r#"[{"workspace_id": "1", "pipeline_id": "p", "name": "load", "settings": {"edition": "CORE"}, "change_time": "1970-01-01T00:00:01Z"}]"#,
    );
    lake.deliver("lakeflow.pipelines", &first).await.unwrap();
    lake.run(&["dim_pipeline"]).await.unwrap();
    lake.deliver_batches("lakeflow.pipelines", vec![pipeline_with_news()], DeliveryMode::Append).await.unwrap();
    let report = lake.run(&["dim_pipeline"]).await.unwrap();
    assert!(report.table(Layer::Bronze, "lakeflow.pipelines").unwrap().warnings[0].contains("settings.budget"));
    let versions = lake
        .query(
            "select region, settings_budget, is_current from dim_pipeline where pipeline_key <> -1 order by valid_from",
        )
        .await
        .unwrap();
    assert_eq!(versions.len(), 2, "{versions:?}");
    assert!(versions[0]["region"].is_null() && versions[0]["settings_budget"].is_null());
    assert_eq!(versions[1]["region"], "eu");
    assert_eq!(versions[1]["settings_budget"], 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_type_fails_its_table_alone() {
    let lake = ScratchLake::new().unwrap();
    let wrong = RecordBatch::try_from_iter_with_nullable(vec![
        ("event_id", text(&["e1"]), true),
        ("event_time", text(&["yesterday"]), true),
    ])
    .unwrap();
    lake.deliver_batches("access.audit", vec![wrong], DeliveryMode::Append).await.unwrap();
    lake.deliver("billing.usage", &rows(r#"[{"record_id": "r1"}]"#)).await.unwrap();
    let report = lake.engine().unwrap().run(&RunOptions::default()).await.unwrap();
    let audit = report.table(Layer::Bronze, "access.audit").unwrap();
    assert_eq!(audit.status, TableStatus::Failed);
    let message = audit.error.as_ref().unwrap();
    assert!(
        message.contains("`event_time`") && message.contains("string") && message.contains("timestamp"),
        "{message}"
    );
    assert_eq!(report.tables.iter().filter(|table| table.status == TableStatus::Failed).count(), 1);
    assert_eq!(report.table(Layer::Gold, "fact_usage").unwrap().rows.inserted, 1);
}

/// A statement whose source has gained columns under names that the fact uses itself: one it derives, one is a surrogate key.
fn statement_with_taken_names(status: &str, micros: i64) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable(vec![
        ("workspace_id", text(&["1"]), true),
        ("statement_id", text(&["s"]), true),
        ("execution_status", text(&[status]), true),
        ("update_time", time(micros), true),
        ("is_final", text(&["perhaps"]), true),
        ("user_key", text(&["key"]), true),
        ("region", text(&["eu"]), true),
    ])
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_column_under_a_name_of_the_table_is_left_out_and_told() {
    let lake = ScratchLake::new().unwrap();
    let first = r#"[{"workspace_id": "1", "statement_id": "s", "execution_status": "QUEUED", "update_time": "1970-01-01T00:00:01Z"}]"#;
    lake.deliver("query.history", &rows(first)).await.unwrap();
    lake.run(&["fact_query_history"]).await.unwrap();
    for (status, micros, is_final) in [("RUNNING", 2_000_000, false), ("FINISHED", 3_000_000, true)] {
        let batch = statement_with_taken_names(status, micros);
        lake.deliver_batches("query.history", vec![batch], DeliveryMode::Snapshot).await.unwrap();
        let report = lake.run(&["fact_query_history"]).await.unwrap();
        let warnings = &report.table(Layer::Gold, "fact_query_history").unwrap().warnings;
        for name in ["`is_final`", "`user_key`"] {
            assert!(
                warnings.iter().any(|warning| warning.contains(name) && warning.contains("not carried")),
                "{warnings:?}"
            );
        }
        let found = lake.query("select is_final, user_key, region from fact_query_history").await.unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!((&found[0]["is_final"], &found[0]["user_key"]), (&is_final.into(), &(-1).into()), "{found:?}");
        assert_eq!(found[0]["region"], "eu");
    }
    let verified = lake.engine().unwrap().verify(&goldsmith::VerifyOptions::default()).await.unwrap();
    assert!(verified.is_success(), "{verified:?}");
}

/// A statement and a run whose sources have gained columns under names of declared ones: of a field of a struct, in another case, and of
/// what is carried as JSON text. The run has one more under a name that the fact derives, in another case as well.
fn later_versions_with_taken_names(note: &str, micros: i64) -> [(&'static str, RecordBatch); 2] {
    let compute =
        StructArray::from(vec![(Arc::new(Field::new("warehouse_id", DataType::Utf8, true)), text(&["declared"]))]);
    let statement = RecordBatch::try_from_iter_with_nullable(vec![
        ("workspace_id", text(&["1"]), true),
        ("statement_id", text(&["s"]), true),
        ("compute", Arc::new(compute) as ArrayRef, true),
        ("update_time", time(micros), true),
        ("Compute_Warehouse_Id", text(&[note]), true),
    ]);
    let run = RecordBatch::try_from_iter_with_nullable(vec![
        ("workspace_id", text(&["1"]), true),
        ("run_id", text(&["r"]), true),
        ("status", text(&["FINISHED"]), true),
        ("update_time", time(2_000_000), true),
        ("aggregated_metrics_json", text(&[note]), true),
        ("Is_Success", text(&["perhaps"]), true),
    ]);
    [("query.history", statement.unwrap()), ("mlflow.runs_latest", run.unwrap())]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declared_column_keeps_its_name_whatever_comes_to_the_source() {
    let lake = ScratchLake::new().unwrap();
    let tables = ["fact_query_history", "fact_mlflow_runs", "dim_user"];
    let statement = r#"[{"workspace_id": "1", "statement_id": "s", "update_time": "1970-01-01T00:00:01Z"}]"#;
    lake.deliver("query.history", &rows(statement)).await.unwrap();
    let run = r#"[{"workspace_id": "1", "run_id": "r", "status": "RUNNING", "update_time": "1970-01-01T00:00:01Z"}]"#;
    lake.deliver("mlflow.runs_latest", &rows(run)).await.unwrap();
    lake.run(&tables).await.unwrap();
    for (note, micros) in [("one", 2_000_000), ("other", 3_000_000)] {
        for (source, batch) in later_versions_with_taken_names(note, micros) {
            lake.deliver_batches(source, vec![batch], DeliveryMode::Snapshot).await.unwrap();
        }
        let report = lake.run(&tables).await.unwrap();
        for (table, column, holder) in [
            ("fact_query_history", "`Compute_Warehouse_Id`", "`compute.warehouse_id`"),
            ("fact_mlflow_runs", "`aggregated_metrics_json`", "`aggregated_metrics`"),
            ("fact_mlflow_runs", "`Is_Success`", "of its own"),
        ] {
            let warnings = &report.table(Layer::Gold, table).unwrap().warnings;
            let is_told = |warning: &String| [column, holder, "not carried"].iter().all(|part| warning.contains(part));
            assert!(warnings.iter().any(is_told), "{table}: {warnings:?}");
        }
        let statements = lake.query("select compute_warehouse_id from fact_query_history").await.unwrap();
        assert_eq!((statements.len(), &statements[0]["compute_warehouse_id"]), (1, &"declared".into()));
        let runs = lake.query("select is_success, aggregated_metrics_json from fact_mlflow_runs").await.unwrap();
        assert_eq!((runs.len(), &runs[0]["is_success"]), (1, &true.into()));
        assert!(runs[0]["aggregated_metrics_json"].is_null());
    }
    // Rows that differ in a column that gold does not carry are rows of their own in bronze.
    let held = lake.query("select aggregated_metrics_json from system_bronze.mlflow_runs_latest").await.unwrap();
    assert_eq!(held.len(), 3, "{held:?}");
    let verified = lake.engine().unwrap().verify(&goldsmith::VerifyOptions::default()).await.unwrap();
    assert!(verified.is_success(), "{verified:?}");
}

/// A row of a source that has columns under the names of those that bronze adds.
fn row_with_names_of_metadata(key: &str, time_column: &str) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable(vec![
        ("_source_version", text(&["v"]), true),
        ("workspace_id", text(&["1"]), true),
        (key, text(&["new"]), true),
        (time_column, time(2_000_000), true),
        ("_Ingested_At", text(&["yesterday"]), true),
        ("_run_id", Arc::new(Int64Array::from(vec![7])) as ArrayRef, true),
        ("_is_present", text(&["perhaps"]), true),
    ])
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_named_like_those_that_bronze_adds_are_not_taken_over() {
    let sources =
        [("access.inbound_network", "event_id", "event_time"), ("query.history", "statement_id", "update_time")];
    for (source, key, time_column) in sources {
        for is_later in [false, true] {
            for is_handed_over in [false, true] {
                let what = format!("{source}, later: {is_later}, handed over: {is_handed_over}");
                let lake = ScratchLake::new().unwrap();
                if is_later {
                    let old: [(&str, ArrayRef, bool); 3] = [
                        ("workspace_id", text(&["1"]), true),
                        (key, text(&["old"]), true),
                        (time_column, time(1_000_000), true),
                    ];
                    let old = RecordBatch::try_from_iter_with_nullable(old).unwrap();
                    lake.deliver_batches(source, vec![old], DeliveryMode::Append).await.unwrap();
                    lake.run(&[source]).await.unwrap();
                }
                let batch = row_with_names_of_metadata(key, time_column);
                let mut engine = lake.engine().unwrap();
                if is_handed_over {
                    engine.hand_over(source, 1, vec![batch]).unwrap();
                } else {
                    lake.deliver_batches(source, vec![batch], DeliveryMode::Append).await.unwrap();
                }
                let options = RunOptions { select: vec![source.to_owned()], ..Default::default() };
                let report = engine.run(&options).await.unwrap();
                let bronze = report.table(Layer::Bronze, source).unwrap();
                assert_eq!(bronze.error, None, "{what}");
                for name in ["_source_version", "_Ingested_At", "_run_id", "_is_present"] {
                    let is_told = |warning: &String| warning.contains("not taken over") && warning.contains(name);
                    assert!(bronze.warnings.iter().any(is_told), "{what}: {:?}", bronze.warnings);
                }
                let table = format!("system_bronze.{}", source.replace('.', "_"));
                let found = lake.query(&format!("select * from {table} where {key} = 'new'")).await.unwrap();
                assert_eq!(found.len(), 1, "{what}");
                assert!(
                    found[0]["_source_version"].is_number() && found[0]["_run_id"].is_string(),
                    "{what}: {found:?}"
                );
                assert!(!found[0].contains_key("_Ingested_At"), "{what}: {found:?}");
                let is_merged = source == "query.history";
                assert_eq!(found[0].get("_is_present"), is_merged.then_some(&true.into()), "{what}");
            }
        }
    }
}

/// A column as a source gives it, and what comes of it: the value in bronze, or the two types that the error names.
struct Given {
    column: &'static str,
    values: ArrayRef,
    outcome: Result<&'static str, [&'static str; 2]>,
}

/// The sources of the columns, with their keys.
const SOURCES: [(&str, &str, &[&str]); 4] = [
    ("serving.endpoint_usage", "databricks_request_id", &["input_token_count", "status_code", "request_time"]),
    ("compute.node_timeline", "instance_id", &["cpu_user_percent"]),
    ("billing.usage", "record_id", &["usage_quantity", "usage_date"]),
    ("query.history", "statement_id", &["query_tags"]),
];

fn given() -> Vec<Given> {
    let taken = |column, values: ArrayRef, value| Given { column, values, outcome: Ok(value) };
    let refused = |column, values: ArrayRef, found, known| Given { column, values, outcome: Err([found, known]) };
    let decimal = |value: i128, precision, scale| -> ArrayRef {
        Arc::new(Decimal128Array::from(vec![value]).with_precision_and_scale(precision, scale).unwrap())
    };
    let wide = |value: i128, precision, scale| -> ArrayRef {
        let values = Decimal256Array::from(vec![i256::from_i128(value)]);
        Arc::new(values.with_precision_and_scale(precision, scale).unwrap())
    };
    let micros = || TimestampMicrosecondArray::from(vec![1_500_000]);
    let second = "1970-01-01T00:00:01.500Z";
    vec![
        taken("input_token_count", Arc::new(Int64Array::from(vec![i64::MAX])), "9223372036854775807"),
        taken("input_token_count", Arc::new(Int32Array::from(vec![-7])), "-7"),
        taken("input_token_count", Arc::new(Int16Array::from(vec![7])), "7"),
        taken("input_token_count", Arc::new(UInt32Array::from(vec![u32::MAX])), "4294967295"),
        taken("input_token_count", new_null_array(&DataType::Null, 1), "null"),
        taken("input_token_count", Arc::new(UInt64Array::from(vec![7])), "7"),
        taken("input_token_count", decimal(7, 19, 0), "7"),
        taken("input_token_count", wide(7, 50, 0), "7"),
        refused("input_token_count", Arc::new(Float64Array::from(vec![7.0])), "double", "bigint"),
        refused("input_token_count", decimal(70, 20, 1), "decimal(20,1)", "bigint"),
        refused("input_token_count", text(&["7"]), "string", "bigint"),
        taken("status_code", Arc::new(Int64Array::from(vec![200])), "200"),
        taken("cpu_user_percent", Arc::new(Float32Array::from(vec![0.5])), "0.5"),
        taken("cpu_user_percent", Arc::new(Int32Array::from(vec![i32::MAX])), "2147483647.0"),
        taken("cpu_user_percent", Arc::new(Int64Array::from(vec![7])), "7.0"),
        refused("cpu_user_percent", decimal(15, 10, 1), "decimal(10,1)", "double"),
        taken("usage_quantity", decimal(15, 10, 1), "1.500000000000000000"),
        taken("usage_quantity", Arc::new(Int64Array::from(vec![7])), "7.000000000000000000"),
        taken("usage_quantity", decimal(150, 38, 19), "0.000000000000000015"),
        taken("usage_quantity", wide(15, 50, 1), "1.500000000000000000"),
        refused("usage_quantity", Arc::new(Float64Array::from(vec![1.5])), "double", "decimal(38,18)"),
        taken("request_time", Arc::new(micros().with_timezone("Europe/Berlin")), second),
        taken("request_time", Arc::new(micros()), second),
        taken("request_time", Arc::new(TimestampMillisecondArray::from(vec![1_500]).with_timezone("UTC")), second),
        taken("request_time", Arc::new(TimestampNanosecondArray::from(vec![1_500_000_000])), second),
        refused("request_time", Arc::new(Date32Array::from(vec![1])), "date", "timestamp"),
        refused("request_time", Arc::new(Int64Array::from(vec![1])), "bigint", "timestamp"),
        taken("usage_date", Arc::new(Date32Array::from(vec![1])), "1970-01-02"),
        refused("usage_date", Arc::new(micros().with_timezone("UTC")), "timestamp", "date"),
        refused(
            "query_tags",
            Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>([Some([Some(1)])])),
            "array<int>",
            "map<string,string>",
        ),
    ]
}

/// How the rows reach a source.
#[derive(Debug, Clone, Copy)]
enum Way {
    /// Each load is one more file of a directory.
    Files,
    /// Each load is the only file of a directory.
    File,
    /// Each load is handed over.
    Batches,
}

/// Loads a batch, the one of this number.
async fn load_one(lake: &ScratchLake, source: &str, way: Way, number: usize, batch: &RecordBatch) -> RunReport {
    let directory = lake.source().join(source.replace('.', "/"));
    let mut engine = lake.engine().unwrap();
    match way {
        Way::Batches => engine.hand_over(source, number as u64 + 1, vec![batch.clone()]).unwrap(),
        Way::File | Way::Files => {
            std::fs::create_dir_all(&directory).unwrap();
            let name = if matches!(way, Way::Files) { format!("{number}.parquet") } else { "0.parquet".to_owned() };
            let file = File::create(directory.join(name)).unwrap();
            let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
            writer.write(batch).unwrap();
            writer.close().unwrap();
        }
    }
    engine.run(&RunOptions { select: vec![source.to_owned()], ..Default::default() }).await.unwrap()
}

/// Loads one batch after the other, and returns the error of the last load, if any; earlier ones must succeed.
async fn load(lake: &ScratchLake, source: &str, way: Way, batches: &[RecordBatch]) -> Option<String> {
    let mut failed = None;
    for (number, batch) in batches.iter().enumerate() {
        assert_eq!(failed, None, "{source} {way:?}");
        let report = load_one(lake, source, way, number, batch).await;
        failed = report.table(Layer::Bronze, source).unwrap().error.clone();
    }
    failed
}

/// A row of a source with a key of this name, and one more column.
fn row_with(lake: &ScratchLake, source: &str, name: &str, column: &str, values: &ArrayRef) -> RecordBatch {
    let bronze = lake.model().bronze.values().find(|table| table.source.to_string() == source).unwrap();
    let keys = bronze.natural_key.iter().filter(|part| *part != column).map(|part| {
        let is_text = bronze.columns[part].data_type == goldsmith_model::DataType::String;
        (part.as_str(), if is_text { text(&[name]) } else { time(0) }, true)
    });
    let columns = keys.chain([(column, values.clone(), true)]);
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_number_that_does_not_fit_says_what_to_do() {
    let lake = ScratchLake::new().unwrap();
    let row = |status: i64| {
        let columns: [(&str, ArrayRef, bool); 3] = [
            ("databricks_request_id", text(&["r"]), true),
            ("request_time", time(0), true),
            ("status_code", Arc::new(Int64Array::from(vec![status])), true),
        ];
        RecordBatch::try_from_iter_with_nullable(columns).unwrap()
    };
    let error = load(&lake, "serving.endpoint_usage", Way::Files, &[row(200), row(1 << 40)]).await.unwrap();
    for part in
        ["`status_code` is bigint", "int in bronze", "1099511627776", "declare the column as bigint", "new target"]
    {
        assert!(error.contains(part), "`{part}` is not in: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_a_type_has_not_exactly_is_named() {
    let decimal = Decimal128Array::from(vec![15]).with_precision_and_scale(38, 19).unwrap();
    let large = Decimal256Array::from(vec![i256::from_i128(i128::MAX)]).with_precision_and_scale(50, 18).unwrap();
    let cases: [(&str, ArrayRef, &str); 4] = [
        ("input_token_count", Arc::new(UInt64Array::from(vec![u64::MAX])), "18446744073709551615"),
        ("cpu_user_percent", Arc::new(Int64Array::from(vec![(1 << 53) + 1])), "9007199254740993"),
        ("usage_quantity", Arc::new(decimal), "0.0000000000000000015"),
        ("usage_quantity", Arc::new(large), "170141183460469231731.687303715884105727"),
    ];
    for (column, values, value) in cases {
        for way in [Way::Files, Way::Batches] {
            let lake = ScratchLake::new().unwrap();
            let (source, _, _) = *SOURCES.iter().find(|(_, _, columns)| columns.contains(&column)).unwrap();
            let error = load(&lake, source, way, &[row_with(&lake, source, "new", column, &values)]).await.unwrap();
            for part in [value, &format!("`{column}`"), "new target"] {
                assert!(error.contains(part), "{column}, {way:?}: `{part}` is not in: {error}");
            }
        }
    }
}

/// A row of `billing.usage` under names in any case.
fn usage([id, sku, metadata, cluster]: [&str; 4], value: &str) -> RecordBatch {
    let metadata_of = StructArray::from(vec![(Arc::new(Field::new(cluster, DataType::Utf8, true)), text(&[value]))]);
    RecordBatch::try_from_iter_with_nullable(vec![
        (id, text(&[value]), true),
        (sku, text(&[value]), true),
        (metadata, Arc::new(metadata_of) as ArrayRef, true),
        ("New_Column", text(&[value]), true),
    ])
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_found_in_any_case_and_told_once() {
    let declared = ["record_id", "sku_name", "usage_metadata", "cluster_id"];
    let capital = ["RECORD_ID", "SKU_NAME", "Usage_Metadata", "Cluster_Id"];
    for way in [Way::Files, Way::File, Way::Batches] {
        for names in [[capital, declared], [declared, capital], [capital, capital]] {
            let what = format!("{way:?}, {names:?}");
            let lake = ScratchLake::new().unwrap();
            let mut warnings = Vec::new();
            for (number, names) in names.into_iter().enumerate() {
                let batch = usage(names, &number.to_string());
                let report = load_one(&lake, "billing.usage", way, number, &batch).await;
                let bronze = report.table(Layer::Bronze, "billing.usage").unwrap();
                assert_eq!((&bronze.error, bronze.rows.inserted), (&None, 1), "{what}");
                warnings.push(bronze.warnings.iter().filter(|warning| warning.contains("differ in case only")).count());
                let taken = bronze.warnings.iter().any(|warning| warning.contains("taken over: New_Column"));
                assert_eq!(taken, number == 0, "{what}: {:?}", bronze.warnings);
                if names == capital && number == 0 {
                    for part in ["SKU_NAME as sku_name", "Usage_Metadata.Cluster_Id as usage_metadata.cluster_id"] {
                        assert!(bronze.warnings.iter().any(|warning| warning.contains(part)), "{what}: {part}");
                    }
                }
            }
            // Files of one directory have one name for a column, which need not be the one of bronze.
            let first = usize::from(names[0] == capital);
            assert_eq!(warnings[0], first, "{what}");
            assert!(warnings[1] <= 1 - first, "{what}: {warnings:?}");
            let sql = "select concat_ws(' ', record_id, sku_name, usage_metadata['cluster_id'], \"New_Column\") as text \
                       from system_bronze.billing_usage order by 1";
            let found: Vec<String> =
                lake.query(sql).await.unwrap().iter().map(|row| row["text"].as_str().unwrap().to_owned()).collect();
            assert_eq!(found, ["0 0 0 0", "1 1 1 1"], "{what}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merged_delta_table_may_change_the_case_of_its_names() {
    let node_type = |names: [&str; 3], types: &[&str]| {
        let accounts = text(&vec!["a"; types.len()]);
        let cores: ArrayRef = Arc::new(Float64Array::from(vec![4.0; types.len()]));
        let columns = [(names[0], accounts, true), (names[1], text(types), true), (names[2], cores, true)];
        RecordBatch::try_from_iter_with_nullable(columns).unwrap()
    };
    let lake = ScratchLake::new().unwrap();
    let names = ["account_id", "node_type", "core_count"];
    for (names, types, inserted, vanished) in [
        (names, &["small", "large"][..], 2, 0),
        (["ACCOUNT_ID", "NODE_TYPE", "CORE_COUNT"], &["small", "huge"][..], 1, 1),
        (names, &["small", "huge"][..], 0, 0),
    ] {
        let directory = lake.source().join("compute/node_types");
        if directory.exists() {
            std::fs::remove_dir_all(&directory).unwrap();
        }
        let batch = node_type(names, types);
        lake.deliver_batches("compute.node_types", vec![batch], DeliveryMode::Snapshot).await.unwrap();
        let report = lake.run(&["compute.node_types"]).await.unwrap();
        let rows = report.table(Layer::Bronze, "compute.node_types").unwrap().rows;
        assert_eq!((rows.inserted, rows.updated, rows.vanished), (inserted, 0, vanished), "{names:?}");
    }
    let kept = lake.query("select node_type from system_bronze.compute_node_types where _is_present order by 1").await;
    let kept: Vec<String> = kept.unwrap().iter().map(|row| row["node_type"].as_str().unwrap().to_owned()).collect();
    assert_eq!(kept, ["huge", "small"]);
}

/// Instants at the limits of their type, at those of the calendar, and one in between.
#[tokio::test(flavor = "multi_thread")]
async fn instants_beyond_the_calendar_have_the_key_of_the_unknown_date() {
    const FIRST: i64 = -62_135_596_800_000_000;
    const AFTER: i64 = 253_402_300_800_000_000;
    let lake = ScratchLake::new().unwrap();
    let instants = [i64::MIN, FIRST - 1, FIRST, 0, AFTER - 1, AFTER, i64::MAX];
    let ids: Vec<String> = (0..instants.len()).map(|number| number.to_string()).collect();
    let columns: [(&str, ArrayRef, bool); 2] = [
        ("sharing_materialization_id", Arc::new(StringArray::from(ids)), true),
        ("created_at", Arc::new(TimestampMicrosecondArray::from(instants.to_vec()).with_timezone("UTC")), true),
    ];
    let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
    let mut engine = lake.engine().unwrap();
    engine.hand_over("sharing.materialization_history", 1, vec![batch]).unwrap();
    let select = vec!["fact_sharing_materialization".to_owned(), "dim_date".to_owned()];
    let report = engine.run(&RunOptions { select, ..Default::default() }).await.unwrap();
    assert!(report.tables.iter().all(|table| table.status != TableStatus::Failed), "{report:?}");
    let keys = |found: Vec<goldsmith_testkit::Row>| -> Vec<i64> {
        found.iter().map(|row| row["date_key"].as_i64().unwrap()).collect()
    };
    let facts = "select date_key from fact_sharing_materialization order by sharing_materialization_id";
    let facts = keys(lake.query(facts).await.unwrap());
    assert_eq!(facts, [-1, -1, 10_101, 19_700_101, 99_991_231, -1, -1]);
    let days = keys(lake.query("select date_key from dim_date order by date_key").await.unwrap());
    assert_eq!(days, [-1, 10_101, 19_700_101, 99_991_231]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_type_is_taken_or_refused_at_the_first_load_as_at_any_later_one() {
    for Given { column, values, outcome } in given() {
        let (source, key, _) = *SOURCES.iter().find(|(_, _, columns)| columns.contains(&column)).unwrap();
        for way in [Way::Files, Way::File, Way::Batches] {
            for is_later in [false, true] {
                let what = format!("{} as {column}, {way:?}, later: {is_later}", values.data_type());
                let lake = ScratchLake::new().unwrap();
                let bronze = lake.model().bronze.values().find(|table| table.source.to_string() == source).unwrap();
                let declared = new_null_array(&to_arrow(&bronze.columns[column].data_type), 1);
                let mut loads = vec![row_with(&lake, source, "new", column, &values)];
                if is_later {
                    loads.insert(0, row_with(&lake, source, "old", column, &declared));
                }
                let error = load(&lake, source, way, &loads).await;
                let table = format!("system_bronze.{}", source.replace('.', "_"));
                match outcome {
                    Ok(value) => {
                        assert_eq!(error, None, "{what}");
                        let found = lake.query(&format!("select {column} from {table} where {key} = 'new'")).await;
                        let found = &found.unwrap()[0][column];
                        let found = found.as_str().map_or_else(|| found.to_string(), str::to_owned);
                        assert_eq!(found, value, "{what}");
                    }
                    Err(types) => {
                        let error = error.unwrap_or_else(|| panic!("{what} was taken"));
                        let place = if error.contains(source) { source.to_owned() } else { source.replace('.', "/") };
                        for part in [place.as_str(), &format!("`{column}`"), types[0], types[1], "without loss"] {
                            assert!(error.contains(part), "{what}: `{part}` is not in: {error}");
                        }
                        if is_later {
                            let rows = lake.query(&format!("select {key} from {table}")).await.unwrap();
                            assert_eq!(rows.len(), 1, "{what}: {rows:?}");
                        }
                    }
                }
            }
        }
    }
}
