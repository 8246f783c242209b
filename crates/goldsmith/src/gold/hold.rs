//! Rows that are held in memory together, as many as the share of a table allows.

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use goldsmith_query::memory::{batch_bytes, concat_owned};
use goldsmith_query::order::{KeyHasher, Part};

use crate::error::Result;
use crate::memory::Share;

/// All rows of the keys of one part, collected while the rows of a table stream by.
///
/// When they get too many, the part is halved, as often as it takes: the rows of the other half are dropped, and have to be read
/// again. Reading again, and not spilling, since what is read again has been written already, in a form that is a tenth as
/// large, and a probe decodes just the keys of the rows that are not wanted; no machine needs a disk of its own.
pub(crate) struct Held<'a> {
    share: &'a Share,
    hasher: KeyHasher,
    key: Vec<String>,
    part: Part,
    left: Vec<Part>,
    most_rows: usize,
    batches: Vec<RecordBatch>,
    rows: usize,
    bytes: u64,
}

impl<'a> Held<'a> {
    /// Holds the rows of the keys of `part`: so many rows at most, and no more bytes than the share has for rows.
    pub(crate) fn new(share: &'a Share, key: &[String], part: Part, most_rows: usize) -> Self {
        let (hasher, key) = (KeyHasher::default(), key.to_vec());
        Self { share, hasher, key, part, left: Vec::new(), most_rows, batches: Vec::new(), rows: 0, bytes: 0 }
    }

    /// Adds those rows of a batch that belong to the part.
    pub(crate) fn push(&mut self, batch: RecordBatch) -> Result<()> {
        self.add(in_part(&self.hasher, &self.key, self.part, batch)?);
        while self.is_too_much() {
            let Some([kept, left]) = self.part.halves() else { break };
            self.part = kept;
            self.left.push(left);
            self.rows = 0;
            self.bytes = 0;
            for batch in std::mem::take(&mut self.batches) {
                self.add(in_part(&self.hasher, &self.key, kept, batch)?);
            }
        }
        Ok(())
    }

    /// The rows as one batch, and the parts that were given up. No batch when there are no rows.
    pub(crate) fn finish(self) -> Result<(Option<RecordBatch>, Vec<Part>)> {
        let rows = match self.batches.first().map(RecordBatch::schema) {
            Some(schema) => Some(concat_owned(&schema, self.batches)?),
            None => None,
        };
        Ok((rows, self.left))
    }

    fn add(&mut self, batch: RecordBatch) {
        if batch.num_rows() > 0 {
            self.rows += batch.num_rows();
            self.bytes += batch_bytes(&batch);
            self.batches.push(batch);
        }
    }

    fn is_too_much(&self) -> bool {
        if self.bytes > self.share.rows() {
            self.share.grow();
        }
        self.rows > self.most_rows || self.bytes > self.share.rows()
    }
}

/// The rows of a batch whose key belongs to a part.
fn in_part(hasher: &KeyHasher, key: &[String], part: Part, batch: RecordBatch) -> Result<RecordBatch> {
    if part.is_all() {
        return Ok(batch);
    }
    let mask: BooleanArray = hasher.hash(&batch, key)?.into_iter().map(|hash| Some(part.has(hash))).collect();
    Ok(filter_record_batch(&batch, &mask)?)
}

/// A batch in pieces of no more bytes than the share has for rows, each with one row at least. Nothing is copied.
pub(crate) fn pieces(batch: &RecordBatch, share: &Share) -> impl Iterator<Item = RecordBatch> {
    let (rows, bytes) = (batch.num_rows(), batch_bytes(batch));
    let pieces = usize::try_from(bytes.div_ceil(share.rows())).unwrap_or(usize::MAX).clamp(1, rows.max(1));
    let length = rows.div_ceil(pieces).max(1);
    (0..rows).step_by(length).map(move |start| batch.slice(start, length.min(rows - start)))
}

/// Rows that wait to be worked on together.
#[derive(Default)]
pub(crate) struct Pending {
    batches: Vec<RecordBatch>,
    rows: usize,
    bytes: u64,
}

impl Pending {
    /// Adds a batch. Returns whether that is enough: so many rows, or all bytes that the share has for rows.
    pub(crate) fn push(&mut self, batch: RecordBatch, most_rows: usize, share: &Share) -> bool {
        self.rows += batch.num_rows();
        self.bytes += batch_bytes(&batch);
        self.batches.push(batch);
        if self.bytes >= share.rows() {
            share.grow();
        }
        self.rows >= most_rows || self.bytes >= share.rows()
    }

