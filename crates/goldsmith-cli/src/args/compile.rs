//! Arguments of `goldsmith compile`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use goldsmith_spark::{CompileOptions, Target};

/// Dialects of SQL.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Dialect {
    /// Apache Spark with Delta Lake, and servers that speak its SQL
    Spark,
    /// Databricks
    Databricks,
}

/// Write bronze and gold as Spark SQL
#[derive(Debug, Args)]
#[command(
    long_about = "Writes bronze and gold as Spark SQL, from the same model and with the same results as `goldsmith \
                  run`: one file for each table, with the statements that create it, build it from nothing and bring \
                  it up to date, and a manifest with their order. It contacts no server.",
    after_long_help = "Example: the statements for a catalog of Databricks.\n\n  \
                       $ goldsmith compile --dialect databricks --catalog main --out sql"
)]
pub(crate) struct CompileArgs {
    /// Dialect of the statements; `--target` means the same
    #[arg(long, alias = "target", value_name = "DIALECT", value_enum)]
    dialect: Dialect,

    /// Directory for the files; those of an earlier compilation are replaced
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,

    /// Catalog of bronze, gold and quarantine [default: the catalog in use]
    #[arg(long, value_name = "NAME")]
    catalog: Option<String>,

    /// Directory or URL below which the tables are stored, as for `goldsmith run --target` [default: the catalog
    /// chooses]
    #[arg(long, value_name = "PATH")]
    location: Option<String>,

    /// Catalog of the system tables; empty for the catalog in use
    #[arg(long, value_name = "NAME", default_value = "system")]
    source_catalog: String,

    /// Schema of bronze [default: that of the model]
    #[arg(long, value_name = "NAME")]
    bronze_schema: Option<String>,

    /// Schema of gold [default: that of the model]
    #[arg(long, value_name = "NAME")]
    gold_schema: Option<String>,

    /// Schema of quarantined rows [default: that of the model]
    #[arg(long, value_name = "NAME")]
    quarantine_schema: Option<String>,
}

impl CompileArgs {
    pub(crate) fn options(&self) -> CompileOptions {
        CompileOptions {
            target: match self.dialect {
                Dialect::Spark => Target::Spark,
                Dialect::Databricks => Target::Databricks,
            },
            catalog: self.catalog.clone(),
            location: self.location.clone(),
            source_catalog: self.source_catalog.clone(),
            bronze_schema: self.bronze_schema.clone(),
            gold_schema: self.gold_schema.clone(),
            quarantine_schema: self.quarantine_schema.clone(),
        }
    }
}
