//! The typed outcome of a run.

use serde::Serialize;

/// Which layer a table belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Layer {
    /// History of the sources.
    Bronze,
    /// The star schema.
    Gold,
}

/// How a table came out of a run. Ordered by what a run with several tables is called after: a source that is absent, as some are in most
/// accounts, does not hide that others had rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TableStatus {
    /// The source is absent; nothing was done.
    Skipped,
    /// Nothing was new, nothing was committed.
    UpToDate,
    /// Rows or the position were committed.
    Changed,
    /// The run was cancelled before the table was done.
    Cancelled,
    /// The table failed; what it held before is untouched.
    Failed,
}

/// The books of one table in one run, in rows. They balance when
/// `read + reread + repaired + generated = inserted + updated + unchanged + duplicates + quarantined + memberless`:
/// every row that came in was written, was the same already, lost or was absorbed, or could not be identified.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct RowCounts {
    /// Input rows that were looked at because they were new to the table.
    pub read: u64,
    /// Rows that were added.
    pub inserted: u64,
    /// Rows that were replaced by a new content.
    pub updated: u64,
    /// Rows that were removed because nothing in the inputs makes them any longer: versions of a timeline, members, days of the calendar.
    pub deleted: u64,
    /// Rows that lost against another version of their key, or were absorbed by the row that they make up together.
    pub duplicates: u64,
    /// Result rows that were the same already.
    pub unchanged: u64,
    /// Input rows that went to quarantine.
    pub quarantined: u64,
    /// Input rows with a null in part of a business key; they make no member of a dimension.
    pub memberless: u64,
    /// Rows re-read from gold because a dimension version that they refer to changed.
    pub repaired: u64,
    /// Rows that bronze had before, read again because their keys got new rows.
    pub reread: u64,
    /// Rows that no input has: the unknown member.
    pub generated: u64,
    /// Rows marked as no longer present in the source.
    pub vanished: u64,
}

impl RowCounts {
    /// Rows that the run put into the table: those that were added and those that got a new content. Rows that were only copied along,
    /// since they share a file with others, are not counted.
    pub fn written(&self) -> u64 {
        self.inserted + self.updated
    }

    /// Counts `all` rows of keys of which `new` ones had been counted as read.
    pub(crate) fn count_again(&mut self, new: u64, all: u64) {
        // A key that falls into two chunks is computed twice, each time from all its rows.
        self.reread += all.saturating_sub(new);
    }

    /// Rows that came in, and rows that are accounted for.
    pub fn sides(&self) -> (u64, u64) {
        let entered = self.read + self.reread + self.repaired + self.generated;
        let left = self.written() + self.unchanged + self.duplicates + self.quarantined + self.memberless;
        (entered, left)
    }

    /// Whether every row that came in is accounted for.
    pub fn is_balanced(&self) -> bool {
        let (entered, left) = self.sides();
        entered == left
    }

    /// Adds other books to these, number by number.
    pub fn add(&mut self, other: &Self) {
        self.read += other.read;
        self.inserted += other.inserted;
        self.updated += other.updated;
        self.deleted += other.deleted;
        self.duplicates += other.duplicates;
        self.unchanged += other.unchanged;
        self.quarantined += other.quarantined;
        self.memberless += other.memberless;
        self.repaired += other.repaired;
        self.reread += other.reread;
        self.generated += other.generated;
        self.vanished += other.vanished;
    }
}

/// What a run did to one table.
#[derive(Debug, Clone, Serialize)]
pub struct TableReport {
    /// Layer of the table.
    pub layer: Layer,
    /// Source name for bronze (`billing.usage`), table name for gold.
    pub name: String,
    /// How it came out.
    pub status: TableStatus,
    /// What was done and why.
    pub what: String,
    /// The books.
    pub rows: RowCounts,
    /// Version of the table after the run, when it exists.
    pub version: Option<u64>,
    /// Seconds spent.
    pub seconds: f64,
    /// Things worth knowing that are no failure.
    pub warnings: Vec<String>,
    /// Why it failed, with its causes.
    pub error: Option<String>,
}

/// What came of one table, as its job tells it.
pub(crate) struct TableOutcome {
    pub(crate) status: TableStatus,
    pub(crate) what: String,
    pub(crate) rows: RowCounts,
    pub(crate) version: Option<u64>,
    pub(crate) warnings: Vec<String>,
}

impl TableReport {
    /// A report of a table with which nothing was done: up to date, with empty books.
    pub fn new(layer: Layer, name: impl Into<String>) -> Self {
        Self {
            layer,
            name: name.into(),
            status: TableStatus::UpToDate,
            what: String::new(),
            rows: RowCounts::default(),
            version: None,
            seconds: 0.0,
            warnings: Vec::new(),
            error: None,
        }
    }

    /// The report of a table whose job is done; the time that it took is not known here.
    pub(crate) fn of(layer: Layer, name: impl Into<String>, outcome: TableOutcome) -> Self {
        let TableOutcome { status, what, rows, version, warnings } = outcome;
        Self { status, what, rows, version, warnings, ..Self::new(layer, name) }
    }
}

/// What a run did.
#[derive(Debug, Clone, Serialize)]
pub struct RunReport {
    /// Identifier of the run; in `_run_id` of every row that it wrote.
    pub run_id: String,
    /// When it began (RFC 3339, UTC).
    pub started_at: String,
    /// Seconds it took.
    pub seconds: f64,
    /// Bytes of memory that it was allowed.
    pub memory_limit: u64,
    /// One report per table, bronze first, in the order of their completion.
    pub tables: Vec<TableReport>,
}

impl RunReport {
    /// Whether every table came out as it should; a skipped source is fine.
    pub fn is_success(&self) -> bool {
        self.tables
            .iter()
            .all(|table| matches!(table.status, TableStatus::UpToDate | TableStatus::Changed | TableStatus::Skipped))
    }

    /// Whether no table came out as changed: nothing at all was committed, unless a table failed.
    pub fn is_up_to_date(&self) -> bool {
        !self.tables.iter().any(|table| table.status == TableStatus::Changed)
    }

    /// The status of the whole: the last in the order of [`TableStatus`] that a table has.
    pub fn status(&self) -> TableStatus {
        self.tables.iter().map(|table| table.status).max().unwrap_or(TableStatus::UpToDate)
    }

    /// Names of the selected sources that are absent.
    pub fn absent(&self) -> Vec<&str> {
        let skipped = |table: &&TableReport| table.layer == Layer::Bronze && table.status == TableStatus::Skipped;
        self.tables.iter().filter(skipped).map(|table| table.name.as_str()).collect()
    }

    /// The sums of the books of all tables of a layer.
    pub fn totals(&self, layer: Layer) -> RowCounts {
        let mut totals = RowCounts::default();
        for table in self.tables.iter().filter(|table| table.layer == layer) {
            totals.add(&table.rows);
        }
        totals
    }

    /// The report of a table, by layer and name.
    pub fn table(&self, layer: Layer, name: &str) -> Option<&TableReport> {
        self.tables.iter().find(|table| table.layer == layer && table.name == name)
    }
}
