//! How much data the cases have.

use crate::Result;

/// The variable that chooses the sizes: `smoke`, `default` or `full`.
pub const SIZE_VARIABLE: &str = "GOLDSMITH_BENCH_SIZE";

/// Sizes of the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Rows of cases that work in memory.
    pub rows: u64,
    /// Rows of further, large cases of removing duplicates and of upserts.
    pub headline_rows: Option<u64>,
    /// Rows of a Delta table.
    pub table_rows: u64,
    /// Data files of a Delta table.
    pub table_files: u64,
    /// Rows of all sources of a run.
    pub source_rows: u64,
    /// Deliveries in which these rows arrive.
    pub deliveries: usize,
}

impl Sizes {
    /// Enough to see that everything works.
    pub const SMOKE: Self =
        Self { rows: 2_000, headline_rows: None, table_rows: 2_000, table_files: 4, source_rows: 1_000, deliveries: 2 };
    /// Enough to see differences, in minutes.
    pub const DEFAULT: Self = Self {
        rows: 500_000,
        headline_rows: Some(4_000_000),
        table_rows: 1_000_000,
        table_files: 20,
        source_rows: 200_000,
        deliveries: 100,
    };
    /// The sizes that the engine is built for.
    pub const FULL: Self = Self {
        rows: 4_000_000,
        headline_rows: None,
        table_rows: 4_000_000,
        table_files: 40,
        source_rows: 2_000_000,
        deliveries: 100,
    };

    /// The sizes that [`SIZE_VARIABLE`] names; the default ones when it is not set.
    ///
    /// # Errors
    /// It names none.
    pub fn from_environment() -> Result<Self> {
        match std::env::var(SIZE_VARIABLE).as_deref() {
            Ok("smoke") => Ok(Self::SMOKE),
            Ok("default") | Err(std::env::VarError::NotPresent) => Ok(Self::DEFAULT),
            Ok("full") => Ok(Self::FULL),
            other => Err(format!("`{SIZE_VARIABLE}` is {other:?}; use smoke, default or full").into()),
        }
    }
}

/// A number of rows in few letters: `4 M`, `500 k`, `1500`.
pub(crate) fn short(rows: u64) -> String {
    match rows {
        rows if rows >= 1_000_000 && rows.is_multiple_of(1_000_000) => format!("{} M", rows / 1_000_000),
        rows if rows >= 1_000 && rows.is_multiple_of(1_000) => format!("{} k", rows / 1_000),
        rows => rows.to_string(),
    }
}
