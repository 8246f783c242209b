//! Comments and tags.

use goldsmith_model::Model;

use crate::Catalog;
use crate::statement::{Purpose, Statement};
use crate::tables::Table;
use crate::text::{comment, identifier, literal};

/// Says what a table and its columns mean.
///
/// All columns of a table are in one statement, since each statement is a commit in the log of the table.
/// Source: Databricks, "ALTER TABLE ... COLUMN clause": several columns in one statement from Runtime 16.3 on.
pub(crate) fn comments(model: &Model, catalog: &Catalog, table: &Table) -> Vec<Statement> {
    let name = catalog.table(&model.project, table.layer, &table.name);
    let statement = |sql| table.statement(Purpose::Comment, sql);
    let mut out = vec![statement(format!("COMMENT ON TABLE {name} IS {}", comment(&table.description)))];
    let columns: Vec<String> = table
        .columns
        .iter()
        .filter(|column| !column.description.trim().is_empty())
        .map(|column| format!("\n  {} COMMENT {}", identifier(&column.name), comment(&column.description)))
        .collect();
    if !columns.is_empty() {
        out.push(statement(format!("ALTER TABLE {name} ALTER COLUMN{}", columns.join(","))));
    }
    out
}

/// Sets the tags of a table and of its columns. They are kept by the catalog alone, not in the table.
pub(crate) fn tags(model: &Model, catalog: &Catalog, table: &Table) -> Vec<Statement> {
    let name = catalog.table(&model.project, table.layer, &table.name);
    let statement = |sql| table.statement(Purpose::Tag, sql);
    let list = |tags: &mut dyn Iterator<Item = (&str, &str)>| {
        tags.map(|(name, value)| format!("{} = {}", literal(name), literal(value))).collect::<Vec<_>>().join(", ")
    };
    let own = list(&mut table.tags.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let mut out = vec![statement(format!("ALTER TABLE {name} SET TAGS ({own})"))];
    for column in table.columns.iter().filter(|column| !column.tags.is_empty()) {
        let tags = list(&mut column.tags.iter().map(|tag| (tag.as_str(), "true")));
        out.push(statement(format!("ALTER TABLE {name} ALTER COLUMN {} SET TAGS ({tags})", identifier(&column.name))));
    }
    out
}
