//! SQL over the tables of a target.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch, StringArray};
use arrow::datatypes::{DataType, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{SchemaProvider, TableProvider};
use datafusion::datasource::TableType;
use datafusion::error::DataFusionError;
use datafusion::prelude::{SQLOptions, SessionContext};
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast;
use goldsmith_lake::{CATALOG, Lake, LakeError, Location, Table};
use goldsmith_query::types::from_arrow;

use crate::context::RunContext;
use crate::error::{Error, Result};

/// Schema of the tables about tables.
const INFORMATION_SCHEMA: &str = "information_schema";

/// Answers a query over bronze, gold and quarantine. Only the tables that it names are opened, and nothing but
/// reading is allowed.
pub(crate) async fn query(ctx: &RunContext, sql: &str) -> Result<(SchemaRef, Vec<RecordBatch>)> {
    let named = Named::in_query(ctx, sql)?;
    let only = match named.tables.iter().collect::<Vec<_>>().as_slice() {
        [(schema, name)] => location_of(ctx, schema, name),
        _ => None,
    };
    let session = if named.asks_for_all { session_of_all(ctx).await? } else { session_of(ctx, named.tables).await? };
    session.sql(&format!("set datafusion.catalog.default_schema = '{}'", ctx.layout.gold_schema())).await?;
    // As Spark SQL has it: null is less than any value.
    session.sql("set datafusion.sql_parser.default_null_ordering = 'nulls_min'").await?;
    goldsmith_query::functions::register_all(&session);
    let only_reading = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
    let frame = session.sql_with_options(sql, only_reading).await?;
    let schema = Arc::new(frame.schema().as_arrow().clone());
    let batches = frame.collect().await.map_err(|error| match (Error::from(error), only) {
        // Pages of a file are read without its name.
        (Error::DataFusion(error), Some(table)) => match LakeError::of_content(&table.to_string(), &error) {
            Some(told) => Error::Lake(told),
            None => Error::DataFusion(error),
        },
        (error, _) => error,
    })?;
    let batches = batches.into_iter().map(with_types_of_spark).collect::<Result<_>>()?;
    Ok((schema, batches))
}

/// The columns of an answer about columns.
const OF_COLUMNS: [&str; 3] = ["column_name", TYPE, "is_nullable"];

/// The column with their types.
const TYPE: &str = "data_type";

/// Types as the model and Spark SQL spell them, in an answer about columns. What Delta does not have stays as it is.
fn with_types_of_spark(batch: RecordBatch) -> Result<RecordBatch> {
    let schema = batch.schema();
    if !OF_COLUMNS.iter().all(|name| schema.column_with_name(name).is_some()) {
        return Ok(batch);
    }
    let Some((index, _)) = schema.column_with_name(TYPE) else { return Ok(batch) };
    let Some(types) = batch.column(index).as_string_opt::<i32>() else { return Ok(batch) };
    let spelt = |text: &str| match text.parse::<DataType>().ok().and_then(|found| from_arrow(&found).ok()) {
        Some(found) => found.to_string(),
        None => text.to_owned(),
    };
    let types: StringArray = types.iter().map(|text| text.map(spelt)).collect();
    let mut columns = batch.columns().to_vec();
    if let Some(column) = columns.get_mut(index) {
        *column = Arc::new(types);
    }
    Ok(RecordBatch::try_new(schema, columns)?)
}

/// What a query refers to.
struct Named {
    /// Schema and name of tables; one without a schema is a gold table.
    tables: BTreeSet<(String, String)>,
    /// Whether it asks which tables there are, and not about those that it names.
    asks_for_all: bool,
}

impl Named {
    fn in_query(ctx: &RunContext, sql: &str) -> Result<Self> {
        let state = SessionContext::new().state();
        let dialect = state.config().options().sql_parser.dialect;
        let statement = state.sql_to_statement(sql, &dialect)?;
        let references = state.resolve_table_references(&statement)?;
        let schema_of = |schema: Option<&str>| schema.unwrap_or(ctx.layout.gold_schema()).to_string();
        let tables: BTreeSet<(String, String)> =
            references.iter().map(|table| (schema_of(table.schema()), table.table().to_string())).collect();
        let names_catalog = tables.iter().any(|(schema, _)| schema == INFORMATION_SCHEMA);
        Ok(Self { asks_for_all: names_catalog && !shows_something_else(&statement), tables })
    }
}

/// Whether a statement shows settings, functions or one table. All that begin with `show` are carried out as queries of the
/// tables about tables.
fn shows_something_else(statement: &Statement) -> bool {
    let Statement::Statement(statement) = statement else { return false };
    matches!(
        **statement,
        ast::Statement::ShowColumns { .. }
            | ast::Statement::ShowCreate { .. }
            | ast::Statement::ShowFunctions { .. }
            | ast::Statement::ShowVariable { .. }
            | ast::Statement::ShowVariables { .. }
    )
}

/// A session with the tables of a list, as far as they are there.
async fn session_of(ctx: &RunContext, named: BTreeSet<(String, String)>) -> Result<SessionContext> {
    let mut tables: Vec<(String, String, Table)> = Vec::new();
    for (schema, name) in named {
        if let Some(location) = location_of(ctx, &schema, &name)
            && let Some(table) = ctx.lake.open(&location).await?
        {
            tables.push((schema, name, table));
        }
    }
    Ok(ctx.lake.sql_context(tables).await?)
}

/// A session with all tables that the target holds.
async fn session_of_all(ctx: &RunContext) -> Result<SessionContext> {
    let mut schemas: BTreeMap<&str, BTreeMap<String, Location>> = BTreeMap::new();
    for schema in [ctx.layout.bronze_schema(), ctx.layout.gold_schema(), ctx.layout.quarantine_schema()] {
        for name in ctx.lake.list_tables(&ctx.layout.target().join(schema)).await? {
            if let Some(location) = location_of(ctx, schema, &name) {
                schemas.entry(schema).or_default().insert(name, location);
            }
        }
    }
    let session = ctx.lake.sql_context(Vec::new()).await?;
    let catalog = session.catalog(CATALOG).ok_or_else(|| Error::Internal("a session has no catalog".into()))?;
    for (schema, tables) in schemas {
        catalog.register_schema(schema, Arc::new(Listed { lake: ctx.lake.clone(), tables }))?;
    }
    Ok(session)
}

/// Tables of one schema. A table is opened when more than its name is asked for, which reads its log.
#[derive(Debug)]
struct Listed {
    lake: Lake,
    tables: BTreeMap<String, Location>,
}

#[async_trait]
impl SchemaProvider for Listed {
    fn table_names(&self) -> Vec<String> {
        self.tables.keys().cloned().collect()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>, DataFusionError> {
        let Some(location) = self.tables.get(name) else { return Ok(None) };
        match self.lake.open(location).await? {
            Some(table) => Ok(Some(table.provider().await?)),
            None => Ok(None),
        }
    }

    async fn table_type(&self, name: &str) -> Result<Option<TableType>, DataFusionError> {
        Ok(self.table_exist(name).then_some(TableType::Base))
    }

    fn table_exist(&self, name: &str) -> bool {
        self.tables.contains_key(name)
    }
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
