//! Which kinds go with which sources, and the table that comes of it.

use super::Checker;
use crate::diagnostic::Code;
use crate::domain::{Aggregate, Fold, FoldColumn, FoldFunction, GoldKind, GoldTable, MutabilityClass};
use crate::read::{RawBronze, RawFold, RawFoldColumn, RawGold};
use crate::shape::Kind;

/// The table without its look-ups; none when something that its kind needs is missing.
pub(crate) fn build(raw: &RawGold, bronze: Option<&RawBronze>) -> Option<GoldTable> {
    let source = || bronze.map(|bronze| bronze.table.source.clone());
    let sequence_by = || raw.sequence_by.clone().or_else(|| bronze?.table.sequence_by.clone());
    let kind = match raw.kind? {
        Kind::EventFact => GoldKind::EventFact { source: source()?, sequence_by: sequence_by() },
        Kind::SlicedRunFact => GoldKind::SlicedRunFact { source: source()?, fold: fold(raw.fold.as_ref()?) },
        Kind::Scd1 => GoldKind::Scd1 { source: source()?, sequence_by: sequence_by() },
        Kind::Scd2 => GoldKind::Scd2 {
            source: source()?,
            // A missing sequence is reported at the source; the rest of the table can still be checked.
            sequence_by: sequence_by().unwrap_or_default(),
            delete_time: raw.delete_time.clone(),
            untracked: raw.untracked.clone(),
        },
        Kind::Interval => {
            let (start, end) = raw.interval.clone()?;
            GoldKind::Interval { source: source()?, sequence_by: sequence_by(), start, end }
        }
        Kind::Aggregate => GoldKind::Aggregate {
            members: raw.members.clone(),
            aggregates: raw
                .aggregates
                .iter()
                .map(|(name, aggregate)| {
                    let built = Aggregate {
                        function: aggregate.function,
                        column: aggregate.column.clone(),
                        by: aggregate.by.clone(),
                        data_type: aggregate.data_type.clone(),
                        description: aggregate.description.clone(),
                    };
                    (name.clone(), built)
                })
                .collect(),
            empty_is_null: raw.empty_is_null,
        },
        Kind::Calendar => GoldKind::Calendar(raw.calendar.clone()),
    };
    Some(GoldTable {
        name: raw.name.clone(),
        domain: raw.domain.clone(),
        description: raw.description.clone(),
        grain: raw.grain.clone(),
        key: raw.key.clone(),
        kind,
        exclude: raw.exclude.clone(),
        derived: raw.derived.clone(),
        dimensions: Vec::new(),
        event_time: raw.event_time.clone(),
        owner: raw.owner.clone(),
        tags: raw.tags.clone(),
        cluster_by: raw.cluster_by.clone(),
        write_mode: raw.write_mode,
        conserves: raw.laws.iter().map(|raw| raw.law.clone()).collect(),
    })
}

fn fold(raw: &RawFold) -> Fold {
    let rule = |(name, rule): (&String, &RawFoldColumn)| {
        let built = FoldColumn {
            function: function(rule)?,
            data_type: rule.data_type.clone(),
            description: rule.description.clone(),
        };
        Some((name.clone(), built))
    };
    Fold {
        slice_start: raw.start.clone(),
        slice_end: raw.end.clone(),
        columns: raw.columns.iter().filter_map(rule).collect(),
    }
}

/// The function of a rule; none when the rule lacks what the function needs.
pub(super) fn function(rule: &RawFoldColumn) -> Option<FoldFunction> {
    let column = || rule.column.clone();
    match rule.function.as_str() {
        "min" => column().map(FoldFunction::Min),
        "max" => column().map(FoldFunction::Max),
        "last" => column().map(FoldFunction::Last),
        "value_at_last" => Some(FoldFunction::ValueAtLast { column: column()?, of: rule.of.clone()? }),
        "count" => column().map(FoldFunction::Count),
        "count_slices" => Some(FoldFunction::CountSlices),
        "last_is_null" => column().map(FoldFunction::LastIsNull),
        "duration_seconds" => Some(FoldFunction::DurationSeconds),
        "union" => column().map(FoldFunction::Union),
        _ => None,
    }
}

impl Checker<'_> {
    /// Refuses a kind that would show something else than what the source holds.
    pub(super) fn check_kind(&mut self, raw: &RawGold, bronze: &RawBronze) {
        use MutabilityClass::{HourlySlice, IntervalReference, LatestSnapshot, MutableRow, Scd2Log};
        let (Some(kind), Some(class)) = (raw.kind, bronze.mutability) else { return };
        let reason = match (kind, class) {
            (Kind::SlicedRunFact, HourlySlice) | (Kind::Scd2, Scd2Log) | (Kind::Interval, IntervalReference) => return,
            (Kind::SlicedRunFact, _) => "its rows are no slices of runs",
            (Kind::EventFact, HourlySlice) => {
                "its rows are slices: without `fold` one arbitrary slice would stand for a run"
            }
            (Kind::EventFact | Kind::Scd1, Scd2Log) => {
                "it holds a history, of which only the last version would be left"
            }
            (Kind::EventFact | Kind::Scd1, IntervalReference) => {
                "its rows hold for intervals, which nothing would look up"
            }
            (Kind::Scd1, HourlySlice) => "its rows are slices of runs, not entities",
            (Kind::Scd2, LatestSnapshot) => "it shows only the present state and has no history to tell",
            (Kind::Scd2, MutableRow) => "it overwrites its rows and has no history to tell",
            (Kind::Scd2, _) => "its rows are no versions of entities",
            (Kind::Interval, _) => "its rows do not hold for intervals of their own",
            (Kind::EventFact | Kind::Scd1 | Kind::Aggregate | Kind::Calendar, _) => return,
        };
        let help = match class {
            HourlySlice => "make it a fact with `fold`, or correct the `mutability` of the source",
            Scd2Log => "make it a dimension with `scd: 2`, or correct the `mutability` of the source",
            IntervalReference => "make it a dimension with `scd: interval`, or correct the `mutability` of the source",
            LatestSnapshot | MutableRow => {
                "make it a fact or a dimension with `scd: 1`, or correct the `mutability` of the source"
            }
            MutabilityClass::AppendEvent | MutabilityClass::CorrectionLedger => {
                "make it a fact without `fold`, or correct the `mutability` of the source"
            }
        };
        let (noun, source) = (kind.noun(), &bronze.table.source);
        let message = format!("a {noun} cannot come from `{source}`, which is `{class}`: {reason}");
        let pointer = if raw.kind == Some(Kind::SlicedRunFact) { "fold" } else { "source" };
        self.report(&raw.name, pointer, Code::KindContradictsSource, message, Some(help.to_owned()));
    }
}
