//! The columns that a name can stand for at some place.

use indexmap::IndexMap;

use super::Checker;
use crate::diagnostic::Code;
use crate::domain::DataType;
use crate::read::RawBronze;
use crate::suggest;

/// Columns by name.
#[derive(Debug, Default)]
pub(super) struct Visible {
    /// Types; none where the type is not known.
    pub(super) types: IndexMap<String, Option<DataType>>,
    /// Carried columns that are not visible because the table excludes them.
    pub(super) excluded: Vec<String>,
    /// Source structs, whose fields are visible instead.
    pub(super) structs: Vec<String>,
    /// Whether further columns may be there.
    pub(super) opaque: bool,
    /// Where the columns come from, for messages.
    pub(super) place: String,
}

impl Visible {
    /// The columns of a source by their own names.
    pub(super) fn of_source(bronze: &RawBronze) -> Self {
        let columns = bronze.table.columns.iter();
        Self {
            types: columns.map(|(name, column)| (name.clone(), Some(column.data_type.clone()))).collect(),
            opaque: bronze.opaque,
            place: format!("`{}`", bronze.table.source),
            ..Self::default()
        }
    }

    pub(super) fn contains(&self, name: &str) -> bool {
        self.types.contains_key(name)
    }

    /// The type of a column, if both are known.
    pub(super) fn data_type(&self, name: &str) -> Option<&DataType> {
        self.types.get(name).and_then(Option::as_ref)
    }

    fn help(&self, name: &str) -> Option<String> {
        let flattened = name.replace('.', "_");
        if name.contains('.') && self.contains(&flattened) {
            return Some(format!("a struct field is named by its carried name, `{flattened}`"));
        }
        if self.structs.iter().any(|found| found == name) {
            let prefix = format!("{name}_");
            let fields: Vec<&String> = self.types.keys().filter(|column| column.starts_with(&prefix)).take(5).collect();
            return Some(format!(
                "`{name}` is a struct; its fields are columns of their own: {}",
                suggest::list(&fields)
            ));
        }
        suggest::help(name, self.types.keys().map(String::as_str))
    }
}

/// What a type must be, with how to say it.
pub(super) struct Wanted {
    pub(super) test: fn(&DataType) -> bool,
    pub(super) text: &'static str,
}

pub(super) const TIMESTAMP: Wanted = Wanted { test: |found| *found == DataType::Timestamp, text: "a TIMESTAMP" };
pub(super) const DATE: Wanted = Wanted { test: |found| *found == DataType::Date, text: "a DATE" };
pub(super) const DATE_OR_TIMESTAMP: Wanted =
    Wanted { test: |found| matches!(found, DataType::Date | DataType::Timestamp), text: "a DATE or a TIMESTAMP" };

impl Checker<'_> {
    /// Reports a name that stands for no visible column; true when it does stand for one.
    pub(super) fn known(&mut self, at: (&str, &str), name: &str, visible: &Visible) -> bool {
        if visible.contains(name) {
            return true;
        }
        if visible.opaque {
            return false;
        }
        let (table, pointer) = at;
        if visible.excluded.iter().any(|column| column == name) {
            let message = format!("column `{name}` is excluded, so it cannot be used");
            self.report(table, pointer, Code::UnknownColumn, message, Some("remove it from `exclude`".to_owned()));
        } else {
            let help = visible.help(name);
            let message = format!("unknown column `{name}` in {}", visible.place);
            self.report(table, pointer, Code::UnknownColumn, message, help);
        }
        false
    }

    /// Reports an unknown column, and one whose type is not the wanted one.
    pub(super) fn typed(&mut self, at: (&str, &str), name: &str, visible: &Visible, wanted: &Wanted) {
        if !self.known(at, name, visible) {
            return;
        }
        if let Some(found) = visible.data_type(name)
            && !(wanted.test)(found)
        {
            let key = at.1.split(['.', '[']).next_back().unwrap_or(at.1);
            let message = format!("`{key}` needs {}, but column `{name}` is `{found}`", wanted.text);
            self.report(at.0, at.1, Code::TypeMismatch, message, None);
        }
    }

    /// Checks the columns of a key: known, and of a type that compares exactly.
    pub(super) fn check_key(&mut self, table: &str, pointer: &str, key: &[String], visible: &Visible) {
        for (index, name) in key.iter().enumerate() {
            let item = format!("{pointer}[{index}]");
            if !self.known((table, &item), name, visible) {
                continue;
            }
            if let Some(found) = visible.data_type(name)
                && !found.is_key()
            {
                let message = format!("key column `{name}` is `{found}`, whose values cannot be compared exactly");
                let help = "keys are made of texts, integers, decimals, booleans, dates and timestamps".to_owned();
                self.report(table, &item, Code::UnsuitableKeyType, message, Some(help));
            }
        }
    }

    /// Checks a column that orders versions.
    pub(super) fn check_sequence(&mut self, table: &str, pointer: &str, name: &str, visible: &Visible) {
        if !self.known((table, pointer), name, visible) {
            return;
        }
        if let Some(found) = visible.data_type(name)
            && !found.is_orderable()
        {
            let message = format!("sequence column `{name}` is `{found}`, which has no order of time");
            let help = "use a timestamp, a date or a growing number".to_owned();
            self.report(table, pointer, Code::NoTotalOrder, message, Some(help));
        }
    }
}
