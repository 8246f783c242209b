//! SQL over the tables of a target.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::prelude::{SQLOptions, SessionContext};
use goldsmith_lake::{Location, Table};

use crate::context::RunContext;
use crate::error::Result;

/// Answers a query over bronze, gold and quarantine. Only the tables that it names are opened, and nothing but
/// reading is allowed.
pub(crate) async fn query(ctx: &RunContext, sql: &str) -> Result<(SchemaRef, Vec<RecordBatch>)> {
    let mut tables: Vec<(String, String, Table)> = Vec::new();
    for (schema, name) in named_tables(ctx, sql)? {
        if let Some(location) = location_of(ctx, &schema, &name)
            && let Some(table) = ctx.lake.open(&location).await?
        {
            tables.push((schema, name, table));
        }
    }
    let session = ctx.lake.sql_context(tables).await?;
    session.sql(&format!("set datafusion.catalog.default_schema = '{}'", ctx.layout.gold_schema())).await?;
    goldsmith_query::functions::register_all(&session);
    let only_reading = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
    let frame = session.sql_with_options(sql, only_reading).await?;
    let schema = Arc::new(frame.schema().as_arrow().clone());
    Ok((schema, frame.collect().await?))
}

/// Schema and name of the tables that a query names; one without a schema is a gold table.
fn named_tables(ctx: &RunContext, sql: &str) -> Result<BTreeSet<(String, String)>> {
    let state = SessionContext::new().state();
    let dialect = state.config().options().sql_parser.dialect;
    let statement = state.sql_to_statement(sql, &dialect)?;
    let named = state.resolve_table_references(&statement)?;
    let schema_of = |schema: Option<&str>| schema.unwrap_or(ctx.layout.gold_schema()).to_string();
    Ok(named.iter().map(|table| (schema_of(table.schema()), table.table().to_string())).collect())
}

/// Where a table of the model is.
fn location_of(ctx: &RunContext, schema: &str, name: &str) -> Option<Location> {
    let source = || ctx.model.bronze.keys().find(|source| source.bronze_table() == name);
    if schema == ctx.layout.gold_schema() {
        ctx.model.gold.contains_key(name).then(|| ctx.layout.gold(name))
    } else if schema == ctx.layout.bronze_schema() {
        source().map(|source| ctx.layout.bronze(source))
    } else if schema == ctx.layout.quarantine_schema() {
        source().map(|source| ctx.layout.quarantine(source))
    } else {
        None
    }
}
