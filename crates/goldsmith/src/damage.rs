//! Tables of the target that cannot be opened. They fail with everything that is built from them, and the others go on.

use std::collections::BTreeMap;

use futures::StreamExt;
use goldsmith_lake::LakeError;
use goldsmith_plan::{InputName, Selection};

use crate::context::RunContext;
use crate::error::{Error, Result};
use crate::report::{Layer, TableReport, TableStatus};

/// Tables that are opened at once.
const AT_ONCE: usize = 8;

/// Tables that cannot be worked on, each with the reason.
pub(crate) struct Damage(BTreeMap<InputName, String>);

impl Damage {
    /// Opens every table of a selection once; each reads its log from the last checkpoint.
    ///
    /// # Errors
    /// What is not about a single table, such as storage that cannot be reached.
    pub(crate) async fn open_all(ctx: &RunContext, selection: &Selection) -> Result<Self> {
        let bronze = selection.sources.iter().cloned().map(InputName::Bronze);
        let names: Vec<InputName> = bronze.chain(selection.gold.iter().cloned().map(InputName::Gold)).collect();
        let opened: Vec<(InputName, Result<()>)> = futures::stream::iter(names)
            .map(|name| async move {
                let outcome = open(ctx, &name).await;
                (name, outcome)
            })
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        let mut reasons = BTreeMap::new();
        for (name, outcome) in opened {
            match outcome {
                Ok(()) => {}
                Err(error) if is_of_table(&error) => {
                    let advice = advice(ctx, &name);
                    reasons.insert(
                        name,
                        format!(
                            "the table cannot be opened: {}; if that does not pass by itself, {advice}",
                            error.what()
                        ),
                    );
                }
                Err(error) => return Err(error),
            }
        }
        for table in ctx.dag.order() {
            let name = InputName::Gold(table.clone());
            let broken = ctx.dag.inputs(table).iter().find(|input| reasons.contains_key(*input));
            if let (Some(input), false) = (broken, reasons.contains_key(&name)) {
                let reason =
                    format!("its input `{input}` cannot be used; it is built as soon as that one is right again");
                reasons.insert(name, reason);
            }
        }
        Ok(Self(reasons))
    }

    /// Why a table cannot be worked on; none when it can.
    pub(crate) fn reason(&self, name: &InputName) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The tables of a selection that can be worked on.
    pub(crate) fn spared(&self, selection: &Selection) -> Selection {
        let mut spared = selection.clone();
        for name in self.0.keys() {
            match name {
                InputName::Bronze(source) => spared.sources.remove(source),
                InputName::Gold(table) => spared.gold.remove(table),
            };
        }
        spared
    }

    /// Reports of the tables of a selection that cannot be worked on.
    pub(crate) fn reports(&self, selection: &Selection) -> Vec<TableReport> {
        let mut reports = Vec::new();
        for (name, reason) in &self.0 {
            let (layer, name, is_selected) = match name {
                InputName::Bronze(source) => (Layer::Bronze, source, selection.sources.contains(source)),
                InputName::Gold(table) => (Layer::Gold, table, selection.gold.contains(table)),
            };
            if is_selected {
                let (status, error) = (TableStatus::Failed, Some(reason.clone()));
                reports.push(TableReport { status, error, ..TableReport::new(layer, name) });
            }
        }
        reports
    }
}

/// Whether an error is about one table, and not about the storage of all of them.
pub(crate) fn is_of_table(error: &Error) -> bool {
    let Error::Lake(error) = error else { return false };
    let of_storage = matches!(
        error,
        LakeError::Unusable { .. }
            | LakeError::PermissionDenied { .. }
            | LakeError::StorageSetup { .. }
            | LakeError::UnknownStorageOption { .. }
    );
    !of_storage && !error.is_retryable()
}

/// What to do about a table that cannot be opened.
pub(crate) fn advice(ctx: &RunContext, name: &InputName) -> String {
    match name {
        InputName::Bronze(source) => {
            format!(
                "restore it from a copy, or see with `goldsmith forget {source}` what is lost when it is loaded anew"
            )
        }
        InputName::Gold(table) => {
            let location = ctx.layout.gold(table);
            format!("restore it from a copy, or remove `{location}`: the next run then builds it from bronze")
        }
    }
}

async fn open(ctx: &RunContext, name: &InputName) -> Result<()> {
    match name {
        InputName::Bronze(source) => match ctx.model.bronze.keys().find(|known| known.to_string() == *source) {
            Some(source) => ctx.open_bronze(source).await.map(drop),
            None => Ok(()),
        },
        InputName::Gold(table) => ctx.open_gold(table).await.map(drop),
    }
}

/// Adds what to do to an error about a table of the target, which depends on its layer: bronze is history, and gold can be built anew.
pub(crate) fn explained(ctx: &RunContext, error: Error) -> Error {
    let source = match error {
        Error::Lake(source) => source,
        other => return other,
    };
    let (place, can_be_opened) = match &source {
        LakeError::CorruptFile { file, .. } => (file, true),
        LakeError::DeletionVector { location, .. } => (location, true),
        LakeError::CorruptLog { location, .. } | LakeError::NotADeltaTable { location, .. } => (location, false),
        _ => return Error::Lake(source),
    };
    let help = match (table_at(ctx, place), can_be_opened) {
        (Some(InputName::Gold(table)), true) => {
            format!("build the table anew from bronze with `goldsmith run --full-refresh --select {table}`")
        }
        (Some(name), _) => advice(ctx, &name),
        (None, _) => return Error::Lake(source),
    };
    Error::Damaged { source: Box::new(source), help }
}

/// The table of the target that is at a place, or that the file at this place belongs to.
fn table_at(ctx: &RunContext, place: &str) -> Option<InputName> {
    let is_at = |table: &str| place.strip_prefix(table).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let bronze = ctx.model.bronze.keys().find(|source| is_at(&ctx.layout.bronze(source).to_string()));
    let gold = || ctx.model.gold.keys().find(|name| is_at(&ctx.layout.gold(name).to_string()));
    bronze.map(|source| InputName::Bronze(source.to_string())).or_else(|| gold().cloned().map(InputName::Gold))
}
