//! Event facts, SCD1 dimensions and interval references: the latest version of each key.

use goldsmith_model::SourceName;
use goldsmith_query::columns::{INGESTED_AT, SOURCE_VERSION};

use super::{Scope, identified};
use crate::chain::Chain;
use crate::context::TableContext;
use crate::error::Result;
use crate::order::latest_first;

pub(super) fn base(
    context: &TableContext<'_>,
    chain: &mut Chain,
    scope: Scope,
    source: &SourceName,
    sequence_by: Option<&str>,
) -> Result<()> {
    let delivered = [INGESTED_AT, SOURCE_VERSION];
    let metadata: &[&str] = if sequence_by.is_some() { &[] } else { &delivered };
    let columns = identified(context, chain, scope, source, metadata)?;
    let newest_first: Vec<String> = match sequence_by {
        Some(sequence) => vec![sequence.to_owned()],
        None => delivered.map(str::to_owned).to_vec(),
    };
    let rank = latest_first(&columns, &context.table.key, &newest_first);
    let which = match sequence_by {
        Some(sequence) => format!("The latest version of each key by {sequence}"),
        None => "The last delivered version of each key".to_owned(),
    };
    chain.push(
        "latest",
        format!("{which}; where that is equal, the content decides, column by column."),
        format!("select *\nfrom (select *, {rank} as _rank from identified)\nwhere _rank = 1"),
    );
    Ok(())
}
