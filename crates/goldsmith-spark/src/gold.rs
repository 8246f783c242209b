//! The statements of a gold table.

use goldsmith_model::{GoldTable, Model, gold_fingerprint};

use crate::chain::Chain;
use crate::context::TableContext;
use crate::error::Result;
use crate::finish::finish;
use crate::kind::{self, Scope};
use crate::merge;
use crate::names::{Layer, Names};
use crate::options::Target;
use crate::script::{Script, Statement};
use crate::table::{Definition, create};

/// Compiles a gold table.
pub(crate) fn compile(model: &Model, names: &Names, table: &GoldTable, target: Target) -> Result<Script> {
    let context = TableContext::new(model, names, table)?;
    let columns: Vec<Definition<'_>> = context
        .columns
        .iter()
        .map(|column| Definition {
            name: &column.column.name,
            data_type: &column.column.data_type,
            nullable: column.nullable,
            comment: &column.comment,
        })
        .collect();
    let texts = ("Creates the table.", table.description.as_str());
    let mut statements = create(names, (Layer::Gold, &table.name), &columns, texts, target);
    let [begin, end] = merge::position(&context);
    statements.extend([
        Statement::new("begin", "Notes how far bronze has come, before it is read.", begin),
        Statement::new("rebuild", "Builds the whole table from bronze.", rebuild(&context)?),
        Statement::new("refresh", merge::describe(table), merge::refresh(&context)?),
        Statement::new("end", "Takes down that the table holds what was noted.", end),
    ]);
    Ok(Script {
        path: format!("gold/{}.sql", table.name),
        table: table.name.clone(),
        heading: heading(table),
        relation: Some(names.gold(&table.name)),
        source: None,
        fingerprint: Some(gold_fingerprint(model, table)),
        statements,
    })
}

fn heading(table: &GoldTable) -> String {
    format!("{}: {}\nOne row: {}.", table.name, table.description, table.grain)
}

fn rebuild(context: &TableContext<'_>) -> Result<String> {
    let mut chain = Chain::default();
    kind::base(context, &mut chain, Scope::Whole)?;
    let select = finish(context, &mut chain, true)?;
    Ok(format!("insert overwrite table {}\n{}", context.names.gold(&context.table.name), chain.query(&select)))
}
