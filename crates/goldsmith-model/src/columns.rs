//! The columns of a gold table, in the order in which the engine writes them.

use indexmap::IndexMap;

use crate::domain::{Aggregate, DataType, Fold, FoldFunction, GoldKind, GoldTable, Member, Model, SourceName};
use crate::flatten::{CarriedColumn, carried_except};

/// What a column of a gold table is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ColumnRole {
    /// The surrogate key of a dimension.
    SurrogateKey,
    /// Part of the business key of a dimension or the natural key of a fact.
    Key,
    /// Carried from the source.
    Carried,
    /// Folded from many slices, or aggregated from many rows.
    Folded,
    /// Computed by an expression, or generated (calendar).
    Derived,
    /// Fetched from a dimension.
    Fetched,
    /// Surrogate key of a dimension, in a fact.
    DimensionKey,
    /// Validity of a version.
    Validity,
    /// Written by the engine, outside of every equality claim.
    Audit,
}

/// One column of a gold table.
#[derive(Debug, Clone, PartialEq)]
pub struct GoldColumn {
    /// Name.
    pub name: String,
    /// Type; none where only the type check of expressions can tell (a key of an aggregate dimension).
    pub data_type: Option<DataType>,
    /// What the column means.
    pub description: String,
    /// What it is.
    pub role: ColumnRole,
    /// The source and the path within it (column, then struct fields), for columns that stand for one source field.
    pub source_path: Option<(SourceName, Vec<String>)>,
    /// Tags of the source columns behind it, such as `pii`.
    pub tags: Vec<String>,
}

impl GoldColumn {
    fn engine(name: &str, data_type: DataType, description: impl Into<String>, role: ColumnRole) -> Self {
        Self {
            name: name.to_owned(),
            data_type: Some(data_type),
            description: description.into(),
            role,
            source_path: None,
            tags: Vec::new(),
        }
    }
}

/// Column of every gold table: the run that wrote the row.
pub const RUN_ID: &str = "_run_id";
/// Column of every gold table: when the row was written.
pub const LOADED_AT: &str = "_loaded_at";
/// Columns that the engine adds to an SCD2 dimension.
pub const VALIDITY_COLUMNS: [&str; 4] = ["valid_from", "valid_to", "is_current", "is_deleted"];

/// Names and types of the columns of a calendar dimension, in their order.
pub const CALENDAR_COLUMNS: [(&str, DataType); 13] = [
    ("date", DataType::Date),
    ("year", DataType::Int),
    ("quarter", DataType::Int),
    ("month", DataType::Int),
    ("month_name", DataType::String),
    ("week_of_year", DataType::Int),
    ("day_of_month", DataType::Int),
    ("day_of_week", DataType::Int),
    ("day_name", DataType::String),
    ("is_weekend", DataType::Boolean),
    ("is_month_end", DataType::Boolean),
    ("fiscal_year", DataType::Int),
    ("fiscal_quarter", DataType::Int),
];

/// The columns of a gold table in output order: surrogate key of a dimension; key, carried and folded columns;
/// derived; fetched; validity of SCD2; `<dimension>_key`s of a fact; audit columns.
pub fn gold_columns(model: &Model, table: &GoldTable) -> Vec<GoldColumn> {
    let mut out = Vec::new();
    if table.is_dimension() {
        let description = match table.kind {
            GoldKind::Calendar(_) => "Surrogate key: the date as yyyymmdd; -1 is the unknown member.",
            GoldKind::Scd2 { .. } => {
                "Surrogate key of the version, computed from business key and valid_from; -1 is the unknown member."
            }
            _ => "Surrogate key, computed from the business key; -1 is the unknown member.",
        };
        out.push(GoldColumn::engine(&table.surrogate_key(), DataType::BigInt, description, ColumnRole::SurrogateKey));
    }
    out.extend(base_columns(model, table));
    for (name, derived) in &table.derived {
        out.push(GoldColumn::engine(name, derived.data_type.clone(), &*derived.description, ColumnRole::Derived));
    }
    out.extend(fetched_columns(model, table));
    if let GoldKind::Scd2 { delete_time, .. } = &table.kind {
        out.extend(validity_columns(delete_time.as_deref()));
    }
    for lookup in &table.dimensions {
        let description =
            format!("Key of the row of {} that the fact refers to; -1 when there is none.", lookup.dimension);
        out.push(GoldColumn::engine(&lookup.key_column, DataType::BigInt, description, ColumnRole::DimensionKey));
    }
    out.push(GoldColumn::engine(RUN_ID, DataType::String, "Run that wrote the row.", ColumnRole::Audit));
    out.push(GoldColumn::engine(LOADED_AT, DataType::Timestamp, "When the row was written.", ColumnRole::Audit));
    out
}

fn fetched_columns(model: &Model, table: &GoldTable) -> Vec<GoldColumn> {
    let mut out = Vec::new();
    for lookup in table.dimensions.iter().filter(|lookup| !lookup.fetch.is_empty()) {
        // A dimension has no look-ups of its own, so this goes one level deep.
        let columns = model.gold.get(&lookup.dimension).filter(|dimension| dimension.dimensions.is_empty());
        let columns = columns.map(|dimension| gold_columns(model, dimension)).unwrap_or_default();
        for (name, fetch) in &lookup.fetch {
            let found = columns.iter().find(|column| column.name == fetch.column);
            out.push(GoldColumn {
                name: name.clone(),
                data_type: found.and_then(|column| column.data_type.clone()),
                description: fetch.description.clone(),
                role: ColumnRole::Fetched,
                source_path: None,
                tags: found.map(|column| column.tags.clone()).unwrap_or_default(),
            });
        }
    }
    out
}

