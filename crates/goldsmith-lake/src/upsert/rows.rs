//! The new rows of an upsert, found by key.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU8, Ordering};

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::row::Rows;
use arrow::util::display::{ArrayFormatter, FormatOptions};

use super::encode::RowEncoder;
use crate::error::{LakeError, Result};

const UNSEEN: u8 = 0;
const UNCHANGED: u8 = 1;
const REPLACES: u8 = 2;

/// What the row in the table is, compared with the new rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// No new row has its key.
    NotAmongNewRows,
    /// The new row of its key is equal.
    Equal,
    /// The new row of its key differs.
    Differs,
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
    /// Whether groups and keys are the same, so that `by_key` also tells what is touched.
    group_is_key: bool,
    key_encoder: RowEncoder,
    value_encoder: RowEncoder,
    group_encoder: RowEncoder,
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
            group_is_key,
            key_encoder,
            value_encoder,
            group_encoder,
        })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.states.is_empty() && self.touched.is_empty()
    }

    /// For each row of a batch of the group columns, whether its group is touched.
    pub(crate) fn touches(&self, batch: &RecordBatch) -> std::result::Result<Vec<bool>, ArrowError> {
        let groups = self.group_encoder.encode(batch)?;
        Ok(groups
            .iter()
            .map(|group| {
                self.touched.contains(group.data()) || (self.group_is_key && self.by_key.contains_key(group.data()))
            })
            .collect())
    }

    /// Judges rows of the table that belong to touched groups.
    pub(crate) fn judge(&self, batch: &RecordBatch) -> std::result::Result<Vec<Verdict>, ArrowError> {
        let keys = self.key_encoder.encode(batch)?;
        let values = self.value_encoder.encode(batch)?;
        Ok(keys
            .iter()
            .zip(values.iter())
            .map(|(key, value)| match self.by_key.get(key.data()) {
                None => Verdict::NotAmongNewRows,
                Some(number) => {
                    let is_equal = self.value(*number) == Some(value.data());
                    let state = if is_equal { UNCHANGED } else { REPLACES };
                    let is_first = self.states.get(*number).is_some_and(|known| {
                        known.compare_exchange(UNSEEN, state, Ordering::Relaxed, Ordering::Relaxed).is_ok()
                    });
                    match (is_first, is_equal) {
                        (false, _) => Verdict::Duplicate,
                        (true, true) => Verdict::Equal,
                        (true, false) => Verdict::Differs,
                    }
                }
            })
            .collect())
    }

    fn value(&self, number: usize) -> Option<&[u8]> {
        let batch = self.starts.partition_point(|start| *start <= number).checked_sub(1)?;
        let row = number - self.starts.get(batch)?;
        Some(self.values.get(batch)?.row(row).data())
    }

    /// Number of new rows whose key the table did not have, number that replace one, number that are there already.
    pub(crate) fn counts(&self) -> (u64, u64, u64) {
        let mut counts = (0, 0, 0);
        for state in &self.states {
            match state.load(Ordering::Relaxed) {
                UNCHANGED => counts.2 += 1,
                REPLACES => counts.1 += 1,
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
                    state.map(|state| state.load(Ordering::Relaxed) != UNCHANGED)
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
