//! The inputs of a gold table as they were when it was built.

use goldsmith_lake::{Added, Table};
use goldsmith_model::GoldTable;
use goldsmith_plan::{GoldPosition, InputName, InputPosition};

use super::report::BehindInput;
use crate::context::RunContext;
use crate::error::{Error, Result};

/// Why a table cannot be compared.
#[derive(Debug, Clone)]
pub(super) enum Unusable {
    /// What is needed is not there any more, which is nobody's fault.
    Skip(String),
    /// The table records something that cannot be.
    Fail(String),
}

/// An input at a recorded version.
pub(super) struct Past {
    /// The input.
    pub(super) table: Table,
    /// Whether it moved on since.
    pub(super) is_behind: bool,
}

/// The input `name` at the version that a gold table records.
pub(super) async fn at(ctx: &RunContext, name: &InputName, recorded: &InputPosition) -> Result<Result<Past, Unusable>> {
    let unusable = |reason: String| Ok(Err(Unusable::Skip(reason)));
    let Some(now) = latest(ctx, name).await? else {
        return unusable(format!("its input `{name}` is not there any more"));
    };
    if now.table_id()? != recorded.table_id {
        return unusable(format!("its input `{name}` was created anew since; `goldsmith run` takes it over"));
    }
    if recorded.version > now.version() {
        return Ok(Err(Unusable::Fail(format!(
            "the table records version {} of its input `{name}`, which is at version {}; was an older copy restored? \
             `goldsmith run --full-refresh` rebuilds it",
            recorded.version,
            now.version()
        ))));
    }
    // The same rows in the files that maintenance wrote last; those before may be deleted.
    let version = now.same_rows_until(recorded.version).await?;
    let is_behind = version < now.version();
    match now.at_version(version).await {
        Ok(table) => Ok(Ok(Past { table, is_behind })),
        Err(error) if is_behind && !error.is_retryable() => unusable(format!(
            "version {version} of its input `{name}` cannot be read any more ({}); `goldsmith run` moves on from it",
            Error::from(error).what()
        )),
        Err(error) => Err(error.into()),
    }
}

/// The inputs of a gold table that hold more than it contains. An input that cannot be read is left out, as the comparison tells why.
pub(super) async fn behind(ctx: &RunContext, table: &GoldTable, position: &GoldPosition) -> Result<Vec<BehindInput>> {
    let mut found = Vec::new();
    for name in ctx.dag.inputs(&table.name) {
        let now = match latest(ctx, name).await {
            Ok(Some(now)) => now,
            Err(Error::Cancelled) => return Err(Error::Cancelled),
            Ok(None) | Err(_) => continue,
        };
        let same = match (position.inputs.get(&name.to_string()), now.table_id()) {
            (Some(recorded), Ok(id)) => Some(recorded.version).filter(|_| recorded.table_id == id),
            _ => None,
        };
        let is_behind = match same {
            Some(contained) => contained < now.version() && holds_more(&now, contained).await,
            None => true,
        };
        if is_behind {
            found.push(BehindInput { input: name.to_string(), contained: same, latest: now.version() });
        }
    }
    found.sort_unstable_by(|one, other| one.input.cmp(&other.input));
    Ok(found)
}

/// Whether rows came or went since a version; maintenance only rearranges them. When the log does not tell, they may have.
async fn holds_more(table: &Table, version: u64) -> bool {
    match table.added_since(version).await {
        Ok(Added::Known { files, lost_rows, .. }) => lost_rows || !files.is_empty(),
        Ok(Added::Unknown) | Err(_) => true,
    }
}

/// An input as it is now, opened once.
async fn latest(ctx: &RunContext, name: &InputName) -> Result<Option<Table>> {
    match name {
        InputName::Gold(name) => gold(ctx, name).await,
        InputName::Bronze(source) => match ctx.bronze(source).await {
            Some(table) => Ok(Some(table)),
            None => match ctx.model.bronze.keys().find(|known| known.to_string() == *source) {
                Some(source) => ctx.open_bronze(source).await,
                None => Ok(None),
            },
        },
    }
}

/// A gold table as it is now, opened once.
pub(super) async fn gold(ctx: &RunContext, name: &str) -> Result<Option<Table>> {
    match ctx.gold(name).await {
        Some(table) => Ok(Some(table)),
        None => ctx.open_gold(name).await,
    }
}
