//! Both sides of conservation laws: what each can see, and that it yields numbers with an exact sum.

use arrow::datatypes::Schema;
use goldsmith_model::GoldKind;

use super::domain::Domains;
use super::{Checker, ExpressionProblem};
use crate::columns::AUDIT;
use crate::expression::{analyse, df_schema};
use crate::gold::{declared_carried, gold_schema};
use crate::law::exact_scale;

/// One side of a law.
struct Side<'a> {
    pointer: String,
    text: &'a str,
    columns: &'a Schema,
    domains: &'a Domains,
}

impl Checker<'_> {
    /// Checks the laws of a table, with audit columns hidden: they differ from run to run.
    pub(super) fn check_laws(&mut self) {
        let (GoldKind::EventFact { source, .. }
        | GoldKind::SlicedRunFact { source, .. }
        | GoldKind::Scd1 { source, .. }
        | GoldKind::Interval { source, .. }) = &self.table.kind
        else {
            return;
        };
        if self.table.conserves.is_empty() {
            return;
        }
        // What fails here has a problem of its own, in the structure or in a derived column.
        let Ok(carried) = declared_carried(self.table, self.model) else { return };
        let Ok(gold) = gold_schema(self.table, &carried, self.model) else { return };
        let own = gold.fields().iter().filter(|field| !AUDIT.contains(&field.name().as_str()));
        let gold = Schema::new(own.cloned().collect::<Vec<_>>());
        let (of_gold, of_source) = (Domains::of_table(self.table, self.model), Domains::of_source(source, self.model));
        for (index, law) in self.table.conserves.iter().enumerate() {
            let pointer = format!("conserves[{index}].sum");
            let sum = Side { pointer: pointer.clone(), text: &law.sum, columns: &gold, domains: &of_gold };
            let is_right = self.check_side(&sum, None);
            let equals = Side {
                pointer: law.equals.as_ref().map_or(pointer, |_| format!("conserves[{index}].equals")),
                text: law.equals(),
                columns: &carried,
                domains: &of_source,
            };
            match &law.equals {
                Some(_) => {
                    self.check_side(&equals, None);
                }
                // What is wrong with the text on both sides is said once.
                None if is_right => {
                    let help =
                        "without `equals` the same expression is computed over the row of the source; give `equals`";
                    self.check_side(&equals, Some(help));
                }
                None => {}
            }
        }
    }

    /// Whether there is nothing wrong with a side; `help` is what to do when there is.
    fn check_side(&mut self, side: &Side<'_>, help: Option<&str>) -> bool {
        // Two columns of one name have a problem of their own.
        let Ok(schema) = df_schema(side.columns) else { return true };
        let checked = analyse(&side.pointer, side.text, &schema).and_then(|typed| {
            exact_scale(&side.pointer, &typed.data_type)?;
            Ok(typed)
        });
        match checked {
            Ok(typed) => {
                let before = self.problems.len();
                self.check_domains(&side.pointer, side.text, &typed, side.domains);
                self.problems.len() == before
            }
            Err(error) => {
                let found = ExpressionProblem::from_error(&self.table.name, side.pointer.clone(), *error);
                let help = help.map(str::to_owned).or(found.help);
                self.problems.push(ExpressionProblem { help, ..found });
                false
            }
        }
    }
}
