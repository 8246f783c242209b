//! The statements, in the order in which they have to be run.

use std::fmt;

use goldsmith_model::Model;
use serde::Serialize;

use crate::tables::tables;
use crate::{Catalog, CatalogOptions, KeyPolicy, describe, keys, register};

/// A layer of the lake: one schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Layer {
    /// History of the sources.
    Bronze,
    /// The star schema.
    Gold,
    /// Rows without any key.
    Quarantine,
}

impl Layer {
    /// Name in tags and documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bronze => "bronze",
            Self::Gold => "gold",
            Self::Quarantine => "quarantine",
        }
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a statement is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Makes a schema.
    Schema,
    /// Registers a table over its files.
    Table,
    /// Takes columns and comments over that the table gained since it was registered.
    Sync,
    /// Says what a schema, a table or its columns mean.
    Comment,
    /// Sets tags of a table or a column.
    Tag,
    /// Makes a column not null, without which it cannot be part of a primary key.
    NotNull,
    /// Drops a key before it is declared again.
    DropKey,
    /// Declares a primary key.
    PrimaryKey,
    /// Declares a foreign key.
    ForeignKey,
}

/// One statement, without a semicolon.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Statement {
    /// The layer that it is about.
    pub layer: Layer,
    /// The table that it is about, by its name in the lake; none for a schema.
    pub table: Option<String>,
    /// Another table that has to be there, by its name in the lake: the dimension of a foreign key.
    pub references: Option<String>,
    /// What it is for.
    pub purpose: Purpose,
    /// The text.
    pub sql: String,
}

/// Everything that registers the lake of a model: schemas; then, table by table, the table, comments and tags; then keys.
///
/// The order matters in three places: a table needs its schema, a primary key its not-null columns, and a foreign key
/// the primary key that it refers to. Whoever leaves out the statements of one table (because a source is not delivered and
/// its bronze table is not there) can run all others.
pub fn statements(model: &Model, catalog: &Catalog, options: &CatalogOptions) -> Vec<Statement> {
    let mut out = Vec::new();
    for layer in &options.layers {
        out.extend(register::schema(model, catalog, *layer));
    }
    let tables = tables(model, &options.layers);
    for table in &tables {
        out.extend(register::table(model, catalog, table));
        out.extend(describe::comments(model, catalog, table));
        out.extend(describe::tags(model, catalog, table));
    }
    if options.layers.contains(&Layer::Gold) && options.keys != KeyPolicy::None {
        out.extend(keys::keys(model, catalog, options));
    }
    out
}
