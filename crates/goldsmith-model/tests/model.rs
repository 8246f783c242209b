//! What a small model with one table of each kind becomes.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fmt::Write;
use std::path::Path;

use goldsmith_model::{
    DataType, GoldKind, Loaded, LookupKeyPart, LookupKind, gold_columns, gold_fingerprint, load_dir, load_files,
};

fn fixture() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/good")
}

fn good() -> Loaded {
    load_dir(&fixture()).unwrap()
}

/// The good model with one text replaced in one file.
fn with(path: &str, from: &str, to: &str) -> Loaded {
    let mut files = Vec::new();
    let mut open = vec![(fixture(), String::new())];
    while let Some((directory, prefix)) = open.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let entry = entry.unwrap();
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() {
                open.push((entry.path(), format!("{name}/")));
            } else {
                let mut text = std::fs::read_to_string(entry.path()).unwrap();
                if name == path {
                    assert!(text.contains(from), "{path} has no {from}");
                    text = text.replace(from, to);
                }
                files.push((name, text));
            }
        }
    }
    load_files(files).unwrap_or_else(|found| panic!("{}", found[0]))
}

#[test]
fn columns_come_in_output_order() {
    let model = good().model;
    let mut text = String::new();
    for table in model.gold.values() {
        writeln!(text, "{}", table.name).unwrap();
        for column in gold_columns(&model, table) {
            let data_type = column.data_type.map_or_else(|| "?".to_owned(), |data_type| data_type.to_string());
            let source = column.source_path.map(|(source, path)| format!(" <- {source} {}", path.join(".")));
            let tags = if column.tags.is_empty() { String::new() } else { format!(" {:?}", column.tags) };
            writeln!(text, "  {} {data_type} {:?}{}{tags}", column.name, column.role, source.unwrap_or_default())
                .unwrap();
        }
    }
    insta::assert_snapshot!(text);
}

#[test]
fn look_ups_are_resolved_by_the_kind_of_the_dimension() {
    let model = good().model;
    let column = |dimension: &str, fact: &str| LookupKeyPart::Column { dimension: dimension.into(), fact: fact.into() };
    let kinds: Vec<&LookupKind> = model.gold["fact_usage"].dimensions.iter().map(|lookup| &lookup.kind).collect();
    let as_of = "usage_start_time".to_owned();
    let expected = [
        LookupKind::Calendar { date: "usage_date".to_owned() },
        LookupKind::Plain { key: vec![column("workspace_id", "workspace_id")] },
        LookupKind::AsOf {
            key: vec![column("workspace_id", "workspace_id"), column("cluster_id", "usage_metadata_cluster_id")],
            as_of: as_of.clone(),
        },
        LookupKind::Plain { key: vec![column("user_name", "identity_run_as")] },
        LookupKind::Interval {
            key: vec![
                column("sku_name", "sku_name"),
                LookupKeyPart::Constant {
                    dimension: "currency_code".to_owned(),
                    value: "EUR".to_owned(),
                    setting: Some("currency".to_owned()),
                },
            ],
            as_of,
        },
    ];
    assert_eq!(kinds, expected.iter().collect::<Vec<_>>());
    let names: Vec<&str> =
        model.gold["fact_usage"].dimensions.iter().map(|lookup| lookup.key_column.as_str()).collect();
    assert_eq!(names, ["date_key", "workspace_key", "cluster_key", "run_as_key", "price_key"]);
}

#[test]
fn defaults_come_from_source_and_project() {
    let model = good().model;
    let GoldKind::Scd2 { sequence_by, .. } = &model.gold["dim_cluster"].kind else { panic!() };
    assert_eq!(sequence_by, "change_time");
    assert_eq!(model.project.currency, "EUR");
    let bare = with(
        "project.yaml",
        "settings: {currency: EUR, fiscal_year_start_month: 4, write_mode: merge_on_read}\nschemas: {bronze: raw, gold: star, quarantine: refused}\n",
        "",
    );
    let project = bare.model.project;
    assert_eq!((project.currency.as_str(), project.fiscal_year_start_month), ("USD", 1));
    assert_eq!(
        [project.bronze_schema, project.gold_schema, project.quarantine_schema],
        ["bronze", "gold", "quarantine"]
    );
}

