//! Gold tables that another engine, such as compiled SQL on Spark, brought up to date.
//!
//! What it says of the table is a lower bound: all that bronze held at an instant is contained. For rows of bronze that is enough,
//! since taking one over once more changes nothing. A look-up however may have found what a dimension held in between, and the
//! dimension may hold again what it did before; so all look-ups are compared once.

use std::collections::BTreeMap;

use goldsmith_lake::{Added, Table};
use goldsmith_model::{GoldKind, GoldTable};
use goldsmith_plan::{GoldPosition, GoldState, InputName, InputPosition, LastWriter, SharedPosition};

use super::decide::read_position;
use crate::context::RunContext;
use crate::error::Result;

/// What is known of a gold table: its own record, or what the engine says that changed its rows since.
pub(super) async fn state_of(ctx: &RunContext, table: &GoldTable, existing: Option<&Table>) -> Result<GoldState> {
    let Some(existing) = existing else {
        return Ok(GoldState { exists: false, position: None, last_writer: LastWriter::Own });
    };
    let others = existing.since_own_position().await?;
    if !others.change_rows {
        let position = read_position(&table.name, existing).await?;
        return Ok(GoldState { exists: true, position, last_writer: LastWriter::Own });
    }
    Ok(match others.position.as_deref().and_then(SharedPosition::parse) {
        Some(shared) => {
            let position = position_of(ctx, &table.name, &shared).await?;
            GoldState { exists: true, position: Some(position), last_writer: LastWriter::Told }
        }
        None => GoldState { exists: true, position: None, last_writer: LastWriter::Foreign },
    })
}

/// The operation by which another engine took rows from a bronze table, for instance to erase a person, since the version of it that a
/// gold table contains. What came since then does not tell that they went: the table has to be built anew.
pub(super) async fn taken_by(
    ctx: &RunContext,
    table: &GoldTable,
    state: &GoldState,
    input: &InputName,
) -> Result<Option<String>> {
    // Gathered dimensions look at the files that went themselves, and the calendar is computed whole.
    if matches!(table.kind, GoldKind::Aggregate { .. } | GoldKind::Calendar(_)) {
        return Ok(None);
    }
    let (InputName::Bronze(source), Some(position)) = (input, &state.position) else { return Ok(None) };
    let (Some(bronze), Some(recorded)) = (ctx.bronze(source).await, position.inputs.get(&input.to_string())) else {
        return Ok(None);
    };
    if recorded.table_id != bronze.table_id()? || recorded.version >= bronze.version() {
        return Ok(None);
    }
    // An engine that tells how far it brought a gold table merges into bronze before, and its position is a lower bound.
    let is_contained = |operation: &String| state.last_writer == LastWriter::Told && operation == "MERGE";
    Ok(match bronze.added_since(recorded.version).await? {
        Added::Known { taken_by, .. } => taken_by.into_iter().find(|operation| !is_contained(operation)),
        Added::Unknown => None,
    })
}

/// Whether another engine wrote the table last, and told how far it came.
pub(crate) async fn is_told_by_others(table: &Table) -> Result<bool> {
    let others = table.since_own_position().await?;
    Ok(others.change_rows && others.position.as_deref().and_then(SharedPosition::parse).is_some())
}

/// The versions of bronze that are certainly contained. Inputs that are left out are compared as a whole.
async fn position_of(ctx: &RunContext, table: &str, shared: &SharedPosition) -> Result<GoldPosition> {
    let mut inputs = BTreeMap::new();
    for name in ctx.dag.inputs(table) {
        let InputName::Bronze(source) = name else { continue };
        let Some(bronze) = ctx.bronze(source).await else { continue };
        if let Some(version) = bronze.version_at(shared.certain_until()).await? {
            inputs.insert(name.to_string(), InputPosition { table_id: bronze.table_id()?, version });
        }
    }
    Ok(GoldPosition::new(shared.fingerprint.clone(), inputs))
}
