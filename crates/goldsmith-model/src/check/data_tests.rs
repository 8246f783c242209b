//! Checks of data tests: the names in them must exist.

use serde_json::{Map, Value};

use super::Checker;
use super::visible::Visible;
use crate::columns::gold_columns;
use crate::diagnostic::Code;
use crate::domain::{DataTest, DataType};
use crate::read::RawBronze;
use crate::suggest;

/// Name of a data test in the locator.
fn entry(table: &str) -> String {
    format!("tests/{table}")
}

/// Checks the names of one test. Runs on a model that is whole.
pub(crate) fn check_data_test(checker: &mut Checker<'_>, test: &DataTest) {
    let file = entry(&test.table);
    let Some(table) = checker.model.gold.get(&test.table).cloned() else {
        if !checker.raw.contains_key(&test.table) && !checker.unreadable.contains(&test.table) {
            let help = suggest::help(&test.table, checker.raw.keys().map(String::as_str))
                .unwrap_or_else(|| "correct the name, or remove this test of a table that is gone".to_owned());
            checker.report(
                &file,
                "table",
                Code::UnknownTable,
                format!("unknown gold table `{}`", test.table),
                Some(help),
            );
        }
        return;
    };
    // A look-up that could not be resolved leaves columns out.
    let unresolved = checker.raw.get(&table.name).is_some_and(|raw| raw.lookups.len() > table.dimensions.len());
    let is_opaque = |source| checker.bronze.get(source).is_none_or(|bronze: &RawBronze| bronze.opaque);
    let opaque = unresolved || table.sources().into_iter().any(is_opaque);
    let mut visible = Visible { place: format!("`{}`", table.name), opaque, ..Visible::default() };
    visible
        .types
        .extend(gold_columns(&checker.model, &table).into_iter().map(|column| (column.name, column.data_type)));
    for lookup in &table.dimensions {
        if let Some(dimension) = checker.model.gold.get(&lookup.dimension) {
            let columns = gold_columns(&checker.model, dimension).into_iter();
            visible
                .types
                .extend(columns.map(|column| (format!("{}.{}", dimension.name, column.name), column.data_type)));
        }
    }
    for (index, case) in test.cases.iter().enumerate() {
        for (run, delivery) in case.deliveries.iter().enumerate() {
            for (source, rows) in delivery {
                let Some(bronze) = checker.bronze.get(source) else {
                    let place = format!("cases[{index}].deliveries[{run}][\"{source}\"]");
                    checker.unknown_source(&file, &place, &source.to_string());
                    continue;
                };
                let columns = Visible::of_source(bronze);
                for (row_index, row) in rows.iter().enumerate() {
                    let place = format!("cases[{index}].deliveries[{run}][\"{source}\"][{row_index}]");
                    check_row(checker, (&file, &place), row, &columns);
                }
            }
        }
        for source in case.quarantined.keys().filter(|source| !checker.bronze.contains_key(*source)) {
            let place = format!("cases[{index}].quarantined[\"{source}\"]~");
            checker.unknown_source(&file, &place, &source.to_string());
        }
        for (row_index, row) in case.expect.iter().enumerate() {
            for column in row.keys() {
                let place = format!("cases[{index}].expect[{row_index}][\"{column}\"]~");
                checker.known((&file, &place), column, &visible);
            }
        }
    }
}

fn check_row(checker: &mut Checker<'_>, at: (&str, &str), row: &Map<String, Value>, columns: &Visible) {
    for (column, value) in row {
        let place = format!("{}[\"{column}\"]", at.1);
        if checker.known((at.0, &format!("{place}~")), column, columns)
            && let Some(DataType::Struct(fields)) = columns.data_type(column)
            && let Value::Object(inner) = value
        {
            let types = fields.iter().map(|field| (field.name.clone(), Some(field.data_type.clone()))).collect();
            let nested = Visible { types, place: format!("struct `{column}`"), ..Visible::default() };
            check_row(checker, (at.0, &place), inner, &nested);
        }
    }
}
