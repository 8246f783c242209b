//! `goldsmith status`

use goldsmith::TableInfo;
use serde_json::{Value, json};

use super::{Context, Outcome};
use crate::error::Result;
use crate::render::Paint;
use crate::render::number::{bytes, grouped, plural};
use crate::render::report::layer;
use crate::render::table::{Align, TextTable};

/// Lists the tables of the target.
pub(super) async fn status(context: &Context) -> Result<Outcome> {
    let printer = &context.printer;
    let target = context.settings.require_target()?;
    let tables = context.reading_engine()?.status().await?;
    let broken: Vec<(&TableInfo, &String)> =
        tables.iter().filter_map(|info| Some((info, info.error.as_ref()?))).collect();
    let outcome = Outcome::of(broken.is_empty());
    if printer.is_json() {
        let is_there = tables.iter().any(|info| info.exists);
        let tables: Vec<Value> = tables.iter().map(document).collect();
        printer.json(&json!({"lake": is_there, "tables": tables}))?;
        return Ok(outcome);
    }
    let columns = [
        ("layer", Align::Left),
        ("table", Align::Left),
        ("version", Align::Right),
        ("rows", Align::Right),
        ("files", Align::Right),
        ("size", Align::Right),
    ];
    let mut table = TextTable::new(columns, Paint(printer.stdout_color()));
    let number = |number: Option<u64>| number.map(grouped).unwrap_or_default();
    let there: Vec<&TableInfo> = tables.iter().filter(|info| info.exists).collect();
    for info in &there {
        table.row([
            layer(info.layer).to_string(),
            info.name.clone(),
            info.error.as_ref().map_or_else(|| version(info), |_| "broken".to_owned()),
            number(info.rows),
            number(info.files),
            info.bytes.map(bytes).unwrap_or_default(),
        ]);
    }
    if !there.is_empty() {
        printer.data(&table.render())?;
    }
    for (info, error) in &broken {
        printer.data(&format!("{} {} cannot be read: {error}", layer(info.layer), info.name))?;
    }
    let absent = tables.len() - there.len();
    let size = there.iter().filter_map(|info| info.bytes).sum();
    if there.is_empty() {
        printer.say(&format!(
            "there is no lake at `{target}`: none of its {} is there; `goldsmith run` fills it",
            plural(tables.len() as u64, "table")
        ));
        return Ok(outcome);
    }
    let mut summary = format!("{} with {}, {absent} not there", plural(there.len() as u64, "table"), bytes(size));
    if !broken.is_empty() {
        summary.push_str(&format!(", {} cannot be read", grouped(broken.len() as u64)));
    }
    printer.say(&summary);
    Ok(outcome)
}

fn version(info: &TableInfo) -> String {
    info.version.map(|version| version.to_string()).unwrap_or_default()
}

/// The position is JSON in JSON; as a value it is easier to read for other programs.
fn document(info: &TableInfo) -> Value {
    let mut out = json!(info);
    if let Some(position) = info.position.as_deref().and_then(|text| serde_json::from_str::<Value>(text).ok()) {
        out["position"] = position;
    }
    out
}
