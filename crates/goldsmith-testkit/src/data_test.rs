//! Carrying out the data tests of the model files.

use goldsmith_model::{DataTest, DataTestCase};
use serde_json::Value;

use crate::compare::matches;
use crate::error::{Result, TestkitError};
use crate::lake::ScratchLake;
use crate::rows::Row;

/// Carries out one case on empty tables: each delivery is followed by a run; at the end the rows of the table
/// and the quarantine are compared.
///
/// # Errors
/// A failed run, or [`TestkitError::Mismatch`] with expected and found rows.
pub async fn run_case(test: &DataTest, case: &DataTestCase) -> Result<()> {
    let lake = ScratchLake::new()?;
    for delivery in &case.deliveries {
        for (source, rows) in delivery {
            lake.deliver(&source.to_string(), rows).await?;
        }
        lake.run(&[&test.table]).await?;
    }
    let found = lake.query(&query_of(test, case, &lake)).await?;
    compare_rows(case, found)?;
    for (source, expected) in &case.quarantined {
        let found = quarantined(&lake, &source.bronze_table()).await?;
        if found != *expected {
            return Err(TestkitError::Mismatch(format!(
                "quarantine of `{source}`: expected {expected} rows, found {found}"
            )));
        }
    }
    Ok(())
}

async fn quarantined(lake: &ScratchLake, table: &str) -> Result<u64> {
    let schema = &lake.model().project.quarantine_schema;
    if !lake.target().join(schema).join(table).exists() {
        return Ok(0);
    }
    let rows = lake.query(&format!("select count(*) as n from {schema}.{table}")).await?;
    Ok(rows.first().and_then(|row| row.get("n")).and_then(Value::as_u64).unwrap_or_default())
}

/// Selects what the case names, with the dimension rows that surrogate keys point to.
fn query_of(test: &DataTest, case: &DataTestCase, lake: &ScratchLake) -> String {
    let model = lake.model();
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
                let lookup = model.gold[&test.table].dimensions.iter().find(|lookup| lookup.dimension == dimension);
                let key = lookup.map_or_else(String::new, |lookup| lookup.key_column.clone());
                let surrogate = model.gold[dimension].surrogate_key();
                let join = format!("left join {dimension} on {dimension}.\"{surrogate}\" = t.\"{key}\"");
                if !joins.contains(&join) {
                    joins.push(join);
                }
            }
        }
    }
    let table = &model.gold[&test.table];
    let filter =
        if table.is_dimension() { format!("where t.\"{}\" <> -1", table.surrogate_key()) } else { String::new() };
    format!("select {} from {} t {} {filter}", selected.join(", "), test.table, joins.join(" "))
}

/// Matches expected with found rows; each found row answers one expectation.
fn compare_rows(case: &DataTestCase, found: Vec<Row>) -> Result<()> {
    let mut left: Vec<&Row> = found.iter().collect();
    let mut unmatched = Vec::new();
    for expected in &case.expect {
        let hit = left.iter().position(|row| {
            expected.iter().all(|(name, value)| row.get(name).is_some_and(|found| matches(value, found)))
        });
        match hit {
            Some(index) => {
                left.remove(index);
            }
            None => unmatched.push(expected),
        }
    }
    if unmatched.is_empty() && left.is_empty() {
        return Ok(());
    }
    let show = |rows: Vec<&Row>| {
        rows.into_iter().map(|row| format!("\n    {}", Value::Object(row.clone()))).collect::<String>()
    };
    Err(TestkitError::Mismatch(format!(
        "expected, but not there:{}\n  there, but not expected:{}",
        show(unmatched),
        show(left)
    )))
}
