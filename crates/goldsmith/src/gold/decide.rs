//! What must be done with a gold table, by what it records of its inputs and where they stand.

use goldsmith_lake::Table;
use goldsmith_model::GoldTable;
use goldsmith_plan::{GoldAction, GoldPosition, GoldState, InputName, InputState, POSITION_FORMAT, decide_gold};

use super::others::{state_of, taken_by};
use crate::context::RunContext;
use crate::error::{Error, Result};

/// Decides what must be done with a gold table, as its inputs stand in this run.
pub(crate) async fn decide(
    ctx: &RunContext,
    table: &GoldTable,
    full_refresh: bool,
    pending: &(dyn Fn(&InputName) -> bool + Sync),
) -> Result<GoldAction> {
    let existing = ctx.gold(&table.name).await;
    let mut state = state_of(ctx, table, existing.as_ref()).await?;
    let mut inputs = Vec::new();
    for name in ctx.dag.inputs(&table.name) {
        let mut position = ctx.input_position(name).await?;
        if state.is_ahead_of(name, position.as_ref()) {
            ctx.open_input(name).await?;
            position = ctx.input_position(name).await?;
        }
        pass_rearrangements(ctx, &mut state, name).await?;
        let taken_by = taken_by(ctx, table, &state, name).await?;
        inputs.push(InputState { name: name.clone(), position, pending: pending(name), taken_by });
    }
    let fingerprint = goldsmith_model::gold_fingerprint(&ctx.model, table);
    Ok(decide_gold(&fingerprint, &state, &inputs, full_refresh))
}

/// Takes commits to an input that only moved rows to other files, as maintenance does, as contained in the gold table: they bring nothing,
/// and a look back at the input goes to files that maintenance has not deleted.
async fn pass_rearrangements(ctx: &RunContext, state: &mut GoldState, name: &InputName) -> Result<()> {
    let recorded = state.position.as_mut().and_then(|position| position.inputs.get_mut(&name.to_string()));
    let (Some(recorded), Some(input)) = (recorded, ctx.input(name).await) else { return Ok(()) };
    if recorded.table_id == input.table_id()? {
        recorded.version = input.same_rows_until(recorded.version).await?;
    }
    Ok(())
}

/// What a gold table records of its inputs; none when it was never filled.
pub(crate) async fn read_position(name: &str, table: &Table) -> Result<Option<GoldPosition>> {
    let unreadable = |reason: String| Error::Position { table: name.to_string(), reason };
    let Some(text) = table.position().await? else {
        return Ok(None);
    };
    let position = GoldPosition::parse(&text).map_err(|error| unreadable(error.to_string()))?;
    if position.format > POSITION_FORMAT {
        return Err(unreadable(format!("its format is {}, this version knows {POSITION_FORMAT}", position.format)));
    }
    Ok(Some(position))
}

/// Says in a few words what an action does and why.
pub(crate) fn describe(action: &GoldAction) -> String {
    match action {
        GoldAction::UpToDate => "nothing new".into(),
        GoldAction::Rebuild(reason) => format!("build from all of bronze: {reason}"),
        GoldAction::Incremental { changed } if changed.is_empty() => "take the position of another engine over".into(),
        GoldAction::Incremental { changed } => {
            let inputs: Vec<String> = changed.keys().map(ToString::to_string).collect();
            format!("recompute what changed in {}", inputs.join(", "))
        }
    }
}
