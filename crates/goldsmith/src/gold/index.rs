//! Indexes of dimensions, for look-ups.

use arrow::array::RecordBatch;
use futures::TryStreamExt;
use goldsmith_lake::Table;
use goldsmith_model::{GoldKind, GoldTable, LookupKind, Model};
use goldsmith_query::columns::VALID_FROM;
use goldsmith_query::lookup::{DimensionIndex, IndexSpec};

use super::read::CarriedTable;
use crate::error::Result;

/// Reads the columns of a dimension that look-ups need into an index.
pub(crate) async fn build_index(model: &Model, dimension: &GoldTable, table: Table) -> Result<DimensionIndex> {
    let key: Vec<String> = match &dimension.kind {
        GoldKind::Interval { start, .. } => dimension.key.iter().filter(|column| *column != start).cloned().collect(),
        _ => dimension.key.clone(),
    };
    let mut fetch: Vec<String> = Vec::new();
    for lookup in model.gold.values().flat_map(|fact| &fact.dimensions) {
        if lookup.dimension == dimension.name && !matches!(lookup.kind, LookupKind::Calendar { .. }) {
            for fetched in lookup.fetch.values() {
                if !fetch.contains(&fetched.column) {
                    fetch.push(fetched.column.clone());
                }
            }
        }
    }
    let (start, end) = match &dimension.kind {
        GoldKind::Scd2 { .. } => (Some(VALID_FROM.to_string()), None),
        GoldKind::Interval { start, end, .. } => (Some(start.clone()), Some(end.clone())),
        _ => (None, None),
    };
    let spec = IndexSpec { key, surrogate: dimension.surrogate_key(), fetch };
    let mut names = spec.key.clone();
    names.push(spec.surrogate.clone());
    for name in spec.fetch.iter().chain(&start).chain(&end) {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    let table = CarriedTable::new(table, &[], &[])?.narrow(&names)?;
    let batches: Vec<RecordBatch> = table.stream(None).await?.try_collect().await?;
    Ok(match (start, end) {
        (Some(start), Some(end)) => DimensionIndex::interval(&batches, &spec, &start, &end)?,
        (Some(start), None) => DimensionIndex::as_of(&batches, &spec, &start)?,
        _ => DimensionIndex::plain(&batches, &spec)?,
    })
}
