//! From the logical plan to the physical one.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::common::Result;
use datafusion::execution::context::QueryPlanner;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{Expr, LogicalPlan, UserDefinedLogicalNode};
use datafusion::physical_plan::expressions::Column;
use datafusion::physical_plan::{ExecutionPlan, StatisticsArgs, StatisticsContext};
use datafusion::physical_planner::{DefaultPhysicalPlanner, ExtensionPlanner, PhysicalPlanner};

use super::exec::{AsOfJoinExec, LeftColumns, Mode, RightColumns};
use super::node::{AsOfJoin, index};

/// Plans queries with as-of joins.
#[derive(Debug)]
pub(super) struct AsOfQueryPlanner;

#[async_trait]
impl QueryPlanner for AsOfQueryPlanner {
    async fn create_physical_plan(
        &self,
        logical_plan: &LogicalPlan,
        session: &dyn Session,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let planner = DefaultPhysicalPlanner::with_extension_planners(vec![Arc::new(AsOfPlanner)]);
        planner.create_physical_plan(logical_plan, session).await
    }
}

struct AsOfPlanner;

#[async_trait]
impl ExtensionPlanner for AsOfPlanner {
    async fn plan_extension(
        &self,
        _planner: &dyn PhysicalPlanner,
        node: &dyn UserDefinedLogicalNode,
        _logical_inputs: &[&LogicalPlan],
        physical_inputs: &[Arc<dyn ExecutionPlan>],
        session: &dyn Session,
        _planning_ctx: &PhysicalPlanningContext,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let Some(join) = node.as_any().downcast_ref::<AsOfJoin>() else {
            return Ok(None);
        };
        let [left, right] = physical_inputs else {
            return Ok(None);
        };
        let of = |plan: &LogicalPlan, column: &Expr| -> Result<Column> {
            let index = index(plan.schema(), column)?;
            Ok(Column::new(plan.schema().field(index).name(), index))
        };
        let all = |plan: &LogicalPlan, columns: &[Expr]| -> Result<Vec<Column>> {
            columns.iter().map(|column| of(plan, column)).collect()
        };
        let left_columns =
            LeftColumns { key: all(&join.left, &join.left_key)?, instant: of(&join.left, &join.instant)? };
        let versions = &join.versions;
        let right_columns = RightColumns {
            key: all(&join.right, &versions.key)?,
            start: of(&join.right, &versions.start)?,
            surrogate: of(&join.right, &versions.surrogate)?,
            end: versions.end.as_ref().map(|end| of(&join.right, end)).transpose()?,
            fetch: all(&join.right, &versions.fetch)?,
        };
        let mode = mode(right.as_ref(), session)?;
        let exec = AsOfJoinExec::try_new(Arc::clone(left), Arc::clone(right), left_columns, right_columns, mode)?;
        Ok(Some(Arc::new(exec)))
    }
}

/// Versions are collected where DataFusion would collect one side of a hash join, by the same settings.
fn mode(right: &dyn ExecutionPlan, session: &dyn Session) -> Result<Mode> {
    let options = session.config_options();
    if options.execution.target_partitions == 1 {
        return Ok(Mode::Partitioned);
    }
    let statistics = StatisticsContext::new().compute(right, &StatisticsArgs::new())?;
    let is_small = match (statistics.total_byte_size.get_value(), statistics.num_rows.get_value()) {
        (Some(bytes), _) => *bytes < options.optimizer.hash_join_single_partition_threshold,
        (None, Some(rows)) => *rows < options.optimizer.hash_join_single_partition_threshold_rows,
        (None, None) => false,
    };
    Ok(if is_small { Mode::Collected } else { Mode::Partitioned })
}
