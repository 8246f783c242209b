//! Words for what the model says: kinds, roles, look-ups.

use goldsmith_model::{ColumnRole, GoldKind, GoldTable, LoadMode, Lookup, LookupKeyPart, LookupKind, Scope};

use super::markdown::{code, codes};

/// The kind of a table.
pub(super) fn kind(table: &GoldTable) -> &'static str {
    match table.kind {
        GoldKind::EventFact { .. } => "fact",
        GoldKind::SlicedRunFact { .. } => "fact, folded from slices",
        GoldKind::Scd1 { .. } => "dimension, SCD 1",
        GoldKind::Scd2 { .. } => "dimension, SCD 2",
        GoldKind::Interval { .. } => "dimension, intervals",
        GoldKind::Aggregate { .. } => "dimension, SCD 1, gathered",
        GoldKind::Calendar(_) => "dimension, calendar",
    }
}

/// Which rows the table has, in one sentence.
pub(super) fn rows(table: &GoldTable) -> String {
    let latest = |sequence_by: &Option<String>| match sequence_by {
        Some(column) => format!("One row per key, the version with the greatest {}.", code(column)),
        None => "One row per key, the version that was delivered last.".to_owned(),
    };
    match &table.kind {
        GoldKind::EventFact { sequence_by, .. } | GoldKind::Scd1 { sequence_by, .. } => latest(sequence_by),
        GoldKind::SlicedRunFact { fold, .. } => format!(
            "One row per key, folded from slices that are ordered by {} and {}.",
            code(&fold.slice_start),
            code(&fold.slice_end)
        ),
        GoldKind::Scd2 { sequence_by, .. } => {
            format!("One row per version; a version starts at its {}.", code(sequence_by))
        }
        GoldKind::Interval { start, end, .. } => {
            format!("One row per key, in force from {} until before {}.", code(start), code(end))
        }
        GoldKind::Aggregate { .. } => "One row per key, gathered from the rows of all members.".to_owned(),
        GoldKind::Calendar(_) => "One row per date; every date that a fact holds is there.".to_owned(),
    }
}

/// The role of a column.
pub(super) fn role(role: ColumnRole) -> &'static str {
    match role {
        ColumnRole::SurrogateKey => "surrogate key",
        ColumnRole::Key => "key",
        ColumnRole::Carried => "carried",
        ColumnRole::Folded => "folded",
        ColumnRole::Derived => "derived",
        ColumnRole::Fetched => "fetched",
        ColumnRole::DimensionKey => "dimension key",
        ColumnRole::Validity => "validity",
        ColumnRole::Audit => "audit",
    }
}

/// How bronze takes a source over.
pub(super) fn load(load: LoadMode) -> &'static str {
    match load {
        LoadMode::Append => "append",
        LoadMode::Merge => "merge",
    }
}

/// Which part of the account a source covers.
pub(super) fn scope(scope: Scope) -> &'static str {
    match scope {
        Scope::Regional => "regional",
        Scope::Global => "global",
    }
}

/// The parts of the business key that a look-up compares.
pub(super) fn key_parts(lookup: &Lookup) -> &[LookupKeyPart] {
    match &lookup.kind {
        LookupKind::Calendar { .. } => &[],
        LookupKind::Plain { key } | LookupKind::AsOf { key, .. } | LookupKind::Interval { key, .. } => key,
    }
}

/// The fact columns that a look-up reads: those of the key, then the one that holds the time.
pub(super) fn read_columns(lookup: &Lookup) -> Vec<&str> {
    let mut out: Vec<&str> = key_parts(lookup)
        .iter()
        .filter_map(|part| match part {
            LookupKeyPart::Column { fact, .. } => Some(fact.as_str()),
            LookupKeyPart::Constant { .. } => None,
        })
        .collect();
    match &lookup.kind {
        LookupKind::Calendar { date } => out.push(date),
        LookupKind::Plain { .. } => {}
        LookupKind::AsOf { as_of, .. } | LookupKind::Interval { as_of, .. } => out.push(as_of),
    }
    out
}

/// What must be equal for a look-up to match, in markdown.
pub(super) fn matched_on(lookup: &Lookup) -> String {
    if let LookupKind::Calendar { date } = &lookup.kind {
        return code(date);
    }
    let parts = key_parts(lookup).iter().map(|part| match part {
        LookupKeyPart::Column { dimension, fact } if dimension == fact => fact.clone(),
        LookupKeyPart::Column { dimension, fact } => format!("{dimension} = {fact}"),
        LookupKeyPart::Constant { dimension, value, .. } => format!("{dimension} = '{value}'"),
    });
    codes(parts)
}

/// Which row a look-up chooses among those that match, in markdown.
pub(super) fn chosen(lookup: &Lookup) -> String {
    match &lookup.kind {
        LookupKind::Calendar { .. } => "the date".to_owned(),
        LookupKind::Plain { .. } => "the row with that key".to_owned(),
        LookupKind::AsOf { as_of, .. } => format!("the version at {}, else the first one", code(as_of)),
        LookupKind::Interval { as_of, .. } => format!("the interval that contains {}", code(as_of)),
    }
}

/// The part that a dimension plays in a fact: the fact column that leads to it.
pub(super) fn part_played(lookup: &Lookup) -> String {
    match &lookup.kind {
        LookupKind::Calendar { date } => return date.clone(),
        LookupKind::Interval { as_of, .. } => return as_of.clone(),
        LookupKind::Plain { .. } | LookupKind::AsOf { .. } => {}
    }
    let renamed = key_parts(lookup).iter().find_map(|part| match part {
        LookupKeyPart::Column { dimension, fact } if dimension != fact => Some(fact),
        _ => None,
    });
    // Among several columns of the same names it is the one that is called like the dimension (`sku_name`).
    let subject = lookup.dimension.trim_start_matches("dim_").rsplit('_').next().unwrap_or_default();
    let columns = read_columns(lookup);
    let own = columns.iter().find(|name| name.starts_with(subject));
    renamed.cloned().or_else(|| own.or(columns.first()).map(|name| (*name).to_owned())).unwrap_or_default()
}
