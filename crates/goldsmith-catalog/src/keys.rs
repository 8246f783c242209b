//! Informational primary and foreign keys of gold.

use goldsmith_model::{GoldTable, Model};

use crate::statement::{Layer, Purpose, Statement};
use crate::text::{identifier, identifiers};
use crate::{Catalog, CatalogOptions, KeyPolicy};

/// The keys of all gold tables: what makes columns not null, drops of what an earlier run declared, primary keys, foreign
/// keys.
///
/// Foreign keys are dropped before primary keys, which Databricks refuses to drop while something refers to them, and
/// declared after all of them. A foreign key of somebody else is not dropped, and the statement that meets it fails.
pub(crate) fn keys(model: &Model, catalog: &Catalog, options: &CatalogOptions) -> Vec<Statement> {
    let writer = Writer { model, catalog };
    let mut not_null = Vec::new();
    let mut drop_foreign = Vec::new();
    let mut drop_primary = Vec::new();
    let mut primary = Vec::new();
    let mut foreign = Vec::new();
    for table in model.gold.values() {
        if let Some(columns) = primary_key(table, options.keys) {
            // The engine declares surrogate keys as not null itself.
            if !table.is_dimension() {
                not_null.push(writer.not_null(table, &columns));
            }
            let name = primary_key_name(table);
            drop_primary.push(writer.drop(table, &name));
            primary.push(writer.primary(table, &name, &columns, options.rely));
        }
        for lookup in &table.dimensions {
            let Some(dimension) = model.gold.get(&lookup.dimension) else { continue };
            let name = format!("fk_{}_{}", table.name, lookup.key_column);
            drop_foreign.push(writer.drop(table, &name));
            foreign.push(writer.foreign(table, &name, &lookup.key_column, dimension));
        }
    }
    [not_null, drop_foreign, drop_primary, primary, foreign].concat()
}

/// The columns of the primary key of a table; none for a table that gets none.
pub(crate) fn primary_key(table: &GoldTable, policy: KeyPolicy) -> Option<Vec<String>> {
    match policy {
        KeyPolicy::None => None,
        _ if table.is_dimension() => Some(vec![table.surrogate_key()]),
        KeyPolicy::Certain if table.key.len() > 1 => None,
        KeyPolicy::Certain | KeyPolicy::All => Some(table.key.clone()),
    }
}

/// The name of the primary key of a table. Names are unique within a schema.
pub(crate) fn primary_key_name(table: &GoldTable) -> String {
    format!("pk_{}", table.name)
}

struct Writer<'a> {
    model: &'a Model,
    catalog: &'a Catalog,
}

impl Writer<'_> {
    fn name(&self, table: &GoldTable) -> String {
        self.catalog.table(&self.model.project, Layer::Gold, &table.name)
    }

    fn alter(&self, table: &GoldTable, purpose: Purpose, what: &str) -> Statement {
        let sql = format!("ALTER TABLE {} {what}", self.name(table));
        Statement { layer: Layer::Gold, table: Some(table.name.clone()), references: None, purpose, sql }
    }

    fn not_null(&self, table: &GoldTable, columns: &[String]) -> Statement {
        let columns: Vec<String> =
            columns.iter().map(|column| format!("{} SET NOT NULL", identifier(column))).collect();
        self.alter(table, Purpose::NotNull, &format!("ALTER COLUMN {}", columns.join(", ")))
    }

    fn drop(&self, table: &GoldTable, name: &str) -> Statement {
        self.alter(table, Purpose::DropKey, &format!("DROP CONSTRAINT IF EXISTS {}", identifier(name)))
    }

    fn primary(&self, table: &GoldTable, name: &str, columns: &[String], rely: bool) -> Statement {
        let rely = if rely { " RELY" } else { "" };
        let columns = identifiers(columns);
        let what = format!("ADD CONSTRAINT {} PRIMARY KEY ({columns}){rely}", identifier(name));
        self.alter(table, Purpose::PrimaryKey, &what)
    }

    fn foreign(&self, table: &GoldTable, name: &str, column: &str, dimension: &GoldTable) -> Statement {
        let what = format!(
            "ADD CONSTRAINT {} FOREIGN KEY ({}) REFERENCES {} ({})",
            identifier(name),
            identifier(column),
            self.name(dimension),
            identifier(&dimension.surrogate_key())
        );
        let references = Some(dimension.name.clone());
        Statement { references, ..self.alter(table, Purpose::ForeignKey, &what) }
    }
}