fn validity_columns(delete_time: Option<&str>) -> [GoldColumn; 4] {
    let deleted = match delete_time {
        Some(column) => format!("Whether {column} is set in this version."),
        None => "Always false: the source marks no deletions.".to_owned(),
    };
    let descriptions = [
        "First instant of the version.",
        "First instant after the version; null while it is open.",
        "Whether the version is open.",
    ];
    let [from, to, current, is_deleted] = VALIDITY_COLUMNS;
    [
        GoldColumn::engine(from, DataType::Timestamp, descriptions[0], ColumnRole::Validity),
        GoldColumn::engine(to, DataType::Timestamp, descriptions[1], ColumnRole::Validity),
        GoldColumn::engine(current, DataType::Boolean, descriptions[2], ColumnRole::Validity),
        GoldColumn::engine(is_deleted, DataType::Boolean, deleted, ColumnRole::Validity),
    ]
}

/// Key, carried, folded and aggregated columns: what derived expressions can see beside each other and what is fetched.
pub fn base_columns(model: &Model, table: &GoldTable) -> Vec<GoldColumn> {
    let mut columns = match &table.kind {
        GoldKind::EventFact { source, .. }
        | GoldKind::Scd1 { source, .. }
        | GoldKind::Scd2 { source, .. }
        | GoldKind::Interval { source, .. } => {
            carried(model, source, &table.exclude).into_iter().map(|column| from_carried(source, column)).collect()
        }
        GoldKind::SlicedRunFact { source, fold } => folded(source, fold, carried(model, source, &table.exclude)),
        GoldKind::Aggregate { members, aggregates, .. } => aggregated(model, &table.key, members, aggregates),
        GoldKind::Calendar(calendar) => CALENDAR_COLUMNS
            .into_iter()
            .map(|(name, data_type)| {
                let description = calendar.descriptions.get(name).cloned().unwrap_or_default();
                GoldColumn::engine(name, data_type, description, ColumnRole::Derived)
            })
            .collect(),
    };
    for column in &mut columns {
        if table.key.contains(&column.name) {
            column.role = ColumnRole::Key;
        }
    }
    columns
}

fn carried(model: &Model, source: &SourceName, exclude: &[String]) -> Vec<CarriedColumn> {
    model.bronze.get(source).map(|bronze| carried_except(bronze, exclude)).unwrap_or_default()
}

fn from_carried(source: &SourceName, column: CarriedColumn) -> GoldColumn {
    GoldColumn {
        name: column.name,
        data_type: Some(column.data_type),
        description: column.description,
        role: ColumnRole::Carried,
        source_path: Some((source.clone(), column.path)),
        tags: column.tags,
    }
}

fn folded(source: &SourceName, fold: &Fold, carried: Vec<CarriedColumn>) -> Vec<GoldColumn> {
    let behind = |function: &FoldFunction| {
        let name = function.column()?;
        carried.iter().find(|column| column.name == name)
    };
    let rules: IndexMap<&String, GoldColumn> = fold
        .columns
        .iter()
        .map(|(name, rule)| {
            let from = behind(&rule.function);
            let column = GoldColumn {
                name: name.clone(),
                data_type: Some(rule.data_type.clone()),
                description: rule.description.clone(),
                role: ColumnRole::Folded,
                source_path: from.map(|column| (source.clone(), column.path.clone())),
                tags: from.map(|column| column.tags.clone()).unwrap_or_default(),
            };
            (name, column)
        })
        .collect();
    let is_bound = |name: &String| *name == fold.slice_start || *name == fold.slice_end;
    let mut out = Vec::with_capacity(carried.len() + rules.len());
    for column in &carried {
        match rules.get(&column.name) {
            Some(rule) => out.push(rule.clone()),
            None if is_bound(&column.name) => {}
            None => out.push(from_carried(source, column.clone())),
        }
    }
    let added: Vec<GoldColumn> =
        rules.into_values().filter(|rule| carried.iter().all(|column| column.name != rule.name)).collect();
    out.extend(added);
    out
}

fn aggregated(
    model: &Model,
    key: &[String],
    members: &[Member],
    aggregates: &IndexMap<String, Aggregate>,
) -> Vec<GoldColumn> {
    let key_columns = key.iter().map(|name| {
        let behind = behind_members(model, members, name);
        let first = behind.first();
        let same = behind.iter().find(|(_, column)| column.name == *name);
        GoldColumn {
            name: name.clone(),
            data_type: first.map(|(_, column)| column.data_type.clone()),
            description: same
                .map_or_else(|| "Part of the business key.".to_owned(), |(_, column)| column.description.clone()),
            role: ColumnRole::Key,
            source_path: None,
            tags: tags(&behind),
        }
    });
    let aggregate_columns = aggregates.iter().map(|(name, aggregate)| GoldColumn {
        name: name.clone(),
        data_type: Some(aggregate.data_type.clone()),
        description: aggregate.description.clone(),
        role: ColumnRole::Folded,
        source_path: None,
        tags: tags(&behind_members(model, members, &aggregate.column)),
    });
    key_columns.chain(aggregate_columns).collect()
}

/// The carried columns behind a member column, where members take it over unchanged.
fn behind_members(model: &Model, members: &[Member], column: &str) -> Vec<(SourceName, CarriedColumn)> {
    let mut out: Vec<(SourceName, CarriedColumn)> = Vec::new();
    for member in members {
        let Some(expression) = member.columns.get(column) else { continue };
        let found = carried(model, &member.source, &[]).into_iter().find(|carried| carried.name == expression.trim());
        out.extend(found.map(|carried| (member.source.clone(), carried)));
    }
    out
}

fn tags(columns: &[(SourceName, CarriedColumn)]) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for tag in columns.iter().flat_map(|(_, column)| &column.tags) {
        if !out.contains(tag) {
            out.push(tag.clone());
        }
    }
    out
}
