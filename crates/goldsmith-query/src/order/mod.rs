//! The total order of versions, grouping by key, and exact sets of keys.
//!
//! Keys compare null-safe: null equals null. "Latest" is decided by declared columns and, where these are equal, by
//! the content of the rows, so that no result depends on file order, parallelism or arrival.

mod hash;
mod key_set;
mod part;

use arrow::array::{ArrayRef, BooleanArray, RecordBatch, UInt64Array};
use arrow::compute::{SortOptions, take};
use arrow::row::{Row, RowConverter, Rows, SortField};
use datafusion::common::HashMap;

use crate::Result;
use crate::columns::is_metadata;
use crate::normalize::{column, normalize_column, sort_maps};

pub use hash::KeyHasher;
pub(crate) use hash::hash_bytes;
pub use key_set::KeySet;
pub use part::Part;

/// Greatest first, nulls last.
pub(crate) const NEWEST_FIRST: SortOptions = SortOptions { descending: true, nulls_first: false };
/// The exact reverse of [`NEWEST_FIRST`].
pub(crate) const OLDEST_FIRST: SortOptions = SortOptions { descending: false, nulls_first: true };

/// Rows of a batch by key.
#[derive(Debug, Clone)]
pub struct RowGroups {
    offsets: Vec<usize>,
    rows: Vec<u64>,
}

impl RowGroups {
    /// Number of distinct keys.
    pub fn len(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    /// Whether there is no key at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The row indices of each key, ascending; keys in the order of their first row.
    pub fn iter(&self) -> impl Iterator<Item = &[u64]> {
        self.offsets.windows(2).filter_map(|bounds| self.rows.get(bounds[0]..bounds[1]))
    }
}

/// Groups the rows of a batch by key, null-safe.
///
/// # Errors
/// [`crate::QueryError::MissingColumn`] when a key column is not there.
pub fn group_rows(batch: &RecordBatch, key: &[String]) -> Result<RowGroups> {
    let rows = encode(&named(batch, key)?, OLDEST_FIRST, batch.num_rows())?;
    Ok(group(&rows, batch.num_rows()))
}

/// Groups encoded rows. An encoding without columns makes one group.
pub(crate) fn group(keys: &Encoded, rows: usize) -> RowGroups {
    let mut seen: HashMap<Row<'_>, usize> = HashMap::with_capacity(rows);
    let mut group_of = Vec::with_capacity(rows);
    for row in 0..rows {
        let fresh = seen.len();
        let group = match keys.row(row) {
            Some(key) => *seen.entry(key).or_insert(fresh),
            None => 0,
        };
        group_of.push(group);
    }
    let groups = group_of.iter().max().map_or(0, |last| last + 1);
    let mut offsets = vec![0_usize; groups + 1];
    for group in &group_of {
        offsets[group + 1] += 1;
    }
    for index in 0..groups {
        offsets[index + 1] += offsets[index];
    }
    let mut next = offsets.clone();
    let mut sorted = vec![0_u64; rows];
    for (row, group) in group_of.into_iter().enumerate() {
        sorted[next[group]] = row as u64;
        next[group] += 1;
    }
    RowGroups { offsets, rows: sorted }
}

/// The row of each key that comes first when rows are ordered newest first: by the columns of `newest_first`
/// descending with nulls last, then by all other columns in the order of their names, likewise. Metadata columns take part
/// only when named. Returns row indices in input order.
///
/// A column that is null in all rows never changes the result, wherever its name falls.
///
/// # Errors
/// [`crate::QueryError::MissingColumn`] when a named column is not there.
pub fn latest_per_key(batch: &RecordBatch, key: &[String], newest_first: &[String]) -> Result<UInt64Array> {
    let groups = group_rows(batch, key)?;
    let mut winners: Vec<u64> = Vec::with_capacity(groups.len());
    let mut contested: Vec<&[u64]> = Vec::new();
    for rows in groups.iter() {
        match rows {
            [only] => winners.push(*only),
            several => contested.push(several),
        }
    }
    let first = first_of_each(&contested, batch, newest_first)?;
    let tied: Vec<&[u64]> = first.iter().map(Vec::as_slice).collect();
    let content = content_columns(batch, key.iter().chain(newest_first));
    // Rows that are equal in content as well are the same row: any of them will do, the first is taken.
    winners.extend(first_of_each(&tied, batch, &content)?.iter().filter_map(|rows| rows.first().copied()));
    winners.sort_unstable();
    Ok(winners.into())
}

/// For each pair of rows of the same key, whether the first comes strictly before the second in the order of
/// [`latest_per_key`]: by the columns of `newest_first`, then by all other columns of `left`.
///
/// # Errors
/// [`crate::QueryError::MissingColumn`] when `right` lacks a column, or a named column is not there.
pub fn outranks(
    left: &RecordBatch,
    right: &RecordBatch,
    key: &[String],
    newest_first: &[String],
) -> Result<BooleanArray> {
    let mut columns = newest_first.to_vec();
    columns.extend(content_columns(left, key.iter().chain(newest_first)));
    let (left_columns, right_columns) = (named(left, &columns)?, named(right, &columns)?);
    let rows = left.num_rows();
    if columns.is_empty() || rows == 0 {
        return Ok(BooleanArray::from(vec![false; rows]));
    }
    let converter = converter(left_columns.iter().map(|column| column.data_type()), NEWEST_FIRST)?;
    let (left, right) = (converter.convert_columns(&left_columns)?, converter.convert_columns(&right_columns)?);
    Ok(left.iter().zip(right.iter()).map(|(left, right)| Some(left < right)).collect())
}

/// The rows of each group that are first by the columns, descending with nulls last. Groups of one row cost nothing.
fn first_of_each(groups: &[&[u64]], batch: &RecordBatch, columns: &[String]) -> Result<Vec<Vec<u64>>> {
    if columns.is_empty() || groups.iter().all(|rows| rows.len() < 2) {
        return Ok(groups.iter().map(|rows| rows.to_vec()).collect());
    }
    let several: Vec<u64> = groups.iter().filter(|rows| rows.len() > 1).flat_map(|rows| rows.iter().copied()).collect();
    let count = several.len();
    let encoded = encode(&named_rows(batch, columns, &several.into())?, NEWEST_FIRST, count)?;
    let mut position = 0;
    let mut out = Vec::with_capacity(groups.len());
    for rows in groups {
        if rows.len() < 2 {
            out.push(rows.to_vec());
            continue;
        }
        let mut best: Vec<u64> = Vec::new();
        let mut best_row: Option<Row<'_>> = None;
        for row in *rows {
            let candidate = encoded.row(position);
            position += 1;
            if best.is_empty() || candidate < best_row {
                best = vec![*row];
                best_row = candidate;
            } else if candidate == best_row {
                best.push(*row);
            }
        }
        out.push(best);
    }
    Ok(out)
}

/// All columns but the named ones and metadata, in the order of their names.
pub(crate) fn content_columns<'a>(batch: &RecordBatch, named: impl Iterator<Item = &'a String>) -> Vec<String> {
    let named: Vec<&String> = named.collect();
    let mut names: Vec<String> = batch
        .schema_ref()
        .fields()
        .iter()
        .map(|field| field.name().clone())
        .filter(|name| !is_metadata(name) && !named.contains(&name))
        .collect();
    names.sort_unstable();
    names
}

