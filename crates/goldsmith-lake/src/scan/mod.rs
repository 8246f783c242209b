//! Reading the rows of a table.

mod files;
mod foreign;
mod partition;
mod provider;
mod stream;

use std::fmt;
use std::sync::Arc;

use arrow::array::{BooleanArray, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use datafusion::execution::SendableRecordBatchStream;
use serde_json::Value;

pub(crate) use self::files::{LiveFile, live_files, load_vectors, ranges};
pub(crate) use self::foreign::{adapt, percent_decode};
pub(crate) use self::provider::TableFiles;
use crate::error::{LakeError, Result};
use crate::table::{Table, project};
use crate::upsert::{Pruner, lies_before};

/// Which rows and columns of a table to read; the default reads everything.
#[derive(Debug, Clone, Default)]
pub struct ScanRequest {
    /// Columns by name, in the order wanted; all when absent.
    pub columns: Option<Vec<String>>,
    /// Only these live files, by [`crate::FileInfo::path`]; all when absent.
    pub files: Option<Vec<String>>,
    /// Adds a last column of this name with the path of each row's file, as in [`crate::FileInfo::path`].
    pub with_file_column: Option<String>,
    /// Only rows that a probe of a few columns accepts.
    pub probe: Option<RowProbe>,
    /// Files may be left out in which, by their statistics, each of these time columns lies before its instant (microseconds)
    /// in all rows. Not a filter of rows; nothing is left out when empty.
    pub at_or_after: Vec<(String, i64)>,
}

/// Says which rows of a batch are wanted: one entry per row, null like false.
pub type RowFilter = Arc<dyn Fn(&RecordBatch) -> Result<BooleanArray, ArrowError> + Send + Sync>;

/// Chooses rows by a few columns, which are read first: of the others only the accepted rows are decoded.
#[derive(Clone)]
pub struct RowProbe {
    /// The columns that the filter sees.
    pub columns: Vec<String>,
    /// The choice.
    pub filter: RowFilter,
    /// Values that an accepted row must have, by columns of the table: files whose statistics exclude all of them are not
    /// opened. Columns that the table has not at its top level are ignored.
    pub values: Option<RecordBatch>,
}

impl fmt::Debug for RowProbe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RowProbe").field("columns", &self.columns).finish_non_exhaustive()
    }
}

impl Table {
    /// Reads rows, in no particular order, several files at a time. Changes that this handle holds are seen.
    ///
    /// The batches have the types of [`Table::data_schema`]; columns and nested fields that came later than a file are null in
    /// its rows, and deleted rows are left out. Errors inside the stream carry a [`LakeError`] where this crate noticed them.
    ///
    /// # Errors
    /// [`LakeError::MissingColumn`] and [`LakeError::NoSuchFile`] for names that the table does not have.
    pub async fn scan(&self, request: ScanRequest) -> Result<SendableRecordBatchStream> {
        let location = self.location.to_string();
        let all = self.data_schema()?;
        let schema = match &request.columns {
            Some(columns) => project(&all, columns, &location)?,
            None => Arc::clone(&all),
        };
        if !self.is_read_directly()? {
            return foreign::scan(self, schema, &request).await;
        }
        let mut files = live_files(self, request.files.as_deref())?;
        if !request.at_or_after.is_empty() {
            files.retain(|file| !is_before(file.stats.as_deref(), &request.at_or_after));
        }
        let probe = match &request.probe {
            None => None,
            Some(probe) => {
                if let Some(values) = &probe.values {
                    let prunable = prunable(values.schema_ref(), &all);
                    let fail = |error| LakeError::arrow(&location, error);
                    let pruner =
                        Pruner::new(values.schema_ref(), &prunable, std::slice::from_ref(values)).map_err(fail)?;
                    files.retain(|file| pruner.may_match(file.stats.as_deref()));
                }
                Some((project(&all, &probe.columns, &location)?, Arc::clone(&probe.filter)))
            }
        };
        load_vectors(self, &mut files).await?;
        let mut target = schema.as_ref().clone();
        if let Some(name) = &request.with_file_column {
            let mut fields: Vec<_> = target.fields().iter().cloned().collect();
            fields.push(Arc::new(Field::new(name, DataType::Utf8, true)));
            target = Schema::new(fields);
        }
        let scan = stream::Scan { location, schema, target: Arc::new(target), probe };
        Ok(scan.stream(self.delta.log_store().object_store(None), files, self.options().files_at_once()))
    }
}

fn is_before(stats: Option<&str>, bounds: &[(String, i64)]) -> bool {
    stats
        .and_then(|stats| serde_json::from_str::<Value>(stats).ok())
        .is_some_and(|stats| bounds.iter().all(|(column, instant)| lies_before(&stats, column, *instant)))
}

/// The columns of `values` that the table has under the same name and type.
fn prunable(values: &SchemaRef, table: &SchemaRef) -> Vec<String> {
    let known = |field: &&Arc<Field>| {
        table.field_with_name(field.name()).is_ok_and(|column| column.data_type() == field.data_type())
    };
    values.fields().iter().filter(known).map(|field| field.name().clone()).collect()
}