/// A currency that is set afterwards decides look-ups and fingerprint just as one in the file.
#[test]
fn another_currency_reaches_the_look_ups() {
    let mut model = good().model;
    let before = gold_fingerprint(&model, &model.gold["fact_usage"]);
    model.set_currency("USD");
    let written = with("project.yaml", "currency: EUR", "currency: USD").model;
    assert_eq!(model, written);
    assert_ne!(gold_fingerprint(&model, &model.gold["fact_usage"]), before);
}

#[test]
fn data_tests_keep_their_values() {
    let tests = good().tests;
    let case = &tests[0].cases[0];
    let (source, rows) = case.deliveries[0].first().unwrap();
    assert_eq!(source.to_string(), "billing.usage");
    assert_eq!(rows[0]["usage_quantity"], "1.5");
    assert_eq!(rows[0]["usage_metadata"]["job"]["job_id"], 7);
    assert_eq!(rows[0]["usage_start_time"], "2024-01-01T00:00:00Z");
    assert_eq!(case.expect[0]["price_key"], -1);
    assert_eq!(case.quarantined[source], 1);
}

#[test]
fn a_law_says_on_both_sides_what_it_sums() {
    let model = good().model;
    let laws = |table: &str| -> Vec<(String, String, String, usize)> {
        let laws = model.gold[table].conserves.iter();
        laws.map(|law| (law.name.clone(), law.sum.clone(), law.equals().to_owned(), law.by.len())).collect()
    };
    let expected = |name: &str, sum: &str, equals: &str, by| (name.to_owned(), sum.to_owned(), equals.to_owned(), by);
    assert_eq!(laws("fact_usage"), [expected("usage_quantity", "usage_quantity", "usage_quantity", 2)]);
    let ended = "case when result_state is not null then 1 else 0 end";
    assert_eq!(
        laws("fact_run"),
        [expected("slices", "slice_count", "1", 0), expected("attempts", "attempt_count", ended, 1)]
    );
    assert_eq!(laws("dim_workspace"), []);
}

#[test]
fn fingerprints_follow_the_data_and_nothing_else() {
    let fingerprint = |loaded: &Loaded, table: &str| gold_fingerprint(&loaded.model, &loaded.model.gold[table]);
    let usage = "gold/billing/fact_usage.yaml";
    let before = good();
    for (path, from, to, table) in [
        (usage, "Usage with its cost.", "Other words.", "fact_usage"),
        (usage, "owner: finops", "owner: others", "fact_usage"),
        (usage, "tags: [cost]", "tags: []", "fact_usage"),
        (usage, "cluster_by: [usage_date]", "cluster_by: [sku_name]", "fact_usage"),
        (
            usage,
            "conserves:\n",
            "conserves:\n  - {name: rows, sum: 1, description: Each row counts once.}\n",
            "fact_usage",
        ),
        (usage, "by: [usage_date, sku_name]", "by: []", "fact_usage"),
        (usage, "write_mode: auto", "write_mode: copy_on_write", "fact_usage"),
        (usage, "description: Cost at list price.", "description: Cost.", "fact_usage"),
        (
            "bronze/billing/usage.yaml",
            "  custom_tags:",
            "  more: {type: string, description: More.}\n  custom_tags:",
            "fact_usage",
        ),
        (usage, "multiply_money(usage_quantity, unit_price)", "usage_quantity", "dim_price"),
    ] {
        assert_eq!(fingerprint(&before, table), fingerprint(&with(path, from, to), table), "{from} -> {to}");
    }
    for (path, from, to, table) in [
        (
            usage,
            "multiply_money(usage_quantity, unit_price)",
            "multiply_money(unit_price, usage_quantity)",
            "fact_usage",
        ),
        (usage, "decimal(38,12)", "decimal(38,10)", "fact_usage"),
        (usage, "date: usage_date", "date: ingestion_date", "fact_usage"),
        (usage, ", empty_is_null: true", "", "fact_usage"),
        (usage, "key: [record_id]", "key: [record_id, sku_name]", "fact_usage"),
        (usage, "sequence_by: ingestion_date", "sequence_by: usage_date", "fact_usage"),
        ("project.yaml", "EUR", "USD", "fact_usage"),
        ("project.yaml", "fiscal_year_start_month: 4", "fiscal_year_start_month: 5", "dim_date"),
        ("gold/compute/dim_cluster.yaml", "untracked: [worker_count]", "untracked: []", "dim_cluster"),
        ("gold/shared/dim_user.yaml", "empty_is_null: true\n", "", "dim_user"),
        ("gold/shared/dim_user.yaml", "user_name: owned_by", "user_name: lower(owned_by)", "dim_user"),
        (
            "gold/lakeflow/fact_run.yaml",
            "function: last_is_null, column: result_state",
            "function: last_is_null, column: trigger",
            "fact_run",
        ),
        ("bronze/lakeflow/runs.yaml", "natural_key: [workspace_id, run_id,", "natural_key: [run_id,", "fact_run"),
    ] {
        assert_ne!(fingerprint(&before, table), fingerprint(&with(path, from, to), table), "{from} -> {to}");
    }
    assert_eq!(fingerprint(&before, "dim_workspace").len(), 16);
}

