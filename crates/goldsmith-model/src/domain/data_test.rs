//! Data tests: input rows and the rows that are expected of a gold table.

use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::SourceName;

/// A row: column name → value as it stands in the file (numbers, booleans, texts, lists, mappings, null).
pub type TestRow = Map<String, Value>;

/// The data tests of one gold table, from one file of the directory `tests/`.
#[derive(Debug, Clone, PartialEq)]
pub struct DataTest {
    /// The gold table.
    pub table: String,
    /// The cases, each on empty tables.
    pub cases: Vec<DataTestCase>,
}

/// One case of a [`DataTest`]: what is delivered, run by run, and what the table must hold in the end.
#[derive(Debug, Clone, PartialEq)]
pub struct DataTestCase {
    /// What it shows.
    pub name: String,
    /// One run each: the rows that are appended to a source; for a merged source its whole snapshot.
    pub deliveries: Vec<IndexMap<SourceName, Vec<TestRow>>>,
    /// Rows of the table after the last run, in any order, without the unknown member. Only the named columns are
    /// compared; `<dimension>.<column>` stands for a column of the dimension row that the surrogate key points to.
    pub expect: Vec<TestRow>,
    /// Rows in quarantine after the last run.
    pub quarantined: IndexMap<SourceName, u64>,
}
