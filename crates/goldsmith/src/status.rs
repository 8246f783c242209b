//! What a target holds.

use goldsmith_lake::Table;
use goldsmith_plan::InputName;
use serde::Serialize;

use crate::context::RunContext;
use crate::damage::{advice, is_of_table};
use crate::error::Result;
use crate::report::Layer;

/// What a target holds of one table of the model. Of one that does not exist or cannot be read, only name and place are known.
#[derive(Debug, Clone, Serialize)]
pub struct TableInfo {
    /// Layer of the table.
    pub layer: Layer,
    /// Source name for bronze (`billing.usage`), table name for gold.
    pub name: String,
    /// Path or URL.
    pub location: String,
    /// Whether it exists.
    pub exists: bool,
    /// Version of its log.
    pub version: Option<u64>,
    /// Rows that are alive, from the statistics in the log, or from the footers of files that have none there.
    pub rows: Option<u64>,
    /// Size of its live files in bytes.
    pub bytes: Option<u64>,
    /// Number of its live files.
    pub files: Option<u64>,
    /// What it records about its inputs, as JSON text.
    pub position: Option<String>,
    /// Why it cannot be read, and what to do; it is there, but nothing is known of it.
    pub error: Option<String>,
}

/// States of all tables of the model, bronze first.
pub(crate) async fn table_infos(ctx: &RunContext) -> Result<Vec<TableInfo>> {
    let mut out = Vec::new();
    for source in ctx.model.bronze.keys() {
        let location = ctx.layout.bronze(source).to_string();
        let opened = ctx.open_bronze(source).await;
        out.push(info(ctx, &InputName::Bronze(source.to_string()), location, opened).await?);
    }
    for name in ctx.model.gold.keys() {
        let location = ctx.layout.gold(name).to_string();
        let opened = ctx.open_gold(name).await;
        out.push(info(ctx, &InputName::Gold(name.clone()), location, opened).await?);
    }
    Ok(out)
}

async fn info(
    ctx: &RunContext,
    name: &InputName,
    location: String,
    opened: Result<Option<Table>>,
) -> Result<TableInfo> {
    let (layer, plain) = match name {
        InputName::Bronze(source) => (Layer::Bronze, source),
        InputName::Gold(table) => (Layer::Gold, table),
    };
    let unknown = TableInfo {
        layer,
        name: plain.clone(),
        location,
        exists: false,
        version: None,
        rows: None,
        bytes: None,
        files: None,
        position: None,
        error: None,
    };
    let known = match opened {
        Ok(None) => return Ok(unknown),
        Ok(Some(table)) => known(&table, unknown.clone()).await,
        Err(error) => Err(error),
    };
    match known {
        Err(error) if is_of_table(&error) => {
            let error = Some(format!("{}; {}", error.what(), advice(ctx, name)));
            Ok(TableInfo { exists: true, error, ..unknown })
        }
        other => other,
    }
}

async fn known(table: &Table, unknown: TableInfo) -> Result<TableInfo> {
    let files = table.files()?;
    Ok(TableInfo {
        exists: true,
        version: Some(table.version()),
        rows: Some(table.num_rows().await?),
        bytes: Some(files.iter().map(|file| file.size).sum()),
        files: Some(files.len() as u64),
        position: table.position().await?,
        ..unknown
    })
}
