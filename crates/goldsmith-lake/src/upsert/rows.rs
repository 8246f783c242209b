//! The new rows of an upsert, found by key.

use std::sync::atomic::{AtomicU32, Ordering};

use arrow::array::{Array, BooleanArray, RecordBatch, UInt64Array};
use arrow::buffer::BooleanBuffer;
use arrow::compute::{filter_record_batch, interleave, interleave_record_batch, take_record_batch};
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::common::HashSet;

use super::compare::equal_rows;
use super::keys::KeyIndex;
use super::request::Preference;
use crate::error::{LakeError, Result};

const UNSEEN: u32 = 0;
const UNCHANGED: u32 = 1;
const REPLACES: u32 = 2;
const OUTRANKED: u32 = 3;
/// What became known about a row stands in so many bits, above them the number of the file in which its key was found.
const STATE_BITS: u32 = 2;
const STATE: u32 = (1 << STATE_BITS) - 1;

/// What the row in the table is, compared with the new rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// No new row has its key.
    NotAmongNewRows,
    /// The new row of its key is equal.
    Equal,
    /// The new row of its key differs, and replaces it.
    Differs,
    /// The new row of its key differs, and loses against it.
    Outranks,
    /// Another row of the table with the same key came before.
    Duplicate,
}

/// New rows, with what became known about each of them. Shared by the tasks that read the table.
pub(crate) struct NewRows {
    batches: Vec<RecordBatch>,
    /// First row number of each batch.
    starts: Vec<usize>,
    /// The key of each row, by the number of the row over all batches.
    keys: KeyIndex,
    /// Touched groups that `keys` does not tell.
    groups: KeyIndex,
    /// Touched groups that no row belongs to.
    extra_groups: Vec<RecordBatch>,
    /// Whether `keys` and `groups` are there.
    is_indexed: bool,
    /// Whether groups and keys are the same, so that `keys` tells most of what is touched.
    group_is_key: bool,
    /// For each row, what the row of its key in the table is, and in which file that was found.
    states: Vec<AtomicU32>,
    compared: Vec<String>,
    preference: Option<Preference>,
}

/// The columns that identify and compare rows.
pub(crate) struct Columns<'a> {
    pub(crate) key: &'a [String],
    pub(crate) group: &'a [String],
    pub(crate) compared: &'a [String],
}

impl NewRows {
    pub(crate) fn new(
        table: &str,
        schema: &SchemaRef,
        columns: &Columns<'_>,
        batches: Vec<RecordBatch>,
        extra_groups: &[RecordBatch],
        preference: Option<&Preference>,
    ) -> Result<Self> {
        let fail = |error: ArrowError| LakeError::arrow(table, error);
        let mut starts = Vec::with_capacity(batches.len());
        let mut rows = 0;
        for batch in &batches {
            starts.push(rows);
            rows += batch.num_rows();
        }
        let mut new_rows = Self {
            states: (0..rows).map(|_| AtomicU32::new(UNSEEN)).collect(),
            batches,
            starts,
            keys: KeyIndex::new(schema, columns.key).map_err(fail)?,
            groups: KeyIndex::new(schema, columns.group).map_err(fail)?,
            extra_groups: extra_groups.to_vec(),
            is_indexed: false,
            group_is_key: columns.group == columns.key,
            compared: columns.compared.to_vec(),
            preference: preference.cloned(),
        };
        match new_rows.index().map_err(fail)? {
            None => Ok(new_rows),
            Some((batch, row)) => {
                let key = describe_key(&batch, columns.key, row);
                Err(LakeError::DuplicateKey { table: table.to_owned(), key })
            }
        }
    }

    /// Makes rows and groups findable. Returns the first row that has the key of another one, if there is one.
    fn index(&mut self) -> std::result::Result<Option<(RecordBatch, usize)>, ArrowError> {
        for batch in &self.batches {
            if let Some(row) = self.keys.insert(batch)?.first() {
                return Ok(Some((batch.clone(), *row)));
            }
            if !self.group_is_key {
                self.groups.insert(batch)?;
            }
        }
        for batch in &self.extra_groups {
            self.groups.insert(batch)?;
        }
        self.is_indexed = true;
        Ok(None)
    }

    /// Frees what finds rows, which takes about as much as their keys, until [`Self::recall`].
    pub(super) fn release(&mut self) {
        self.keys.clear();
        self.groups.clear();
        self.is_indexed = false;
    }

    /// Whether rows can be found.
    pub(super) fn is_indexed(&self) -> bool {
        self.is_indexed
    }