    /// Takes the rows out, as one batch; none when there is no row.
    pub(crate) fn take(&mut self) -> Result<Option<RecordBatch>> {
        let pending = std::mem::take(self);
        let Some(schema) = pending.batches.first().map(RecordBatch::schema) else {
            return Ok(None);
        };
        Ok(Some(concat_owned(&schema, pending.batches)?).filter(|rows| rows.num_rows() > 0))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use arrow::array::{ArrayRef, AsArray, Int64Array};
    use arrow::datatypes::Int64Type;

    use super::*;
    use crate::memory::Budget;

    /// Leases of all there is, so that none of them can grow.
    fn leases(share: u64) -> Vec<Share> {
        let budget = Budget::of_shares(share);
        let slots = budget.slots(usize::MAX);
        (0..slots).map(|_| budget.lease(slots)).collect()
    }

    fn rows(keys: impl Iterator<Item = i64>) -> RecordBatch {
        let keys: ArrayRef = Arc::new(Int64Array::from_iter_values(keys));
        RecordBatch::try_from_iter([("k", keys.clone()), ("v", keys)]).unwrap()
    }

    fn keys(batch: &RecordBatch) -> Vec<i64> {
        batch.column(0).as_primitive::<Int64Type>().values().to_vec()
    }

    /// Reads all rows as often as it takes; returns the keys of each pass.
    fn passes(table: &[RecordBatch], share: &Share, most_rows: usize) -> Vec<Vec<i64>> {
        let (mut waiting, mut passes) = (vec![Part::ALL], Vec::new());
        while let Some(part) = waiting.pop() {
            let mut held = Held::new(share, &["k".to_owned()], part, most_rows);
            for batch in table {
                held.push(batch.clone()).unwrap();
            }
            let (rows, left) = held.finish().unwrap();
            waiting.extend(left);
            passes.extend(rows.map(|rows| keys(&rows)));
        }
        passes
    }

    #[test]
    fn every_key_is_held_whole_in_one_pass_and_no_pass_holds_too_much() {
        // Every key three times, far apart.
        let table: Vec<RecordBatch> =
            (0..3).flat_map(|_| (0..10).map(|part| rows(part * 100..part * 100 + 100))).collect();
        let leases = leases(6 * 4_800);
        let passes = passes(&table, &leases[0], usize::MAX);
        // 16 bytes each of 3 000 rows come to ten times what fits.
        assert!(passes.len() >= 10, "{}", passes.len());
        let mut seen = BTreeSet::new();
        for pass in &passes {
            let distinct: BTreeSet<i64> = pass.iter().copied().collect();
            assert_eq!(pass.len(), distinct.len() * 3);
            assert!(distinct.iter().all(|key| seen.insert(*key)));
        }
        assert_eq!(seen.len(), 1_000);
    }

    #[test]
    fn rows_bound_a_pass_as_well_and_what_fits_takes_one() {
        let table = [rows(0..1_000)];
        let leases = leases(1 << 20);
        assert_eq!(passes(&table, &leases[0], 1_000).len(), 1);
        let several = passes(&table, &leases[0], 300);
        assert!(several.len() >= 4 && several.iter().all(|pass| pass.len() <= 300), "{}", several.len());
    }

    #[test]
    fn one_key_with_too_many_rows_is_held_all_the_same() {
        let table = vec![rows(std::iter::repeat_n(7, 500)); 4];
        let leases = leases(6 * 100);
        let passes = passes(&table, &leases[0], usize::MAX);
        assert_eq!(passes.iter().map(Vec::len).collect::<Vec<_>>(), [2_000]);
    }

    #[test]
    fn a_batch_is_cut_into_pieces_that_fit() {
        let leases = leases(6 * 160);
        let pieces = |rows: &RecordBatch| -> Vec<usize> {
            super::pieces(rows, &leases[0]).map(|piece| piece.num_rows()).collect()
        };
        assert_eq!(pieces(&rows(0..25)), [9, 9, 7], "400 bytes take three pieces of 160");
        assert_eq!(pieces(&rows(0..10)), [10]);
        assert!(pieces(&rows(0..0)).is_empty());
        let cut: Vec<RecordBatch> = super::pieces(&rows(0..25), &leases[0]).collect();
        assert_eq!(cut.iter().flat_map(keys).collect::<Vec<_>>(), (0..25).collect::<Vec<_>>());
    }

    #[test]
    fn pending_rows_are_enough_by_number_or_by_bytes() {
        let leases = leases(6 * 1_600);
        let share = &leases[0];
        let mut pending = Pending::default();
        assert!(!pending.push(rows(0..10), 100, share));
        assert!(pending.push(rows(10..100), 100, share));
        assert_eq!(keys(&pending.take().unwrap().unwrap()), (0..100).collect::<Vec<_>>());
        assert!(pending.take().unwrap().is_none());
        let mut batches = 1;
        while !pending.push(rows(0..10), usize::MAX, share) {
            batches += 1;
        }
        assert_eq!(batches, 10, "160 bytes each");
    }
}
