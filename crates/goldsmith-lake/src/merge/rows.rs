//! The columns that come with rows for a table with computed ones.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};

use crate::conform::{check_columns, conform};
use crate::error::Result;
use crate::table::Table;

/// The columns of a table that rows bring along: all, but for computed ones that they leave to the table.
pub(crate) struct RowSchema {
    /// The columns of the rows, as the table has them.
    pub(crate) schema: SchemaRef,
    /// Columns that the table computes.
    pub(crate) computed: Vec<String>,
}

impl RowSchema {
    /// The schema for rows like these.
    pub(crate) fn new(table: &Table, rows: &[RecordBatch]) -> Result<Self> {
        let all = table.data_schema()?;
        let mut computed = table.generated_columns()?;
        computed.retain(|name| rows.iter().all(|batch| batch.schema_ref().column_with_name(name).is_none()));
        let fields: Vec<_> = all.fields().iter().filter(|field| !computed.contains(field.name())).cloned().collect();
        Ok(Self { schema: Arc::new(Schema::new(fields)), computed })
    }

    /// Makes sure that a batch has these columns and no others.
    pub(crate) fn check(&self, batch: &RecordBatch, location: &str) -> Result<()> {
        check_columns(batch.schema_ref(), &self.schema, location)
    }

    /// The batches with these columns, without empty ones.
    pub(crate) fn conform(&self, batches: &[RecordBatch], location: &str) -> Result<Vec<RecordBatch>> {
        let mut conformed = Vec::with_capacity(batches.len());
        for batch in batches {
            self.check(batch, location)?;
            if batch.num_rows() > 0 {
                conformed.push(conform(batch, &self.schema, location)?);
            }
        }
        Ok(conformed)
    }
}
