//! What a target holds, in a form in which two targets can be compared.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use goldsmith::{Engine, ModelSource};
use goldsmith_model::Model;
use goldsmith_testkit::{Result, rows_of};

/// Columns that say how and when a row came, and nothing about it.
const AUDIT: [&str; 5] = ["_run_id", "_loaded_at", "_ingested_at", "_source_version", "_quarantined_at"];

/// The rows of every table of a target as sorted texts, without audit columns: equal for equal targets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    tables: BTreeMap<String, Vec<String>>,
}

impl Content {
    /// Reads all tables of a model that are there: gold, bronze and quarantine.
    ///
    /// # Errors
    /// A table cannot be read.
    pub async fn of(model: &Arc<Model>, target: &Path) -> Result<Self> {
        Self::of_tables(model, target, names_of(model)).await
    }

    /// Reads the gold tables of a model that are there.
    ///
    /// # Errors
    /// A table cannot be read.
    pub async fn of_gold(model: &Arc<Model>, target: &Path) -> Result<Self> {
        let schema = format!("{}.", model.project.gold_schema);
        let names = names_of(model).into_iter().filter(|name| name.starts_with(&schema)).collect();
        Self::of_tables(model, target, names).await
    }

    async fn of_tables(model: &Arc<Model>, target: &Path, names: Vec<String>) -> Result<Self> {
        let engine =
            Engine::builder().model(ModelSource::Loaded(Arc::clone(model))).target(target.to_string_lossy()).build()?;
        let mut tables = BTreeMap::new();
        for name in names {
            if target.join(name.replace('.', "/")).join("_delta_log").exists() {
                let rows = rows_of(&engine.query(&format!("select * from {name}")).await?)?;
                let mut rows: Vec<String> = rows
                    .into_iter()
                    .map(|mut row| {
                        row.retain(|column, _| !AUDIT.contains(&column.as_str()));
                        serde_json::Value::Object(row).to_string()
                    })
                    .collect();
                rows.sort_unstable();
                tables.insert(name, rows);
            }
        }
        Ok(Self { tables })
    }

    /// The rows of a table, named with its schema; none when it is not there.
    pub fn rows(&self, table: &str) -> &[String] {
        self.tables.get(table).map_or(&[], Vec::as_slice)
    }

    /// The tables that are there.
    pub fn tables(&self) -> impl Iterator<Item = &str> {
        self.tables.keys().map(String::as_str)
    }

    /// The first table in which the other content differs from this one, with examples of its rows.
    pub fn difference(&self, other: &Self) -> Option<(String, String)> {
        let names: BTreeSet<&String> = self.tables.keys().chain(other.tables.keys()).collect();
        let name = names.into_iter().find(|name| self.tables.get(*name) != other.tables.get(*name))?;
        Some((name.clone(), describe(self.rows(name), other.rows(name))))
    }
}

/// Names of all tables that a model can have, with their schemas.
fn names_of(model: &Model) -> Vec<String> {
    let project = &model.project;
    let mut names: Vec<String> = model.gold.keys().map(|name| format!("{}.{name}", project.gold_schema)).collect();
    for schema in [&project.bronze_schema, &project.quarantine_schema] {
        names.extend(model.bronze.keys().map(|source| format!("{schema}.{}", source.bronze_table())));
    }
    names
}

/// Says how rows differ from those that were expected; both are sorted.
pub fn describe(expected: &[String], found: &[String]) -> String {
    let (missing, extra) = (surplus(expected, found), surplus(found, expected));
    let (few_missing, few_extra): (Vec<_>, Vec<_>) = (missing.iter().take(3).collect(), extra.iter().take(3).collect());
    format!(
        "{} rows against {} that were expected; {} are missing: {few_missing:#?}; {} are too many: {few_extra:#?}",
        found.len(),
        expected.len(),
        missing.len(),
        extra.len()
    )
}

/// The rows of `rows` that `other` has not, or not so often. Both are sorted.
fn surplus<'r>(rows: &'r [String], other: &[String]) -> Vec<&'r String> {
    let mut out = Vec::new();
    let mut other = other.iter().peekable();
    for row in rows {
        while other.next_if(|next| *next < row).is_some() {}
        if other.next_if_eq(&row).is_none() {
            out.push(row);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_compared_with_how_often_they_stand_there() {
        let rows = |text: &str| text.chars().map(String::from).collect::<Vec<_>>();
        let content = |text: &str| Content { tables: BTreeMap::from([("t".to_owned(), rows(text))]) };
        assert_eq!(content("aab").difference(&content("aab")), None);
        let (_, text) = content("aabc").difference(&content("abbc")).unwrap_or_default();
        assert!(text.contains("1 are missing: [\n    \"a\",\n]; 1 are too many: [\n    \"b\",\n]"), "{text}");
        assert!(content("a").difference(&Content { tables: BTreeMap::new() }).is_some());
    }
}
