//! The ledger: both sides of laws, added up over any number of batches.

use std::fmt;
use std::sync::Arc;

use arrow::array::{Array, RecordBatch};
use arrow::datatypes::i256;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::common::HashMap;

use super::amount::{same, text};
use super::{Amount, Law};
use crate::Result;

/// Adds up what enters a gold table and what leaves for it, for each law and group.
///
/// A ledger is for the rows that are written together: whatever is entered must have left when it is settled. Its size
/// is the number of groups, not of rows.
#[derive(Debug, Clone)]
pub struct Ledger {
    books: Vec<Book>,
}

/// Both sides of one law.
#[derive(Debug, Clone)]
struct Book {
    law: Law,
    groups: HashMap<Box<[u8]>, Balance>,
}

/// Both sides of one group, each at its own scale.
#[derive(Debug, Clone, Copy)]
struct Balance {
    entered: i256,
    left: i256,
}

impl Balance {
    const ZERO: Self = Self { entered: i256::ZERO, left: i256::ZERO };
}

#[derive(Debug, Clone, Copy)]
enum Side {
    Entered,
    Left,
}

impl Ledger {
    /// An empty ledger for the laws of one table.
    pub fn new(laws: &[Law]) -> Self {
        Self { books: laws.iter().map(|law| Book { law: law.clone(), groups: HashMap::new() }).collect() }
    }

    /// Whether there is no law, so that nothing need be entered.
    pub fn is_empty(&self) -> bool {
        self.books.is_empty()
    }

    /// Adds carried rows of the source: the winning row of each key, or the distinct slices of runs (see
    /// [`goldsmith_model::Conservation`] and [`crate::fold::distinct_slices`]).
    ///
    /// # Errors
    /// [`crate::QueryError::MissingColumn`] and [`crate::QueryError::WrongType`] when the rows are not as the laws were
    /// compiled for, [`crate::QueryError::DataFusion`] when an expression fails on a value.
    pub fn enter(&mut self, rows: &RecordBatch) -> Result<()> {
        self.books.iter_mut().try_for_each(|book| book.add(rows, Side::Entered))
    }

    /// Adds gold rows, without the unknown member of a dimension.
    ///
    /// # Errors
    /// As [`Self::enter`].
    pub fn leave(&mut self, rows: &RecordBatch) -> Result<()> {
        self.books.iter_mut().try_for_each(|book| book.add(rows, Side::Left))
    }

    /// Takes over what another ledger holds, as when chunks are added up in parallel. Laws are told apart by name; both
    /// ledgers are of the laws of one table.
    pub fn merge(&mut self, other: Self) {
        for theirs in other.books {
            match self.books.iter_mut().find(|book| book.law.name == theirs.law.name) {
                Some(ours) => {
                    for (key, balance) in theirs.groups {
                        let sum = ours.groups.entry(key).or_insert(Balance::ZERO);
                        sum.entered = sum.entered.wrapping_add(balance.entered);
                        sum.left = sum.left.wrapping_add(balance.left);
                    }
                }
                None => self.books.push(theirs),
            }
        }
    }

    /// Forgets all sums and keeps the laws, for the next chunk.
    pub fn clear(&mut self) {
        self.books.iter_mut().for_each(|book| book.groups.clear());
    }

    /// Compares both sides of every law in every group. A group that one side does not have counts as zero there.
    ///
    /// # Errors
    /// The laws that are broken, by law and then by the values of the group.
    pub fn settle(&self) -> std::result::Result<(), Vec<BrokenLaw>> {
        let broken: Vec<BrokenLaw> = self.books.iter().flat_map(Book::broken).collect();
        if broken.is_empty() { Ok(()) } else { Err(broken) }
    }
}

impl Book {
    fn add(&mut self, rows: &RecordBatch, side: Side) -> Result<()> {
        let amount: &Amount = match side {
            Side::Entered => &self.law.entered,
            Side::Left => &self.law.left,
        };
        let values = amount.values(rows)?;
        let groups = &mut self.groups;
        self.law.groups.for_each(rows, amount.context, |row, key| {
            let balance = match groups.get_mut(key) {
                Some(balance) => balance,
                None => groups.entry(key.into()).or_insert(Balance::ZERO),
            };
            let sum = match side {
                Side::Entered => &mut balance.entered,
                Side::Left => &mut balance.left,
            };
            // 2^64 numbers of 128 bits do not reach the limit of 256 bits.
            *sum = sum.wrapping_add(values.get(row).copied().unwrap_or(i256::ZERO));
        })
    }

    fn broken(&self) -> Vec<BrokenLaw> {
        let entered = |balance: &Balance| (balance.entered, self.law.entered.scale);
        let left = |balance: &Balance| (balance.left, self.law.left.scale);
        let mut broken: Vec<(&[u8], &Balance)> = self
            .groups
            .iter()
            .filter(|(_, balance)| !same(entered(balance), left(balance)))
            .map(|(key, balance)| (key.as_ref(), balance))
            .collect();
        broken.sort_unstable_by_key(|(key, _)| *key);
        let groups = self.readable(broken.iter().map(|(key, _)| *key).collect());
        broken
            .into_iter()
            .zip(groups)
            .map(|((_, balance), group)| BrokenLaw {
                law: self.law.name().to_owned(),
                group,
                entered: text(entered(balance)),
                left: text(left(balance)),
            })
            .collect()
    }

    /// The values of groups as text, null as none.
    fn readable(&self, keys: Vec<&[u8]>) -> Vec<Vec<(String, Option<String>)>> {
        let fields = &self.law.groups.fields;
        let columns = match self.law.groups.decode(keys.iter().copied()) {
            Ok(columns) => columns,
            // The law is broken all the same: say so, with the reason in place of the values.
            Err(cause) => return vec![vec![("group".to_owned(), Some(cause.to_string()))]; keys.len()],
        };
        let value = |column: &Arc<dyn Array>, row: usize| {
            let shown = |formatter: ArrayFormatter<'_>| formatter.value(row).to_string();
            let formatted = || ArrayFormatter::try_new(column, &FormatOptions::new()).map(shown);
            column.is_valid(row).then(|| formatted().unwrap_or_else(|cause| cause.to_string()))
        };
        (0..keys.len())
            .map(|row| {
                fields.iter().zip(&columns).map(|(field, column)| (field.name().clone(), value(column, row))).collect()
            })
            .collect()
    }
}

/// A law that does not hold in one group. `Display` says which, where and by how much; the table is known to the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenLaw {
    /// Name of the law.
    pub law: String,
    /// The columns of `by` with the values of the group; none for null.
    pub group: Vec<(String, Option<String>)>,
    /// Sum over the rows of the source, a decimal number.
    pub entered: String,
    /// Sum over the rows of the gold table, a decimal number.
    pub left: String,
}

impl fmt::Display for BrokenLaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not conserved", self.law)?;
        for (position, (column, value)) in self.group.iter().enumerate() {
            let joint = if position == 0 { " where" } else { " and" };
            match value {
                Some(value) => write!(f, "{joint} `{column}` is '{value}'")?,
                None => write!(f, "{joint} `{column}` is null")?,
            }
        }
        write!(f, ": {} went in from the source, {} came out in the gold rows", self.entered, self.left)
    }
}

impl std::error::Error for BrokenLaw {}
