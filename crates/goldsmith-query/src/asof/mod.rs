//! The as-of join: each row of a fact meets the version of its dimension row that was valid then.
//!
//! [`asof_join`] puts a node of its own into a DataFusion plan. It reads the versions first. While the memory pool grants what they
//! take, they are held as the index of [`lookup`](crate::lookup), and the rows of the left side stream through it in their order.
//! When the pool refuses, both sides are sorted by key and time, spilling to disk, and merged in one pass that holds a few batches;
//! where the order of the left side is known to the plan, it is brought back. Partitions are joined in parallel: both sides are
//! partitioned by the hash of the key, or, when the versions are few, read once for all partitions of the left side. Each row of the
//! left side gives exactly one row, by construction.
//!
//! Which version is met is told as in [`lookup`](crate::lookup): the last one with `start <= t`, else the first one; with an
//! end, of those with `start <= t < end` the one that starts last. Of versions that start together the one with the greatest
//! surrogate key counts. Where nothing is met (a null in the key or in `t`, a key without version), the fetched columns are null.

mod dimension;
mod exec;
mod indexed;
mod merge;
mod metrics;
mod node;
mod planner;
mod side;
mod sorting;
mod stream;

use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::common::{Column, DFSchema};
use datafusion::dataframe::DataFrame;
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::logical_expr::{Expr, Extension, LogicalPlan, cast, lit, try_cast};

use self::node::{AsOfJoin, Versions};
use self::planner::AsOfQueryPlanner;
use crate::columns::UNKNOWN_KEY;
use crate::normalize::plain_type;
use crate::types::is_lossless;
use crate::{QueryError, Result};

/// The columns of an as-of join.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AsOfSpec {
    /// Columns of the left side by which versions are found.
    pub left_key: Vec<String>,
    /// The instant at which the left row happened: a timestamp or a date, which counts as its first instant.
    pub instant: String,
    /// Columns of the right side that identify what there are versions of, in the order of `left_key`.
    pub right_key: Vec<String>,
    /// The first instant of a version.
    pub start: String,
    /// The first instant after a version, null for never. Without it a version lasts until the next one, and the first one
    /// holds for what came before it as well.
    pub end: Option<String>,
    /// The surrogate key of a version, by which ties are broken. Versions without one and the unknown member are never met.
    pub surrogate: String,
    /// Columns of the right side to fetch, each with its name in the result.
    pub fetch: Vec<(String, String)>,
}

/// Joins the rows of `left` with the versions in `right`. The result has the columns of `left`, then the fetched ones.
///
/// The plan runs in the session of `left`, with the planner of DataFusion and the one for this join.
///
/// # Errors
/// [`QueryError::MissingColumn`] for a column that a side has not (or has twice), [`QueryError::WrongType`] when keys differ in
/// their types, an instant is neither timestamp nor date, or the surrogate key is no `BIGINT`, and [`QueryError::DataFusion`] for
/// a plan that cannot be built.
///
/// # Example
/// ```
/// use datafusion::prelude::SessionContext;
/// use goldsmith_query::asof::{AsOfSpec, asof_join};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let context = SessionContext::new();
/// let runs = context.sql("select 'a' as job_id, timestamp '2024-05-02' as ended").await?;
/// let jobs = context
///     .sql("select 'a' as id, timestamp '2024-05-01' as valid_from, 7 as job_key, 'nightly' as name")
///     .await?;
/// let spec = AsOfSpec {
///     left_key: vec!["job_id".into()],
///     instant: "ended".into(),
///     right_key: vec!["id".into()],
///     start: "valid_from".into(),
///     end: None,
///     surrogate: "job_key".into(),
///     fetch: vec![("job_key".into(), "job_key".into()), ("name".into(), "job_name".into())],
/// };
/// assert_eq!(asof_join(runs, jobs, &spec)?.count().await?, 1);
/// # Ok(())
/// # }
/// ```
pub fn asof_join(left: DataFrame, right: DataFrame, spec: &AsOfSpec) -> Result<DataFrame> {
    if spec.left_key.is_empty() || spec.left_key.len() != spec.right_key.len() {
        let column = spec.right_key.get(spec.left_key.len()).or(spec.left_key.get(spec.right_key.len()));
        return Err(QueryError::MissingColumn {
            column: column.cloned().unwrap_or_default(),
            context: "the key of the other side of the join".to_owned(),
        });
    }
    let (left_schema, right_schema) = (left.schema().clone(), right.schema().clone());
    let mut left_key = Vec::with_capacity(spec.left_key.len());
    let mut types = Vec::with_capacity(spec.left_key.len());
    for (left_name, right_name) in spec.left_key.iter().zip(&spec.right_key) {
        let (column, expected) = find(&left_schema, left_name, "the left side of the join")?;
        let (_, found) = find(&right_schema, right_name, "the right side of the join")?;
        if plain_type(&expected) != plain_type(&found) {
            return Err(QueryError::WrongType { column: right_name.clone(), expected, found });
        }
        left_key.push(Expr::Column(column));
        types.push(expected);
    }
    let instant = instant(&left_schema, &spec.instant, "the left side of the join")?;
    let (state, left) = left.into_parts();
    let (right, versions) = versions(right, &right_schema, spec, &types)?;
    let node = AsOfJoin::try_new(left, right, left_key, instant, versions)?;
    let plan = LogicalPlan::Extension(Extension { node: Arc::new(node) });
    let state = SessionStateBuilder::new_from_existing(state).with_query_planner(Arc::new(AsOfQueryPlanner)).build();
    Ok(DataFrame::new(state, plan))
}

