//! The typed outcome of a verification.

use std::fmt;

use serde::{Serialize, Serializer};

/// How a check came out, from good to bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckOutcome {
    /// It holds.
    Passed,
    /// It could not be made; the reason is told.
    Skipped,
    /// It does not hold.
    Failed,
}

/// What is checked of a gold table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum CheckName {
    /// The table can be read.
    Readable,
    /// This engine brought the table up to date last, and not another one.
    Writer,
    /// The table was built by the model at hand.
    Model,
    /// What the table records of its inputs is possible.
    Position,
    /// A rebuild from bronze is possible.
    Rebuild,
    /// The table has every column that a rebuild has.
    Columns,
    /// Every row of a rebuild is in the table.
    MissingRows,
    /// Every row of the table is in a rebuild.
    UnexpectedRows,
    /// Rows of one key are equal in every column but the audit columns.
    DifferentRows,
    /// The rows of each file are as many as the log says.
    FileStatistics,
    /// No key is there twice; of an SCD2 dimension no key and `valid_from`.
    KeyUnique,
    /// No member of a dimension has a null in its key, no fact a key of nulls alone.
    KeyNotNull,
    /// No surrogate key is there twice.
    SurrogateKeyUnique,
    /// Surrogate keys are what follows from the business key.
    SurrogateKeyDeterministic,
    /// A dimension has exactly one unknown member.
    UnknownMember,
    /// Keys of dimensions in a fact exist there, or are those of the unknown member.
    ForeignKeys,
    /// A version ends after it begins.
    VersionsForward,
    /// Each version ends where the next one begins: no gap, no overlap.
    VersionsContiguous,
    /// Each key has exactly one current version.
    OneCurrentVersion,
    /// A version is current exactly when it has no end.
    CurrentFlag,
    /// An interval ends after it begins.
    IntervalsForward,
    /// No interval with an end reaches into a later one of its key.
    IntervalsDisjoint,
    /// The calendar has every day between its first and its last one.
    CalendarContiguous,
}

impl CheckName {
    /// The checks that compare rows with a rebuild.
    pub(super) const COMPARISON: [Self; 3] = [Self::MissingRows, Self::UnexpectedRows, Self::DifferentRows];

    /// The checks of something that a source can give like that.
    pub(super) const OF_SOURCE: [Self; 2] = [Self::IntervalsForward, Self::IntervalsDisjoint];

    /// The name in reports, such as `missing_rows`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Readable => "readable",
            Self::Writer => "writer",
            Self::Model => "model",
            Self::Position => "position",
            Self::Rebuild => "rebuild",
            Self::Columns => "columns",
            Self::MissingRows => "missing_rows",
            Self::UnexpectedRows => "unexpected_rows",
            Self::DifferentRows => "different_rows",
            Self::FileStatistics => "file_statistics",
            Self::KeyUnique => "key_unique",
            Self::KeyNotNull => "key_not_null",
            Self::SurrogateKeyUnique => "surrogate_key_unique",
            Self::SurrogateKeyDeterministic => "surrogate_key_deterministic",
            Self::UnknownMember => "unknown_member",
            Self::ForeignKeys => "foreign_keys",
            Self::VersionsForward => "versions_forward",
            Self::VersionsContiguous => "versions_contiguous",
            Self::OneCurrentVersion => "one_current_version",
            Self::CurrentFlag => "current_flag",
            Self::IntervalsForward => "intervals_forward",
            Self::IntervalsDisjoint => "intervals_disjoint",
            Self::CalendarContiguous => "calendar_contiguous",
        }
    }
}

impl fmt::Display for CheckName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for CheckName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// A column in which a row of the table and that of a rebuild differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ColumnDifference {
    /// The column.
    pub column: String,
    /// What the table holds; none for null.
    pub found: Option<String>,
    /// What a rebuild gives; none for null.
    pub expected: Option<String>,
}

/// One offending row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Example {
    /// Which row, by its key: `workspace_id=1, job_id=7`; a file or a column where the check is about these.
    pub row: String,
    /// What is wrong with it.
    pub problem: String,
    /// Where it differs; only of [`CheckName::DifferentRows`].
    pub columns: Vec<ColumnDifference>,
}

/// One check of one table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was checked.
    pub name: CheckName,
    /// How it came out.
    pub outcome: CheckOutcome,
    /// Offending rows, all counted.
    pub rows: u64,
    /// Why it failed as a whole or was skipped; none when the examples say it.
    pub reason: Option<String>,
    /// Some of the offending rows.
    pub examples: Vec<Example>,
}

impl Check {
    pub(super) fn passed(name: CheckName) -> Self {
        Self { name, outcome: CheckOutcome::Passed, rows: 0, reason: None, examples: Vec::new() }
    }

    pub(super) fn skipped(name: CheckName, reason: impl Into<String>) -> Self {
        Self { outcome: CheckOutcome::Skipped, reason: Some(reason.into()), ..Self::passed(name) }
    }

    /// The check of something that the source gives, when the table was compared with a rebuild with this outcome:
    /// what a rebuild has too is no fault of the table.
    pub(super) fn given_by_source(mut self, compared: CheckOutcome) -> Self {
        let reason = match compared {
            CheckOutcome::Passed => "the source gives it like that, a rebuild has it too",
            CheckOutcome::Skipped => {
                "the source may give it like that, and the table could not be compared with a rebuild"
            }
            CheckOutcome::Failed => return self,
        };
        if self.outcome == CheckOutcome::Failed {
            self.outcome = compared;
            self.reason = Some(reason.into());
        }
        self
    }

