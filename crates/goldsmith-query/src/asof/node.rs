//! The join in a logical plan.

use std::cmp::Ordering;
use std::fmt;

use datafusion::common::{DFSchema, DFSchemaRef, DataFusionError, Result, plan_err};
use datafusion::logical_expr::{Expr, LogicalPlan, UserDefinedLogicalNodeCore};

/// Columns of the right side.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Hash)]
pub(super) struct Versions {
    pub(super) key: Vec<Expr>,
    pub(super) start: Expr,
    pub(super) surrogate: Expr,
    pub(super) end: Option<Expr>,
    pub(super) fetch: Vec<Expr>,
}

/// An as-of join of two plans.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct AsOfJoin {
    pub(super) left: LogicalPlan,
    pub(super) right: LogicalPlan,
    pub(super) left_key: Vec<Expr>,
    pub(super) instant: Expr,
    pub(super) versions: Versions,
    schema: DFSchemaRef,
}

impl AsOfJoin {
    pub(super) fn try_new(
        left: LogicalPlan,
        right: LogicalPlan,
        left_key: Vec<Expr>,
        instant: Expr,
        versions: Versions,
    ) -> Result<Self> {
        let mut fields: Vec<_> =
            left.schema().iter().map(|(qualifier, field)| (qualifier.cloned(), field.clone())).collect();
        for column in &versions.fetch {
            let field = right.schema().field(index(right.schema(), column)?).clone();
            fields.push((None, field.as_ref().clone().with_nullable(true).into()));
        }
        let schema = DFSchema::new_with_metadata(fields, left.schema().metadata().clone())?.into();
        Ok(Self { left, right, left_key, instant, versions, schema })
    }

    /// What decides between the versions of a key.
    pub(super) fn rule(&self) -> &'static str {
        if self.versions.end.is_some() { "interval" } else { "as of" }
    }
}

/// Where a column is in a schema.
pub(super) fn index(schema: &DFSchema, column: &Expr) -> Result<usize> {
    match column {
        Expr::Column(column) => schema.index_of_column(column),
        other => plan_err!("an as-of join needs columns, not `{other}`"),
    }
}

impl PartialOrd for AsOfJoin {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        let parts = |node: &Self| (node.left_key.clone(), node.instant.clone(), node.versions.clone());
        let order = self
            .left
            .partial_cmp(&other.left)
            .filter(|order| order.is_ne())
            .or_else(|| self.right.partial_cmp(&other.right).filter(|order| order.is_ne()))
            .or_else(|| parts(self).partial_cmp(&parts(other)));
        // Nodes that are not equal must not compare as such.
        order.filter(|order| order.is_ne() || self == other)
    }
}

impl UserDefinedLogicalNodeCore for AsOfJoin {
    fn name(&self) -> &str {
        "AsOfJoin"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        vec![&self.left, &self.right]
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        let versions = &self.versions;
        let mut all = self.left_key.clone();
        all.push(self.instant.clone());
        all.extend(versions.key.iter().cloned());
        all.extend([versions.start.clone(), versions.surrogate.clone()]);
        all.extend(versions.end.clone());
        all.extend(versions.fetch.iter().cloned());
        all
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |columns: &[Expr]| columns.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        write!(
            f,
            "AsOfJoin: rule=[{}] key=[{}] instant=[{}] fetch=[{}]",
            self.rule(),
            names(&self.left_key),
            self.instant,
            names(&self.versions.fetch)
        )
    }

    fn with_exprs_and_inputs(&self, exprs: Vec<Expr>, inputs: Vec<LogicalPlan>) -> Result<Self> {
        let too_few = || DataFusionError::Plan("an as-of join got too few expressions or inputs".to_owned());
        let mut inputs = inputs.into_iter();
        let (left, right) = inputs.next().zip(inputs.next()).ok_or_else(too_few)?;
        let mut exprs = exprs.into_iter();
        let keys = self.left_key.len();
        let left_key: Vec<Expr> = exprs.by_ref().take(keys).collect();
        let instant = exprs.next().ok_or_else(too_few)?;
        let key: Vec<Expr> = exprs.by_ref().take(keys).collect();
        let (start, surrogate) = exprs.next().zip(exprs.next()).ok_or_else(too_few)?;
        let end = if self.versions.end.is_some() { Some(exprs.next().ok_or_else(too_few)?) } else { None };
        let versions = Versions { key, start, surrogate, end, fetch: exprs.collect() };
        Self::try_new(left, right, left_key, instant, versions)
    }

    fn necessary_children_exprs(&self, output_columns: &[usize]) -> Option<Vec<Vec<usize>>> {
        let schema = self.left.schema();
        let own = self.left_key.iter().chain([&self.instant]);
        let mut left = own.map(|column| index(schema, column)).collect::<Result<Vec<usize>>>().ok()?;
        left.extend(output_columns.iter().filter(|column| **column < schema.fields().len()));
        left.sort_unstable();
        left.dedup();
        // The right side was chosen when the join was made.
        Some(vec![left, (0..self.right.schema().fields().len()).collect()])
    }
}
