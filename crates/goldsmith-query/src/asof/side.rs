//! Sorted rows of one side, batch by batch.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, TimestampMicrosecondArray};
use arrow::compute::cast;
use arrow::datatypes::{SchemaRef, TimestampMicrosecondType};
use arrow::row::{RowConverter, Rows, SortField};
use datafusion::common::Result;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::expressions::Column;
use futures::StreamExt;

use super::exec::{ORDER, RightColumns};
use crate::types::timestamp;

/// Key columns as bytes, which compare as the columns are sorted.
pub(super) struct Keys {
    columns: Vec<usize>,
    converter: RowConverter,
}

impl Keys {
    pub(super) fn try_new(schema: &SchemaRef, columns: &[Column]) -> Result<Self> {
        let columns: Vec<usize> = columns.iter().map(Column::index).collect();
        let field = |index: &usize| SortField::new_with_options(schema.field(*index).data_type().clone(), ORDER);
        Ok(Self { converter: RowConverter::new(columns.iter().map(field).collect())?, columns })
    }

    pub(super) fn encode(&self, batch: &RecordBatch) -> Result<Rows> {
        let columns: Vec<ArrayRef> = self.columns.iter().map(|index| Arc::clone(batch.column(*index))).collect();
        Ok(self.converter.convert_columns(&columns)?)
    }

    /// Whether a part of a key is null, so that it meets nothing.
    pub(super) fn has_null(&self, batch: &RecordBatch, row: usize) -> bool {
        self.columns.iter().any(|index| batch.column(*index).is_null(row))
    }
}

/// A column of instants in microseconds; dates count as their first instant.
pub(super) fn instants(batch: &RecordBatch, column: &Column) -> Result<TimestampMicrosecondArray> {
    let instants = cast(batch.column(column.index()), &timestamp())?;
    Ok(instants.as_primitive::<TimestampMicrosecondType>().clone())
}

/// Some versions.
pub(super) struct VersionBatch {
    pub(super) fetched: Vec<ArrayRef>,
    keys: Rows,
    starts: TimestampMicrosecondArray,
    ends: Option<TimestampMicrosecondArray>,
}

/// One version.
#[derive(Clone)]
pub(super) struct Version {
    pub(super) batch: Arc<VersionBatch>,
    pub(super) row: usize,
}

impl Version {
    pub(super) fn start(&self) -> i64 {
        self.batch.starts.value(self.row)
    }

    /// The first instant after it; none when it never ends.
    pub(super) fn end(&self) -> Option<i64> {
        self.batch.ends.as_ref().filter(|ends| ends.is_valid(self.row)).map(|ends| ends.value(self.row))
    }
}

/// Versions in the order of the right side.
pub(super) struct VersionStream {
    input: SendableRecordBatchStream,
    columns: RightColumns,
    keys: Keys,
    current: Option<Version>,
}

impl VersionStream {
    pub(super) fn try_new(input: SendableRecordBatchStream, columns: &RightColumns) -> Result<Self> {
        let keys = Keys::try_new(&input.schema(), &columns.key)?;
        Ok(Self { input, columns: columns.clone(), keys, current: None })
    }

    /// Goes on to the next version unless there is one at hand; false at the end.
    pub(super) async fn fill(&mut self) -> Result<bool> {
        while self.current.is_none() {
            let Some(batch) = self.input.next().await else {
                return Ok(false);
            };
            let batch = batch?;
            if batch.num_rows() == 0 {
                continue;
            }
            let versions = VersionBatch {
                fetched: self.columns.fetch.iter().map(|column| Arc::clone(batch.column(column.index()))).collect(),
                keys: self.keys.encode(&batch)?,
                starts: instants(&batch, &self.columns.start)?,
                ends: self.columns.end.as_ref().map(|end| instants(&batch, end)).transpose()?,
            };
            self.current = Some(Version { batch: Arc::new(versions), row: 0 });
        }
        Ok(true)
    }

    /// The version at hand, when its key fits.
    pub(super) fn of_key(&self, key: &[u8]) -> Option<&Version> {
        self.current.as_ref().filter(|version| version.batch.keys.row(version.row).data() == key)
    }

    /// Whether the version at hand has a key before this one.
    pub(super) fn is_before(&self, key: &[u8]) -> bool {
        self.current.as_ref().is_some_and(|version| version.batch.keys.row(version.row).data() < key)
    }

    /// Takes the version at hand.
    pub(super) fn take(&mut self) -> Option<Version> {
        let version = self.current.take()?;
        let next = version.row + 1;
        if next < version.batch.starts.len() {
            self.current = Some(Version { batch: Arc::clone(&version.batch), row: next });
        }
        Some(version)
    }
}
