//! Gold tables: what each is, never how it is loaded.
//!
//! Column names in expressions, keys and lookups of a gold table are the *carried* names: a struct field
//! `usage_metadata.cluster_id` of the source is the column `usage_metadata_cluster_id` (see [`crate::flatten`]).

use indexmap::IndexMap;

use super::{Conservation, DataType, SourceName, WriteMode};

/// One gold table as its file in `gold/` declares it: what its rows are, from which sources they come, and what is looked up for them.
///
/// In a [`Model`](super::Model) all names that it uses exist and fit together; only its expressions are still texts, which are checked
/// where the SQL engine is. How it is loaded follows from [`kind`](Self::kind).
#[derive(Debug, Clone, PartialEq)]
pub struct GoldTable {
    /// Name, an identifier: `dim_...` or `fact_...`.
    pub name: String,
    /// Subject area, for instance `billing`.
    pub domain: String,
    /// What the table is for.
    pub description: String,
    /// What one row stands for (`one billing record`).
    pub grain: String,
    /// Business key of a dimension, natural key of a fact.
    pub key: Vec<String>,
    /// Kind, with what only that kind has.
    pub kind: GoldKind,
    /// Source columns (flattened names or top-level source names) that are not carried.
    pub exclude: Vec<String>,
    /// Columns computed by SQL expressions, in their declared order.
    pub derived: IndexMap<String, DerivedColumn>,
    /// Look-ups into dimensions; only facts have them.
    pub dimensions: Vec<Lookup>,
    /// Column that tells when the fact happened; only facts have it.
    pub event_time: Option<String>,
    /// Who answers for the table.
    pub owner: Option<String>,
    /// Free tags of the table.
    pub tags: Vec<String>,
    /// Column by which files are sorted and pruned, when one is declared (`cluster_by:`).
    pub cluster_by: Vec<String>,
    /// How it deletes rows of existing files; none: as the project says. No part of the fingerprint.
    pub write_mode: Option<WriteMode>,
    /// Conservation laws that its rows keep. They do not decide what the rows are, so they are no part of the fingerprint.
    pub conserves: Vec<Conservation>,
}

impl GoldTable {
    /// Whether the table is a dimension, with a surrogate key and a row for the unknown member; if not, it is a fact.
    pub fn is_dimension(&self) -> bool {
        !matches!(self.kind, GoldKind::EventFact { .. } | GoldKind::SlicedRunFact { .. })
    }

    /// Name of the surrogate key column of a dimension: the table name without `dim_`, plus `_key`.
    pub fn surrogate_key(&self) -> String {
        format!("{}_key", self.name.strip_prefix("dim_").unwrap_or(&self.name))
    }

    /// The sources read directly, without those behind look-ups.
    pub fn sources(&self) -> Vec<&SourceName> {
        match &self.kind {
            GoldKind::EventFact { source, .. }
            | GoldKind::SlicedRunFact { source, .. }
            | GoldKind::Scd1 { source, .. }
            | GoldKind::Scd2 { source, .. }
            | GoldKind::Interval { source, .. } => vec![source],
            GoldKind::Aggregate { members, .. } => {
                let mut out: Vec<&SourceName> = Vec::new();
                for member in members {
                    if !out.contains(&&member.source) {
                        out.push(&member.source);
                    }
                }
                out
            }
            GoldKind::Calendar(_) => vec![],
        }
    }
}

