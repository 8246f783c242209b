//! What happens to a file that loses rows: it is rewritten without them, or gets a deletion vector.

use deltalake::kernel::Add;
use object_store::path::Path;

use super::decisions::Examined;
use super::probe::{Probe, Verdicts};
use crate::error::Result;
use crate::vector::DeadRows;

/// Copying this many bytes of a data file costs about as much as the vector costs the readers of the next days: a request more for
/// each of them, and a table that only software with deletion vectors can read.
const CHEAP_COPY: f64 = 4.0 * 1024.0 * 1024.0;
/// From this share of deleted rows on a file is rewritten, so that readers do not decode rows in vain for ever.
const MOST_DEAD: f64 = 0.2;

/// How an [`upsert`](super::upsert) deletes rows of existing files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum WriteMode {
    /// By cost, file by file: a file is rewritten when few bytes have to be copied (4 MiB) or many of its rows are deleted (a
    /// fifth), else it gets a deletion vector.
    #[default]
    Auto,
    /// By deletion vectors; a file goes when no row is left. Writes the least, readers pay for it.
    MergeOnRead,
    /// By rewriting files. For readers that do not know deletion vectors.
    CopyOnWrite,
}

/// What happens to one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It goes; rows that stay are copied.
    Rewritten,
    /// It stays, and a deletion vector hides rows.
    Masked,
}

impl WriteMode {
    /// What happens to a file of so many bytes.
    pub(super) fn fate(self, bytes: u64, verdicts: &Verdicts) -> Fate {
        let dead_rows = verdicts.dead + verdicts.dropped.len();
        if dead_rows >= verdicts.rows {
            return Fate::Rewritten;
        }
        let dead = dead_rows as f64 / verdicts.rows as f64;
        let is_masked = match self {
            Self::MergeOnRead => true,
            Self::CopyOnWrite => false,
            Self::Auto => dead < MOST_DEAD && bytes as f64 * (1.0 - dead) > CHEAP_COPY,
        };
        if is_masked { Fate::Masked } else { Fate::Rewritten }
    }
}

/// Files with new deletion vectors.
#[derive(Clone, Default)]
pub(super) struct Masks {
    pub(super) files: Vec<Add>,
    /// The file that holds the vectors, if any.
    pub(super) vectors: Option<Path>,
}

impl Masks {
    /// Writes the vectors of files that lose rows.
    pub(super) async fn store(probe: &Probe, changed: &[&Examined]) -> Result<Self> {
        let vectors: Vec<DeadRows> = changed
            .iter()
            .map(|Examined { file, verdicts, .. }| match &file.dead {
                Some(dead) => dead.with(&verdicts.dropped),
                None => DeadRows::default().with(&verdicts.dropped),
            })
            .collect();
        let (descriptors, path) = DeadRows::store(&probe.store, &probe.table, &vectors).await?;
        let files = changed.iter().zip(descriptors).map(|(examined, vector)| examined.file.masked(vector)).collect();
        Ok(Self { files, vectors: path })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of 1000 rows, some of which were deleted before and some of which go now.
    fn loses(dead: usize, dropped: usize) -> Verdicts {
        Verdicts { rows: 1_000, dead, dropped: (0..dropped).collect(), ..Verdicts::default() }
    }

    #[test]
    fn the_cheaper_way_is_taken_unless_the_mode_says_otherwise() {
        const MIB: u64 = 1024 * 1024;
        for (mode, bytes, verdicts, expected) in [
            (WriteMode::Auto, 100 * MIB, loses(0, 1), Fate::Masked),
            (WriteMode::Auto, 4 * MIB, loses(0, 1), Fate::Rewritten),
            (WriteMode::Auto, 100 * MIB, loses(0, 199), Fate::Masked),
            (WriteMode::Auto, 100 * MIB, loses(199, 1), Fate::Rewritten),
            (WriteMode::MergeOnRead, MIB, loses(500, 1), Fate::Masked),
            (WriteMode::MergeOnRead, MIB, loses(500, 500), Fate::Rewritten),
            (WriteMode::CopyOnWrite, 100 * MIB, loses(0, 1), Fate::Rewritten),
        ] {
            assert_eq!(mode.fate(bytes, &verdicts), expected, "{mode:?} {bytes}");
        }
    }
}
