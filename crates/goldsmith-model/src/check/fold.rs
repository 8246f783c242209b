//! Checks of the fold of a sliced run fact.

use super::Checker;
use super::kind::function;
use super::visible::{TIMESTAMP, Visible};
use crate::diagnostic::Code;
use crate::domain::{DataType, FoldFunction};
use crate::read::{RawFoldColumn, RawGold};

impl Checker<'_> {
    pub(super) fn check_fold(&mut self, raw: &RawGold, carried: &Visible) {
        let Some(fold) = &raw.fold else { return };
        let name = raw.name.as_str();
        self.typed((name, "fold.slice.start"), &fold.start, carried, &TIMESTAMP);
        self.typed((name, "fold.slice.end"), &fold.end, carried, &TIMESTAMP);
        for (index, column) in raw.key.iter().enumerate() {
            if *column == fold.start || *column == fold.end {
                let message =
                    format!("`{column}` differs between the slices of a run, so it cannot be part of the key");
                self.report(name, &format!("key[{index}]"), Code::InvalidValue, message, None);
            } else if fold.columns.contains_key(column) {
                let message = format!("key column `{column}` cannot be folded: it is the same in all slices");
                self.report(name, &format!("fold.columns.{column}"), Code::DuplicateColumn, message, None);
            }
        }
        for (column, rule) in &fold.columns {
            self.check_rule(raw, column, rule, carried);
        }
    }

    fn check_rule(&mut self, raw: &RawGold, column: &str, rule: &RawFoldColumn, carried: &Visible) {
        let name = raw.name.as_str();
        let pointer = format!("fold.columns.{column}");
        let takes_column = !matches!(rule.function.as_str(), "count_slices" | "duration_seconds" | "");
        let takes_of = rule.function == "value_at_last";
        for (key, given, takes) in
            [("column", rule.column.is_some(), takes_column), ("of", rule.of.is_some(), takes_of)]
        {
            if given && !takes && !rule.function.is_empty() {
                let message = format!("`{}` takes no `{key}`", rule.function);
                self.report(name, &format!("{pointer}.{key}~"), Code::MisplacedKey, message, None);
            } else if !given && takes {
                let message = format!("`{}` needs `{key}`", rule.function);
                self.report(name, &format!("{pointer}.function"), Code::MissingKey, message, None);
            }
        }
        if let Some(of) = rule.of.as_ref().filter(|_| takes_of) {
            self.known((name, &format!("{pointer}.of")), of, carried);
        }
        let mut source_type = None;
        if let Some(over) = rule.column.as_ref().filter(|_| takes_column) {
            if !self.known((name, &format!("{pointer}.column")), over, carried) {
                return;
            }
            source_type = carried.data_type(over).cloned();
        }
        let Some(function) = function(rule).filter(|_| !raw.untyped.contains(column)) else { return };
        self.check_rule_types(name, &pointer, &function, source_type, &rule.data_type);
    }

    fn check_rule_types(
        &mut self,
        table: &str,
        pointer: &str,
        function: &FoldFunction,
        over: Option<DataType>,
        declared: &DataType,
    ) {
        let word = function.name();
        let yields = match function {
            FoldFunction::Count(_) | FoldFunction::CountSlices | FoldFunction::DurationSeconds => {
                Some(DataType::BigInt)
            }
            FoldFunction::LastIsNull(_) => Some(DataType::Boolean),
            FoldFunction::Min(column) | FoldFunction::Max(column) => {
                if let Some(found) = over.as_ref().filter(|found| !found.is_orderable()) {
                    let message = format!("`{word}` needs a column with an order, but `{column}` is `{found}`");
                    return self.report(table, &format!("{pointer}.column"), Code::TypeMismatch, message, None);
                }
                over
            }
            FoldFunction::Union(column) => {
                let is_list = |found: &DataType| matches!(found, DataType::Array(element) if element.is_scalar());
                if let Some(found) = over.as_ref().filter(|found| !is_list(found)) {
                    let message = format!("`union` needs an array of scalars, but `{column}` is `{found}`");
                    return self.report(table, &format!("{pointer}.column"), Code::TypeMismatch, message, None);
                }
                over
            }
            FoldFunction::Last(_) | FoldFunction::ValueAtLast { .. } => over,
        };
        if let Some(yields) = yields.filter(|yields| yields != declared) {
            let message = format!("`{word}` yields `{yields}` here, but the declared type is `{declared}`");
            self.report(
                table,
                &format!("{pointer}.type"),
                Code::TypeMismatch,
                message,
                Some(format!("declare `type: {yields}`")),
            );
        }
    }
}