/// What kind of table a gold table is.
#[derive(Debug, Clone, PartialEq)]
pub enum GoldKind {
    /// Fact with one row per key: the latest version by the sequence (an event has just one).
    EventFact {
        /// Where its rows come from.
        source: SourceName,
        /// Orders versions of a key; none: the last delivered wins.
        sequence_by: Option<String>,
    },
    /// Fact folded from many slices of one run.
    SlicedRunFact {
        /// Where its slices come from.
        source: SourceName,
        /// How slices become a run.
        fold: Fold,
    },
    /// Dimension with one row per business key, the latest version.
    Scd1 {
        /// Where its rows come from.
        source: SourceName,
        /// Orders versions of a key; none: the last delivered wins.
        sequence_by: Option<String>,
    },
    /// Dimension with one row per version.
    Scd2 {
        /// The change log.
        source: SourceName,
        /// Column of the change time; a version starts there.
        sequence_by: String,
        /// Column that is set on the row of a deletion.
        delete_time: Option<String>,
        /// Columns whose change makes no version, beside key, sequence and the source's date column.
        untracked: Vec<String>,
    },
    /// Reference rows that hold for a half-open interval of their own: start <= t < end.
    Interval {
        /// Where its rows come from.
        source: SourceName,
        /// Orders deliveries of one key; none: the last delivered wins.
        sequence_by: Option<String>,
        /// First instant of the interval; part of the key.
        start: String,
        /// First instant after it; null while open.
        end: String,
    },
    /// Dimension gathered from several sources, one row per business key, by aggregates.
    Aggregate {
        /// The rows that are gathered.
        members: Vec<Member>,
        /// The aggregates over the members of one key, by column name.
        aggregates: IndexMap<String, Aggregate>,
        /// Whether an empty text in the business key counts as null, so that its rows make no member (principals).
        empty_is_null: bool,
    },
    /// Generated calendar that covers every date held by a fact that looks it up.
    Calendar(Calendar),
}

/// A generated calendar dimension. Its columns are fixed: `date`, `year`, `quarter`, `month`, `month_name`,
/// `week_of_year` (ISO), `day_of_month`, `day_of_week` (1 = Monday), `day_name`, `is_weekend`, `is_month_end`,
/// `fiscal_year`, `fiscal_quarter`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Calendar {
    /// Descriptions by column name.
    pub descriptions: IndexMap<String, String>,
}

/// What one source contributes to an aggregate dimension: a row of member columns for each of its rows. A row with a null in part of the
/// business key contributes nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// Source of the rows.
    pub source: SourceName,
    /// Member column → SQL expression over the carried columns of the source. The columns of the business key
    /// must all be there; a column that only other members have is null here.
    pub columns: IndexMap<String, String>,
}

/// A column of an aggregate dimension: one value for each business key, over what all members say of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Aggregate {
    /// What is computed.
    pub function: AggregateFunction,
    /// Member column that it is computed over.
    pub column: String,
    /// For [`AggregateFunction::Last`]: member columns that order the rows (greatest wins; the value breaks ties).
    pub by: Vec<String>,
    /// Result type.
    pub data_type: DataType,
    /// What the column means.
    pub description: String,
}

/// Functions of [`Aggregate`]; nulls are never a value ("not known").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AggregateFunction {
    /// Smallest value.
    Min,
    /// Greatest value.
    Max,
    /// Value of the last row that has one.
    Last,
}

impl AggregateFunction {
    /// Name in model files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Min => "min",
            Self::Max => "max",
            Self::Last => "last",
        }
    }
}

/// How slices of a run become one row. Slices are first reduced to one per natural key of the source (the
/// greatest end), and ordered by start, then end. Carried columns without a rule take the last value that is not null.
#[derive(Debug, Clone, PartialEq)]
pub struct Fold {
    /// Column with the start of a slice; not carried.
    pub slice_start: String,
    /// Column with the end of a slice; not carried.
    pub slice_end: String,
    /// Rules by result column.
    pub columns: IndexMap<String, FoldColumn>,
}

/// One rule of a [`Fold`].
#[derive(Debug, Clone, PartialEq)]
pub struct FoldColumn {
    /// What is computed.
    pub function: FoldFunction,
    /// Result type.
    pub data_type: DataType,
    /// What the column means.
    pub description: String,
}

/// Functions of a [`Fold`]; names in braces are slice columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FoldFunction {
    /// `min`: smallest value of the column.
    Min(String),
    /// `max`: greatest value of the column.
    Max(String),
    /// `last`: value of the last slice that has one.
    Last(String),
    /// `value_at_last`: value of `column` on the last slice where `of` is not null; may be null there.
    ValueAtLast {
        /// Column that is returned.
        column: String,
        /// Column that must not be null on the slice.
        of: String,
    },
    /// `count`: number of slices where the column is not null.
    Count(String),
    /// `count_slices`: number of slices.
    CountSlices,
    /// `last_is_null`: whether the column is null on the last slice.
    LastIsNull(String),
    /// `duration_seconds`: whole seconds of the sum of end - start over the slices; null when a bound is null.
    DurationSeconds,
    /// `union`: sorted distinct union of the arrays; null when no slice has an array.
    Union(String),
}

