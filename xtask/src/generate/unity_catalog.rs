//! SQL for Unity Catalog: what the setup job runs, with an example's catalog and location, and the check of it.

use goldsmith_catalog::{Catalog, CatalogOptions, Layer, check_query, script, statements};
use goldsmith_model::Model;

use super::GeneratedFile;
use crate::XtaskError;

/// The catalog and the location of the example; `goldsmith catalog` takes others.
const CATALOG: &str = "main";
const TARGET: &str = "s3://bucket/lake";

pub(super) fn files(model: &Model) -> Result<Vec<GeneratedFile>, XtaskError> {
    let mut files = Vec::new();
    for layer in [Layer::Bronze, Layer::Gold] {
        let catalog = Catalog::new(CATALOG, TARGET)?;
        let options = CatalogOptions { layers: vec![layer], ..CatalogOptions::default() };
        let command = format!("goldsmith catalog --catalog {CATALOG} --target {TARGET} --layer {layer}");
        let text = format!("{}--   {command}\n\n{}", note(), script(&statements(model, &catalog, &options)));
        files.push(GeneratedFile::new(path(layer.name()), text));
    }
    let check = format!(
        "{}-- The setup job runs it with the parameters `catalog` and `gold_schema`; it fails with a list of what is missing.\n\n{}",
        note(),
        check_query(model, &CatalogOptions::default())
    );
    files.push(GeneratedFile::new(path("check"), check));
    Ok(files)
}

fn note() -> &'static str {
    "-- Generated from models/ by `cargo xtask generate`; do not edit.\n"
}

fn path(name: &str) -> String {
    format!("resources/sql/unity_catalog/{name}.sql")
}