/// Columns of a batch by name, plain, entries of maps sorted.
pub(crate) fn named(batch: &RecordBatch, names: &[String]) -> Result<Vec<ArrayRef>> {
    names.iter().map(|name| sort_maps(&normalize_column(column(batch, name, "the rows")?)?)).collect()
}

fn named_rows(batch: &RecordBatch, names: &[String], rows: &UInt64Array) -> Result<Vec<ArrayRef>> {
    names
        .iter()
        .map(|name| {
            let taken = take(column(batch, name, "the rows")?, rows, None)?;
            sort_maps(&normalize_column(&taken)?)
        })
        .collect()
}

/// Rows in a form that compares as bytes. Without columns all rows are equal.
pub(crate) struct Encoded(Option<Rows>);

impl Encoded {
    /// The encoded row; none when there are no columns.
    pub(crate) fn row(&self, index: usize) -> Option<Row<'_>> {
        self.0.as_ref().map(|rows| rows.row(index))
    }
}

/// Encodes plain columns so that bytes compare in the given order.
pub(crate) fn encode(columns: &[ArrayRef], options: SortOptions, rows: usize) -> Result<Encoded> {
    if columns.is_empty() || rows == 0 {
        return Ok(Encoded(None));
    }
    let converter = converter(columns.iter().map(|column| column.data_type()), options)?;
    Ok(Encoded(Some(converter.convert_columns(columns)?)))
}

/// A converter for columns of the given types, all in one order.
pub(crate) fn converter<'a>(
    types: impl Iterator<Item = &'a arrow::datatypes::DataType>,
    options: SortOptions,
) -> Result<RowConverter> {
    let fields = types.map(|data_type| SortField::new_with_options(data_type.clone(), options)).collect();
    Ok(RowConverter::new(fields)?)
}
