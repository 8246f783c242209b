//! What happens to a file that loses rows: it is rewritten without them, or gets a deletion vector.

use std::fmt;

use arrow::datatypes::Schema;
use deltalake::kernel::Add;
use object_store::path::Path;
use serde_json::Value;

use super::decisions::Examined;
use super::probe::{Probe, Verdicts};
use crate::error::Result;
use crate::statistics::drop_inexact_bounds;
use crate::table::Table;
use crate::vector::DeadRows;

/// Copying this many bytes of a data file costs about as much as the vector costs the readers of the next days: a request more for
/// each of them, and a table that only software with deletion vectors can read.
const CHEAP_COPY: f64 = 2.0 * 1024.0 * 1024.0;
/// From this share of deleted rows on a file is rewritten, so that readers do not decode rows in vain for ever.
const MOST_DEAD: f64 = 0.2;

/// How an [`upsert`](super::upsert) deletes rows of existing files. Files of a table of which the property
/// `delta.enableDeletionVectors` is `false` are rewritten in any mode.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum WriteMode {
    /// By cost, file by file: a file is rewritten when few bytes have to be copied (2 MiB) or many of its rows are deleted (a
    /// fifth), else it gets a deletion vector.
    #[default]
    Auto,
    /// By deletion vectors; a file goes when no row is left. Writes the least, readers pay for it.
    MergeOnRead,
    /// By rewriting files. For readers that do not know deletion vectors.
    CopyOnWrite,
}

/// What happens to a file that loses rows, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It goes: no row is left.
    Emptied,
    /// It is rewritten: what stays is cheap to copy.
    SmallCopy,
    /// It is rewritten: too many of its rows would be dead.
    ManyDead,
    /// It is rewritten, as [`WriteMode::CopyOnWrite`] or the table wants.
    CopiedAlways,
    /// It stays, and a deletion vector hides rows: copying the others would cost more.
    MaskedByCost,
    /// It stays, and a deletion vector hides rows, as [`WriteMode::MergeOnRead`] wants.
    MaskedAlways,
}

impl Fate {
    pub(super) fn is_masked(self) -> bool {
        matches!(self, Self::MaskedByCost | Self::MaskedAlways)
    }
}

impl WriteMode {
    /// The mode in which a table is written, which may want no deletion vectors.
    pub(super) fn of(self, table: &Table) -> Result<Self> {
        if self == Self::CopyOnWrite || !table.refuses_vectors()? {
            return Ok(self);
        }
        if self == Self::MergeOnRead {
            tracing::warn!(
                table = %table.location,
                "files are rewritten although `merge_on_read` is asked for: `delta.enableDeletionVectors` of the table is false"
            );
        }
        Ok(Self::CopyOnWrite)
    }

    /// What happens to a file of so many bytes.
    pub(super) fn fate(self, bytes: u64, verdicts: &Verdicts) -> Fate {
        let dead_rows = verdicts.dead + verdicts.dropped.len();
        if dead_rows >= verdicts.rows {
            return Fate::Emptied;
        }
        let dead = dead_rows as f64 / verdicts.rows as f64;
        match self {
            Self::MergeOnRead => Fate::MaskedAlways,
            Self::CopyOnWrite => Fate::CopiedAlways,
            Self::Auto if dead >= MOST_DEAD => Fate::ManyDead,
            Self::Auto if bytes as f64 * (1.0 - dead) <= CHEAP_COPY => Fate::SmallCopy,
            Self::Auto => Fate::MaskedByCost,
        }
    }
}

/// What became of the files that lost rows, by reason. As text it tells the rule with the numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FileFates {
    /// Files that went because no row was left; nothing of them was copied.
    pub emptied: usize,
    /// Files that were rewritten because what stays of them is at most 2 MiB.
    pub small_copies: usize,
    /// Files that were rewritten because at least a fifth of their rows would be deleted ones.
    pub many_dead: usize,
    /// Files that were rewritten because [`WriteMode::CopyOnWrite`] was asked for, or the table wants no deletion vectors.
    pub copied_always: usize,
    /// Files that got a deletion vector because copying what stays would cost more.
    pub masked_by_cost: usize,
    /// Files that got a deletion vector because [`WriteMode::MergeOnRead`] was asked for.
    pub masked_always: usize,
}

