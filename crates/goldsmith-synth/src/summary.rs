/// How much of one table all deliveries together bring.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TableSummary {
    /// The table, for example `billing.usage`.
    pub table: &'static str,
    /// Whether the table is read as a stream of appends; otherwise it has snapshots.
    pub is_streamed: bool,
    /// Rows of each delivery.
    pub rows_by_batch: Vec<u64>,
    /// Distinct natural keys, nulls aside: the rows that remain once every key has one.
    pub keys: u64,
    /// Rows that repeat an earlier one to the letter.
    pub copies: u64,
    /// Rows whose whole key is null.
    pub keyless: u64,
}

impl TableSummary {
    /// Rows of all deliveries.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows_by_batch.iter().sum()
    }
}
