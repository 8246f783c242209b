//! Parts of the default model that are quick to run, and together have every kind of table.

use std::str::FromStr;
use std::sync::Arc;

use goldsmith_model::{GoldKind, Model, WriteMode};
use goldsmith_testkit::{Result, ScratchLake};

/// A part of the default model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// An event fact with look-ups by interval, as of a time and by key, price intervals from a merged source, a timeline, a gathered
    /// dimension and the calendar.
    Costs,
    /// A fact folded from slices, with a look-up as of a time, and a timeline. Rows are hidden by deletion vectors.
    Runs,
    /// All of the model.
    Whole,
}

const COSTS: ([&str; 3], [&str; 5]) = (
    ["billing.list_prices", "billing.usage", "compute.clusters"],
    ["dim_cluster", "dim_date", "dim_list_price", "dim_sku", "fact_usage"],
);
const RUNS: ([&str; 2], [&str; 2]) =
    (["lakeflow.job_run_timeline", "lakeflow.jobs"], ["dim_job", "fact_job_run_timeline"]);

impl Part {
    /// Its name, as [`Part::from_str`] reads it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Costs => "costs",
            Self::Runs => "runs",
            Self::Whole => "whole",
        }
    }

    /// The model of the part.
    ///
    /// # Errors
    /// The default model has problems.
    pub fn model(self) -> Result<Arc<Model>> {
        let model = ScratchLake::new()?.model().clone();
        Ok(Arc::new(match self {
            Self::Costs => cut(model, &COSTS.0, &COSTS.1),
            Self::Runs => written(cut(model, &RUNS.0, &RUNS.1), WriteMode::MergeOnRead),
            Self::Whole => model,
        }))
    }
}

impl FromStr for Part {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let all = [Self::Costs, Self::Runs, Self::Whole];
        all.into_iter().find(|part| part.name() == text).ok_or_else(|| format!("no part `{text}` of the model"))
    }
}

/// The same model, whose tables delete rows of their files in this way.
pub fn written(mut model: Model, write_mode: WriteMode) -> Model {
    model.project.write_mode = write_mode;
    model
}

/// Leaves of a model these sources and gold tables, and of the tables what needs no others.
fn cut(mut model: Model, sources: &[&str], tables: &[&str]) -> Model {
    model.bronze.retain(|name, _| sources.contains(&name.to_string().as_str()));
    model.gold.retain(|name, _| tables.contains(&name.as_str()));
    for table in model.gold.values_mut() {
        let is_kept = |dimension: &str| tables.contains(&dimension);
        let lost: Vec<String> = table
            .dimensions
            .iter()
            .filter(|lookup| !is_kept(&lookup.dimension))
            .flat_map(|lookup| lookup.fetch.keys().cloned())
            .collect();
        table.dimensions.retain(|lookup| is_kept(&lookup.dimension));
        table.derived.retain(|_, column| !lost.iter().any(|name| column.expression.contains(name)));
        if let GoldKind::Aggregate { members, .. } = &mut table.kind {
            members.retain(|member| sources.contains(&member.source.to_string().as_str()));
        }
    }
    model
}
