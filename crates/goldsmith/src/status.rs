//! What a target holds.

use goldsmith_lake::Table;
use serde::Serialize;

use crate::context::RunContext;
use crate::error::Result;
use crate::report::Layer;

/// State of one table of a target.
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
    /// Rows, from the statistics in the log.
    pub rows: Option<u64>,
    /// Size of its live files in bytes.
    pub bytes: Option<u64>,
    /// Number of its live files.
    pub files: Option<u64>,
    /// What it records about its inputs, as JSON text.
    pub position: Option<String>,
}

/// States of all tables of the model, bronze first.
pub(crate) async fn table_infos(ctx: &RunContext) -> Result<Vec<TableInfo>> {
    let mut out = Vec::new();
    for source in ctx.model.bronze.keys() {
        let location = ctx.layout.bronze(source).to_string();
        out.push(info(Layer::Bronze, source.to_string(), location, ctx.open_bronze(source).await?).await?);
    }
    for name in ctx.model.gold.keys() {
        let location = ctx.layout.gold(name).to_string();
        out.push(info(Layer::Gold, name.clone(), location, ctx.open_gold(name).await?).await?);
    }
    Ok(out)
}

async fn info(layer: Layer, name: String, location: String, table: Option<Table>) -> Result<TableInfo> {
    let Some(table) = table else {
        return Ok(TableInfo {
            layer,
            name,
            location,
            exists: false,
            version: None,
            rows: None,
            bytes: None,
            files: None,
            position: None,
        });
    };
    let files = table.files()?;
    Ok(TableInfo {
        layer,
        name,
        location,
        exists: true,
        version: Some(table.version()),
        rows: Some(table.num_rows().await?),
        bytes: Some(files.iter().map(|file| file.size).sum()),
        files: Some(files.len() as u64),
        position: table.position().await?,
    })
}
