//! Carried columns: what a source column is called and typed once structs are flattened.
//!
//! Every source column is carried under its own name; a struct field `a.b.c` becomes `a_b_c`. Arrays and maps of
//! scalars stay native. Anything deeper becomes JSON text in a column `<flattened name>_json`.

use indexmap::IndexMap;

use crate::domain::{BronzeTable, ColumnDef, DataType};

/// One column of a source after flattening.
#[derive(Debug, Clone, PartialEq)]
pub struct CarriedColumn {
    /// Name that expressions, keys and look-ups use.
    pub name: String,
    /// Type; [`DataType::String`] for JSON text.
    pub data_type: DataType,
    /// Where it is in the source: the top-level column, then the struct fields below it.
    pub path: Vec<String>,
    /// What it means; for a struct field the description of the column, with the field named.
    pub description: String,
    /// Whether the column is JSON text of something deeper.
    pub is_json: bool,
    /// The closed list of values, where the source column declares one.
    pub values: Option<Vec<String>>,
    /// Tags of the top-level source column.
    pub tags: Vec<String>,
}

/// Flattens the columns of a source, in their order.
///
/// Two paths can yield one name (`a_b` beside `a.b`); the model check refuses that where both are carried.
pub fn carried_columns(columns: &IndexMap<String, ColumnDef>) -> Vec<CarriedColumn> {
    let mut out = Vec::with_capacity(columns.len());
    for (name, column) in columns {
        flatten(column, &column.data_type, &mut vec![name.clone()], &mut out);
    }
    out
}

/// The columns of a source that a gold table carries: all but those that `exclude` names by their carried name or
/// by their top-level source column.
pub fn carried_except(table: &BronzeTable, exclude: &[String]) -> Vec<CarriedColumn> {
    let excluded = |name: &String| exclude.contains(name);
    let mut columns = carried_columns(&table.columns);
    columns.retain(|column| !excluded(&column.name) && !column.path.first().is_some_and(excluded));
    columns
}

fn flatten(column: &ColumnDef, data_type: &DataType, path: &mut Vec<String>, out: &mut Vec<CarriedColumn>) {
    if let DataType::Struct(fields) = data_type {
        for field in fields {
            path.push(field.name.clone());
            flatten(column, &field.data_type, path, out);
            path.pop();
        }
        return;
    }
    let is_json = match data_type {
        DataType::Array(element) => !element.is_scalar(),
        DataType::Map(_, value) => !value.is_scalar(),
        _ => false,
    };
    let mut name = path.join("_");
    if is_json {
        name.push_str("_json");
    }
    let description = match path.as_slice() {
        [_] => column.description.clone(),
        [top, fields @ ..] => format!("Field `{}` of `{top}`: {}", fields.join("."), column.description),
        [] => String::new(),
    };
    out.push(CarriedColumn {
        name,
        data_type: if is_json { DataType::String } else { data_type.clone() },
        path: path.clone(),
        description,
        is_json,
        values: if path.len() == 1 { column.values.clone() } else { None },
        tags: column.tags.clone(),
    });
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn columns(list: &[(&str, &str)]) -> IndexMap<String, ColumnDef> {
        let column = |text: &str| ColumnDef {
            data_type: text.parse().unwrap(),
            description: "What it is.".to_owned(),
            values: None,
            tags: vec![],
        };
        list.iter().map(|(name, text)| ((*name).to_owned(), column(text))).collect()
    }

    #[test]
    fn structs_are_flattened_and_deeper_things_become_json() {
        let cases = [
            ("id", "string", vec!["id string"]),
            (
                "a",
                "struct<b:int,c:struct<d:date,e:array<string>>>",
                vec!["a_b int", "a_c_d date", "a_c_e array<string>"],
            ),
            ("m", "map<string,bigint>", vec!["m map<string,bigint>"]),
            ("m", "map<string,struct<x:int>>", vec!["m_json string"]),
            ("l", "array<array<int>>", vec!["l_json string"]),
            ("s", "struct<l:array<struct<x:int>>>", vec!["s_l_json string"]),
        ];
        for (name, text, expected) in cases {
            let got: Vec<String> = carried_columns(&columns(&[(name, text)]))
                .into_iter()
                .map(|column| format!("{} {}", column.name, column.data_type))
                .collect();
            assert_eq!(got, expected, "{text}");
        }
    }

    #[test]
    fn a_field_says_where_it_is_from() {
        let carried = carried_columns(&columns(&[("a", "struct<b:struct<c:int>>")]));
        assert_eq!(carried[0].path, ["a", "b", "c"]);
        assert_eq!(carried[0].description, "Field `b.c` of `a`: What it is.");
    }
}
