//! Checks that every column of a table has a name of its own.

use std::collections::HashMap;

use super::Checker;
use crate::columns::{LOADED_AT, RUN_ID, VALIDITY_COLUMNS, gold_columns};
use crate::diagnostic::Code;
use crate::flatten::carried_except;
use crate::read::RawGold;
use crate::shape::Kind;
use crate::suggest;

impl Checker<'_> {
    /// Runs when look-ups are resolved.
    pub(super) fn check_names(&mut self, raw: &RawGold) {
        let Some(table) = self.model.gold.get(&raw.name).cloned() else { return };
        let mut engine = vec![RUN_ID.to_owned(), LOADED_AT.to_owned()];
        if table.is_dimension() {
            engine.push(table.surrogate_key());
        }
        if raw.kind == Some(Kind::Scd2) {
            engine.extend(VALIDITY_COLUMNS.map(str::to_owned));
        }
        let mut taken: HashMap<String, String> = HashMap::new();
        self.check_carried(raw, &engine, &mut taken);
        let folded = raw
            .fold
            .iter()
            .flat_map(|fold| fold.columns.keys())
            .map(|name| (format!("fold.columns.{name}"), name, "a folded column"));
        let aggregated = raw.aggregates.keys().map(|name| (format!("aggregate.{name}"), name, "an aggregate"));
        let derived = raw.derived.keys().map(|name| (format!("derived.{name}"), name, "a derived column"));
        let fetched = raw.lookups.iter().flat_map(|lookup| {
            lookup
                .fetch
                .keys()
                .map(|name| (format!("dimensions[{}].fetch.{name}", lookup.index), name, "a fetched column"))
        });
        for (pointer, name, what) in folded.chain(aggregated).chain(derived).chain(fetched) {
            if engine.contains(name) {
                let message = format!("the engine adds a column `{name}` to `{}` itself", raw.name);
                self.report(&raw.name, &pointer, Code::ReservedColumn, message, Some("choose another name".to_owned()));
            } else if let Some(other) = taken.insert(name.clone(), what.to_owned()) {
                let message = format!("`{name}` is already there as {other}");
                let help = if other.starts_with("a carried") {
                    format!("choose another name, or put `{name}` into `exclude`")
                } else {
                    "choose another name".to_owned()
                };
                self.report(&raw.name, &pointer, Code::DuplicateColumn, message, Some(help));
            }
        }
        for lookup in &raw.lookups {
            let resolved = lookup.key_column.clone().unwrap_or_else(|| default_key_column(&lookup.dimension));
            if let Some(other) = taken.insert(resolved.clone(), format!("the key of `{}`", lookup.dimension)) {
                let message = format!("the look-up would add `{resolved}`, which is already there as {other}");
                let help = "give the look-up a `key_column` of its own".to_owned();
                self.report(
                    &raw.name,
                    &format!("dimensions[{}]", lookup.index),
                    Code::DuplicateColumn,
                    message,
                    Some(help),
                );
            }
        }
        self.check_cluster_by(raw, &table);
    }

    fn check_carried(&mut self, raw: &RawGold, engine: &[String], taken: &mut HashMap<String, String>) {
        let Some(bronze) = raw.source.as_ref().and_then(|source| self.bronze.get(source)) else { return };
        for column in carried_except(&bronze.table, &raw.exclude) {
            let path = column.path.join(".");
            if let Some(fold) = &raw.fold
                && (fold.columns.contains_key(&column.name) || column.name == fold.start || column.name == fold.end)
            {
                continue;
            }
            let help = Some(format!(
                "put one of them into `exclude`, `{}` for instance",
                column.path.first().unwrap_or(&path)
            ));
            if engine.contains(&column.name) {
                let message = format!(
                    "the engine adds a column `{}` itself, and `{path}` of the source is carried under that name",
                    column.name
                );
                self.report(&raw.name, "source", Code::ReservedColumn, message, help);
            } else if let Some(other) =
                taken.insert(column.name.clone(), format!("a carried column (`{path}` of the source)"))
            {
                let message =
                    format!("`{path}` would be carried as `{}`, which is already there as {other}", column.name);
                self.report(&raw.name, "source", Code::DuplicateColumn, message, help);
            }
        }
    }

    fn check_cluster_by(&mut self, raw: &RawGold, table: &crate::domain::GoldTable) {
        let mut visible = self.base(raw);
        for column in gold_columns(&self.model, table) {
            let data_type = column.data_type.filter(|_| !raw.untyped.contains(&column.name));
            visible.types.entry(column.name).or_insert(data_type);
        }
        // A look-up that could not be resolved leaves columns out.
        visible.opaque |= table.dimensions.len() < raw.lookups.len();
        for (index, column) in raw.cluster_by.iter().enumerate() {
            let pointer = format!("cluster_by[{index}]");
            if !self.known((&raw.name, &pointer), column, &visible) {
                continue;
            }
            if let Some(found) = visible.data_type(column)
                && !found.is_orderable()
            {
                let message = format!("files cannot be sorted by `{column}`, which is `{found}`");
                let sortable: Vec<&String> = raw.key.iter().collect();
                let help = (!sortable.is_empty()).then(|| format!("the key is {}", suggest::list(&sortable)));
                self.report(&raw.name, &pointer, Code::TypeMismatch, message, help);
            }
        }
    }
}

/// Name of the surrogate key column of a dimension.
pub(super) fn default_key_column(dimension: &str) -> String {
    format!("{}_key", dimension.strip_prefix("dim_").unwrap_or(dimension))
}
