//! The columns of a gold table, as they follow from bronze as it is: what a source gained is carried too.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};
use goldsmith_lake::Table;
use goldsmith_model::flatten::carried_except;
use goldsmith_model::{BronzeTable, GoldKind, GoldTable, Member, SourceName, gold_columns};
use goldsmith_query::aggregate::member_schema;
use goldsmith_query::expression::Projection;
use goldsmith_query::flatten::{Carried, Contested, contested};
use goldsmith_query::gold::{base_schema, gold_schema};
use goldsmith_query::normalize::normalize_schema;
use goldsmith_query::types::declared_schema;

use super::read::CarriedTable;
use crate::context::RunContext;
use crate::error::{Error, Result};

/// Schemas of a gold table.
pub(crate) struct Shape {
    /// Carried rows of the source; what the members have together for a gathered dimension.
    pub(crate) carried: Schema,
    /// Base rows: what the cores yield.
    pub(crate) base: SchemaRef,
    /// The whole table.
    pub(crate) schema: SchemaRef,
}

/// Derives the schemas of a gold table.
pub(crate) async fn shape_of(ctx: &RunContext, table: &GoldTable) -> Result<Shape> {
    let carried = match &table.kind {
        GoldKind::EventFact { source, .. }
        | GoldKind::Scd1 { source, .. }
        | GoldKind::Interval { source, .. }
        | GoldKind::SlicedRunFact { source, .. }
        | GoldKind::Scd2 { source, .. } => carried_schema(ctx, table, source).await?,
        GoldKind::Aggregate { members, .. } => member_schema_of(&member_projections(ctx, table, members).await?)?,
        GoldKind::Calendar(_) => Schema::empty(),
    };
    let base = base_schema(table, &carried)?;
    let schema = gold_schema(table, &carried, &ctx.model)?;
    Ok(Shape { carried, base: Arc::new(base), schema })
}

/// The table as it can be built from bronze as it is, and warnings of the columns that it leaves out: what a source gained under a name
/// that the table has already is not carried, since names of the model are fixed.
pub(crate) async fn buildable<'t>(ctx: &RunContext, table: &'t GoldTable) -> Result<(Cow<'t, GoldTable>, Vec<String>)> {
    let source = match &table.kind {
        GoldKind::EventFact { source, .. }
        | GoldKind::Scd1 { source, .. }
        | GoldKind::Interval { source, .. }
        | GoldKind::SlicedRunFact { source, .. }
        | GoldKind::Scd2 { source, .. } => source,
        GoldKind::Aggregate { .. } | GoldKind::Calendar(_) => return Ok((Cow::Borrowed(table), Vec::new())),
    };
    let left_out = match (ctx.bronze(&source.to_string()).await, ctx.model.bronze.get(source)) {
        (Some(found), Some(declared)) => left_out(ctx, table, declared, &normalize_schema(found.schema()?.as_ref())),
        _ => Vec::new(),
    };
    if left_out.is_empty() {
        return Ok((Cow::Borrowed(table), Vec::new()));
    }
    let mut without = table.clone();
    without.exclude.extend(left_out.iter().map(Contested::exclusion));
    Ok((Cow::Owned(without), left_out.iter().map(warning).collect()))
}

/// The columns of a source that a table does not carry because their names are taken. Names that the table gives itself count unless it
/// is gathered: then it carries nothing, and its members only read.
fn left_out(ctx: &RunContext, table: &GoldTable, declared: &BronzeTable, found: &Schema) -> Vec<Contested> {
    let own: Vec<String> = match &table.kind {
        GoldKind::Aggregate { .. } => Vec::new(),
        _ => {
            let carried = carried_except(declared, &table.exclude);
            let names = gold_columns(&ctx.model, table).into_iter().map(|column| column.name);
            names.filter(|name| !carried.iter().any(|column| column.name == *name)).collect()
        }
    };
    contested(found, declared, &table.exclude, &own)
}

fn warning(left_out: &Contested) -> String {
    let column = left_out.path.join(".");
    match &left_out.holder {
        None => format!(
            "the column `{column}` of the source is not carried, because the table has one of its own by this name; it is in bronze, and is \
             carried once the model calls the other one differently"
        ),
        Some(holder) => format!(
            "the column `{column}` of the source is not carried, because the table has `{}` under the name `{}`; it is in bronze, and is \
             carried once the model has `{}` under `exclude`",
            holder.join("."),
            left_out.name,
            holder.first().map_or("", String::as_str),
        ),
    }
}

/// A bronze table as a gold table carries its rows.
pub(crate) fn carried_table(
    ctx: &RunContext,
    table: &GoldTable,
    source: &SourceName,
    bronze: Table,
    keep: &[&str],
) -> Result<CarriedTable> {
    let exclude = excluded(ctx, table, source, &normalize_schema(bronze.schema()?.as_ref()));
    CarriedTable::new(bronze, &exclude, keep)
}

/// What of a source a gold table does not carry: what its model says, and what has a name that is taken.
fn excluded(ctx: &RunContext, table: &GoldTable, source: &SourceName, found: &Schema) -> Vec<String> {
    let mut exclude = table.exclude.clone();
    if let Some(declared) = ctx.model.bronze.get(source) {
        exclude.extend(left_out(ctx, table, declared, found).iter().map(Contested::exclusion));
    }
    exclude
}

/// Carried columns of a source for a gold table: of bronze as it is, or as declared while there is none.
async fn carried_schema(ctx: &RunContext, table: &GoldTable, source: &SourceName) -> Result<Schema> {
    let schema = match (ctx.bronze(&source.to_string()).await, ctx.model.bronze.get(source)) {
        (Some(bronze), _) => normalize_schema(bronze.schema()?.as_ref()),
        (None, Some(declared)) => declared_schema(declared),
        (None, None) => return Err(Error::Internal(format!("source `{source}` is not in the model"))),
    };
    let exclude = excluded(ctx, table, source, &schema);
    Ok(Carried::new(&schema, &exclude, &[])?.schema().as_ref().clone())
}

/// The compiled expressions of the members of an aggregate dimension.
pub(crate) async fn member_projections(
    ctx: &RunContext,
    table: &GoldTable,
    members: &[Member],
) -> Result<Vec<Projection>> {
    let mut projections = Vec::with_capacity(members.len());
    for member in members {
        let schema = carried_schema(ctx, table, &member.source).await?;
        let projection =
            Projection::compile(&schema, &member.columns).map_err(|errors| Error::expressions(&table.name, errors))?;
        projections.push(projection);
    }
    Ok(projections)
}

/// Columns of all members together.
pub(crate) fn member_schema_of(projections: &[Projection]) -> Result<Schema> {
    Ok(member_schema(projections.iter().map(|projection| projection.schema().as_ref()))?)
}
