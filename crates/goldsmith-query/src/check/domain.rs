//! Comparisons with values that a column never has.

use std::collections::HashMap;
use std::ops::Range;

use datafusion::common::ScalarValue;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::{Expr, Operator};
use goldsmith_model::{Fold, FoldFunction, GoldKind, GoldTable, Model, SourceName, carried_columns};

use crate::expression::find_text;

/// The closed lists of values of the columns that an expression sees.
pub(super) struct Domains {
    values: HashMap<String, Vec<String>>,
}

/// A comparison that can never hold.
pub(super) struct Violation {
    pub(super) column: String,
    pub(super) value: String,
    pub(super) allowed: Vec<String>,
    pub(super) range: Option<Range<usize>>,
}

impl Domains {
    /// Of the carried columns of a source.
    pub(super) fn of_source(source: &SourceName, model: &Model) -> Self {
        let columns = model.bronze.get(source).map(|bronze| carried_columns(&bronze.columns)).unwrap_or_default();
        Self {
            values: columns
                .into_iter()
                .filter_map(|column| column.values.map(|values| (column.name, values)))
                .collect(),
        }
    }

    /// Of the columns that derived expressions of a gold table see; derived columns have none.
    pub(super) fn of_table(table: &GoldTable, model: &Model) -> Self {
        let mut domains = match &table.kind {
            GoldKind::EventFact { source, .. }
            | GoldKind::Scd1 { source, .. }
            | GoldKind::Scd2 { source, .. }
            | GoldKind::Interval { source, .. } => Self::of_source(source, model),
            GoldKind::SlicedRunFact { source, fold } => Self::of_source(source, model).folded(fold),
            GoldKind::Aggregate { .. } | GoldKind::Calendar(_) => Self { values: HashMap::new() },
        };
        for lookup in &table.dimensions {
            let Some(dimension) = model.gold.get(&lookup.dimension).filter(|_| !lookup.fetch.is_empty()) else {
                continue;
            };
            let of_dimension = Self::of_table(dimension, model);
            for (name, fetch) in &lookup.fetch {
                if let Some(values) = of_dimension.values.get(&fetch.column) {
                    domains.values.insert(name.clone(), values.clone());
                }
            }
        }
        for name in table.derived.keys() {
            domains.values.remove(name);
        }
        domains
    }

    fn folded(mut self, fold: &Fold) -> Self {
        let results: Vec<(String, Option<Vec<String>>)> = fold
            .columns
            .iter()
            .map(|(name, rule)| {
                let values = match &rule.function {
                    FoldFunction::Min(column)
                    | FoldFunction::Max(column)
                    | FoldFunction::Last(column)
                    | FoldFunction::ValueAtLast { column, .. } => self.values.get(column).cloned(),
                    _ => None,
                };
                (name.clone(), values)
            })
            .collect();
        for (name, values) in results {
            match values {
                Some(values) => self.values.insert(name, values),
                None => self.values.remove(&name),
            };
        }
        self
    }

    /// The comparisons in an expression that can never hold.
    pub(super) fn violations(&self, text: &str, expression: &Expr) -> Vec<Violation> {
        let mut found = Vec::new();
        if self.values.is_empty() {
            return found;
        }
        let visited = expression.apply(|node| {
            self.look_at(text, node, &mut found);
            Ok(TreeNodeRecursion::Continue)
        });
        if visited.is_err() {
            found.clear();
        }
        found
    }

    fn look_at(&self, text: &str, node: &Expr, found: &mut Vec<Violation>) {
        match node {
            Expr::BinaryExpr(comparison) if is_equality(comparison.op) => {
                self.compare(text, &comparison.left, &comparison.right, found);
                self.compare(text, &comparison.right, &comparison.left, found);
            }
            Expr::InList(list) => {
                for value in &list.list {
                    self.compare(text, &list.expr, value, found);
                }
            }
            Expr::Case(case) => {
                if let Some(subject) = &case.expr {
                    for (value, _) in &case.when_then_expr {
                        self.compare(text, subject, value, found);
                    }
                }
            }
            _ => {}
        }
    }

    fn compare(&self, text: &str, column: &Expr, value: &Expr, found: &mut Vec<Violation>) {
        if let (Some(column), Some(value)) = (column_name(column), literal(value))
            && let Some(allowed) = self.values.get(column)
            && !allowed.iter().any(|allowed| allowed == value)
        {
            found.push(Violation {
                column: column.to_owned(),
                value: value.to_owned(),
                allowed: allowed.clone(),
                range: find_text(text, value),
            });
        }
    }
}

fn is_equality(operator: Operator) -> bool {
    matches!(operator, Operator::Eq | Operator::NotEq | Operator::IsDistinctFrom | Operator::IsNotDistinctFrom)
}

fn column_name(expression: &Expr) -> Option<&str> {
    match expression {
        Expr::Column(column) => Some(&column.name),
        Expr::Cast(cast) => column_name(&cast.expr),
        _ => None,
    }
}

fn literal(expression: &Expr) -> Option<&str> {
    match expression {
        Expr::Literal(ScalarValue::Utf8(value) | ScalarValue::LargeUtf8(value) | ScalarValue::Utf8View(value), _) => {
            value.as_deref()
        }
        _ => None,
    }
}
