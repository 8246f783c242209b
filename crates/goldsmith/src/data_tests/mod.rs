//! The data tests of a model: rows that arrive, and the rows that its tables must hold then.
//!
//! A model has them as `tests/<table>.yaml`. Each case runs on empty tables in a directory that goes away with it: every
//! delivery is followed by a run, and at the end the rows of the table and of quarantine are compared.
//!
//! ```no_run
//! # async fn demo() -> Result<(), goldsmith::Error> {
//! use std::sync::Arc;
//!
//! use goldsmith::{ModelSource, data_tests};
//!
//! let (model, tests) = ModelSource::Directory("models".into()).load_tests()?;
//! for report in data_tests::run_tests(&Arc::new(model), &tests, 4).await? {
//!     println!("{} {}: {}", report.table, report.case, if report.is_success() { "passed" } else { "failed" });
//! }
//! # Ok(()) }
//! ```

mod report;
mod rows;
mod values;

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use futures::StreamExt;
use goldsmith_lake::LakeOptions;
use goldsmith_model::{DataTest, DataTestCase, LoadMode, Model, SourceName, TestRow};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

pub use self::report::{CaseReport, DifferingColumn, QuarantineDifference, RowDifference};
pub use self::rows::{batch_of, rows_of};
use self::values::matches;
use crate::delivery::{DeliveryMode, write_delivery};
use crate::engine::{Engine, RunOptions};
use crate::error::{Error, Result};
use crate::model_source::ModelSource;
use crate::report::TableStatus;

/// Carries out every case of `tests`, up to `at_once` of them at the same time. The reports are in the order of the cases.
///
/// # Errors
/// As [`run_case`]: what is wrong with a table is told by the report of its case.
pub async fn run_tests(model: &Arc<Model>, tests: &[DataTest], at_once: usize) -> Result<Vec<CaseReport>> {
    run_tests_until(model, tests, at_once, &CancellationToken::new()).await
}

/// As [`run_tests`], until `cancellation` is cancelled: cases that are being carried out stop at the next safe point, the others do
/// not begin, and the tables of all are deleted.
///
/// # Errors
/// As [`run_tests`], and [`Error::Cancelled`].
pub async fn run_tests_until(
    model: &Arc<Model>,
    tests: &[DataTest],
    at_once: usize,
    cancellation: &CancellationToken,
) -> Result<Vec<CaseReport>> {
    let cases: Vec<(DataTest, usize)> =
        tests.iter().flat_map(|test| (0..test.cases.len()).map(move |case| (test.clone(), case))).collect();
    let running = cases.into_iter().map(|(test, case)| {
        let (model, cancellation) = (model.clone(), cancellation.clone());
        async move {
            // A task of its own, so that cases use all threads.
            let task = tokio::spawn(async move {
                match test.cases.get(case) {
                    Some(case) => run_case_until(&model, &test, case, &cancellation).await,
                    None => Err(Error::Internal(format!("`{}` has no case {case}", test.table))),
                }
            });
            task.await.map_err(|error| Error::Internal(error.to_string()))?
        }
    });
    futures::stream::iter(running).buffered(at_once.max(1)).collect::<Vec<_>>().await.into_iter().collect()
}

/// Carries out one case of a test.
///
/// # Errors
/// The directory for its tables cannot be made, or rows of the case do not fit the declared columns. A table that fails, or
/// that holds other rows, is told by the report.
pub async fn run_case(model: &Arc<Model>, test: &DataTest, case: &DataTestCase) -> Result<CaseReport> {
    run_case_until(model, test, case, &CancellationToken::new()).await
}

async fn run_case_until(
    model: &Arc<Model>,
    test: &DataTest,
    case: &DataTestCase,
    cancellation: &CancellationToken,
) -> Result<CaseReport> {
    let check = || if cancellation.is_cancelled() { Err(Error::Cancelled) } else { Ok(()) };
    check()?;
    let clock = Instant::now();
    let mut report = CaseReport::new(&test.table, &case.name);
    let directory = tempfile::Builder::new().prefix("goldsmith-test-").tempdir().map_err(|error| no_room(&error))?;
    let (source, target) = (directory.path().join("source"), directory.path().join("lake"));
    std::fs::create_dir_all(&source).map_err(|error| no_room(&error))?;
    let engine = Engine::builder()
        .model(ModelSource::Loaded(model.clone()))
        .source(source.to_string_lossy())
        .target(target.to_string_lossy())
        .cancelled_by(cancellation.clone())
        .build()?;
    let options = RunOptions { select: vec![test.table.clone()], ..RunOptions::default() };
    for delivery in &case.deliveries {
        for (name, rows) in delivery {
            deliver(model, &source, name, rows).await?;
        }
        let run = engine.run(&options).await?;
        // Its report would have tables without what was delivered.
        check()?;
        if let Some(failed) = run.tables.iter().find(|table| table.status == TableStatus::Failed) {
            let reason = failed.error.as_deref().unwrap_or_default();
            report.error = Some(format!("`{}` failed: {reason}", failed.name));
            report.seconds = clock.elapsed().as_secs_f64();
            return Ok(report);
        }
    }
    let found = rows_of(&engine.query(&query_of(model, test, case)?).await?)?;
    report.rows = compare_rows(&case.expect, found);
    for (name, expected) in &case.quarantined {
        let found = quarantined(&engine, model, &target, name).await?;
        if found != *expected {
            let (source, expected) = (name.to_string(), *expected);
            report.quarantine.push(QuarantineDifference { source, expected, found });
        }
    }
    report.seconds = clock.elapsed().as_secs_f64();
    Ok(report)
}