/// The versions that can be met at all, with the columns that the join needs, under names of its own and keys of these types.
fn versions(
    right: DataFrame,
    schema: &DFSchema,
    spec: &AsOfSpec,
    types: &[DataType],
) -> Result<(LogicalPlan, Versions)> {
    const CONTEXT: &str = "the right side of the join";
    let mut select = Vec::new();
    let mut filter = Vec::new();
    let mut key = Vec::with_capacity(spec.right_key.len());
    for (number, (name, expected)) in spec.right_key.iter().zip(types).enumerate() {
        let (column, found) = find(schema, name, CONTEXT)?;
        let column = Expr::Column(column);
        key.push(format!("__asof_key_{number}"));
        let alias = key.last().cloned().unwrap_or_default();
        if found == *expected {
            filter.push(column.clone().is_not_null());
            select.push(column.alias(alias));
        } else {
            // Both sides are hashed and sorted by their bytes, so they need one type. What is not in that of the left side, or
            // not without loss, meets nothing; null is not equal to anything either.
            let cast = try_cast(column.clone(), expected.clone());
            filter.push(try_cast(cast.clone(), found).eq(column));
            select.push(cast.alias(alias));
        }
    }
    let start = instant(schema, &spec.start, CONTEXT)?;
    filter.push(start.clone().is_not_null());
    select.push(start.alias(START));
    let (surrogate, found) = find(schema, &spec.surrogate, CONTEXT)?;
    if !is_lossless(&found, &DataType::Int64) {
        return Err(QueryError::WrongType { column: spec.surrogate.clone(), expected: DataType::Int64, found });
    }
    let surrogate = cast(Expr::Column(surrogate), DataType::Int64);
    // Null is not unequal to anything either.
    filter.push(surrogate.clone().not_eq(lit(UNKNOWN_KEY)));
    select.push(surrogate.alias(SURROGATE));
    if let Some(end) = &spec.end {
        select.push(instant(schema, end, CONTEXT)?.alias(END));
    }
    for (name, alias) in &spec.fetch {
        select.push(Expr::Column(find(schema, name, CONTEXT)?.0).alias(alias));
    }
    let filter = filter.into_iter().reduce(Expr::and).unwrap_or_else(|| lit(true));
    let (_, plan) = right.filter(filter)?.select(select)?.into_parts();
    let column = |name: &str| Expr::Column(Column::from_name(name));
    let versions = Versions {
        key: key.iter().map(|name| column(name)).collect(),
        start: column(START),
        surrogate: column(SURROGATE),
        end: spec.end.as_ref().map(|_| column(END)),
        fetch: spec.fetch.iter().map(|(_, alias)| column(alias)).collect(),
    };
    Ok((plan, versions))
}

const START: &str = "__asof_start";
const END: &str = "__asof_end";
const SURROGATE: &str = "__asof_surrogate";

fn find(schema: &DFSchema, name: &str, context: &str) -> Result<(Column, DataType)> {
    match schema.qualified_fields_with_unqualified_name(name).as_slice() {
        [(qualifier, field)] => Ok((Column::new(qualifier.cloned(), name), field.data_type().clone())),
        _ => Err(QueryError::MissingColumn { column: name.to_owned(), context: context.to_owned() }),
    }
}

fn instant(schema: &DFSchema, name: &str, context: &str) -> Result<Expr> {
    let (column, found) = find(schema, name, context)?;
    match found {
        DataType::Timestamp(..) | DataType::Date32 | DataType::Date64 => Ok(Expr::Column(column)),
        found => Err(QueryError::WrongType { column: name.to_owned(), expected: crate::types::timestamp(), found }),
    }
}
