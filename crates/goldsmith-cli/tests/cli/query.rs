//! What queries can ask beside rows, and what they are told when they cannot be answered.

use goldsmith_testkit::{Row, ScratchLake};
use serde_json::json;

use crate::program::Workplace;

const SOURCE: &str = "serving.endpoint_usage";
const FACT: &str = "fact_endpoint_usage";

/// A target with one fact, its dimensions and their bronze tables.
struct Filled {
    place: Workplace,
    target: String,
    // Goes with its directories.
    _lake: ScratchLake,
}

impl Filled {
    fn new() -> Self {
        let (place, lake) = (Workplace::new(), ScratchLake::new().unwrap());
        let row = json!({"databricks_request_id": "r", "request_time": "2024-01-01T00:00:00Z", "input_token_count": 1});
        let rows: [Row; 1] = [row.as_object().unwrap().clone()];
        tokio::runtime::Runtime::new().unwrap().block_on(lake.deliver(SOURCE, &rows)).unwrap();
        let target = lake.target().to_str().unwrap().to_owned();
        let source = lake.source();
        let args = ["run", "--select", FACT, "--source", source.to_str().unwrap(), "--target", &target];
        let output = place.run(&args);
        assert_eq!(output.status.code(), Some(0), "{}", place.text(&output));
        Self { place, target, _lake: lake }
    }

    fn csv(&self, sql: &str) -> String {
        let output = self.place.run(&["query", "--target", &self.target, "--format", "csv", sql]);
        assert_eq!(output.status.code(), Some(0), "{sql}: {}", self.place.text(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    fn refused(&self, sql: &str) -> String {
        let output = self.place.run(&["query", "--target", &self.target, sql]);
        let text = self.place.text(&output);
        assert_eq!(output.status.code(), Some(1), "{sql}: {text}");
        text
    }
}

#[test]
fn queries_are_answered_as_users_of_spark_expect_and_refused_with_what_to_do() {
    let filled = Filled::new();
    let tables = [
        format!("goldsmith,system_gold,{FACT},BASE TABLE"),
        "goldsmith,system_bronze,serving_endpoint_usage,BASE TABLE".to_owned(),
    ];
    for sql in ["show tables", "select * from information_schema.tables"] {
        let text = filled.csv(sql);
        for line in &tables {
            assert!(text.lines().any(|found| found == line), "{sql} does not show {line}: {text}");
        }
        assert!(!text.contains("fact_usage"), "{text}");
    }
    let columns = format!("where table_name = '{FACT}' and column_name = 'request_time'");
    let text = filled.csv(&format!("select table_schema from information_schema.columns {columns}"));
    assert_eq!(text, "table_schema\nsystem_gold\n");
    assert!(filled.csv(&format!("show columns from {FACT}")).contains("request_time"));
    let described = filled.csv(&format!("describe {FACT}"));
    for line in ["request_time,timestamp,YES", "input_token_count,bigint,YES"] {
        assert!(described.lines().any(|found| found == line), "{line}: {described}");
    }

    let values = "select v, 0 as n from (values (1), (null), (2)) as t(v) order by v";
    assert_eq!(filled.csv(values), "v,n\n,0\n1,0\n2,0\n");
    assert_eq!(filled.csv(&format!("{values} desc")), "v,n\n2,0\n1,0\n,0\n");
    assert_eq!(filled.csv("select '' as e, cast(null as string) as n"), "e,n\n\"\",\n");

    let status = "run `goldsmith status`";
    for (table, name, help) in [
        ("billing.usage", "billing.usage", "did you mean `system_bronze.billing_usage`?"),
        ("system.billing.usage", "system.billing.usage", "did you mean `system_bronze.billing_usage`?"),
        ("bronze.billing_usage", "bronze.billing_usage", "did you mean `system_bronze.billing_usage`?"),
        ("billing_usage", "billing_usage", "did you mean `system_bronze.billing_usage`?"),
        ("system_bronze.serving_endpoint_usag", "system_bronze.serving_endpoint_usag", "serving_endpoint_usage`?"),
        ("gold.fact_endpoint_usage", "gold.fact_endpoint_usage", "did you mean `fact_endpoint_usage`?"),
        ("fact_endpoint_usag", "fact_endpoint_usag", "did you mean `fact_endpoint_usage`?"),
        ("system_gold.fact_usage", "fact_usage", status),
        ("system_bronze.billing_usage", "system_bronze.billing_usage", status),
        ("system_quarantine.billing_usage", "system_quarantine.billing_usage", status),
        ("nowhere", "nowhere", status),
    ] {
        let text = filled.refused(&format!("select * from {table}"));
        assert!(text.contains(&format!("names the table `{name}`, which is not there")), "{table}: {text}");
        assert!(text.contains(help), "{table}: {text}");
    }
    for (sql, what, help) in [
        (
            "select request_tim from fact_endpoint_usage",
            "names the column `request_tim`, which is not there",
            "did you mean `",
        ),
        ("select zzz from fact_endpoint_usage", "names the column `zzz`", "run `goldsmith query 'describe TABLE'`"),
        ("", "the query is empty", "write one in SQL"),
        ("select 1; select 2", "the query has several statements", "ask one after the other"),
        ("blah", "the query cannot be answered", "write it in SQL, such as `select"),
    ] {
        let text = filled.refused(sql);
        assert!(text.contains(what) && text.contains(help) && !text.contains("Valid fields"), "{sql}: {text}");
    }
    let output =
        filled.place.run(&["query", "--target", &filled.target, "explain select count(*) from fact_endpoint_usage"]);
    let text = filled.place.text(&output);
    assert!(text.contains("logical_plan\n  ") && text.contains("physical_plan\n  "), "{text}");
    assert!(!text.contains('\u{fffd}') && !text.contains('…'), "{text}");
    for sql in ["drop table fact_endpoint_usage", "delete from fact_endpoint_usage", "set x = 1"] {
        let text = filled.refused(sql);
        assert!(text.contains("queries only read\n  help: ask with `select`"), "{sql}: {text}");
    }
}
