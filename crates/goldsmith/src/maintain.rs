//! Keeping the tables of a target quick to read.

use std::time::Duration;

use goldsmith_lake::{CompactReport, Table, VacuumReport};
use goldsmith_model::{GoldTable, SourceName};
use goldsmith_plan::Selection;
use serde::Serialize;

use crate::context::RunContext;
use crate::damage::explained;
use crate::error::{Error, Result};
use crate::event::RunEvent;
use crate::report::{Layer, TableStatus};

/// How often a table is tried again when a run changed it meanwhile.
const CONFLICT_RETRIES: usize = 3;

/// The shortest retention that needs no force. A run writes its files before it commits them: one that is going on for so long that
/// they are older than this has to be rare.
const LEAST_RETENTION: Duration = Duration::from_secs(3600);

/// What [`crate::Engine::maintain`] shall do.
#[derive(Debug, Clone)]
pub struct MaintainOptions {
    /// Gold tables, sources (`billing.usage`) or domains of gold; all tables when empty.
    pub select: Vec<String>,
    /// How long files that nothing shows any more are kept, for readers that began before and for travels back in time.
    ///
    /// Files that a running writer has not committed yet are among them, so that less than an hour is refused without `force`.
    pub retention: Duration,
    /// Takes a retention below an hour. The files of runs that are going on are then deleted before they are committed; what such
    /// a run commits is lost for good. Only for a target that surely nobody writes to.
    pub force: bool,
    /// Only says what would be done.
    pub dry_run: bool,
}

impl Default for MaintainOptions {
    /// All tables, with the seven days that Delta recommends.
    fn default() -> Self {
        Self { select: Vec::new(), retention: Duration::from_secs(7 * 24 * 3600), force: false, dry_run: false }
    }
}

/// What was done, or would be done, with the tables of a target.
#[derive(Debug, Clone, Serialize)]
pub struct MaintainReport {
    /// Whether nothing was changed.
    pub dry_run: bool,
    /// The tables that exist, bronze first.
    pub tables: Vec<TableMaintenance>,
}

impl MaintainReport {
    /// Whether no table failed. Others were maintained all the same.
    pub fn is_success(&self) -> bool {
        self.tables.iter().all(|table| table.error.is_none())
    }
}

/// What was done, or would be done, with one table.
#[derive(Debug, Clone, Serialize)]
pub struct TableMaintenance {
    /// Layer of the table.
    pub layer: Layer,
    /// Source name for bronze (`billing.usage`), table name for gold.
    pub name: String,
    /// Live files before.
    pub files_before: usize,
    /// Live files after.
    pub files_after: usize,
    /// Small files that became part of larger ones.
    pub small_files: usize,
    /// Files that were rewritten without their deleted rows.
    pub purged_files: usize,
    /// Deleted rows that no file holds any more.
    pub rows_purged: u64,
    /// Rows that were written anew.
    pub rows_copied: u64,
    /// Files that nothing shows any more, and that were deleted.
    pub garbage_files: usize,
    /// Size of these files in bytes.
    pub garbage_bytes: u64,
    /// The version that the rearrangement made.
    pub version: Option<u64>,
    /// What went wrong with this table; the others go on.
    pub error: Option<String>,
}

/// Merges small files, purges deleted rows and deletes garbage, table by table.
pub(crate) async fn maintain(ctx: &RunContext, options: &MaintainOptions) -> Result<MaintainReport> {
    Selection::resolve(&ctx.model, &ctx.dag, &options.select)?;
    check_retention(options)?;
    let is_named = |name: &str| options.select.is_empty() || options.select.iter().any(|wanted| wanted == name);
    let is_source = |source: &&SourceName| {
        options.select.is_empty() || options.select.iter().any(|wanted| ctx.model.source_named(wanted) == Some(*source))
    };
    let bronze = ctx.model.bronze.keys().filter(is_source).map(Place::Bronze);
    let gold = ctx.model.gold.values().filter(|table| is_named(&table.name) || is_named(&table.domain));
    let places: Vec<Place<'_>> = bronze.chain(gold.map(Place::Gold)).collect();
    ctx.tell(RunEvent::RunStarted { run_id: ctx.stamp.run_id.clone(), tables: places.len() });
    let mut tables = Vec::new();
    for place in &places {
        if let Some(table) = one(ctx, place, options).await? {
            ctx.tell(RunEvent::TableMaintained(Box::new(table.clone())));
            tables.push(table);
        }
    }
    if tables.is_empty() {
        return Err(Error::Configuration {
            what: format!("the target `{}` holds none of the selected tables", ctx.layout.target()),
            help: "give the directory or URL that `goldsmith run` filled".into(),
        });
    }
    let is_failed = tables.iter().any(|table| table.error.is_some());
    ctx.tell(RunEvent::RunFinished { status: if is_failed { TableStatus::Failed } else { TableStatus::UpToDate } });
    Ok(MaintainReport { dry_run: options.dry_run, tables })
}

