//! Which gold tables are verified.

use goldsmith_plan::Selection;

use crate::context::RunContext;
use crate::error::Result;

/// The gold tables that `names` stand for, inputs first; all when there are no names. Unlike in a run, what a table
/// needs does not come along: it is rebuilt, but not judged.
pub(super) fn selected<'a>(ctx: &'a RunContext, names: &[String]) -> Result<Vec<&'a str>> {
    Selection::resolve(&ctx.model, &ctx.dag, names)?;
    let order = ctx.dag.order().iter().filter_map(|name| ctx.model.gold.get(name));
    let is_meant = |table: &goldsmith_model::GoldTable| {
        names.is_empty()
            || names.iter().any(|name| {
                *name == table.name
                    || *name == table.domain
                    || ctx.model.source_named(name).is_some_and(|source| table.sources().contains(&source))
            })
    };
    Ok(order.filter(|table| is_meant(table)).map(|table| table.name.as_str()).collect())
}
