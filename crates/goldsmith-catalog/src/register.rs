//! Schemas and external tables.

use goldsmith_model::Model;

use crate::statement::{Layer, Purpose, Statement};
use crate::tables::Table;
use crate::text::literal;
use crate::{Catalog, text};

/// Makes and describes the schema of a layer.
pub(crate) fn schema(model: &Model, catalog: &Catalog, layer: Layer) -> [Statement; 2] {
    let name = catalog.schema(&model.project, layer);
    let meaning = match layer {
        Layer::Bronze => "System tables, every row that was ever delivered. Written by goldsmith; read only.",
        Layer::Gold => "Star schema over the system tables: dimensions and facts. Written by goldsmith; read only.",
        Layer::Quarantine => "Rows of the system tables that no key identifies. Written by goldsmith; read only.",
    };
    let statement = |purpose, sql| Statement { layer, table: None, references: None, purpose, sql };
    [
        statement(Purpose::Schema, format!("CREATE SCHEMA IF NOT EXISTS {name}")),
        statement(Purpose::Comment, format!("COMMENT ON SCHEMA {name} IS {}", text::comment(meaning))),
    ]
}

/// Registers a table over its files.
///
/// The columns come from the log of the table. What it gains later is not seen by the catalog of itself, because the engine
/// does not write through it; hence the second statement.
/// Source: Databricks, "REPAIR TABLE": `SYNC METADATA` reads the log and updates the catalog.
pub(crate) fn table(model: &Model, catalog: &Catalog, table: &Table) -> [Statement; 2] {
    let name = catalog.table(&model.project, table.layer, &table.name);
    let location = literal(&catalog.location(&model.project, table.layer, &table.name));
    let statement = |purpose, sql| table.statement(purpose, sql);
    [
        statement(Purpose::Table, format!("CREATE TABLE IF NOT EXISTS {name} USING DELTA LOCATION {location}")),
        statement(Purpose::Sync, format!("MSCK REPAIR TABLE {name} SYNC METADATA")),
    ]
}