fn no_room(error: &std::io::Error) -> Error {
    Error::Configuration {
        what: format!("no tables can be made in `{}`: {error}", std::env::temp_dir().display()),
        help: "set `TMPDIR` to a directory on a disk with room".into(),
    }
}

/// Delivers rows to a source: appended, or for a merged source as its whole snapshot.
async fn deliver(model: &Model, root: &Path, name: &SourceName, rows: &[TestRow]) -> Result<()> {
    let bronze = model.bronze.get(name).ok_or_else(|| Error::Internal(format!("no source `{name}`")))?;
    let mode = match bronze.load {
        LoadMode::Append => DeliveryMode::Append,
        LoadMode::Merge => DeliveryMode::Snapshot,
    };
    let batch = batch_of(bronze, rows)?;
    write_delivery(&LakeOptions::default(), &root.to_string_lossy(), &name.to_string(), [batch], mode).await?;
    Ok(())
}

async fn quarantined(engine: &Engine, model: &Model, target: &Path, source: &SourceName) -> Result<u64> {
    let (schema, table) = (&model.project.quarantine_schema, source.bronze_table());
    if !target.join(schema).join(&table).exists() {
        return Ok(0);
    }
    let rows = rows_of(&engine.query(&format!("select count(*) as n from {schema}.{table}")).await?)?;
    Ok(rows.first().and_then(|row| row.get("n")).and_then(Value::as_u64).unwrap_or_default())
}

/// Selects what the case names, with the dimension rows that surrogate keys point to.
fn query_of(model: &Model, test: &DataTest, case: &DataTestCase) -> Result<String> {
    let gold = |name: &str| model.gold.get(name).ok_or_else(|| Error::Internal(format!("no gold table `{name}`")));
    let table = gold(&test.table)?;
    let mut columns: Vec<&String> = Vec::new();
    for row in &case.expect {
        for name in row.keys() {
            if !columns.contains(&name) {
                columns.push(name);
            }
        }
    }
    let mut selected = vec!["1 as \"_row\"".to_string()];
    let mut joins = Vec::new();
    for column in columns {
        match column.split_once('.') {
            None => selected.push(format!("t.\"{column}\" as \"{column}\"")),
            Some((dimension, attribute)) => {
                selected.push(format!("{dimension}.\"{attribute}\" as \"{column}\""));
                let lookup = table.dimensions.iter().find(|lookup| lookup.dimension == dimension);
                let key = lookup.map_or_else(String::new, |lookup| lookup.key_column.clone());
                let surrogate = gold(dimension)?.surrogate_key();
                let join = format!("left join {dimension} on {dimension}.\"{surrogate}\" = t.\"{key}\"");
                if !joins.contains(&join) {
                    joins.push(join);
                }
            }
        }
    }
    let filter =
        if table.is_dimension() { format!("where t.\"{}\" <> -1", table.surrogate_key()) } else { String::new() };
    Ok(format!("select {} from {} t {} {filter}", selected.join(", "), test.table, joins.join(" ")))
}

/// Matches expected with found rows; each found row answers one expectation. Of those that are left, the ones that have most in
/// common are shown beside each other.
fn compare_rows(expected: &[TestRow], found: Vec<TestRow>) -> Vec<RowDifference> {
    let mut left: Vec<TestRow> = found;
    let mut unmatched = Vec::new();
    for row in expected {
        match left.iter().position(|found| equal_columns(row, found) == row.len()) {
            Some(index) => {
                left.remove(index);
            }
            None => unmatched.push(row),
        }
    }
    let mut differences = Vec::new();
    for row in unmatched {
        let nearest =
            (0..left.len()).max_by_key(|index| (equal_columns(row, &left[*index]), std::cmp::Reverse(*index)));
        let found = nearest.filter(|index| equal_columns(row, &left[*index]) > 0).map(|index| left.remove(index));
        differences.push(RowDifference::of_missing(row, found, matches));
    }
    differences.extend(left.into_iter().map(RowDifference::of_unexpected));
    differences
}

/// How many of the expected columns a found row has with the same value.
fn equal_columns(expected: &TestRow, found: &TestRow) -> usize {
    expected.iter().filter(|(name, value)| found.get(*name).is_some_and(|found| matches(value, found))).count()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use serde_json::json;

    use super::*;

    fn row(value: Value) -> TestRow {
        value.as_object().cloned().unwrap()
    }

    #[test]
    fn rows_are_compared_in_any_order_and_the_nearest_ones_stand_together() {
        let expected = [
            row(json!({"id": 1, "cost": "1.50"})),
            row(json!({"id": 2, "cost": "2"})),
            row(json!({"id": 3, "cost": "3"})),
        ];
        let found = vec![
            row(json!({"_row": 1, "id": 9, "cost": "9"})),
            row(json!({"_row": 1, "id": 2, "cost": "2.5"})),
            row(json!({"_row": 1, "id": 1, "cost": "1.5"})),
        ];
        let differences = compare_rows(&expected, found);
        assert_eq!(differences.len(), 3, "{differences:#?}");
        let near = &differences[0];
        assert_eq!(near.expected, Some(expected[1].clone()));
        assert_eq!(near.found, Some(row(json!({"id": 2, "cost": "2.5"}))));
        let column = DifferingColumn { column: "cost".into(), expected: json!("2"), found: json!("2.5") };
        assert_eq!(near.columns, [column]);
        assert_eq!((&differences[1].expected, &differences[1].found), (&Some(expected[2].clone()), &None));
        assert_eq!((&differences[2].expected, differences[2].columns.len()), (&None, 0));
        assert!(compare_rows(&expected[..1], vec![row(json!({"_row": 1, "id": "1", "cost": 1.5}))]).is_empty());
    }
}
