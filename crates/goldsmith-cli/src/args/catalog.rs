//! Arguments of `goldsmith catalog`.

use clap::{Args, ValueEnum};
use std::path::PathBuf;

use goldsmith_catalog::{KeyPolicy, Layer};

use super::engine::TargetArgs;

/// Print the SQL that registers a lake in Unity Catalog
#[derive(Debug, Args)]
#[command(
    long_about = "Prints SQL for Databricks: schemas, external tables over the files of the target, comments, tags for \
                  domain, layer and personal data, and informational primary and foreign keys. Every statement can be \
                  run again, and must be when the model or the columns of a table change. Reads only the model, unless \
                  `--present` asks the target which tables it holds.",
    after_long_help = include_str!("help/catalog.txt")
)]
pub(crate) struct CatalogArgs {
    #[command(flatten)]
    pub(crate) target: TargetArgs,

    /// Catalog for the schemas
    #[arg(long, value_name = "NAME")]
    pub(crate) catalog: String,

    /// Schema of the bronze tables in the catalog [default: as in the model]
    #[arg(long, value_name = "NAME")]
    pub(crate) bronze_schema: Option<String>,

    /// Schema of the gold tables in the catalog [default: as in the model]
    #[arg(long, value_name = "NAME")]
    pub(crate) gold_schema: Option<String>,

    /// Schema of quarantined rows in the catalog [default: as in the model]
    #[arg(long, value_name = "NAME")]
    pub(crate) quarantine_schema: Option<String>,

    /// Layer to register; may be repeated [default: bronze and gold]
    #[arg(long, value_enum, value_name = "bronze|gold|quarantine", hide_possible_values = true)]
    pub(crate) layer: Vec<LayerChoice>,

    /// Primary keys: certain declares those that cannot hold a null; all also declares every fact whose grain has
    /// several columns, which makes those columns not null
    #[arg(long, value_enum, value_name = "certain|all|none", default_value = "certain", hide_possible_values = true)]
    pub(crate) keys: KeyChoice,

    /// Let the optimizer rely on primary keys (`RELY`)
    #[arg(long)]
    pub(crate) rely: bool,

    /// Only bronze and gold tables that exist in the target; reads the target
    #[arg(long)]
    pub(crate) present: bool,

    /// File to write to instead of standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

/// A layer of the lake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LayerChoice {
    /// History of the sources
    Bronze,
    /// The star schema
    Gold,
    /// Rows without any key
    Quarantine,
}

impl From<LayerChoice> for Layer {
    fn from(choice: LayerChoice) -> Self {
        match choice {
            LayerChoice::Bronze => Self::Bronze,
            LayerChoice::Gold => Self::Gold,
            LayerChoice::Quarantine => Self::Quarantine,
        }
    }
}

/// Which tables get a primary key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum KeyChoice {
    /// Those whose key surely has no null
    Certain,
    /// All of gold
    All,
    /// None, and no foreign keys
    None,
}

impl From<KeyChoice> for KeyPolicy {
    fn from(choice: KeyChoice) -> Self {
        match choice {
            KeyChoice::Certain => Self::Certain,
            KeyChoice::All => Self::All,
            KeyChoice::None => Self::None,
        }
    }
}
