//! The join in a physical plan.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::compute::SortOptions;
use arrow::datatypes::{Schema, SchemaRef};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, Result, Statistics, internal_err};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, LexOrdering, PhysicalSortExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::expressions::Column;
use datafusion::physical_plan::metrics::{ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    ChildStats, ChildrenPropertiesMode, DisplayAs, DisplayFormatType, Distribution, ExecutionPlan,
    ExecutionPlanProperties, InputDistributionRequirements, PhysicalExpr, PlanProperties, ReplaceChildrenOptions,
    StatisticsArgs, apply_expression_roots,
};
use futures::future::{BoxFuture, FutureExt, TryFutureExt};

use super::dimension::{Collecting, Dimension, Reader};
use super::stream::Joining;

/// How both sides are sorted where they are merged.
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

/// How the versions get to the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Both sides are partitioned by the hash of the key.
    Partitioned,
    /// The versions are read once for all partitions of the left side, which stay as they are.
    Collected,
}

impl Mode {
    fn name(self) -> &'static str {
        match self {
            Self::Partitioned => "partitioned",
            Self::Collected => "collected",
        }
    }
}

/// Joins rows with the version that they meet, partition by partition: through an index in memory, or else sorted and merged.
#[derive(Debug)]
pub(super) struct AsOfJoinExec {
    left: Arc<dyn ExecutionPlan>,
    right: Arc<dyn ExecutionPlan>,
    left_columns: LeftColumns,
    right_columns: RightColumns,
    mode: Mode,
    left_order: LexOrdering,
    right_order: LexOrdering,
    properties: Arc<PlanProperties>,
    collecting: Mutex<CollectedOnce>,
    metrics: ExecutionPlanMetricsSet,
}

/// Versions that are being collected, and how many partitions have asked for them.
#[derive(Default)]
struct CollectedOnce {
    asked: usize,
    versions: Option<Collecting>,
}

impl fmt::Debug for CollectedOnce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CollectedOnce").field("asked", &self.asked).finish_non_exhaustive()
    }
}

impl AsOfJoinExec {
    pub(super) fn try_new(
        left: Arc<dyn ExecutionPlan>,
        right: Arc<dyn ExecutionPlan>,
        left_columns: LeftColumns,
        right_columns: RightColumns,
        mode: Mode,
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
        let known = left.equivalence_properties();
        let mut equivalences = EquivalenceProperties::new(schema);
        equivalences.add_equivalence_group(known.eq_group().clone())?;
        equivalences.add_orderings(known.oeq_class().iter().cloned());
        let properties = PlanProperties::new(
            equivalences,
            left.output_partitioning().clone(),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Ok(Self {
            left,
            right,
            left_columns,
            right_columns,
            mode,
            left_order,
            right_order,
            properties: Arc::new(properties),
            collecting: Mutex::new(CollectedOnce::default()),
            metrics: ExecutionPlanMetricsSet::new(),
        })
    }

    /// Reads the versions for one partition of the left side.
    fn versions(&self, partition: usize, context: &Arc<TaskContext>) -> Result<BoxFuture<'static, Result<Dimension>>> {
        let reader = |partition: usize| Reader {
            columns: self.right_columns.clone(),
            order: self.right_order.clone(),
            context: Arc::clone(context),
            metrics: self.metrics.clone(),
            partition,
        };
        if self.mode == Mode::Partitioned {
            let input = self.right.execute(partition, Arc::clone(context))?;
            return Ok(reader(partition).read(input).boxed());
        }
        let mut once = self.collecting.lock().unwrap_or_else(PoisonError::into_inner);
        let versions = match &once.versions {
            Some(versions) => versions.clone(),
            None => {
                let input = self.right.execute(0, Arc::clone(context))?;
                let versions: Collecting = reader(0).collect(input).boxed().shared();
                once.versions.insert(versions).clone()
            }
        };
        once.asked += 1;
        if once.asked == self.left.output_partitioning().partition_count() {
            // From here on the streams alone own the versions, so that their end gives the memory back.
            *once = CollectedOnce::default();
        }
        Ok(versions.map(|versions| versions.map_err(DataFusionError::Shared)?.open()).boxed())
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
            "AsOfJoinExec: rule=[{rule}] key=[{}] instant=[{}] fetch=[{}] versions=[{}, index or else sorted merge]",
            names(&self.left_columns.key),
            self.left_columns.instant.name(),
            names(&self.right_columns.fetch),
            self.mode.name()
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
        match self.mode {
            Mode::Partitioned => {
                let keys = vec![by(&self.left_columns.key), by(&self.right_columns.key)];
                InputDistributionRequirements::co_partitioned(keys)
            }
            Mode::Collected => InputDistributionRequirements::new(vec![
                Distribution::UnspecifiedDistribution,
                Distribution::SinglePartition,
            ]),
        }
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
            self.mode,
        )?))
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let count = |plan: &Arc<dyn ExecutionPlan>| plan.output_partitioning().partition_count();
        let expected = if self.mode == Mode::Partitioned { count(&self.left) } else { 1 };
        if count(&self.right) != expected {
            return internal_err!(
                "the versions of an as-of join are in {} partitions instead of {expected}",
                count(&self.right)
            );
        }
        let left = self.left.execute(partition, Arc::clone(&context))?;
        let versions = self.versions(partition, &context)?;
        let joining = Joining {
            schema: self.schema(),
            columns: self.left_columns.clone(),
            order: self.left_order.clone(),
            keeps_order: self.left.output_ordering().is_some(),
            right: self.right_columns.clone(),
            context,
            metrics: self.metrics.clone(),
            partition,
        };
        let joined = async move { joining.join(left, versions.await?) }.try_flatten_stream();
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), joined)))
    }

    fn child_stats_requests(&self, partition: Option<usize>) -> Vec<ChildStats> {
        vec![ChildStats::At(partition), ChildStats::Skip]
    }

    fn statistics_from_inputs(&self, inputs: &[Arc<Statistics>], _args: &StatisticsArgs) -> Result<Arc<Statistics>> {
        // Each row of the left side gives one.
        let rows = inputs.first().map(|left| left.num_rows).unwrap_or_default();
        Ok(Arc::new(Statistics::new_unknown(&self.schema()).with_num_rows(rows)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}
