//! The join in a physical plan.

use std::fmt;
use std::sync::Arc;

use arrow::compute::SortOptions;
use arrow::datatypes::{Schema, SchemaRef};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, Result, internal_err};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, LexOrdering, OrderingRequirements, PhysicalSortExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::expressions::Column;
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, Distribution, ExecutionPlan, ExecutionPlanProperties,
    InputDistributionRequirements, PhysicalExpr, PlanProperties, ReplaceChildrenOptions, apply_expression_roots,
};

use super::merge::Merge;

/// How both sides are sorted.
pub(super) const ORDER: SortOptions = SortOptions { descending: false, nulls_first: true };

/// Columns of the left side.
#[derive(Debug, Clone)]
pub(super) struct LeftColumns {
    pub(super) key: Vec<Column>,
    pub(super) instant: Column,
}

/// Columns of the right side.
#[derive(Debug, Clone)]
pub(super) struct RightColumns {
    pub(super) key: Vec<Column>,
    pub(super) start: Column,
    pub(super) surrogate: Column,
    pub(super) end: Option<Column>,
    pub(super) fetch: Vec<Column>,
}

/// Merges sorted rows with sorted versions, partition by partition.
#[derive(Debug)]
pub(super) struct AsOfJoinExec {
    left: Arc<dyn ExecutionPlan>,
    right: Arc<dyn ExecutionPlan>,
    left_columns: LeftColumns,
    right_columns: RightColumns,
    left_order: LexOrdering,
    right_order: LexOrdering,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl AsOfJoinExec {
    pub(super) fn try_new(
        left: Arc<dyn ExecutionPlan>,
        right: Arc<dyn ExecutionPlan>,
        left_columns: LeftColumns,
        right_columns: RightColumns,
    ) -> Result<Self> {
        let left_order = ordering(left_columns.key.iter().chain([&left_columns.instant]))?;
        let versions = [&right_columns.start, &right_columns.surrogate];
        let right_order = ordering(right_columns.key.iter().chain(versions))?;
        let mut fields: Vec<_> = left.schema().fields().iter().cloned().collect();
        for column in &right_columns.fetch {
            fields.push(Arc::new(right.schema().field(column.index()).clone().with_nullable(true)));
        }
        let schema: SchemaRef = Arc::new(Schema::new_with_metadata(fields, left.schema().metadata().clone()));
        // The columns of the left side come first, so that what is known of them holds for the result.
        let properties = PlanProperties::new(
            EquivalenceProperties::new_with_orderings(schema, [left_order.clone()]),
            left.output_partitioning().clone(),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Ok(Self {
            left,
            right,
            left_columns,
            right_columns,
            left_order,
            right_order,
            properties: Arc::new(properties),
            metrics: ExecutionPlanMetricsSet::new(),
        })
    }
}

fn ordering<'a>(columns: impl Iterator<Item = &'a Column>) -> Result<LexOrdering> {
    let sorted = columns.map(|column| PhysicalSortExpr::new(expression(column), ORDER));
    LexOrdering::new(sorted).ok_or_else(|| DataFusionError::Internal("an as-of join without columns".to_owned()))
}

fn expression(column: &Column) -> Arc<dyn PhysicalExpr> {
    Arc::new(column.clone())
}

impl DisplayAs for AsOfJoinExec {
    fn fmt_as(&self, _t: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |columns: &[Column]| columns.iter().map(Column::name).collect::<Vec<_>>().join(", ");
        let rule = if self.right_columns.end.is_some() { "interval" } else { "as of" };
        write!(
            f,
            "AsOfJoinExec: rule=[{rule}] key=[{}] instant=[{}] fetch=[{}]",
            names(&self.left_columns.key),
            self.left_columns.instant.name(),
            names(&self.right_columns.fetch)
        )
    }
}

impl ExecutionPlan for AsOfJoinExec {
    fn name(&self) -> &str {
        "AsOfJoinExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn required_input_distribution(&self) -> Vec<Distribution> {
        self.input_distribution_requirements().into_per_child()
    }

    fn input_distribution_requirements(&self) -> InputDistributionRequirements {
        let by = |key: &[Column]| Distribution::KeyPartitioned(key.iter().map(expression).collect());
        InputDistributionRequirements::co_partitioned(vec![by(&self.left_columns.key), by(&self.right_columns.key)])
    }

    fn required_input_ordering(&self) -> Vec<Option<OrderingRequirements>> {
        let orders = [&self.left_order, &self.right_order];
        orders.into_iter().map(|order| Some(OrderingRequirements::from(order.clone()))).collect()
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true, false]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.left, &self.right]
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        let orders = self.left_order.iter().chain(self.right_order.iter());
        apply_expression_roots(orders.map(|sorted| &sorted.expr), f)
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        _options: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let [left, right] = children.as_slice() else {
            return internal_err!("an as-of join has two inputs");
        };
        Ok(Arc::new(Self::try_new(
            Arc::clone(left),
            Arc::clone(right),
            self.left_columns.clone(),
            self.right_columns.clone(),
        )?))
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let count = |plan: &Arc<dyn ExecutionPlan>| plan.output_partitioning().partition_count();
        if count(&self.left) != count(&self.right) {
            return internal_err!("the sides of an as-of join have different partitions");
        }
        let merge = Merge::try_new(
            Arc::clone(self.properties.equivalence_properties().schema()),
            self.left.execute(partition, Arc::clone(&context))?,
            self.right.execute(partition, context)?,
            &self.left_columns,
            &self.right_columns,
            BaselineMetrics::new(&self.metrics, partition),
        )?;
        let stream = futures::stream::try_unfold(merge, |mut merge| async move {
            Ok::<_, DataFusionError>(merge.next().await?.map(|batch| (batch, merge)))
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), stream)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}
