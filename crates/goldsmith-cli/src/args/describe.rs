//! Arguments of the commands that touch no data.

use clap::{Args, ValueEnum};

use super::engine::EngineArgs;

/// Check the model files
#[derive(Debug, Args)]
#[command(
    long_about = "Checks every file of the model, expressions included, without touching any data, and reports all \
                  problems together, each with file, line and column. Fails when one of them is an error.",
    after_long_help = "Example: check your own model files, with output for other programs.\n\n  \
                       $ goldsmith validate --models models --format json"
)]
pub(crate) struct ValidateArgs {
    /// Print the JSON Schema of a kind of model file, for editors, and check nothing
    #[arg(long, value_enum, value_name = "KIND")]
    pub(crate) schema: Option<SchemaKind>,
}

/// Print the JSON Schema of a kind of model file
#[derive(Debug, Args)]
#[command(
    long_about = "Prints the JSON Schema of a kind of model file, so that editors complete and check as you type.",
    after_long_help = "Example: a schema for the gold files.\n\n  \
                       $ goldsmith schema gold > gold.schema.json\n\n\
                       First line of a gold file, for editors with a YAML language server:\n\n  \
                       # yaml-language-server: $schema=gold.schema.json"
)]
pub(crate) struct SchemaArgs {
    /// Kind of file
    #[arg(value_enum, value_name = "KIND")]
    pub(crate) kind: SchemaKind,
}

/// A kind of model file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaKind {
    /// `project.yaml`
    Project,
    /// `bronze/SCHEMA/TABLE.yaml`
    Bronze,
    /// `gold/DOMAIN/TABLE.yaml`
    Gold,
    /// `tests/TABLE.yaml`
    Test,
}

/// Explain a code of a model problem
#[derive(Debug, Args)]
#[command(
    long_about = "Explains a code that `goldsmith validate` prints: why it is a problem, and how to fix it. Without a code it \
                  lists all of them.",
    after_long_help = "Example:\n\n  $ goldsmith explain unknown-column"
)]
pub(crate) struct ExplainArgs {
    /// The code, such as `unknown-column`
    #[arg(value_name = "CODE")]
    pub(crate) code: Option<String>,
}

/// Show each setting and where it comes from
#[derive(Debug, Args)]
#[command(
    long_about = "Shows each setting with its value and where it comes from: a flag, an environment variable, a line of the \
                  settings file, or the default, in this order of precedence. Values of storage options are never shown.",
    after_long_help = "Example: goldsmith.toml in the working directory holds settings; paths are relative to the file.\n\n  \
                       source = \"data/system\"\n  \
                       target = \"s3://bucket/lake\"\n  \
                       threads = 4\n\n  \
                       [storage]\n  \
                       aws_region = \"eu-central-1\"\n\n  \
                       $ goldsmith config --threads 8"
)]
pub(crate) struct ConfigArgs {
    #[command(flatten)]
    pub(crate) engine: EngineArgs,
}
