//! SQL over the tables of a target.

use arrow::array::RecordBatch;
use goldsmith_lake::Table;

use crate::context::RunContext;
use crate::error::Result;

/// Answers a query over bronze, gold and quarantine.
pub(crate) async fn query(ctx: &RunContext, sql: &str) -> Result<Vec<RecordBatch>> {
    let mut tables: Vec<(String, String, Table)> = Vec::new();
    for source in ctx.model.bronze.keys() {
        let name = source.bronze_table();
        if let Some(table) = ctx.lake.open(&ctx.layout.quarantine(source)).await? {
            tables.push((ctx.layout.quarantine_schema().to_string(), name.clone(), table));
        }
        if let Some(table) = ctx.open_bronze(source).await? {
            tables.push((ctx.layout.bronze_schema().to_string(), name, table));
        }
    }
    for name in ctx.model.gold.keys() {
        if let Some(table) = ctx.open_gold(name).await? {
            tables.push((ctx.layout.gold_schema().to_string(), name.clone(), table));
        }
    }
    let session = ctx.lake.sql_context(tables).await?;
    session.sql(&format!("set datafusion.catalog.default_schema = '{}'", ctx.layout.gold_schema())).await?;
    goldsmith_query::functions::register_all(&session);
    Ok(session.sql(sql).await?.collect().await?)
}
