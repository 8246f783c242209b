//! The tables of a model as the catalog sees them.

use goldsmith_model::{BronzeTable, ColumnRole, GoldTable, Model, gold_columns};

use crate::{Layer, Purpose, Statement};

/// Tag by which the model marks personal data.
const PERSONAL: &str = "pii";

/// A table with everything that the catalog is told about it.
pub(crate) struct Table {
    pub(crate) layer: Layer,
    pub(crate) name: String,
    pub(crate) description: String,
    /// Names and values.
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) columns: Vec<Column>,
}

impl Table {
    /// A statement about the table.
    pub(crate) fn statement(&self, purpose: Purpose, sql: String) -> Statement {
        Statement { layer: self.layer, table: Some(self.name.clone()), references: None, purpose, sql }
    }
}

/// A column with everything that the catalog is told about it.
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) tags: Vec<String>,
}

/// The tables of some layers, in the order of the layers.
pub(crate) fn tables(model: &Model, layers: &[Layer]) -> Vec<Table> {
    let of_layer = |layer: &Layer| -> Vec<Table> {
        match layer {
            Layer::Bronze => model.bronze.values().map(bronze).collect(),
            Layer::Gold => model.gold.values().map(|table| gold(model, table)).collect(),
            Layer::Quarantine => model.bronze.values().map(quarantine).collect(),
        }
    };
    layers.iter().flat_map(of_layer).collect()
}

fn bronze(table: &BronzeTable) -> Table {
    // What the engine adds has comments from the engine.
    let columns = table.columns.iter().map(|(name, column)| Column {
        name: name.clone(),
        description: column.description.clone(),
        tags: column.tags.clone(),
    });
    described(Layer::Bronze, table, table.description.clone(), columns.collect())
}

fn quarantine(table: &BronzeTable) -> Table {
    // Which columns it has depends on the rows that went there, so that none can be named; the table can hold all of them.
    let description = format!("Rows of {} that no key identifies, each once, with the reason.", table.source);
    described(Layer::Quarantine, table, description, Vec::new())
}

fn described(layer: Layer, table: &BronzeTable, description: String, columns: Vec<Column>) -> Table {
    let is_personal = table.columns.values().any(|column| column.tags.iter().any(|tag| tag == PERSONAL));
    let mut tags = vec![
        pair("layer", layer.name()),
        pair("domain", table.source.schema.trim_start_matches('_')),
        pair("source", &table.source.to_string()),
    ];
    if is_personal {
        tags.push(pair(PERSONAL, "true"));
    }
    Table { layer, name: table.source.bronze_table(), description, tags, columns }
}

fn gold(model: &Model, table: &GoldTable) -> Table {
    let columns: Vec<Column> = gold_columns(model, table)
        .into_iter()
        .filter(|column| column.role != ColumnRole::Audit)
        .map(|column| Column { name: column.name, description: column.description, tags: column.tags })
        .collect();
    let kind = if table.is_dimension() { "dimension" } else { "fact" };
    let mut tags = vec![pair("layer", Layer::Gold.name()), pair("domain", &table.domain), pair("kind", kind)];
    // Free tags of the model are names without values; what the other tags say already is not said twice.
    let is_personal = columns.iter().any(|column| column.tags.iter().any(|tag| tag == PERSONAL));
    let personal = is_personal.then(|| PERSONAL.to_owned());
    for tag in table.tags.iter().chain(&personal) {
        let is_said = tags.iter().any(|(name, value)| name == tag || value == tag);
        if !is_said {
            tags.push(pair(tag, "true"));
        }
    }
    Table { layer: Layer::Gold, name: table.name.clone(), description: table.description.clone(), tags, columns }
}

fn pair(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}
