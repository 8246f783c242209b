//! Arguments of the commands that work on a target.

use clap::Args;

use goldsmith::RunOptions;

use crate::settings::Overrides;

/// Where the target is.
#[derive(Debug, Args)]
pub(crate) struct TargetArgs {
    /// Directory or URL below which bronze and gold are stored [env: GOLDSMITH_TARGET]
    #[arg(long, value_name = "PATH")]
    pub(crate) target: Option<String>,
}

impl TargetArgs {
    pub(crate) fn overrides(&self) -> Overrides {
        Overrides { target: self.target.clone(), ..Overrides::default() }
    }
}

/// How much memory there is.
#[derive(Debug, Args)]
pub(crate) struct MemoryArgs {
    /// Memory of the process: a size (512MB, 2GiB) or a share of what the machine or its control group has (25%). Less
    /// memory is slower, with the same results [env: GOLDSMITH_MEMORY_LIMIT] [default: 60%]
    #[arg(long, value_name = "SIZE")]
    pub(crate) memory_limit: Option<String>,
}

/// Everything that an engine that reads sources needs.
#[derive(Debug, Args)]
pub(crate) struct EngineArgs {
    /// Directory or URL of the sources, laid out as SCHEMA/TABLE: Delta tables or Parquet files [env:
    /// GOLDSMITH_SOURCE]
    #[arg(long, value_name = "PATH")]
    pub(crate) source: Option<String>,

    #[command(flatten)]
    pub(crate) target: TargetArgs,

    /// Currency of prices, instead of the model's (ISO 4217) [env: GOLDSMITH_CURRENCY]
    #[arg(long, value_name = "CODE")]
    pub(crate) currency: Option<String>,

    /// Tables processed at the same time, if there is enough memory for that many [env: GOLDSMITH_THREADS] [default:
    /// number of processors]
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<String>,

    #[command(flatten)]
    pub(crate) memory: MemoryArgs,
}

impl EngineArgs {
    pub(crate) fn overrides(&self) -> Overrides {
        Overrides {
            source: self.source.clone(),
            currency: self.currency.clone(),
            threads: self.threads.clone(),
            memory_limit: self.memory.memory_limit.clone(),
            ..self.target.overrides()
        }
    }
}

/// What a run covers.
#[derive(Debug, Args)]
pub(crate) struct SelectionArgs {
    /// Gold table, source (`billing.usage`) or domain; may be repeated, or list several separated by commas. Includes
    /// what a gold table needs [default: everything]
    #[arg(long, short = 's', value_name = "NAME", value_delimiter = ',')]
    pub(crate) select: Vec<String>,

    /// Rebuild the selected gold tables, and the dimensions they need, from all of bronze
    #[arg(long)]
    pub(crate) full_refresh: bool,
}

impl SelectionArgs {
    pub(crate) fn options(&self, threads: usize) -> RunOptions {
        RunOptions { select: self.select.clone(), full_refresh: self.full_refresh, threads }
    }
}

/// Show what a run would do and why
#[derive(Debug, Args)]
#[command(
    long_about = "Shows what a run would do with each table and why, and changes nothing. It compares what each table \
                  records about its inputs with the current state of these inputs.",
    after_long_help = "Example: what would a run do with cost and all that it needs?\n\n  \
                       $ goldsmith plan --source SYSTEM --target LAKE --select billing"
)]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    pub(crate) engine: EngineArgs,
    #[command(flatten)]
    pub(crate) selection: SelectionArgs,
    /// Also list the tables that are up to date
    #[arg(long)]
    pub(crate) all: bool,
}

/// Bring bronze and gold up to date
#[derive(Debug, Args)]
#[command(
    long_about = "Loads what is new in the sources, exactly once, and updates the keys of the gold tables that it \
                  affects. A run can be stopped and repeated at any time: each table commits its rows together with \
                  the position reached, and a run with nothing new commits nothing. A table that fails is reported, \
                  and the others go on.",
    after_long_help = include_str!("help/run.txt")
)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) engine: EngineArgs,
    #[command(flatten)]
    pub(crate) selection: SelectionArgs,
}

/// Show what the target holds
#[derive(Debug, Args)]
#[command(
    long_about = "Lists the bronze and gold tables of a target with version, rows and size. It reads only their logs.",
    after_long_help = "Example: which tables are there, with what each records about its inputs?\n\n  \
                       $ goldsmith status --target LAKE --format json"
)]
pub(crate) struct StatusArgs {
    #[command(flatten)]
    pub(crate) target: TargetArgs,
}

/// Answer a SQL query over bronze and gold
#[derive(Debug, Args)]
#[command(
    long_about = "Answers a SQL query over the tables of a target. Name tables as SCHEMA.TABLE; a name without a \
                  schema is a gold table. The printed table shortens long values; `--format json` and `--format csv` \
                  give everything.",
    after_long_help = include_str!("help/query.txt")
)]
pub(crate) struct QueryArgs {
    /// The query, or `-` for standard input
    #[arg(value_name = "SQL")]
    pub(crate) sql: String,
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    #[command(flatten)]
    pub(crate) memory: MemoryArgs,
}

impl QueryArgs {
    pub(crate) fn overrides(&self) -> Overrides {
        Overrides { memory_limit: self.memory.memory_limit.clone(), ..self.target.overrides() }
    }
}
