//! Tables written by other software are read, and gold is read by other software.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;
use std::process::Command;

use goldsmith::Layer;
use goldsmith_testkit::ScratchLake;

/// Python with the packages of `interop/requirements.txt`; the test script sets it up.
fn python(script: &str, arguments: &[&str]) -> String {
    let python = std::env::var("GOLDSMITH_PYTHON").unwrap_or_else(|_| "python3".into());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("interop").join(script);
    let output = Command::new(&python).arg(script).args(arguments).output().expect("python starts");
    assert!(
        output.status.success(),
        "{python} failed; install interop/requirements.txt and set GOLDSMITH_PYTHON:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("text")
}

async fn count(lake: &ScratchLake, sql: &str) -> u64 {
    lake.query(sql).await.unwrap()[0]["n"].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn compacted_checkpointed_and_deleted_tables_of_python_are_read_once() {
    let lake = ScratchLake::new().unwrap();
    let root = lake.source().to_string_lossy().into_owned();
    python("foreign_tables.py", &["write", &root, "first"]);
    lake.run(&["fact_audit_logs"]).await.unwrap();
    assert_eq!(count(&lake, "select count(*) as n from system_bronze.access_audit").await, 100);
    python("foreign_tables.py", &["write", &root, "second"]);
    let report = lake.run(&["fact_audit_logs"]).await.unwrap();
    // e0 was deleted after it was taken over, so it stays; the appends before and after the deletion arrive.
    let bronze = "system_bronze.access_audit";
    assert_eq!(count(&lake, &format!("select count(distinct event_id) as n from {bronze}")).await, 200);
    assert_eq!(count(&lake, &format!("select count(*) as n from {bronze}")).await, 200);
    assert_eq!(count(&lake, "select count(*) as n from fact_audit_logs").await, 200);
    assert!(!report.table(Layer::Bronze, "access.audit").unwrap().warnings.is_empty());
    let gold = lake.target().join("system_gold/fact_audit_logs");
    let seen: serde_json::Value =
        serde_json::from_str(&python("foreign_tables.py", &["read", &gold.to_string_lossy()])).unwrap();
    assert_eq!(seen["rows"], 200);
    let columns = seen["columns"].as_array().unwrap();
    for column in ["user_identity_email", "request_params", "is_sensitive_action", "user_key", "_run_id"] {
        assert!(columns.iter().any(|name| name == column), "{column} is not among {columns:?}");
    }
    assert!(!seen["description"].as_str().unwrap_or_default().is_empty());
}
