//! `goldsmith catalog`

use std::collections::HashSet;
use std::path::Path;

use goldsmith::model::Model;
use goldsmith_catalog::{Catalog, CatalogError, CatalogOptions, Layer, Statement, script, statements};
use serde_json::json;

use super::{Context, Outcome};
use crate::error::{Error, Result};
use crate::render::number::plural;

/// What to print, and where to.
pub(super) struct Request<'a> {
    /// Name of the catalog.
    pub(super) catalog: &'a str,
    /// Names of schemas that differ from the model.
    pub(super) schemas: Vec<(Layer, &'a str)>,
    pub(super) options: CatalogOptions,
    /// Whether only tables that the target holds are wanted.
    pub(super) present: bool,
    /// A file in place of standard output.
    pub(super) out: Option<&'a Path>,
}

/// Prints the SQL that registers a lake.
pub(super) async fn catalog(context: &Context, request: Request<'_>) -> Result<Outcome> {
    let (model, _) = context.model()?.load()?;
    let target = context.settings.require_target()?;
    let mut catalog = Catalog::new(request.catalog, target).map_err(misused)?;
    for (layer, schema) in request.schemas {
        catalog = catalog.with_schema(layer, schema).map_err(misused)?;
    }
    catalog.check_schemas(&model.project).map_err(misused)?;
    let mut found = statements(&model, &catalog, &request.options);
    if request.present {
        let present = present(context, &model).await?;
        found.retain(|statement| is_present(statement, &present));
    }
    let printer = &context.printer;
    let text = if printer.is_json() {
        let document = json!({"statements": found});
        serde_json::to_string_pretty(&document).map_err(|error| Error::Internal(error.to_string()))?
    } else {
        script(&found)
    };
    match request.out {
        None => printer.data(&text)?,
        Some(path) => {
            std::fs::write(path, text).map_err(|source| Error::file("write", path, source))?;
            printer.say(&format!("{} written to `{}`", plural(found.len() as u64, "statement"), path.display()));
        }
    }
    Ok(Outcome::Done)
}

/// The tables of bronze and gold that are there, by layer and name in the lake.
async fn present(context: &Context, model: &Model) -> Result<HashSet<(Layer, String)>> {
    let tables = context.reading_engine()?.status().await?;
    let there = tables.into_iter().filter(|info| info.exists);
    let named = there.filter_map(|info| match info.layer {
        goldsmith::Layer::Gold => Some((Layer::Gold, info.name)),
        goldsmith::Layer::Bronze => {
            let bronze = model.bronze.values().find(|bronze| bronze.source.to_string() == info.name)?;
            Some((Layer::Bronze, bronze.source.bronze_table()))
        }
    });
    Ok(named.collect())
}

fn is_present(statement: &Statement, present: &HashSet<(Layer, String)>) -> bool {
    // Which sources have quarantined rows is not told by the target.
    let mut needed = statement.table.iter().chain(&statement.references);
    statement.layer == Layer::Quarantine || needed.all(|table| present.contains(&(statement.layer, table.clone())))
}

fn misused(error: CatalogError) -> Error {
    Error::usage(error.to_string(), error.help())
}
