use arrow::error::ArrowError;

/// What can go wrong while generating.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SynthError {
    /// A setting is out of its range.
    #[error("`{setting}` is {value}: {hint}")]
    InvalidConfig {
        /// The field of [`SynthConfig`](crate::SynthConfig).
        setting: &'static str,
        /// The value as text.
        value: String,
        /// What would be right.
        hint: &'static str,
    },
    /// A table that is not one of the 35.
    #[error("no table `{table}`: names are like `billing.usage`, without `system.`")]
    UnknownTable {
        /// The name asked for.
        table: String,
    },
    /// A delivery past the last one.
    #[error("no delivery {batch}: there are {batches}, counted from 0")]
    UnknownBatch {
        /// The delivery asked for.
        batch: usize,
        /// The number of deliveries.
        batches: usize,
    },
    /// A snapshot of a table that is only ever appended to.
    #[error("`{table}` is read as a stream of appends and has no snapshots")]
    NotASnapshotTable {
        /// The table asked for.
        table: String,
    },
    /// A Spark type text that cannot be read.
    #[error("cannot read type `{text}`: {problem}")]
    InvalidType {
        /// The whole type text.
        text: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A column or struct field that the schema does not have, or has with another type.
    #[error("`{column}` does not exist in the schema as {wanted}")]
    ColumnMismatch {
        /// The column or struct field.
        column: String,
        /// What the generator wanted to write.
        wanted: String,
    },
    /// Arrow refused the columns.
    #[error("cannot assemble a record batch")]
    Arrow(#[from] ArrowError),
}
