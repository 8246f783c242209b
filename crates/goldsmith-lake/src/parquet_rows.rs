//! The rows of one Parquet file, in batches that fit.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, SchemaRef};
use bytes::Bytes;
use futures::StreamExt;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, RowSelection, RowSelector};
use parquet::arrow::async_reader::ParquetRecordBatchStream;
use parquet::arrow::{ParquetRecordBatchStreamBuilder, ProjectionMask};

use crate::batch_rows::{BatchSize, is_overflow, shown_bytes};
use crate::conform::conform;
use crate::error::{LakeError, Result};
use crate::parquet_file::{OpenFile, StoreReader};
use crate::write::is_own;

/// Of so many rows at most one is wanted, and of so many others at least one, for texts to be decoded as views. Then decoding goes over
/// all rows of a page, and a view of a text that nobody wants costs less than a copy of it; rows between others that are far apart are
/// passed over anyway.
const DENSEST: usize = 2;
const SPARSEST: usize = 25;
/// Fewer rows are not worth it.
const FEW: usize = 1024;

/// What was read of a file last, so that decoding can begin anew without another request: the decoder holds the same bytes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Kept(Arc<Mutex<Vec<(u64, Bytes)>>>);

impl Kept {
    /// The bytes of ranges of the file, when all of them were read last.
    pub(crate) fn find(&self, ranges: &[Range<u64>]) -> Option<Vec<Bytes>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let find = |range: &Range<u64>| {
            kept.iter().find_map(|(start, bytes)| {
                let from = usize::try_from(range.start.checked_sub(*start)?).ok()?;
                let to = usize::try_from(range.end.checked_sub(*start)?).ok()?;
                (from <= to && to <= bytes.len()).then(|| bytes.slice(from..to))
            })
        };
        ranges.iter().map(find).collect()
    }

    /// Keeps what was read, instead of what was before.
    pub(crate) fn replace(&self, ranges: &[Range<u64>], bytes: &[Bytes]) {
        let starts = ranges.iter().map(|range| range.start);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = starts.zip(bytes.iter().cloned()).collect();
    }
}

/// Rows of a file that are decoded bit by bit. When a batch shows that rows are wider than the footer tells, or has more texts than its
/// offsets can count, the file is decoded anew from the next row on, in batches of other sizes.
pub(crate) struct Rows {
    file: OpenFile,
    /// How columns are decoded.
    arrow: ArrowReaderMetadata,
    target: SchemaRef,
    columns: ProjectionMask,
    selection: Option<RowSelection>,
    /// One row group, or all of them.
    group: Option<usize>,
    kept: Kept,
    size: BatchSize,
    /// Rows to give.
    total: usize,
    /// Rows that were given.
    done: usize,
    stream: Option<ParquetRecordBatchStream<StoreReader>>,
}

impl Rows {
    /// The columns of `target` in its types, all rows or those of `selection`, or those of one row group.
    pub(crate) fn new(
        file: OpenFile,
        target: SchemaRef,
        selection: Option<RowSelection>,
        group: Option<usize>,
    ) -> Result<Self> {
        let fields = file.schema().fields().iter().enumerate();
        let wanted = fields.filter(|(_, field)| target.column_with_name(field.name()).is_some());
        let wanted: Vec<usize> = wanted.map(|(index, _)| index).collect();
        let columns = ProjectionMask::roots(file.metadata().file_metadata().schema_descr(), wanted);
        let groups = || {
            let groups = file.metadata().row_groups().iter().enumerate();
            groups.filter(move |(number, _)| group.is_none_or(|group| group == *number)).map(|(_, group)| group)
        };
        let size = BatchSize::of(groups(), &columns, is_own(file.metadata().file_metadata()));
        let rows: usize = groups().map(|group| usize::try_from(group.num_rows()).unwrap_or_default()).sum();
        let total = selection.as_ref().map_or(rows, RowSelection::row_count);
        let has_gaps = total >= FEW && (rows / SPARSEST..=rows / DENSEST).contains(&total);
        let arrow = if has_gaps { file.arrow_with_views()? } else { file.arrow().clone() };
        let kept = Kept::default();
        let mut rows =
            Self { file, arrow, target, columns, selection, group, kept, size, total, done: 0, stream: None };
        rows.stream = Some(rows.begin()?);
        Ok(rows)
    }

    /// Decodes from the first row on that was not given.
    fn begin(&self) -> Result<ParquetRecordBatchStream<StoreReader>> {
        let reader = self.file.reader(self.kept.clone());
        let mut builder = ParquetRecordBatchStreamBuilder::new_with_metadata(reader, self.arrow.clone())
            .with_projection(self.columns.clone())
            .with_batch_size(self.size.rows());
        if self.done > 0 {
            builder = builder.with_row_selection(after(self.selection.as_ref(), self.total, self.done));
        } else if let Some(selection) = &self.selection {
            builder = builder.with_row_selection(selection.clone());
        }
        if let Some(group) = self.group {
            builder = builder.with_row_groups(vec![group]);
        }
        builder.build().map_err(|error| self.file.file().corrupt(&error))
    }

