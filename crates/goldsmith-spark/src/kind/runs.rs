//! Facts folded from the slices of runs.

use goldsmith_model::{Fold, FoldFunction, SourceName};

use super::{Scope, identified, partition};
use crate::carried::{Column, aliased};
use crate::chain::{Chain, listed};
use crate::context::TableContext;
use crate::error::Result;
use crate::names::{identifier, identifiers};
use crate::order::{content, latest_first, wrapped};

pub(super) fn base(
    context: &TableContext<'_>,
    chain: &mut Chain,
    scope: Scope,
    source: &SourceName,
    fold: &Fold,
) -> Result<()> {
    let columns = identified(context, chain, scope, source, &[])?;
    let bronze = context.bronze(source)?;
    let mut newest_first = vec![fold.slice_end.clone()];
    newest_first.extend(bronze.sequence_by.iter().filter(|name| **name != fold.slice_end).cloned());
    chain.push(
        "slices",
        format!("One row for each slice ({}): of several the one that ends last.", bronze.natural_key.join(", ")),
        format!(
            "select *\nfrom (select *, {} as _rank from identified)\nwhere _rank = 1",
            latest_first(&columns, &bronze.natural_key, &newest_first)
        ),
    );
    let bounds = [fold.slice_start.clone(), fold.slice_end.clone()];
    let mut order: Vec<String> = bounds.iter().map(|name| format!("{} nulls first", identifier(name))).collect();
    order.extend(content(&columns, bounds.iter()).iter().map(|column| format!("{column} nulls first")));
    chain.push(
        "ordered",
        "The slices of a run by start and end; where these are equal, the content decides.",
        format!(
            "select *, row_number() over (\n    {}\n    order by {}\n  ) as _position\nfrom slices",
            partition(&context.table.key),
            wrapped(&order)
        ),
    );
    let items: Vec<String> = context.base()?.iter().map(|column| item(context, fold, column)).collect();
    chain.push(
        "runs",
        "One row for each run. Columns without a rule have the value of the last slice that has one.",
        format!("select\n{}\nfrom ordered\ngroup by {}", listed(&items), identifiers(&context.table.key)),
    );
    Ok(())
}

fn item(context: &TableContext<'_>, fold: &Fold, column: &Column) -> String {
    let sql = match fold.columns.get(&column.name) {
        Some(rule) => format!("cast({} as {})", apply(fold, &rule.function), rule.data_type),
        None if context.table.key.contains(&column.name) => identifier(&column.name),
        None => last(&identifier(&column.name)),
    };
    aliased(&sql, &column.name)
}

/// The value of the last slice that has one.
fn last(column: &str) -> String {
    value_at_last(column, column)
}

fn value_at_last(column: &str, of: &str) -> String {
    format!("max_by({column}, case when {of} is not null then _position end)")
}

fn apply(fold: &Fold, function: &FoldFunction) -> String {
    match function {
        FoldFunction::Min(column) => format!("min({})", identifier(column)),
        FoldFunction::Max(column) => format!("max({})", identifier(column)),
        FoldFunction::Last(column) => last(&identifier(column)),
        FoldFunction::ValueAtLast { column, of } => value_at_last(&identifier(column), &identifier(of)),
        FoldFunction::Count(column) => format!("count({})", identifier(column)),
        FoldFunction::CountSlices => "count(*)".to_owned(),
        FoldFunction::LastIsNull(column) => format!("max_by({} is null, _position)", identifier(column)),
        FoldFunction::DurationSeconds => {
            let (start, end) = (identifier(&fold.slice_start), identifier(&fold.slice_end));
            format!(
                "case when count({start}) = count(*) and count({end}) = count(*) \
                 then sum(unix_micros({end}) - unix_micros({start})) div 1000000 end"
            )
        }
        FoldFunction::Union(column) => {
            let column = identifier(column);
            format!(
                "case when count({column}) > 0 \
                 then array_sort(array_distinct(filter(flatten(collect_list({column})), e -> e is not null))) end"
            )
        }
    }
}
