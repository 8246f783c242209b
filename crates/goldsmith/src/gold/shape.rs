//! The columns of a gold table, as they follow from bronze as it is: what a source gained is carried too.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};
use goldsmith_model::flatten::carried_except;
use goldsmith_model::{GoldKind, GoldTable, Member, SourceName, gold_columns};
use goldsmith_query::aggregate::member_schema;
use goldsmith_query::expression::Projection;
use goldsmith_query::flatten::Carried;
use goldsmith_query::gold::{base_schema, gold_schema};
use goldsmith_query::normalize::normalize_schema;
use goldsmith_query::types::declared_schema;

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

/// The table as it can be built from bronze as it is, and the columns that it leaves out: a column that the source gained under a name
/// that the table gives to one of its own is not carried, since names of the model are fixed.
pub(crate) async fn buildable<'t>(ctx: &RunContext, table: &'t GoldTable) -> Result<(Cow<'t, GoldTable>, Vec<String>)> {
    let source = match &table.kind {
        GoldKind::EventFact { source, .. }
        | GoldKind::Scd1 { source, .. }
        | GoldKind::Interval { source, .. }
        | GoldKind::SlicedRunFact { source, .. }
        | GoldKind::Scd2 { source, .. } => source,
        GoldKind::Aggregate { .. } | GoldKind::Calendar(_) => return Ok((Cow::Borrowed(table), Vec::new())),
    };
    let declared =
        ctx.model.bronze.get(source).map(|bronze| carried_except(bronze, &table.exclude)).unwrap_or_default();
    let own: Vec<String> = gold_columns(&ctx.model, table)
        .into_iter()
        .map(|column| column.name)
        .filter(|name| !declared.iter().any(|column| column.name == *name))
        .collect();
    let found = carried_schema(ctx, table, source).await?;
    let taken: Vec<String> =
        found.fields().iter().map(|field| field.name().clone()).filter(|name| own.contains(name)).collect();
    if taken.is_empty() {
        return Ok((Cow::Borrowed(table), taken));
    }
    let mut without = table.clone();
    without.exclude.extend(taken.iter().cloned());
    Ok((Cow::Owned(without), taken))
}

/// Carried columns of a source for a gold table: of bronze as it is, or as declared while there is none.
async fn carried_schema(ctx: &RunContext, table: &GoldTable, source: &SourceName) -> Result<Schema> {
    let schema = match (ctx.bronze(&source.to_string()).await, ctx.model.bronze.get(source)) {
        (Some(bronze), _) => normalize_schema(bronze.schema()?.as_ref()),
        (None, Some(declared)) => declared_schema(declared),
        (None, None) => return Err(Error::Internal(format!("source `{source}` is not in the model"))),
    };
    Ok(Carried::new(&schema, &table.exclude, &[])?.schema().as_ref().clone())
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
