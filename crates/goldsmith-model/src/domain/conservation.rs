//! Conservation laws: what goes into a gold table in sums must come out of it.

/// One declared conservation law (`conserves:`) of a gold table: a sum over the rows that the table is made from, and
/// the same sum over its own rows.
///
/// Which rows of the source count depends on the kind of the table:
///
/// - one row per key, the latest version ([`super::GoldKind::EventFact`], [`super::GoldKind::Scd1`],
///   [`super::GoldKind::Interval`]): the winning row of each key of the table;
/// - folded from slices ([`super::GoldKind::SlicedRunFact`]): one slice per natural key of the source, the one with the
///   greatest end, exactly the slices that the fold counts.
///
/// Other kinds have no laws: their rows are not made one from another. On the side of the table all rows count but the
/// unknown member of a dimension. Null counts as nothing, and sums are exact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conservation {
    /// Name of the law, for messages; distinct within the table.
    pub name: String,
    /// SQL expression over the row of the gold table; yields integers or decimals.
    pub sum: String,
    /// SQL expression over the carried row of the source, if it is another one than [`Self::sum`].
    pub equals: Option<String>,
    /// Columns, the same on both sides, for each combination of whose values the law holds; empty for one sum of all.
    pub by: Vec<String>,
    /// What the law says.
    pub description: String,
}

impl Conservation {
    /// The expression over the carried row of the source: `equals`, or the text of `sum` when it is not given.
    pub fn equals(&self) -> &str {
        self.equals.as_deref().unwrap_or(&self.sum)
    }
}
