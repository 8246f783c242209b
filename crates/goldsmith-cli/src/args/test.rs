//! Arguments of `goldsmith test`.

use clap::Args;

/// Run the data tests of the model
#[derive(Debug, Args)]
#[command(
    long_about = "Runs the cases in `tests/*.yaml` of the model: rows that arrive in one or more deliveries, and the \
                  rows that a gold table must then hold. Each case gets empty tables in a temporary directory, so \
                  neither source nor target is needed. When a case fails, expected and actual rows are shown side by \
                  side. Fails when one of the cases does.",
    after_long_help = "Example: write a case for a table of your own model, and run only that case.\n\n  \
                       $ goldsmith schema test > test.schema.json\n  \
                       $ goldsmith test --models my-models --select fact_node_minutes"
)]
pub(crate) struct TestArgs {
    /// Gold table or domain; may be repeated, or list several separated by commas [default: all that have a test]
    #[arg(long, short = 's', value_name = "NAME", value_delimiter = ',')]
    pub(crate) select: Vec<String>,
}
