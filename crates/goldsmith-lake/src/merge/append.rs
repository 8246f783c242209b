//! Writing new rows of tables with rules through delta-rs, which checks them.

use std::num::NonZeroU64;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use deltalake::kernel::Add;
use deltalake::protocol::SaveMode;
use object_store::path::Path;
use parquet::file::properties::WriterProperties;

use super::rows::RowSchema;
use super::shadow::Shadow;
use super::violated;
use crate::conform::conform;
use crate::error::Result;
use crate::log::object_path;
use crate::session::delta_session;
use crate::staged::delete_files;
use crate::table::Table;

/// Bytes in memory from which on collected rows are written, where memory allows it.
const FLUSH_BYTES: usize = 64 * 1024 * 1024;

/// Collects rows and has them written by delta-rs, which checks constraints and computes columns. What it commits is caught, so
/// that the files become visible with our own commit.
pub(crate) struct Appender {
    table: Table,
    properties: WriterProperties,
    rows: Option<RowSchema>,
    shadow: Option<Shadow>,
    waiting: Vec<RecordBatch>,
    waiting_bytes: usize,
    added: Vec<Add>,
}

impl Appender {
    pub(crate) fn new(table: Table, properties: WriterProperties) -> Self {
        Self { table, properties, rows: None, shadow: None, waiting: Vec::new(), waiting_bytes: 0, added: Vec::new() }
    }

    /// Takes a batch; computed columns may be absent, in all batches alike.
    pub(crate) async fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let schema = self.schema_for(batch)?;
        if batch.num_rows() == 0 {
            return Ok(());
        }
        let batch = conform(batch, &schema, &self.table.location.to_string())?;
        self.waiting_bytes += batch.get_array_memory_size();
        self.waiting.push(batch);
        let memory = self.table.options().memory;
        let most = memory.map_or(FLUSH_BYTES, |memory| memory.merge_rows().min(FLUSH_BYTES));
        if self.waiting_bytes >= most { self.flush().await } else { Ok(()) }
    }

    /// Writes what is left, and tells the files.
    pub(crate) async fn finish(&mut self) -> Result<Vec<Add>> {
        self.flush().await?;
        Ok(std::mem::take(&mut self.added))
    }

    fn schema_for(&mut self, batch: &RecordBatch) -> Result<SchemaRef> {
        let rows = match self.rows.take() {
            Some(rows) => rows,
            None => RowSchema::new(&self.table, std::slice::from_ref(batch))?,
        };
        rows.check(batch, &self.table.location.to_string())?;
        let schema = Arc::clone(&rows.schema);
        self.rows = Some(rows);
        Ok(schema)
    }

    async fn flush(&mut self) -> Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let batches = std::mem::take(&mut self.waiting);
        self.waiting_bytes = 0;
        let mut shadow = match self.shadow.take() {
            Some(shadow) => shadow,
            // New rows depend on no file.
            None => Shadow::new(&self.table, Some(&Default::default())).await?,
        };
        let options = self.table.options();
        let context = delta_session(options)?;
        let written = shadow
            .delta
            .clone()
            .write(batches)
            .with_save_mode(SaveMode::Append)
            .with_session_state(Arc::new(context.state()))
            .with_target_file_size(NonZeroU64::new(options.target_file_size))
            .with_writer_properties(self.properties.clone())
            .with_commit_properties(Shadow::commit_properties())
            .await;
        match written {
            Ok(delta) => {
                self.added.extend(shadow.caught(delta, &self.table).await?.added);
                self.shadow = Some(shadow);
                Ok(())
            }
            Err(error) => {
                shadow.abandon().await;
                let earlier: Vec<Path> = self.added.drain(..).map(|add| object_path(&add.path)).collect();
                delete_files(&self.table.delta.log_store().object_store(None), &earlier).await;
                Err(violated(&self.table, error))
            }
        }
    }
}
