//! The new rows of an upsert, found by key.

use std::sync::atomic::{AtomicU8, Ordering};

use arrow::array::{BooleanArray, RecordBatch, UInt64Array};
use arrow::buffer::BooleanBuffer;
use arrow::compute::{filter_record_batch, interleave_record_batch, take_record_batch};
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::row::Rows;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::common::{HashMap, HashSet};

use super::Preference;
use super::encode::RowEncoder;
use crate::error::{LakeError, Result};

const UNSEEN: u8 = 0;
const UNCHANGED: u8 = 1;
const REPLACES: u8 = 2;
const OUTRANKED: u8 = 3;

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
    /// Key to the number of the row, counted over all batches.
    by_key: HashMap<Box<[u8]>, usize>,
    /// First row number of each batch.
    starts: Vec<usize>,
    values: Vec<Rows>,
    states: Vec<AtomicU8>,
    touched: HashSet<Box<[u8]>>,
    /// Hashes of all touched groups: most rows of the table are told by them, and need no encoding. None for nested groups.
    touched_hashes: Option<HashSet<u64>>,
    /// Whether groups and keys are the same, so that `by_key` also tells what is touched.
    group_is_key: bool,
    key_encoder: RowEncoder,
    value_encoder: RowEncoder,
    group_encoder: RowEncoder,
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
        let key_encoder = RowEncoder::new(schema, columns.key).map_err(fail)?;
        let value_encoder = RowEncoder::new(schema, columns.compared).map_err(fail)?;
        let group_encoder = RowEncoder::new(schema, columns.group).map_err(fail)?;
        let group_is_key = columns.group == columns.key;

        let rows = batches.iter().map(RecordBatch::num_rows).sum();
        let mut by_key = HashMap::with_capacity(rows);
        let mut starts = Vec::with_capacity(batches.len());
        let mut values = Vec::with_capacity(batches.len());
        let mut touched = HashSet::new();
        let mut touched_hashes = Some(HashSet::new());
        for batch in batches.iter().chain(extra_groups) {
            match (group_encoder.hash(batch).map_err(fail)?, &mut touched_hashes) {
                (Some(hashes), Some(known)) => known.extend(hashes),
                _ => touched_hashes = None,
            }
        }
        let mut start = 0;
        for batch in &batches {
            let keys = key_encoder.encode(batch).map_err(fail)?;
            for (row, key) in keys.iter().enumerate() {
                if by_key.insert(key.data().into(), start + row).is_some() {
                    return Err(LakeError::DuplicateKey {
                        table: table.to_owned(),
                        key: describe_key(batch, columns.key, row),
                    });
                }
            }
            if !group_is_key {
                let groups = group_encoder.encode(batch).map_err(fail)?;
                touched.extend(groups.iter().map(|group| group.data().into()));
            }
            values.push(value_encoder.encode(batch).map_err(fail)?);
            starts.push(start);
            start += batch.num_rows();
        }
        for batch in extra_groups {
            let groups = group_encoder.encode(batch).map_err(fail)?;
            touched.extend(groups.iter().map(|group| group.data().into()));
        }
        Ok(Self {
            states: (0..start).map(|_| AtomicU8::new(UNSEEN)).collect(),
            batches,
            by_key,
            starts,
            values,
            touched,
            touched_hashes,
            group_is_key,
            key_encoder,
            value_encoder,
            group_encoder,
            preference: preference.cloned(),
        })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.states.is_empty() && self.touched.is_empty()
    }

    /// For each row of a batch of the group columns, whether its group is touched.
    pub(crate) fn touches(&self, batch: &RecordBatch) -> std::result::Result<Vec<bool>, ArrowError> {
        let hashes = match &self.touched_hashes {
            Some(known) => self.group_encoder.hash(batch)?.map(|hashes| (known, hashes)),
            None => None,
        };
        let Some((known, hashes)) = hashes else { return self.touches_exactly(batch) };
        let likely = BooleanBuffer::collect_bool(hashes.len(), |row| known.contains(&hashes[row]));
        let likely = BooleanArray::new(likely, None);
        if likely.true_count() == 0 {
            return Ok(vec![false; batch.num_rows()]);
        }
        let mut among_likely = self.touches_exactly(&filter_record_batch(batch, &likely)?)?.into_iter();
        Ok(likely.values().iter().map(|likely| likely && among_likely.next() == Some(true)).collect())
    }

    fn touches_exactly(&self, batch: &RecordBatch) -> std::result::Result<Vec<bool>, ArrowError> {
        let groups = self.group_encoder.encode(batch)?;
        let is_touched =
            |group: &[u8]| self.touched.contains(group) || (self.group_is_key && self.by_key.contains_key(group));
        Ok(groups.iter().map(|group| is_touched(group.data())).collect())
    }

    /// Judges rows of the table that belong to touched groups.
    pub(crate) fn judge(&self, batch: &RecordBatch) -> std::result::Result<Vec<Verdict>, ArrowError> {
        let keys = self.key_encoder.encode(batch)?;
        let values = self.value_encoder.encode(batch)?;
        let numbers: Vec<Option<usize>> = keys.iter().map(|key| self.by_key.get(key.data()).copied()).collect();
        let is_equal = |row: usize, number: usize| self.value(number) == Some(values.row(row).data());
        let staying = self.staying(batch, &numbers, is_equal)?;
        Ok(numbers
            .iter()
            .enumerate()
            .map(|(row, number)| {
                let Some(number) = number else { return Verdict::NotAmongNewRows };
                let (state, verdict) = if is_equal(row, *number) {
                    (UNCHANGED, Verdict::Equal)
                } else if staying.contains(&row) {
                    (OUTRANKED, Verdict::Outranks)
                } else {
                    (REPLACES, Verdict::Differs)
                };
                let is_first = self.states.get(*number).is_some_and(|known| {
                    known.compare_exchange(UNSEEN, state, Ordering::Relaxed, Ordering::Relaxed).is_ok()
                });
                if is_first { verdict } else { Verdict::Duplicate }
            })
            .collect())
    }

    /// Rows of `batch` that differ from the new row of their key and are preferred to it.
    fn staying(
        &self,
        batch: &RecordBatch,
        numbers: &[Option<usize>],
        is_equal: impl Fn(usize, usize) -> bool,
    ) -> std::result::Result<HashSet<usize>, ArrowError> {
        let Some(preference) = &self.preference else {
            return Ok(HashSet::new());
        };
        let contested: Vec<(usize, usize)> = numbers
            .iter()
            .enumerate()
            .filter_map(|(row, number)| number.map(|number| (row, number)))
            .filter(|(row, number)| !is_equal(*row, *number))
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

    fn value(&self, number: usize) -> Option<&[u8]> {
        let (batch, row) = self.place(number)?;
        Some(self.values.get(batch)?.row(row).data())
    }

    /// Number of new rows whose key the table did not have, number that replace one, number that are there already, number
    /// that lost.
    pub(crate) fn counts(&self) -> (u64, u64, u64, u64) {
        let mut counts = (0, 0, 0, 0);
        for state in &self.states {
            match state.load(Ordering::Relaxed) {
                UNCHANGED => counts.2 += 1,
                REPLACES => counts.1 += 1,
                OUTRANKED => counts.3 += 1,
                _ => counts.0 += 1,
            }
        }
        counts
    }

    /// The rows that have to be written.
    pub(crate) fn to_write(&self) -> impl Iterator<Item = std::result::Result<RecordBatch, ArrowError>> {
        self.batches.iter().zip(&self.starts).map(|(batch, start)| {
            let mask: BooleanArray = (0..batch.num_rows())
                .map(|row| {
                    let state = self.states.get(start + row);
                    state.map(|state| matches!(state.load(Ordering::Relaxed), UNSEEN | REPLACES))
                })
                .collect();
            filter_record_batch(batch, &mask)
        })
    }
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
