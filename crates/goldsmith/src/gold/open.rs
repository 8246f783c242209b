//! Opening a gold table for a job, with the columns that it is to have.

use arrow::datatypes::SchemaRef;
use goldsmith_lake::{Table, TableSpec};
use goldsmith_model::GoldTable;

use crate::context::RunContext;
use crate::error::Result;

/// Opens a gold table, or creates it, and gives it the columns of `schema`; of those that are new a warning tells.
pub(super) async fn open_or_create(
    ctx: &RunContext,
    table: &GoldTable,
    schema: &SchemaRef,
    is_rebuilt: bool,
    warnings: &mut Vec<String>,
) -> Result<Table> {
    let location = ctx.layout.gold(&table.name);
    let existing = match ctx.gold(&table.name).await {
        Some(existing) => Some(existing),
        None => ctx.lake.open(&location).await?,
    };
    let Some(mut target) = existing else {
        let spec = TableSpec {
            name: table.name.clone(),
            description: Some(table.description.clone()),
            schema: schema.clone(),
            run_id: ctx.stamp.run_id.clone(),
        };
        let mut created = ctx.lake.create(&location, spec).await?;
        created.cluster_by(&table.cluster_by);
        return Ok(created);
    };
    target.cluster_by(&table.cluster_by);
    let before = target.schema()?;
    // A new schema becomes visible with the rows that have it. Whole new content may have other columns and types.
    if is_rebuilt {
        target.replace_schema(schema)?;
    } else {
        target.add_columns(schema.fields())?;
    }
    let added: Vec<&str> = schema
        .fields()
        .iter()
        .map(|field| field.name().as_str())
        .filter(|name| before.column_with_name(name).is_none())
        .collect();
    if !added.is_empty() {
        warnings.push(format!("new columns were taken over: {}", added.join(", ")));
    }
    Ok(target)
}
