//! Resolves the look-ups of a fact against the dimensions.

use super::Checker;
use super::columns::default_key_column;
use super::visible::{DATE_OR_TIMESTAMP, TIMESTAMP, Visible};
use crate::columns::{ColumnRole, base_columns, gold_columns};
use crate::diagnostic::Code;
use crate::domain::{DataType, GoldKind, GoldTable, Lookup, LookupKeyPart, LookupKind};
use crate::read::{RawGold, RawLookup};
use crate::suggest;

impl Checker<'_> {
    pub(super) fn resolve_lookups(&mut self, raw: &RawGold) -> Vec<Lookup> {
        if raw.lookups.is_empty() || !self.model.gold.contains_key(&raw.name) {
            return Vec::new();
        }
        let fact = self.own_columns(raw);
        raw.lookups.iter().filter_map(|lookup| self.resolve(raw, lookup, &fact)).collect()
    }

    fn resolve(&mut self, raw: &RawGold, lookup: &RawLookup, fact: &Visible) -> Option<Lookup> {
        let name = raw.name.as_str();
        let pointer = format!("dimensions[{}]", lookup.index);
        let dimension = self.dimension(name, &pointer, lookup)?;
        let (kind_noun, misplaced): (_, &[&str]) = match dimension.kind {
            GoldKind::Calendar(_) => ("a calendar", &["key", "constant", "as_of", "fetch", "empty_is_null"]),
            GoldKind::Scd1 { .. } | GoldKind::Aggregate { .. } => {
                ("a dimension with one row per key", &["date", "as_of"])
            }
            _ => ("a dimension with versions or intervals", &["date"]),
        };
        for key in lookup.keys.iter().filter(|key| misplaced.contains(&key.as_str())) {
            let message = format!("`{key}` has no meaning in a look-up of `{}`, which is {kind_noun}", dimension.name);
            self.report(name, &format!("{pointer}.{key}~"), Code::MisplacedKey, message, None);
        }
        let time = |given: &Option<String>| given.clone().or_else(|| raw.event_time.clone());
        let kind = match &dimension.kind {
            GoldKind::Calendar(_) => {
                let date = time(&lookup.date)?;
                if lookup.date.is_some() {
                    self.typed((name, &format!("{pointer}.date")), &date, fact, &DATE_OR_TIMESTAMP);
                }
                LookupKind::Calendar { date }
            }
            GoldKind::Scd1 { .. } | GoldKind::Aggregate { .. } => {
                LookupKind::Plain { key: self.key_parts(raw, lookup, &dimension, &dimension.key, fact) }
            }
            GoldKind::Interval { start, .. } => {
                let parts: Vec<String> = dimension.key.iter().filter(|column| *column != start).cloned().collect();
                let key = self.key_parts(raw, lookup, &dimension, &parts, fact);
                LookupKind::Interval { key, as_of: self.as_of(name, &pointer, lookup, time(&lookup.as_of)?, fact) }
            }
            _ => {
                let key = self.key_parts(raw, lookup, &dimension, &dimension.key, fact);
                LookupKind::AsOf { key, as_of: self.as_of(name, &pointer, lookup, time(&lookup.as_of)?, fact) }
            }
        };
        self.check_fetch(name, &pointer, lookup, &dimension);
        Some(Lookup {
            dimension: lookup.dimension.clone(),
            kind,
            key_column: lookup.key_column.clone().unwrap_or_else(|| default_key_column(&lookup.dimension)),
            fetch: lookup.fetch.clone(),
            empty_is_null: lookup.empty_is_null,
        })
    }

    fn as_of(&mut self, table: &str, pointer: &str, lookup: &RawLookup, column: String, fact: &Visible) -> String {
        // The default, event_time, has been checked where it stands.
        if lookup.as_of.is_some() {
            self.typed((table, &format!("{pointer}.as_of")), &column, fact, &TIMESTAMP);
        }
        column
    }

    fn dimension(&mut self, table: &str, pointer: &str, lookup: &RawLookup) -> Option<GoldTable> {
        let name = &lookup.dimension;
        let place = format!("{pointer}.dimension");
        if let Some(found) = self.model.gold.get(name) {
            if found.is_dimension() {
                return Some(found.clone());
            }
            let message = format!("`{name}` is a fact; look-ups lead to dimensions");
            self.report(table, &place, Code::NotADimension, message, None);
        } else if !self.raw.contains_key(name) && !self.unreadable.contains(name) {
            let names: Vec<&str> =
                self.raw.keys().map(String::as_str).filter(|name| name.starts_with("dim_")).collect();
            let help = suggest::help(name, names);
            self.report(table, &place, Code::UnknownTable, format!("unknown dimension `{name}`"), help);
        }
        None
    }

    fn key_parts(
        &mut self,
        raw: &RawGold,
        lookup: &RawLookup,
        dimension: &GoldTable,
        parts: &[String],
        fact: &Visible,
    ) -> Vec<LookupKeyPart> {
        let name = raw.name.as_str();
        let pointer = format!("dimensions[{}]", lookup.index);
        for (section, column) in
            lookup.key.keys().map(|key| ("key", key)).chain(lookup.constant.keys().map(|key| ("constant", key)))
        {
            if !parts.contains(column) {
                let starts = matches!(&dimension.kind, GoldKind::Interval { start, .. } if start == column);
                let message = format!("`{column}` is not part of the key that `{}` is looked up by", dimension.name);
                let help = if starts {
                    "the interval is found by `as_of`".to_owned()
                } else {
                    format!("the key is {}", suggest::list(parts))
                };
                self.report(
                    name,
                    &format!("{pointer}.{section}.{column}~"),
                    Code::LookupKeyMismatch,
                    message,
                    Some(help),
                );
            }
        }
        let types: Vec<(String, Option<DataType>)> =
            base_columns(&self.model, dimension).into_iter().map(|column| (column.name, column.data_type)).collect();
        let mut found = Vec::with_capacity(parts.len());
        for part in parts {
            let wanted = types.iter().find(|(column, _)| column == part).and_then(|(_, data_type)| data_type.clone());
            found.extend(self.key_part(raw, lookup, part, wanted.as_ref(), fact));
        }
        found
    }

    fn key_part(
        &mut self,
        raw: &RawGold,
        lookup: &RawLookup,
        part: &str,
        wanted: Option<&DataType>,
        fact: &Visible,
    ) -> Option<LookupKeyPart> {
        let name = raw.name.as_str();
        let pointer = format!("dimensions[{}]", lookup.index);
        if let Some(value) = lookup.constant.get(part) {
            let place = format!("{pointer}.constant.{part}");
            if lookup.key.contains_key(part) {
                let message = format!("`{part}` has both a column and a constant");
                self.report(name, &place, Code::DuplicateItem, message, None);
            }
            if let Some(wanted) = wanted.filter(|wanted| **wanted != DataType::String) {
                let message =
                    format!("a constant is a text, but key column `{part}` of `{}` is `{wanted}`", lookup.dimension);
                self.report(name, &place, Code::LookupKeyMismatch, message, None);
            }
            let setting = value.strip_prefix('$').map(str::to_owned);
            let value = self.constant(name, &place, value)?;
            return Some(LookupKeyPart::Constant { dimension: part.to_owned(), value, setting });
        }
        let (place, column) = match lookup.key.get(part) {
            Some(column) => (format!("{pointer}.key.{part}"), column.clone()),
            None => (pointer.clone(), part.to_owned()),
        };
        if !lookup.key.contains_key(part) && !fact.contains(part) {
            if !fact.opaque {
                let message = format!(
                    "look-up of `{}` does not say where key column `{part}` comes from, and `{name}` has no column of that name",
                    lookup.dimension
                );
                let column =
                    suggest::nearest(part, fact.types.keys().map(String::as_str)).unwrap_or("<column of the fact>");
                self.report(
                    name,
                    &place,
                    Code::IncompleteLookupKey,
                    message,
                    Some(format!("add `key: {{{part}: {column}}}`")),
                );
            }
            return None;
        }
        if !self.known((name, &place), &column, fact) {
            return None;
        }
        if let (Some(given), Some(wanted)) = (fact.data_type(&column), wanted)
            && given != wanted
        {
            let message = format!(
                "column `{column}` is `{given}`, but key column `{part}` of `{}` is `{wanted}`",
                lookup.dimension
            );
            let help = format!("derive a column of type `{wanted}` from it, and look that one up");
            self.report(name, &place, Code::LookupKeyMismatch, message, Some(help));
        }
        Some(LookupKeyPart::Column { dimension: part.to_owned(), fact: column })
    }

    fn constant(&mut self, table: &str, place: &str, value: &str) -> Option<String> {
        let Some(setting) = value.strip_prefix('$') else { return Some(value.to_owned()) };
        let resolved = self.model.project.setting(setting).map(str::to_owned);
        if resolved.is_none() {
            let help = suggest::help(setting, ["currency"]);
            self.report(table, place, Code::UnknownSetting, format!("the project has no setting `{setting}`"), help);
        }
        resolved
    }

    fn check_fetch(&mut self, table: &str, pointer: &str, lookup: &RawLookup, dimension: &GoldTable) {
        if lookup.fetch.is_empty() || matches!(dimension.kind, GoldKind::Calendar(_)) {
            return;
        }
        let opaque =
            dimension.sources().into_iter().any(|source| self.bronze.get(source).is_none_or(|bronze| bronze.opaque));
        let columns =
            gold_columns(&self.model, dimension).into_iter().filter(|column| column.role != ColumnRole::Audit);
        let visible = Visible {
            types: columns.map(|column| (column.name, column.data_type)).collect(),
            opaque,
            place: format!("`{}`", dimension.name),
            ..Visible::default()
        };
        for (name, fetch) in &lookup.fetch {
            self.known((table, &format!("{pointer}.fetch.{name}.column")), &fetch.column, &visible);
        }
    }
}
