//! Arguments of `goldsmith maintain`.

use std::time::Duration;

use clap::Args;
use goldsmith::MaintainOptions;

use super::engine::TargetArgs;

/// Merge small files, purge deleted rows, delete garbage
#[derive(Debug, Args)]
#[command(
    long_about = "Every run adds a small file to the tables that it changes, and hides rows that changed with deletion \
                  vectors. This command keeps the tables quick to read, and does what OPTIMIZE, REORG ... PURGE and \
                  VACUUM do: it merges small files, purges deleted rows from files that lost a twentieth of their rows or \
                  more, and deletes files that no version refers to any more, among them those of interrupted runs.\n\n\
                  No row changes, so runs and readers can carry on meanwhile, and the next run finds nothing new. \
                  Files that no version within the retention refers to are deleted for good: readers that began before \
                  that, and time travel beyond it, lose their files. Bronze keeps all its rows.",
    after_long_help = "Example: see what it would do, then do it, once a week.\n\n  \
                       $ goldsmith maintain --target LAKE --dry-run\n  \
                       $ goldsmith maintain --target LAKE"
)]
pub(crate) struct MaintainArgs {
    #[command(flatten)]
    pub(crate) target: TargetArgs,

    /// Gold table, source (`billing.usage`) or domain; may be repeated, or list several separated by commas [default:
    /// every table]
    #[arg(long, short = 's', value_name = "NAME", value_delimiter = ',')]
    pub(crate) select: Vec<String>,

    /// How long files that no version refers to any more are kept, such as `12h` or `30days`; less than an hour needs
    /// `--force`
    #[arg(long, value_name = "TIME", default_value = "7days", value_parser = retention)]
    pub(crate) retention: Duration,

    /// Accept a retention below an hour. It deletes the files that runs in progress have not committed yet, and what
    /// these runs then commit is lost for good: use it only for a target that nobody is writing to
    #[arg(long)]
    pub(crate) force: bool,

    /// Only say what would be done
    #[arg(long)]
    pub(crate) dry_run: bool,
}

impl MaintainArgs {
    pub(crate) fn options(&self) -> MaintainOptions {
        MaintainOptions {
            select: self.select.clone(),
            retention: self.retention,
            force: self.force,
            dry_run: self.dry_run,
        }
    }
}

/// A time with its unit. A number alone is taken for the days that it mostly means, in the advice.
fn retention(text: &str) -> Result<Duration, String> {
    match text.trim().parse::<u64>() {
        Ok(days) => Err(format!("it has no unit; for days give `{days}d`")),
        Err(_) => humantime::parse_duration(text)
            .map_err(|_| "give a time with its unit, such as `12h` or `30days`".to_owned()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_retention_without_a_unit_is_answered_with_days() {
        assert_eq!(retention("7").unwrap_err(), "it has no unit; for days give `7d`");
        assert_eq!(retention("7d").unwrap(), retention("7days").unwrap());
        assert_eq!(retention("90m").unwrap(), Duration::from_secs(5400));
        for wrong in ["soon", "-1d", "7 fortnights"] {
            assert!(retention(wrong).unwrap_err().contains("such as `12h` or `30days`"), "{wrong}");
        }
    }
}