    /// The next batch; none after the last one.
    pub(crate) async fn next(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            let mut stream = match self.stream.take() {
                Some(stream) => stream,
                None => self.begin()?,
            };
            let batch = match stream.next().await {
                None => return Ok(None),
                Some(Ok(batch)) => batch,
                Some(Err(error)) => {
                    let reason = error.to_string();
                    if !is_overflow(&reason) {
                        return Err(self.file.explain(error).await);
                    }
                    self.shrink(reason)?;
                    continue;
                }
            };
            let rows = batch.num_rows();
            if rows > 1 && batch.columns().iter().map(viewed_bytes).any(|bytes| bytes > i32::MAX as u64) {
                self.shrink("its texts overflow the offsets of a batch".to_owned())?;
                continue;
            }
            let batch = match conform(&batch, &self.target, &self.file.file().display) {
                Ok(batch) => batch,
                // A dictionary is laid out here.
                Err(LakeError::ValueDoesNotFit { reason, .. }) if rows > 1 && is_overflow(&reason) => {
                    self.shrink(reason)?;
                    continue;
                }
                Err(error) => return Err(error),
            };
            self.done += rows;
            let begins_anew = self.size.learn(rows, shown_bytes(&batch)) && self.done < self.total;
            if !begins_anew {
                self.stream = Some(stream);
            }
            return Ok(Some(batch));
        }
    }

    /// Has fewer rows decoded at once; there have to be more than one.
    fn shrink(&mut self, reason: String) -> Result<()> {
        if self.size.shrink() {
            return Ok(());
        }
        Err(LakeError::TooWide { file: self.file.file().display.clone(), reason })
    }
}

/// Bytes of the longest column of views among those of an array, which are going to be laid out behind offsets.
fn viewed_bytes(array: &ArrayRef) -> u64 {
    match array.data_type() {
        DataType::Utf8View => array.as_string_view().lengths().map(u64::from).sum(),
        DataType::BinaryView => array.as_binary_view().lengths().map(u64::from).sum(),
        DataType::Struct(_) => array.as_struct().columns().iter().map(viewed_bytes).max().unwrap_or_default(),
        _ => 0,
    }
}

/// The rows of a selection, or of so many rows, but for the first ones.
fn after(selection: Option<&RowSelection>, total: usize, done: usize) -> RowSelection {
    let selectors: Vec<RowSelector> = match selection {
        Some(selection) => selection.iter().copied().collect(),
        None => vec![RowSelector::select(total)],
    };
    let mut left = done;
    let mut rest = Vec::with_capacity(selectors.len() + 1);
    for selector in selectors {
        let gone = if selector.skip { 0 } else { left.min(selector.row_count) };
        left -= gone;
        rest.push(RowSelector::skip(gone));
        rest.push(RowSelector { row_count: selector.row_count - gone, ..selector });
    }
    RowSelection::from(rest)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_of_a_selection_begins_after_the_rows_that_were_given() {
        let selection = RowSelection::from(vec![
            RowSelector::skip(2),
            RowSelector::select(3),
            RowSelector::skip(1),
            RowSelector::select(4),
        ]);
        for (done, expected) in [
            (0, vec![(2, true), (3, false), (1, true), (4, false)]),
            (2, vec![(4, true), (1, false), (1, true), (4, false)]),
            (3, vec![(6, true), (4, false)]),
            (5, vec![(8, true), (2, false)]),
        ] {
            let rest: Vec<(usize, bool)> =
                after(Some(&selection), 7, done).iter().map(|selector| (selector.row_count, selector.skip)).collect();
            assert_eq!(rest, expected, "{done}");
        }
        let rest: Vec<RowSelector> = after(None, 10, 4).into();
        assert_eq!(rest, [RowSelector::skip(4), RowSelector::select(6)]);
    }

    #[test]
    fn bytes_are_found_within_what_was_read_last() {
        let (first, second) = (10..16, 20..23);
        let kept = Kept::default();
        assert!(kept.find(std::slice::from_ref(&first)).is_none());
        let bytes = [Bytes::from_static(b"abcdef"), Bytes::from_static(b"xyz")];
        kept.replace(&[first.clone(), second.clone()], &bytes);
        let found = kept.find(&[12..14, second.clone()]).unwrap();
        assert_eq!(found, [Bytes::from_static(b"cd"), Bytes::from_static(b"xyz")]);
        for missing in [9..11, 15..17, 22..24] {
            assert!(kept.find(&[second.clone(), missing.clone()]).is_none(), "{missing:?}");
        }
        kept.replace(std::slice::from_ref(&second), &bytes[1..]);
        assert!(kept.find(std::slice::from_ref(&first)).is_none());
    }
}
