//! Proof that gold equals a rebuild from bronze, on the user's own tables.
//!
//! Each selected gold table is built once more, by the same code that `run` uses, from the versions of its inputs that
//! it records, into a scratch directory; the two are compared row by row. So a table that merely lies behind its
//! inputs is right, and the report says by what it is behind; one that claims more than it holds is wrong. Beside that, gold is audited by itself: what the
//! model promises of keys, look-ups, histories and intervals is checked on the stored rows. The target is only read.
//!
//! A table that another engine brought up to date last is audited alone. What it tells is an instant, and so a lower bound of what the
//! table contains: a rebuild from just that may lack rows that the table rightly has.

mod audit;
mod compare;
mod details;
mod rebuild;
mod report;
mod rows;
mod sample;
mod scratch;
mod selection;
mod target;

use std::path::PathBuf;
use std::time::Instant;

use chrono::{DateTime, SecondsFormat, Utc};
use goldsmith_lake::Table;
use goldsmith_model::GoldTable;
use goldsmith_plan::GoldPosition;

use self::rebuild::Rebuilder;
pub use self::report::{
    BehindInput, Check, CheckName, CheckOutcome, ColumnDifference, Example, TableVerification, VerifyReport,
};
use self::sample::Sample;
use self::scratch::Scratch;
use self::target::Unusable;
use crate::context::RunContext;
use crate::damage::explained;
use crate::error::{Error, Result};
use crate::event::RunEvent;
use crate::gold::{is_told_by_others, read_position};
use crate::report::TableStatus;

/// Examples that a check shows when nothing else is said.
const EXAMPLES: usize = 5;

/// Options of [`Engine::verify`](crate::Engine::verify). By default every row of all gold tables is compared.
#[derive(Debug, Clone, PartialEq)]
pub struct VerifyOptions {
    /// Gold tables, sources (the tables that read them) or domains; empty: all gold tables.
    pub select: Vec<String>,
    /// Share of the keys of each table that is rebuilt and compared, above 0 and up to 1. Look-ups then go to the
    /// dimensions of the target. Without it all keys are compared, and look-ups go to rebuilt dimensions.
    pub sample: Option<f64>,
    /// Existing directory for rebuilt tables, which are removed again; that of the system when absent.
    pub scratch: Option<PathBuf>,
    /// Offending rows that a check shows at most; all are counted.
    pub examples: usize,
}

impl Default for VerifyOptions {
    fn default() -> Self {
        Self { select: Vec::new(), sample: None, scratch: None, examples: EXAMPLES }
    }
}

/// Verifies the selected gold tables of the target.
pub(crate) async fn verify(ctx: &RunContext, started: DateTime<Utc>, options: &VerifyOptions) -> Result<VerifyReport> {
    let clock = Instant::now();
    let sample = options.sample.map(Sample::new).transpose()?;
    let names = selection::selected(ctx, &options.select)?;
    let mut held = Vec::with_capacity(names.len());
    for name in names {
        held.push((name, ctx.open_gold(name).await));
    }
    if held.iter().all(|(_, table)| matches!(table, Ok(None))) {
        return Err(Error::Configuration {
            what: format!("the target `{}` holds none of the selected gold tables", ctx.layout.target()),
            help: "give the directory or URL that `goldsmith run` filled".into(),
        });
    }
    ctx.tell(RunEvent::RunStarted { run_id: ctx.stamp.run_id.clone(), tables: held.len() });
    let scratch = Scratch::new(options.scratch.as_deref())?;
    let mut verifier =
        Verifier { ctx, rebuilder: Rebuilder::new(ctx, &scratch, sample.clone()), sample, examples: options.examples };
    let mut tables = Vec::with_capacity(held.len());
    for (name, held) in held {
        let table = ctx.model.gold.get(name).ok_or_else(|| Error::Internal(format!("no table `{name}`")))?;
        let verification = verifier.table(table, held).await?;
        ctx.tell(RunEvent::TableVerified(Box::new(verification.clone())));
        tables.push(verification);
    }
    let report = VerifyReport {
        started_at: started.to_rfc3339_opts(SecondsFormat::Micros, true),
        seconds: clock.elapsed().as_secs_f64(),
        sample: options.sample,
        tables,
    };
    let status = if report.is_success() { TableStatus::UpToDate } else { TableStatus::Failed };
    ctx.tell(RunEvent::RunFinished { status });
    Ok(report)
}

/// Verifies one table after the other.
struct Verifier<'a> {
    ctx: &'a RunContext,
    rebuilder: Rebuilder<'a>,
    sample: Option<Sample>,
    examples: usize,
}

