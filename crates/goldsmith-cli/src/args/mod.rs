//! What can be typed: clap definitions and nothing else.

mod catalog;
mod compile;
mod demo;
mod describe;
mod engine;
mod forget;
mod global;
mod maintain;
mod models;
mod test;
mod verify;

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{ArgMatches, CommandFactory, Parser, Subcommand, ValueEnum};

pub(crate) use catalog::CatalogArgs;
pub(crate) use compile::CompileArgs;
pub(crate) use demo::{DemoArgs, SynthArgs};
pub(crate) use describe::{ConfigArgs, ExplainArgs, SchemaArgs, SchemaKind, ValidateArgs};
pub(crate) use engine::{PlanArgs, QueryArgs, RunArgs, StatusArgs};
pub(crate) use forget::ForgetArgs;
pub(crate) use global::GlobalArgs;
pub(crate) use maintain::MaintainArgs;
pub(crate) use models::ModelsArgs;
pub(crate) use test::TestArgs;
pub(crate) use verify::VerifyArgs;

use crate::settings::{Format, Overrides};

/// Exit code of a verification that could not be made.
const VERIFY_FAILURE: u8 = 2;

/// Exit code of arguments that could not be understood.
pub(crate) fn misuse_code(args: &[OsString]) -> u8 {
    let command = Cli::command().ignore_errors(true).try_get_matches_from(args);
    match command.ok().as_ref().and_then(ArgMatches::subcommand_name) {
        Some("verify") => VERIFY_FAILURE,
        _ => 1,
    }
}

/// What is wrong with arguments that could not be understood, and what to do, in the form of other errors.
pub(crate) fn misuse(usage: &clap::Error) -> (String, String) {
    if usage.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return ("no command is given".into(), "run `goldsmith --help` for the commands".into());
    }
    let text = usage.render().to_string();
    let in_one_line = |part: &str| part.lines().map(str::trim).collect::<Vec<_>>().join(" ");
    let mut parts = text.split("\n\n").map(str::trim);
    let what = parts.next().map(|what| what.trim_start_matches("error: ")).unwrap_or_default();
    let tip = parts.find_map(|part| part.strip_prefix("tip: "));
    (in_one_line(what), in_one_line(tip.unwrap_or("run the command with `--help`")))
}

/// The format that was typed, whatever else could not be understood.
pub(crate) fn typed_format(args: &[OsString]) -> Option<Format> {
    const FLAG: &str = "--format";
    let texts: Vec<&str> = args.iter().filter_map(|text| text.to_str()).take_while(|text| *text != "--").collect();
    let value = texts.iter().enumerate().rev().find_map(|(at, text)| match text.strip_prefix(FLAG)? {
        "" => texts.get(at + 1).copied(),
        rest => rest.strip_prefix('='),
    })?;
    Format::from_str(value, false).ok()
}

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
    Test(TestArgs),
    Plan(PlanArgs),
    Run(RunArgs),
    Status(StatusArgs),
    Query(QueryArgs),
    Verify(VerifyArgs),
    Forget(ForgetArgs),
    Maintain(MaintainArgs),
    Catalog(CatalogArgs),
    Compile(CompileArgs),
    Synth(SynthArgs),
    Models(ModelsArgs),
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
            Self::Query(args) => args.overrides(),
            Self::Verify(args) => args.overrides(),
            Self::Forget(args) => args.target.overrides(),
            Self::Maintain(args) => args.target.overrides(),
            Self::Catalog(args) => args.target.overrides(),
            Self::Compile(_)
            | Self::Demo(_)
            | Self::Validate(_)
            | Self::Test(_)
            | Self::Synth(_)
            | Self::Models(_)
            | Self::Schema(_)
            | Self::Explain(_) => Overrides::default(),
        }
    }

    /// Exit code of a command that could not do its work, when it is not that of the error: of a verification 1 says
    /// that it found something.
    pub(crate) fn failure_code(&self) -> Option<u8> {
        matches!(self, Self::Verify(_)).then_some(VERIFY_FAILURE)
    }

    /// Whether the command can answer as CSV.
    pub(crate) fn knows_csv(&self) -> bool {
        matches!(self, Self::Query(_))
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::{Cli, misuse, misuse_code, typed_format};
    use crate::settings::Format;

    #[test]
    fn misuse_of_verify_is_told_from_differences() {
        let cases = [
            (&["goldsmith", "verify", "--sampel", "0.1"][..], 2),
            (&["goldsmith", "--quiet", "verify", "--sample", "much"], 2),
            (&["goldsmith", "run", "--taget", "lake"], 1),
            (&["goldsmith", "verfy"], 1),
        ];
        for (args, code) in cases {
            let args: Vec<_> = args.iter().map(Into::into).collect();
            assert_eq!(misuse_code(&args), code, "{args:?}");
        }
    }

    #[test]
    fn misuse_is_told_in_one_line_with_what_to_do() {
        let cases = [
            (
                &["run", "--taget", "lake"][..],
                "unexpected argument '--taget' found",
                "a similar argument exists: '--target'",
            ),
            (
                &["catalog"],
                "the following required arguments were not provided: --catalog <NAME>",
                "run the command with `--help`",
            ),
            (&[], "no command is given", "run `goldsmith --help` for the commands"),
        ];
        for (args, what, help) in cases {
            let Err(usage) = Cli::try_parse_from(["goldsmith"].iter().chain(args)) else { continue };
            assert_eq!(misuse(&usage), (what.to_owned(), help.to_owned()), "{args:?}");
        }
    }

    #[test]
    fn a_format_is_found_among_arguments_that_are_wrong() {
        let cases = [
            (&["run", "--nope", "--format", "json"][..], Some(Format::Json)),
            (&["--format=json", "verfy"], Some(Format::Json)),
            (&["run", "--format", "json", "--format", "human"], Some(Format::Human)),
            (&["run", "--format"], None),
            (&["query", "--", "--format=json"], None),
            (&["run", "--formats", "json"], None),
        ];
        for (args, format) in cases {
            let args: Vec<_> = args.iter().map(Into::into).collect();
            assert_eq!(typed_format(&args), format, "{args:?}");
        }
    }

    #[test]
    fn definitions_are_consistent() {
        Cli::command().debug_assert();
    }
}
