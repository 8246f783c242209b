//! The inputs of a gold table as they were when it was built.

use goldsmith_lake::Table;
use goldsmith_plan::{InputName, InputPosition};

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
    let is_behind = recorded.version < now.version();
    match now.at_version(recorded.version).await {
        Ok(table) => Ok(Ok(Past { table, is_behind })),
        Err(error) if is_behind && !error.is_retryable() => unusable(format!(
            "version {} of its input `{name}` cannot be read any more ({}); `goldsmith run` moves on from it",
            recorded.version,
            Error::from(error).chain()
        )),
        Err(error) => Err(error.into()),
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