impl FileFates {
    /// Counts fates.
    pub(crate) fn of(fates: impl IntoIterator<Item = Fate>) -> Self {
        let mut counts = Self::default();
        for fate in fates {
            *match fate {
                Fate::Emptied => &mut counts.emptied,
                Fate::SmallCopy => &mut counts.small_copies,
                Fate::ManyDead => &mut counts.many_dead,
                Fate::CopiedAlways => &mut counts.copied_always,
                Fate::MaskedByCost => &mut counts.masked_by_cost,
                Fate::MaskedAlways => &mut counts.masked_always,
            } += 1;
        }
        counts
    }

    /// The counts for the table's history, each of them, under names like those of other engines.
    pub(crate) fn metrics(self) -> impl Iterator<Item = (String, Value)> {
        [
            ("numTargetFilesEmptied", self.emptied),
            ("numTargetFilesRewrittenAsSmall", self.small_copies),
            ("numTargetFilesRewrittenAsManyDeleted", self.many_dead),
            ("numTargetFilesRewrittenAlways", self.copied_always),
            ("numTargetFilesMaskedByCost", self.masked_by_cost),
            ("numTargetFilesMaskedAlways", self.masked_always),
        ]
        .into_iter()
        .map(|(name, files)| (name.to_owned(), Value::from(files)))
    }
}

impl fmt::Display for FileFates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told = [
            (self.emptied, "removed, as no row is left"),
            (self.small_copies, "rewritten, as at most 2 MiB have to be copied"),
            (self.many_dead, "rewritten, as a fifth of the rows or more would be deleted ones"),
            (self.copied_always, "rewritten, as `copy_on_write` or the table wants"),
            (self.masked_by_cost, "masked by a deletion vector, which costs less than copying"),
            (self.masked_always, "masked by a deletion vector, as `merge_on_read` wants"),
        ];
        let mut first = true;
        for (files, what) in told.into_iter().filter(|(files, _)| *files > 0) {
            let separator = if first { "" } else { "; " };
            write!(f, "{separator}{files} {} {what}", if files == 1 { "file" } else { "files" })?;
            first = false;
        }
        if first { f.write_str("no file lost a row") } else { Ok(()) }
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
    /// Writes the vectors of files that lose rows, of a table with these columns.
    pub(super) async fn store(probe: &Probe, changed: &[&Examined], schema: &Schema) -> Result<Self> {
        let vectors: Vec<DeadRows> = changed
            .iter()
            .map(|Examined { file, verdicts, .. }| match &file.dead {
                Some(dead) => dead.with(&verdicts.dropped),
                None => DeadRows::default().with(&verdicts.dropped),
            })
            .collect();
        let (descriptors, path) = DeadRows::store(&probe.store, &probe.table, &vectors).await?;
        let mut files: Vec<Add> = changed
            .iter()
            .zip(descriptors)
            .map(|(examined, vector)| examined.file.masked(vector, examined.verdicts.rows))
            .collect();
        // Others may have written such bounds.
        for add in &mut files {
            drop_inexact_bounds(add, schema.fields());
        }
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
            (WriteMode::Auto, 100 * MIB, loses(0, 1), Fate::MaskedByCost),
            (WriteMode::Auto, 2 * MIB, loses(0, 1), Fate::SmallCopy),
            (WriteMode::Auto, 100 * MIB, loses(0, 199), Fate::MaskedByCost),
            (WriteMode::Auto, 100 * MIB, loses(199, 1), Fate::ManyDead),
            (WriteMode::Auto, 100 * MIB, loses(999, 1), Fate::Emptied),
            (WriteMode::MergeOnRead, MIB, loses(500, 1), Fate::MaskedAlways),
            (WriteMode::MergeOnRead, MIB, loses(500, 500), Fate::Emptied),
            (WriteMode::CopyOnWrite, 100 * MIB, loses(0, 1), Fate::CopiedAlways),
        ] {
            assert_eq!(mode.fate(bytes, &verdicts), expected, "{mode:?} {bytes}");
        }
    }

    #[test]
    fn the_rule_is_told_with_its_numbers() {
        let fates = FileFates::of([Fate::MaskedByCost, Fate::SmallCopy, Fate::MaskedByCost]);
        assert_eq!(
            fates.to_string(),
            "1 file rewritten, as at most 2 MiB have to be copied; 2 files masked by a deletion vector, which costs less than copying"
        );
        assert_eq!(FileFates::default().to_string(), "no file lost a row");
    }
}
