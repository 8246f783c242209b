//! Offline type check of the expressions of a model, against the declared sources.

mod domain;
mod laws;

use std::ops::Range;

use arrow::datatypes::{Field, Schema};
use goldsmith_model::diagnostic::Problem;
use goldsmith_model::{Aggregate, Code, GoldKind, GoldTable, Member, Model, nearest};
use indexmap::IndexMap;

use crate::aggregate::{aggregate_schema, member_schema};
use crate::expression::{Analysed, ExpressionError, ExpressionErrorKind, Typed, analyse, df_schema};
use crate::gold::{base_schema, carried_source, declared_carried, fetched_fields};
use crate::normalize::plain_type;
use crate::types::{common_type, is_lossless, spelled, to_arrow};

use domain::Domains;

/// A problem in an expression of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpressionProblem {
    /// The gold table.
    pub table: String,
    /// Path of keys within the table's file, for instance `derived.list_cost.expr` or `members[3].columns.user_name`.
    pub pointer: String,
    /// What kind of problem.
    pub code: Code,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// The place within the expression's text, in bytes.
    pub range: Option<Range<usize>>,
}

impl ExpressionProblem {
    /// The same in the form from which diagnostics are made.
    pub fn problem(&self) -> Problem<'_> {
        Problem {
            table: &self.table,
            pointer: &self.pointer,
            range: self.range.clone(),
            code: self.code,
            message: self.message.clone(),
            help: self.help.clone(),
        }
    }

    fn from_error(table: &str, pointer: String, error: ExpressionError) -> Self {
        let (code, help) = match &error.kind {
            ExpressionErrorKind::UnknownColumn { name, candidates } => {
                let meant = nearest(name, candidates.iter().map(String::as_str));
                (Code::UnknownColumn, meant.map(|candidate| format!("did you mean `{candidate}`?")))
            }
            ExpressionErrorKind::UnknownFunction { .. } => (Code::UnknownFunction, None),
            ExpressionErrorKind::Type => (Code::TypeMismatch, None),
            ExpressionErrorKind::Inexact => (Code::InexactSum, None),
            ExpressionErrorKind::Syntax => (Code::ExpressionSyntax, None),
            ExpressionErrorKind::Cycle => (Code::ExpressionCycle, None),
        };
        Self {
            table: table.to_owned(),
            pointer,
            code,
            message: error.message,
            help: error.help.or(help),
            range: error.range,
        }
    }
}

/// Type-checks all expressions of all gold tables: derived columns, members of aggregate dimensions with the types of
/// their aggregates, and both sides of conservation laws. Comparisons of a column that has a closed list of values with a text outside of that
/// list are problems too. Returns all problems found; the model's own structure is taken for checked.
pub fn check_model(model: &Model) -> Vec<ExpressionProblem> {
    let mut problems = Vec::new();
    for table in model.gold.values() {
        let mut checker = Checker { model, table, problems: &mut problems };
        checker.check();
    }
    problems
}

struct Checker<'a> {
    model: &'a Model,
    table: &'a GoldTable,
    problems: &'a mut Vec<ExpressionProblem>,
}

