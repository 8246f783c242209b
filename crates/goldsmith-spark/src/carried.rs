//! Carried columns of a bronze table: struct fields by their path, sorted maps, JSON text of what lies deeper.

use goldsmith_model::flatten::carried_except;
use goldsmith_model::{BronzeTable, CarriedColumn, DataType};

use crate::error::{Result, SparkError};
use crate::json;
use crate::names::identifier;

/// A column with its type.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) data_type: DataType,
}

/// A carried column and how it is selected from bronze.
#[derive(Debug, Clone)]
pub(crate) struct Carried {
    pub(crate) column: Column,
    /// The expression over bronze.
    pub(crate) expression: String,
}

impl Carried {
    /// The item of a select list.
    pub(crate) fn item(&self) -> String {
        aliased(&self.expression, &self.column.name)
    }
}

/// The carried columns of a source, but those that are excluded.
pub(crate) fn carried(bronze: &BronzeTable, exclude: &[String]) -> Result<Vec<Carried>> {
    let columns: Vec<Carried> = carried_except(bronze, exclude)
        .into_iter()
        .map(|column| Carried {
            expression: expression(&column, bronze),
            column: Column { name: column.name, data_type: column.data_type },
        })
        .collect();
    let names: Vec<&str> = columns.iter().map(|column| column.column.name.as_str()).collect();
    distinct(&bronze.source.to_string(), &names)?;
    Ok(columns)
}

/// Spark compares names without regard to case.
pub(crate) fn distinct(table: &str, names: &[&str]) -> Result<()> {
    for (index, name) in names.iter().enumerate() {
        if let Some(first) = names[..index].iter().find(|first| first.eq_ignore_ascii_case(name)) {
            return Err(SparkError::SameName {
                table: table.to_owned(),
                first: (*first).to_owned(),
                second: (*name).to_owned(),
            });
        }
    }
    Ok(())
}

fn expression(column: &CarriedColumn, bronze: &BronzeTable) -> String {
    let path = column.path.iter().map(|part| identifier(part)).collect::<Vec<_>>().join(".");
    if column.is_json {
        return match source_type(column, bronze) {
            Some(data_type) => json::text(&path, &data_type),
            None => format!("to_json({path})"),
        };
    }
    match column.data_type {
        // Entries are sorted by key, so that equal maps are stored equally.
        DataType::Map(..) => format!("map_from_entries(array_sort(map_entries({path})))"),
        _ => path,
    }
}

/// The declared type at the path of a column.
fn source_type(column: &CarriedColumn, bronze: &BronzeTable) -> Option<DataType> {
    let mut path = column.path.iter();
    let mut found = bronze.columns.get(path.next()?)?.data_type.clone();
    for part in path {
        let DataType::Struct(fields) = found else { return None };
        found = fields.into_iter().find(|field| field.name == *part)?.data_type;
    }
    Some(found)
}

/// An item of a select list under a name.
pub(crate) fn aliased(expression: &str, name: &str) -> String {
    let name = identifier(name);
    if expression == name { name } else { format!("{expression} as {name}") }
}

/// The column in a form that can be compared and ordered: maps as their sorted entries.
pub(crate) fn comparable(sql: &str, data_type: &DataType) -> String {
    match data_type {
        DataType::Map(..) => format!("map_entries({sql})"),
        _ => sql.to_owned(),
    }
}
