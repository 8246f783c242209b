//! What the rows of a gold table are, by the kind of the table, before anything is derived from them.

pub(crate) mod calendar;
mod gather;
mod latest;
mod runs;
mod timeline;

use goldsmith_model::{GoldKind, SourceName};

use crate::carried::{Carried, Column, carried};
use crate::chain::{Chain, listed};
use crate::context::TableContext;
use crate::error::Result;
use crate::names::{identifier, identifiers};

/// Which rows are computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// All rows.
    Whole,
    /// The rows of the keys in the step `affected`.
    Affected,
}

/// Adds the steps that yield the base rows of the table.
pub(crate) fn base(context: &TableContext<'_>, chain: &mut Chain, scope: Scope) -> Result<()> {
    match &context.table.kind {
        GoldKind::EventFact { source, sequence_by }
        | GoldKind::Scd1 { source, sequence_by }
        | GoldKind::Interval { source, sequence_by, .. } => {
            latest::base(context, chain, scope, source, sequence_by.as_deref())
        }
        GoldKind::SlicedRunFact { source, fold } => runs::base(context, chain, scope, source, fold),
        GoldKind::Scd2 { source, sequence_by, delete_time, untracked } => {
            let log = timeline::ChangeLog { source, sequence: sequence_by, delete: delete_time.as_deref(), untracked };
            timeline::base(context, chain, scope, &log)
        }
        GoldKind::Aggregate { members, aggregates, empty_is_null } => {
            gather::base(context, chain, members, aggregates, *empty_is_null)
        }
        GoldKind::Calendar(_) => calendar::base(context, chain),
    }
}

/// Adds the steps that read a source: its carried columns, then those rows that can be identified and are in scope.
/// Returns the carried columns.
fn identified(
    context: &TableContext<'_>,
    chain: &mut Chain,
    scope: Scope,
    source: &SourceName,
    metadata: &[&str],
) -> Result<Vec<Column>> {
    let columns = carried(context.bronze(source)?, &context.table.exclude)?;
    let items: Vec<String> =
        columns.iter().map(Carried::item).chain(metadata.iter().map(|name| (*name).to_owned())).collect();
    chain.push(
        "carried",
        format!(
            "Columns of {source}: fields of structs by their path, entries of maps sorted, deeper values as JSON text."
        ),
        format!("select\n{}\nfrom {}", listed(&items), context.names.bronze(source)),
    );
    let known = if context.table.is_dimension() {
        "Members need every part of their key; rows without one make none."
    } else {
        "Rows without any part of their key cannot be told apart; they are in quarantine."
    };
    let condition = identifiable(&context.table.key, context.table.is_dimension());
    match scope {
        Scope::Whole => {
            chain.push("identified", known, format!("select *\nfrom carried\nwhere {condition}"));
        }
        Scope::Affected => chain.push(
            "identified",
            format!("All rows of the affected keys.\n{known}"),
            format!(
                "select c.*\nfrom carried as c\nleft semi join affected as a on {}\nwhere {}",
                equal(&context.table.key, "c", "a"),
                prefixed_condition(&context.table.key, context.table.is_dimension(), "c."),
            ),
        ),
    }
    Ok(columns.into_iter().map(|carried| carried.column).collect())
}

/// The condition that a row can be identified by its key.
pub(crate) fn identifiable(key: &[String], is_dimension: bool) -> String {
    prefixed_condition(key, is_dimension, "")
}

fn prefixed_condition(key: &[String], is_dimension: bool, prefix: &str) -> String {
    let connective = if is_dimension { " and " } else { " or " };
    let terms: Vec<String> = key.iter().map(|name| format!("{prefix}{} is not null", identifier(name))).collect();
    if is_dimension || terms.len() == 1 { terms.join(connective) } else { format!("({})", terms.join(connective)) }
}

/// Null-safe equality of key columns.
pub(crate) fn equal(key: &[String], left: &str, right: &str) -> String {
    let terms: Vec<String> = key
        .iter()
        .map(|name| {
            let name = identifier(name);
            format!("{left}.{name} <=> {right}.{name}")
        })
        .collect();
    terms.join(" and ")
}

/// `partition by` of a key.
fn partition(key: &[String]) -> String {
    format!("partition by {}", identifiers(key))
}
