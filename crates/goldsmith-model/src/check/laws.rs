//! Checks of conservation laws: their names, and the columns by which they group. The expressions are checked where
//! the SQL engine is.

use std::collections::HashSet;

use super::Checker;
use super::visible::Visible;
use crate::columns::gold_columns;
use crate::diagnostic::Code;
use crate::read::{RawGold, RawLaw};
use crate::shape::{KIND_KEYS, Kind};
use crate::suggest;

/// Whether tables of a kind can have laws; where they cannot, the key itself has been refused.
fn can_have_laws(kind: Kind) -> bool {
    KIND_KEYS.iter().any(|(key, needed_by, allowed_for)| {
        *key == "conserves" && (needed_by.contains(&kind) || allowed_for.contains(&kind))
    })
}

impl Checker<'_> {
    /// Runs when look-ups are resolved.
    pub(super) fn check_laws(&mut self, raw: &RawGold) {
        if raw.laws.is_empty() || !raw.kind.is_some_and(can_have_laws) {
            return;
        }
        let carried = self.carried(raw);
        let in_gold: HashSet<String> = match self.model.gold.get(&raw.name) {
            Some(table) => gold_columns(&self.model, table).into_iter().map(|column| column.name).collect(),
            None => HashSet::new(),
        };
        let mut names = HashSet::new();
        for RawLaw { index, law } in &raw.laws {
            if !names.insert(law.name.as_str()) {
                let message = format!("two conservation laws are called `{}`", law.name);
                self.report(&raw.name, &format!("conserves[{index}].name"), Code::DuplicateItem, message, None);
            }
            for (position, column) in law.by.iter().enumerate() {
                let pointer = format!("conserves[{index}].by[{position}]");
                self.check_group(raw, &pointer, column, &carried, &in_gold);
            }
        }
    }

    fn check_group(
        &mut self,
        raw: &RawGold,
        pointer: &str,
        column: &str,
        carried: &Visible,
        in_gold: &HashSet<String>,
    ) {
        let name = raw.name.as_str();
        if !carried.contains(column) && in_gold.contains(column) && !carried.opaque {
            let message = format!("`{column}` is a column of `{name}` alone, {} has no such column", carried.place);
            let help = "a law groups both sides by the same column: name one that the table carries from its source";
            self.report(name, pointer, Code::UngroupableLaw, message, Some(help.to_owned()));
            return;
        }
        if !self.known((name, pointer), column, carried) {
            return;
        }
        if raw.kind == Some(Kind::SlicedRunFact) && !raw.key.iter().any(|key| key == column) {
            let message = format!("`{column}` may differ between the slices of a run, so its sums per value do too");
            let help = format!("group by columns of the key: {}", suggest::list(&raw.key.iter().collect::<Vec<_>>()));
            self.report(name, pointer, Code::UngroupableLaw, message, Some(help));
            return;
        }
        if let Some(found) = carried.data_type(column)
            && !found.is_key()
        {
            let message = format!("a law cannot group by `{column}`: it is `{found}`, which does not compare exactly");
            let help = "group by texts, integers, decimals, booleans, dates and timestamps".to_owned();
            self.report(name, pointer, Code::UnsuitableKeyType, message, Some(help));
        }
    }
}
