//! Writing source tables: for generated data, tests and benches.

use std::sync::Arc;

use arrow::array::RecordBatch;
use goldsmith_lake::{CommitRequest, Lake, LakeOptions, Location, Side, TableSpec};
use goldsmith_query::normalize::normalize_batch;
use uuid::Uuid;

use crate::bronze::conform;
use crate::error::{Error, Result};

/// How a delivery relates to what a source table holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryMode {
    /// The rows are added.
    Append,
    /// The rows are the whole content from now on.
    Snapshot,
}

/// Writes one delivery to the Delta table `<root>/<schema>/<table>` of `source` (`billing.usage`) in one
/// commit, creating the table when it is not there. Returns the number of rows. Storage options are those of the source.
///
/// # Errors
/// A source name without a schema, batches of another schema than the table's, a location that cannot be
/// written.
pub async fn write_delivery(
    options: &LakeOptions,
    root: &str,
    source: &str,
    batches: impl IntoIterator<Item = RecordBatch>,
    mode: DeliveryMode,
) -> Result<u64> {
    let (directory, name) = source.split_once('.').ok_or_else(|| Error::Configuration {
        what: format!("`{source}` is no source name"),
        help: "write it as `<schema>.<table>`".into(),
    })?;
    let lake = Lake::new(options.for_side(Side::Source)?);
    let location = Location::parse(root)?.join(directory).join(name);
    let run_id = Uuid::now_v7().to_string();
    let mut batches = batches.into_iter().peekable();
    let existing = lake.open(&location).await?;
    let mut table = match (existing, batches.peek()) {
        (Some(table), _) => table,
        (None, None) => return Ok(0),
        (None, Some(first)) => {
            let spec = TableSpec {
                name: name.to_string(),
                description: Some(format!("system.{source}")),
                schema: Arc::clone(&first.schema()),
                run_id: run_id.clone(),
            };
            lake.create(&location, spec).await?
        }
    };
    if let Some(first) = batches.peek() {
        table.add_columns(first.schema().fields(), &run_id).await?;
    }
    let removed = match mode {
        DeliveryMode::Append => Vec::new(),
        DeliveryMode::Snapshot => table.files()?.into_iter().map(|file| file.path).collect(),
    };
    let schema = table.data_schema()?;
    let mut writer = table.writer()?;
    for batch in batches {
        // A delivery need not have every column that the table gained.
        writer.write(&conform(&normalize_batch(&batch)?, &schema)?).await?;
    }
    let added = writer.finish().await?;
    let rows = added.rows();
    let request = CommitRequest {
        added,
        removed,
        position: None,
        run_id,
        operation: "WRITE".into(),
        metrics: Default::default(),
        blind_append: mode == DeliveryMode::Append,
    };
    let _ = table.commit(request).await?;
    Ok(rows)
}
