//! Names and literals in Spark SQL.

pub(crate) use goldsmith_model::sql::literal;
use goldsmith_model::sql::quoted;
use goldsmith_model::{Model, SourceName};

use crate::options::CompileOptions;

/// Words that Spark or Databricks do not take as a column name everywhere without quotes.
const KEYWORDS: &[&str] = &[
    "all",
    "and",
    "any",
    "anti",
    "array",
    "as",
    "between",
    "both",
    "by",
    "case",
    "cast",
    "column",
    "comment",
    "constraint",
    "create",
    "cross",
    "current_date",
    "current_timestamp",
    "current_user",
    "date",
    "day",
    "default",
    "delete",
    "desc",
    "describe",
    "distinct",
    "drop",
    "else",
    "end",
    "escape",
    "except",
    "exists",
    "explode",
    "false",
    "fetch",
    "filter",
    "for",
    "from",
    "full",
    "function",
    "grant",
    "group",
    "having",
    "hour",
    "if",
    "in",
    "inner",
    "insert",
    "intersect",
    "interval",
    "into",
    "is",
    "join",
    "lateral",
    "leading",
    "left",
    "like",
    "limit",
    "map",
    "merge",
    "minus",
    "minute",
    "month",
    "natural",
    "not",
    "null",
    "offset",
    "on",
    "only",
    "or",
    "order",
    "outer",
    "over",
    "overwrite",
    "partition",
    "pivot",
    "position",
    "primary",
    "quarter",
    "references",
    "right",
    "rlike",
    "row",
    "rows",
    "second",
    "select",
    "semi",
    "set",
    "some",
    "start",
    "struct",
    "table",
    "tablesample",
    "then",
    "time",
    "timestamp",
    "to",
    "trailing",
    "true",
    "type",
    "union",
    "unique",
    "unknown",
    "update",
    "user",
    "using",
    "values",
    "version",
    "view",
    "week",
    "when",
    "where",
    "window",
    "with",
    "within",
    "year",
    "zone",
];

/// A name as SQL says it: in backticks when it could be taken for something else.
pub(crate) fn identifier(name: &str) -> String {
    let first = |c: char| c.is_ascii_lowercase() || c == '_';
    let plain = name.starts_with(first) && name.chars().all(|c| first(c) || c.is_ascii_digit());
    if plain && !KEYWORDS.contains(&name) { name.to_owned() } else { quoted(name) }
}

/// Names in SQL, with commas between them.
pub(crate) fn identifiers<S: AsRef<str>>(names: &[S]) -> String {
    names.iter().map(|name| identifier(name.as_ref())).collect::<Vec<_>>().join(", ")
}

/// What a table is part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layer {
    Bronze,
    Gold,
    Quarantine,
}

/// Where the tables of a compiled model are.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    catalog: Option<String>,
    location: Option<String>,
    project: [String; 3],
    source_catalog: String,
    bronze: String,
    gold: String,
    quarantine: String,
}

impl Names {
    pub(crate) fn new(model: &Model, options: &CompileOptions) -> Self {
        let schema = |given: &Option<String>, own: &String| given.clone().unwrap_or_else(|| own.clone());
        Self {
            catalog: options.catalog.clone(),
            location: options.location.as_ref().map(|root| root.trim_end_matches('/').to_owned()),
            project: [&model.project.bronze_schema, &model.project.gold_schema, &model.project.quarantine_schema]
                .map(Clone::clone),
            source_catalog: options.source_catalog.clone(),
            bronze: schema(&options.bronze_schema, &model.project.bronze_schema),
            gold: schema(&options.gold_schema, &model.project.gold_schema),
            quarantine: schema(&options.quarantine_schema, &model.project.quarantine_schema),
        }
    }

    fn qualified(&self, schema: &str, table: Option<&str>) -> String {
        let parts = self.catalog.iter().map(String::as_str).chain([schema]).chain(table);
        parts.map(identifier).collect::<Vec<_>>().join(".")
    }

    /// The schemas that the tables lie in.
    pub(crate) fn schemas(&self) -> [String; 3] {
        [&self.bronze, &self.gold, &self.quarantine].map(|schema| self.qualified(schema, None))
    }

    /// A system table.
    pub(crate) fn source(&self, source: &SourceName) -> String {
        let parts = [&self.source_catalog, &source.schema, &source.table];
        parts.into_iter().filter(|part| !part.is_empty()).map(|part| identifier(part)).collect::<Vec<_>>().join(".")
    }

    /// Schemas by their layer, in the catalog and (with the names of the project) in the storage.
    fn schema(&self, layer: Layer) -> (&str, &str) {
        let [bronze, gold, quarantine] = &self.project;
        match layer {
            Layer::Bronze => (&self.bronze, bronze),
            Layer::Gold => (&self.gold, gold),
            Layer::Quarantine => (&self.quarantine, quarantine),
        }
    }

    pub(crate) fn table(&self, layer: Layer, table: &str) -> String {
        self.qualified(self.schema(layer).0, Some(table))
    }

    /// Where a table lies, when that is not left to the catalog.
    pub(crate) fn location(&self, layer: Layer, table: &str) -> Option<String> {
        let root = self.location.as_ref()?;
        Some(format!("{root}/{}/{table}", self.schema(layer).1))
    }

    pub(crate) fn bronze(&self, source: &SourceName) -> String {
        self.table(Layer::Bronze, &source.bronze_table())
    }

    pub(crate) fn quarantine(&self, source: &SourceName) -> String {
        self.table(Layer::Quarantine, &source.bronze_table())
    }

    pub(crate) fn gold(&self, table: &str) -> String {
        self.table(Layer::Gold, table)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_where_they_have_to_be() {
        for (name, expected) in [
            ("record_id", "record_id"),
            ("_rank", "_rank"),
            ("date", "`date`"),
            ("Upper", "`Upper`"),
            ("a.b", "`a.b`"),
            ("1st", "`1st`"),
            ("a`b", "`a``b`"),
        ] {
            assert_eq!(identifier(name), expected);
        }
    }
}
