//! The reference of cases in memory: a query of DataFusion over the same batches.

use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion::datasource::MemTable;
use datafusion::prelude::{DataFrame, SessionContext};
use tokio::runtime::Runtime;

use crate::{Job, Lab, Result};

/// A query and the tables that it reads. It runs on all cores.
pub(crate) struct Sql {
    runtime: Arc<Runtime>,
    context: SessionContext,
    query: String,
}

impl Sql {
    /// A query over tables in memory, each spread over as many partitions as the session runs.
    pub(crate) fn over(lab: &Lab, tables: &[(&str, &[RecordBatch])], query: String) -> Result<Self> {
        let context = SessionContext::new();
        let partitions = context.copied_config().target_partitions();
        for (name, batches) in tables {
            let Some(first) = batches.first() else { return Err(format!("`{name}` has no rows").into()) };
            let size = batches.len().div_ceil(partitions).max(1);
            let parts = batches.chunks(size).map(<[RecordBatch]>::to_vec).collect();
            context.register_table(*name, Arc::new(MemTable::try_new(first.schema(), parts)?))?;
        }
        Ok(Self::new(lab, context, query))
    }

    /// A query over the tables of a session.
    pub(crate) fn new(lab: &Lab, context: SessionContext, query: String) -> Self {
        Self { runtime: Arc::clone(&lab.runtime), context, query }
    }

    /// One of the tables.
    pub(crate) async fn table(&self, name: &str) -> Result<DataFrame> {
        Ok(self.context.table(name).await?)
    }

    /// Plans the query, runs it, and collects the rows.
    pub(crate) fn job(&self) -> Job<'_> {
        Box::new(|| {
            let rows = self.runtime.block_on(async { self.context.sql(&self.query).await?.collect().await })?;
            Ok(Box::new(rows))
        })
    }
}