#[test]
fn the_locator_finds_nodes_keys_and_parts_of_texts() {
    let locator = good().locator;
    let at = |table: &str, pointer: &str| {
        let place = locator.locate(table, pointer).unwrap();
        let text: String = place.snippet.chars().skip(place.column - 1).take(place.length).collect();
        (place.line, text)
    };
    assert_eq!(at("fact_usage", "key[0]"), (7, "record_id".to_owned()));
    assert_eq!(at("fact_usage", "derived.list_cost"), (16, "list_cost".to_owned()));
    assert_eq!(at("fact_usage", "dimensions[2].key.cluster_id~"), (20, "cluster_id".to_owned()));
    assert_eq!(at("fact_usage", "dimensions[9].key"), (17, "dimensions".to_owned()));
    assert_eq!(at("dim_user", "members[1].columns.user_name"), (11, "owned_by".to_owned()));
    assert_eq!(at("billing.usage", "columns.identity.type"), (22, "\"struct<run_as:string>\"".to_owned()));
    assert_eq!(at("project", "settings.currency"), (4, "EUR".to_owned()));
    assert_eq!(at("tests/fact_usage", "cases[0].quarantined[\"billing.usage\"]"), (11, "1".to_owned()));
    assert_eq!(locator.locate("fact_nothing", "key"), None);
    assert_eq!(locator.file("dim_date"), Some("gold/shared/dim_date.yaml"));
}

#[test]
fn a_part_of_an_expression_is_found_in_every_style_of_scalar() {
    let styles = [
        "expr: case when a.b = 1 then unit_price end",
        "expr: 'case when a.b = ''x'' then unit_price end'",
        "expr: \"case when \\\"é\\\" = \\u0041 then unit_price end\"",
        "expr: >-\n      case when x\n      then unit_price\n      end",
        "expr: |\n      case when x\n        then unit_price\n      end",
        "expr: case when x\n      then unit_price\n      end",
    ];
    for style in styles {
        let derived = format!("list_cost:\n    type: decimal(38,12)\n    description: Cost.\n    {style}");
        let from = "list_cost: {type: \"decimal(38,12)\", expr: \"multiply_money(usage_quantity, unit_price)\", description: Cost at list price.}";
        let loaded = with("gold/billing/fact_usage.yaml", from, &derived);
        let expression = &loaded.model.gold["fact_usage"].derived["list_cost"].expression;
        let start = expression.find("unit_price").unwrap();
        let range = start..start + "unit_price".len();
        let place = loaded.locator.locate_within("fact_usage", "derived.list_cost.expr", range).unwrap();
        let text: String = place.snippet.chars().skip(place.column - 1).take(place.length).collect();
        assert_eq!(text, "unit_price", "{style}: {place:?}");
    }
}

#[test]
fn types_of_fetched_columns_come_from_the_dimension() {
    let model = good().model;
    let columns = gold_columns(&model, &model.gold["fact_usage"]);
    let fetched = columns.iter().find(|column| column.name == "unit_price").unwrap();
    assert_eq!(fetched.data_type, Some(DataType::Decimal(38, 18)));
}
