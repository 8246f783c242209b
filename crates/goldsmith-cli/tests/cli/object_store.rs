//! The program on an S3 server.

use std::process::Output;

use goldsmith_testkit::S3Server;
use serde_json::Value;

use crate::program::Workplace;

const SOURCE: &str = "s3://data/system";
const TARGET: &str = "s3://data/lake";

struct Bucket {
    place: Workplace,
    server: S3Server,
}

impl Bucket {
    fn new() -> Self {
        Self { place: Workplace::new(), server: S3Server::start(&["data"]).unwrap() }
    }

    fn run(&self, args: &[&str]) -> Output {
        let variables = self.server.variables();
        let variables: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.place.run_with(args, &variables)
    }

    fn json(&self, args: &[&str]) -> Value {
        let output = self.run(&[args, &["--format", "json"]].concat());
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{args:?}: {}{errors}", String::from_utf8_lossy(&output.stdout));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn synth(&self, seed: &str) {
        self.json(&["synth", "--out", SOURCE, "--rows", "800", "--batches", "1", "--seed", seed]);
    }

    /// Names of the tables that a run changed.
    fn changed(&self) -> Vec<String> {
        let report = self.json(&["run", "--source", SOURCE, "--target", TARGET, "--select", "fact_usage"]);
        let tables = report["tables"].as_array().unwrap().iter();
        let changed = tables.filter(|table| table["status"] == "changed");
        changed.map(|table| table["name"].as_str().unwrap().to_owned()).collect()
    }

    fn count(&self, table: &str) -> u64 {
        let rows = self.json(&["query", "--target", TARGET, &format!("select count(*) as n from {table}")]);
        rows[0]["n"].as_u64().unwrap()
    }
}

#[test]
fn a_lake_on_s3_is_filled_kept_and_asked() {
    let bucket = Bucket::new();
    bucket.synth("1");
    let first = bucket.changed();
    assert!(first.iter().any(|table| table == "fact_usage"), "{first:?}");
    assert_eq!(bucket.changed(), Vec::<String>::new());
    let before = bucket.count("fact_usage");
    assert!(before > 0);
    bucket.synth("2");
    assert!(bucket.changed().iter().any(|table| table == "fact_usage"));
    assert!(bucket.count("fact_usage") > before);
    let status = bucket.json(&["status", "--target", TARGET]);
    let usage = status["tables"].as_array().unwrap().iter().find(|table| table["name"] == "fact_usage").unwrap();
    assert_eq!(usage["location"], "s3://data/lake/system_gold/fact_usage");
    assert_eq!(usage["rows"].as_u64(), Some(bucket.count("fact_usage")));
}

#[test]
fn no_secret_is_shown_by_settings_logs_and_errors() {
    let bucket = Bucket::new();
    let secret = "a-secret-that-nobody-sees";
    let option = format!("aws_secret_access_key={secret}");
    let side = format!("source.azure_storage_account_key={secret}");
    let options = ["--storage-option", &option, "--storage-option", &side];
    let shown = bucket.run(&[&["config"][..], &options].concat());
    assert!(String::from_utf8_lossy(&shown.stdout).contains("storage.aws_secret_access_key"));
    let run = ["run", "--source", SOURCE, "--target", TARGET, "-vvv"];
    let failed = bucket.run(&[&run[..], &options].concat());
    assert_eq!(failed.status.code(), Some(1));
    let told = String::from_utf8_lossy(&failed.stderr).into_owned();
    assert!(told.contains("does not accept the credentials"), "{told}");
    for output in [shown, failed, bucket.run(&run)] {
        let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(!text.contains(secret) && !text.contains(&bucket.server.secret_access_key), "{text}");
    }
}
