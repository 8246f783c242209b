//! The model as Spark SQL, for the runner in Python.

use goldsmith::Error;
use goldsmith::model::Model;
use goldsmith_spark::{CompileOptions, SparkError, Target};
use pyo3::prelude::*;
use serde_json::{Value, json};

/// Names that a caller gives; without one it is left to the model or to the catalog in use.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Names {
    target: String,
    catalog: Option<String>,
    location: Option<String>,
    source_catalog: String,
    bronze_schema: Option<String>,
    gold_schema: Option<String>,
    quarantine_schema: Option<String>,
}

/// The manifest, the statements of all tables, and the names of those that a selection covers with what they need.
pub(crate) fn compiled(model: &Model, select: &[String], names: Names) -> Result<Value, Error> {
    let target = names
        .target
        .parse::<Target>()
        .map_err(|what| Error::Configuration { what, help: "name one of them".into() })?;
    let options = CompileOptions {
        target,
        catalog: names.catalog,
        location: names.location,
        source_catalog: names.source_catalog,
        bronze_schema: names.bronze_schema,
        gold_schema: names.gold_schema,
        quarantine_schema: names.quarantine_schema,
    };
    let selected = goldsmith_spark::selected(model, select).map_err(refused)?;
    let compiled = goldsmith_spark::compile(model, &options).map_err(refused)?;
    let manifest: Value =
        serde_json::from_str(&compiled.manifest).map_err(|error| Error::Internal(error.to_string()))?;
    let statements: Vec<_> = compiled.scripts.iter().map(|script| &script.statements).collect();
    Ok(json!({
        "manifest": manifest,
        "statements": statements,
        "selected": selected,
    }))
}

/// What a model says and Spark cannot is for its author to change.
fn refused(error: SparkError) -> Error {
    let help = match &error {
        SparkError::Order(order) => order.help().unwrap_or("name gold tables, sources or domains"),
        other => other.help().unwrap_or("leave the table to the native engine"),
    };
    Error::Configuration { what: error.to_string(), help: help.to_owned() }
}
