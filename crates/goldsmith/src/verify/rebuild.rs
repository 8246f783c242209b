//! Building gold tables once more, from what they record, beside the target.

use std::collections::HashMap;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use goldsmith_lake::Table;
use goldsmith_model::{GoldKind, GoldTable};
use goldsmith_plan::{GoldPosition, InputName};
use tracing::Instrument;

use super::sample::{self, Sample};
use super::scratch::Scratch;
use super::target::{Past, Unusable, at};
use crate::context::RunContext;
use crate::error::{Error, Result};
use crate::event::RunEvent;
use crate::gold::{read_position, run_gold};
use crate::layout::Layout;

/// Rebuilds gold tables, each version once.
pub(super) struct Rebuilder<'a> {
    ctx: &'a RunContext,
    scratch: &'a Scratch,
    sample: Option<Sample>,
    built: HashMap<(String, u64), Result<Table, Unusable>>,
}

impl<'a> Rebuilder<'a> {
    pub(super) fn new(ctx: &'a RunContext, scratch: &'a Scratch, sample: Option<Sample>) -> Self {
        Self { ctx, scratch, sample, built: HashMap::new() }
    }

    /// Builds the table that has `position` in its `version`, from just what the position names.
    pub(super) async fn rebuild(
        &mut self,
        table: &GoldTable,
        version: u64,
        position: &GoldPosition,
    ) -> Result<Result<Table, Unusable>> {
        let key = (table.name.clone(), version);
        if let Some(built) = self.built.get(&key) {
            return Ok(built.clone());
        }
        let mut is_behind = false;
        let built = match self.build(table, version, position, &mut is_behind).await {
            Err(Error::Cancelled) => return Err(Error::Cancelled),
            // The log of an older version can outlive its files.
            Err(error) if is_behind => Err(Unusable::Skip(format!(
                "the versions of its inputs that it records cannot be read any more ({}); `goldsmith run` moves on from them",
                error.what()
            ))),
            other => other?,
        };
        self.built.insert(key, built.clone());
        Ok(built)
    }

    /// Removes the rebuild of a table that nothing reads any more.
    pub(super) fn discard(&mut self, table: &GoldTable, version: u64) {
        if self.built.remove(&(table.name.clone(), version)).is_some() {
            self.scratch.discard(&place(table, version));
        }
    }

    async fn build(
        &mut self,
        table: &GoldTable,
        version: u64,
        position: &GoldPosition,
        is_behind: &mut bool,
    ) -> Result<Result<Table, Unusable>> {
        let place = place(table, version);
        let ctx = self.context(table, &place)?;
        for input in self.ctx.dag.inputs(&table.name) {
            let Some(recorded) = position.inputs.get(&input.to_string()) else { continue };
            let past = match at(self.ctx, input, recorded).await? {
                Ok(past) => past,
                Err(unusable) => return Ok(Err(unusable)),
            };
            *is_behind |= past.is_behind;
            match input {
                InputName::Bronze(source) => {
                    let Some(source) = self.ctx.model.bronze.keys().find(|known| known.to_string() == *source) else {
                        return Err(Error::Internal(format!("source `{source}` is not in the model")));
                    };
                    let bronze = match &self.sample {
                        Some(sample) if sample::applies_to(table) => {
                            let location = self.scratch.location(&place)?.join(&source.bronze_table());
                            sample::copy(self.ctx, table, (source, &past.table), sample, &location).await?
                        }
                        _ => past.table,
                    };
                    ctx.keep_bronze(source, &bronze).await;
                }
                InputName::Gold(name) => match self.dimension(table, name, past).await? {
                    Ok(dimension) => ctx.keep_gold(name, &dimension).await,
                    Err(unusable) => return Ok(Err(unusable)),
                },
            }
        }
        let share = ctx.budget.lease(1);
        let named = tracing::warn_span!("table", table = %table.name);
        run_gold(&ctx, table, true, &share).instrument(named).boxed().await?;
        let built = ctx.gold(&table.name).await;
        built.map(Ok).ok_or_else(|| Error::Internal(format!("`{}` was not rebuilt", table.name)))
    }

    /// The dimension that look-ups of `table` go to: rebuilt as it was then, or that of the target. The calendar reads
    /// the dates of the stored facts, which are compared themselves.
    fn dimension<'s>(
        &'s mut self,
        table: &'s GoldTable,
        name: &'s str,
        past: Past,
    ) -> BoxFuture<'s, Result<Result<Table, Unusable>>> {
        async move {
            if self.sample.is_some() || matches!(table.kind, GoldKind::Calendar(_)) {
                return Ok(Ok(past.table));
            }
            let because = |reason: String| Ok(Err(Unusable::Skip(format!("look-ups go to `{name}`: {reason}"))));
            let Some(dimension) = self.ctx.model.gold.get(name) else {
                return Err(Error::Internal(format!("dimension `{name}` is not in the model")));
            };
            let position = match read_position(name, &past.table).await {
                Ok(Some(position)) => position,
                Ok(None) => return because("it records nothing".into()),
                Err(error @ Error::Position { .. }) => return because(error.what()),
                Err(error) => return Err(error),
            };
            if position.fingerprint != goldsmith_model::gold_fingerprint(&self.ctx.model, dimension) {
                return because("it was built by another model; `goldsmith run` rebuilds it".into());
            }
            match self.rebuild(dimension, past.table.version(), &position).await? {
                Ok(rebuilt) => Ok(Ok(rebuilt)),
                Err(Unusable::Skip(reason) | Unusable::Fail(reason)) => because(reason),
            }
        }
        .boxed()
    }

    /// A context whose target is a place of the scratch directory, and that tells its progress as that of the table.
    fn context(&self, table: &GoldTable, place: &str) -> Result<RunContext> {
        let observer = self.ctx.observer.clone();
        let name = format!("{}.{}", self.ctx.layout.gold_schema(), table.name);
        let progress = move |event: RunEvent| {
            if let RunEvent::TableProgress { rows, .. } = event {
                observer.event(RunEvent::TableProgress { table: name.clone(), rows });
            }
        };
        Ok(RunContext::new(
            self.ctx.lake.clone(),
            Layout::new(self.scratch.location(place)?, &self.ctx.model.project),
            self.ctx.model.clone(),
            self.ctx.dag.clone(),
            self.ctx.stamp.clone(),
            Arc::new(progress),
            self.ctx.cancel.clone(),
            self.ctx.budget.clone(),
            self.ctx.misses_sources,
        ))
    }
}

fn place(table: &GoldTable, version: u64) -> String {
    format!("{}-{version}", table.name)
}
