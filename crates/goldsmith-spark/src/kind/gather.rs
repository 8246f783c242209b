//! Dimensions gathered from several sources.

use std::collections::HashMap;

use arrow::datatypes::Schema;
use goldsmith_model::{Aggregate, AggregateFunction, DataType, Member, SourceName};
use goldsmith_query::QueryError;
use goldsmith_query::aggregate::member_schema;
use goldsmith_query::expression::{LogicalExpression, Projection, logical_projection};
use goldsmith_query::flatten::Carried as CarriedRows;
use goldsmith_query::types::{declared_schema, from_arrow};
use indexmap::IndexMap;

use crate::carried::{Carried, aliased, carried};
use crate::chain::{Chain, listed};
use crate::context::TableContext;
use crate::error::Result;
use crate::expression::translate;
use crate::names::{identifier, identifiers};

pub(super) fn base(
    context: &TableContext<'_>,
    chain: &mut Chain,
    members: &[Member],
    aggregates: &IndexMap<String, Aggregate>,
    empty_is_null: bool,
) -> Result<()> {
    let mut compiled = Vec::with_capacity(members.len());
    let mut schemas = Vec::with_capacity(members.len());
    for member in members {
        let schema = rows_of(context, &member.source)?;
        let wrong = |errors| QueryError::Expression { errors };
        schemas.push(Projection::compile(&schema, &member.columns).map_err(wrong)?.schema().as_ref().clone());
        compiled.push((member, logical_projection(&schema, &member.columns).map_err(wrong)?));
    }
    let columns = member_schema(&schemas)?;
    for (source, needed) in needed_columns(&compiled) {
        let items: Vec<String> = carried(context.bronze(source)?, &[])?
            .iter()
            .filter(|column| needed.contains(&column.column.name))
            .map(Carried::item)
            .collect();
        chain.push(
            step(source),
            format!("Columns of {source} that members are made from."),
            format!("select\n{}\nfrom {}", listed(&items), context.names.bronze(source)),
        );
    }
    let mut selects = Vec::with_capacity(compiled.len());
    for (member, expressions) in &compiled {
        selects.push(member_select(context, member, expressions, &columns, empty_is_null)?);
    }
    chain.push("members", "Every row that mentions a member.", selects.join("\nunion all\n"));
    let conditions: Vec<String> =
        context.table.key.iter().map(|name| format!("{} is not null", identifier(name))).collect();
    let mut items: Vec<String> = context.table.key.iter().map(|name| identifier(name)).collect();
    items.extend(aggregates.iter().map(|(name, aggregate)| aliased(&aggregated(aggregate), name)));
    chain.push(
        "gathered",
        "One row for each member. A null is no value.",
        format!(
            "select\n{}\nfrom members\nwhere {}\ngroup by {}",
            listed(&items),
            conditions.join(" and "),
            identifiers(&context.table.key)
        ),
    );
    Ok(())
}

fn rows_of(context: &TableContext<'_>, source: &SourceName) -> Result<Schema> {
    let declared = declared_schema(context.bronze(source)?);
    Ok(CarriedRows::new(&declared, &[], &[])?.schema().as_ref().clone())
}

/// The name of the step that reads a source.
fn step(source: &SourceName) -> String {
    identifier(&source.bronze_table())
}

/// The carried columns that the members read, by source.
fn needed_columns<'a>(compiled: &'a [(&Member, Vec<LogicalExpression>)]) -> IndexMap<&'a SourceName, Vec<String>> {
    let mut out: IndexMap<&SourceName, Vec<String>> = IndexMap::new();
    for (member, expressions) in compiled {
        let needed = out.entry(&member.source).or_default();
        for column in expressions.iter().flat_map(|expression| &expression.columns) {
            if !needed.contains(column) {
                needed.push(column.clone());
            }
        }
    }
    out
}

fn member_select(
    context: &TableContext<'_>,
    member: &Member,
    expressions: &[LogicalExpression],
    columns: &Schema,
    empty_is_null: bool,
) -> Result<String> {
    let mut items = Vec::with_capacity(columns.fields().len());
    for field in columns.fields() {
        let data_type = from_arrow(field.data_type())?;
        let sql = match expressions.iter().find(|expression| &expression.name == field.name()) {
            Some(expression) => {
                let translated = translate(&context.table.name, expression, &HashMap::new())?;
                if !translated.helpers.is_empty() {
                    return Err(crate::error::SparkError::Untranslatable {
                        table: context.table.name.clone(),
                        column: field.name().clone(),
                        what: "`multiply_money` in a member".to_owned(),
                        help: "multiply in a derived column".to_owned(),
                    });
                }
                if from_arrow(&expression.yields)? == data_type {
                    translated.sql
                } else {
                    format!("cast({} as {data_type})", translated.sql)
                }
            }
            None => format!("cast(null as {data_type})"),
        };
        let is_text_of_key = data_type == DataType::String && context.table.key.contains(field.name());
        let sql = if empty_is_null && is_text_of_key { format!("nullif({sql}, '')") } else { sql };
        items.push(aliased(&sql, field.name()));
    }
    Ok(format!("select {} from {}", items.join(", "), step(&member.source)))
}

fn aggregated(aggregate: &Aggregate) -> String {
    let column = identifier(&aggregate.column);
    let sql = match aggregate.function {
        AggregateFunction::Min => format!("min({column})"),
        AggregateFunction::Max => format!("max({column})"),
        // The value breaks ties, so that it does not depend on the order of the rows.
        AggregateFunction::Last => {
            let mut by = aggregate.by.clone();
            by.push(aggregate.column.clone());
            format!("max_by({column}, struct({})) filter (where {column} is not null)", identifiers(&by))
        }
    };
    format!("cast({sql} as {})", aggregate.data_type)
}
