//! Cases, their sides, and the check that the sides agree.

use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::RecordBatch;
use tokio::runtime::Runtime;

use crate::Fingerprint;

/// The result of anything here; errors are only shown.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// What a side stands for in its case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A way of goldsmith.
    Ours,
    /// What the others are compared with.
    Reference,
}

/// One way to do the work of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Side {
    /// Unique in the case.
    pub name: &'static str,
    /// What it stands for.
    pub role: Role,
}

impl Side {
    pub(crate) const fn ours(name: &'static str) -> Self {
        Self { name, role: Role::Ours }
    }

    pub(crate) const fn reference(name: &'static str) -> Self {
        Self { name, role: Role::Reference }
    }
}

/// What cases work with: threads, and a directory for data that is worth keeping between runs.
#[derive(Debug, Clone)]
pub struct Lab {
    /// Where asynchronous work runs.
    pub runtime: Arc<Runtime>,
    /// Prepared tables, and copies of them that work changes.
    pub directory: PathBuf,
}

/// What a side ended with.
pub trait Output {
    /// The rows, in any order.
    ///
    /// # Errors
    /// They cannot be read.
    fn rows(&self) -> Result<Vec<RecordBatch>>;
}

impl Output for Vec<RecordBatch> {
    fn rows(&self) -> Result<Vec<RecordBatch>> {
        Ok(self.clone())
    }
}

/// Work that is ready to be done once.
pub type Job<'a> = Box<dyn FnOnce() -> Result<Box<dyn Output>> + 'a>;

/// The data of a case.
pub trait Work {
    /// Prepares what one side does, from the same state each time. Calling the job is what is measured.
    ///
    /// # Errors
    /// There is no such side, or something cannot be prepared.
    fn job(&self, side: &str) -> Result<Job<'_>>;
}

/// The error of a [`Work`] that is asked for a side that it does not have.
pub(crate) fn no_side<T>(side: &str) -> Result<T> {
    Err(format!("the case has no side `{side}`").into())
}

type Load = Box<dyn Fn(&Lab) -> Result<Box<dyn Work>>>;

/// One piece of work on one set of data.
pub struct Case {
    /// Cases of one kind; the first part of the name that Criterion shows.
    pub group: &'static str,
    /// Unique in the group; the last part.
    pub name: String,
    /// The data in words.
    pub title: String,
    /// Rows that go in, by which throughput is counted.
    pub rows: u64,
    /// The ways to do it.
    pub sides: &'static [Side],
    load: Load,
}

impl Case {
    pub(crate) fn new(
        group: &'static str,
        name: String,
        title: String,
        rows: u64,
        sides: &'static [Side],
        load: impl Fn(&Lab) -> Result<Box<dyn Work>> + 'static,
    ) -> Self {
        Self { group, name, title, rows, sides, load: Box::new(load) }
    }

    /// Makes the data.
    ///
    /// # Errors
    /// Data that cannot be written or read back.
    pub fn load(&self, lab: &Lab) -> Result<Box<dyn Work>> {
        (self.load)(lab)
    }

    /// Does the work on every side, and compares the rows that come out.
    ///
    /// # Errors
    /// A side fails, has no rows, or ends with other rows than the first.
    pub fn check(&self, work: &dyn Work) -> Result<()> {
        let mut expected: Option<(&str, Fingerprint)> = None;
        for side in self.sides {
            let output = work.job(side.name)?()?;
            let found = Fingerprint::of(&output.rows()?)?;
            let place = || format!("{}/{}", self.group, self.name);
            if found.rows == 0 {
                return Err(format!("{}: `{}` has no rows", place(), side.name).into());
            }
            match &expected {
                None => expected = Some((side.name, found)),
                Some((_, expected)) if *expected == found => {}
                Some((first, expected)) => {
                    let place = place();
                    return Err(format!("{place}: `{first}` has {expected:?}, `{}` has {found:?}", side.name).into());
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use arrow::array::Int64Array;

    use super::*;

    /// Yields so many rows on each side.
    struct Rows([i64; 2]);

    impl Work for Rows {
        fn job(&self, side: &str) -> Result<Job<'_>> {
            let rows = self.0[usize::from(side == "b")];
            Ok(Box::new(move || {
                let column = Arc::new(Int64Array::from_iter_values(0..rows));
                Ok(Box::new(vec![RecordBatch::try_from_iter([("a", column as _)])?]))
            }))
        }
    }

    #[test]
    fn sides_must_have_rows_and_the_same_ones() {
        const SIDES: [Side; 2] = [Side::ours("a"), Side::reference("b")];
        for (rows, is_fine) in [([3, 3], true), ([3, 4], false), ([0, 0], false)] {
            let load = move |_: &Lab| Ok(Box::new(Rows(rows)) as Box<dyn Work>);
            let case = Case::new("group", "name".to_owned(), String::new(), 3, &SIDES, load);
            assert_eq!(case.check(&Rows(rows)).is_ok(), is_fine, "{rows:?}");
        }
    }
}
