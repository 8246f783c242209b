//! Arguments of `goldsmith forget`.

use clap::Args;

use super::engine::TargetArgs;

/// Delete the history of one source, after saying what is lost
#[derive(Debug, Args)]
#[command(
    long_about = "Bronze is history: sources forget after some days, bronze does not, and no run ever deletes from it. \
                  This command is the only way to delete the bronze table of a source. Without `--yes` it changes \
                  nothing and says what would be lost: the rows, and how many of them cannot be fetched again, because \
                  the source no longer keeps rows of that age or has already dropped them. Which rows it has dropped is \
                  known for merged sources only, since appended rows are not looked up again. A damaged table can be \
                  deleted as well; what cannot be counted is reported as unknown.\n\n\
                  Gold stays as it is. The next run reloads the source, and rebuilds the gold tables that are made \
                  from it with what the source still has."
)]
pub(crate) struct ForgetArgs {
    #[command(flatten)]
    pub(crate) target: TargetArgs,

    /// The source, such as `billing.usage`
    #[arg(value_name = "SOURCE")]
    pub(crate) source: String,

    /// Delete, instead of only saying what would be lost
    #[arg(long)]
    pub(crate) yes: bool,
}
