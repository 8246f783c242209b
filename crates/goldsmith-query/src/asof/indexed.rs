//! Versions in memory, met by rows of the left side as they come.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, RecordBatchOptions, UInt64Array, new_null_array};
use arrow::buffer::NullBuffer;
use arrow::compute::{concat, take};
use arrow::datatypes::{DataType, Int64Type, SchemaRef};
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::memory_pool::MemoryReservation;
use datafusion::physical_plan::expressions::Column;

use super::exec::{LeftColumns, RightColumns};
use super::side::instants;
use crate::lookup::{Resolution, Version, VersionColumns, VersionIndex};

/// An index that takes in versions batch by batch.
pub(super) struct IndexBuilder {
    columns: RightColumns,
    versions: VersionIndex,
    types: Vec<DataType>,
}

impl IndexBuilder {
    pub(super) fn new(schema: &SchemaRef, columns: &RightColumns) -> Result<Self> {
        let data_type = |column: &Column| schema.field(column.index()).data_type().clone();
        let key: Vec<DataType> = columns.key.iter().map(data_type).collect();
        let resolution = if columns.end.is_some() { Resolution::Interval } else { Resolution::AsOf };
        Ok(Self {
            versions: VersionIndex::new(resolution, key.iter()).map_err(external)?,
            types: columns.fetch.iter().map(data_type).collect(),
            columns: columns.clone(),
        })
    }

    /// Bytes that it takes beside the rows that went in.
    pub(super) fn bytes(&self) -> usize {
        self.versions.bytes()
    }

    pub(super) fn add(&mut self, batch: &RecordBatch) -> Result<()> {
        let ends = self.columns.end.as_ref().map(|end| instants(batch, end)).transpose()?;
        let columns = VersionColumns {
            key: &columns_of(batch, &self.columns.key),
            starts: Some(&instants(batch, &self.columns.start)?),
            ends: ends.as_ref(),
            surrogates: batch.column(self.columns.surrogate.index()).as_primitive::<Int64Type>(),
        };
        self.versions.add(&columns).map_err(external)
    }

    /// The index over the batches that went in; `reservation` is that of its memory.
    pub(super) fn finish<'a>(
        mut self,
        batches: impl Iterator<Item = &'a RecordBatch>,
        reservation: MemoryReservation,
    ) -> Result<IndexedVersions> {
        let batches: Vec<&RecordBatch> = batches.collect();
        let gather = |(column, data_type): (&Column, &DataType)| -> Result<ArrayRef> {
            let parts: Vec<&dyn Array> = batches.iter().map(|batch| batch.column(column.index()).as_ref()).collect();
            Ok(if parts.is_empty() { new_null_array(data_type, 0) } else { concat(&parts)? })
        };
        let fetched = self.columns.fetch.iter().zip(&self.types).map(gather).collect::<Result<Vec<_>>>()?;
        self.versions.finish();
        Ok(IndexedVersions { versions: self.versions, fetched, reservation })
    }
}

/// An index over versions, with the columns that are fetched from them.
pub(super) struct IndexedVersions {
    versions: VersionIndex,
    fetched: Vec<ArrayRef>,
    reservation: MemoryReservation,
}

impl IndexedVersions {
    /// Bytes that it takes.
    pub(super) fn bytes(&self) -> usize {
        self.versions.bytes() + self.fetched.iter().map(|column| column.get_array_memory_size()).sum::<usize>()
    }

    /// Reserves what it takes, which the pool has granted when it was read.
    pub(super) fn account(&self) {
        self.reservation.resize(self.bytes());
    }

    /// The rows of a batch, in their order, with what they fetch from the version that they meet.
    pub(super) fn join(&self, schema: &SchemaRef, rows: &RecordBatch, columns: &LeftColumns) -> Result<RecordBatch> {
        let key = columns_of(rows, &columns.key);
        let nulls = key.iter().fold(None, |nulls, column| NullBuffer::union(nulls.as_ref(), column.nulls()));
        let is_known = |row| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
        let instants = instants(rows, &columns.instant)?;
        let mut met = Vec::with_capacity(rows.num_rows());
        let found = |version: Option<&Version>| met.push(version.map(|version| version.row));
        self.versions.find(&key, Some(&instants), is_known, found).map_err(external)?;
        let met = UInt64Array::from(met);
        let mut joined = rows.columns().to_vec();
        for column in &self.fetched {
            let is_nothing = met.null_count() == met.len();
            joined.push(if is_nothing {
                new_null_array(column.data_type(), met.len())
            } else {
                take(column, &met, None)?
            });
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
        Ok(RecordBatch::try_new_with_options(Arc::clone(schema), joined, &options)?)
    }
}

fn columns_of(batch: &RecordBatch, columns: &[Column]) -> Vec<ArrayRef> {
    columns.iter().map(|column| Arc::clone(batch.column(column.index()))).collect()
}

fn external(error: crate::QueryError) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}
