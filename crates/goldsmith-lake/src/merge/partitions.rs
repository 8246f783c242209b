//! Leaving out files of partitions in which no row is touched.

use std::collections::HashSet;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use crate::error::{LakeError, Result};
use crate::scan::LiveFile;
use crate::table::{Table, project};
use crate::upsert::RowEncoder;

/// What touched rows have in the columns by which a table is partitioned.
///
/// The log tells these values exactly, file by file, and they are read here as a scan reads them: of a file that is left out it would
/// show no touched row. All types count, null as well, and several columns count together.
pub(super) struct TouchedPartitions {
    location: String,
    /// Columns of the partition that are among those by which rows are touched.
    schema: SchemaRef,
    encoder: RowEncoder,
    touched: HashSet<Box<[u8]>>,
}

impl TouchedPartitions {
    /// The touched partitions, from batches with the columns by which rows are touched; none when the table is not partitioned by any
    /// of these.
    pub(super) fn new(
        table: &Table,
        schema: &SchemaRef,
        touched_by: &[String],
        batches: &[RecordBatch],
    ) -> Result<Option<Self>> {
        let location = table.location.to_string();
        let partitioned_by = table.partition_columns()?;
        let columns: Vec<String> = touched_by.iter().filter(|name| partitioned_by.contains(name)).cloned().collect();
        if columns.is_empty() {
            return Ok(None);
        }
        let fail = |error| LakeError::arrow(&location, error);
        let schema = project(schema, &columns, &location)?;
        let encoder = RowEncoder::new(&schema, &columns).map_err(fail)?;
        let mut touched: HashSet<Box<[u8]>> = HashSet::new();
        for batch in batches {
            for values in encoder.encode(batch).map_err(fail)?.iter() {
                if !touched.contains(values.data()) {
                    touched.insert(values.data().into());
                }
            }
        }
        Ok(Some(Self { location, schema, encoder, touched }))
    }

    /// Whether a file can hold a touched row. Says yes for values that cannot be read, since reading the file tells what is wrong.
    pub(super) fn may_have(&self, file: &LiveFile) -> bool {
        let values = file.partition_values(&self.schema, &self.location);
        let encoded = values.ok().and_then(|values| self.encoder.encode(&values).ok());
        encoded.is_none_or(|values| self.touched.contains(values.row(0).data()))
    }
}