impl Verifier<'_> {
    /// Verifies one table. What is wrong with it goes into the result; only a cancellation is an error.
    async fn table(&mut self, table: &GoldTable, held: Result<Option<Table>>) -> Result<TableVerification> {
        self.ctx.check()?;
        let clock = Instant::now();
        let mut out = TableVerification::new(&table.name);
        self.ctx.tell(RunEvent::TableStarted {
            table: format!("{}.{}", self.ctx.layout.gold_schema(), table.name),
            what: "compare with a rebuild from bronze".into(),
        });
        let outcome = match held {
            Ok(Some(held)) => self.checks(table, &held, &mut out).await,
            Ok(None) => {
                let reason = "the table is not there yet; `goldsmith run` builds it";
                out.checks.push(Check::skipped(CheckName::Readable, reason));
                Ok(())
            }
            Err(error) => Err(error),
        };
        match outcome {
            Ok(()) => {}
            Err(Error::Cancelled) => return Err(Error::Cancelled),
            Err(error) => out.checks.push(Check::failed(CheckName::Readable, explained(self.ctx, error).chain())),
        }
        out.seconds = clock.elapsed().as_secs_f64();
        Ok(out)
    }

    async fn checks(&mut self, table: &GoldTable, held: &Table, out: &mut TableVerification) -> Result<()> {
        out.version = Some(held.version());
        let position = if is_told_by_others(held).await? {
            let reason = "another engine brought the table up to date, and tells no versions of what it read; `goldsmith run` takes it \
                          over, and then it can be compared with a rebuild";
            out.checks.push(Check::skipped(CheckName::Writer, reason));
            None
        } else {
            let Some(position) = self.position(table, held, out).await? else {
                return Ok(());
            };
            out.behind = target::behind(self.ctx, table, &position).await?;
            self.comparison(table, held, &position, out).await?;
            Some(position)
        };
        let audited = audit::audit(self.ctx, table, held, position.as_ref(), self.examples).await?;
        out.rows = audited.rows;
        let compared =
            CheckName::COMPARISON.iter().filter_map(|name| out.check(*name)).map(|check| check.outcome).max();
        let compared = compared.unwrap_or(CheckOutcome::Skipped);
        out.checks.extend(audited.checks.into_iter().map(|check| {
            if CheckName::OF_SOURCE.contains(&check.name) { check.given_by_source(compared) } else { check }
        }));
        out.checks.push(Check::passed(CheckName::Readable));
        Ok(())
    }

    /// What the table records; none when it is not such that it could be compared.
    async fn position(
        &self,
        table: &GoldTable,
        held: &Table,
        out: &mut TableVerification,
    ) -> Result<Option<GoldPosition>> {
        let position = match read_position(&table.name, held).await {
            Ok(Some(position)) => position,
            Ok(None) if held.num_rows().await? == 0 => {
                let reason = "the table was created, but never filled; `goldsmith run` builds it";
                out.checks.push(Check::skipped(CheckName::Position, reason));
                return Ok(None);
            }
            Ok(None) => {
                let reason =
                    "the table has rows, but does not record what it was built from; `goldsmith run` rebuilds it";
                out.checks.push(Check::failed(CheckName::Position, reason));
                return Ok(None);
            }
            Err(error @ Error::Position { .. }) => {
                out.checks.push(Check::failed(CheckName::Position, error.chain()));
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let fingerprint = goldsmith_model::gold_fingerprint(&self.ctx.model, table);
        if position.fingerprint != fingerprint {
            let reason = format!(
                "stale: the table was built by another model (fingerprint {}, now {fingerprint}); `goldsmith run` rebuilds it",
                position.fingerprint
            );
            out.checks.push(Check::failed(CheckName::Model, reason));
            return Ok(None);
        }
        out.checks.push(Check::passed(CheckName::Model));
        Ok(Some(position))
    }

    async fn comparison(
        &mut self,
        table: &GoldTable,
        held: &Table,
        position: &GoldPosition,
        out: &mut TableVerification,
    ) -> Result<()> {
        let rebuilt = match self.rebuilder.rebuild(table, held.version(), position).await {
            Ok(Ok(rebuilt)) => rebuilt,
            Ok(Err(Unusable::Skip(reason))) => {
                out.checks.extend(CheckName::COMPARISON.map(|name| Check::skipped(name, &reason)));
                return Ok(());
            }
            Ok(Err(Unusable::Fail(reason))) => {
                out.checks.push(Check::failed(CheckName::Position, reason));
                return Ok(());
            }
            Err(Error::Cancelled) => return Err(Error::Cancelled),
            Err(error) => {
                out.checks.push(Check::failed(CheckName::Rebuild, explained(self.ctx, error).chain()));
                return Ok(());
            }
        };
        out.checks.push(Check::passed(CheckName::Position));
        out.checks.push(Check::passed(CheckName::Rebuild));
        let sample = self.sample.clone().filter(|_| sample::applies_to(table));
        let comparison = compare::compare(self.ctx, table, held, &rebuilt, sample, self.examples).await?;
        out.compared = comparison.compared;
        out.checks.extend(comparison.checks);
        if !table.is_dimension() {
            // No other table reads it, and it may be large.
            self.rebuilder.discard(table, held.version());
        }
        Ok(())
    }
}
