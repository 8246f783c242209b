//! What can be chosen when a model is compiled.

use std::fmt;
use std::str::FromStr;

use goldsmith_model::Project;

use crate::error::{Result, SparkError};

/// The dialect that is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Target {
    /// Apache Spark with Delta Lake, and servers that speak its SQL.
    #[default]
    Spark,
    /// Databricks, and Spark where the native engine shall write the same tables: these get the table features that it needs.
    Databricks,
}

impl Target {
    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Spark => "spark",
            Self::Databricks => "databricks",
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        match text {
            "spark" => Ok(Self::Spark),
            "databricks" => Ok(Self::Databricks),
            other => Err(format!("`{other}` is no target; there are `spark` and `databricks`")),
        }
    }
}

/// Dialect and names of a compiled model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompileOptions {
    /// The dialect.
    pub target: Target,
    /// Catalog of bronze, gold and quarantine; without one the catalog in use.
    pub catalog: Option<String>,
    /// Directory or URL below which the tables lie, laid out as the native engine lays out its target, so that both can work
    /// on the same tables; without one the catalog chooses.
    pub location: Option<String>,
    /// Catalog of the system tables; an empty one stands for the catalog in use.
    pub source_catalog: String,
    /// Schema of bronze; without one that of the project.
    pub bronze_schema: Option<String>,
    /// Schema of gold; without one that of the project.
    pub gold_schema: Option<String>,
    /// Schema of quarantined rows; without one that of the project.
    pub quarantine_schema: Option<String>,
}

impl CompileOptions {
    /// Makes sure that tables of two layers cannot end as one, and that they lie somewhere.
    pub(crate) fn check(&self, project: &Project) -> Result<()> {
        if self.location.as_ref().is_some_and(|location| location.trim().is_empty()) {
            return Err(SparkError::Options {
                what: "the location of the tables is empty".to_owned(),
                help: "give the directory or URL below which they lie, or none, so that the catalog chooses",
            });
        }
        let bronze = self.bronze_schema.as_ref().unwrap_or(&project.bronze_schema);
        let gold = self.gold_schema.as_ref().unwrap_or(&project.gold_schema);
        let quarantine = self.quarantine_schema.as_ref().unwrap_or(&project.quarantine_schema);
        for (one, other) in [(bronze, gold), (bronze, quarantine), (gold, quarantine)] {
            if one.eq_ignore_ascii_case(other) {
                return Err(SparkError::Options {
                    what: format!("two layers have the schema `{one}`"),
                    help: "give bronze, gold and quarantine a schema each",
                });
            }
        }
        Ok(())
    }
}

impl Default for CompileOptions {
    fn default() -> Self {
        Self {
            target: Target::default(),
            catalog: None,
            location: None,
            source_catalog: "system".to_owned(),
            bronze_schema: None,
            gold_schema: None,
            quarantine_schema: None,
        }
    }
}
