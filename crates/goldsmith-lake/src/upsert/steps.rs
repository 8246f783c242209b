//! Which columns of a file are compared first.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::rows::NewRows;
use crate::parquet_file::OpenFile;

/// Below so many bytes of compared columns, a second request costs more than reading them all.
const WORTH_A_STEP: u64 = 1024 * 1024;
/// The first columns take at most this part of the bytes of all.
const FIRST_PART: u64 = 8;
/// After so many rows it is known whether the first step tells something.
const TELLING: usize = 64;

/// Splits the comparison of rows in two: one change of a row usually shows in a column that is cheap to read (a state, a version, a
/// foreign key), and then the others need not be read. What one file shows is used for the next ones.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    looked: AtomicUsize,
    told: AtomicUsize,
}

impl Steps {
    /// The compared columns that are read first, and those that follow; none when all are to be read at once.
    pub(super) fn split(&self, new_rows: &NewRows, file: &OpenFile) -> Option<(Vec<String>, Vec<String>)> {
        // Which of two different rows is preferred is told by all of their columns.
        if new_rows.has_preference() || !self.pays() {
            return None;
        }
        let sizes = new_rows.compared().iter().map(|column| (column, file.compressed_size(column)));
        cheapest(sizes.collect())
    }

    /// Keeps in mind how many of the rows were still equal after the first step.
    pub(super) fn learn(&self, looked: usize, still_equal: usize) {
        self.looked.fetch_add(looked, Ordering::Relaxed);
        self.told.fetch_add(looked - still_equal, Ordering::Relaxed);
    }

    /// Whether the first step tells apart at least half of the rows, as far as is known.
    fn pays(&self) -> bool {
        let looked = self.looked.load(Ordering::Relaxed);
        looked < TELLING || self.told.load(Ordering::Relaxed) >= looked / 2
    }
}

/// The cheap columns and the others, each in the order of the table.
fn cheapest(sizes: Vec<(&String, u64)>) -> Option<(Vec<String>, Vec<String>)> {
    let total: u64 = sizes.iter().map(|(_, size)| size).sum();
    if total < WORTH_A_STEP {
        return None;
    }
    let mut ascending: Vec<u64> = sizes.iter().map(|(_, size)| *size).collect();
    ascending.sort_unstable();
    let mut taken = 0;
    let most = ascending.into_iter().take_while(|size| {
        taken += size;
        taken <= total / FIRST_PART
    });
    let most = most.last()?;
    // Of columns of one size all are taken, or none.
    let (first, rest): (Vec<_>, Vec<_>) = sizes.into_iter().partition(|(_, size)| *size <= most);
    let names = |columns: Vec<(&String, u64)>| columns.into_iter().map(|(name, _)| name.clone()).collect();
    Some((names(first), names(rest)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn split(sizes: &[(&str, u64)]) -> Option<(Vec<String>, Vec<String>)> {
        let names: Vec<(String, u64)> = sizes.iter().map(|(name, size)| ((*name).to_owned(), *size)).collect();
        cheapest(names.iter().map(|(name, size)| (name, *size)).collect())
    }

    #[test]
    fn cheap_columns_come_first() {
        const MIB: u64 = 1024 * 1024;
        let (first, rest) = split(&[("id", 5 * MIB), ("state", 10), ("text", 3 * MIB), ("kind", 7)]).unwrap();
        assert_eq!((first, rest), (vec!["state".to_owned(), "kind".into()], vec!["id".to_owned(), "text".into()]));
        assert_eq!(split(&[("id", MIB), ("text", MIB)]), None, "nothing is cheap");
        assert_eq!(split(&[("id", 100), ("state", 10)]), None, "not worth it");
    }

    #[test]
    fn a_first_step_that_tells_nothing_is_left_out() {
        let steps = Steps::default();
        steps.learn(TELLING - 1, TELLING - 1);
        assert!(steps.pays(), "too few rows to tell");
        steps.learn(1, 1);
        assert!(!steps.pays());
        steps.learn(TELLING, 0);
        assert!(steps.pays(), "half of the rows");
    }
}
