//! How a case of a data test came out.

use goldsmith_model::TestRow;
use serde::Serialize;
use serde_json::Value;

/// The column by which a query is not without columns.
const ROW: &str = "_row";

/// How one case came out.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CaseReport {
    /// The gold table.
    pub table: String,
    /// What the case shows.
    pub case: String,
    /// Rows that differ from the expected ones.
    pub rows: Vec<RowDifference>,
    /// Sources of which another number of rows went to quarantine.
    pub quarantine: Vec<QuarantineDifference>,
    /// Why a table failed, so that nothing was compared.
    pub error: Option<String>,
    /// Seconds spent.
    pub seconds: f64,
}

/// A row that is missing, unexpected, or there with other values.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RowDifference {
    /// The row as the case has it; none for a row that is there and not expected.
    pub expected: Option<TestRow>,
    /// The row of the table that comes nearest, with the columns that the case names; none for a row that is expected and not there.
    pub found: Option<TestRow>,
    /// The columns in which both differ.
    pub columns: Vec<DifferingColumn>,
}

/// A column in which a row differs from the expected one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DifferingColumn {
    /// Its name, as the case has it.
    pub column: String,
    /// The value of the case.
    pub expected: Value,
    /// The value of the table.
    pub found: Value,
}

/// A source of which another number of rows went to quarantine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct QuarantineDifference {
    /// The source.
    pub source: String,
    /// Rows that the case expects.
    pub expected: u64,
    /// Rows that are there.
    pub found: u64,
}

impl CaseReport {
    pub(super) fn new(table: &str, case: &str) -> Self {
        Self {
            table: table.to_owned(),
            case: case.to_owned(),
            rows: Vec::new(),
            quarantine: Vec::new(),
            error: None,
            seconds: 0.0,
        }
    }

    /// Whether the case holds.
    pub fn is_success(&self) -> bool {
        self.error.is_none() && self.rows.is_empty() && self.quarantine.is_empty()
    }
}

impl RowDifference {
    /// An expected row, beside the one that comes nearest.
    pub(super) fn of_missing(
        expected: &TestRow,
        found: Option<TestRow>,
        is_equal: impl Fn(&Value, &Value) -> bool,
    ) -> Self {
        let found = found.map(without_row);
        let mut columns = Vec::new();
        for (column, expected) in expected {
            let Some(found) = found.as_ref().map(|found| found.get(column).cloned().unwrap_or_default()) else { break };
            if !is_equal(expected, &found) {
                columns.push(DifferingColumn { column: column.clone(), expected: expected.clone(), found });
            }
        }
        Self { expected: Some(expected.clone()), found, columns }
    }

    /// A row that no case expects.
    pub(super) fn of_unexpected(found: TestRow) -> Self {
        Self { expected: None, found: Some(without_row(found)), columns: Vec::new() }
    }
}

fn without_row(mut row: TestRow) -> TestRow {
    row.retain(|name, _| name != ROW);
    row
}
