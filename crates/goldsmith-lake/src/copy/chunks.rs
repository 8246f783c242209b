//! Column chunks of a Parquet file in memory, as they were encoded.

use std::ops::Range;
use std::sync::Arc;

use bytes::buf::Reader;
use bytes::{Buf, Bytes};
use parquet::column::page::PageReader;
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::serialized_reader::SerializedPageReader;
use parquet::file::writer::SerializedRowGroupWriter;

/// Some column chunks of one row group.
pub(crate) struct Chunks {
    metadata: Arc<ParquetMetaData>,
    group: usize,
    /// By number of the column in the file.
    columns: Vec<(usize, Chunk)>,
}

/// A part of a file, by the positions of that file.
#[derive(Clone)]
struct Chunk {
    start: u64,
    bytes: Bytes,
}

impl Length for Chunk {
    fn len(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }
}

impl ChunkReader for Chunk {
    type T = Reader<Bytes>;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        Ok(self.part(start, None)?.reader())
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        self.part(start, Some(length))
    }
}

impl Chunk {
    fn part(&self, start: u64, length: Option<usize>) -> Result<Bytes> {
        let outside = || ParquetError::EOF(format!("byte {start} is not within the column"));
        let start = start.checked_sub(self.start).and_then(|start| usize::try_from(start).ok()).ok_or_else(outside)?;
        let end = length.map_or(Some(self.bytes.len()), |length| start.checked_add(length)).ok_or_else(outside)?;
        if start > end || end > self.bytes.len() {
            return Err(outside());
        }
        Ok(self.bytes.slice(start..end))
    }
}

impl Chunks {
    /// The chunks of some columns, whose bytes lie at [`Self::ranges`] of the file.
    pub(crate) fn new(metadata: Arc<ParquetMetaData>, group: usize, columns: &[usize], bytes: Vec<Bytes>) -> Self {
        let starts = Self::ranges(metadata.row_group(group), columns).into_iter().map(|range| range.start);
        let chunks = starts.zip(bytes).map(|(start, bytes)| Chunk { start, bytes });
        Self { group, columns: columns.iter().copied().zip(chunks).collect(), metadata }
    }

    /// Where the chunks of some columns lie in their file.
    pub(crate) fn ranges(group: &RowGroupMetaData, columns: &[usize]) -> Vec<Range<u64>> {
        let ranges = columns.iter().map(|column| group.column(*column).byte_range());
        ranges.map(|(start, length)| start..start + length).collect()
    }

    fn get(&self, column: usize) -> Result<&Chunk> {
        let found = self.columns.iter().find(|(number, _)| *number == column);
        found.map(|(_, chunk)| chunk).ok_or_else(|| ParquetError::General(format!("column {column} was not read")))
    }

    /// Decompresses every page once, and counts the values.
    pub(crate) fn verify(&self) -> Result<()> {
        let group = self.metadata.row_group(self.group);
        let rows = usize::try_from(group.num_rows()).unwrap_or_default();
        for (column, chunk) in &self.columns {
            let metadata = group.column(*column);
            let mut pages = SerializedPageReader::new(Arc::new(chunk.clone()), metadata, rows, None)?;
            let mut values = 0;
            while let Some(page) = pages.get_next_page()? {
                if page.is_data_page() {
                    values += i64::from(page.num_values());
                }
            }
            if values != metadata.num_values() {
                let (name, expected) = (metadata.column_path().string(), metadata.num_values());
                return Err(ParquetError::General(format!("column {name} has {values} values instead of {expected}")));
            }
        }
        Ok(())
    }

    /// Puts the chunk of a column behind those that a row group has already.
    pub(crate) fn append<W: std::io::Write + Send>(
        &self,
        column: usize,
        writer: &mut SerializedRowGroupWriter<'_, W>,
    ) -> Result<()> {
        let group = self.metadata.row_group(self.group);
        let metadata = group.column(column).clone();
        let column_index = self.metadata.column_index().and_then(|index| index.get(self.group)?.get(column));
        let offset_index = self.metadata.offset_index().and_then(|index| index.get(self.group)?.get(column));
        let close = ColumnCloseResult {
            bytes_written: u64::try_from(metadata.compressed_size()).unwrap_or_default(),
            rows_written: u64::try_from(group.num_rows()).unwrap_or_default(),
            metadata,
            bloom_filter: None,
            column_index: column_index.filter(|index| !matches!(index, ColumnIndexMetaData::NONE)).cloned(),
            offset_index: offset_index.cloned(),
        };
        writer.append_column(self.get(column)?, close)
    }
}
