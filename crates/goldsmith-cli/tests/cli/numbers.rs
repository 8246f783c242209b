//! What a user is told of numbers that do not fit, and of tables that lie behind.

use goldsmith_testkit::{Row, ScratchLake};
use serde_json::{Value, json};

use crate::program::Workplace;

const SOURCE: &str = "serving.endpoint_usage";
const FACT: &str = "fact_endpoint_usage";

/// One more request of so many tokens.
fn deliver(lake: &ScratchLake, id: &str, tokens: i64) {
    let row = json!({
        "databricks_request_id": id, "request_time": "2024-01-01T00:00:00Z",
        "input_token_count": tokens, "output_token_count": tokens,
    });
    let rows: [Row; 1] = [row.as_object().unwrap().clone()];
    tokio::runtime::Runtime::new().unwrap().block_on(lake.deliver(SOURCE, &rows)).unwrap();
}

#[test]
fn a_sum_that_does_not_fit_is_told_with_table_and_column_and_a_table_that_is_behind_by_how_much() {
    let (place, lake) = (Workplace::new(), ScratchLake::new().unwrap());
    let (source, target) = (lake.source(), lake.target());
    let locations = ["--source", source.to_str().unwrap(), "--target", target.to_str().unwrap()];
    let run = |selected: &str| {
        let output = place.run(&[&["run", "--select", selected], &locations[..]].concat());
        assert_eq!(output.status.code(), Some(0), "{}", place.text(&output));
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    deliver(&lake, "r1", i64::MAX);
    let told = run(FACT);
    let warning = told.lines().find(|line| line.contains("WARN")).unwrap_or_else(|| panic!("{told}"));
    for part in [FACT, "total_token_count", "do not fit bigint are null", "values=1"] {
        assert!(warning.contains(part), "`{part}` is not in: {warning}");
    }

    // In JSON a name that stands twice in an object loses one of its values.
    let args = ["run", "--select", FACT, "--full-refresh", "--log-format", "json"];
    let logged = place.run(&[&args[..], &locations[..]].concat());
    let logged = String::from_utf8_lossy(&logged.stderr).into_owned();
    let line = logged.lines().find(|line| line.contains("\"WARN\"")).unwrap_or_else(|| panic!("{logged}"));
    let document: Value = serde_json::from_str(line).unwrap();
    assert_eq!(document["span"], json!({"column": "total_token_count", "name": "column"}), "{line}");
    let spans = document["spans"].as_array().unwrap();
    assert!(spans.contains(&json!({"table": format!("gold:{FACT}"), "name": "table"})), "{line}");
    assert_eq!(line.matches("\"name\":").count(), 1 + spans.len(), "{line}");

    let verify = |more: &[&str]| {
        let output = place.run(&[&["verify", "--select", FACT], &locations[2..], more].concat());
        assert_eq!(output.status.code(), Some(0), "{}", place.text(&output));
        output
    };
    let text = place.text(&verify(&[]));
    assert!(!text.contains("behind"), "{text}");

    deliver(&lake, "r2", 1);
    let told = run(SOURCE);
    assert!(!told.contains("WARN"), "{told}");
    let text = place.text(&verify(&[]));
    for part in [
        "`fact_endpoint_usage` is behind: contains version 1 of 2 of `bronze:serving.endpoint_usage`",
        "1 passed; 1 table is behind its inputs, `goldsmith run` takes over what it lacks",
    ] {
        assert!(text.contains(part), "`{part}` is not in: {text}");
    }
    let document: Value = serde_json::from_slice(&verify(&["--format", "json"]).stdout).unwrap();
    assert_eq!((&document["success"], &document["behind"]), (&true.into(), &1.into()));
    let expected = json!([{"input": "bronze:serving.endpoint_usage", "contained": 1, "latest": 2}]);
    assert_eq!(document["tables"][0]["behind"], expected);
    run(FACT);
    let document: Value = serde_json::from_slice(&verify(&["--format", "json"]).stdout).unwrap();
    assert_eq!((&document["behind"], &document["tables"][0]["behind"]), (&0.into(), &json!([])));
}
