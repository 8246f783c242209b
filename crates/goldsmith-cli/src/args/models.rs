//! Arguments of `goldsmith models`.

use std::path::PathBuf;

use clap::Args;

/// Write the files of the built-in model
#[derive(Debug, Args)]
#[command(
    long_about = "Writes the files of the built-in model into a directory, to read them or to start your own model \
                  from them: `project.yaml`, the sources below `bronze`, the tables below `gold` and their data tests \
                  below `tests`.",
    after_long_help = "Example: add a table to a copy of the model, then check and test it before you use it.\n\n  \
                       $ goldsmith models --out my-models\n  \
                       $ goldsmith validate --models my-models\n  \
                       $ goldsmith test --models my-models --select fact_node_minutes\n  \
                       $ goldsmith run --models my-models --source SYSTEM --target LAKE"
)]
pub(crate) struct ModelsArgs {
    /// Directory for the files, empty or absent
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
}
