//! What decides the rows of a gold table, as one number.

use std::fmt::Write;

use crate::columns::base_columns;
use crate::domain::{Fold, FoldFunction, GoldKind, GoldTable, Lookup, LookupKeyPart, LookupKind, Model, SourceName};

/// Grows whenever the engine's meaning of the same model changes, so that tables are rebuilt.
const VERSION: u32 = 1;

/// Fingerprint of everything in the model that decides the rows of a table: 16 hexadecimal digits, the same on every
/// machine.
///
/// Included are kind, key, sources, order, folds, aggregates, expressions with their types, look-ups with the keys of
/// their dimensions, and the project settings that are used. Descriptions, owner, tags, clustering and conservation
/// laws are not, nor are the declared columns of a source: a column that is added there is no reason to rebuild.
pub fn gold_fingerprint(model: &Model, table: &GoldTable) -> String {
    let mut text = Canonical::default();
    text.item("version", &VERSION.to_string());
    text.item("table", &table.name);
    text.list("key", &table.key);
    let mut exclude = table.exclude.clone();
    exclude.sort();
    text.list("exclude", &exclude);
    text.kind(model, table);
    for (name, derived) in &table.derived {
        text.list("derived", &[name.as_str(), &derived.data_type.to_string(), derived.expression.trim()]);
    }
    for lookup in &table.dimensions {
        text.lookup(model, lookup);
    }
    format!("{:016x}", text.hash())
}

/// Text in which no two different models look alike: every part is written with its length.
#[derive(Default)]
struct Canonical(String);

impl Canonical {
    fn item(&mut self, label: &str, value: &str) {
        // Writing to a string cannot fail.
        let _ = write!(self.0, "{label}:{}:{value};", value.len());
    }

    fn option(&mut self, label: &str, value: Option<&str>) {
        match value {
            Some(value) => self.item(label, value),
            None => self.0.push_str("-;"),
        }
    }

    fn list<S: AsRef<str>>(&mut self, label: &str, values: &[S]) {
        self.item(label, &values.len().to_string());
        for value in values {
            self.item("", value.as_ref());
        }
    }

    /// FNV-1a.
    fn hash(&self) -> u64 {
        self.0
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
    }

    fn kind(&mut self, model: &Model, table: &GoldTable) {
        match &table.kind {
            GoldKind::EventFact { source, sequence_by } => self.latest("event_fact", source, sequence_by.as_deref()),
            GoldKind::Scd1 { source, sequence_by } => self.latest("scd1", source, sequence_by.as_deref()),
            GoldKind::Interval { source, sequence_by, start, end } => {
                self.latest("interval", source, sequence_by.as_deref());
                self.list("bounds", &[start, end]);
            }
            GoldKind::SlicedRunFact { source, fold } => {
                self.latest("sliced_run_fact", source, None);
                // Slices are reduced by the natural key of the source before they are folded.
                let natural_key = model.bronze.get(source).map(|bronze| bronze.natural_key.as_slice());
                self.list("natural_key", natural_key.unwrap_or_default());
                self.fold(fold);
            }
            GoldKind::Scd2 { source, sequence_by, delete_time, untracked } => {
                self.latest("scd2", source, Some(sequence_by));
                self.option("delete_time", delete_time.as_deref());
                let mut untracked = untracked.clone();
                untracked.sort();
                self.list("untracked", &untracked);
                let date_column = model.bronze.get(source).and_then(|bronze| bronze.date_column.as_deref());
                self.option("date_column", date_column);
            }
            GoldKind::Aggregate { members, aggregates, empty_is_null } => {
                self.item("kind", "aggregate");
                self.item("empty_is_null", &empty_is_null.to_string());
                for member in members {
                    self.item("member", &member.source.to_string());
                    for (name, expression) in &member.columns {
                        self.list("column", &[name.as_str(), expression.trim()]);
                    }
                }
                for (name, aggregate) in aggregates {
                    let data_type = aggregate.data_type.to_string();
                    self.list("aggregate", &[name, aggregate.function.name(), &aggregate.column, &data_type]);
                    self.list("by", &aggregate.by);
                }
            }
            GoldKind::Calendar(_) => {
                self.item("kind", "calendar");
                self.item("fiscal_year_start_month", &model.project.fiscal_year_start_month.to_string());
            }
        }
    }

    fn latest(&mut self, kind: &str, source: &SourceName, sequence_by: Option<&str>) {
        self.item("kind", kind);
        self.item("source", &source.to_string());
        self.option("sequence_by", sequence_by);
    }

    fn fold(&mut self, fold: &Fold) {
        self.list("slice", &[&fold.slice_start, &fold.slice_end]);
        for (name, rule) in &fold.columns {
            let data_type = rule.data_type.to_string();
            self.list("fold", &[name, rule.function.name(), &data_type]);
            self.option("column", rule.function.column());
            if let FoldFunction::ValueAtLast { of, .. } = &rule.function {
                self.item("of", of);
            }
        }
    }

    fn lookup(&mut self, model: &Model, lookup: &Lookup) {
        self.list("lookup", &[&lookup.dimension, &lookup.key_column]);
        self.item("empty_is_null", &lookup.empty_is_null.to_string());
        let (kind, key, time) = match &lookup.kind {
            LookupKind::Calendar { date } => ("calendar", &[][..], Some(date)),
            LookupKind::Plain { key } => ("plain", key.as_slice(), None),
            LookupKind::AsOf { key, as_of } => ("as_of", key.as_slice(), Some(as_of)),
            LookupKind::Interval { key, as_of } => ("interval", key.as_slice(), Some(as_of)),
        };
        self.item("kind", kind);
        self.option("time", time.map(String::as_str));
        for part in key {
            match part {
                LookupKeyPart::Column { dimension, fact } => self.list("column", &[dimension, fact]),
                LookupKeyPart::Constant { dimension, value, .. } => self.list("constant", &[dimension, value]),
            }
        }
        let dimension = model.gold.get(&lookup.dimension);
        self.list("key", dimension.map(|dimension| dimension.key.as_slice()).unwrap_or_default());
        if let Some(GoldKind::Interval { start, end, .. }) = dimension.map(|dimension| &dimension.kind) {
            self.list("bounds", &[start, end]);
        }
        for (name, fetch) in &lookup.fetch {
            self.list("fetch", &[name, &fetch.column]);
            let Some(dimension) = dimension else { continue };
            // What a fetched column is computed from decides the fact as well.
            if let Some(derived) = dimension.derived.get(&fetch.column) {
                self.item("derived", derived.expression.trim());
            } else if let Some(column) =
                base_columns(model, dimension).into_iter().find(|column| column.name == fetch.column)
            {
                self.option("type", column.data_type.map(|data_type| data_type.to_string()).as_deref());
            }
        }
    }
}
