//! Compiles a model to Spark SQL: bronze and gold as statements that a Databricks warehouse, Apache Spark with Delta Lake,
//! or any Spark Connect server runs.
//!
//! The statements come from the same model as the native engine's work, and the same definitions: the total order
//! of versions ([`goldsmith_query::order`]), surrogate keys ([`goldsmith_query::surrogate`]), timelines, folds,
//! look-ups and exact money. So from equal bronze both engines make equal gold, audit columns aside.
//!
//! Nothing here runs a statement. What a model says and Spark cannot is an error of the compilation.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let files = vec![("project.yaml".to_owned(), "version: 1\nname: empty\ndescription: Nothing yet.\n".to_owned())];
//! let model = goldsmith_model::load_files(files).map_err(|_| "the model has problems")?.model;
//! let compiled = goldsmith_spark::compile(&model, &goldsmith_spark::CompileOptions::default())?;
//! assert_eq!(compiled.scripts[0].path, "setup.sql");
//! # Ok(()) }
//! ```

mod bronze;
mod carried;
mod chain;
mod context;
mod error;
mod expression;
mod finish;
mod gold;
mod json;
mod kind;
mod lookup;
mod manifest;
mod merge;
mod names;
mod options;
mod order;
mod script;
mod surrogate;
mod table;

use goldsmith_model::Model;
use goldsmith_plan::{Dag, Selection};

pub use error::{Result, SparkError};
pub use manifest::{MANIFEST, Manifest};
pub use options::{CompileOptions, Target};
pub use script::{MARKER, Script, Statement};

use names::Names;

/// A model as Spark SQL: what is written to a directory, and run from there in the order of the manifest. Equal models and options compile
/// to equal texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compiled {
    /// The statements, in an order in which each table comes after those that it reads.
    pub scripts: Vec<Script>,
    /// The text of `manifest.json`: order and files, for programs.
    pub manifest: String,
}

impl Compiled {
    /// The files as pairs of a path, relative to the directory that they are written to, and a text; the manifest is the last one.
    pub fn files(&self) -> Vec<(String, String)> {
        let mut files: Vec<(String, String)> =
            self.scripts.iter().map(|script| (script.path.clone(), script.text())).collect();
        files.push((MANIFEST.to_owned(), self.manifest.clone()));
        files
    }
}

/// Compiles all bronze and gold tables of a model.
///
/// # Errors
/// [`SparkError::Options`] for names and places that do not fit, and [`SparkError`] for the first thing that cannot be said in
/// Spark SQL.
pub fn compile(model: &Model, options: &CompileOptions) -> Result<Compiled> {
    options.check(&model.project)?;
    let names = Names::new(model, options);
    let mut scripts = vec![setup(&names, options.target)];
    for table in model.bronze.values() {
        scripts.push(bronze::compile(model, &names, table, options.target)?);
    }
    for name in Dag::of(model)?.order() {
        let table = model
            .gold
            .get(name)
            .ok_or_else(|| SparkError::NotInModel { table: name.clone(), missing: name.clone() })?;
        scripts.push(gold::compile(model, &names, table, options.target)?);
    }
    let manifest = Manifest::new(options, &names, &scripts).text()?;
    Ok(Compiled { scripts, manifest })
}

/// The tables that a run over a selection covers: gold tables, sources or domains, with all that they need. Sources come first.
///
/// # Errors
/// [`SparkError::Order`] for a name that the model does not have.
pub fn selected(model: &Model, names: &[String]) -> Result<Vec<String>> {
    let Selection { sources, gold } = Selection::resolve(model, &Dag::of(model)?, names)?;
    Ok(sources.into_iter().chain(gold).collect())
}

/// What has to be there before any table.
fn setup(names: &Names, target: Target) -> Script {
    let mut statements: Vec<Statement> = names
        .schemas()
        .iter()
        .map(|schema| Statement::new("create", "Creates a schema.", format!("create schema if not exists {schema}")))
        .collect();
    statements.extend(merge::create_positions(names, target));
    Script {
        path: "setup.sql".to_owned(),
        table: "setup".to_owned(),
        heading: "What has to be there before any table.".to_owned(),
        relation: None,
        source: None,
        fingerprint: None,
        statements,
    }
}