    pub(super) fn failed(name: CheckName, reason: impl Into<String>) -> Self {
        Self { outcome: CheckOutcome::Failed, reason: Some(reason.into()), ..Self::passed(name) }
    }
}

/// An input of a gold table that holds more than the table contains. That is no fault: the table equals a rebuild from what it
/// contains, and the next run takes the rest over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BehindInput {
    /// The input: `bronze:billing.usage`, or `gold:dim_workspace`.
    pub input: String,
    /// The version of it that the table contains; none: the input was not there then, or was created anew since.
    pub contained: Option<u64>,
    /// The version that it is at.
    pub latest: u64,
}

/// What was found about one gold table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TableVerification {
    /// The table.
    pub name: String,
    /// The version that was looked at, when the table exists.
    pub version: Option<u64>,
    /// Rows of the table.
    pub rows: u64,
    /// Rows of the table that were compared with a rebuild: with a sample fewer than there are.
    pub compared: u64,
    /// The inputs that hold more than the table contains, in the order of their names.
    pub behind: Vec<BehindInput>,
    /// Seconds spent.
    pub seconds: f64,
    /// The checks, each once.
    pub checks: Vec<Check>,
}

impl TableVerification {
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: name.to_string(),
            version: None,
            rows: 0,
            compared: 0,
            behind: Vec::new(),
            seconds: 0.0,
            checks: Vec::new(),
        }
    }

    /// The worst outcome of all checks.
    pub fn outcome(&self) -> CheckOutcome {
        self.checks.iter().map(|check| check.outcome).max().unwrap_or(CheckOutcome::Passed)
    }

    /// Whether anything can be said of the table: it was compared with a rebuild, or a check failed without that.
    pub fn is_verified(&self) -> bool {
        let compared = self.check(CheckName::MissingRows).is_some_and(|check| check.outcome != CheckOutcome::Skipped);
        compared || self.outcome() == CheckOutcome::Failed
    }

    /// A check by name, when it was made of this table.
    pub fn check(&self, name: CheckName) -> Option<&Check> {
        self.checks.iter().find(|check| check.name == name)
    }
}

/// What a verification found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VerifyReport {
    /// When it began (RFC 3339, UTC).
    pub started_at: String,
    /// Seconds it took.
    pub seconds: f64,
    /// Share of the keys that was compared; none: all.
    pub sample: Option<f64>,
    /// One entry per table, inputs before the tables that read them.
    pub tables: Vec<TableVerification>,
}

impl VerifyReport {
    /// Whether no check failed. A skipped check is no failure: see [`VerifyReport::count`].
    pub fn is_success(&self) -> bool {
        self.count(CheckOutcome::Failed) == 0
    }

    /// Whether the verification could be made: at least one table was compared, and each of `named` that is among the tables.
    pub fn is_made(&self, named: &[String]) -> bool {
        let is_named = |table: &TableVerification| named.contains(&table.name);
        let mut tables = self.tables.iter();
        self.tables.iter().any(TableVerification::is_verified)
            && tables.all(|table| table.is_verified() || !is_named(table))
    }

    /// The tables that another engine, such as compiled SQL on Spark, brought up to date last. They are checked by themselves, and
    /// not compared with a rebuild, since the versions of their inputs that they contain are not told.
    pub fn of_other_engines(&self) -> impl Iterator<Item = &TableVerification> {
        let is_skipped = |check: &Check| check.outcome == CheckOutcome::Skipped;
        self.tables.iter().filter(move |table| table.check(CheckName::Writer).is_some_and(is_skipped))
    }

    /// Number of tables with this outcome.
    pub fn count(&self, outcome: CheckOutcome) -> usize {
        self.tables.iter().filter(|table| table.outcome() == outcome).count()
    }

    /// The tables that lie behind their inputs.
    pub fn behind(&self) -> impl Iterator<Item = &TableVerification> {
        self.tables.iter().filter(|table| !table.behind.is_empty())
    }

    /// What was found about a table.
    pub fn table(&self, name: &str) -> Option<&TableVerification> {
        self.tables.iter().find(|table| table.name == name)
    }
}

/// Offending rows of one check in the making: all are counted, the first are kept.
pub(super) struct Findings {
    name: CheckName,
    limit: usize,
    rows: u64,
    examples: Vec<Example>,
}

impl Findings {
    pub(super) fn new(name: CheckName, limit: usize) -> Self {
        Self { name, limit, rows: 0, examples: Vec::new() }
    }

    /// Counts rows without an example.
    pub(super) fn count(&mut self, rows: u64) {
        self.rows += rows;
    }

    /// Keeps an example, as far as there is place, of a row that is counted already.
    pub(super) fn show(&mut self, example: Example) {
        if self.examples.len() < self.limit {
            self.examples.push(example);
        }
    }

    /// Counts one row; `example` gives its key and what is wrong.
    pub(super) fn add<E>(&mut self, example: impl FnOnce() -> Result<(String, String), E>) -> Result<(), E> {
        self.rows += 1;
        if self.examples.len() < self.limit {
            let (row, problem) = example()?;
            self.examples.push(Example { row, problem, columns: Vec::new() });
        }
        Ok(())
    }

    pub(super) fn into_check(self) -> Check {
        let outcome = if self.rows == 0 { CheckOutcome::Passed } else { CheckOutcome::Failed };
        Check { name: self.name, outcome, rows: self.rows, reason: None, examples: self.examples }
    }
}