    /// Makes rows and groups findable again, with the numbers that they had.
    pub(super) fn recall(&mut self) -> std::result::Result<(), ArrowError> {
        self.release();
        self.index().map(|_| ())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.states.is_empty() && self.extra_groups.iter().all(|groups| groups.num_rows() == 0)
    }

    /// Whether there are rows, and not just groups that are touched.
    pub(super) fn has_rows(&self) -> bool {
        self.keys.len() > 0
    }

    /// Columns that make a row different.
    pub(super) fn compared(&self) -> &[String] {
        &self.compared
    }

    /// Whether rows of the table may be preferred to new ones, which is told by all of their columns.
    pub(super) fn has_preference(&self) -> bool {
        self.preference.is_some()
    }

    /// Whether the group columns tell the key.
    pub(super) fn group_is_key(&self) -> bool {
        self.group_is_key
    }

    /// For each row of a batch with the group columns, whether its group is touched.
    pub(crate) fn touches(&self, batch: &RecordBatch) -> std::result::Result<Vec<bool>, ArrowError> {
        Ok(self.touched(batch)?.into_iter().map(|touched| touched.is_some()).collect())
    }

    /// For each row of a batch with the group columns: nothing when its group is not touched; else the number of the new row of its
    /// key, as far as the group columns tell.
    pub(super) fn touched(&self, batch: &RecordBatch) -> std::result::Result<Vec<Option<Option<usize>>>, ArrowError> {
        let mut touched = vec![None; batch.num_rows()];
        if self.groups.len() > 0 {
            for (touched, group) in touched.iter_mut().zip(self.groups.find(batch)?) {
                *touched = group.map(|_| None);
            }
        }
        if self.group_is_key {
            for (touched, number) in touched.iter_mut().zip(self.keys.find(batch)?) {
                if number.is_some() {
                    *touched = Some(number);
                }
            }
        }
        Ok(touched)
    }

    /// For each row of a batch with the key columns, the number of the new row of its key.
    pub(super) fn numbers(&self, batch: &RecordBatch) -> std::result::Result<Vec<Option<usize>>, ArrowError> {
        self.keys.find(batch)
    }

    /// For each row of a batch, whether these columns are as in the new row of its number; false without one.
    pub(super) fn equal(
        &self,
        batch: &RecordBatch,
        numbers: &[Option<usize>],
        columns: &[String],
    ) -> std::result::Result<BooleanBuffer, ArrowError> {
        let is_known = BooleanBuffer::collect_bool(numbers.len(), |row| numbers[row].is_some());
        let places: Vec<(usize, usize)> =
            numbers.iter().filter_map(|number| number.and_then(|number| self.place(number))).collect();
        if places.is_empty() {
            return Ok(is_known);
        }
        let new = |name: &str| {
            let arrays = self.batches.iter().map(|batch| Ok(batch.column(batch.schema_ref().index_of(name)?).as_ref()));
            interleave(&arrays.collect::<std::result::Result<Vec<&dyn Array>, ArrowError>>()?, &places)
        };
        if places.len() == numbers.len() {
            return equal_rows(batch, new, columns);
        }
        let known = filter_record_batch(batch, &BooleanArray::new(is_known.clone(), None))?;
        let equal = equal_rows(&known, new, columns)?;
        let mut among_known = equal.iter();
        Ok(is_known.iter().map(|is_known| is_known && among_known.next() == Some(true)).collect())
    }

    /// Judges rows of a file that belong to touched groups, by a batch with key, compared and preferred columns.
    pub(crate) fn judge(&self, batch: &RecordBatch, file: u32) -> std::result::Result<Vec<Verdict>, ArrowError> {
        let numbers = self.numbers(batch)?;
        let equal = self.equal(batch, &numbers, &self.compared)?;
        let staying = self.staying(batch, &numbers, &equal)?;
        Ok(numbers
            .iter()
            .enumerate()
            .map(|(row, number)| {
                let Some(number) = number else { return Verdict::NotAmongNewRows };
                if equal.value(row) {
                    self.settle(*number, Verdict::Equal, file)
                } else if staying.contains(&row) {
                    self.settle(*number, Verdict::Outranks, file)
                } else {
                    self.settle(*number, Verdict::Differs, file)
                }
            })
            .collect())
    }

