//! Arguments of `goldsmith test`.

use clap::Args;

/// Run the data tests of the model
#[derive(Debug, Args)]
#[command(
    long_about = "Runs the cases of `tests/*.yaml` of the model: rows that arrive in one or more deliveries, and the rows that a \
                  gold table must hold then. Each case gets empty tables in a temporary directory, so that neither source nor \
                  target is needed. Of a case that fails, expected and found rows are shown beside each other. Fails when one \
                  of them does.",
    after_long_help = "Example: write a case for a table of an own model, and run it alone.\n\n  \
                       $ goldsmith schema test > test.schema.json\n  \
                       $ goldsmith test --models my-models --select fact_node_minutes"
)]
pub(crate) struct TestArgs {
    /// Gold table or domain; may be repeated, or name several with commas between them [default: all that have a test]
    #[arg(long, short = 's', value_name = "NAME", value_delimiter = ',')]
    pub(crate) select: Vec<String>,
}
