//! Delivers generated system tables.

use arrow::array::RecordBatch;
use goldsmith::model::{LoadMode, Model, MutabilityClass};
use goldsmith::{DeliveryMode, LakeOptions, merge_delivery, write_delivery};
use goldsmith_synth::Generator;
use serde::Serialize;

use crate::error::Result;

/// What one delivery brought of a table.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Delivered {
    pub(super) source: &'static str,
    pub(super) rows: u64,
}

/// Writes delivery `batch` (from 0) of all tables below `root`, one commit for each: streamed tables grow, tables of the
/// latest state are written anew, and those that are updated in place change where rows changed. Stops between two tables when `stopped` says so.
///
/// # Errors
/// Data that cannot be generated or written; the run was stopped.
pub(super) async fn deliver(
    model: &Model,
    generator: &Generator,
    batch: usize,
    options: &LakeOptions,
    root: &str,
    stopped: impl Fn() -> bool,
) -> Result<Vec<Delivered>> {
    let mut delivered = Vec::new();
    for source in generator.tables().iter().copied() {
        if stopped() {
            return Err(goldsmith::Error::Cancelled.into());
        }
        let is_streamed = generator.is_streamed(source)?;
        let (content, mode) = if is_streamed {
            (generator.batch(source, batch)?, DeliveryMode::Append)
        } else {
            (generator.snapshot(source, batch)?, DeliveryMode::Snapshot)
        };
        let schema = content.schema();
        let mut content = content.collect::<Result<Vec<RecordBatch>, _>>()?;
        if content.is_empty() {
            if is_streamed && batch > 0 {
                delivered.push(Delivered { source, rows: 0 });
                continue;
            }
            // The table is there from the first delivery on, and an emptied snapshot is news.
            content.push(RecordBatch::new_empty(schema));
        }
        let rows = match updated_in_place(model, source) {
            Some(key) => merge_delivery(options, root, source, key, content).await?,
            None => write_delivery(options, root, source, content, mode).await?,
        };
        delivered.push(Delivered { source, rows });
    }
    Ok(delivered)
}

/// The key of a source whose rows are updated where they are.
fn updated_in_place<'a>(model: &'a Model, source: &str) -> Option<&'a [String]> {
    let (_, bronze) = model.bronze.iter().find(|(name, _)| name.to_string() == source)?;
    let is_updated = bronze.mutability == MutabilityClass::MutableRow && bronze.load == LoadMode::Merge;
    is_updated.then_some(bronze.natural_key.as_slice())
}

/// Rows of all tables.
pub(super) fn total(delivered: &[Delivered]) -> u64 {
    delivered.iter().map(|table| table.rows).sum()
}