impl Checker<'_> {
    fn check(&mut self) {
        let base = match &self.table.kind {
            GoldKind::Aggregate { members, aggregates, .. } => self.check_members(members, aggregates),
            _ if self.table.derived.is_empty() => None,
            // What fails here is a fault of the structure, which the model's own check reports with its place.
            _ => declared_carried(self.table, self.model).and_then(|carried| base_schema(self.table, &carried)).ok(),
        };
        if let Some(base) = base
            && !self.table.derived.is_empty()
        {
            self.check_derived(&base);
        }
        self.check_laws();
    }

    fn check_derived(&mut self, base: &Schema) {
        // When a fetched column has no type, its dimension has a problem of its own, which is reported there.
        let Ok(fetched) = fetched_fields(self.table, self.model) else { return };
        let visible: Vec<Field> = base.fields().iter().map(|field| field.as_ref().clone()).chain(fetched).collect();
        let (analysed, mut errors) = Analysed::with_errors(&Schema::new(visible), &self.table.derived);
        errors.extend(analysed.order().err().unwrap_or_default());
        for error in errors {
            let pointer = format!("derived.{}.expr", error.column);
            self.problems.push(ExpressionProblem::from_error(&self.table.name, pointer, error));
        }
        let domains = Domains::of_table(self.table, self.model);
        for (name, typed) in &analysed.columns {
            if let Some(derived) = self.table.derived.get(name) {
                self.check_domains(&format!("derived.{name}.expr"), &derived.expression, typed, &domains);
            }
        }
    }

    fn check_domains(&mut self, pointer: &str, text: &str, typed: &Typed, domains: &Domains) {
        for found in domains.violations(text, &typed.written) {
            self.problems.push(ExpressionProblem {
                table: self.table.name.clone(),
                pointer: pointer.to_owned(),
                code: Code::PredicateOutsideDomain,
                message: format!("`{}` never has the value '{}'", found.column, found.value),
                help: Some(format!("its values are {}", found.allowed.join(", "))),
                range: found.range,
            });
        }
    }

    /// Checks members and aggregates; the schema that derived columns see, when there is nothing wrong with it.
    fn check_members(&mut self, members: &[Member], aggregates: &IndexMap<String, Aggregate>) -> Option<Schema> {
        let mut known: IndexMap<String, Field> = IndexMap::new();
        let before = self.problems.len();
        for (index, member) in members.iter().enumerate() {
            self.check_member(index, member, &mut known)?;
        }
        let members = Schema::new(known.into_values().collect::<Vec<_>>());
        for (name, aggregate) in aggregates {
            let declared = to_arrow(&aggregate.data_type);
            if let Ok(field) = members.field_with_name(&aggregate.column)
                && !is_lossless(field.data_type(), &declared)
            {
                self.problems.push(ExpressionProblem {
                    table: self.table.name.clone(),
                    pointer: format!("aggregate.{name}.type"),
                    code: Code::TypeMismatch,
                    message: format!(
                        "the members yield `{}` for `{}`, but the declared type is `{}`",
                        spelled(field.data_type()),
                        aggregate.column,
                        aggregate.data_type
                    ),
                    help: None,
                    range: None,
                });
            }
        }
        if self.problems.len() > before {
            return None;
        }
        let schema = aggregate_schema(&self.table.key, aggregates, &member_schema([&members]).ok()?).ok()?;
        Some(schema)
    }

    fn check_member(&mut self, index: usize, member: &Member, known: &mut IndexMap<String, Field>) -> Option<()> {
        let carried = carried_source(&member.source, &[], self.model).ok()?;
        let schema = df_schema(&carried).ok()?;
        let domains = Domains::of_source(&member.source, self.model);
        for (name, text) in &member.columns {
            let pointer = format!("members[{index}].columns.{name}");
            let typed = match analyse(name, text, &schema) {
                Ok(typed) => typed,
                Err(error) => {
                    self.problems.push(ExpressionProblem::from_error(&self.table.name, pointer, *error));
                    continue;
                }
            };
            self.check_domains(&pointer, text, &typed, &domains);
            let own = plain_type(&typed.data_type);
            let Some(field) = known.get(name) else {
                known.insert(name.clone(), Field::new(name, own, true));
                continue;
            };
            match common_type(field.data_type(), &own) {
                Some(common) => {
                    known.insert(name.clone(), Field::new(name, common, true));
                }
                None => self.problems.push(ExpressionProblem {
                    table: self.table.name.clone(),
                    pointer,
                    code: Code::TypeMismatch,
                    message: format!(
                        "`{name}` is `{}` here, but `{}` in members before",
                        spelled(&own),
                        spelled(field.data_type())
                    ),
                    help: Some("cast it, so that all members agree".to_owned()),
                    range: None,
                }),
            }
        }
        Some(())
    }
}
