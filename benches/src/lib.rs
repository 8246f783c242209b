//! Data and helpers that the benches share.
//!
//! All data is a usage log: rows ordered by time, so that a table written in that order has files with narrow bounds of
//! the date and with unrelated record ids, the two columns of [`KEY`]. A row is a function of its index and version alone;
//! equal calls give equal rows, whatever the machine.
//!
//! `GOLDSMITH_BENCH_ROWS` sets the number of rows ([`bench_rows`]).

mod usage;

use std::fs;
use std::io;
use std::path::Path;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{Decimal128Type, Int64Type};
use arrow::error::ArrowError;

pub use usage::{KEY, QUANTITY, RowVersion, UsageLog, VERSION, usage_schema};

/// Rows of a bench when `GOLDSMITH_BENCH_ROWS` is not set: few enough for a quick look.
const DEFAULT_ROWS: u64 = 200_000;
/// Fewer rows would leave some part of the data empty.
const LEAST_ROWS: u64 = 1_000;

/// The number of rows that a bench shall work on, from `GOLDSMITH_BENCH_ROWS`; 200 000 by default, and at least 1000.
///
/// # Errors
/// A text when the variable is not a number.
pub fn bench_rows() -> Result<u64, String> {
    let rows = match std::env::var("GOLDSMITH_BENCH_ROWS") {
        Ok(text) => text.parse().map_err(|error| format!("`GOLDSMITH_BENCH_ROWS` is `{text}`: {error}"))?,
        Err(_) => DEFAULT_ROWS,
    };
    Ok(rows.max(LEAST_ROWS))
}

/// What two ways to the same result must agree on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Number of rows.
    pub rows: usize,
    /// Sum of [`VERSION`].
    pub versions: i64,
    /// Sum of [`QUANTITY`], in units of its scale.
    pub quantity: i128,
}

impl Totals {
    /// Adds up batches that have the columns [`VERSION`] and [`QUANTITY`].
    ///
    /// # Errors
    /// [`ArrowError::SchemaError`] when one of them is missing or has another type.
    pub fn of(batches: &[RecordBatch]) -> Result<Self, ArrowError> {
        let mut totals = Self::default();
        for batch in batches {
            let column = |name: &str| Ok::<_, ArrowError>(batch.column(batch.schema_ref().index_of(name)?));
            let wrong = |name: &str| ArrowError::SchemaError(format!("`{name}` has an unexpected type"));
            let versions = column(VERSION)?.as_primitive_opt::<Int64Type>().ok_or_else(|| wrong(VERSION))?;
            let quantity = column(QUANTITY)?.as_primitive_opt::<Decimal128Type>().ok_or_else(|| wrong(QUANTITY))?;
            totals.rows += batch.num_rows();
            totals.versions += versions.iter().flatten().sum::<i64>();
            totals.quantity += quantity.iter().flatten().sum::<i128>();
        }
        Ok(totals)
    }
}

/// Copies a directory with all that is in it, so that each iteration has a table of its own.
///
/// # Errors
/// Errors of the file system; the copy may be incomplete then.
pub fn copy_directory(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_directory(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
