//! What can be typed: clap definitions and nothing else.

mod demo;
mod describe;
mod engine;
mod global;

use clap::{Parser, Subcommand};

pub(crate) use demo::{DemoArgs, SynthArgs};
pub(crate) use describe::{ConfigArgs, ExplainArgs, SchemaArgs, SchemaKind, ValidateArgs};
pub(crate) use engine::{PlanArgs, QueryArgs, RunArgs, StatusArgs};
pub(crate) use global::GlobalArgs;

use crate::settings::Overrides;

/// Databricks system tables to a star schema on Delta Lake.
#[derive(Debug, Parser)]
#[command(
    name = "goldsmith",
    bin_name = "goldsmith",
    version,
    max_term_width = 100,
    arg_required_else_help = true,
    subcommand_required = true,
    disable_help_subcommand = true,
    long_about = "Turns the Databricks system tables into a star schema of dimensions and facts on Delta Lake: \
                  usage and cost, jobs, queries, compute, security and more. The tables keep all state themselves, so \
                  that every run brings them up to date from wherever they stand.",
    after_help = "First steps:\n  \
                  goldsmith demo                               see it work on generated data\n  \
                  goldsmith run --source SYSTEM --target LAKE  bring a lake up to date\n  \
                  goldsmith query --target LAKE 'select ...'   ask it something\n\n\
                  Exit codes: 0 done, 1 something that you can fix, 2 unexpected."
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: GlobalArgs,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Demo(DemoArgs),
    Validate(ValidateArgs),
    Plan(PlanArgs),
    Run(RunArgs),
    Status(StatusArgs),
    Query(QueryArgs),
    Synth(SynthArgs),
    Config(ConfigArgs),
    Schema(SchemaArgs),
    Explain(ExplainArgs),
}

impl Command {
    /// The flags of the command that a variable or the settings file can give as well.
    pub(crate) fn overrides(&self) -> Overrides {
        match self {
            Self::Plan(args) => args.engine.overrides(),
            Self::Run(args) => args.engine.overrides(),
            Self::Config(args) => args.engine.overrides(),
            Self::Status(args) => args.target.overrides(),
            Self::Query(args) => args.target.overrides(),
            Self::Demo(_) | Self::Validate(_) | Self::Synth(_) | Self::Schema(_) | Self::Explain(_) => {
                Overrides::default()
            }
        }
    }

    /// Whether the command can answer as CSV.
    pub(crate) fn knows_csv(&self) -> bool {
        matches!(self, Self::Query(_))
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Cli;

    #[test]
    fn definitions_are_consistent() {
        Cli::command().debug_assert();
    }
}
