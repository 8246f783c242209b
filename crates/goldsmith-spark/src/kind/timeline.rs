//! SCD2 dimensions: versions that tile time, from a change log.

use goldsmith_model::{DataType, SourceName};

use super::{Scope, identified, partition};
use crate::carried::comparable;
use crate::chain::Chain;
use crate::context::TableContext;
use crate::error::Result;
use crate::names::identifier;
use crate::order::{latest_first, wrapped};

/// How a change log becomes versions.
pub(super) struct ChangeLog<'a> {
    pub(super) source: &'a SourceName,
    pub(super) sequence: &'a str,
    pub(super) delete: Option<&'a str>,
    pub(super) untracked: &'a [String],
}

pub(super) fn base(context: &TableContext<'_>, chain: &mut Chain, scope: Scope, log: &ChangeLog<'_>) -> Result<()> {
    let columns = identified(context, chain, scope, log.source, &[])?;
    let key = &context.table.key;
    let sequence = identifier(log.sequence);
    let mut version_key = key.clone();
    version_key.push(log.sequence.to_owned());
    chain.push(
        "changes",
        "One row for each key and time of change; of several the content decides, column by column.",
        format!(
            "select *\nfrom (select *, {} as _rank from identified where {sequence} is not null)\nwhere _rank = 1",
            latest_first(&columns, &version_key, &[])
        ),
    );
    let date_column = context.bronze(log.source)?.date_column.as_deref();
    let untracked = |name: &str| {
        version_key.iter().any(|part| part == name)
            || log.untracked.iter().any(|other| other == name)
            || date_column == Some(name)
            || log.delete == Some(name)
    };
    let deleted = match log.delete {
        Some(column) => format!("{} is not null", identifier(column)),
        None => "false".to_owned(),
    };
    let mut tracked = vec![deleted.clone()];
    tracked.extend(
        columns
            .iter()
            .filter(|column| !untracked(&column.name))
            .map(|column| comparable(&identifier(&column.name), &column.data_type)),
    );
    let window = format!("{} order by {sequence}", partition(key));
    // Not the struct as it is: Spark would know that the column equals it, and derive that for each subset of the columns that are
    // renamed above, which has no end. What `explode` yields it knows nothing about.
    chain.push(
        "tracked",
        "What makes a version: every column but the key, the times, and what is not tracked; of a deletion whether there is one.",
        format!("select *, explode(array(struct(\n    {}\n  ))) as _tracked\nfrom changes", wrapped(&tracked)),
    );
    chain.push(
        "compared",
        "Whether a row says the same as the one before it; then both are one version, the first of them.",
        format!("select *, lag(_tracked) over ({window}) <=> _tracked as _is_same\nfrom tracked"),
    );
    let instant = |sql: &str| match context.type_of(log.sequence) {
        DataType::Timestamp => sql.to_owned(),
        _ => format!("cast({sql} as timestamp)"),
    };
    chain.push(
        "versions",
        "A version holds from its own time until that of the next one.",
        format!(
            "select *,\n  {} as valid_from,\n  lead({}) over ({window}) as valid_to\nfrom compared\nwhere not _is_same",
            instant(&sequence),
            instant(&sequence),
        ),
    );
    chain.push(
        "timeline",
        "The last version of a key is open.",
        format!("select *, valid_to is null as is_current, {deleted} as is_deleted\nfrom versions"),
    );
    Ok(())
}
