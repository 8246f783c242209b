//! Sources and the bronze tables that keep their history.

use std::fmt;

use indexmap::IndexMap;

use super::{DataType, WriteMode};

/// Name of a source table: `<schema>.<table>`, for instance `billing.usage`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceName {
    /// Schema below the catalog, for instance `billing` or `__internal_logging`.
    pub schema: String,
    /// Table within the schema.
    pub table: String,
}

impl SourceName {
    /// Name of the bronze (and quarantine) table: `<schema>_<table>`, leading underscores of the schema dropped.
    pub fn bronze_table(&self) -> String {
        format!("{}_{}", self.schema.trim_start_matches('_'), self.table)
    }

    /// Whether a text names this source: `<schema>.<table>`, or that with the catalog in which Databricks has the system tables.
    pub fn is_named(&self, text: &str) -> bool {
        let name = self.to_string();
        name == text || text.strip_prefix("system.").is_some_and(|below| below == name)
    }
}

impl fmt::Display for SourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.schema, self.table)
    }
}

/// How rows of a source change after they were first seen; the planner chooses the strategy from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MutabilityClass {
    /// Events that never change.
    AppendEvent,
    /// One immutable row per clock hour of something that runs.
    HourlySlice,
    /// Facts corrected by further rows (retraction, restatement).
    CorrectionLedger,
    /// One row per change of an entity, ordered by a change time.
    Scd2Log,
    /// Rows that the source updates in place until they are final.
    MutableRow,
    /// A table that always shows the present state of its entities.
    LatestSnapshot,
    /// Rows that hold for an interval whose end may be set later.
    IntervalReference,
}

impl MutabilityClass {
    /// All classes.
    pub const ALL: [Self; 7] = [
        Self::AppendEvent,
        Self::HourlySlice,
        Self::CorrectionLedger,
        Self::Scd2Log,
        Self::MutableRow,
        Self::LatestSnapshot,
        Self::IntervalReference,
    ];

    /// Name in model files.
    pub fn name(self) -> &'static str {
        match self {
            Self::AppendEvent => "append_event",
            Self::HourlySlice => "hourly_slice",
            Self::CorrectionLedger => "correction_ledger",
            Self::Scd2Log => "scd2_log",
            Self::MutableRow => "mutable_row",
            Self::LatestSnapshot => "latest_snapshot",
            Self::IntervalReference => "interval_reference",
        }
    }
}

impl fmt::Display for MutabilityClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How bronze takes a source over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LoadMode {
    /// Streamed: what is appended to the source is appended to bronze, exactly once.
    Append,
    /// Merged by natural key and sequence; rows that vanish stay and are marked `_is_present = false`.
    Merge,
}

/// Which part of the account a source covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// One cloud region.
    Regional,
    /// The whole account: read once, whatever the number of regions.
    Global,
}

/// One column of a source.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnDef {
    /// Declared type.
    pub data_type: DataType,
    /// What the column means.
    pub description: String,
    /// The values that the column can have, when they form a closed list (`values:`).
    pub values: Option<Vec<String>>,
    /// Tags such as `pii`.
    pub tags: Vec<String>,
}

/// One system table and the bronze table that keeps its history, as a file in `bronze/` declares them.
///
/// The declared columns are those that the model relies on. A source may have further ones, which bronze takes over as well.
#[derive(Debug, Clone, PartialEq)]
pub struct BronzeTable {
    /// Name of the source.
    pub source: SourceName,
    /// What the source holds.
    pub description: String,
    /// How its rows change.
    pub mutability: MutabilityClass,
    /// How bronze takes it over.
    pub load: LoadMode,
    /// What part of the account it covers.
    pub scope: Scope,
    /// Days after which the source forgets a row; none: kept.
    pub retention_days: Option<u32>,
    /// Columns that identify one record of the source.
    pub natural_key: Vec<String>,
    /// Column that orders versions of one key: the greatest wins. None: the last delivered wins.
    pub sequence_by: Option<String>,
    /// A DATE column that never differs between versions of one key.
    pub date_column: Option<String>,
    /// Whether a workspace may lack the table without anything being wrong.
    pub optional: bool,
    /// How it deletes rows of existing files; none: as the project says.
    pub write_mode: Option<WriteMode>,
    /// Declared columns in their order.
    pub columns: IndexMap<String, ColumnDef>,
}