    /// Keeps in mind what the row of a file with the key of a new row is, unless there was one before.
    pub(super) fn settle(&self, number: usize, verdict: Verdict, file: u32) -> Verdict {
        let state = match verdict {
            Verdict::Equal => UNCHANGED,
            Verdict::Differs => REPLACES,
            Verdict::Outranks => OUTRANKED,
            Verdict::NotAmongNewRows | Verdict::Duplicate => return verdict,
        };
        let found = file << STATE_BITS | state;
        let is_first = self
            .states
            .get(number)
            .is_some_and(|known| known.compare_exchange(UNSEEN, found, Ordering::Relaxed, Ordering::Relaxed).is_ok());
        if is_first { verdict } else { Verdict::Duplicate }
    }

    /// Forgets what was found in these files.
    pub(super) fn forget(&self, files: &HashSet<u32>) {
        for state in &self.states {
            let found = state.load(Ordering::Relaxed);
            if found != UNSEEN && files.contains(&(found >> STATE_BITS)) {
                state.store(UNSEEN, Ordering::Relaxed);
            }
        }
    }

    /// Rows of `batch` that differ from the new row of their key and are preferred to it.
    fn staying(
        &self,
        batch: &RecordBatch,
        numbers: &[Option<usize>],
        equal: &BooleanBuffer,
    ) -> std::result::Result<HashSet<usize>, ArrowError> {
        let Some(preference) = &self.preference else {
            return Ok(HashSet::new());
        };
        let contested: Vec<(usize, usize)> = numbers
            .iter()
            .enumerate()
            .filter_map(|(row, number)| number.map(|number| (row, number)))
            .filter(|(row, _)| !equal.value(*row))
            .collect();
        if contested.is_empty() {
            return Ok(HashSet::new());
        }
        let rows: UInt64Array = contested.iter().map(|(row, _)| *row as u64).collect();
        let held = take_record_batch(batch, &rows)?;
        let places: Vec<(usize, usize)> = contested.iter().filter_map(|(_, number)| self.place(*number)).collect();
        let batches: Vec<&RecordBatch> = self.batches.iter().collect();
        let new = interleave_record_batch(&batches, &places)?;
        let stays = (preference.held_stays)(&held, &new)?;
        Ok(contested
            .iter()
            .zip(stays.iter())
            .filter(|(_, stays)| *stays == Some(true))
            .map(|((row, _), _)| *row)
            .collect())
    }

    /// Batch and row of a new row.
    fn place(&self, number: usize) -> Option<(usize, usize)> {
        let batch = self.starts.partition_point(|start| *start <= number).checked_sub(1)?;
        Some((batch, number - self.starts.get(batch)?))
    }

    /// Number of new rows whose key the table did not have, number that replace one, number that are there already, number
    /// that lost.
    pub(crate) fn counts(&self) -> (u64, u64, u64, u64) {
        let mut counts = (0, 0, 0, 0);
        for state in &self.states {
            match state.load(Ordering::Relaxed) & STATE {
                UNCHANGED => counts.2 += 1,
                REPLACES => counts.1 += 1,
                OUTRANKED => counts.3 += 1,
                _ => counts.0 += 1,
            }
        }
        counts
    }

    /// For each row, whether it has to be written.
    pub(super) fn written(&self) -> BooleanBuffer {
        BooleanBuffer::collect_bool(self.states.len(), |row| self.states.get(row).is_some_and(is_written))
    }

    /// Bytes in memory, roughly.
    pub(super) fn bytes(&self) -> usize {
        let rows: usize = self.batches.iter().chain(&self.extra_groups).map(RecordBatch::get_array_memory_size).sum();
        rows + self.keys.bytes() + self.groups.bytes() + self.states.len() * size_of::<AtomicU32>()
    }

    /// The rows that have to be written.
    pub(crate) fn to_write(&self) -> impl Iterator<Item = std::result::Result<RecordBatch, ArrowError>> {
        self.batches.iter().zip(&self.starts).map(|(batch, start)| {
            let mask: BooleanArray =
                (0..batch.num_rows()).map(|row| self.states.get(start + row).map(is_written)).collect();
            filter_record_batch(batch, &mask)
        })
    }
}

/// Whether a row in this state has to be written.
fn is_written(state: &AtomicU32) -> bool {
    matches!(state.load(Ordering::Relaxed) & STATE, UNSEEN | REPLACES)
}

fn describe_key(batch: &RecordBatch, key: &[String], row: usize) -> String {
    let options = FormatOptions::default().with_null("null");
    let parts: Vec<String> = key
        .iter()
        .map(|name| {
            let value = batch
                .column_by_name(name)
                .and_then(|column| ArrayFormatter::try_new(column, &options).ok())
                .map(|formatter| formatter.value(row).to_string())
                .unwrap_or_default();
            format!("{name}={value}")
        })
        .collect();
    parts.join(", ")
}