impl FoldFunction {
    /// Name in model files.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Min(_) => "min",
            Self::Max(_) => "max",
            Self::Last(_) => "last",
            Self::ValueAtLast { .. } => "value_at_last",
            Self::Count(_) => "count",
            Self::CountSlices => "count_slices",
            Self::LastIsNull(_) => "last_is_null",
            Self::DurationSeconds => "duration_seconds",
            Self::Union(_) => "union",
        }
    }

    /// The slice column that it is computed over; none for `count_slices` and `duration_seconds`.
    pub fn column(&self) -> Option<&str> {
        match self {
            Self::Min(column)
            | Self::Max(column)
            | Self::Last(column)
            | Self::ValueAtLast { column, .. }
            | Self::Count(column)
            | Self::LastIsNull(column)
            | Self::Union(column) => Some(column),
            Self::CountSlices | Self::DurationSeconds => None,
        }
    }
}

/// A column computed by a SQL expression over carried, folded, fetched or other derived columns.
#[derive(Debug, Clone, PartialEq)]
pub struct DerivedColumn {
    /// The expression.
    pub expression: String,
    /// Declared type; the expression must yield it, or a type that widens to it without loss.
    pub data_type: DataType,
    /// What the column means.
    pub description: String,
}

/// A look-up of a fact into a dimension. Yields the dimension's surrogate key, and fetched columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Lookup {
    /// The dimension.
    pub dimension: String,
    /// How it is resolved, from the dimension's kind.
    pub kind: LookupKind,
    /// Column of the fact that receives the surrogate key.
    pub key_column: String,
    /// Dimension columns fetched beside the key: fact column → dimension column. Null without a match.
    pub fetch: IndexMap<String, Fetch>,
    /// Whether an empty text in the business key counts as null (principals).
    pub empty_is_null: bool,
}

impl Lookup {
    /// Where the parts of the looked-up key come from; a calendar has none.
    pub(super) fn key_mut(&mut self) -> &mut [LookupKeyPart] {
        match &mut self.kind {
            LookupKind::Calendar { .. } => &mut [],
            LookupKind::Plain { key } | LookupKind::AsOf { key, .. } | LookupKind::Interval { key, .. } => key,
        }
    }
}

/// A dimension column that a look-up fetches.
#[derive(Debug, Clone, PartialEq)]
pub struct Fetch {
    /// Column of the dimension.
    pub column: String,
    /// What it means in the fact.
    pub description: String,
}

/// How a look-up is resolved.
#[derive(Debug, Clone, PartialEq)]
pub enum LookupKind {
    /// Calendar: the surrogate is computed from a date (or timestamp, in UTC) column of the fact.
    Calendar {
        /// DATE or TIMESTAMP column of the fact.
        date: String,
    },
    /// One row per business key.
    Plain {
        /// Where each part of the business key comes from.
        key: Vec<LookupKeyPart>,
    },
    /// SCD2: the last version with valid_from <= as_of, else the first one.
    AsOf {
        /// Where each part of the business key comes from.
        key: Vec<LookupKeyPart>,
        /// TIMESTAMP column of the fact.
        as_of: String,
    },
    /// Interval: start <= as_of < end; of several the one that starts last; none: -1.
    Interval {
        /// Where each part of the business key comes from, without the interval's start.
        key: Vec<LookupKeyPart>,
        /// TIMESTAMP column of the fact.
        as_of: String,
    },
}

/// Where one part of a looked-up business key comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LookupKeyPart {
    /// Dimension column and fact column.
    Column {
        /// Column of the dimension's business key.
        dimension: String,
        /// Column of the fact.
        fact: String,
    },
    /// Dimension column and a constant, resolved from the project's settings.
    Constant {
        /// Column of the dimension's business key.
        dimension: String,
        /// The value.
        value: String,
        /// The setting of the project that it is taken from, `currency` for `$currency`; none: it stands in the model.
        setting: Option<String>,
    },
}