/// Refuses a retention that takes the files of runs away that are going on.
fn check_retention(options: &MaintainOptions) -> Result<()> {
    if options.force || options.retention >= LEAST_RETENTION {
        return Ok(());
    }
    Err(Error::Configuration {
        what: format!(
            "a retention of {} is less than an hour: files that a run wrote and has not committed yet would be deleted, and what \
             it then commits would be lost for good",
            shown(options.retention)
        ),
        help: "keep an hour or more; `--force` takes less, for a target that surely nobody writes to".into(),
    })
}

/// A time in whole minutes, or in seconds.
fn shown(time: Duration) -> String {
    match time.as_secs() {
        seconds if seconds > 0 && seconds.is_multiple_of(60) => format!("{} min", seconds / 60),
        seconds => format!("{seconds} s"),
    }
}

/// One table of the target.
enum Place<'a> {
    Bronze(&'a SourceName),
    Gold(&'a GoldTable),
}

impl Place<'_> {
    fn name(&self) -> (Layer, String) {
        match self {
            Self::Bronze(source) => (Layer::Bronze, source.to_string()),
            Self::Gold(table) => (Layer::Gold, table.name.clone()),
        }
    }

    async fn open(&self, ctx: &RunContext) -> Result<Option<Table>> {
        match self {
            Self::Bronze(source) => ctx.open_bronze(source).await,
            Self::Gold(table) => {
                let mut target = ctx.open_gold(&table.name).await?;
                if let Some(target) = &mut target {
                    target.cluster_by(&table.cluster_by);
                }
                Ok(target)
            }
        }
    }
}

async fn one(ctx: &RunContext, place: &Place<'_>, options: &MaintainOptions) -> Result<Option<TableMaintenance>> {
    ctx.check()?;
    let (layer, name) = place.name();
    let done = match work(ctx, place, options).await {
        Ok(None) => return Ok(None),
        Ok(Some(done)) => Ok(done),
        Err(Error::Cancelled) => return Err(Error::Cancelled),
        Err(error) => Err(explained(ctx, error).chain()),
    };
    let (compacted, garbage) = done.clone().unwrap_or_default();
    Ok(Some(TableMaintenance {
        layer,
        name,
        files_before: compacted.files_before,
        files_after: compacted.files_after,
        small_files: compacted.small_files,
        purged_files: compacted.purged_files,
        rows_purged: compacted.rows_purged,
        rows_copied: compacted.rows_copied,
        garbage_files: garbage.files,
        garbage_bytes: garbage.bytes,
        version: compacted.version,
        error: done.err(),
    }))
}

async fn work(
    ctx: &RunContext,
    place: &Place<'_>,
    options: &MaintainOptions,
) -> Result<Option<(CompactReport, VacuumReport)>> {
    let (_, name) = place.name();
    let mut attempt = 0;
    loop {
        let Some(mut table) = place.open(ctx).await? else { return Ok(None) };
        match table.compact(&ctx.stamp.run_id, options.dry_run).await {
            Ok(compacted) => return Ok(Some((compacted, table.vacuum(options.retention, options.dry_run).await?))),
            Err(error) if error.is_retryable() && attempt < CONFLICT_RETRIES => {
                attempt += 1;
                tracing::info!(table = %name, attempt, "a run changed the table, looking again");
            }
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_told_in_the_unit_that_it_was_meant_in() {
        let told = [0, 59, 60, 300, 301].map(|seconds| shown(Duration::from_secs(seconds)));
        assert_eq!(told, ["0 s", "59 s", "1 min", "5 min", "301 s"]);
    }

    #[test]
    fn less_than_an_hour_needs_force() {
        let of = |seconds, force| {
            let retention = Duration::from_secs(seconds);
            check_retention(&MaintainOptions { retention, force, ..MaintainOptions::default() })
        };
        for (seconds, force) in [(3600, false), (7 * 24 * 3600, false), (0, true), (3599, true)] {
            assert!(of(seconds, force).is_ok(), "{seconds} {force}");
        }
        for seconds in [0, 3599] {
            let error = of(seconds, false).unwrap_err();
            assert_eq!(error.kind(), crate::ErrorKind::Usage);
            let text = error.chain();
            assert!(text.starts_with(&format!("a retention of {seconds} s is less")), "{text}");
            assert!(text.contains("lost for good") && text.contains("`--force`"), "{text}");
        }
    }
}
