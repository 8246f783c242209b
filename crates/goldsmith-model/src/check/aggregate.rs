//! Checks of dimensions that are gathered from several sources.

use std::collections::BTreeSet;

use super::Checker;
use crate::diagnostic::Code;
use crate::domain::AggregateFunction;
use crate::read::RawGold;
use crate::suggest;

impl Checker<'_> {
    pub(super) fn check_aggregate(&mut self, raw: &RawGold) {
        let name = raw.name.as_str();
        let columns: BTreeSet<&str> =
            raw.members.iter().flat_map(|member| member.columns.keys()).map(String::as_str).collect();
        for (index, member) in raw.members.iter().enumerate() {
            let pointer = format!("members[{index}]");
            if !self.bronze.contains_key(&member.source) {
                let source = if member.source.schema.is_empty() {
                    member.source.table.clone()
                } else {
                    member.source.to_string()
                };
                self.unknown_source(name, &format!("{pointer}.source"), &source);
            }
            for key in raw.key.iter().filter(|key| !member.columns.contains_key(*key)) {
                let message = format!("the member from `{}` does not yield key column `{key}`", member.source);
                let help = suggest::nearest(key, member.columns.keys().map(String::as_str)).map_or_else(
                    || format!("add `{key}: <expression>` to its columns"),
                    |found| format!("did you mean `{key}` where it says `{found}`?"),
                );
                self.report(name, &format!("{pointer}.columns"), Code::MemberLacksKey, message, Some(help));
            }
        }
        for (column, aggregate) in &raw.aggregates {
            let pointer = format!("aggregate.{column}");
            let mut check = |place: String, used: &str| {
                if !columns.contains(used) && !raw.members.is_empty() {
                    let help = suggest::help(used, columns.iter().copied());
                    let message = format!("no member yields a column `{used}`");
                    self.report(name, &place, Code::UnknownColumn, message, help);
                }
            };
            check(format!("{pointer}.column"), &aggregate.column);
            for (index, by) in aggregate.by.iter().enumerate() {
                check(format!("{pointer}.by[{index}]"), by);
            }
            match (aggregate.function, aggregate.by.is_empty()) {
                (AggregateFunction::Last, true) => {
                    let message = "`last` needs `by`: the member columns that say which row is the last one".to_owned();
                    self.report(name, &format!("{pointer}.function"), Code::MissingKey, message, None);
                }
                (AggregateFunction::Min | AggregateFunction::Max, false) => {
                    let message = format!("`{}` takes no `by`", aggregate.function.name());
                    self.report(name, &format!("{pointer}.by~"), Code::MisplacedKey, message, None);
                }
                _ => {}
            }
            if raw.key.contains(column) {
                let message = format!("`{column}` is part of the key, which the members yield");
                self.report(name, &pointer, Code::DuplicateColumn, message, None);
            }
            let is_known = !raw.untyped.contains(column);
            if is_known && aggregate.function != AggregateFunction::Last && !aggregate.data_type.is_orderable() {
                let message = format!(
                    "`{}` needs a type with an order, not `{}`",
                    aggregate.function.name(),
                    aggregate.data_type
                );
                self.report(name, &format!("{pointer}.type"), Code::TypeMismatch, message, None);
            }
        }
    }
}
