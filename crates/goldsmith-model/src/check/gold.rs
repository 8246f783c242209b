//! Checks of one gold table against its source.

use super::Checker;
use super::visible::{TIMESTAMP, Visible};
use crate::columns::{CALENDAR_COLUMNS, base_columns};
use crate::diagnostic::Code;
use crate::domain::DataType;
use crate::flatten::carried_columns;
use crate::read::RawGold;
use crate::shape::Kind;
use crate::suggest;

impl Checker<'_> {
    pub(super) fn check_gold(&mut self, raw: &RawGold) {
        let name = &raw.name;
        if let Some(kind) = raw.kind {
            let is_fact = matches!(kind, Kind::EventFact | Kind::SlicedRunFact);
            let (noun, prefix) = if is_fact { ("fact", "fact_") } else { ("dimension", "dim_") };
            if !name.starts_with(prefix) {
                let message = format!("the name of a {noun} starts with `{prefix}`, this is `{name}`");
                self.report(name, "table", Code::InvalidName, message, None);
            }
        }
        if let Some(source) = &raw.source {
            match self.bronze.get(source) {
                Some(bronze) => {
                    self.check_kind(raw, bronze);
                    self.check_exclude(raw, source);
                }
                None => self.unknown_source(name, "source", &source.to_string()),
            }
        }
        if self.model.gold.contains_key(name) {
            self.check_table(raw);
        }
    }

    fn check_exclude(&mut self, raw: &RawGold, source: &crate::domain::SourceName) {
        let Some(bronze) = self.bronze.get(source) else { return };
        let mut known = Visible::of_source(bronze);
        known.types.extend(carried_columns(&bronze.table.columns).into_iter().map(|column| (column.name, None)));
        for (index, column) in raw.exclude.iter().enumerate() {
            self.known((&raw.name, &format!("exclude[{index}]")), column, &known);
        }
    }

    fn check_table(&mut self, raw: &RawGold) {
        let name = raw.name.as_str();
        let carried = self.carried(raw);
        let mut base = self.base(raw);
        match raw.kind {
            // Members yield the key of an aggregate dimension; that they do is checked with them.
            Some(Kind::Aggregate) => self.check_aggregate(raw),
            Some(Kind::Calendar) => self.check_calendar(raw),
            _ => {
                // The bounds of slices are refused as a key with a reason of their own.
                let bounds = raw.fold.iter().flat_map(|fold| [&fold.start, &fold.end]);
                base.types.extend(bounds.map(|bound| (bound.clone(), None)));
                self.check_key(name, "key", &raw.key, &base);
            }
        }
        self.check_versions(raw, &carried);
        if raw.kind == Some(Kind::SlicedRunFact) {
            self.check_fold(raw, &carried);
        }
        let facts = self.own_columns(raw);
        if let Some(column) = &raw.event_time {
            self.typed((name, "event_time"), column, &facts, &TIMESTAMP);
        }
    }

    fn check_versions(&mut self, raw: &RawGold, carried: &Visible) {
        let name = raw.name.as_str();
        let of_source = raw.source.as_ref().and_then(|source| self.bronze.get(source)?.table.sequence_by.clone());
        match raw.kind {
            // A change log that has no sequence is refused where it is declared.
            Some(Kind::Scd2) => {
                if let Some(column) = raw.sequence_by.clone().or(of_source) {
                    self.typed_sequence(name, &column, carried);
                }
            }
            Some(Kind::EventFact | Kind::Scd1 | Kind::Interval) => {
                if let Some(column) = raw.sequence_by.clone().or(of_source) {
                    self.check_sequence(name, "sequence_by", &column, carried);
                }
            }
            _ => {}
        }
        if let Some(column) = raw.delete_time.as_ref().filter(|_| raw.kind == Some(Kind::Scd2)) {
            self.typed((name, "delete_time"), column, carried, &TIMESTAMP);
        }
        if raw.kind == Some(Kind::Scd2) {
            for (index, column) in raw.untracked.iter().enumerate() {
                self.known((name, &format!("untracked[{index}]")), column, carried);
            }
        }
        if let Some((start, end)) = raw.interval.as_ref().filter(|_| raw.kind == Some(Kind::Interval)) {
            self.typed((name, "interval.start"), start, carried, &TIMESTAMP);
            self.typed((name, "interval.end"), end, carried, &TIMESTAMP);
            if carried.contains(start) && !raw.key.contains(start) {
                let message = format!(
                    "`{start}` starts the interval but is not part of the key, so later intervals would overwrite earlier ones"
                );
                self.report(
                    name,
                    "interval.start",
                    Code::IntervalStartNotInKey,
                    message,
                    Some(format!("add `{start}` to `key`")),
                );
            }
        }
    }

    fn typed_sequence(&mut self, table: &str, column: &str, carried: &Visible) {
        if !self.known((table, "sequence_by"), column, carried) {
            return;
        }
        if let Some(found) = carried.data_type(column)
            && *found != DataType::Timestamp
        {
            let message = format!("versions start at a TIMESTAMP, but sequence column `{column}` is `{found}`");
            self.report(table, "sequence_by", Code::NoTotalOrder, message, None);
        }
    }

    fn check_calendar(&mut self, raw: &RawGold) {
        let name = raw.name.as_str();
        if raw.key != ["date"] {
            let message = "the key of a calendar dimension is `[date]`".to_owned();
            self.report(name, "key", Code::InvalidValue, message, None);
        }
        let known = CALENDAR_COLUMNS.map(|(column, _)| column);
        for column in raw.calendar.descriptions.keys().filter(|column| !known.contains(&column.as_str())) {
            let message = format!("a calendar dimension has no column `{column}`");
            let help =
                suggest::help(column, known).or_else(|| Some(format!("its columns are {}", suggest::list(&known))));
            self.report(name, &format!("calendar.descriptions.{column}~"), Code::UnknownColumn, message, help);
        }
        let missing: Vec<&str> =
            known.into_iter().filter(|column| !raw.calendar.descriptions.contains_key(*column)).collect();
        if !missing.is_empty() {
            let message = format!("calendar columns without description: {}", suggest::list(&missing));
            self.report(name, "calendar.descriptions", Code::MissingDescription, message, None);
        }
    }

    /// The carried columns of the source of a table.
    pub(super) fn carried(&self, raw: &RawGold) -> Visible {
        let Some(bronze) = raw.source.as_ref().and_then(|source| self.bronze.get(source)) else {
            return Visible { opaque: true, ..Visible::default() };
        };
        let columns = &bronze.table.columns;
        let mut visible = Visible {
            structs: columns
                .iter()
                .filter(|(_, column)| matches!(column.data_type, DataType::Struct(_)))
                .map(|(name, _)| name.clone())
                .collect(),
            opaque: bronze.opaque,
            place: format!("`{}`", bronze.table.source),
            ..Visible::default()
        };
        for column in carried_columns(columns) {
            let is_excluded =
                raw.exclude.contains(&column.name) || column.path.first().is_some_and(|top| raw.exclude.contains(top));
            if is_excluded {
                visible.excluded.push(column.name);
            } else {
                // A column of an unreadable type stands as a text; nothing is said about its type.
                let known = !bronze.opaque;
                visible.types.insert(column.name, known.then_some(column.data_type));
            }
        }
        visible
    }

    /// Key, carried, folded and aggregated columns of a table.
    pub(super) fn base(&self, raw: &RawGold) -> Visible {
        let mut visible = self.carried(raw);
        visible.opaque &= raw.kind != Some(Kind::Aggregate) && raw.kind != Some(Kind::Calendar);
        let typed = !visible.opaque;
        visible.place = format!("`{}`", raw.name);
        visible.types.clear();
        if let Some(table) = self.model.gold.get(&raw.name) {
            for column in base_columns(&self.model, table) {
                let data_type = column.data_type.filter(|_| typed && !raw.untyped.contains(&column.name));
                visible.types.insert(column.name, data_type);
            }
        }
        visible
    }

    /// The same with derived columns: what look-ups and `event_time` can name.
    pub(super) fn own_columns(&self, raw: &RawGold) -> Visible {
        let mut visible = self.base(raw);
        for (name, column) in &raw.derived {
            let data_type = (!raw.untyped.contains(name)).then(|| column.data_type.clone());
            visible.types.insert(name.clone(), data_type);
        }
        visible
    }
}
