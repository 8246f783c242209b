//! `goldsmith plan`

use std::sync::Arc;

use goldsmith::{RunEvent, RunOptions, TablePlan};
use serde_json::json;

use super::{Context, Outcome};
use crate::error::Result;
use crate::render::number::{grouped, plural};
use crate::render::report::layer;
use crate::render::table::{Align, TextTable};
use crate::render::{Paint, shortened};

/// Characters of a reason that the table shows; JSON has all of it.
const WIDTH: usize = 100;

/// Tells what a run would do.
pub(super) async fn plan(context: &Context, options: RunOptions, all: bool) -> Result<Outcome> {
    let printer = &context.printer;
    let engine = context.running_engine(Arc::new(|_: RunEvent| {}))?;
    let plans = engine.plan(&options).await?;
    let count = |of: fn(&TablePlan) -> bool| plans.iter().filter(|plan| of(plan)).count() as u64;
    let (changes, missing) = (count(|plan| plan.changes), count(|plan| plan.missing));
    let failing = count(|plan| plan.error.is_some());
    if printer.is_json() {
        printer.json(&json!({"changes": changes, "missing": missing, "failing": failing, "tables": plans}))?;
        return Ok(Outcome::of(failing == 0));
    }
    let mut shown = plans.iter().filter(|plan| all || plan.changes || plan.error.is_some()).peekable();
    if shown.peek().is_some() {
        let columns = [("layer", Align::Left), ("table", Align::Left), ("what a run would do", Align::Left)];
        let mut table = TextTable::new(columns, Paint(printer.stdout_color()));
        for plan in shown {
            table.row([layer(plan.layer), &plan.name, &shortened(&plan.what, WIDTH)]);
        }
        printer.data(&table.render())?;
    }
    for (plan, error) in plans.iter().filter_map(|plan| Some((plan, plan.error.as_ref()?))) {
        printer.data(&format!("{} {} would fail: {error}", layer(plan.layer), plan.name))?;
    }
    let rest = plans.len() as u64 - changes - missing - failing;
    let mut summary = format!("{} to do, {rest} up to date", plural(changes, "table"));
    if missing > 0 {
        summary.push_str(&format!(", {} not there", plural(missing, "source")));
    }
    if failing > 0 {
        summary.push_str(&format!(", {} would fail", grouped(failing)));
    }
    printer.say(&summary);
    Ok(Outcome::of(failing == 0))
}
