//! What a run would do.

use std::collections::HashSet;

use goldsmith_plan::{GoldAction, InputName, Selection};
use serde::Serialize;

use crate::bronze::look;
use crate::context::RunContext;
use crate::damage::{Damage, explained};
use crate::error::{Error, Result};
use crate::gold::{decide, describe};
use crate::input::Inputs;
use crate::report::Layer;

/// What a run would do with one table.
#[derive(Debug, Clone, Serialize)]
pub struct TablePlan {
    /// Layer of the table.
    pub layer: Layer,
    /// Source name for bronze (`billing.usage`), table name for gold.
    pub name: String,
    /// Whether the table would be touched.
    pub changes: bool,
    /// Whether the source is absent.
    pub missing: bool,
    /// What would be done and why.
    pub what: String,
    /// Why the table would fail.
    pub error: Option<String>,
}

impl TablePlan {
    /// The plan of a table that would fail.
    fn failing(layer: Layer, name: &str, error: String) -> Self {
        let what = "it would fail".to_owned();
        Self { layer, name: name.to_owned(), changes: false, missing: false, what, error: Some(error) }
    }
}

/// Plans all tables of a selection in the order in which they would run. One that would fail is told, and the others are planned.
pub(crate) async fn plan_all(
    ctx: &RunContext,
    inputs: &Inputs,
    selection: &Selection,
    damage: &Damage,
    full_refresh: bool,
) -> Result<Vec<TablePlan>> {
    let mut plans = Vec::new();
    let mut moving: HashSet<InputName> = HashSet::new();
    for bronze in ctx.model.bronze.values() {
        let name = bronze.source.to_string();
        if !selection.sources.contains(&name) {
            continue;
        }
        if let Some(reason) = damage.reason(&InputName::Bronze(name.clone())) {
            plans.push(TablePlan::failing(Layer::Bronze, &name, reason.to_owned()));
            continue;
        }
        let outlook = match inputs.open(bronze).await {
            Ok(input) => look(ctx, bronze, input.as_ref()).await,
            Err(error) => Err(error),
        };
        let outlook = match outlook {
            Ok(outlook) => outlook,
            Err(Error::Cancelled) => return Err(Error::Cancelled),
            Err(error) => {
                plans.push(TablePlan::failing(Layer::Bronze, &name, explained(ctx, error).chain()));
                continue;
            }
        };
        if outlook.changes {
            moving.insert(InputName::Bronze(name.clone()));
        }
        plans.push(TablePlan {
            layer: Layer::Bronze,
            name,
            changes: outlook.changes,
            missing: outlook.missing,
            what: outlook.what,
            error: None,
        });
    }
    for name in ctx.dag.order() {
        let (true, Some(table)) = (selection.gold.contains(name), ctx.model.gold.get(name)) else {
            continue;
        };
        if let Some(reason) = damage.reason(&InputName::Gold(name.clone())) {
            plans.push(TablePlan::failing(Layer::Gold, name, reason.to_owned()));
            continue;
        }
        let action = match decide(ctx, table, full_refresh, &|input| moving.contains(input)).await {
            Ok(action) => action,
            Err(Error::Cancelled) => return Err(Error::Cancelled),
            Err(error) => {
                plans.push(TablePlan::failing(Layer::Gold, name, explained(ctx, error).chain()));
                continue;
            }
        };
        let changes = action != GoldAction::UpToDate;
        if changes {
            moving.insert(InputName::Gold(name.clone()));
        }
        plans.push(TablePlan {
            layer: Layer::Gold,
            name: name.clone(),
            changes,
            missing: false,
            what: describe(&action),
            error: None,
        });
    }
    Ok(plans)
}
