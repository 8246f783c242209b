//! What a table asks of its writers beyond storing rows.

use std::fmt;

use arrow::datatypes::{DataType, Field};

use crate::error::Result;
use crate::table::Table;

/// Rules that a table has for its writers, because of which [`upsert`](crate::upsert()) leaves the writing to delta-rs.
///
/// Each is defined by the Delta protocol, section "Requirements for Writers".
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Guards {
    /// Conditions on rows (`delta.constraints.*`).
    pub check_constraints: bool,
    /// Conditions on single columns (`delta.invariants`).
    pub invariants: bool,
    /// Columns that are computed from others (`delta.generationExpression`).
    pub generated_columns: bool,
    /// A record of each changed row (`delta.enableChangeDataFeed`).
    pub change_data_feed: bool,
    /// Data files with other names of columns (`delta.columnMapping.mode`).
    pub column_mapping: bool,
    /// Columns whose values are in the paths of the files.
    pub partitions: bool,
}

impl Guards {
    /// Whether there is no rule, so that any correct file may be added.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl fmt::Display for Guards {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [
            (self.check_constraints, "check constraints"),
            (self.invariants, "column invariants"),
            (self.generated_columns, "generated columns"),
            (self.change_data_feed, "change data feed"),
            (self.column_mapping, "column mapping"),
            (self.partitions, "partitions"),
        ];
        let names: Vec<&str> = names.into_iter().filter(|(is_set, _)| *is_set).map(|(_, name)| name).collect();
        f.write_str(&names.join(", "))
    }
}

/// Key of the expression of a generated column in the metadata of its field.
const GENERATION_EXPRESSION: &str = "delta.generationExpression";
/// Key of the condition on a column in the metadata of its field.
const INVARIANTS: &str = "delta.invariants";
/// What the keys of table properties that hold constraints begin with.
const CONSTRAINTS: &str = "delta.constraints.";

impl Table {
    /// The rules of this table.
    ///
    /// # Errors
    /// Errors of the Delta layer.
    pub fn guards(&self) -> Result<Guards> {
        let snapshot = self.snapshot()?;
        let configuration = snapshot.metadata().configuration();
        let schema = self.schema()?;
        let has = |key: &str| schema.fields().iter().any(|field| holds(field, key));
        Ok(Guards {
            check_constraints: configuration.keys().any(|key| key.starts_with(CONSTRAINTS)),
            invariants: has(INVARIANTS),
            generated_columns: has(GENERATION_EXPRESSION),
            change_data_feed: configuration.get("delta.enableChangeDataFeed").is_some_and(|value| value == "true"),
            column_mapping: configuration.get("delta.columnMapping.mode").is_some_and(|mode| mode != "none"),
            partitions: !snapshot.metadata().partition_columns().is_empty(),
        })
    }

    /// Columns that the table computes itself when rows come without them.
    pub(crate) fn generated_columns(&self) -> Result<Vec<String>> {
        let schema = self.schema()?;
        let generated = schema.fields().iter().filter(|field| field.metadata().contains_key(GENERATION_EXPRESSION));
        Ok(generated.map(|field| field.name().clone()).collect())
    }

    /// The conditions that rows must meet, in words, for an error.
    pub(crate) fn rules(&self) -> Result<String> {
        let mut rules: Vec<String> = self
            .snapshot()?
            .metadata()
            .configuration()
            .iter()
            .filter_map(|(key, rule)| Some(format!("`{}`: {rule}", key.strip_prefix(CONSTRAINTS)?)))
            .collect();
        for field in self.schema()?.fields() {
            if let Some(expression) = field.metadata().get(GENERATION_EXPRESSION) {
                rules.push(format!("`{}` is {expression}", field.name()));
            }
            if let Some(condition) = field.metadata().get(INVARIANTS) {
                rules.push(format!("`{}`: {condition}", field.name()));
            }
            if !field.is_nullable() {
                rules.push(format!("`{}` is never null", field.name()));
            }
        }
        rules.sort_unstable();
        Ok(rules.join("; "))
    }
}

/// Whether a field or one inside of it has an entry in its metadata.
fn holds(field: &Field, key: &str) -> bool {
    field.metadata().contains_key(key)
        || match field.data_type() {
            DataType::Struct(fields) => fields.iter().any(|field| holds(field, key)),
            DataType::List(inner) | DataType::Map(inner, _) => holds(inner, key),
            _ => false,
        }
}
